//! How a trail is configured.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::GONE;
use super::needs::prerequisites;
use super::unrecorded::unrecorded;
use crate::facet::{Decision, Facet, Scene, Standing};
use crate::inventory::Switches;

/// A trail's configuration.
#[derive(Debug)]
pub struct TrailConfig;

/// What a trail is configured to do.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct TrailSettings {
    /// The bucket it delivers to.
    pub bucket: String,
    /// The prefix in front of `AWSLogs/`, without slashes at its ends.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prefix: Option<String>,
    /// The ARN of the topic that hears of deliveries.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub topic: Option<String>,
    /// Whether it logs all regions.
    pub multi_region: bool,
    /// Whether it logs global services such as IAM.
    pub global_events: bool,
    /// Whether it delivers signed digests.
    pub validation: bool,
    /// Whether it logs all accounts of the organization.
    pub organization: bool,
    /// Whether it leaves out what CloudTrail itself does to deliver, which no trail
    /// does by itself: `RecursiveLogging`, switched off. `None`: nobody says, as what
    /// was recorded before anybody asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub skips_deliveries: Option<bool>,
    /// The ARN of the key it encrypts with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// The ARN of the log group it also writes to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub log_group: Option<String>,
    /// The ARN of the role it does that with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub log_role: Option<String>,
    /// Its tags. Not compared; a trail that is created again gets them back.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub tags: BTreeMap<String, String>,
}

/// One field of a trail's configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TrailField {
    /// The bucket.
    Bucket,
    /// The prefix.
    Prefix,
    /// The topic.
    Topic,
    /// All regions.
    MultiRegion,
    /// Global services.
    GlobalEvents,
    /// Signed digests.
    Validation,
    /// All accounts of the organization.
    Organization,
    /// What CloudTrail itself does to deliver.
    Deliveries,
    /// The key.
    Key,
    /// The log group and its role.
    LogGroup,
}

/// What a plan asks of a trail's configuration. Where a baseline is recorded,
/// all of it must hold; these say what must hold where none is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TrailWish {
    /// What the event touched must be safe.
    Hold(Vec<TrailField>),
    /// What is recorded as switched on must be; where it delivers stays as it is.
    Switches {
        /// Whether the organization's accounts are among it. That hangs on more than
        /// the trail: on its bucket's policy and on the organization itself.
        organization: bool,
    },
    /// The trail must exist, as it was.
    Exist {
        /// Who owns its bucket, where that is known.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        bucket_owner: Option<String>,
        /// The organization's ID, where it was an organization trail.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        organization: Option<String>,
    },
}

impl TrailSettings {
    /// The fields that say where and how it delivers: neither value of them is
    /// stronger than another. ARNs of log groups end with `:*` or not.
    fn destinations(&self) -> [Option<&str>; 6] {
        let bucket = Some(self.bucket.as_str());
        let (prefix, topic, key) = (
            self.prefix.as_deref(),
            self.topic.as_deref(),
            self.key.as_deref(),
        );
        [
            bucket,
            prefix,
            topic,
            key,
            self.group(),
            self.log_role.as_deref(),
        ]
    }

    fn group(&self) -> Option<&str> {
        self.log_group
            .as_deref()
            .map(|arn| arn.trim_end_matches(":*"))
    }

    /// What it has switched on.
    pub fn switched_on(&self) -> Switches {
        Switches {
            multi_region: self.multi_region,
            global_events: self.global_events,
            validation: self.validation,
            organization: self.organization,
            skips_deliveries: self.skips_deliveries == Some(true),
        }
    }

    fn switches(&self) -> [bool; 5] {
        [
            self.multi_region,
            self.global_events,
            self.validation,
            self.organization,
            self.skips_deliveries != Some(true),
        ]
    }

    /// The same, as `other` has it where this does not say.
    fn said_as(&self, other: &Self) -> Self {
        Self {
            skips_deliveries: self.skips_deliveries.or(other.skips_deliveries),
            ..self.clone()
        }
    }

    /// The nearest state in which `known` holds: what it had switched on is on,
    /// what has been switched on since stays, and it delivers where it did.
    fn restored(&self, known: &Self) -> Self {
        let places = Self {
            multi_region: self.multi_region,
            global_events: self.global_events,
            validation: self.validation,
            organization: self.organization,
            skips_deliveries: self.skips_deliveries,
            tags: self.tags.clone(),
            ..known.clone()
        };
        let mut to = places.switched_as(known, true);
        if self.group() == known.group() {
            to.log_group.clone_from(&self.log_group);
        }
        to
    }

    /// The same with on what `known` has on; the organization's accounts only where
    /// it delivers to the bucket that was made ready for them.
    fn switched_as(&self, known: &Self, organization: bool) -> Self {
        let ready = (&self.bucket, &self.prefix) == (&known.bucket, &known.prefix);
        let multi_region = self.multi_region || known.multi_region;
        Self {
            multi_region,
            // CloudTrail refuses trails of all regions without global services.
            global_events: self.global_events || known.global_events || multi_region,
            validation: self.validation || known.validation,
            organization: self.organization || organization && ready && known.organization,
            skips_deliveries: match known.skips_deliveries {
                Some(false) => self.skips_deliveries.and(Some(false)),
                _ => self.skips_deliveries,
            },
            ..self.clone()
        }
    }

    /// How this differs from `other`, in words.
    pub(super) fn told_from(&self, other: &Self) -> String {
        let names = ["bucket", "prefix", "topic", "key", "log group", "log role"];
        let moved = self
            .destinations()
            .into_iter()
            .zip(other.destinations())
            .zip(names);
        let moved = moved
            .filter(|((one, other), _)| one != other)
            .map(|(_, name)| name);
        let names = [
            "all regions",
            "global services",
            "log file validation",
            "organization",
            "CloudTrail's own deliveries",
        ];
        let (one, other) = (self.said_as(other), other.said_as(self));
        let turned = one.switches().into_iter().zip(other.switches()).zip(names);
        let turned = turned
            .filter(|((one, other), _)| one != other)
            .map(|(_, name)| name);
        moved.chain(turned).collect::<Vec<_>>().join(", ")
    }
}

impl Facet for TrailConfig {
    const KIND: &'static str = "trail-config";
    /// CloudTrail [refuses a bucket](https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_CreateTrail.html#API_CreateTrail_Errors)
    /// that it may not write to.
    const CHECKED: bool = true;
    /// The configuration; `None`: there is no such trail.
    type State = Option<TrailSettings>;
    type Wish = TrailWish;

    fn decide(
        live: &Self::State,
        wish: &TrailWish,
        baseline: Option<&Self::State>,
        scene: Scene<'_>,
    ) -> Decision<Self::State> {
        let known = baseline.and_then(Option::as_ref);
        match (live, known, wish) {
            // Without a record, or a trail, nothing is known to have been on; and what
            // counts as safe is learnt.
            (None, _, TrailWish::Switches { .. }) => Decision::CannotTell(GONE.into()),
            (Some(_), None, TrailWish::Switches { .. }) => Decision::CannotTell(
                "nothing records what the trail had switched on".into(),
            ),
            (None, None, _) => Decision::ByHand(format!("nothing records how the trail was configured: {GONE}")),
            (None, Some(known), _) => {
                let decision = Decision::change(Some(known.clone()), "create the trail again as it was recorded");
                decision.after(prerequisites(None, known, wish, scene))
            }
            (Some(live), None, TrailWish::Hold(fields)) => unrecorded(live, fields, scene),
            (Some(_), None, TrailWish::Exist { .. }) => Decision::CannotTell(
                "a trail of this name is there, and nothing records whether it is configured as the deleted one was".into(),
            ),
            (Some(live), Some(known), TrailWish::Exist { .. }) => {
                // What stands here may be somebody's replacement: a person has a look's
                // time to say so.
                match Self::compare(&Some(live.clone()), &Some(known.clone())) {
                    Standing::Equal | Standing::Stronger => Decision::Safe,
                    Standing::Weaker | Standing::Incomparable => Decision::ByHand(format!(
                        "the trail was deleted, and the one that stands under its name now is different in: {}; approve it if that is meant, else the next look puts it back as recorded, once that is confirmed",
                        live.told_from(known)
                    )),
                }
            }
            (Some(live), Some(known), TrailWish::Hold(_) | TrailWish::Switches { .. }) => {
                let mut known = known.clone();
                // Where nothing records what the event touched, it is as where there is
                // no record at all.
                if matches!(wish, TrailWish::Hold(fields) if fields.contains(&TrailField::Deliveries)) {
                    known.skips_deliveries.get_or_insert(false);
                }
                let to = match wish {
                    TrailWish::Switches { organization } => live.switched_as(&known, *organization),
                    _ => live.restored(&known),
                };
                let (from, wanted) = (Some(live.clone()), Some(to.clone()));
                let evidence_on = match Self::compare(&wanted, &from) {
                    Standing::Equal => return Decision::Safe,
                    standing => standing == Standing::Stronger,
                };
                let why = format!("put back as recorded: {}", to.told_from(live));
                let first = prerequisites(Some(live), &to, wish, scene);
                let decision =
                    if evidence_on { Decision::evidence_on(wanted, why) } else { Decision::change(wanted, why) };
                decision.after(first)
            }
        }
    }

    fn evidence(wish: &TrailWish) -> Option<TrailWish> {
        let organization = match wish {
            TrailWish::Hold(_) | TrailWish::Exist { .. } => true,
            TrailWish::Switches { organization: true } => false,
            TrailWish::Switches {
                organization: false,
            } => return None,
        };
        Some(TrailWish::Switches { organization })
    }

    fn compare(live: &Self::State, known: &Self::State) -> Standing {
        let (live, known) = match (live, known) {
            (None, None) => return Standing::Equal,
            (None, Some(_)) => return Standing::Weaker,
            (Some(_), None) => return Standing::Incomparable,
            (Some(live), Some(known)) => (live, known),
        };
        if live.destinations() != known.destinations() {
            return Standing::Incomparable;
        }
        // That it is on is worth a record where there is none.
        let newly = known.skips_deliveries.is_none() && live.skips_deliveries == Some(false);
        let (live, known) = (live.said_as(known), known.said_as(live));
        let pairs = || live.switches().into_iter().zip(known.switches());
        match (
            pairs().any(|(live, known)| live && !known),
            pairs().any(|(live, known)| !live && known),
        ) {
            (false, false) if newly => Standing::Stronger,
            (false, false) => Standing::Equal,
            (true, false) => Standing::Stronger,
            (false, true) => Standing::Weaker,
            (true, true) => Standing::Incomparable,
        }
    }

    fn same(one: &Self::State, other: &Self::State) -> bool {
        match (one, other) {
            (Some(one), Some(other)) => {
                let both = (Some(one.said_as(other)), Some(other.said_as(one)));
                Self::compare(&both.0, &both.1) == Standing::Equal
            }
            (one, other) => one == other,
        }
    }

    fn writable(state: &Self::State) -> bool {
        state.is_some()
    }

    fn tell(state: &Self::State) -> String {
        let Some(trail) = state else {
            return "no trail".into();
        };
        let reach = match (trail.organization, trail.multi_region) {
            (true, true) => "all accounts and regions",
            (true, false) => "all accounts in one region",
            (false, true) => "all regions",
            (false, false) => "one region",
        };
        let mut told = format!("{reach} to bucket {}", trail.bucket);
        if let Some(prefix) = &trail.prefix {
            told.push('/');
            told.push_str(prefix);
        }
        told.push_str(if trail.validation {
            ", validated"
        } else {
            ", not validated"
        });
        told.push_str(if trail.key.is_some() {
            ", encrypted"
        } else {
            ", not encrypted with a key of yours"
        });
        if !trail.global_events {
            told.push_str(", without global services");
        }
        if trail.skips_deliveries == Some(true) {
            told.push_str(", without CloudTrail's own deliveries");
        }
        if trail.log_group.is_some() {
            told.push_str(", and to a log group");
        }
        told
    }
}
