//! To whom a log group's events are sent.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Outsider;
use super::group::tell_names;
use crate::arn::Arn;
use crate::facet::{Decision, Facet, Scene};

/// The facet of a log group's subscription filters, all of them together: a
/// filter under a new name is known to be none of the recorded ones.
#[derive(Debug)]
pub struct SubscriptionFilters;

/// A subscription filter.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Subscription {
    /// The stream's, function's or destination's ARN.
    pub destination: String,
    /// Which events are sent.
    pub pattern: String,
    /// The role that CloudWatch Logs sends with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub role: Option<String>,
    /// `Random` or `ByLogStream`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub distribution: Option<String>,
    /// Whether events are sent as a transformer left them.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub transformed: bool,
    /// Which log groups and regions' events are sent, where the filter chooses.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub criteria: Option<String>,
    /// What is sent along: `@aws.account`, `@aws.region`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub system_fields: Vec<String>,
}

/// What must hold.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
pub struct FiltersWish {
    /// What an event subscribed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub destination: Option<String>,
    /// Whether that belongs to an outsider.
    pub outsider: Outsider,
    /// Where nothing is recorded, all is as it should be. Otherwise a person is told.
    pub if_known: bool,
}

type Filters = BTreeMap<String, Subscription>;

impl Facet for SubscriptionFilters {
    const KIND: &'static str = "subscription-filters";
    /// By name.
    type State = Filters;
    type Wish = FiltersWish;

    fn decide(
        live: &Filters,
        wish: &FiltersWish,
        baseline: Option<&Filters>,
        scene: Scene<'_>,
    ) -> Decision<Filters> {
        let subscribed =
            |filter: &Subscription| Some(&filter.destination) == wish.destination.as_ref();
        let is_new = |name: &str, filter: &Subscription| {
            baseline.is_none_or(|known| known.get(name) != Some(filter))
        };
        let leaves = |name: &str, filter: &Subscription| {
            is_new(name, filter)
                && match wish.outsider {
                    Outsider::Yes if subscribed(filter) => true,
                    // What is not recorded came after the recording.
                    _ => baseline.is_some() && goes_outside(&filter.destination, scene),
                }
        };
        let mut to = live.clone();
        to.retain(|name, filter| !leaves(name, filter));
        let mut done: Vec<String> = live
            .iter()
            .filter(|(name, _)| !to.contains_key(*name))
            .map(|(name, filter)| format!("remove filter {name} to {}", filter.destination))
            .collect();
        for (name, filter) in baseline.into_iter().flatten() {
            if to.get(name) != Some(filter) {
                done.push(format!("put filter {name} back"));
                to.insert(name.clone(), filter.clone());
            }
        }
        if !done.is_empty() {
            let change = Decision::change(to, done.join("; "));
            return match baseline {
                Some(_) => change,
                None => change.once_confirmed(),
            };
        }
        let left =
            |(name, filter): (&String, &Subscription)| subscribed(filter) && is_new(name, filter);
        if wish.outsider == Outsider::CannotTell && live.iter().any(left) {
            return Decision::CannotTell(
                "whether the destination's account is ours is not known; name it under `ours` if it is".into(),
            );
        }
        if baseline.is_none() && !wish.if_known && wish.outsider == Outsider::No {
            return Decision::ByHand(
                "the subscription filters are not recorded; check that the central one is there"
                    .into(),
            );
        }
        Decision::Safe
    }

    fn tell(state: &Filters) -> String {
        tell_names("subscription filters", state)
    }
}

/// Whether a destination surely belongs to an outsider. Which accounts are in an
/// organization is not known here.
fn goes_outside(destination: &str, scene: Scene<'_>) -> bool {
    let zone = scene.zone;
    zone.org_id.is_none()
        && Arn::parse(destination).is_some_and(|arn| {
            !zone.trusts_account(arn.account) && zone.partner(arn.account).is_none()
        })
}
