//! Log groups, destinations and policies, as an account has them.

use serde_json::{Value, json};

use crate::api::Api;
use crate::moto::{Moto, STRANGER};
use crate::scene::place::Place;

use super::sample;

const GROUP: &str = "/acme/org-trail";

/// A call of CloudWatch Logs; that something is there already is as good.
async fn call(api: &Api, action: &str, asked: Value) -> bool {
    let (status, said) = api.json("logs", action, &asked).await;
    let there = said.to_string().contains("AlreadyExists");
    assert!(status < 300 || there, "{action}: {said}");
    status < 300
}

/// The organization's trail's log group with all that is set on it, a central
/// destination, and policies. What is there stays as it is.
pub(super) async fn prepare(moto: &Moto, place: Place) {
    let api = Api::of(moto, place.account, place.region).await;
    let (_, known) = api.json("logs", "DescribeDestinations", &json!({})).await;
    if known["destinations"].as_array().is_some_and(Vec::is_empty) {
        let own = make_destination(&api, place, "acme-central").await;
        let senders = json!({"Version": "2012-10-17", "Statement": [{
            "Sid": "Senders", "Effect": "Allow", "Principal": {"AWS": [place.moved("222222222222")]},
            "Action": "logs:PutSubscriptionFilter", "Resource": own}]});
        let policy =
            json!({"destinationName": "acme-central", "accessPolicy": senders.to_string()});
        call(&api, "PutDestinationPolicy", policy).await;
        let strange = Place {
            account: STRANGER,
            ..place
        };
        let stranger = Api::of(moto, STRANGER, place.region).await;
        make_destination(&stranger, strange, "collect").await;
        make_policies(&api, place).await;
    }
    let event = sample("trail-guard/key.policy-lockout.clean.all-statements");
    let policy = place.moved_json(&event["detail"]["requestParameters"]["policy"]);
    let made = super::json(&api, "kms", "CreateKey", json!({ "Policy": policy })).await;
    let group = json!({"logGroupName": GROUP, "kmsKeyId": made["KeyMetadata"]["Arn"]});
    if call(&api, "CreateLogGroup", group).await {
        furnish(&api, place).await;
    }
}

async fn furnish(api: &Api, place: Place) {
    let retention = json!({"logGroupName": GROUP, "retentionInDays": 400});
    call(api, "PutRetentionPolicy", retention).await;
    let central = place.moved("arn:aws:logs:eu-west-1:111111111111:destination:acme-central");
    let filter = json!({"logGroupName": GROUP, "filterName": "to-central",
        "filterPattern": "", "destinationArn": central});
    call(api, "PutSubscriptionFilter", filter).await;
    let counted =
        [json!({"metricName": "RootUse", "metricNamespace": "acme/cis", "metricValue": "1"})];
    let filter = json!({"logGroupName": GROUP, "filterName": "root-use",
        "filterPattern": "{ $.userIdentity.type = \"Root\" }", "metricTransformations": counted});
    call(api, "PutMetricFilter", filter).await;
}

async fn make_destination(api: &Api, place: Place, name: &str) -> String {
    let (region, account) = (place.region, place.account.id);
    let asked = json!({
        "destinationName": name,
        "targetArn": format!("arn:aws:kinesis:{region}:{account}:stream/{name}"),
        "roleArn": format!("arn:aws:iam::{account}:role/acme-logs-to-kinesis"),
    });
    call(api, "PutDestination", asked).await;
    format!("arn:aws:logs:{region}:{account}:destination:{name}")
}

async fn make_policies(api: &Api, place: Place) {
    let (region, account) = (place.region, place.account.id);
    let dns = json!({"Version": "2012-10-17", "Statement": [{
        "Sid": "Route53", "Effect": "Allow", "Principal": {"Service": "route53.amazonaws.com"},
        "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
        "Resource": format!("arn:aws:logs:{region}:{account}:log-group:/acme/*:*"),
        "Condition": {"StringEquals": {"aws:SourceAccount": account}}}]});
    let asked = json!({"policyName": "acme-dns-queries", "policyDocument": dns.to_string()});
    call(api, "PutResourcePolicy", asked).await;
    let bucket = json!({"destinationResourceArn": "arn:aws:s3:::acme-org-trail-logs"});
    let asked = json!({"name": "acme-vended", "deliveryDestinationConfiguration": bucket});
    call(api, "PutDeliveryDestination", asked).await;
}
