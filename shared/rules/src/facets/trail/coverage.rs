//! Which events selectors select, and whether one set selects all that another does.
//!
//! Basic selectors are put into the advanced form first, so that there is one
//! logic. Every selector is a conjunction of conditions on fields; a set selects
//! what any of its selectors does. Where the logic cannot tell it says "not
//! covered": selectors are then added that were not needed, which harms nobody.
//!
//! Meaning of the operators: [AdvancedFieldSelector](https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_AdvancedFieldSelector.html).

use serde::{Deserialize, Serialize};

/// One advanced event selector.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct AdvancedSelector {
    /// Its name; means nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// All of these must hold.
    pub field_selectors: Vec<FieldSelector>,
}

/// What one field of an event must be.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct FieldSelector {
    /// The field, such as `eventCategory` or `resources.ARN`.
    pub field: String,
    /// It is one of these …
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub equals: Vec<String>,
    /// … or begins with one of these …
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub starts_with: Vec<String>,
    /// … or ends with one of these.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub ends_with: Vec<String>,
    /// And it is none of these,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub not_equals: Vec<String>,
    /// begins with none of these,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub not_starts_with: Vec<String>,
    /// and ends with none of these.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub not_ends_with: Vec<String>,
}

impl AdvancedSelector {
    /// Management events, all of them.
    pub fn management() -> Self {
        let category = FieldSelector::equals("eventCategory", ["Management"]);
        Self {
            name: Some("Management events".into()),
            field_selectors: vec![category],
        }
    }

    /// Whether it selects management events.
    pub fn is_management(&self) -> bool {
        let category = self
            .field_selectors
            .iter()
            .filter(|selector| selector.field == "eventCategory");
        category
            .flat_map(|selector| &selector.equals)
            .any(|value| value == "Management")
    }

    /// How many values it takes of the quota of a trail.
    pub(super) fn values(&self) -> usize {
        let lists =
            |field: &FieldSelector| field.lists().iter().map(|list| list.len()).sum::<usize>();
        self.field_selectors.iter().map(lists).sum()
    }
}

impl FieldSelector {
    /// A field that is one of some values.
    pub fn equals<V: Into<String>>(field: &str, values: impl IntoIterator<Item = V>) -> Self {
        let equals = values.into_iter().map(Into::into).collect();
        Self {
            field: field.into(),
            equals,
            ..Self::default()
        }
    }

    fn lists(&self) -> [&Vec<String>; 6] {
        let Self {
            equals,
            starts_with,
            ends_with,
            not_equals,
            not_starts_with,
            not_ends_with,
            ..
        } = self;
        [
            equals,
            starts_with,
            ends_with,
            not_equals,
            not_starts_with,
            not_ends_with,
        ]
    }
}

/// A test of one text.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Test<'a> {
    Is(&'a str),
    Starts(&'a str),
    Ends(&'a str),
}

impl Test<'_> {
    /// Whether every text that passes this passes the other.
    fn implies(self, other: Test<'_>) -> bool {
        match (self, other) {
            (Test::Is(one), Test::Is(other)) => one == other,
            (Test::Is(one) | Test::Starts(one), Test::Starts(other)) => one.starts_with(other),
            (Test::Is(one) | Test::Ends(one), Test::Ends(other)) => one.ends_with(other),
            _ => false,
        }
    }

    /// Whether no text passes both.
    fn excludes(self, other: Test<'_>) -> bool {
        match (self, other) {
            (Test::Is(_), _) => !self.implies(other),
            (_, Test::Is(_)) => !other.implies(self),
            (Test::Starts(one), Test::Starts(other)) => {
                !one.starts_with(other) && !other.starts_with(one)
            }
            (Test::Ends(one), Test::Ends(other)) => !one.ends_with(other) && !other.ends_with(one),
            _ => false,
        }
    }
}

/// A condition on one field: any of the first tests (where there are any), and
/// none of the others.
#[derive(Clone, Debug)]
struct Condition<'a> {
    field: &'a str,
    any: Vec<Test<'a>>,
    none: Vec<Test<'a>>,
}

impl<'a> Condition<'a> {
    fn of(selector: &'a FieldSelector) -> Self {
        fn all<'a>(
            list: &'a [String],
            test: fn(&'a str) -> Test<'a>,
        ) -> impl Iterator<Item = Test<'a>> {
            list.iter().map(move |value| test(value))
        }
        let any = all(&selector.equals, Test::Is)
            .chain(all(&selector.starts_with, Test::Starts))
            .chain(all(&selector.ends_with, Test::Ends));
        let none = all(&selector.not_equals, Test::Is)
            .chain(all(&selector.not_starts_with, Test::Starts))
            .chain(all(&selector.not_ends_with, Test::Ends));
        Self {
            field: &selector.field,
            any: any.collect(),
            none: none.collect(),
        }
    }

    fn implies(&self, other: &Condition<'_>) -> bool {
        let some = !self.any.is_empty();
        let passes = other.any.is_empty()
            || some
                && self
                    .any
                    .iter()
                    .all(|one| other.any.iter().any(|test| one.implies(*test)));
        passes
            && other.none.iter().all(|barred| {
                self.none.iter().any(|test| barred.implies(*test))
                    || some && self.any.iter().all(|test| test.excludes(*barred))
            })
    }
}

type Clause<'a> = Vec<Condition<'a>>;

fn clause(selector: &AdvancedSelector) -> Clause<'_> {
    selector.field_selectors.iter().map(Condition::of).collect()
}

/// How many pieces a selector is cut into at most; beyond that its pieces must
/// be covered by one selector together.
const PIECES: usize = 1024;

/// Cuts a selector into pieces that select everything it does between them:
/// reading and writing apart, and each value of a list apart, so that they may
/// be covered by different selectors.
fn pieces<'a>(clause: &Clause<'a>) -> Vec<Clause<'a>> {
    let mut whole = clause.clone();
    if !whole.iter().any(|condition| condition.field == "readOnly") {
        let any = vec![Test::Is("true"), Test::Is("false")];
        whole.push(Condition {
            field: "readOnly",
            any,
            none: Vec::new(),
        });
    }
    let mut pieces: Vec<Clause<'a>> = vec![Vec::new()];
    for condition in whole {
        if condition.any.len() > 1 && pieces.len() * condition.any.len() <= PIECES {
            let one = |test: &Test<'a>| Condition {
                any: vec![*test],
                ..condition.clone()
            };
            let each: Vec<_> = condition.any.iter().map(one).collect();
            pieces = pieces
                .iter()
                .flat_map(|piece| {
                    each.iter()
                        .map(|one| [piece.as_slice(), std::slice::from_ref(one)].concat())
                })
                .collect();
        } else {
            pieces
                .iter_mut()
                .for_each(|piece| piece.push(condition.clone()));
        }
    }
    pieces
}

/// Whether `have` selects every event that `wanted` does.
pub(in crate::facets) fn covers(have: &[AdvancedSelector], wanted: &AdvancedSelector) -> bool {
    let have: Vec<Clause<'_>> = have.iter().map(clause).collect();
    pieces(&clause(wanted)).iter().all(|piece| {
        have.iter().any(|clause| {
            clause.iter().all(|needed| {
                let trivial = needed.any.is_empty() && needed.none.is_empty();
                trivial
                    || piece
                        .iter()
                        .any(|known| known.field == needed.field && known.implies(needed))
            })
        })
    })
}

/// Whether `have` selects every event that any of `wanted` does.
pub(in crate::facets) fn covers_all(
    have: &[AdvancedSelector],
    wanted: &[AdvancedSelector],
) -> bool {
    wanted.iter().all(|wanted| covers(have, wanted))
}

/// The management sources that people leave out for their volume alone.
pub(super) const NOISY: [&str; 2] = ["kms.amazonaws.com", "rdsdata.amazonaws.com"];

/// Whether `have` selects reading and writing management events of every
/// source, the noisy ones excepted.
pub(super) fn is_full(have: &[AdvancedSelector]) -> bool {
    let mut normal = AdvancedSelector::management();
    let not_equals = NOISY.map(str::to_owned).to_vec();
    normal.field_selectors.push(FieldSelector {
        field: "eventSource".into(),
        not_equals,
        ..FieldSelector::default()
    });
    covers(have, &normal)
}
