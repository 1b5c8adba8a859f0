//! The managed policies that are attached to a principal.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{Gives, is_new, tells};
use crate::facet::{Decision, Facet, Scene, Standing};
use crate::facets::role::RECOVERY;

/// The managed policies attached to a principal.
#[derive(Debug)]
pub struct Attachments;

/// A principal and the managed policies attached to it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Attached {
    /// The principal's ARN with its path, which events do not have.
    pub principal: String,
    /// Its unique ID (`AROA…`, `AIDA…`), by which one made anew under its name differs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// When the principal was created.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created: Option<DateTime<Utc>>,
    /// What each policy gives, by its ARN.
    pub policies: BTreeMap<String, Gives>,
    /// What the principal's permissions boundary leaves of that, where it has one.
    /// It is read where a policy may give anything.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub boundary: Option<Gives>,
}

/// What must hold of a principal's attachments.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AttachmentsWish {
    /// This policy is not attached, unless the principal may have it.
    Without {
        /// The policy's ARN.
        policy: String,
        /// When the event attached it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        at: Option<DateTime<Utc>>,
    },
    /// They are as recorded: for roles that Auditward depends on.
    Baseline,
    /// They are as recorded; where that is not known, this policy is not attached, if
    /// it gives power: for such a role once it was given one. No role of the stack has
    /// a policy of that kind, and anybody may make a role with such a name.
    BaselineOrWithout {
        /// The policy's ARN.
        policy: String,
        /// When the event attached it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        at: Option<DateTime<Utc>>,
    },
}

impl Facet for Attachments {
    const KIND: &'static str = "attachments";
    /// `None`: there is no such principal.
    type State = Option<Attached>;
    type Wish = AttachmentsWish;

    fn decide(
        live: &Self::State,
        wish: &AttachmentsWish,
        baseline: Option<&Self::State>,
        scene: Scene<'_>,
    ) -> Decision<Self::State> {
        match wish {
            AttachmentsWish::Without { policy, at } => {
                without(policy, *at, live.as_ref(), baseline, scene)
            }
            AttachmentsWish::Baseline => as_recorded(live.as_ref(), baseline, scene),
            AttachmentsWish::BaselineOrWithout { policy, at } => {
                let attached = live.as_ref().filter(|_| !matches!(baseline, Some(Some(_))));
                match attached.map(|live| live.policies.contains_key(policy)) {
                    None => as_recorded(live.as_ref(), baseline, scene),
                    Some(false) => Decision::Safe,
                    Some(true) => match without(policy, *at, live.as_ref(), None, scene) {
                        // A Deny disarms such a role as well.
                        Decision::Safe => as_recorded(live.as_ref(), None, scene),
                        other => other,
                    },
                }
            }
        }
    }

    fn compare(live: &Self::State, known: &Self::State) -> Standing {
        match (live, known) {
            (None, None) => Standing::Equal,
            (Some(live), Some(known)) if live.as_known(known) => Standing::Equal,
            _ => Standing::Incomparable,
        }
    }

    fn writable(state: &Self::State) -> bool {
        state.is_some()
    }

    fn tell(state: &Self::State) -> String {
        let Some(attached) = state else {
            return "no such principal".into();
        };
        let policies: Vec<&str> = attached.policies.keys().map(String::as_str).collect();
        match policies.as_slice() {
            [] => "no managed policy attached".into(),
            policies => format!("attached: {}", policies.join(", ")),
        }
    }
}

impl Attached {
    /// Whether the same policies are attached and none has gained power since.
    fn as_known(&self, known: &Self) -> bool {
        self.policies.len() == known.policies.len()
            && self.policies.iter().all(|(arn, gives)| {
                known.policies.get(arn).is_some_and(|before| {
                    gives.power_over_any() != Some(true) || before.power_over_any() != Some(false)
                })
            })
    }

    /// Whether the same policies are attached.
    fn attaches_as(&self, other: &Self) -> bool {
        self.policies.keys().eq(other.policies.keys())
    }
}

/// Detaches one policy, where it is proven that it was not attached before.
fn without(
    policy: &str,
    at: Option<DateTime<Utc>>,
    live: Option<&Attached>,
    baseline: Option<&Option<Attached>>,
    scene: Scene<'_>,
) -> Decision<Option<Attached>> {
    let Some(live) = live else {
        return Decision::Safe;
    };
    let Some(gives) = live.policies.get(policy) else {
        return Decision::Safe;
    };
    if scene
        .settings
        .is_approved(&live.principal, live.id.as_deref())
    {
        return Decision::Safe;
    }
    let (name, principal) = (policy.rsplit('/').next().unwrap_or(policy), &live.principal);
    match gives.power(scene) {
        Some(false) => return Decision::Safe,
        Some(true) => {}
        None => {
            return Decision::CannotTell(format!(
                "{name} is attached to {principal}, and what its default version allows could not be told; read it, \
                 and detach it or add {principal} to `approved`"
            ));
        }
    }
    match live.boundary.as_ref().map(|left| left.power(scene)) {
        Some(Some(false)) => return Decision::Safe,
        Some(Some(true)) | None => {}
        Some(None) => {
            return Decision::CannotTell(format!(
                "{name} gives power over trails, and what the permissions boundary of {principal} leaves of it could not \
                 be told; read it, and detach {name} or add {principal} to `approved`"
            ));
        }
    }
    let mut to = live.clone();
    to.policies.remove(policy);
    let detach = |proof: &str| Decision::change(Some(to), format!("detach {name}: {proof}"));
    match baseline {
        Some(Some(known)) if known.policies.contains_key(policy) => Decision::ByHand(format!(
            "{name} gives {principal} the power to change trails, and was attached before the event, so that detaching it \
             may break what depends on it; detach it, or add {principal} to `approved`"
        )),
        _ if is_new(live.created, at) => detach("the principal is as new as that"),
        Some(_) if tells(scene, at) => detach("it is not among the ones recorded just before"),
        // Who attaches what is attached already is told no difference, so that the
        // history must also have no earlier event of the kind.
        _ => detach("the event history has the event that attached it, and none before")
            .once_confirmed(),
    }
}

/// Attaches what was lost, and detaches what is new.
fn as_recorded(
    live: Option<&Attached>,
    baseline: Option<&Option<Attached>>,
    scene: Scene<'_>,
) -> Decision<Option<Attached>> {
    let role = scene.at.name();
    let Some(live) = live else {
        return Decision::ByHand(format!("{role} is gone; {RECOVERY}"));
    };
    let Some(Some(known)) = baseline else {
        return Decision::ByHand(format!(
            "what was attached to {role} is not recorded; compare it with the template, or {RECOVERY}"
        ));
    };
    if live.attaches_as(known) {
        return Decision::Safe;
    }
    // What a role that merely has such a name had when it was seen first may be the attack.
    let lost = |arn: &String, gives: &Gives| {
        !live.policies.contains_key(arn) && gives.power(scene) == Some(true)
    };
    let stacks = scene
        .settings
        .is_stack_role(&scene.at.resource, scene.inventory);
    if let Some((arn, _)) = known
        .policies
        .iter()
        .find(|(arn, gives)| !stacks && lost(arn, gives))
    {
        return Decision::ByHand(format!(
            "{role} lost {arn}, which gives power over trails, and the stack makes no role of that name; attach it by \
             hand if it is meant, or name the role in full under `roles.guard`"
        ));
    }
    let to = Attached {
        policies: known.policies.clone(),
        ..live.clone()
    };
    Decision::change(Some(to), "attach what was lost, and detach what is new")
}

#[cfg(test)]
mod tests;
