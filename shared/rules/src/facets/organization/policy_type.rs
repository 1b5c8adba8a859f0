//! Whether policies of a type have any effect, and what they are attached to.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Debug;

use serde::{Deserialize, Serialize};

use crate::facet::{Scene, Standing};
use crate::facets::kept::{Keep, Kept};

/// A type of policies at the root of the organization, which is the item, and
/// all attachments of such policies: with the type they are all gone.
pub type PolicyType = Kept<Types>;

/// Keeps [`PolicyType`].
#[derive(Debug)]
pub struct Types;

/// What policies of a type are attached to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AttachedTo {
    /// Whether the type is enabled.
    pub enabled: bool,
    /// By policy ID, the IDs of the roots, units and accounts.
    pub attached: BTreeMap<String, BTreeSet<String>>,
}

impl AttachedTo {
    /// Whether every attachment of the other is there.
    fn holds(&self, other: &Self) -> bool {
        (self.enabled || !other.enabled)
            && other.attached.iter().all(|(policy, targets)| {
                targets.is_empty()
                    || self
                        .attached
                        .get(policy)
                        .is_some_and(|own| own.is_superset(targets))
            })
    }
}

impl Keep for Types {
    const KIND: &'static str = "policy-type";
    const WHAT: &'static str = "policy type with its attachments";
    const OTHERWISE: &'static str = "enable it, and attach the policies again";
    type State = AttachedTo;

    /// Without a record the type alone is enabled; AWS attaches its own
    /// policies that allow everything.
    fn usual(live: &AttachedTo, _: Scene<'_>) -> Option<AttachedTo> {
        Some(AttachedTo {
            enabled: true,
            ..live.clone()
        })
    }

    fn compare(live: &AttachedTo, known: &AttachedTo) -> Standing {
        match (live.holds(known), known.holds(live)) {
            (true, true) => Standing::Equal,
            (true, false) => Standing::Stronger,
            (false, true) => Standing::Weaker,
            (false, false) => Standing::Incomparable,
        }
    }

    fn mend(live: &AttachedTo, known: &AttachedTo) -> AttachedTo {
        let mut to = live.clone();
        to.enabled |= known.enabled;
        for (policy, targets) in &known.attached {
            to.attached
                .entry(policy.clone())
                .or_default()
                .extend(targets.iter().cloned());
        }
        to
    }

    /// A type is never switched off.
    fn writable(state: &AttachedTo) -> bool {
        state.enabled
    }

    fn tell(state: &AttachedTo) -> String {
        let count: usize = state.attached.values().map(BTreeSet::len).sum();
        match (state.enabled, count) {
            (false, _) => "not enabled".into(),
            (true, 1) => "enabled, 1 attachment".into(),
            (true, count) => format!("enabled, {count} attachments"),
        }
    }
}
