//! Whether a policy is attached to a root, a unit or an account.

use auditward_policy::Document;
use auditward_policy::cloudtrail::Delivery;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::needs::{InTheWay, in_the_way};
use crate::arn::{is_account, partition_of};
use crate::facet::{At, Decision, Facet, PolicyState, Scene, Standing};
use crate::inventory::TrailUse;
use crate::settings::Settings;

/// Whether a policy is attached to a target. The resource is the target, the
/// item is the policy's ID.
#[derive(Debug)]
pub struct OrganizationAttachment;

/// A policy and whether it is attached to the target.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Attached {
    /// Whether it is.
    pub attached: bool,
    /// The policy's type: `SERVICE_CONTROL_POLICY`.
    pub sort: String,
    /// What the policy says.
    pub policy: PolicyState,
}

/// What must hold of an attachment.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AttachmentWish {
    /// It is there.
    There,
    /// It is gone, should the policy deny Auditward or CloudTrail what they need.
    OutOfTheWay {
        /// The trails that must get through.
        trails: Vec<TrailUse>,
        /// When the event attached it.
        at: Option<DateTime<Utc>>,
    },
}

impl Attached {
    /// What an event wrote, which does not tell what the policy says.
    pub fn written(attached: bool) -> Option<Self> {
        Some(Self {
            attached,
            sort: String::new(),
            policy: PolicyState::Absent,
        })
    }
}

impl Facet for OrganizationAttachment {
    const KIND: &'static str = "organization-attachment";
    /// `None`: there is no such policy or no such target.
    type State = Option<Attached>;
    type Wish = AttachmentWish;

    fn decide(
        live: &Self::State,
        wish: &AttachmentWish,
        baseline: Option<&Self::State>,
        scene: Scene<'_>,
    ) -> Decision<Self::State> {
        let with = |live: &Attached, attached: bool| {
            Some(Attached {
                attached,
                ..live.clone()
            })
        };
        match (wish, live) {
            (AttachmentWish::There, None) => Decision::ByHand(
                "the policy or what it was attached to is gone; make it anew and attach it".into(),
            ),
            (AttachmentWish::There, Some(live)) if live.attached => Decision::Safe,
            (AttachmentWish::There, Some(live)) => {
                Decision::change(with(live, true), "attach the policy again")
            }
            (AttachmentWish::OutOfTheWay { .. }, None) => Decision::Safe,
            (AttachmentWish::OutOfTheWay { .. }, Some(live)) if !live.attached => Decision::Safe,
            (AttachmentWish::OutOfTheWay { trails, .. }, Some(live)) => {
                let known = baseline
                    .is_some_and(|known| known.as_ref().is_some_and(|known| known.attached));
                match denied(live, trails, scene) {
                    Err(why) => Decision::CannotTell(why),
                    Ok(None) => Decision::Safe,
                    Ok(Some(InTheWay::Wide(why))) => Decision::ByHand(format!(
                        "{why}; if it is no quarantine, detach it, or spare Auditward's roles in it"
                    )),
                    Ok(Some(InTheWay::Aimed(why))) if known => Decision::ByHand(format!(
                        "{why}, and was attached before the event; detach it if that is not meant"
                    )),
                    // An attachment has no time of its own: the event history must tell.
                    Ok(Some(InTheWay::Aimed(why))) => {
                        Decision::change(with(live, false), format!("detach the policy: {why}"))
                            .once_confirmed()
                    }
                }
            }
        }
    }

    fn compare(live: &Self::State, known: &Self::State) -> Standing {
        let same = match (live, known) {
            (None, None) => true,
            (Some(live), Some(known)) => {
                // What an event wrote is known without what the policy says.
                let untold = [live, known]
                    .iter()
                    .any(|one| one.policy == PolicyState::Absent);
                live.attached == known.attached && (untold || live.policy.same(&known.policy))
            }
            _ => false,
        };
        if same {
            Standing::Equal
        } else {
            Standing::Incomparable
        }
    }

    fn writable(state: &Self::State) -> bool {
        state.is_some()
    }

    fn tell(state: &Self::State) -> String {
        match state {
            None => "no such policy or target",
            Some(live) if live.attached => "attached",
            Some(_) => "not attached",
        }
        .into()
    }
}

/// What the policy denies those who keep the evidence on.
fn denied(
    live: &Attached,
    trails: &[TrailUse],
    scene: Scene<'_>,
) -> Result<Option<InTheWay>, String> {
    let document = match &live.policy {
        PolicyState::Document(document) => document,
        PolicyState::Absent => return Ok(None),
        PolicyState::Unparsable { error, .. } => {
            return Err(format!("what the policy says cannot be parsed: {error}"));
        }
    };
    let target = scene.at.name();
    let account = if is_account(target) {
        target
    } else {
        &scene.at.account
    };
    let at = At::new(account, &scene.at.region, "");
    let resource_control = live.sort == "RESOURCE_CONTROL_POLICY";
    Ok(obstacle(
        document,
        resource_control,
        &at,
        trails,
        scene.settings,
    ))
}

/// What a policy denies Auditward in an account, or CloudTrail. Any account
/// will do where the policy holds for a unit: policies speak of roles in all
/// accounts alike.
pub fn obstacle(
    document: &Document,
    resource_control: bool,
    at: &At,
    trails: &[TrailUse],
    settings: &Settings,
) -> Option<InTheWay> {
    let At {
        account, region, ..
    } = at;
    let partition = partition_of(region);
    let own = settings.roles.guard.first();
    let name = own.map_or_else(
        || "auditward-member".to_owned(),
        |own| own.replace('*', "member"),
    );
    let guard = format!("arn:{partition}:iam::{account}:role/{name}");
    let mut deliveries: Vec<Delivery> = trails.iter().map(TrailUse::delivery).collect();
    if deliveries.is_empty() {
        deliveries.push(
            TrailUse {
                trail: format!("arn:{partition}:cloudtrail:{region}:{account}:trail/any"),
                bucket: "any-trail-bucket".into(),
                ..TrailUse::default()
            }
            .delivery(),
        );
    }
    in_the_way(document, resource_control, &guard, &deliveries)
}
