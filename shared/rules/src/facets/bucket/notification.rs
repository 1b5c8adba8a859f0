//! Whom a bucket tells of its objects.

use serde::{Deserialize, Serialize};

use super::targets::{self, Target, TargetsWish};
use crate::arn::{Arn, glob};
use crate::facet::{Decision, Facet, Scene, Standing};

/// A bucket's notifications.
#[derive(Debug)]
pub struct BucketNotification;

/// Who is told.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
pub struct Notifications {
    /// Topics, queues and functions.
    pub targets: Vec<Notification>,
    /// Whether the account's own `EventBridge` is told of everything.
    pub event_bridge: bool,
}

/// One topic, queue or function, and of what it is told.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
pub struct Notification {
    /// Its name, unique in a bucket.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// The topic, queue or function.
    pub arn: String,
    /// Of what it is told, such as `s3:ObjectCreated:*`, sorted.
    pub events: Vec<String>,
    /// How the keys begin.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prefix: Option<String>,
    /// How the keys end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub suffix: Option<String>,
}

impl Target for Notification {
    fn id(&self) -> Option<&str> {
        self.id.as_deref()
    }

    fn active(&self) -> bool {
        true
    }

    fn place(&self) -> (&str, Option<&str>) {
        (&self.arn, Arn::parse(&self.arn).map(|arn| arn.account))
    }

    fn covers(&self, known: &Self) -> bool {
        let (prefix, suffix) = (self.prefix.as_deref(), self.suffix.as_deref());
        let (known_prefix, known_suffix) = (known.prefix.as_deref(), known.suffix.as_deref());
        let told = |event: &String| self.events.iter().any(|own| glob(own, event));
        self.arn == known.arn
            && known.events.iter().all(told)
            && known_prefix
                .unwrap_or_default()
                .starts_with(prefix.unwrap_or_default())
            && known_suffix
                .unwrap_or_default()
                .ends_with(suffix.unwrap_or_default())
    }
}

impl Facet for BucketNotification {
    const KIND: &'static str = "bucket-notification";
    type State = Notifications;
    type Wish = TargetsWish;

    fn decide(
        live: &Notifications,
        wish: &TargetsWish,
        baseline: Option<&Notifications>,
        scene: Scene<'_>,
    ) -> Decision<Notifications> {
        let recorded = baseline.map(|known| known.targets.as_slice());
        let mut mended = targets::mend(&live.targets, recorded, wish, scene);
        let lost = !live.event_bridge && baseline.is_some_and(|known| known.event_bridge);
        if lost {
            mended.done.push("tell EventBridge again".into());
        }
        let event_bridge = live.event_bridge || lost;
        let wish = TargetsWish {
            some: wish.some && !event_bridge,
            ..wish.clone()
        };
        let to = |targets| Notifications {
            targets,
            event_bridge,
        };
        mended.decide(to, &wish, baseline.is_some(), "notification")
    }

    /// Never stronger: whose a new target is, the states do not tell.
    fn compare(live: &Notifications, known: &Notifications) -> Standing {
        let same = targets::covered(&known.targets, &live.targets)
            && targets::covered(&live.targets, &known.targets)
            && live.event_bridge == known.event_bridge;
        if same {
            Standing::Equal
        } else {
            Standing::Incomparable
        }
    }

    fn tell(state: &Notifications) -> String {
        let mut told: Vec<String> = state.targets.iter().map(tell_target).collect();
        if state.event_bridge {
            told.push("EventBridge of everything".into());
        }
        if told.is_empty() {
            "no notifications".into()
        } else {
            format!("notifications to {}", told.join("; "))
        }
    }
}

fn tell_target(target: &Notification) -> String {
    format!("{} of {}", target.arn, target.events.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facets::bucket::law::{changed, stage};
    use crate::facets::law::keeps_the_law;
    use proptest::prelude::*;

    const OURS: &str = "arn:aws:sqs:eu-west-1:111111111111:log-index";
    const MEMBERS: &str = "arn:aws:sns:eu-west-1:222222222222:logs";
    const STRANGERS: &str = "arn:aws:lambda:eu-west-1:333333333333:function:take";

    fn target(arn: &str, event: &str) -> Notification {
        Notification {
            id: Some(format!("{arn} {event}")),
            arn: arn.into(),
            events: vec![event.into()],
            ..Notification::default()
        }
    }

    fn any_state() -> impl Strategy<Value = Notifications> {
        let arn = prop::sample::select(vec![OURS, MEMBERS, STRANGERS]);
        let event = prop::sample::select(vec!["s3:ObjectCreated:*", "s3:ObjectCreated:Put"]);
        let target = (
            arn,
            event,
            proptest::option::of(Just("AWSLogs/".to_owned())),
        )
            .prop_map(|(arn, event, prefix)| Notification {
                id: Some(format!("{arn} {event} {prefix:?}")),
                prefix,
                ..target(arn, event)
            });
        let targets = prop::collection::vec(target, 0..4).prop_map(|mut targets| {
            targets.sort_by(|one, other| one.id.cmp(&other.id));
            targets.dedup();
            targets
        });
        (targets, any::<bool>()).prop_map(|(targets, event_bridge)| Notifications {
            targets,
            event_bridge,
        })
    }

    proptest! {
        #[test]
        fn notifications_keep_the_law(
            live in any_state(), baseline in proptest::option::of(any_state()), some: bool, given: bool,
        ) {
            let mut stage = stage();
            stage.settings.given = given;
            // Without settings what nobody named stays unclear.
            stage.settings.ours.accounts = vec!["222222222222".into()];
            let wish = TargetsWish { some, ..TargetsWish::default() };
            keeps_the_law::<BucketNotification>(&stage, &live, &wish, baseline.as_ref())?;
        }
    }

    #[test]
    fn strangers_go_what_was_lost_comes_back_and_the_rest_stays() {
        let mut stage = stage();
        stage.settings.given = true;
        stage.settings.ours.accounts = vec!["222222222222".into()];
        let live = Notifications {
            targets: vec![
                target(STRANGERS, "s3:ObjectCreated:*"),
                target(MEMBERS, "s3:ObjectRemoved:*"),
            ],
            event_bridge: false,
        };
        let known = Notifications {
            targets: vec![target(OURS, "s3:ObjectCreated:*")],
            event_bridge: true,
        };
        let wish = TargetsWish::default();
        let change = changed(BucketNotification::decide(
            &live,
            &wish,
            Some(&known),
            stage.scene(),
        ));
        let arns: Vec<_> = change
            .to
            .targets
            .iter()
            .map(|one| one.arn.as_str())
            .collect();
        assert_eq!(arns, [MEMBERS, OURS]);
        assert!(change.to.event_bridge && !change.evidence_on);
    }

    #[test]
    fn a_wider_notification_does_all_that_a_narrow_one_did() {
        let narrow = Notification {
            prefix: Some("AWSLogs/".into()),
            ..target(OURS, "s3:ObjectCreated:Put")
        };
        let wide = target(OURS, "s3:ObjectCreated:*");
        assert!(wide.covers(&narrow) && !narrow.covers(&wide));
    }
}
