//! What one recorded request is: which service, which action, signed by whom.

use std::time::Duration;

use crate::wire::Message;

/// A request that went through the proxy.
#[derive(Debug, Clone)]
pub struct Call {
    /// Which attempt this is since the last clear, from 1.
    pub number: usize,
    /// Which operation this is since the last clear, from 1: an SDK's retries
    /// of one operation have the same number.
    pub operation: usize,
    /// The service as requests are signed for it (`cloudtrail`, `iam`), and
    /// `s3control` for S3 Control.
    pub service: String,
    /// The API action, such as `StartLogging` or `PutBucketPolicy`.
    pub action: String,
    /// The access key that signed it.
    pub access_key: String,
    /// The region that it was signed for.
    pub region: String,
    /// The request as it was read.
    pub request: Message,
    /// The status that the caller got; none if it got no answer.
    pub status: Option<u16>,
    /// When the request had been read, since the proxy started.
    pub begun: Duration,
    /// When it had been answered, since the proxy started.
    pub ended: Duration,
}

impl Call {
    /// Reads a request for what it is.
    pub(super) fn of(request: Message, begun: Duration) -> Self {
        let scope = Scope::of(&request);
        let service = service(&request, &scope.service);
        Self {
            number: 0,
            operation: 0,
            action: action(&request, &service),
            service,
            access_key: scope.access_key,
            region: scope.region,
            request,
            status: None,
            begun,
            ended: begun,
        }
    }

    /// `service:Action`, as permissions are written.
    pub fn name(&self) -> String {
        format!("{}:{}", self.service, self.action)
    }

    /// The body as JSON, or null.
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.request.body).unwrap_or_default()
    }

    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.request.body).into_owned()
    }

    /// Whether it is about a bucket or something in one. That a bucket is made is
    /// the one such call that cannot say whose it must be.
    pub fn names_a_bucket(&self) -> bool {
        self.service == "s3" && !matches!(&*self.action, "CreateBucket" | "ListBuckets")
    }

    /// Whose the bucket must be for the call to be answered.
    pub fn expected_owner(&self) -> Option<&str> {
        self.request.header("x-amz-expected-bucket-owner")
    }

    /// The same for all attempts of one operation of an SDK.
    pub(super) fn invocation(&self) -> Option<&str> {
        self.request.header("amz-sdk-invocation-id")
    }
}

/// What `Authorization: AWS4-HMAC-SHA256 Credential=…` says.
#[derive(Default)]
struct Scope {
    access_key: String,
    region: String,
    service: String,
}

impl Scope {
    fn of(request: &Message) -> Self {
        let Some((_, credential)) = request
            .header("authorization")
            .and_then(|value| value.split_once("Credential="))
        else {
            return Self::default();
        };
        let mut parts = credential.split([',', '/']).map(str::to_owned);
        let access_key = parts.next().unwrap_or_default();
        let _date = parts.next();
        Self {
            access_key,
            region: parts.next().unwrap_or_default(),
            service: parts.next().unwrap_or_default(),
        }
    }
}

fn service(request: &Message, signed: &str) -> String {
    if signed == "s3" && request.target().1.starts_with("/v20180820/") {
        return "s3control".into();
    }
    signed.into()
}

fn action(request: &Message, service: &str) -> String {
    if let Some(target) = request.header("x-amz-target") {
        return target.rsplit('.').next().unwrap_or_default().into();
    }
    if service.starts_with("s3") {
        return s3_action(request);
    }
    let (method, target) = request.target();
    if let Some(action) = super::rest::action(service, method, target) {
        return action;
    }
    // CloudWatch's protocol has the operation in the path.
    if let Some((_, operation)) = request.target().1.split_once("/operation/") {
        return operation.into();
    }
    String::from_utf8_lossy(&request.body)
        .split('&')
        .find_map(|pair| pair.strip_prefix("Action="))
        .unwrap_or_default()
        .into()
}

/// S3 has no action on the wire: it is method, path and subresource.
fn s3_action(request: &Message) -> String {
    let (method, target) = request.target();
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let verb = match method {
        "GET" => "Get",
        "PUT" => "Put",
        "DELETE" => "Delete",
        "HEAD" => "Head",
        other => other,
    };
    if let Some(place) = path.strip_prefix("/v20180820/") {
        let noun = match place.split_once('/') {
            Some(("accesspoint", rest)) if rest.ends_with("/policy") => "AccessPointPolicy",
            Some(("accesspoint", _)) => "AccessPoint",
            _ => "PublicAccessBlock",
        };
        let verb = if (noun, verb) == ("AccessPoint", "Put") {
            "Create"
        } else {
            verb
        };
        return format!("{verb}{noun}");
    }
    if path.trim_matches('/').contains('/') {
        return format!("{verb}Object");
    }
    let named = query
        .split('&')
        .map(|pair| pair.split('=').next().unwrap_or_default())
        .find_map(|key| SUBRESOURCES.iter().find(|(name, _)| *name == key));
    match (named, method) {
        (Some((_, "BucketLifecycleConfiguration")), "DELETE") => "DeleteBucketLifecycle".into(),
        (Some((_, noun)), _) => format!("{verb}{noun}"),
        (None, "PUT") => "CreateBucket".into(),
        (None, "GET") if path.trim_matches('/').is_empty() => "ListBuckets".into(),
        (None, "GET") => "ListObjects".into(),
        (None, _) => format!("{verb}Bucket"),
    }
}

const SUBRESOURCES: &[(&str, &str)] = &[
    ("acl", "BucketAcl"),
    ("encryption", "BucketEncryption"),
    ("lifecycle", "BucketLifecycleConfiguration"),
    ("location", "BucketLocation"),
    ("logging", "BucketLogging"),
    ("notification", "BucketNotificationConfiguration"),
    ("object-lock", "ObjectLockConfiguration"),
    ("ownershipControls", "BucketOwnershipControls"),
    ("policy", "BucketPolicy"),
    ("policyStatus", "BucketPolicyStatus"),
    ("publicAccessBlock", "PublicAccessBlock"),
    ("replication", "BucketReplication"),
    ("tagging", "BucketTagging"),
    ("versioning", "BucketVersioning"),
    ("website", "BucketWebsite"),
];

#[cfg(test)]
mod tests {
    use super::*;

    fn call(start: &str, headers: &[(&str, &str)], body: &str) -> Call {
        let scope = "AWS4-HMAC-SHA256 Credential=AKIA/20260101/eu-west-1/SERVICE/aws4_request, x";
        let mut request = Message {
            start: start.into(),
            headers: Vec::new(),
            body: body.into(),
        };
        for (name, value) in headers {
            request = match *name {
                "service" => request.with("Authorization", scope.replace("SERVICE", value)),
                _ => request.with(name, *value),
            };
        }
        Call::of(request, Duration::ZERO)
    }

    #[test]
    fn every_protocol_tells_its_action() {
        let target = "com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101.StopLogging";
        let json = [("service", "cloudtrail"), ("X-Amz-Target", target)];
        let seen = call("POST / HTTP/1.1", &json, "{}");
        assert_eq!(seen.name(), "cloudtrail:StopLogging");
        assert_eq!((&*seen.access_key, &*seen.region), ("AKIA", "eu-west-1"));

        let query = "Action=GetRole&Version=2010-05-08&RoleName=r";
        let seen = call("POST / HTTP/1.1", &[("service", "iam")], query);
        assert_eq!(seen.name(), "iam:GetRole");

        for (start, name) in [
            ("PUT /b?policy HTTP/1.1", "s3:PutBucketPolicy"),
            ("DELETE /b/?lifecycle HTTP/1.1", "s3:DeleteBucketLifecycle"),
            ("PUT /b HTTP/1.1", "s3:CreateBucket"),
            ("GET /b HTTP/1.1", "s3:ListObjects"),
            ("GET /?max-buckets=1000 HTTP/1.1", "s3:ListBuckets"),
            ("GET /b/k?versionId=1 HTTP/1.1", "s3:GetObject"),
            (
                "PUT /v20180820/configuration/publicAccessBlock HTTP/1.1",
                "s3control:PutPublicAccessBlock",
            ),
            (
                "PUT /v20180820/accesspoint/p HTTP/1.1",
                "s3control:CreateAccessPoint",
            ),
            (
                "DELETE /v20180820/accesspoint/p/policy HTTP/1.1",
                "s3control:DeleteAccessPointPolicy",
            ),
        ] {
            assert_eq!(call(start, &[("service", "s3")], "").name(), name);
        }
    }
}
