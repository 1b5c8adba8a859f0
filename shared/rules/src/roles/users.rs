//! Keys and passwords of root, of guarded users, and of deployers and operators.

use auditward_policy::Tri;

use super::{IAM, Sort, at, named, principal, unnamed};
use crate::actor::Actor;
use crate::arn::Arn;
use crate::facet::{At, Step};
use crate::facets::made::{Gone, Thing};
use crate::facets::principal::AccessKey;
use crate::rule::{Call, Draft, Function, Judged, Proof, Revert, Rule, Scope, Severity, Watch};

/// Row 110 of `events/TABLE.md`.
pub static KEY_CREATED: Rule = Rule {
    id: "user.key-created",
    title: "Access key for root or a guarded user created",
    severity: Severity::High,
    why: "a second key stays when the first one is taken away",
    controls: &["CIS AWS Foundations 3.0: 1.4, 1.13", "ATT&CK T1098.001"],
    rows: &[110],
    function: Function::RoleGuard,
    watches: &[Watch {
        source: IAM,
        names: &["CreateAccessKey"],
    }],
    scope: Scope::Any,
    revert: Revert::Event,
    facets: &["access-key"],
    proof: Proof::Moto,
    judge: |call| {
        about(call, "got another access key", |draft, user| {
            let answer = call.record.response();
            let id = answer.and_then(|answer| answer.path(&["accessKey", "accessKeyId"]));
            match id.and_then(|id| id.scalar()) {
                Some(id) => {
                    let made = Thing {
                        created: None,
                        detail: [("id".to_owned(), id.clone().into_owned())].into(),
                    };
                    let gone = Gone { at: call.time() };
                    let step = Step::<AccessKey>::new(user.item(id), gone);
                    draft.step(step.wrote(Some(made)))
                }
                None => draft,
            }
        })
    },
    ..Rule::TELLS
};

/// Rows 111 and 112 of `events/TABLE.md`.
pub static LOGIN_CHANGED: Rule = Rule {
    id: "user.login-changed",
    title: "Password of root or a guarded user set",
    severity: Severity::High,
    why: "whoever sets a password can sign in with it",
    controls: &["ATT&CK T1098.001", "ATT&CK T1078.004"],
    rows: &[111, 112],
    function: Function::RoleGuard,
    watches: &[Watch {
        source: IAM,
        names: &["CreateLoginProfile", "UpdateLoginProfile"],
    }],
    scope: Scope::Any,
    judge: |call| {
        about(call, "got another password for the console", |draft, _| {
            draft
        })
    },
    ..Rule::TELLS
};

/// Whose credential it is. IAM leaves the name out where people change their own,
/// and says who they are with their path.
enum Owner {
    Root,
    User(At, Option<String>),
}

fn owner(call: &Call<'_>) -> Option<Owner> {
    if let Some(user) = principal(call, Sort::User) {
        return Some(Owner::User(user, None));
    }
    let actor = Actor::of(call.record);
    match actor.kind.as_str() {
        "Root" => Some(Owner::Root),
        "IAMUser" => {
            let (_, name) = actor.issuer.rsplit_once('/')?;
            let user = at(call, Sort::User, name);
            Some(Owner::User(user, Some(actor.issuer.clone())))
        }
        _ => None,
    }
}

fn about(call: &Call<'_>, what: &str, plan: impl FnOnce(Draft, At) -> Draft) -> Judged {
    match owner(call) {
        None => unnamed(call, Sort::User),
        Some(Owner::Root) => {
            let (partition, account) = (call.partition(), call.account());
            let root = format!("arn:{partition}:iam::{account}:root");
            Draft::new(root, format!("root of account {account} {what}"))
                .severity(Severity::Critical)
                .into()
        }
        // Everybody has keys and a password: only a guarded user's are a matter.
        Some(Owner::User(user, whole)) => {
            let name = user.name();
            let (settings, inventory) = (call.settings, call.inventory);
            let known = whole.map_or_else(
                || named(call, &user),
                |whole| settings.knows_principal(&whole, inventory),
            );
            // Whoever has its credentials is taken for the deployer or operator.
            let trusted = settings.is_trusted(&user.resource) == Tri::Yes;
            match known {
                Tri::Yes => {
                    let summary = format!("user {name} {what}, and is guarded");
                    plan(Draft::new(&user.resource, summary), user).into()
                }
                _ if trusted && !is_own(call, &user) => {
                    let summary = format!(
                        "user {name} {what} from somebody else, and is a deployer or operator"
                    );
                    plan(Draft::new(&user.resource, summary), user).into()
                }
                // Whoever it is, nothing is taken away on a guess.
                Tri::CannotTell if settings.given => {
                    let summary =
                        format!("user {name} {what}, and is guarded if its path is a guarded one");
                    let draft = Draft::new(&user.resource, summary).from_deployers();
                    Judged::CannotTell(draft.severity(Severity::Low))
                }
                Tri::CannotTell | Tri::No => Judged::Clean,
            }
        }
    }
}

/// Whether the caller is that user, under whatever path.
fn is_own(call: &Call<'_>, user: &At) -> bool {
    let actor = Actor::of(call.record);
    actor.kind == "IAMUser"
        && Arn::parse(&actor.issuer).is_some_and(|issuer| {
            issuer.account == user.account && issuer.name().eq_ignore_ascii_case(user.name())
        })
}
