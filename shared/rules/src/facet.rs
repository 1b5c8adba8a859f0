//! A facet: one readable and writable side of a resource.

use std::fmt::Debug;

use chrono::{DateTime, Utc};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use auditward_policy::Zone;

use crate::inventory::Inventory;
use crate::plan::Plan;
use crate::settings::Settings;

/// Which resource a plan is about, and where it lives.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct At {
    /// The account that owns the resource.
    pub account: String,
    /// The region whose endpoint serves it (a trail's home region; the
    /// partition's lead region for global services). Empty for a bucket of which
    /// nobody knows where it is: the hand then asks S3.
    pub region: String,
    /// The resource's ARN.
    pub resource: String,
    /// What inside the resource, such as an inline policy's name; mostly absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub item: Option<String>,
}

impl At {
    /// A resource as a whole.
    pub fn new(
        account: impl Into<String>,
        region: impl Into<String>,
        arn: impl Into<String>,
    ) -> Self {
        let (account, region, resource) = (account.into(), region.into(), arn.into());
        Self {
            account,
            region,
            resource,
            item: None,
        }
    }

    /// The same resource's inner item.
    #[must_use]
    pub fn item(mut self, item: impl Into<String>) -> Self {
        self.item = Some(item.into());
        self
    }

    /// The resource's own name: what stands behind the last `/`, or behind the
    /// last `:` where there is no path.
    pub fn name(&self) -> &str {
        self.resource
            .rsplit(['/', ':'])
            .next()
            .unwrap_or(&self.resource)
    }
}

/// What a decision may look at besides the states: all of it fixed when the step begins.
#[derive(Clone, Copy, Debug)]
pub struct Scene<'a> {
    /// The clock, read once.
    pub now: DateTime<Utc>,
    /// What protected trails use.
    pub inventory: &'a Inventory,
    /// When the baseline was recorded, where there is one.
    pub recorded: Option<DateTime<Utc>>,
    /// The settings in force.
    pub settings: &'a Settings,
    /// Whose principals are ours, the resource's owner first.
    pub zone: &'a Zone,
    /// The resource.
    pub at: &'a At,
}

/// One readable and writable side of a resource, as plain data.
///
/// Law, property-tested for every facet: deciding again on the state that a
/// decision asks for says [`Decision::Safe`].
pub trait Facet: Send + Sync + 'static {
    /// The facet's name in plans, cases and baselines, such as `trail-logging`.
    const KIND: &'static str;
    /// Whether a step of this facet only follows up what an earlier step of the
    /// same finding put right: where nothing was wrong, there is nothing to follow.
    const FOLLOWS: bool = false;
    /// Whether AWS itself refuses a write that lacks what must hold first, and changes
    /// nothing then: it is tried even where that cannot be looked at or put right.
    const CHECKED: bool = false;
    /// A state. Absence is a state, never a read error.
    type State: Clone + Debug + PartialEq + Serialize + DeserializeOwned + Send + Sync;
    /// What a plan asks for.
    type Wish: Clone + Debug + PartialEq + Serialize + DeserializeOwned + Send + Sync;

    /// Whether `live` is safe, and if not, the nearest state that is.
    fn decide(
        live: &Self::State,
        wish: &Self::Wish,
        baseline: Option<&Self::State>,
        scene: Scene<'_>,
    ) -> Decision<Self::State>;

    /// The part of a wish that is evidence alone, where it is only a part: should
    /// the whole have to wait for anything, this goes ahead.
    fn evidence(_: &Self::Wish) -> Option<Self::Wish> {
        None
    }

    /// How `live` stands to `known`, field by field. Only a state that is
    /// stronger may replace a baseline without anybody's approval.
    fn compare(live: &Self::State, known: &Self::State) -> Standing {
        if live == known {
            Standing::Equal
        } else {
            Standing::Incomparable
        }
    }

    /// Whether two states mean the same. AWS rewrites documents, so that text
    /// is not compared.
    fn same(one: &Self::State, other: &Self::State) -> bool {
        Self::compare(one, other) == Standing::Equal
    }

    /// Whether Auditward ever writes this state. What it only switches on or
    /// creates it never takes away, not even to undo.
    fn writable(_: &Self::State) -> bool {
        true
    }

    /// A state in few words for people, such as `logging off`.
    fn tell(state: &Self::State) -> String;
}

/// How one state stands to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// The same in meaning.
    Equal,
    /// At least as strong in every field, stronger in one.
    Stronger,
    /// Weaker in some field and stronger in none.
    Weaker,
    /// Neither; what is new may be an attack as well.
    Incomparable,
}

/// What is to be done about a live state.
#[derive(Clone, Debug, PartialEq)]
pub enum Decision<S> {
    /// Nothing: it is safe already.
    Safe,
    /// Change it.
    Change(Change<S>),
    /// It is unsafe, and no automatic change is safe; the sentence tells a
    /// person why, and what to do.
    ByHand(String),
    /// The state does not tell; the sentence says what is missing.
    CannotTell(String),
}

/// One change of one facet.
#[derive(Clone, Debug, PartialEq)]
pub struct Change<S> {
    /// The nearest safe state.
    pub to: S,
    /// Whether the change only switches evidence back on and can harm nobody.
    pub evidence_on: bool,
    /// What must hold before this can be written.
    pub first: Vec<Plan>,
    /// What is changed, for people.
    pub why: String,
    /// Whether it may be written only once AWS's own event history confirms
    /// that the event made what is taken away.
    pub confirm: bool,
}

impl<S> Decision<S> {
    /// A change that only switches evidence back on.
    pub fn evidence_on(to: S, why: impl Into<String>) -> Self {
        Self::Change(Change {
            to,
            evidence_on: true,
            first: Vec::new(),
            why: why.into(),
            confirm: false,
        })
    }

    /// Any other change.
    pub fn change(to: S, why: impl Into<String>) -> Self {
        Self::Change(Change {
            to,
            evidence_on: false,
            first: Vec::new(),
            why: why.into(),
            confirm: false,
        })
    }

    /// The same decision about a state in another form.
    ///
    /// # Errors
    /// The state cannot be put into that form.
    pub fn map<T, E>(self, form: impl FnOnce(S) -> Result<T, E>) -> Result<Decision<T>, E> {
        Ok(match self {
            Self::Safe => Decision::Safe,
            Self::Change(Change {
                to,
                evidence_on,
                first,
                why,
                confirm,
            }) => Decision::Change(Change {
                to: form(to)?,
                evidence_on,
                first,
                why,
                confirm,
            }),
            Self::ByHand(why) => Decision::ByHand(why),
            Self::CannotTell(why) => Decision::CannotTell(why),
        })
    }

    /// The same change, once AWS's event history confirms the event.
    #[must_use]
    pub fn once_confirmed(mut self) -> Self {
        if let Self::Change(change) = &mut self {
            change.confirm = true;
        }
        self
    }

    /// The same change, after others.
    #[must_use]
    pub fn after(mut self, plans: Vec<Plan>) -> Self {
        if let Self::Change(change) = &mut self {
            change.first = plans;
        }
        self
    }
}

/// One step of a plan: a facet of a resource, and what is wished for it.
#[derive(Debug)]
pub struct Step<F: Facet> {
    /// The resource.
    pub at: At,
    /// What must hold.
    pub wish: F::Wish,
    /// What the event says it wrote. A live state that is safe but not this one
    /// may be older than the event, and is read again.
    pub wrote: Option<F::State>,
}

impl<F: Facet> Step<F> {
    /// A step for which the event does not say what was written.
    pub fn new(at: At, wish: F::Wish) -> Self {
        Self {
            at,
            wish,
            wrote: None,
        }
    }

    /// The step with what the event wrote.
    #[must_use]
    pub fn wrote(mut self, state: F::State) -> Self {
        self.wrote = Some(state);
        self
    }
}

impl<F: Facet> Clone for Step<F> {
    fn clone(&self) -> Self {
        Self {
            at: self.at.clone(),
            wish: self.wish.clone(),
            wrote: self.wrote.clone(),
        }
    }
}

impl<F: Facet> PartialEq for Step<F> {
    fn eq(&self, other: &Self) -> bool {
        self.at == other.at && self.wish == other.wish && self.wrote == other.wrote
    }
}

/// A live policy document as a state.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PolicyState {
    /// There is none.
    Absent,
    /// There is this one.
    Document(auditward_policy::Document),
    /// There is one that cannot be parsed: the text, and why.
    Unparsable {
        /// The document as it stands.
        text: String,
        /// What is wrong with it, with line and column.
        error: String,
    },
}

impl PolicyState {
    /// Reads a document as AWS returns it, URL-encoded or not.
    pub fn read(text: &str) -> Self {
        let plain = if text.trim_start().starts_with('%') {
            percent_decode(text)
        } else {
            text.to_owned()
        };
        match auditward_policy::Document::parse(&plain) {
            Ok(document) => Self::Document(document),
            Err(error) => Self::Unparsable {
                text: plain,
                error: error.to_string(),
            },
        }
    }

    /// The document, where there is one.
    pub fn document(&self) -> Option<&auditward_policy::Document> {
        match self {
            Self::Document(document) => Some(document),
            Self::Absent | Self::Unparsable { .. } => None,
        }
    }

    /// The text that a service takes, also of what cannot be parsed; `None`: there
    /// is to be no policy.
    pub fn text(&self) -> Option<String> {
        match self {
            Self::Document(document) => Some(document.to_json()),
            Self::Unparsable { text, .. } => Some(text.clone()),
            Self::Absent => None,
        }
    }

    /// How it stands to a known one where whatever differs may be an attack.
    pub fn standing(&self, known: &Self) -> Standing {
        if self.same(known) {
            Standing::Equal
        } else {
            Standing::Incomparable
        }
    }

    /// Whether two states mean the same.
    pub fn same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Document(one), Self::Document(other)) => one.means_the_same(other),
            (one, other) => one == other,
        }
    }

    /// In few words.
    pub fn tell(&self) -> String {
        match self {
            Self::Absent => "no policy".into(),
            Self::Document(document) => match document.statements().len() {
                1 => "a policy of 1 statement".into(),
                n => format!("a policy of {n} statements"),
            },
            Self::Unparsable { error, .. } => format!("a policy that cannot be parsed ({error})"),
        }
    }
}

/// Decodes `%XX` as IAM encodes the documents it returns (RFC 3986; `+` stands for itself).
pub fn percent_decode(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let mut ahead = rest.clone();
        let digit = |byte: Option<u8>| byte.and_then(|b| char::from(b).to_digit(16));
        match (digit(ahead.next()), digit(ahead.next())) {
            (Some(high), Some(low)) => {
                bytes.push(u8::try_from(high * 16 + low).unwrap_or(b'?'));
                rest = ahead;
            }
            _ => bytes.push(byte),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documents_are_decoded_only_where_they_are_encoded() {
        assert_eq!(
            percent_decode("%7B%22a%22%3A%20%22100%25%22%7D"),
            r#"{"a": "100%"}"#
        );
        assert_eq!(percent_decode("50%+%zz"), "50%+%zz");
    }
}
