//! What the samples' users, groups, roles and policies have before anybody does
//! something about them.

use serde_json::{Value, json};

use super::iam;
use crate::api::Api;

const POLICIES: &str = "arn:aws:iam::aws:policy/";

/// A policy of one statement.
pub(super) fn policy(effect: &str, action: &str, resource: &str) -> String {
    let statement = json!([{"Effect": effect, "Action": action, "Resource": resource}]);
    json!({"Version": "2012-10-17", "Statement": statement}).to_string()
}

/// Completes what an event's call is about. The principals themselves are there.
pub(super) async fn complete(api: &Api, call: &str, asked: &Value) {
    let text = |name: &str| asked[name].as_str().unwrap_or_default();
    match (text("roleName"), text("userName"), text("groupName")) {
        ("archive-restore", ..) if call != "DeleteRole" => restoring_role(api).await,
        ("partner-log-reader", ..) if call != "DeleteRole" => reading_role(api).await,
        ("", "", "platform-admins") | ("", _, "platform-admins") => {
            let admin = format!("{POLICIES}AdministratorAccess");
            let group = json!({"GroupName": "platform-admins", "PolicyArn": admin});
            iam(api, "AttachGroupPolicy", group).await;
        }
        _ => {}
    }
    // What is taken away must have been there; roles of Auditward's have it.
    let sort = ["Role", "User", "Group"]
        .into_iter()
        .find(|sort| call.contains(sort))
        .unwrap_or_default();
    let parameter = format!("{}Name", sort.to_lowercase());
    let name = text(&parameter);
    if name.starts_with("auditward-") {
        return;
    }
    if call.starts_with("Detach") {
        let attached = json!({format!("{sort}Name"): name, "PolicyArn": text("policyArn")});
        iam(api, &format!("Attach{sort}Policy"), attached).await;
    }
    if call == format!("Delete{sort}Policy") && !sort.is_empty() {
        let inline = json!({
            format!("{sort}Name"): name,
            "PolicyName": text("policyName"),
            "PolicyDocument": policy("Deny", "cloudtrail:StopLogging", "*"),
        });
        iam(api, &format!("Put{sort}Policy"), inline).await;
    }
    if call == "SetDefaultPolicyVersion" {
        let newer = json!({
            "PolicyArn": text("policyArn"),
            "PolicyDocument": policy("Deny", "*", "*"),
            "SetAsDefault": true,
        });
        iam(api, "CreatePolicyVersion", newer).await;
    }
    if call == "RemoveUserFromGroup" {
        let member = json!({"GroupName": text("groupName"), "UserName": text("userName")});
        iam(api, "AddUserToGroup", member).await;
    }
}

/// A partner's role, which reads what is shared.
async fn reading_role(api: &Api) {
    let shared = "arn:aws:s3:::acme-org-trail-logs/AWSLogs/222222222222/*";
    let read = json!({
        "RoleName": "partner-log-reader",
        "PolicyName": "read-logs",
        "PolicyDocument": policy("Allow", "s3:GetObject", shared),
    });
    iam(api, "PutRolePolicy", read).await;
}

/// A role that restores from the archive, and is kept from more.
async fn restoring_role(api: &Api) {
    let role = "archive-restore";
    let boundary = format!("{POLICIES}ReadOnlyAccess");
    let bound = json!({"RoleName": role, "PermissionsBoundary": boundary});
    iam(api, "PutRolePermissionsBoundary", bound).await;
    let restore = json!({
        "RoleName": role,
        "PolicyName": "restore",
        "PolicyDocument": policy("Allow", "s3:GetObject", "arn:aws:s3:::acme-archive/*"),
    });
    iam(api, "PutRolePolicy", restore).await;
}
