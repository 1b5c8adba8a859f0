//! Where a bucket's own access logs go.

use serde::{Deserialize, Serialize};

use super::Grant;
use crate::facet::{Scene, Standing};
use crate::facets::kept::{Keep, Kept, compare_whole};

/// The server access logging of a bucket.
pub type BucketLogging = Kept<AccessLogs>;

/// Keeps [`BucketLogging`].
#[derive(Debug)]
pub struct AccessLogs;

/// Where access logs go.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
pub struct LogTarget {
    /// The bucket's name.
    pub bucket: String,
    /// How the keys of log files begin.
    pub prefix: String,
    /// Who besides its owner may read log files; buckets without ACLs have none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub grants: Vec<Grant>,
    /// By which date keys are partitioned: `EventTime` or `DeliveryTime`; absent
    /// for keys without partitions.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub partitioned_by: Option<String>,
}

impl Keep for AccessLogs {
    const KIND: &'static str = "bucket-logging";
    const WHAT: &'static str = "bucket's access logging";
    const OTHERWISE: &'static str = "switch it on again unless that is meant";
    const FIRST_WILL_DO: bool = true;
    /// `None`: nothing is logged.
    type State = Option<LogTarget>;

    /// S3 delivers to buckets of the same account only, so that any target will do.
    fn usual(live: &Self::State, _: Scene<'_>) -> Option<Self::State> {
        live.is_some().then(|| live.clone())
    }

    fn compare(live: &Self::State, known: &Self::State) -> Standing {
        compare_whole(live, known)
    }

    /// Logging that nobody recorded is not switched off.
    fn mend(live: &Self::State, known: &Self::State) -> Self::State {
        known.clone().or_else(|| live.clone())
    }

    fn tell(state: &Self::State) -> String {
        state.as_ref().map_or_else(
            || "no access logging".into(),
            |to| format!("access logging to {}/{}", to.bucket, to.prefix),
        )
    }
}
