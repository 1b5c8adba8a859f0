//! Whether an event data store is there and takes events in.

use serde::{Deserialize, Serialize};

use crate::facet::{Decision, Facet, Scene, Standing};

/// Whether an event data store is there and takes events in.
#[derive(Debug)]
pub struct StoreState;

/// The life of an event data store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StoreLife {
    /// It takes events in, or is about to.
    Ingesting,
    /// It keeps what it has, and takes nothing in.
    Stopped,
    /// It is going to be deleted.
    PendingDeletion,
    /// It is being made or stopped; this passes.
    Changing,
    /// There is none.
    Absent,
}

/// What a plan asks of an event data store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StoreLifeWish {
    /// It takes events in.
    Ingesting,
    /// It is kept, and takes events in if it did.
    Kept,
}

impl Facet for StoreState {
    const KIND: &'static str = "store-state";
    type State = StoreLife;
    type Wish = StoreLifeWish;

    fn decide(
        live: &StoreLife,
        wish: &StoreLifeWish,
        baseline: Option<&StoreLife>,
        _: Scene<'_>,
    ) -> Decision<StoreLife> {
        // What is not known to have been stopped before took events in.
        let stopped_before = *wish == StoreLifeWish::Kept && baseline == Some(&StoreLife::Stopped);
        let may_stay = *wish == StoreLifeWish::Kept && baseline != Some(&StoreLife::Ingesting);
        match live {
            StoreLife::Ingesting => Decision::Safe,
            StoreLife::Stopped if may_stay => Decision::Safe,
            StoreLife::Stopped => {
                Decision::evidence_on(StoreLife::Ingesting, "start the store's ingestion")
            }
            StoreLife::PendingDeletion if stopped_before => {
                Decision::evidence_on(StoreLife::Stopped, "restore the store")
            }
            StoreLife::PendingDeletion => Decision::evidence_on(
                StoreLife::Ingesting,
                "restore the store and let it take events in",
            ),
            StoreLife::Changing => {
                Decision::CannotTell("the event data store is being made or stopped".into())
            }
            StoreLife::Absent => Decision::ByHand(
                "there is no such event data store any longer, and its events are gone with it; create it again, or remove it from the settings".into(),
            ),
        }
    }

    fn compare(live: &StoreLife, known: &StoreLife) -> Standing {
        let rank = |life: &StoreLife| match life {
            StoreLife::Absent => 0,
            StoreLife::PendingDeletion => 1,
            StoreLife::Stopped | StoreLife::Changing => 2,
            StoreLife::Ingesting => 3,
        };
        match rank(live).cmp(&rank(known)) {
            _ if live == known => Standing::Equal,
            std::cmp::Ordering::Less => Standing::Weaker,
            std::cmp::Ordering::Greater => Standing::Stronger,
            std::cmp::Ordering::Equal => Standing::Incomparable,
        }
    }

    fn writable(state: &StoreLife) -> bool {
        *state == StoreLife::Ingesting
    }

    fn tell(state: &StoreLife) -> String {
        match state {
            StoreLife::Ingesting => "taking events in",
            StoreLife::Stopped => "ingestion stopped",
            StoreLife::PendingDeletion => "going to be deleted",
            StoreLife::Changing => "being changed",
            StoreLife::Absent => "no event data store",
        }
        .into()
    }
}
