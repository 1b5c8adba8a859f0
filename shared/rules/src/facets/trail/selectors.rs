//! Which events a trail selects.

use serde::{Deserialize, Serialize};

use super::GONE;
use super::coverage::{AdvancedSelector, FieldSelector, NOISY, covers, covers_all, is_full};
use crate::facet::{Change, Decision, Facet, Scene, Standing};

/// Which events a trail selects.
#[derive(Debug)]
pub struct TrailSelectors;

/// What a plan asks of selectors.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SelectorsWish {
    /// All that is recorded; where nothing is, reading and writing management events.
    Full,
    /// The same, of a trail with which nothing happened: where nothing is recorded and
    /// nobody can tell whether another trail selects them, it may never have had any.
    Kept,
    /// Of a trail that is made again: what is recorded, and not what CloudTrail gives
    /// every new trail.
    AsRecorded,
}

/// A trail's selectors, as CloudTrail has them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Selectors {
    /// The selectors.
    #[serde(flatten)]
    pub form: Form,
    /// Whether another logging trail selects reading and writing management
    /// events of this account and region. Only asked where this one does not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub covered_elsewhere: Option<bool>,
}

/// A trail has either form, never both.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Form {
    /// Basic event selectors.
    Basic(Vec<BasicSelector>),
    /// Advanced event selectors.
    Advanced(Vec<AdvancedSelector>),
}

/// One basic event selector.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct BasicSelector {
    /// `All`, `ReadOnly` or `WriteOnly`.
    pub read_write_type: String,
    /// Whether it selects management events.
    pub include_management_events: bool,
    /// The data events it selects.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub data_resources: Vec<DataResource>,
    /// The services whose management events it leaves out.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub exclude_management_event_sources: Vec<String>,
}

/// Data events of one type of resource.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct DataResource {
    /// Such as `AWS::S3::Object`.
    #[serde(rename = "type")]
    pub kind: String,
    /// ARNs, prefixes of ARNs, or `arn:aws:s3` and its like for all.
    pub values: Vec<String>,
}

/// What CloudTrail takes for what is left out.
impl Default for BasicSelector {
    fn default() -> Self {
        Self {
            read_write_type: "All".into(),
            include_management_events: true,
            data_resources: Vec::new(),
            exclude_management_event_sources: Vec::new(),
        }
    }
}

/// [Five basic selectors](https://docs.aws.amazon.com/awscloudtrail/latest/userguide/WhatIsCloudTrail-Limits.html) fit on a trail,
const MOST_BASIC: usize = 5;
/// and 500 values of all advanced ones together.
const MOST_VALUES: usize = 500;

impl BasicSelector {
    /// The same in the advanced form.
    fn to_advanced(&self) -> Vec<AdvancedSelector> {
        let read_only = match self.read_write_type.as_str() {
            "ReadOnly" => Some(FieldSelector::equals("readOnly", ["true"])),
            "WriteOnly" => Some(FieldSelector::equals("readOnly", ["false"])),
            _ => None,
        };
        let mut all = Vec::new();
        if self.include_management_events {
            let mut management = AdvancedSelector::management();
            management.field_selectors.extend(read_only.clone());
            if !self.exclude_management_event_sources.is_empty() {
                management.field_selectors.push(FieldSelector {
                    field: "eventSource".into(),
                    not_equals: self.exclude_management_event_sources.clone(),
                    ..FieldSelector::default()
                });
            }
            all.push(management);
        }
        // A type without values selects nothing.
        for data in self
            .data_resources
            .iter()
            .filter(|data| !data.values.is_empty())
        {
            let mut fields = vec![FieldSelector::equals("eventCategory", ["Data"])];
            fields.push(FieldSelector::equals(
                "resources.type",
                [data.kind.as_str()],
            ));
            fields.extend(read_only.clone());
            fields.extend(data.arns());
            all.push(AdvancedSelector {
                name: Some(format!("{} data events", data.kind)),
                field_selectors: fields,
            });
        }
        all
    }

    /// Whether it selects the whole of what it selects at all: reading and writing.
    fn reads_and_writes(&self) -> bool {
        !matches!(self.read_write_type.as_str(), "ReadOnly" | "WriteOnly")
    }

    /// Makes it select all management events, the noisy sources as before.
    fn select_management(&mut self) {
        self.read_write_type = "All".into();
        self.include_management_events = true;
        self.exclude_management_event_sources
            .retain(|source| NOISY.contains(&source.as_str()));
    }
}

impl DataResource {
    /// The condition on the resource's ARN; none where all of the type are meant.
    fn arns(&self) -> Option<FieldSelector> {
        let everything = |value: &String| {
            let rest = value
                .strip_prefix("arn:")
                .and_then(|rest| rest.split_once(':'));
            rest.is_some_and(|(_, service)| {
                matches!(service.trim_end_matches(':'), "s3" | "lambda" | "dynamodb")
            })
        };
        if self.values.iter().any(everything) {
            return None;
        }
        let field = "resources.ARN";
        Some(if self.kind == "AWS::S3::Object" {
            FieldSelector {
                field: field.into(),
                starts_with: self.values.clone(),
                ..FieldSelector::default()
            }
        } else {
            FieldSelector::equals(field, &self.values)
        })
    }
}

impl Form {
    /// The same in the advanced form.
    pub fn to_advanced(&self) -> Vec<AdvancedSelector> {
        match self {
            Self::Basic(list) => list.iter().flat_map(BasicSelector::to_advanced).collect(),
            Self::Advanced(list) => list.clone(),
        }
    }

    /// Whether reading and writing management events of every source are
    /// selected. Leaving out the noisy sources (KMS, RDS Data) is normal.
    pub fn is_full(&self) -> bool {
        is_full(&self.to_advanced())
    }

    /// Whether it is what CloudTrail gives every new trail.
    fn is_given(&self) -> bool {
        matches!(self, Self::Basic(list) if *list == [BasicSelector::default()])
    }

    /// With all management events selected as well, in the same form, every
    /// other selector as it was.
    fn with_management(&self) -> Self {
        let mut list = match self {
            Self::Advanced(list) => {
                let mut list = list.clone();
                list.push(AdvancedSelector::management());
                return Self::Advanced(list);
            }
            Self::Basic(list) => list.clone(),
        };
        // The selector that was narrowed is widened again, if no data events
        // widen with it; else one is added.
        let narrowed = |one: &&mut BasicSelector| {
            one.data_resources.is_empty()
                || !one.include_management_events && one.reads_and_writes()
        };
        if let Some(one) = list.iter_mut().find(narrowed) {
            one.select_management();
        } else if list.len() < MOST_BASIC {
            list.push(BasicSelector::default());
        } else if let Some(one) = list.first_mut() {
            one.select_management();
        }
        Self::Basic(list)
    }

    /// All of `known`, and what this selects besides.
    fn restored(&self, known: &Self) -> Self {
        let before = known.to_advanced();
        match (known, self) {
            (Self::Basic(known), Self::Basic(live)) => {
                let later = live
                    .iter()
                    .filter(|one| !covers_all(&before, &one.to_advanced()));
                let all: Vec<_> = known.iter().chain(later).cloned().collect();
                if all.len() > MOST_BASIC {
                    Self::Basic(vec![merged(&all)])
                } else {
                    Self::Basic(all)
                }
            }
            (known, live) => {
                let live = live.to_advanced();
                let later: Vec<_> = live
                    .into_iter()
                    .filter(|one| !covers(&before, one))
                    .collect();
                let values = before
                    .iter()
                    .chain(&later)
                    .map(AdvancedSelector::values)
                    .sum::<usize>();
                // Where both do not fit, what was recorded is what counts.
                if later.is_empty() || values > MOST_VALUES {
                    return known.clone();
                }
                Self::Advanced(before.into_iter().chain(later).collect())
            }
        }
    }
}

/// Whether all reading or all writing management events of a source are selected.
fn selects_of(all: &[AdvancedSelector], source: &str) -> bool {
    ["true", "false"].iter().any(|read_only| {
        let mut half = AdvancedSelector::management();
        half.field_selectors.extend([
            FieldSelector::equals("readOnly", [*read_only]),
            FieldSelector::equals("eventSource", [source]),
        ]);
        covers(all, &half)
    })
}

/// One selector that selects all that these do, for where there are too many.
fn merged(all: &[BasicSelector]) -> BasicSelector {
    let mut one = BasicSelector {
        include_management_events: false,
        ..BasicSelector::default()
    };
    let mut excluded: Option<Vec<String>> = None;
    for selector in all {
        if selector.include_management_events {
            one.include_management_events = true;
            let sources = &selector.exclude_management_event_sources;
            match &mut excluded {
                None => excluded = Some(sources.clone()),
                Some(excluded) => excluded.retain(|source| sources.contains(source)),
            }
        }
        for data in &selector.data_resources {
            match one
                .data_resources
                .iter_mut()
                .find(|known| known.kind == data.kind)
            {
                None => one.data_resources.push(data.clone()),
                Some(known) => {
                    let new = data
                        .values
                        .iter()
                        .filter(|value| !known.values.contains(value))
                        .cloned();
                    let new: Vec<_> = new.collect();
                    known.values.extend(new);
                }
            }
        }
    }
    one.exclude_management_event_sources = excluded.unwrap_or_default();
    one
}

impl Facet for TrailSelectors {
    const KIND: &'static str = "trail-selectors";
    /// The selectors; `None`: there is no such trail.
    type State = Option<Selectors>;
    type Wish = SelectorsWish;

    fn decide(
        live: &Self::State,
        wish: &SelectorsWish,
        baseline: Option<&Self::State>,
        scene: Scene<'_>,
    ) -> Decision<Self::State> {
        let Some(live) = live else {
            return Decision::ByHand(GONE.into());
        };
        let have = live.form.to_advanced();
        let known = baseline.and_then(Option::as_ref);
        // Nobody can tell whether it need select management events, and nobody said
        // that it is right: one question without an answer must not make it so.
        let unknown = *wish == SelectorsWish::Kept
            && scene.recorded.is_none()
            && !live.form.is_full()
            && live.covered_elsewhere.is_none();
        let (form, why) = match known.map(|known| (known, known.form.to_advanced())) {
            Some((known, wanted))
                if *wish == SelectorsWish::AsRecorded
                    && live.form.is_given()
                    && !covers_all(&wanted, &have) =>
            {
                (known.form.clone(), "select what was recorded again")
            }
            Some((_, wanted)) if covers_all(&have, &wanted) && !unknown => return Decision::Safe,
            None if live.form.is_full() || live.covered_elsewhere == Some(true) => {
                return Decision::Safe;
            }
            _ if unknown => {
                return Decision::CannotTell(
                    "it does not select all management events, and whether another trail does cannot be asked; select them, or approve it as it is".into(),
                );
            }
            Some((known, _)) => (
                live.form.restored(&known.form),
                "select what was recorded again",
            ),
            None => (
                live.form.with_management(),
                "select reading and writing management events again",
            ),
        };
        let evidence_on = covers_all(&form.to_advanced(), &have);
        let to = Some(Selectors {
            form,
            covered_elsewhere: None,
        });
        Decision::Change(Change {
            to,
            evidence_on,
            first: Vec::new(),
            why: why.into(),
            confirm: false,
        })
    }

    fn compare(live: &Self::State, known: &Self::State) -> Standing {
        let (live, known) = match (live, known) {
            (None, None) => return Standing::Equal,
            (None, Some(_)) => return Standing::Weaker,
            (Some(_), None) => return Standing::Incomparable,
            (Some(live), Some(known)) => (live.form.to_advanced(), known.form.to_advanced()),
        };
        match (covers_all(&live, &known), covers_all(&known, &live)) {
            (true, true) => Standing::Equal,
            (false, true) => Standing::Weaker,
            // A data selector that was added may be an attack as well: it costs. So do
            // the noisy sources, which CloudTrail gives every new trail.
            (true, false)
                if live
                    .iter()
                    .all(|one| one.is_management() || covers(&known, one))
                    && !NOISY
                        .iter()
                        .any(|source| selects_of(&live, source) && !selects_of(&known, source)) =>
            {
                Standing::Stronger
            }
            _ => Standing::Incomparable,
        }
    }

    fn writable(state: &Self::State) -> bool {
        state.is_some()
    }

    fn tell(state: &Self::State) -> String {
        let Some(selectors) = state else {
            return "no trail".into();
        };
        let all = selectors.form.to_advanced();
        let halves = ["true", "false"].map(|read_only| {
            let mut half = AdvancedSelector::management();
            half.field_selectors
                .push(FieldSelector::equals("readOnly", [read_only]));
            let not_equals = NOISY.map(str::to_owned).to_vec();
            half.field_selectors.push(FieldSelector {
                field: "eventSource".into(),
                not_equals,
                ..Default::default()
            });
            covers(&all, &half)
        });
        let management = match halves {
            [true, true] => "all management events",
            [true, false] => "only reading management events",
            [false, true] => "only writing management events",
            [false, false] if all.iter().any(AdvancedSelector::is_management) => {
                "some management events"
            }
            [false, false] => "no management events",
        };
        match all.iter().filter(|one| !one.is_management()).count() {
            0 => management.into(),
            1 => format!("{management}, and 1 other selector"),
            n => format!("{management}, and {n} other selectors"),
        }
    }
}
