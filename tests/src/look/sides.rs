//! Sides of a bucket whose configuration S3 keeps whole.

use serde_json::{Value, json};

use crate::api::{Api, elements};

/// By the names of their subresources.
pub(super) const SIDES: [&str; 5] = [
    "logging",
    "notification",
    "object-lock",
    "replication",
    "website",
];

/// What one side says: its texts, in whatever order and form they were written;
/// or the code of S3's error.
pub(super) async fn side(api: &Api, bucket: &str, side: &str) -> Value {
    let start = format!("GET /{bucket}?{side}");
    let (status, body) = api.s3(&start, Vec::new(), String::new()).await;
    if status >= 300 {
        return json!(elements(&body, "Code"));
    }
    let mut said: Vec<String> = body.split('<').filter_map(leaf).collect();
    said.sort_unstable();
    json!(said)
}

/// An element with a text, or one whose being there says it all.
fn leaf(part: &str) -> Option<String> {
    let (tag, text) = part.split_once('>')?;
    let name = tag.split([' ', '/']).next().unwrap_or_default();
    let says = !text.trim().is_empty() || name == "EventBridgeConfiguration";
    let is_element = !name.is_empty() && !name.starts_with('?');
    (says && is_element).then(|| format!("{name}={}", text.trim()))
}
