use super::*;

/// The settings, with a pattern of buckets among what is protected.
fn with_pattern(text: &str) -> Settings {
    let mut settings = settings();
    settings.protected.resources.push(text.into());
    settings
}

fn created(bucket: &str, settings: &Settings) -> Verdict {
    let rest = format!(r#""requestParameters":{{"name":"x","s3BucketName":"{bucket}"}}"#);
    let text = event("cloudtrail", "CreateTrail", &rest);
    judged(&text, settings, &inventory()).verdict()
}

fn exported(bucket: &str, settings: &Settings) -> Verdict {
    let rest = format!(
        r#""requestParameters":{{"deliveryS3Uri":"s3://{bucket}/x"}},"responseElements":{{"queryId":"q"}}"#
    );
    let text = event("cloudtrail", "StartQuery", &rest);
    judged(&text, settings, &inventory()).verdict()
}

#[test]
fn a_bucket_is_known_by_its_whole_name_or_by_who_uses_it() {
    let pattern = with_pattern("arn:aws:s3:::acme-*");
    let named = with_pattern("arn:aws:s3:::acme-evil");
    for judge in [created, exported] {
        // Anybody may take a name that a pattern fits.
        assert_eq!(judge("acme-evil", &pattern), Verdict::CannotTell);
        assert_eq!(judge("evil", &pattern), Verdict::Violation);
        assert_eq!(judge("acme-evil", &named), Verdict::Clean);
        assert_eq!(judge("acme-org-trail-logs", &pattern), Verdict::Clean);
        assert_eq!(judge("acme-org-trail-logs", &settings()), Verdict::Clean);
    }
}
