//! Rules of Access Analyzer, which finds what is open to outsiders.

use crate::facet::At;
use crate::json::Json;
use crate::rule::{Call, Draft, Function, Judged, Rule, Severity, Watch};

const ANALYZER: &str = "access-analyzer.amazonaws.com";

/// What the rules have in common.
const COMMON: Rule = Rule {
    severity: Severity::Medium,
    controls: &["CIS AWS Foundations 3.0: 1.20", "ATT&CK T1562.001"],
    function: Function::RoleGuard,
    ..Rule::TELLS
};

/// Row 139 of `events/TABLE.md`.
pub static DELETED: Rule = Rule {
    id: "analyzer.deleted",
    title: "Access Analyzer of a guarded account deleted",
    why: "without its analyzer nobody is told what is open to outsiders",
    rows: &[139],
    watches: &[Watch {
        source: ANALYZER,
        names: &["DeleteAnalyzer"],
    }],
    judge: |call| match analyzer(call) {
        Err(judged) => judged,
        Ok(at) => {
            let what = format!(
                "access analyzer {} was deleted with its findings",
                at.name()
            );
            Draft::new(at.resource, what).into()
        }
    },
    ..COMMON
};

/// Row 140 of `events/TABLE.md`.
pub static ARCHIVED: Rule = Rule {
    id: "analyzer.findings-archived",
    title: "Findings of Access Analyzer suppressed",
    why: "an archive rule hides findings, also those of what will be opened later",
    rows: &[140],
    watches: &[Watch {
        source: ANALYZER,
        names: &["CreateArchiveRule"],
    }],
    judge: archived,
    ..COMMON
};

/// The analyzer, where it or its account is guarded.
fn analyzer(call: &Call<'_>) -> Result<At, Judged> {
    let account = call.account();
    let root = format!("arn:{}:iam::{account}:root", call.partition());
    let whole = call.settings.protects(&root, call.inventory);
    match call.named("analyzerName", "access-analyzer", "analyzer/") {
        Some(at) if whole || call.settings.protects(&at.resource, call.inventory) => Ok(at),
        None if whole => Err(call.unnamed()),
        Some(_) | None => Err(Judged::Clean),
    }
}

fn archived(call: &Call<'_>) -> Judged {
    let analyzer = match analyzer(call) {
        Ok(at) => at,
        Err(judged) => return judged,
    };
    let rule = call.shown("ruleName").unwrap_or("?".into());
    let what = format!(
        "archive rule {rule} hides findings of access analyzer {}",
        analyzer.name()
    );
    let filter = call.request().and_then(|request| request.get("filter"));
    let Some(filter) = filter.filter(|filter| filter.is_object()) else {
        return Judged::CannotTell(Draft::new(analyzer.resource, what));
    };
    // Findings of what is unused let nobody in.
    let sorts = filter.path(&["findingType", "eq"]).map(Json::items);
    let sorts: Vec<_> = sorts
        .unwrap_or_default()
        .into_iter()
        .filter_map(Json::scalar)
        .collect();
    if !sorts.is_empty() && sorts.iter().all(|sort| sort.starts_with("Unused")) {
        return Judged::Clean;
    }
    Draft::new(analyzer.resource, what).into()
}
