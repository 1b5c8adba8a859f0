//! Who may use and manage a key.
//!
//! A lock-out from a key cannot be undone by anybody but AWS support, so that
//! statements are given back while they still can be. Outsiders alone are taken
//! out, and never so that the owner could not manage the key any longer: a Deny
//! that locks somebody out is told to a person.

use auditward_policy::cloudtrail::{Delivery, add_missing_key, key_delivers};
use auditward_policy::{Document, Kind, Statement, Tri, principal_allowed};
use serde::{Deserialize, Serialize};

use crate::arn::Arn;
use crate::facet::{At, Change, Decision, Facet, PolicyState, Scene, Standing};
use crate::facets::heard::gets_past;
use crate::inventory::Inventory;
use crate::json::Json;
use crate::settings::Settings;

use super::mended::{Mended, mended, unsure};

/// A key's policy.
#[derive(Debug)]
pub struct KeyPolicy;

/// What a plan asks of a key's policy.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct KeyPolicyWish {
    /// ARNs of the trails for which CloudTrail must be able to encrypt.
    pub trails: Vec<String>,
    /// Whether the owning account and Auditward's roles must be able to manage it.
    pub owner: bool,
    /// Whether outsiders are shut out, and lost Deny statements and grants to
    /// services come back.
    pub outsiders: bool,
}

/// Who is locked out of a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LockedOut {
    /// What they cannot do, in words.
    pub who: String,
    /// Whether a person must tell: the document is beyond us.
    pub unclear: bool,
}

/// What CloudTrail needs of a key for a trail.
fn delivery(trail: &str, settings: &Settings) -> Delivery {
    let owner = Arn::parse(trail)
        .map(|arn| arn.account.to_owned())
        .unwrap_or_default();
    let org_id = settings.ours.organization.clone();
    Delivery {
        trail_arn: trail.to_owned(),
        owner_account: owner,
        org_id,
        ..Delivery::default()
    }
}

/// The account that owns a key.
fn owner(key: &str) -> &str {
    Arn::parse(key).map_or("", |arn| arn.account)
}

/// What the owning account must be able to do, lest it lose the key for good:
/// everything else follows from being able to change the policy.
const MANAGE: [&str; 2] = ["kms:PutKeyPolicy", "kms:EnableKey"];

/// What Auditward's roles do to a key.
const GUARD: [&str; 5] = [
    "kms:DescribeKey",
    "kms:EnableKey",
    "kms:CancelKeyDeletion",
    "kms:GetKeyPolicy",
    "kms:PutKeyPolicy",
];

/// The actions of those that a statement keeps Auditward's roles from, or may keep
/// them from.
fn kept_from(statement: &Statement, at: &At, settings: &Settings) -> Vec<(&'static str, Tri)> {
    let answers = GUARD.map(|action| {
        let answer = gets_past(statement, Kind::Key, action, at, settings);
        (action, answer)
    });
    let mut kept = Vec::from(answers);
    kept.retain(|(_, answer)| *answer != Tri::Yes);
    kept
}

/// How a statement surely denies Auditward what it does to a key, in words.
fn denied(statement: &Statement, at: &At, settings: &Settings) -> Vec<String> {
    let kept = kept_from(statement, at, settings);
    if kept.is_empty() {
        return Vec::new();
    }
    // Whoever names a role of ours means it, whatever the conditions.
    let named = guard_roles(statement, settings);
    if !named.is_empty() {
        let denied = named.into_iter().map(|role| format!("{role} is denied"));
        return denied.collect();
    }
    let sure = kept.iter().filter(|(_, answer)| *answer == Tri::No);
    let actions: Vec<_> = sure.map(|(action, _)| *action).collect();
    if actions.is_empty() {
        return Vec::new();
    }
    vec![format!("Auditward is denied {}", actions.join(", "))]
}

/// Whether a Deny that is not known may keep Auditward from what it does to a key,
/// where its conditions do not tell.
pub fn may_be_denied(
    document: &Document,
    key: &str,
    known: Option<&Document>,
    settings: &Settings,
) -> Option<String> {
    let at = at(key);
    let open = |statement: &&Statement| {
        !known.is_some_and(|known| known.contains_statement(statement))
            && !kept_from(statement, &at, settings).is_empty()
    };
    let statement = document.statements().iter().find(open)?;
    let sid = statement.sid().filter(|sid| !sid.is_empty());
    let which = sid.map_or_else(
        || "a Deny in the key's policy".to_owned(),
        |sid| format!("Deny `{sid}` in the key's policy"),
    );
    Some(format!(
        "whether {which} keeps Auditward from guarding the key cannot be told from its conditions; take it out by hand if it is not meant"
    ))
}

/// The key as a resource.
fn at(key: &str) -> At {
    let (account, region) = Arn::parse(key).map_or(("", ""), |arn| (arn.account, arn.region));
    At::new(account, region, key)
}

fn owner_manages(document: &Document, key: &str) -> Tri {
    let answers =
        MANAGE.map(|action| principal_allowed(document, Kind::Key, owner(key), action, key));
    if answers.contains(&Tri::No) {
        return Tri::No;
    }
    if answers.contains(&Tri::CannotTell) {
        Tri::CannotTell
    } else {
        Tri::Yes
    }
}

/// The AWS principals of a statement.
pub(super) fn principals(statement: &Statement) -> Vec<String> {
    let Some(text) = statement.element("Principal") else {
        return Vec::new();
    };
    let Some(principal) = Json::parse(&text) else {
        return Vec::new();
    };
    let named = if principal.is_object() {
        principal.get("AWS")
    } else {
        Some(principal)
    };
    let names = named.map(Json::items).unwrap_or_default();
    names
        .into_iter()
        .filter_map(Json::scalar)
        .map(std::borrow::Cow::into_owned)
        .collect()
}

/// Auditward's own roles, and sessions of theirs, among a statement's principals.
pub(crate) fn guard_roles(statement: &Statement, settings: &Settings) -> Vec<String> {
    let none = Inventory::default();
    let mut roles = principals(statement);
    roles.retain(|name| {
        role_of(name).is_some_and(|role| {
            settings.is_guard_role(&role, &none) || settings.is_member_role(&role)
        })
    });
    roles
}

/// The role that a principal is, or is a session of.
fn role_of(principal: &str) -> Option<String> {
    let arn = Arn::parse(principal)?;
    if arn.is_role() {
        return Some(principal.to_owned());
    }
    let session = arn.resource.strip_prefix("assumed-role/")?;
    let name = session.split('/').next()?;
    let (partition, account) = (arn.partition, arn.account);
    Some(format!("arn:{partition}:iam::{account}:role/{name}"))
}

/// Whom a key's policy locks out, of those who must not be.
pub fn locked_out(
    document: &Document,
    key: &str,
    wish: &KeyPolicyWish,
    settings: &Settings,
) -> Vec<LockedOut> {
    let mut out = Vec::new();
    let mut ask = |answer: Tri, who: String| match answer {
        Tri::Yes => {}
        Tri::No => out.push(LockedOut {
            who,
            unclear: false,
        }),
        Tri::CannotTell => out.push(LockedOut { who, unclear: true }),
    };
    for trail in &wish.trails {
        let name = Arn::parse(trail).map_or(trail.as_str(), |arn| arn.name());
        let answer = key_delivers(document, &delivery(trail, settings));
        ask(
            answer,
            format!("CloudTrail cannot encrypt the logs of trail {name}"),
        );
    }
    if wish.owner {
        ask(
            owner_manages(document, key),
            format!("account {} cannot manage the key", owner(key)),
        );
        let at = at(key);
        for statement in document.statements() {
            for who in denied(statement, &at, settings) {
                ask(Tri::No, who);
            }
        }
    }
    out
}

/// The statement that KMS gives every new key: it lets the owning account give
/// its principals access by their own policies.
fn owner_statement(key: &str) -> String {
    let partition = Arn::parse(key).map_or("aws", |arn| arn.partition);
    format!(
        r#"{{"Sid":"Enable IAM User Permissions","Effect":"Allow","Principal":{{"AWS":"arn:{partition}:iam::{}:root"}},"Action":"kms:*","Resource":"*"}}"#,
        owner(key)
    )
}

/// The document with the statements that are missing, and whether all of them
/// are CloudTrail's.
pub(super) fn restored(
    live: &Document,
    wish: &KeyPolicyWish,
    baseline: Option<&Document>,
    settings: &Settings,
    key: &str,
) -> (Document, bool) {
    let mut document = live.clone();
    let mut evidence_only = true;
    if wish.owner {
        let recorded = baseline.map(Document::statements).unwrap_or_default();
        let serves_owner = |one: &&Statement| {
            one.is_allow()
                && principals(one).iter().any(|name| {
                    name == owner(key) || name.ends_with(&format!(":{}:root", owner(key)))
                })
        };
        // Statements come back in the words in which they are recorded.
        if owner_manages(&document, key) == Tri::No {
            for statement in recorded.iter().filter(serves_owner) {
                evidence_only &= !document.statement_append(statement);
            }
        }
        if owner_manages(&document, key) == Tri::No
            && let Ok(statement) = Statement::parse(&owner_statement(key))
        {
            evidence_only &= !document.statement_append(&statement);
        }
        for statement in recorded.iter().filter(|one| one.is_allow()) {
            if guard_roles(statement, settings)
                .iter()
                .any(|role| lost(&document, statement, role, key))
            {
                evidence_only &= !document.statement_append(statement);
            }
        }
    }
    for trail in &wish.trails {
        let delivery = delivery(trail, settings);
        if key_delivers(&document, &delivery) == Tri::No {
            document = add_missing_key(&document, &delivery);
        }
    }
    (document, evidence_only)
}

/// Whether a role cannot do any longer what a recorded statement lets it do.
fn lost(document: &Document, recorded: &Statement, role: &str, key: &str) -> bool {
    let mut actions = recorded.texts("Action").into_iter();
    !document.contains_statement(recorded)
        && actions
            .any(|action| principal_allowed(document, Kind::Key, role, &action, key) == Tri::No)
}

/// How long a document KMS takes, in bytes.
const LIMIT: usize = 32 * 1024;

impl Facet for KeyPolicy {
    const KIND: &'static str = "key-policy";
    type State = PolicyState;
    type Wish = KeyPolicyWish;

    fn decide(
        live: &PolicyState,
        wish: &KeyPolicyWish,
        baseline: Option<&PolicyState>,
        scene: Scene<'_>,
    ) -> Decision<PolicyState> {
        let (key, settings) = (scene.at.resource.as_str(), scene.settings);
        let document = match live {
            PolicyState::Document(document) => document,
            PolicyState::Absent => {
                return Decision::ByHand("there is no such key any longer".into());
            }
            PolicyState::Unparsable { error, .. } => {
                return Decision::CannotTell(format!("the key's policy cannot be parsed: {error}"));
            }
        };
        let baseline = baseline.and_then(PolicyState::document);
        if wish.outsiders
            && let Some(why) = unsure(document, baseline, scene.zone)
        {
            return Decision::CannotTell(why);
        }
        let Mended {
            to,
            evidence_on,
            mut done,
            untaken,
        } = mended(document, wish, baseline, scene);
        if !mended(&to, wish, baseline, scene).to.means_the_same(&to) {
            return Decision::ByHand(
                "what must hold of the key's policy contradicts itself; edit it by hand".into(),
            );
        }
        let out = locked_out(&to, key, wish, settings);
        let told = |out: &[LockedOut]| {
            out.iter()
                .map(|one| one.who.clone())
                .collect::<Vec<_>>()
                .join("; ")
        };
        if out.iter().any(|one| !one.unclear) {
            return Decision::ByHand(format!(
                "{}, and only a Deny can be why; take it out of the key's policy while somebody still can",
                told(&out)
            ));
        }
        if !out.is_empty() {
            return Decision::CannotTell(format!(
                "it cannot be told from the key's policy whether {}",
                told(&out)
            ));
        }
        if to.means_the_same(document) {
            if untaken {
                return Decision::ByHand(
                    "a known statement was lost whose variables the `Version` of the key's policy does not know; \
                     put both back by hand"
                        .into(),
                );
            }
            let open = may_be_denied(document, key, baseline, settings);
            return match open.filter(|_| wish.owner) {
                Some(why) => Decision::CannotTell(why),
                None => Decision::Safe,
            };
        }
        let missing = locked_out(document, key, wish, settings);
        if !missing.is_empty() {
            done.push(format!(
                "add the statements that are missing: {}",
                told(&missing)
            ));
        } else if done.is_empty() {
            done.push("give Auditward's roles their statements back".to_owned());
        }
        if to.as_json().len() > LIMIT {
            return Decision::ByHand(format!(
                "the mended policy would be longer than the {LIMIT} bytes that KMS takes; shorten it by hand"
            ));
        }
        Decision::Change(Change {
            to: PolicyState::Document(to),
            evidence_on,
            first: Vec::new(),
            why: done.join("; "),
            confirm: false,
        })
    }

    fn evidence(wish: &KeyPolicyWish) -> Option<KeyPolicyWish> {
        let more = wish.owner || wish.outsiders;
        (more && !wish.trails.is_empty()).then(|| KeyPolicyWish {
            trails: wish.trails.clone(),
            ..KeyPolicyWish::default()
        })
    }

    fn compare(live: &PolicyState, known: &PolicyState) -> Standing {
        live.standing(known)
    }

    fn same(one: &PolicyState, other: &PolicyState) -> bool {
        one.same(other)
    }

    fn writable(state: &PolicyState) -> bool {
        *state != PolicyState::Absent
    }

    fn tell(state: &PolicyState) -> String {
        state.tell()
    }
}
