//! Who may use and manage a key.
//!
//! A lock-out from a key cannot be undone by anybody but AWS support, so that
//! statements are given back while they still can be. Outsiders alone are taken
//! out, and never so that the owner could not manage the key any longer: a Deny
//! that locks somebody out is told to a person.

use auditward_policy::cloudtrail::{add_missing_key, key_delivers};
use auditward_policy::{Document, Kind, Statement, Tri, principal_allowed};
use serde::{Deserialize, Serialize};

use crate::arn::Arn;
use crate::facet::{Change, Decision, Facet, PolicyState, Scene, Standing};
use crate::settings::Settings;

use super::lock::{
    Lock, LockedOut, delivery, guard_roles, locked_out, may_be_denied, owner, owner_manages,
    principals,
};
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
        if owner_manages(&document, key, settings) == Tri::No {
            for statement in recorded.iter().filter(serves_owner) {
                evidence_only &= !document.statement_append(statement);
            }
        }
        if owner_manages(&document, key, settings) == Tri::No
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
        let out = locked_out(&to, key, wish, baseline, settings);
        let told = |out: &[LockedOut]| {
            out.iter()
                .map(|one| one.who.clone())
                .collect::<Vec<_>>()
                .join("; ")
        };
        // A Deny must not keep an outsider in: what can be written in spite of it is
        // written first, and the Deny is told once nothing else is left.
        let is_due = !to.means_the_same(document);
        let goes_first = is_due && out.iter().all(|one| one.lock == Lock::Guarding);
        if !goes_first && out.iter().any(|one| !one.unclear) {
            return Decision::ByHand(format!(
                "{}, and only a Deny can be why; take it out of the key's policy while somebody still can",
                told(&out)
            ));
        }
        if !goes_first && !out.is_empty() {
            return Decision::CannotTell(format!(
                "it cannot be told from the key's policy whether {}",
                told(&out)
            ));
        }
        if !is_due {
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
        let mut missing = locked_out(document, key, wish, baseline, settings);
        missing.retain(|one| one.lock == Lock::Use);
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
