//! What a bucket writes into another one day after day: inventories and
//! storage class analyses.

use std::fmt::Debug;
use std::marker::PhantomData;

use serde::{Deserialize, Serialize};

use crate::facet::{Decision, Facet, Scene};

/// What distinguishes one sort of export from another.
pub trait Exports: Debug + Send + Sync + 'static {
    /// The facet's name in plans.
    const KIND: &'static str;
    /// What it is, in words.
    const WHAT: &'static str;
}

/// Where an export goes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Export {
    /// The bucket's name; empty where the analysis is not exported.
    pub bucket: String,
    /// Its owner, where the configuration names one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
}

/// What must hold: that nothing goes there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExportWish {
    /// The outsider's bucket that the event named.
    pub bucket: String,
}

/// The facet of one configuration, by its ID.
#[derive(Debug)]
pub struct Exported<E>(PhantomData<E>);

/// A bucket's inventory configuration.
pub type BucketInventory = Exported<Inventory>;
/// A bucket's analytics configuration.
pub type BucketAnalytics = Exported<Analytics>;

/// Exports of [`BucketInventory`].
#[derive(Debug)]
pub struct Inventory;

impl Exports for Inventory {
    const KIND: &'static str = "bucket-inventory";
    const WHAT: &'static str = "inventory configuration";
}

/// Exports of [`BucketAnalytics`].
#[derive(Debug)]
pub struct Analytics;

impl Exports for Analytics {
    const KIND: &'static str = "bucket-analytics";
    const WHAT: &'static str = "analytics configuration";
}

impl<E: Exports> Facet for Exported<E> {
    const KIND: &'static str = E::KIND;
    /// `None`: there is no such configuration.
    type State = Option<Export>;
    type Wish = ExportWish;

    fn decide(
        live: &Self::State,
        wish: &ExportWish,
        baseline: Option<&Self::State>,
        _: Scene<'_>,
    ) -> Decision<Self::State> {
        let what = E::WHAT;
        match live {
            Some(export) if export.bucket == wish.bucket => {
                if baseline == Some(live) {
                    return Decision::ByHand(format!(
                        "the {what} is among the recorded ones; delete it if it is not meant"
                    ));
                }
                // No service says since when, so that the event history must.
                Decision::change(None, format!("delete the {what}")).once_confirmed()
            }
            // It is gone, or already goes elsewhere again.
            _ => Decision::Safe,
        }
    }

    /// What a whole configuration said is not kept, so that none is written.
    fn writable(state: &Self::State) -> bool {
        state.is_none()
    }

    fn tell(state: &Self::State) -> String {
        let what = E::WHAT;
        match state {
            None => format!("no {what}"),
            Some(Export {
                bucket,
                account: None,
            }) => format!("{what} to bucket {bucket}"),
            Some(Export {
                bucket,
                account: Some(account),
            }) => format!("{what} to bucket {bucket} of account {account}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facets::law::{Stage, changed, keeps_the_law};

    #[test]
    fn only_what_goes_where_the_event_sent_it_is_deleted() {
        let stage = Stage::of("arn:aws:s3:::acme-org-trail-logs");
        let export = |bucket: &str| {
            Some(Export {
                bucket: bucket.into(),
                account: Some("333333333333".into()),
            })
        };
        let wish = ExportWish {
            bucket: "theirs".into(),
        };
        let live = export("theirs");
        let decide = |live: &Option<Export>, known: Option<&Option<Export>>| {
            BucketInventory::decide(live, &wish, known, stage.scene())
        };
        let change = changed(decide(&live, None));
        assert!(change.to.is_none() && change.confirm && !change.evidence_on);
        for safe in [None, export("ours")] {
            assert_eq!(decide(&safe, None), Decision::Safe);
        }
        assert!(matches!(decide(&live, Some(&live)), Decision::ByHand(_)));
        keeps_the_law::<BucketAnalytics>(&stage, &live, &wish, None).unwrap();
        assert!(!BucketInventory::writable(&live));
    }
}
