//! What a function adds to the pipeline: which plans it carries, with which hands.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use auditward_rules::facet::{At, Facet, Step};
use auditward_rules::inventory::{Inventory, Learnt};
use auditward_rules::plan::Plan;
use auditward_rules::rule::Function;
use auditward_rules::settings::Settings;

use crate::failure::Failure;
use crate::hand::{Hand, Written};
use crate::pipeline::Place;
use crate::store::BoxFuture;

/// A function's side of the pipeline.
pub trait Guard: Send + Sync {
    /// Which function this is.
    fn function(&self) -> Function;

    /// Reads or writes a plan's facet with the hand that can; `None` where this
    /// function does not carry such plans.
    fn touch<'a>(&'a self, plan: &'a Plan, touch: Touch<'a>) -> Option<Touching<'a>>;

    /// The account and region that this function runs in.
    fn home(&self) -> Place;

    /// Finds what this function guards in one place: the resources, and what of
    /// them the other functions need to know.
    fn discover<'a>(
        &'a self,
        settings: &'a Settings,
        inventory: &'a Inventory,
        place: &'a Place,
    ) -> Discovering<'a>;

    /// Whether AWS's own event history confirms that this happened.
    fn confirms<'a>(&'a self, happened: &'a Happened) -> Confirming<'a>;

    /// The name of the stack that a resource is of, where there is one.
    fn stack<'a>(&'a self, deployed: &'a Deployed) -> Naming<'a>;

    /// The records that AWS's own event history has of a time in which none were
    /// delivered, and where to go on.
    fn missed<'a>(&'a self, gap: &'a Gap) -> Missing<'a>;
}

/// A reading of the event history under way.
pub type Missing<'a> = BoxFuture<'a, Result<(Vec<String>, Option<String>), Failure>>;

/// A time in which a place was not watched: no trail recorded in full there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gap {
    /// The account and region.
    #[serde(flatten)]
    pub place: Place,
    /// From when.
    pub from: DateTime<Utc>,
    /// Until when.
    pub to: DateTime<Utc>,
    /// Where to go on, should an earlier invocation not have come to the end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// A reading or writing under way.
pub type Touching<'a> = BoxFuture<'a, Result<Touched, Failure>>;
/// A search under way.
pub type Discovering<'a> = BoxFuture<'a, Result<Discovered, Failure>>;
/// A question for a stack under way.
pub type Naming<'a> = BoxFuture<'a, Result<Option<String>, Failure>>;
/// A question to the event history under way.
pub type Confirming<'a> = BoxFuture<'a, Result<bool, Failure>>;

/// A call as it was reported, to be looked up in the event history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Happened {
    /// The record's own `eventID`.
    pub event_id: String,
    /// Its `eventSource`.
    pub source: String,
    /// Its `eventName`.
    pub name: String,
    /// Its `eventTime`.
    pub time: String,
    /// The account whose history has it.
    pub account: String,
    /// The region whose history has it.
    pub region: String,
}

/// A resource that CloudFormation changed, and where to ask for its stack.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deployed {
    /// The account of the stack.
    pub account: String,
    /// The regions in which the stack may be, the likely first.
    pub regions: Vec<String>,
    /// The names by which CloudFormation may know the resource (its physical ID).
    pub names: Vec<String>,
}

/// What a function found to guard.
#[derive(Clone, Debug, Default)]
pub struct Discovered {
    /// The resources.
    pub resources: Vec<At>,
    /// What it adds to the inventory.
    pub learnt: Learnt,
    /// What could not be looked at, in words.
    pub unread: Vec<String>,
}

impl From<Vec<At>> for Discovered {
    fn from(resources: Vec<At>) -> Self {
        Self {
            resources,
            ..Self::default()
        }
    }
}

impl Discovered {
    /// Adds what somebody else found in the same place.
    pub fn add(&mut self, more: Self) {
        let Learnt {
            trails,
            vouched,
            gone,
            owners,
            accounts,
            others,
        } = more.learnt;
        self.resources.extend(more.resources);
        self.unread.extend(more.unread);
        self.learnt.trails.extend(trails);
        self.learnt.vouched.extend(vouched);
        self.learnt.gone.extend(gone);
        self.learnt.owners.extend(owners);
        self.learnt.accounts.extend(accounts);
        self.learnt.others.extend(others);
    }
}

/// What is to be done to a facet.
#[derive(Clone, Copy, Debug)]
pub enum Touch<'a> {
    /// Read it.
    Read,
    /// Move it from one state to another.
    Write {
        /// The state as just read.
        from: &'a Value,
        /// The state that is wanted.
        to: &'a Value,
    },
}

/// What came of it.
#[derive(Clone, Debug)]
pub enum Touched {
    /// The live state.
    Live(Value),
    /// It was written.
    Written(Written),
}

impl<'a> Touch<'a> {
    /// Does it with a hand.
    pub fn with<F: Facet, H: Hand<F>>(
        self,
        hand: &'a H,
        step: &'a Step<F>,
    ) -> BoxFuture<'a, Result<Touched, Failure>> {
        Box::pin(async move {
            match self {
                Self::Read => {
                    let state = hand.read(&step.at).await?;
                    Ok(Touched::Live(
                        serde_json::to_value(state).map_err(|e| unusable::<F>(&e))?,
                    ))
                }
                Self::Write { from, to } => {
                    let state = |value: &Value| {
                        serde_json::from_value::<F::State>(value.clone())
                            .map_err(|e| unusable::<F>(&e))
                    };
                    hand.write(&step.at, &state(from)?, &state(to)?)
                        .await
                        .map(Touched::Written)
                }
            }
        })
    }
}

fn unusable<F: Facet>(error: &serde_json::Error) -> Failure {
    Failure::other(
        F::KIND,
        format!("a state of this facet cannot be read: {error}"),
    )
}
