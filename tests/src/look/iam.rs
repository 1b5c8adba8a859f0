//! Users, groups and managed policies as they are.

use serde_json::{Map, Value, json};

use super::attached;
use crate::api::{Api, document, elements};

/// What a call was about, where it is no role.
pub(super) async fn at(api: &Api, asked: &Value) -> Option<Value> {
    let named = |name: &str| asked[name].as_str().map(str::to_owned);
    if named("roleName").is_some() {
        return None;
    }
    match (named("groupName"), named("userName"), named("policyArn")) {
        (Some(group), Some(user), _) => {
            let (_, groups) = api
                .iam("ListGroupsForUser", &json!({ "UserName": user }))
                .await;
            Some(json!({ "member": elements(&groups, "GroupName").contains(&group) }))
        }
        (Some(group), None, _) => Some(principal(api, "Group", &group).await),
        (None, Some(user), _) => Some(principal(api, "User", &user).await),
        (None, None, Some(policy)) => Some(policy_of(api, &policy).await),
        (None, None, None) => None,
    }
}

async fn principal(api: &Api, sort: &str, name: &str) -> Value {
    let who = json!({ format!("{sort}Name"): name });
    let (_, names) = api.iam(&format!("List{sort}Policies"), &who).await;
    let mut inline = Map::new();
    for policy in elements(&names, "member") {
        let asked = json!({ format!("{sort}Name"): name, "PolicyName": policy });
        let (_, answer) = api.iam(&format!("Get{sort}Policy"), &asked).await;
        let text = elements(&answer, "PolicyDocument").concat();
        inline.insert(policy, document(&text));
    }
    json!({ "attached": attached(api, sort, name).await, "inline": inline })
}

/// The text that holds; null where there is no policy.
async fn policy_of(api: &Api, arn: &str) -> Value {
    let (_, found) = api.iam("GetPolicy", &json!({ "PolicyArn": arn })).await;
    let Some(version) = elements(&found, "DefaultVersionId").pop() else {
        return Value::Null;
    };
    let asked = json!({ "PolicyArn": arn, "VersionId": version });
    let (_, answer) = api.iam("GetPolicyVersion", &asked).await;
    document(&elements(&answer, "Document").concat())
}

/// A user's access keys, each with its status.
pub async fn keys(api: &Api, user: &str) -> Vec<(String, String)> {
    let (_, listed) = api
        .iam("ListAccessKeys", &json!({ "UserName": user }))
        .await;
    let ids = elements(&listed, "AccessKeyId");
    ids.into_iter().zip(elements(&listed, "Status")).collect()
}
