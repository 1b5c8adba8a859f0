//! Whether what a trail records arrives: it may log and deliver nothing, because
//! of a policy, a key or a topic that somebody else changed.

use serde::{Deserialize, Serialize};

use crate::facet::{Decision, Facet, Scene, Standing};

/// Whether a trail delivers. A trail on its own mends nothing of it: what is wrong
/// is wrong with that to which it delivers.
#[derive(Debug)]
pub struct TrailDelivery;

/// The codes of the errors that a trail met when it last delivered; of a trail that
/// does not log there are none. See [GetTrailStatus](https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_GetTrailStatus.html).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
pub struct DeliveryErrors {
    /// Of log files, by S3.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub files: Option<String>,
    /// Of digests, by S3.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub digests: Option<String>,
    /// Of notifications, by SNS.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub notifications: Option<String>,
    /// Of events, by CloudWatch Logs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub log_group: Option<String>,
}

/// What a plan asks for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DeliveryWish {
    /// That it delivers.
    #[default]
    Delivers,
}

impl DeliveryErrors {
    /// Each error, with what fails and what to do.
    fn all(&self) -> impl Iterator<Item = (&str, &'static str, &'static str)> {
        let bucket = "see that the bucket is there, and that its policy and the trail's key let CloudTrail write";
        [
            (&self.files, "log files", bucket),
            (&self.digests, "digests", bucket),
            (
                &self.notifications,
                "notifications",
                "see that the topic is there, and that its policy and key let CloudTrail publish",
            ),
            (
                &self.log_group,
                "events for the log group",
                "see that the log group is there, and that the trail's role may write to it",
            ),
        ]
        .into_iter()
        .filter_map(|(error, what, next)| Some((error.as_deref()?, what, next)))
    }

    fn told(&self) -> String {
        let all = self
            .all()
            .map(|(error, what, _)| format!("{what} ({error})"));
        all.collect::<Vec<_>>().join(", ")
    }
}

impl Facet for TrailDelivery {
    const KIND: &'static str = "trail-delivery";
    /// The errors; `None`: there is no such trail.
    type State = Option<DeliveryErrors>;
    type Wish = DeliveryWish;

    fn decide(
        live: &Self::State,
        _: &DeliveryWish,
        _: Option<&Self::State>,
        _: Scene<'_>,
    ) -> Decision<Self::State> {
        // That a trail is gone is told by what it logs and how it is configured.
        let Some(errors) = live else {
            return Decision::Safe;
        };
        let mut next: Vec<&str> = errors.all().map(|(_, _, next)| next).collect();
        next.dedup();
        if next.is_empty() {
            return Decision::Safe;
        }
        Decision::ByHand(format!(
            "CloudTrail could not deliver {}; {}",
            errors.told(),
            next.join("; ")
        ))
    }

    fn compare(live: &Self::State, known: &Self::State) -> Standing {
        let none = |state: &Self::State| state.as_ref().is_none_or(|e| e.all().next().is_none());
        match (none(live), none(known)) {
            _ if live == known => Standing::Equal,
            (true, false) => Standing::Stronger,
            (false, true) => Standing::Weaker,
            _ => Standing::Incomparable,
        }
    }

    fn writable(_: &Self::State) -> bool {
        false
    }

    fn tell(state: &Self::State) -> String {
        match state {
            None => "no trail".into(),
            Some(errors) if errors.all().next().is_none() => "delivering".into(),
            Some(errors) => format!("not delivering {}", errors.told()),
        }
    }
}
