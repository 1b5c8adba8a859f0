//! Baselines: the last state of a resource that is known good.

use chrono::{DateTime, Duration, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use auditward_rules::actor::Actor;
use auditward_rules::facet::Standing;
use auditward_rules::inventory::Learnt;
use auditward_rules::judge::Judgement;
use auditward_rules::plan::Plan;
use auditward_rules::protected::{encrypted_with, leads_to, trail_use};
use auditward_rules::record::Record;
use auditward_rules::registry;

use super::job::Job;
use super::{Answer, Pipeline};
use crate::failure::{Failure, FailureKind};
use crate::keys;
use crate::store::{Expect, Item, NotStored, Put};

/// A recorded state and where it comes from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Baseline {
    /// The facet and the resource.
    pub plan: Plan,
    /// The state.
    pub state: Value,
    /// Whether a person or a deployer stands behind it. One that was merely the
    /// first state seen is not confirmed.
    pub confirmed: bool,
    /// Who recorded it.
    pub by: String,
    /// When.
    pub at: DateTime<Utc>,
    /// Whether a deployer changed the resource since, and the event did not say
    /// to what: then nothing is put back to this state.
    #[serde(default)]
    pub outdated: bool,
    /// Whether an operator said that the resource is gone for good. Should one of its
    /// name come to be guarded again, it is as one that nobody has seen.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub retired: bool,
    /// The deployer's event that it was learnt from: its time, or the time of an
    /// operator's word. Events come late and more than once, and an older one says
    /// nothing about what is there now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub said: Option<DateTime<Utc>>,
    /// That event's identifier; empty where it was an operator's word.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub event: String,
    /// The one before, for the history.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub earlier: Vec<Earlier>,
}

/// A baseline that was replaced.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Earlier {
    /// The state.
    pub state: Value,
    /// Who had recorded it.
    pub by: String,
    /// When.
    pub at: DateTime<Utc>,
    /// The event that it was learnt from.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub event: String,
}

/// How many earlier baselines are kept, and how many bytes of them.
const HISTORY: usize = 10;
const LONG: usize = 200_000;
/// How often it is tried to record one while others do.
pub(super) const TRIES: usize = 5;

/// Others kept recording the same baseline.
pub(super) fn busy() -> Failure {
    Failure {
        code: "Conflict".into(),
        kind: FailureKind::Passing,
        ..Failure::other(
            "dynamodb:PutItem",
            "others keep recording the same baseline",
        )
    }
}

impl Baseline {
    /// A baseline in the place of an earlier one.
    pub fn after(
        earlier: Option<Self>,
        plan: Plan,
        state: Value,
        confirmed: bool,
        by: &str,
        at: DateTime<Utc>,
    ) -> Self {
        let mut history = Vec::new();
        let (mut said, mut event) = (None, String::new());
        if let Some(earlier) = earlier {
            (said, event) = (earlier.said, earlier.event.clone());
            history.push(Earlier {
                state: earlier.state,
                by: earlier.by,
                at: earlier.at,
                event: earlier.event,
            });
            history.extend(earlier.earlier);
            history.truncate(HISTORY);
            let mut room = LONG;
            history.retain(|earlier| {
                let long = earlier.state.to_string().len();
                let fits = long <= room;
                room = room.saturating_sub(long);
                fits
            });
        }
        Self {
            plan,
            state,
            confirmed,
            by: by.to_owned(),
            at,
            outdated: false,
            retired: false,
            said,
            event,
            earlier: history,
        }
    }

    /// What a document, if there is one, records of a resource that is not retired.
    ///
    /// # Errors
    /// It is no baseline.
    pub fn kept(item: Option<&Item>) -> Result<Option<Self>, Failure> {
        let baseline = item.map(Item::read::<Self>).transpose()?;
        Ok(baseline.filter(|baseline| !baseline.retired))
    }

    /// The same, by an event, or by an operator's word, of a time.
    #[must_use]
    pub fn as_said(mut self, time: Option<DateTime<Utc>>, event: &str) -> Self {
        self.said = time.or(self.said);
        event.clone_into(&mut self.event);
        self
    }

    /// Whether an event is older than what this was learnt from, or is in it already.
    fn has(&self, time: Option<DateTime<Utc>>, event: &str) -> bool {
        // An event's time is cut to the second: within one nobody knows which was first.
        let second = Duration::seconds(1);
        let older = self
            .said
            .zip(time)
            .is_some_and(|(said, time)| time + second <= said);
        let mut earlier = self.earlier.iter();
        let same = |known: &str| !event.is_empty() && known == event;
        older || same(&self.event) || earlier.any(|earlier| same(&earlier.event))
    }
}

impl Job<'_> {
    /// Records the states that were found or made safe: the first one of a
    /// resource, and any that is stronger than the one known. Everything else
    /// that is new could also be an attack and needs somebody's approval.
    pub(super) async fn learn_safe(&mut self, answer: &mut Answer) {
        if !self.stored {
            return;
        }
        for (plan, live) in std::mem::take(&mut self.safe) {
            let item = self.items.get(&keys::baseline(plan.kind(), plan.at()));
            self.pipeline.learn(&plan, live, item, answer).await;
        }
    }
}

impl Pipeline<'_> {
    /// Records a safe state: the first one of a resource, which is looked at from
    /// now on, and any that is stronger than the one known.
    pub(super) async fn learn(
        &self,
        plan: &Plan,
        live: Value,
        item: Option<&Item>,
        answer: &mut Answer,
    ) {
        let known = Baseline::kept(item).ok().flatten();
        let first = known.is_none();
        let stronger = match &known {
            None => true,
            Some(known) => matches!(plan.compare(&live, &known.state), Ok(Standing::Stronger)),
        };
        if !stronger {
            return;
        }
        let confirmed = known.as_ref().is_some_and(|known| known.confirmed);
        let baseline = Baseline::after(known, plan.clone(), live, confirmed, "auditward", self.now);
        // A conflict means that somebody else learnt it in the same moment; the next
        // look learns what is still new.
        if let Err(NotStored::Failed(failure)) = self.record_baseline(&baseline, item, answer).await
        {
            answer
                .notes
                .push(format!("a baseline was not recorded: {failure}"));
        }
        // What is another's it has found itself.
        let own = registry::about(self.guard.function(), plan.kind()).is_some();
        if first
            && own
            && let Err(failure) = self.remember(std::slice::from_ref(plan.at())).await
        {
            answer
                .notes
                .push(format!("sweeps do not know of it yet: {failure}"));
        }
    }

    /// A deployer's change becomes the baseline: what the event says it wrote,
    /// never what is live, which somebody else may have changed since. Where the
    /// event does not say, the old baseline is outdated until one is taken anew.
    pub(super) async fn learn_accepted(
        &self,
        judgement: &Judgement,
        record: &Record<'_>,
        answer: &mut Answer,
    ) {
        for plan in &judgement.accepted {
            if let Err(failure) = self.accept(plan, record, answer).await {
                answer.metrics.count("Failures");
                answer
                    .notes
                    .push(format!("the deployer's change was not recorded: {failure}"));
                answer.again(failure.to_string());
            }
        }
    }

    async fn accept(
        &self,
        plan: &Plan,
        record: &Record<'_>,
        answer: &mut Answer,
    ) -> Result<(), Failure> {
        let key = keys::baseline(plan.kind(), plan.at());
        let (by, event) = (&Actor::of(record).issuer, record.identifier());
        let time = DateTime::parse_from_rfc3339(&record.event_time);
        let time = time.ok().map(|time| time.to_utc());
        for _ in 0..TRIES {
            let items = self.store.get(std::slice::from_ref(&key)).await?;
            let item = items.get(&key);
            let known = item.and_then(|item| item.read::<Baseline>().ok());
            if known.as_ref().is_some_and(|known| known.has(time, &event)) {
                return Ok(());
            }
            let baseline = match (plan.wrote(), known) {
                (Some(wrote), known) => {
                    Baseline::after(known, plan.clone(), wrote, true, by, self.now)
                }
                (None, Some(known)) => Baseline {
                    outdated: true,
                    ..known
                },
                (None, None) => return Ok(()),
            };
            let baseline = baseline.as_said(time, &event);
            match self.record_baseline(&baseline, item, answer).await {
                Err(NotStored::Conflict) => {}
                Err(NotStored::Failed(failure)) => return Err(failure),
                Ok(()) => return Ok(()),
            }
        }
        Err(busy())
    }

    /// Records a baseline in the place of the one that was read.
    ///
    /// # Errors
    /// Somebody else learnt it in the same moment, or the store does not answer.
    pub(super) async fn record_baseline(
        &self,
        baseline: &Baseline,
        item: Option<&Item>,
        answer: &mut Answer,
    ) -> Result<(), NotStored> {
        let key = keys::baseline(baseline.plan.kind(), baseline.plan.at());
        let put = Put::new(key, Expect::from(item), baseline).map_err(NotStored::Failed)?;
        let put = put.listed("baseline", baseline.at.to_rfc3339());
        self.store.put(&[put]).await?;
        if let Err(failure) = self.learn_inventory(baseline).await {
            answer
                .notes
                .push(format!("what the trail uses was not recorded: {failure}"));
        }
        Ok(())
    }

    /// A trail's new configuration says what it uses now. Where a guarded resource
    /// sends to is guarded as well, once somebody confirmed that it is meant to; the
    /// key that it is encrypted with is at once.
    async fn learn_inventory(&self, baseline: &Baseline) -> Result<(), Failure> {
        let Baseline { plan, state, .. } = baseline;
        if baseline.outdated {
            // What was so before says nothing about what is meant now.
            return Ok(());
        }
        let known = super::known_now(self).await;
        let organization = known.settings.ours.organization.as_deref();
        let mut learnt = Learnt::default();
        let used = trail_use(plan, state, organization);
        if baseline.confirmed {
            learnt.vouched.extend(used);
        } else {
            learnt.trails.extend(used);
        }
        let resource = &plan.at().resource;
        if known.settings.protects(resource, &known.inventory) {
            // A key is only ever kept in use, whoever chose it.
            learnt.others.extend(encrypted_with(plan, state));
            if baseline.confirmed {
                learnt.others.extend(leads_to(plan, state));
            }
        }
        self.learnt(&learnt, &known).await
    }
}
