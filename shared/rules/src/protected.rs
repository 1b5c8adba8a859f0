//! What must hold for a protected resource whatever happened: the plans that a
//! baseline is taken of.

mod leads;

use crate::arn::Arn;
use crate::facet::{At, Facet, Step};
use crate::facets::alarm::AlarmActions;
use crate::facets::bucket::{
    AccessPointPolicy, AccountPublicAccess, AclWish, BucketAcl, BucketEncryption, BucketExistence,
    BucketLifecycle, BucketLogging, BucketNotification, BucketObjectLock, BucketOwnership,
    BucketPolicy, BucketPublicAccess, BucketReplication, BucketVersioning, BucketWebsite,
    BucketWish, LifecycleWish, PolicyWish, TargetsWish, VersioningWish,
};
use crate::facets::guard::bus::{BusConfiguration, BusPolicy};
use crate::facets::guard::function::{
    FunctionAliases, FunctionConcurrency, FunctionInvocations, FunctionPermissions,
    FunctionSources, FunctionUrl, SourcesWish, UrlWish,
};
use crate::facets::guard::rule::{RuleDefinition, RuleState, RuleTargets, RuleTargetsWish};
use crate::facets::guard::schedule::ScheduleDefinition;
use crate::facets::kept::AsRecorded;
use crate::facets::key::{
    GrantsWish, KeyGrants, KeyPolicy, KeyPolicyWish, KeyRotation, KeyState, KeyWish,
};
use crate::facets::logs::{
    AccountLogPolicy, AccountPolicyWish, DataProtection, DeliveryDestinationPolicy,
    DestinationPolicy, FiltersWish, LogDestination, LogGroup, LogGroupKey, LogGroupRetention,
    LogResourcePolicy, MetricFilters, RetentionWish, SinkPolicy, SubscriptionFilters,
    resource_policy_wish,
};
use crate::facets::organization::{
    Delegation, GuardrailContent, OrganizationPolicy, PolicyType, TrustedAccess,
};
use crate::facets::policy::{ManagedPolicy, PolicyVersion, VersionWish};
use crate::facets::principal::{
    Attachments, AttachmentsWish, InlinePolicy, InlineWish, PrincipalBoundary, inline_name,
    is_boundary,
};
use crate::facets::queue::{QueuePolicy, QueueSenders, QueueSettings};
use crate::facets::role::{
    RoleBoundary, RoleInlinePolicies, RoleSettings, RoleTags, RoleTrust, TrustWish,
};
use crate::facets::stack::StackProtection;
use crate::facets::store::{
    StoreConfig, StoreField, StoreLifeWish, StorePolicy, StoreState, StoreWish,
};
use crate::facets::table::{TableProtection, TableRecovery};
use crate::facets::topic::{SubscriptionSettings, TopicPolicy, TopicPublishers, TopicSettings};
use crate::facets::trail::{
    DeliveryWish, InsightsWish, SelectorsWish, TrailConfig, TrailDelivery, TrailInsights,
    TrailLogging, TrailSelectors, TrailTags, TrailWish,
};
use crate::inventory::{Inventory, TrailUse};
use crate::plan::Plan;
use crate::rule::Function;
use crate::settings::Settings;

pub use leads::{encrypted_with, leads_to, trail_use};

/// Everything that must hold for one resource. Empty for a resource of a kind
/// that no facet is about, and for a role that nothing here depends on: of such a
/// one no difference is drift, also where an event once had it looked at.
pub fn plans(at: &At, settings: &Settings, inventory: &Inventory) -> Vec<Plan> {
    let whole = !is_boundary(at) && inline_name(at).is_none();
    let role = whole && Arn::parse(&at.resource).is_some_and(|arn| arn.is_role());
    if role && !settings.is_guard_role(&at.resource, inventory) {
        return Vec::new();
    }
    all(at, inventory)
}

fn all(at: &At, inventory: &Inventory) -> Vec<Plan> {
    let Some(arn) = Arn::parse(&at.resource) else {
        return Vec::new();
    };
    match (arn.service, arn.resource.split('/').next()) {
        ("cloudtrail", Some("trail")) => trail(at),
        ("cloudtrail", Some("eventdatastore")) => store(at),
        ("cloudtrail", Some("channel" | "dashboard")) => {
            vec![step::<StorePolicy>(at, PolicyWish::whole())]
        }
        ("kms", Some("key")) => key(at, inventory),
        ("iam", Some("root")) => vec![step::<AccountPublicAccess>(at, true)],
        ("s3", Some("accesspoint")) => vec![step::<AccessPointPolicy>(at, PolicyWish::whole())],
        ("s3", _) => bucket(at, arn.resource, inventory),
        ("iam", Some("role" | "user")) if is_boundary(at) => {
            vec![step::<PrincipalBoundary>(at, AsRecorded::Baseline)]
        }
        ("iam", Some("role" | "user" | "group")) if inline_name(at).is_some() => {
            vec![step::<InlinePolicy>(at, InlineWish::Recorded)]
        }
        ("iam", Some("role")) => role(at),
        ("iam", Some("policy")) => vec![
            step::<ManagedPolicy>(at, AsRecorded::Baseline),
            step::<PolicyVersion>(at, VersionWish { made: None }),
        ],
        ("logs", _) => logs(at, arn.resource),
        ("cloudwatch", _) if arn.resource.starts_with("alarm:") => {
            vec![step::<AlarmActions>(at, true)]
        }
        ("oam", Some("sink")) => vec![step::<SinkPolicy>(at, PolicyWish::whole())],
        ("sns", _) => topic(at, arn.resource),
        ("sqs", _) => queue(at),
        ("dynamodb", Some("table")) => table(at),
        ("cloudformation", Some("stack")) => vec![step::<StackProtection>(at, true)],

        ("lambda", Some(function)) if function.starts_with("function:") => function_plans(at),
        ("events", Some("rule")) => rule_plans(at),
        ("events", Some("event-bus")) => bus_plans(at),
        ("scheduler", Some("schedule")) => {
            vec![step::<ScheduleDefinition>(at, AsRecorded::Baseline)]
        }
        ("organizations", Some(kind)) => organization(at, kind),
        _ => Vec::new(),
    }
}

/// The kinds of what may have to hold for a resource.
pub fn kinds(at: &At) -> Vec<&'static str> {
    all(at, &Inventory::default())
        .iter()
        .map(Plan::kind)
        .collect()
}

/// Facets that a function hangs on: that it may run, and that it is called, on
/// events and each minute.
pub const LIFELINES: [&str; 6] = [
    "function-concurrency",
    "function-permissions",
    "rule-definition",
    "rule-targets",
    "rule-state",
    "schedule-definition",
];

/// Facets of a trail without which nobody sees anything.
const TRAILS: [&str; 4] = [
    "trail-config",
    "trail-selectors",
    "trail-logging",
    "trail-delivery",
];

/// Facets that are looked at every minute.
pub fn beating() -> impl Iterator<Item = &'static str> {
    TRAILS.into_iter().chain(LIFELINES)
}

/// Whether a facet is looked at every minute.
pub fn beats(kind: &str) -> bool {
    beating().any(|one| one == kind)
}

/// Whether a resource is this function itself, or a rule or schedule that calls
/// it, by the names that the stack gives: `auditward-self-guard`,
/// `auditward-SelfGuardRules-9VK2XQ0B7LMD`, `auditward-self-guard-pulse`.
pub fn is_part_of(at: &At, function: Function) -> bool {
    let plain = |name: &str| name.replace('-', "").to_ascii_lowercase();
    Arn::parse(&at.resource).is_some_and(|arn| {
        matches!(arn.service, "lambda" | "events" | "scheduler")
            && plain(arn.resource).contains(&plain(function.name()))
    })
}

fn step<F: Facet>(at: &At, wish: F::Wish) -> Plan
where
    Plan: From<Step<F>>,
{
    Step::<F>::new(at.clone(), wish).into()
}

fn trail(at: &At) -> Vec<Plan> {
    vec![
        step::<TrailConfig>(at, TrailWish::Hold(Vec::new())),
        step::<TrailSelectors>(at, SelectorsWish::Kept),
        step::<TrailInsights>(at, InsightsWish::Recorded),
        step::<TrailLogging>(at, true),
        step::<TrailDelivery>(at, DeliveryWish::Delivers),
        step::<TrailTags>(at, AsRecorded::Baseline),
    ]
}

fn store(at: &At) -> Vec<Plan> {
    let hold = StoreField::ALL.to_vec();
    vec![
        step::<StoreState>(at, StoreLifeWish::Kept),
        step::<StoreConfig>(at, StoreWish { hold }),
        step::<StorePolicy>(at, PolicyWish::whole()),
        step::<TrailTags>(at, AsRecorded::Baseline),
    ]
}

fn key(at: &At, inventory: &Inventory) -> Vec<Plan> {
    let trails = inventory
        .encrypting_with(&at.resource)
        .map(|used| used.trail.clone())
        .collect();
    vec![
        step::<KeyState>(at, KeyWish::Enabled),
        step::<KeyPolicy>(
            at,
            KeyPolicyWish {
                trails,
                owner: true,
                outsiders: true,
            },
        ),
        step::<KeyRotation>(at, AsRecorded::Baseline),
        step::<KeyGrants>(at, GrantsWish::default()),
    ]
}

fn bucket(at: &At, name: &str, inventory: &Inventory) -> Vec<Plan> {
    let used: Vec<&TrailUse> = inventory.delivering_to(name).collect();
    let deliveries = used.iter().map(|used| used.delivery()).collect();
    let guarded = BucketWish { protected: true };
    vec![
        step::<BucketExistence>(at, true),
        step::<BucketPublicAccess>(at, guarded),
        step::<BucketOwnership>(at, guarded),
        step::<BucketAcl>(
            at,
            AclWish {
                protected: true,
                ..AclWish::default()
            },
        ),
        step::<BucketPolicy>(
            at,
            PolicyWish {
                outsiders: true,
                deliveries,
                restore: true,
            },
        ),
        step::<BucketVersioning>(
            at,
            VersioningWish {
                protected: true,
                mfa_delete: false,
            },
        ),
        step::<BucketEncryption>(at, guarded),
        step::<BucketLifecycle>(at, LifecycleWish::of(inventory, name)),
        step::<BucketReplication>(at, TargetsWish::of(inventory)),
        step::<BucketObjectLock>(at, AsRecorded::Baseline),
        step::<BucketLogging>(at, AsRecorded::Baseline),
        step::<BucketNotification>(at, TargetsWish::of(inventory)),
        step::<BucketWebsite>(at, AsRecorded::Baseline),
    ]
}

fn role(at: &At) -> Vec<Plan> {
    vec![
        step::<RoleTrust>(at, TrustWish::Baseline),
        step::<RoleInlinePolicies>(at, AsRecorded::Baseline),
        step::<Attachments>(at, AttachmentsWish::Baseline),
        step::<RoleBoundary>(at, AsRecorded::Baseline),
        step::<RoleTags>(at, AsRecorded::Baseline),
        step::<RoleSettings>(at, AsRecorded::Baseline),
    ]
}

fn logs(at: &At, resource: &str) -> Vec<Plan> {
    let policy = PolicyWish::whole;
    match resource.split(':').next() {
        Some("log-group") => vec![
            step::<LogGroup>(at, AsRecorded::Baseline),
            step::<LogGroupRetention>(at, RetentionWish::Least),
            step::<LogGroupKey>(at, AsRecorded::Baseline),
            step::<DataProtection>(at, AsRecorded::Baseline),
            step::<SubscriptionFilters>(at, FiltersWish::default()),
            step::<MetricFilters>(at, AsRecorded::Baseline),
        ],
        Some("destination") => vec![
            step::<LogDestination>(at, AsRecorded::Baseline),
            step::<DestinationPolicy>(at, policy()),
        ],
        Some("delivery-destination") => vec![step::<DeliveryDestinationPolicy>(at, policy())],
        Some("resource-policy") => {
            vec![step::<LogResourcePolicy>(
                at,
                resource_policy_wish(at.name()),
            )]
        }
        Some("account-policy") => {
            vec![step::<AccountLogPolicy>(at, AccountPolicyWish::default())]
        }
        _ => Vec::new(),
    }
}

/// A topic, or one of its subscriptions.
fn topic(at: &At, resource: &str) -> Vec<Plan> {
    if resource.contains(':') {
        return vec![step::<SubscriptionSettings>(at, AsRecorded::Baseline)];
    }
    vec![
        step::<TopicPolicy>(at, PolicyWish::whole()),
        step::<TopicPublishers>(at, AsRecorded::Baseline),
        step::<TopicSettings>(at, AsRecorded::Baseline),
    ]
}

fn queue(at: &At) -> Vec<Plan> {
    vec![
        step::<QueuePolicy>(at, PolicyWish::whole()),
        step::<QueueSenders>(at, AsRecorded::Baseline),
        step::<QueueSettings>(at, AsRecorded::Baseline),
    ]
}

fn table(at: &At) -> Vec<Plan> {
    vec![
        step::<TableProtection>(at, true),
        step::<TableRecovery>(at, true),
    ]
}

fn function_plans(at: &At) -> Vec<Plan> {
    vec![
        step::<FunctionConcurrency>(at, AsRecorded::Baseline),
        step::<FunctionPermissions>(at, AsRecorded::Baseline),
        step::<FunctionUrl>(at, UrlWish::Signed),
        step::<FunctionSources>(at, SourcesWish::default()),
        step::<FunctionInvocations>(at, AsRecorded::Baseline),
        step::<FunctionAliases>(at, AsRecorded::Baseline),
    ]
}

fn rule_plans(at: &At) -> Vec<Plan> {
    vec![
        step::<RuleDefinition>(at, AsRecorded::Baseline),
        step::<RuleTargets>(at, RuleTargetsWish::default()),
        step::<RuleState>(at, true),
    ]
}

fn bus_plans(at: &At) -> Vec<Plan> {
    vec![
        step::<BusConfiguration>(at, AsRecorded::Baseline),
        step::<BusPolicy>(at, PolicyWish::whole()),
    ]
}

/// The item says which service of an organization or account, and which type of
/// policies of a root.
fn organization(at: &At, kind: &str) -> Vec<Plan> {
    vec![match (kind, &at.item) {
        ("organization", None) => step::<OrganizationPolicy>(at, PolicyWish::whole()),
        ("organization", Some(_)) => step::<TrustedAccess>(at, true),
        ("account", Some(_)) => step::<Delegation>(at, true),
        ("policy", _) => step::<GuardrailContent>(at, AsRecorded::Baseline),
        ("root", Some(_)) => step::<PolicyType>(at, AsRecorded::Baseline),
        _ => return Vec::new(),
    }]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_self_guards(arn: &str) -> bool {
        is_part_of(
            &At::new("111111111111", "eu-west-1", arn),
            Function::SelfGuard,
        )
    }

    #[test]
    fn what_belongs_to_a_function_is_known_by_its_name() {
        let arn =
            |rest: &str| format!("arn:aws:{}", rest.replace("::", ":eu-west-1:111111111111:"));
        for own in [
            "lambda::function:auditward-self-guard",
            "events::rule/auditward-SelfGuardRules-9VK2XQ0B7LMD",
            "scheduler::schedule/default/auditward-self-guard-pulse",
        ] {
            assert!(is_self_guards(&arn(own)), "{own}");
        }
        for other in [
            "lambda::function:auditward-trail-guard",
            "events::rule/auditward-TrailGuardTrails-9VK2XQ0B7LMD",
            "events::event-bus/auditward",
            "sqs::auditward-self-guard",
        ] {
            assert!(!is_self_guards(&arn(other)), "{other}");
        }
    }

    #[test]
    fn a_role_is_held_to_its_baseline_only_where_something_depends_on_it() {
        let settings = Settings::default();
        let role = |name: &str| {
            let arn = format!("arn:aws:iam::111111111111:role/{name}");
            At::new("111111111111", "us-east-1", arn)
        };
        let uses = Inventory {
            others: ["arn:aws:iam::111111111111:role/service-role/delivers".to_owned()].into(),
            ..Inventory::default()
        };
        for (name, many) in [
            ("auditward-trail-guard-eu-west-1", 6),
            ("Auditward-Member", 6),
            ("delivers", 6),
            ("webshop", 0),
        ] {
            let found = plans(&role(name), &settings, &uses);
            assert_eq!(found.len(), many, "{name}");
        }
        // What is guarded of an everyday role are the parts of it that are named.
        let boundary = crate::facets::principal::boundary(role("webshop"));
        assert_eq!(plans(&boundary, &settings, &uses).len(), 1);
        assert_eq!(kinds(&role("webshop")).len(), 6);
    }

    #[test]
    fn every_lifeline_is_looked_at_each_minute() {
        let at = |arn: &str| At::new("111111111111", "eu-west-1", arn);
        let all = [
            "arn:aws:lambda:eu-west-1:111111111111:function:auditward-self-guard",
            "arn:aws:events:eu-west-1:111111111111:rule/auditward-SelfGuardRules-9VK2XQ0B7LMD",
            "arn:aws:scheduler:eu-west-1:111111111111:schedule/default/auditward-self-guard-pulse",
        ];
        let kinds: Vec<_> = all.iter().flat_map(|arn| kinds(&at(arn))).collect();
        for kind in LIFELINES {
            assert!(beats(kind) && kinds.contains(&kind), "{kind}");
        }
    }
}
