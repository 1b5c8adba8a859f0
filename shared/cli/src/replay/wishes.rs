//! What a plan asks for, in words, where no state is known to decide upon.

use auditward_rules::arn::Arn;
use serde_json::Value;

/// Facets whose wish says no more than what it is for.
const WORDS: &[(&str, &str)] = &[
    ("access-key", "switch the key off"),
    ("access-point", "delete the access point"),
    ("access-point-policy", "take outsiders out of its policy"),
    (
        "account-log-policy",
        "put the recorded account-wide policy back",
    ),
    ("account-place", "move the account back"),
    ("alarm-actions", "let it act again"),
    ("bucket-analytics", "delete the export to an outsider"),
    ("bucket-inventory", "delete the export to an outsider"),
    ("bucket-logging", "put the recorded access logging back"),
    (
        "bucket-notification",
        "put the recorded notifications back, without outsiders",
    ),
    ("bucket-object-lock", "put the recorded object lock back"),
    (
        "bucket-replication",
        "put the recorded replication back, without outsiders",
    ),
    ("bucket-website", "stop serving it as a website"),
    ("bus-configuration", "put the recorded configuration back"),
    ("bus-policy", "take outsiders out of its policy"),
    ("data-protection", "put the recorded data protection back"),
    ("delegation", "delegate again"),
    (
        "delivery-destination-policy",
        "take outsiders out of its policy",
    ),
    ("destination-policy", "take outsiders out of its policy"),
    ("enabled-trust-anchor", "switch the trust anchor off"),
    ("export-task", "cancel the export"),
    ("foreign-mapping", "switch the event source off"),
    ("function-aliases", "point the aliases where they pointed"),
    ("function-concurrency", "let it run again"),
    ("function-invocations", "keep its failed events again"),
    ("function-permissions", "put the recorded permissions back"),
    ("function-sources", "put the recorded event sources back"),
    ("function-statement", "take the permission away"),
    ("function-url", "let only signed requests in"),
    ("group-membership", "take the member out of the group"),
    ("guardrail-attachment", "attach the guardrail again"),
    ("guardrail-content", "put the recorded content back"),
    ("inline-policy", "take the power out of its inline policy"),
    ("invitation", "cancel the invitation"),
    ("key-grant", "revoke the grant"),
    ("key-grants", "put the recorded grants back"),
    ("key-rotation", "rotate it again"),
    ("log-destination", "put the recorded destination back"),
    ("log-group", "create it again as it was recorded"),
    ("log-group-key", "encrypt with the recorded key again"),
    (
        "log-group-retention",
        "keep its events as long as they must be kept",
    ),
    ("log-resource-policy", "take outsiders out of its policy"),
    ("managed-policy", "create it again as it was recorded"),
    ("metric-filters", "put the recorded metric filters back"),
    ("new-delegation", "take the delegation back"),
    (
        "organization-attachment",
        "put the guardrails back in their places",
    ),
    ("organization-policy", "take outsiders out of its policy"),
    (
        "policy-type",
        "switch the type of policies on and attach them again",
    ),
    ("policy-version", "make the safe version the default again"),
    ("principal-boundary", "put the recorded boundary back"),
    ("provider-audience", "take the audience out of the provider"),
    ("queue-policy", "take outsiders out of its policy"),
    ("queue-senders", "let nothing keep its senders out"),
    ("queue-settings", "put the recorded settings back"),
    ("rule-definition", "put the recorded rule back"),
    ("rule-state", "switch it on"),
    ("rule-targets", "put the recorded targets back"),
    ("schedule-definition", "put the recorded schedule back"),
    ("share-principal", "take the outsider out of the share"),
    ("sink-policy", "take outsiders out of its policy"),
    ("stack-protection", "protect it from being deleted"),
    ("store-config", "put the recorded configuration back"),
    ("store-policy", "take outsiders out of its policy"),
    ("store-state", "bring it back and take events in"),
    (
        "subscription-filters",
        "put the recorded subscriptions back, without outsiders",
    ),
    ("subscription-settings", "put the recorded settings back"),
    ("table-protection", "protect it from being deleted"),
    ("table-recovery", "switch point-in-time recovery on"),
    ("topic-policy", "take outsiders out of its policy"),
    ("topic-publishers", "let nothing keep its publishers out"),
    ("topic-settings", "put the recorded settings back"),
    ("topic-subscription", "remove the subscription"),
    ("trail-delivery", "deliver again"),
    ("trail-tags", "put the recorded tags back"),
    ("trust-anchor", "switch the trust anchor off"),
    ("trusted-access", "switch trusted access on"),
];

/// What a wish for a facet asks for; `None` for a facet that has no words here yet.
pub(super) fn wish_of(kind: &str, wish: &Value) -> Option<String> {
    let recorded = |what: &str| format!("put the recorded {what} back");
    Some(match kind {
        "trail-logging" => "start logging".into(),
        "trail-config" => match wish.get("hold").and_then(Value::as_array) {
            None => "create it again as it was recorded".into(),
            Some(fields) => {
                let fields = fields.iter().filter_map(Value::as_str);
                let (own, fields): (Vec<_>, Vec<_>) = fields.partition(|one| *one == "deliveries");
                let own = own
                    .first()
                    .map(|_| "log CloudTrail's own deliveries again".to_owned());
                let fields = (own.is_none() || !fields.is_empty())
                    .then(|| recorded(&fields.join(", ").replace('-', " ")));
                let all: Vec<_> = fields.into_iter().chain(own).collect();
                all.join(", and ")
            }
        },
        "trail-selectors" => "log all management events again".into(),
        "trail-insights" => "switch its insights on again".into(),
        "key-state" => "make it usable again".into(),
        "key-policy" => "let its owner and CloudTrail use it again".into(),
        "role-trust" if wish == "baseline" || wish == "baseline-or-closed" => {
            recorded("trust policy")
        }
        "role-trust" => "take outsiders out of its trust policy".into(),
        "role-sessions" => "end its live sessions".into(),
        "role-inline-policies" => recorded("inline policies"),
        "role-boundary" => recorded("permissions boundary"),
        "role-tags" => recorded("tags"),
        "role-settings" => recorded("settings"),
        "attachments" => match wish.pointer("/without/policy").and_then(Value::as_str) {
            Some(policy) => format!(
                "detach {}",
                Arn::parse(policy).map_or(policy, |arn| arn.name())
            ),
            None => recorded("attached policies"),
        },
        "bucket-policy" if wish.get("outsiders") == Some(&Value::Bool(true)) => {
            "take outsiders out of its policy".into()
        }
        "bucket-policy" => "put back what its policy lost".into(),
        "bucket-public-access" | "account-public-access" => "block public access again".into(),
        "bucket-acl" => "take outsiders out of its ACL".into(),
        "bucket-ownership" => "let its owner own every object again".into(),
        "bucket-versioning" => "keep all versions again".into(),
        "bucket-encryption" => "encrypt with the recorded key again".into(),
        "bucket-lifecycle" => "keep log files as long as they must be kept".into(),
        "bucket-existence" => "create it again".into(),
        _ => WORDS.iter().find(|(known, _)| *known == kind)?.1.into(),
    })
}
