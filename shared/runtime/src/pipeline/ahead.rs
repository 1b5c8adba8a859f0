//! What is known before the first decision.

use std::collections::HashMap;

use auditward_rules::judge::{Judgement, judge};
use auditward_rules::plan::Plan;
use auditward_rules::record::Record;
use serde_json::Value;

use super::{Answer, Pipeline, may_be_ours};
use crate::failure::Failure;
use crate::keys;
use crate::known::{Fallback, Known};
use crate::store::Item;

/// What a record amounts to, as far as can be told without asking anybody.
#[derive(Debug)]
pub struct Likely {
    /// What is known since less than a minute ago, if anything is.
    pub(super) fresh: Option<Known>,
    pub(super) judgement: Judgement,
}

/// What is known before the first decision.
pub(super) struct Ahead<'a> {
    /// The event as it came.
    pub payload: &'a str,
    pub known: Known,
    pub items: HashMap<String, Item>,
    /// The keys that were looked up: what is not among the items is not there.
    pub asked: Vec<String>,
    pub live: Option<(Plan, Result<Value, Failure>)>,
    pub judgement: Judgement,
    /// Whether the store answers.
    pub stored: bool,
}

impl Pipeline<'_> {
    /// Everything that can be read side by side before the first decision:
    /// settings and inventory (unless they are fresh), what the store has about
    /// the likely findings, and the live state of the likely first step.
    pub(super) async fn look_ahead<'p>(
        &self,
        record: &Record<'_>,
        payload: &'p str,
        likely: Likely,
        answer: &mut Answer,
    ) -> Ahead<'p> {
        let Likely {
            fresh,
            judgement: likely,
        } = likely;
        let mut keys: Vec<String> = Vec::new();
        if fresh.is_none() {
            keys.extend([keys::SETTINGS.to_owned(), keys::INVENTORY.to_owned()]);
        }
        if may_be_ours(record) && !record.request_id.is_empty() {
            keys.push(keys::ledger(&record.request_id));
        }
        for finding in &likely.findings {
            keys.extend(self.keys_of(record, finding));
        }
        keys.sort_unstable();
        keys.dedup();
        let first = likely
            .findings
            .iter()
            .filter(|finding| finding.rule.function == self.guard.function())
            .find_map(|finding| finding.plan.first());
        let read = async {
            match first {
                Some(plan) => Some((plan.clone(), self.read(plan).await)),
                None => None,
            }
        };
        let get = async {
            if keys.is_empty() {
                Ok(HashMap::new())
            } else {
                self.store.get(&keys).await
            }
        };
        let (items, live) = futures_util::future::join(get, read).await;
        let (items, stored) = match items {
            Ok(items) => (items, true),
            Err(failure) => {
                answer.metrics.count("StoreFailures");
                answer
                    .notes
                    .push(format!("the store does not answer: {failure}"));
                answer.again(failure.to_string());
                let known = self.memo.without(Fallback::Unreachable, self.now);
                let judgement = judge(record, &known.settings, &known.inventory, self.now);
                return Ahead {
                    payload,
                    known,
                    items: HashMap::new(),
                    asked: Vec::new(),
                    live,
                    judgement,
                    stored: false,
                };
            }
        };
        let (known, judgement) = match fresh {
            Some(known) => (known, likely),
            None => {
                let known = self.memo.take(&items, self.now);
                let judgement = judge(record, &known.settings, &known.inventory, self.now);
                (known, judgement)
            }
        };
        Ahead {
            payload,
            known,
            items,
            asked: keys,
            live,
            judgement,
            stored,
        }
    }
}
