//! What a look began and did not end: a case that is open or untold, a change that
//! still has time to be told of. Each pulse goes on with it, so that neither a
//! crash nor a topic that does not answer keeps anybody from being told.

use chrono::{DateTime, Duration, Utc};
use serde::{Deserialize, Serialize};

use auditward_rules::facet::At;
use auditward_rules::plan::Plan;
use auditward_rules::protected;

use super::{Answer, Pipeline};
use crate::case::{Case, Outcome};
use crate::guard::Touch;
use crate::keys;
use crate::known::Known;

/// All of it, of one function.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Unfinished {
    all: Vec<One>,
}

/// One facet of a resource.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct One {
    kind: String,
    at: At,
    /// Since when it is seen.
    since: DateTime<Utc>,
    /// The case that was begun.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    case: Option<Begun>,
}

/// A case, by what its key is made of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Begun {
    pub event: String,
    pub rule: String,
    pub resource: String,
}

/// The most that is kept: a document has its limits. What finds no room here is
/// found again by a later sweep.
const MOST: usize = 500;
/// What is not ended after so long is left to sweeps.
const LONGEST: Duration = Duration::days(2);

impl One {
    fn is(&self, plan: &Plan) -> bool {
        self.kind == plan.kind() && self.at == *plan.at()
    }
}

impl Unfinished {
    fn of(&self, plan: &Plan) -> Option<&One> {
        self.all.iter().find(|one| one.is(plan))
    }

    /// Whether a facet is among it.
    pub fn has(&self, plan: &Plan) -> bool {
        self.of(plan).is_some()
    }

    /// The case that was begun with a facet.
    pub fn begun(&self, plan: &Plan) -> Option<&Begun> {
        self.of(plan)?.case.as_ref()
    }

    /// Since when a facet is seen as it must not be.
    pub fn since(&self, plan: &Plan) -> Option<DateTime<Utc>> {
        Some(self.of(plan)?.since)
    }

    /// Whether anything is new; what finds no room is not.
    fn begin(&mut self, plan: &Plan, case: Option<&Begun>, now: DateTime<Utc>) -> bool {
        if let Some(one) = self.all.iter_mut().find(|one| one.is(plan)) {
            let new = case.filter(|case| one.case.as_ref() != Some(case));
            one.case = new.cloned().or_else(|| one.case.take());
            return new.is_some();
        }
        let room = self.all.len() < MOST;
        if room {
            self.all.push(One {
                kind: plan.kind().to_owned(),
                at: plan.at().clone(),
                since: now,
                case: case.cloned(),
            });
        }
        room
    }
}

/// Whether a later look has to go on with a case.
pub(super) fn goes_on(case: &Case) -> bool {
    let told = case.told.map(|(_, outcome)| outcome);
    case.outcome == Outcome::Open || told != Some(case.outcome)
}

impl Pipeline<'_> {
    /// Keeps what a look begins, before it writes; whether it is kept.
    pub(super) async fn begin(
        &self,
        plan: &Plan,
        case: Option<&Begun>,
        answer: &mut Answer,
    ) -> bool {
        let key = keys::unfinished(self.guard.function());
        let (now, mut kept) = (self.now, false);
        let changed = self.change(&key, |unfinished: &mut Unfinished| {
            let new = unfinished.begin(plan, case, now);
            kept = unfinished.has(plan);
            new
        });
        if let Err(failure) = changed.await {
            answer.notes.push(format!(
                "should this end here, no pulse goes on with it: {failure}"
            ));
            return false;
        }
        kept
    }

    /// What was begun with a facet is done.
    pub(super) async fn end(&self, plan: &Plan) {
        self.end_where(|one| one.is(plan)).await;
    }

    /// What was begun with any side of a resource is done.
    pub(super) async fn end_all(&self, resource: &str) {
        self.end_where(|one| one.at.resource == resource).await;
    }

    async fn end_where(&self, done: impl Fn(&One) -> bool) {
        let key = keys::unfinished(self.guard.function());
        let ended = self.change(&key, |unfinished: &mut Unfinished| {
            let before = unfinished.all.len();
            unfinished.all.retain(|one| !done(one));
            unfinished.all.len() != before
        });
        // The next pulse finds it done.
        let _ = ended.await;
    }

    /// What is to be gone on with besides these plans.
    pub(super) async fn to_go_on(
        &self,
        unfinished: &Unfinished,
        besides: &[Plan],
        known: &Known,
    ) -> Vec<Plan> {
        let mut plans = Vec::new();
        let mut any_lost = false;
        let lost = |one: &One| self.now - one.since > LONGEST || self.plan_of(one, known).is_none();
        for one in &unfinished.all {
            if besides.iter().any(|plan| one.is(plan)) {
                continue;
            }
            match self.plan_of(one, known).filter(|_| !lost(one)) {
                Some(plan) => plans.push(plan),
                None => any_lost = true,
            }
        }
        if any_lost {
            self.end_where(lost).await;
        }
        plans
    }

    fn plan_of(&self, one: &One, known: &Known) -> Option<Plan> {
        let plans = protected::plans(&one.at, &known.settings, &known.inventory);
        plans
            .into_iter()
            .find(|plan| one.is(plan))
            .filter(|plan| self.guard.touch(plan, Touch::Read).is_some())
    }
}
