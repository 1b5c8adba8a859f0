//! One inline policy of a principal.

use std::collections::BTreeMap;

use auditward_policy::power::{Verdict, tampering};
use auditward_policy::sharing::wider_than_folders;
use auditward_policy::{Document, Statement, Tri};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{inline_name, is_new, tells};
use crate::facet::{Decision, Facet, PolicyState, Scene, Standing};

/// One inline policy of a principal, the resource's item.
#[derive(Debug)]
pub struct InlinePolicy;

/// A principal and one of its inline policies.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Inline {
    /// The principal's ARN with its path, which events do not have.
    pub principal: String,
    /// Its unique ID (`AROA…`, `AIDA…`), by which one made anew under its name differs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// When the principal was created.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created: Option<DateTime<Utc>>,
    /// The policy of this name, if there is one.
    pub policy: PolicyState,
}

/// What must hold of an inline policy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum InlineWish {
    /// It gives no power to tamper, unless the principal may have it.
    Harmless {
        /// When the event wrote it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        at: Option<DateTime<Utc>>,
    },
    /// It is there, where it is among the recorded ones.
    Recorded,
    /// It reads no more of these buckets than these folders of each: all that is
    /// shared with the partner whose role it is.
    Shared {
        /// When the event wrote it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        at: Option<DateTime<Utc>>,
        /// The folders by bucket.
        folders: BTreeMap<String, Vec<String>>,
    },
}

impl Facet for InlinePolicy {
    const KIND: &'static str = "inline-policy";
    /// `None`: there is no such principal.
    type State = Option<Inline>;
    type Wish = InlineWish;

    fn decide(
        live: &Self::State,
        wish: &InlineWish,
        baseline: Option<&Self::State>,
        scene: Scene<'_>,
    ) -> Decision<Self::State> {
        match (live, wish) {
            (None, InlineWish::Harmless { .. } | InlineWish::Shared { .. }) => Decision::Safe,
            (Some(live), InlineWish::Harmless { at }) => harmless(live, *at, baseline, scene),
            (Some(live), InlineWish::Shared { at, folders }) => {
                shared(live, *at, folders, baseline, scene)
            }
            (live, InlineWish::Recorded) => recorded(live.as_ref(), baseline, scene),
        }
    }

    fn compare(live: &Self::State, known: &Self::State) -> Standing {
        match (live, known) {
            (None, None) => Standing::Equal,
            (Some(live), Some(known)) if live.policy.same(&known.policy) => Standing::Equal,
            _ => Standing::Incomparable,
        }
    }

    fn writable(state: &Self::State) -> bool {
        state.is_some()
    }

    fn tell(state: &Self::State) -> String {
        match state {
            None => "no such principal".into(),
            Some(Inline {
                policy: PolicyState::Absent,
                ..
            }) => "no inline policy of this name".into(),
            Some(inline) => format!("an inline policy: {}", inline.policy.tell()),
        }
    }
}

/// What a policy gives.
fn power(policy: &PolicyState, scene: Scene<'_>) -> Verdict {
    match policy {
        PolicyState::Absent => Verdict::No,
        PolicyState::Document(document) => {
            tampering(document, &scene.settings.measure(scene.inventory))
        }
        PolicyState::Unparsable { error, .. } => {
            Verdict::CannotTell(format!("it cannot be parsed: {error}"))
        }
    }
}

/// Deletes a policy that gives power, where it is proven to be new, and puts
/// back the one that it overwrote.
fn harmless(
    live: &Inline,
    at: Option<DateTime<Utc>>,
    baseline: Option<&Option<Inline>>,
    scene: Scene<'_>,
) -> Decision<Option<Inline>> {
    if scene
        .settings
        .is_approved(&live.principal, live.id.as_deref())
    {
        return Decision::Safe;
    }
    let Inline { principal, .. } = live;
    let name = inline_name(scene.at).unwrap_or("?");
    match power(&live.policy, scene) {
        Verdict::No => return Decision::Safe,
        Verdict::CannotTell(why) => {
            return Decision::CannotTell(format!(
                "what the inline policy {name} gives {principal} cannot be told: {why}"
            ));
        }
        Verdict::Yes(_) => {}
    }
    let with = |policy: PolicyState| {
        Some(Inline {
            policy,
            ..live.clone()
        })
    };
    let delete = |proof: &str| {
        let why = format!("delete the inline policy {name}: {proof}");
        Decision::change(with(PolicyState::Absent), why)
    };
    let unproven = match baseline {
        Some(Some(known)) if known.policy != PolicyState::Absent => {
            if power(&known.policy, scene) == Verdict::No {
                let why = format!("put the recorded inline policy {name} back");
                return Decision::change(with(known.policy.clone()), why);
            }
            "the recorded one gave power as well, so that taking it away may break what depends on it"
        }
        _ if is_new(live.created, at) => return delete("the principal is as new as that"),
        Some(_) if tells(scene, at) => {
            return delete("it is not among the ones recorded just before");
        }
        Some(_) => "it may have come at any time since its absence was recorded",
        None => "it may have been there before the event: nothing proves otherwise",
    };
    Decision::ByHand(format!(
        "the inline policy {name} gives {principal} the power to change trails, and {unproven}; \
         delete or narrow it, or add {principal} to `approved`"
    ))
}

/// The positions of the statements that reach beyond what is shared.
fn wider(document: &Document, folders: &BTreeMap<String, Vec<String>>) -> Vec<usize> {
    let of_each = folders
        .iter()
        .flat_map(|(bucket, folders)| wider_than_folders(document, bucket, folders));
    of_each.collect()
}

/// Puts back what was recorded in the place of a policy that reaches beyond what
/// is shared; where nothing is, takes out the statements that do.
fn shared(
    live: &Inline,
    at: Option<DateTime<Utc>>,
    folders: &BTreeMap<String, Vec<String>>,
    baseline: Option<&Option<Inline>>,
    scene: Scene<'_>,
) -> Decision<Option<Inline>> {
    let name = inline_name(scene.at).unwrap_or("?");
    let document = match &live.policy {
        PolicyState::Absent => return Decision::Safe,
        PolicyState::Unparsable { error, .. } => {
            return Decision::CannotTell(format!(
                "the inline policy {name} cannot be parsed: {error}"
            ));
        }
        PolicyState::Document(document) => document,
    };
    let beyond = wider(document, folders);
    if beyond.is_empty() {
        return Decision::Safe;
    }
    let with = |policy: PolicyState| {
        Some(Inline {
            policy,
            ..live.clone()
        })
    };
    let known = baseline.and_then(Option::as_ref).map(|known| &known.policy);
    match known {
        Some(PolicyState::Document(before)) if wider(before, folders).is_empty() => {
            let why = format!("put the recorded inline policy {name} back");
            return Decision::change(with(PolicyState::Document(before.clone())), why);
        }
        None if baseline.is_none() && is_new(live.created, at) => {
            let why = format!("delete the inline policy {name}: the principal is as new as that");
            return Decision::change(with(PolicyState::Absent), why);
        }
        _ => {}
    }
    let statements = document.statements().iter().enumerate();
    let left: Vec<Statement> = statements
        .filter(|(index, _)| !beyond.contains(index))
        .map(|(_, statement)| statement.clone())
        .collect();
    if left.is_empty() {
        return Decision::ByHand(format!(
            "all that the inline policy {name} of {} says reaches beyond what is shared, and what it said before is \
             not recorded; write it again with what is shared (`auditward share`), or delete it",
            live.principal
        ));
    }
    Decision::change(
        with(PolicyState::Document(document.with_statements(&left))),
        format!("take what reaches beyond what is shared out of the inline policy {name}"),
    )
}

/// Puts a policy back that was recorded and is gone. What is there under its
/// name is somebody's later doing, and judged when it is written.
fn recorded(
    live: Option<&Inline>,
    baseline: Option<&Option<Inline>>,
    scene: Scene<'_>,
) -> Decision<Option<Inline>> {
    let name = inline_name(scene.at).unwrap_or("?");
    let who = scene.at.name();
    let Some(live) = live else {
        return Decision::ByHand(format!("{who} is gone, and its policies with it"));
    };
    if live.policy != PolicyState::Absent {
        return Decision::Safe;
    }
    let known_by = |arn| scene.settings.knows_principal(arn, scene.inventory);
    let Some(known) = baseline else {
        // Without its path it may have been taken for a guarded one.
        if known_by(&scene.at.resource) == Tri::CannotTell && known_by(&live.principal) == Tri::No {
            return Decision::Safe;
        }
        return Decision::ByHand(format!(
            "what the inline policy {name} of {who} said is not recorded; write it again if it denied anything"
        ));
    };
    let Some(known) = known
        .as_ref()
        .filter(|known| known.policy != PolicyState::Absent)
    else {
        return Decision::Safe;
    };
    if power(&known.policy, scene) != Verdict::No {
        return Decision::ByHand(format!(
            "the recorded inline policy {name} of {who} gave power over trails; write it again by hand if it is meant"
        ));
    }
    let to = Inline {
        policy: known.policy.clone(),
        ..live.clone()
    };
    Decision::change(
        Some(to),
        format!("put the recorded inline policy {name} back"),
    )
}
