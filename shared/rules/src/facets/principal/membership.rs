//! Who is in a privileged group.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{Gives, is_new, tells};
use crate::facet::{Decision, Facet, Scene, Standing};

/// Whether a user, the resource's item, is in a group.
#[derive(Debug)]
pub struct Membership;

/// A member of a group.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Member {
    /// The user's ARN with its path.
    pub user: String,
    /// Its unique ID (`AROA…`, `AIDA…`), by which one made anew under its name differs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// When the user was created.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created: Option<DateTime<Utc>>,
    /// What the group's policies give.
    pub power: Gives,
}

/// What must hold: that the user is not in the group, if it is privileged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MembershipWish {
    /// Whether the settings name the group. Otherwise its power decides.
    pub privileged: bool,
    /// When the event added the user.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<DateTime<Utc>>,
}

impl Facet for Membership {
    const KIND: &'static str = "group-membership";
    /// `None`: the user is not in the group.
    type State = Option<Member>;
    type Wish = MembershipWish;

    fn decide(
        live: &Self::State,
        wish: &MembershipWish,
        baseline: Option<&Self::State>,
        scene: Scene<'_>,
    ) -> Decision<Self::State> {
        let Some(member) = live else {
            return Decision::Safe;
        };
        let (user, group) = (&member.user, scene.at.name());
        match member.power.power(scene) {
            _ if scene.settings.is_approved(user, member.id.as_deref()) => return Decision::Safe,
            _ if wish.privileged => {}
            Some(true) => {}
            Some(false) => return Decision::Safe,
            None => {
                return Decision::CannotTell(format!(
                    "{user} came into the group {group}, and what the group may do could not be told"
                ));
            }
        }
        let away = Decision::change(None, format!("take {user} out of the group {group}"));
        match baseline {
            Some(Some(_)) => Decision::ByHand(format!(
                "{user} was in the group {group} before; take the user out if that is not meant"
            )),
            _ if is_new(member.created, wish.at) => away,
            Some(None) if tells(scene, wish.at) => away,
            Some(None) | None => away.once_confirmed(),
        }
    }

    fn compare(live: &Self::State, known: &Self::State) -> Standing {
        if live.is_some() == known.is_some() {
            Standing::Equal
        } else {
            Standing::Incomparable
        }
    }

    fn tell(state: &Self::State) -> String {
        match state {
            None => "not in the group".into(),
            Some(member) => format!("{} is in the group", member.user),
        }
    }
}
