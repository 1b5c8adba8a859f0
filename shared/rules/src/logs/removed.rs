//! Rules of log groups and streams that are deleted.

use super::groups::furnish;
use super::{LOGS, guarded_group, name};
use crate::facet::Step;
use crate::facets::kept::AsRecorded;
use crate::facets::logs::LogGroup;
use crate::rule::{Draft, Function, Proof, Revert, Rule, Severity, Watch};

/// Row 183 of `events/TABLE.md`.
pub static GROUP_DELETED: Rule = Rule {
    id: "log-group.deleted",
    title: "Log group deleted",
    severity: Severity::Critical,
    why: "what a deleted log group held is gone, and nobody can write to it until it is there again",
    controls: &["ATT&CK T1070", "ATT&CK T1485", "ATT&CK T1562.008"],
    rows: &[183],
    function: Function::LogGuard,
    watches: &[Watch {
        source: LOGS,
        names: &["DeleteLogGroup"],
    }],
    revert: Revert::Baseline,
    deployers_accepted: false,
    facets: &[
        "log-group",
        "log-group-retention",
        "log-group-key",
        "data-protection",
        "subscription-filters",
        "metric-filters",
    ],
    proof: Proof::Moto,
    judge: |call| match guarded_group(call, &["logGroupName"]) {
        Err(judged) => judged,
        Ok(at) => {
            let summary = format!(
                "log group {} was deleted; what it held is lost, even where the group comes back",
                name(&at)
            );
            let there = Step::<LogGroup>::new(at.clone(), AsRecorded::Baseline).wrote(None);
            furnish(Draft::new(&at.resource, summary).step(there), &at).into()
        }
    },
    ..Rule::TELLS
};

/// Row 184 of `events/TABLE.md`.
pub static STREAM_DELETED: Rule = Rule {
    id: "log-stream.deleted",
    title: "Log stream of a guarded group deleted",
    severity: Severity::High,
    why: "what a deleted log stream held is gone for good",
    controls: &["ATT&CK T1070", "ATT&CK T1485"],
    rows: &[184],
    function: Function::LogGuard,
    watches: &[Watch {
        source: LOGS,
        names: &["DeleteLogStream"],
    }],
    revert: Revert::None,
    deployers_accepted: false,
    judge: |call| match guarded_group(call, &["logGroupName"]) {
        Err(judged) => judged,
        Ok(at) => {
            let stream = call
                .shown("logStreamName")
                .map_or_else(|| "of unknown name".into(), |name| format!("`{name}`"));
            let summary = format!(
                "log stream {stream} of log group {} was deleted; what it held is lost",
                name(&at)
            );
            Draft::new(at.resource, summary).into()
        }
    },
    ..Rule::TELLS
};
