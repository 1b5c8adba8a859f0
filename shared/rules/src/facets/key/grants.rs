//! What principals are granted of a key, beside its policy.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::facet::{Decision, Facet, Scene};
use crate::facets::made::things;

things! {
    /// A grant that an event made, by its ID.
    KeyGrant = "key-grant", "grant", "revoke the grant", restorable false;
}

/// All grants of a key, so that one that is revoked can be given again.
#[derive(Debug)]
pub struct KeyGrants;

/// What is granted to whom.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Grant {
    /// Its name, if it has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Who may use the key: a principal's ARN, or a service.
    pub grantee: String,
    /// Who may retire the grant.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retiring: Option<String>,
    /// What for, such as `Decrypt`.
    pub operations: BTreeSet<String>,
    /// The encryption context that must be there among others.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub context_subset: BTreeMap<String, String>,
    /// The encryption context that must be there alone.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub context_equals: BTreeMap<String, String>,
    /// The resource for which a service may use it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source_arn: Option<String>,
}

/// Which grants must be there.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct GrantsWish {
    /// IDs of grants that were revoked and are given again. KMS gives them new
    /// IDs, so that they are known by what they grant.
    pub back: Vec<String>,
}

impl Facet for KeyGrants {
    const KIND: &'static str = "key-grants";
    /// By ID.
    type State = BTreeMap<String, Grant>;
    type Wish = GrantsWish;

    fn decide(
        live: &Self::State,
        wish: &GrantsWish,
        baseline: Option<&Self::State>,
        _: Scene<'_>,
    ) -> Decision<Self::State> {
        let mut to = live.clone();
        let mut told = Vec::new();
        for id in &wish.back {
            if live.contains_key(id) {
                continue;
            }
            let Some(grant) = baseline.and_then(|known| known.get(id)) else {
                return Decision::ByHand(
                    "the grant that was revoked is not recorded; whoever used it must be granted the key again by hand".into(),
                );
            };
            if !to.values().any(|other| other == grant) {
                told.push(format!(
                    "grant {} {} again",
                    grant.grantee,
                    joined(&grant.operations)
                ));
                to.insert(id.clone(), grant.clone());
            }
        }
        if told.is_empty() {
            return Decision::Safe;
        }
        Decision::change(to, told.join("; "))
    }

    fn same(one: &Self::State, other: &Self::State) -> bool {
        // Of two grants that are given again the IDs differ, and nothing else.
        let within = |some: &Self::State, of: &Self::State| {
            some.values()
                .all(|grant| of.values().any(|other| other == grant))
        };
        within(one, other) && within(other, one)
    }

    fn tell(state: &Self::State) -> String {
        match state.len() {
            0 => "no grants".into(),
            1 => "1 grant".into(),
            n => format!("{n} grants"),
        }
    }
}

fn joined(operations: &BTreeSet<String>) -> String {
    let all: Vec<_> = operations.iter().map(String::as_str).collect();
    all.join(", ")
}
