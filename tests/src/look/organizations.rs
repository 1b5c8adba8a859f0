//! The organization as it is, all of it.

use serde_json::{Map, Value, json};

use crate::api::{Api, document};
use crate::moto::{MEMBER, Moto};
use crate::scene::account_named;

/// The places that policies are attached to.
const PLACES: [&str; 5] = [
    "r-ex4m",
    "ou-ex4m-7h2kq9wd",
    "ou-ex4m-b51xz0rt",
    "ou-ex4m-q3ns81vc",
    MEMBER.id,
];

/// The names in a list, in the order of the alphabet.
fn names(listed: &Value, name: &str) -> Value {
    let all = listed.as_array().into_iter().flatten();
    let mut names: Vec<_> = all.filter_map(|one| one[name].as_str()).collect();
    names.sort_unstable();
    json!(names)
}

/// Everything of the organization that anybody guards.
pub async fn at(moto: &Moto) -> Value {
    let api = Api::of(moto, account_named(None), "us-east-1").await;
    let ask = async |action: &str, asked: Value| {
        let (_, answer) = api.json("organizations", action, &asked).await;
        answer
    };
    let services = ask("ListAWSServiceAccessForOrganization", json!({})).await;
    let delegated = ask(
        "ListDelegatedServicesForAccount",
        json!({"AccountId": MEMBER.id}),
    )
    .await;
    let roots = ask("ListRoots", json!({})).await;
    let stands = ask("ListParents", json!({"ChildId": MEMBER.id})).await;
    let (mut attached, mut says) = (Map::new(), Map::new());
    for sort in ["SERVICE_CONTROL_POLICY", "RESOURCE_CONTROL_POLICY"] {
        for place in PLACES {
            let asked = json!({"TargetId": place, "Filter": sort});
            let found = ask("ListPoliciesForTarget", asked).await;
            attached.insert(format!("{place} {sort}"), names(&found["Policies"], "Id"));
        }
        let all = ask("ListPolicies", json!({"Filter": sort})).await;
        for policy in all["Policies"].as_array().into_iter().flatten() {
            let found = ask("DescribePolicy", json!({"PolicyId": policy["Id"]})).await;
            let text = found["Policy"]["Content"].as_str().unwrap_or_default();
            let mut document = document(text);
            // In which order statements stand means nothing.
            if let Some(statements) = document["Statement"].as_array_mut() {
                statements.sort_by_key(Value::to_string);
            }
            says.insert(policy["Id"].to_string(), document);
        }
    }
    json!({
        "services": names(&services["EnabledServicePrincipals"], "ServicePrincipal"),
        "delegated": names(&delegated["DelegatedServices"], "ServicePrincipal"),
        "types": names(&roots["Roots"][0]["PolicyTypes"], "Type"),
        "stands": stands["Parents"][0]["Id"],
        "attached": attached,
        "says": says,
    })
}
