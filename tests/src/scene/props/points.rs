//! Access points that are there before somebody does something about them.

use serde_json::{Value, json};

use super::{LOG_BUCKET, put};
use crate::api::Api;
use crate::scene::place::Place;

/// Makes the access point of an event, closed; the guarded one with a policy.
pub(super) async fn prepare(api: &Api, place: Place, call: &str, asked: &Value) {
    let about_one = call.ends_with("AccessPoint") || call.ends_with("AccessPointPolicy");
    let Some(name) = asked["name"].as_str().filter(|_| about_one) else {
        return;
    };
    if call == "CreateAccessPoint" {
        return;
    }
    let start = format!("PUT /v20180820/accesspoint/{name}");
    let body = format!(
        "<CreateAccessPointRequest><Bucket>{LOG_BUCKET}</Bucket></CreateAccessPointRequest>"
    );
    put(api, &start, body).await;
    if name == "acme-log-readers" {
        let policy = json!({"Version": "2012-10-17", "Statement": [{
            "Sid": "OnlyEncrypted", "Effect": "Deny", "Principal": "*", "Action": "s3:*",
            "Resource": "arn:aws:s3:eu-west-1:111111111111:accesspoint/acme-log-readers/object/*",
            "Condition": {"Bool": {"aws:SecureTransport": "false"}},
        }]});
        let policy = place.moved(&policy.to_string());
        let body = format!(
            "<PutAccessPointPolicyRequest><Policy>{policy}</Policy></PutAccessPointPolicyRequest>"
        );
        put(api, &format!("{start}/policy"), body).await;
    }
}
