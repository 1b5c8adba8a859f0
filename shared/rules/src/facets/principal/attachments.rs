//! The managed policies that are attached to a principal.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::is_new;
use crate::facet::{Decision, Facet, Scene, Standing};
use crate::facets::role::RECOVERY;

/// The managed policies attached to a principal.
#[derive(Debug)]
pub struct Attachments;

/// A principal and the managed policies attached to it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attached {
    /// The principal's ARN with its path, which events do not have.
    pub principal: String,
    /// When the principal was created.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created: Option<DateTime<Utc>>,
    /// By ARN, whether the policy gives the power to tamper with the evidence;
    /// `None` where that could not be told.
    pub policies: BTreeMap<String, Option<bool>>,
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
            && self.policies.iter().all(|(arn, power)| {
                known
                    .policies
                    .get(arn)
                    .is_some_and(|before| *power != Some(true) || *before != Some(false))
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
    let Some(power) = live.policies.get(policy) else {
        return Decision::Safe;
    };
    if scene.settings.is_approved(&live.principal) {
        return Decision::Safe;
    }
    let (name, principal) = (policy.rsplit('/').next().unwrap_or(policy), &live.principal);
    match power {
        Some(false) => return Decision::Safe,
        Some(true) => {}
        None => {
            return Decision::CannotTell(format!(
                "{name} is attached to {principal}, and what its default version allows could not be told; read it, \
                 and detach it or add {principal} to `approved`"
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
        Some(_) => detach("it is not among the recorded ones"),
        None if is_new(live.created, at) => detach("the principal is as new as that"),
        None => detach("the event history has the event that attached it").once_confirmed(),
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
    let to = Attached {
        policies: known.policies.clone(),
        ..live.clone()
    };
    Decision::change(Some(to), "attach what was lost, and detach what is new")
}

#[cfg(test)]
mod tests {
    use auditward_policy::Zone;
    use chrono::{TimeDelta, TimeZone};
    use proptest::prelude::*;

    use super::*;
    use crate::facet::At;
    use crate::inventory::Inventory;
    use crate::settings::Settings;

    const ADMIN: &str = "arn:aws:iam::aws:policy/AdministratorAccess";
    const READ: &str = "arn:aws:iam::aws:policy/ReadOnlyAccess";
    const CUSTOM: &str = "arn:aws:iam::111111111111:policy/DenyAdministratorAccess";
    const USER: &str = "arn:aws:iam::111111111111:user/ci/ci-legacy";

    fn noon() -> DateTime<Utc> {
        Utc.with_ymd_and_hms(2026, 11, 12, 12, 0, 0).unwrap()
    }

    /// Created an hour before noon.
    fn attached(policies: &[(&str, Option<bool>)]) -> Attached {
        Attached {
            principal: USER.into(),
            created: Some(noon() - TimeDelta::hours(1)),
            policies: policies
                .iter()
                .map(|(arn, power)| ((*arn).to_owned(), *power))
                .collect(),
        }
    }

    fn under(
        settings: &Settings,
        live: &Option<Attached>,
        wish: &AttachmentsWish,
        baseline: Option<&Option<Attached>>,
    ) -> Decision<Option<Attached>> {
        let zone = Zone::new(["111111111111"], None);
        let at = At::new(
            "111111111111",
            "us-east-1",
            "arn:aws:iam::111111111111:user/ci-legacy",
        );
        Attachments::decide(
            live,
            wish,
            baseline,
            Scene {
                now: noon(),
                settings,
                inventory: &Inventory::default(),
                zone: &zone,
                at: &at,
            },
        )
    }

    fn decide(
        live: Attached,
        policy: &str,
        baseline: Option<&Option<Attached>>,
    ) -> Decision<Option<Attached>> {
        let wish = AttachmentsWish::Without {
            policy: policy.into(),
            at: Some(noon()),
        };
        under(&Settings::default(), &Some(live), &wish, baseline)
    }

    fn change(decision: Decision<Option<Attached>>) -> Attached {
        match decision {
            Decision::Change(change) => change.to.unwrap(),
            other => panic!("expected a change, got {other:?}"),
        }
    }

    #[test]
    fn only_what_the_event_provably_attached_is_detached() {
        let live = attached(&[(ADMIN, Some(true)), (READ, Some(false))]);
        let rest = attached(&[(READ, Some(false))]);
        assert_eq!(
            change(decide(live.clone(), ADMIN, Some(&Some(rest.clone())))),
            rest
        );
        assert_eq!(
            change(decide(live.clone(), ADMIN, Some(&None))),
            rest,
            "the principal is new since"
        );

        let before = decide(live.clone(), ADMIN, Some(&Some(live.clone())));
        assert!(
            matches!(&before, Decision::ByHand(why) if why.contains("before the event")),
            "{before:?}"
        );
        let unproven = decide(live.clone(), ADMIN, None);
        assert!(
            matches!(&unproven, Decision::Change(change) if change.confirm),
            "{unproven:?}"
        );

        let young = Attached {
            created: Some(noon() - TimeDelta::minutes(14)),
            ..live
        };
        change(decide(young, ADMIN, None));
    }

    #[test]
    fn a_name_that_sounds_like_power_gives_none() {
        assert_eq!(
            decide(attached(&[(CUSTOM, Some(false))]), CUSTOM, None),
            Decision::Safe
        );
        let unread = decide(attached(&[(CUSTOM, None)]), CUSTOM, Some(&None));
        assert!(matches!(unread, Decision::CannotTell(_)), "{unread:?}");
    }

    #[test]
    fn what_is_gone_is_safe() {
        let wish = AttachmentsWish::Without {
            policy: ADMIN.into(),
            at: None,
        };
        assert_eq!(
            under(&Settings::default(), &None, &wish, None),
            Decision::Safe
        );
        assert_eq!(decide(attached(&[]), ADMIN, None), Decision::Safe);
    }

    #[test]
    fn an_approved_principal_is_known_by_its_true_path() {
        let approved = format!(
            "[ours]\naccounts = [\"111111111111\"]\n[[approved]]\nprincipal = \"{USER}\"\nreason = \"platform team\"\n"
        );
        let settings = Settings::parse(&approved).unwrap();
        let wish = AttachmentsWish::Without {
            policy: ADMIN.into(),
            at: Some(noon()),
        };
        let live = Some(attached(&[(ADMIN, Some(true))]));
        assert_eq!(under(&settings, &live, &wish, None), Decision::Safe);
    }

    #[test]
    fn a_guard_role_gets_back_what_it_lost_and_loses_what_is_new() {
        let (known, wish) = (
            Some(attached(&[(READ, Some(false))])),
            AttachmentsWish::Baseline,
        );
        let live = Some(attached(&[(
            "arn:aws:iam::aws:policy/AWSDenyAll",
            Some(false),
        )]));
        let settings = Settings::default();
        assert_eq!(
            change(under(&settings, &live, &wish, Some(&known))),
            known.clone().unwrap()
        );
        assert_eq!(
            under(&settings, &known, &wish, Some(&known)),
            Decision::Safe
        );
        for (live, baseline) in [(&live, None), (&None, Some(&known)), (&live, Some(&None))] {
            assert!(matches!(
                under(&settings, live, &wish, baseline),
                Decision::ByHand(_)
            ));
        }
    }

    #[test]
    fn a_policy_that_gained_power_is_not_the_known_one() {
        let (harmless, powerful) = (
            Some(attached(&[(CUSTOM, Some(false))])),
            Some(attached(&[(CUSTOM, Some(true))])),
        );
        assert!(!Attachments::same(&powerful, &harmless));
        assert!(Attachments::same(&harmless, &powerful));
        assert!(!Attachments::same(&harmless, &None));
    }

    fn states() -> impl Strategy<Value = Option<Attached>> {
        let policies = proptest::collection::btree_map(
            prop_oneof![
                Just(ADMIN.to_owned()),
                Just(READ.to_owned()),
                Just(CUSTOM.to_owned())
            ],
            any::<Option<bool>>(),
            0..4,
        );
        let created = proptest::option::of(-40_i64..40);
        proptest::option::weighted(
            0.9,
            (policies, created).prop_map(|(policies, minutes)| Attached {
                principal: USER.into(),
                created: minutes.map(|minutes| noon() + TimeDelta::minutes(minutes)),
                policies,
            }),
        )
    }

    proptest! {
        #[test]
        fn attachments_once_put_right_are_right(
            live in states(),
            known in proptest::option::of(states()),
            policy in prop_oneof![Just(ADMIN), Just(READ), Just(CUSTOM)],
            at in proptest::option::of(Just(noon())),
        ) {
            let without = AttachmentsWish::Without { policy: policy.to_owned(), at };
            for wish in [without.clone(), AttachmentsWish::Baseline] {
                let decision = under(&Settings::default(), &live, &wish, known.as_ref());
                let Decision::Change(change) = decision else { continue };
                let stored = serde_json::to_value(&change.to).unwrap();
                let to: Option<Attached> = serde_json::from_value(stored).unwrap();
                prop_assert_eq!(under(&Settings::default(), &to, &wish, known.as_ref()), Decision::Safe);
                if wish == without {
                    let mut expected = live.clone().unwrap();
                    expected.policies.remove(policy);
                    prop_assert_eq!(to.unwrap(), expected, "nothing but the one policy goes");
                }
            }
        }
    }
}
