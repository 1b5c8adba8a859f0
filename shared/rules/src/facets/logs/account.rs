//! Policies that hold for all log groups of an account and region.

use serde::{Deserialize, Serialize};

use super::{Outsider, same_json};
use crate::facet::{Decision, Facet, Scene, Standing};

/// The facet of one account policy: its ARN here is of our own making,
/// `arn:aws:logs:REGION:ACCOUNT:account-policy:TYPE:NAME`, as AWS has none.
#[derive(Debug)]
pub struct AccountLogPolicy;

/// An account policy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountPolicy {
    /// Its text; no IAM policy.
    pub document: String,
    /// Which log groups it is about; all where there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub criteria: Option<String>,
}

/// What must hold.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
pub struct AccountPolicyWish {
    /// Whether what the event put sends logs to an outsider.
    pub outsider: Outsider,
    /// Where nothing is recorded, all is as it should be. Otherwise a person is told.
    pub if_known: bool,
}

impl AccountPolicy {
    fn same(&self, other: &Self) -> bool {
        same_json(&self.document, &other.document) && self.criteria == other.criteria
    }
}

impl Facet for AccountLogPolicy {
    const KIND: &'static str = "account-log-policy";
    /// `None`: there is no such policy.
    type State = Option<AccountPolicy>;
    type Wish = AccountPolicyWish;

    fn decide(
        live: &Self::State,
        wish: &AccountPolicyWish,
        baseline: Option<&Self::State>,
        _: Scene<'_>,
    ) -> Decision<Self::State> {
        if let Some(Some(known)) = baseline {
            if live.as_ref().is_some_and(|live| live.same(known)) {
                return Decision::Safe;
            }
            let to = Some(known.clone());
            return Decision::change(to, "put the recorded account policy back");
        }
        if live.is_none() && (baseline.is_some() || wish.outsider != Outsider::No) {
            return Decision::Safe;
        }
        match wish.outsider {
            Outsider::Yes => {
                let away =
                    Decision::change(None, "delete the account policy that sends logs outside");
                match baseline {
                    Some(_) => away,
                    None => away.once_confirmed(),
                }
            }
            Outsider::CannotTell => Decision::CannotTell(
                "whether the destination's account is ours is not known; name it under `ours` if it is".into(),
            ),
            Outsider::No if wish.if_known || baseline.is_some() => Decision::Safe,
            Outsider::No => Decision::ByHand(
                "the account policy is not recorded; put the one that belongs there".into(),
            ),
        }
    }

    fn compare(live: &Self::State, known: &Self::State) -> Standing {
        match (live, known) {
            (None, None) => Standing::Equal,
            (Some(live), Some(known)) if live.same(known) => Standing::Equal,
            _ => Standing::Incomparable,
        }
    }

    fn tell(state: &Self::State) -> String {
        state.as_ref().map_or_else(
            || "no account policy".into(),
            |policy| format!("an account policy of {} bytes", policy.document.len()),
        )
    }
}
