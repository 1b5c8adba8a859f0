//! What S3 calls look like on the wire: CloudTrail knows them by other names.

use serde_json::Value;

/// Method and target of the call of this name.
pub(super) fn start(name: &str, asked: &Value) -> String {
    let text = |name: &str| asked[name].as_str().unwrap_or_default();
    let bucket = text("bucketName");
    if name == "CreateBucket" {
        return format!("PUT /{bucket}");
    }
    let verb = if name.starts_with("Put") {
        "PUT"
    } else {
        "DELETE"
    };
    let noun = name.trim_start_matches("Put").trim_start_matches("Delete");
    match noun {
        "AccountPublicAccessBlock" => {
            return format!("{verb} /v20180820/configuration/publicAccessBlock");
        }
        "BucketObjectLockConfiguration" => return format!("{verb} /{bucket}?object-lock"),
        "AccelerateConfiguration" => return format!("{verb} /{bucket}?accelerate"),
        "ObjectRetention" => return format!("{verb} /{bucket}/{}?retention", text("key")),
        "ObjectLegalHold" => return format!("{verb} /{bucket}/{}?legal-hold", text("key")),
        _ => {}
    }
    let mut letters = noun.trim_start_matches("Bucket").chars();
    let part = letters.next().map_or_else(String::new, |first| {
        format!("?{}{}", first.to_ascii_lowercase(), letters.as_str())
    });
    format!("{verb} /{bucket}{part}")
}
