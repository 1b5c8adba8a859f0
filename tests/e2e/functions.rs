//! Auditward's own functions, rules, buses and schedules, end to end.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "test code"
)]

use auditward_tests::story::{self, Ends, Row};
use serde_json::Value;

const FUNCTION: &str = "self-guard";
/// The part of it that this suite is about.
const SERVICES: &[&str] = &["lambda", "events", "scheduler"];

static ROWS: &[Row] = &[
    Row::back("guard-function.throttled.violation.to-nothing")
        .unknown(Ends::Safe(runs_again))
        .for_good(),
    unknown("guard-function.failures-dropped.violation.deleted").for_good(),
    unknown("guard-function.failures-dropped.violation.no-retries"),
    unknown("guard-function.alias-moved.violation.moved"),
    Row::back("function.opened.violation.guard-function"),
    unknown("guard-function.cut-off.violation.deployed-rule"),
    Row::back("function.url-opened.violation.guard-function").ends(Ends::Safe(signed_only)),
    Row::back("function.url-opened.violation.unsigned-again"),
    Row::back("guard-function.source-added.violation.strange-queue").ends(Ends::Safe(reads_none)),
    Row::back("guard-function.source-stopped.violation.disabled").for_good(),
    Row::back("guard-function.source-stopped.violation.deleted").for_good(),
    Row::back("guard-rule.disabled.violation.default-bus").for_good(),
    unknown("guard-rule.deleted.violation.default-bus").for_good(),
    unknown("guard-rule.targets-removed.violation.cli"),
    unknown("guard-rule.changed.violation.narrowed"),
    Row::back("guard-rule.retargeted.violation.guard-mirrored"),
    unknown("guard-rule.retargeted.violation.guard-input"),
    Row::back("bus.opened.violation.foreign-account"),
    unknown("guard-bus.closed.violation.all"),
    unknown("guard-bus.deleted.violation.cli").for_good(),
    unknown("guard-bus.weakened.violation.dead-letters"),
    unknown("guard-schedule.deleted.violation.cli").for_good(),
    Row::back("guard-schedule.changed.violation.disabled").for_good(),
];

/// What only the baseline knows.
static RECORDED: &[Row] = &[
    Row::back("guard-function.alias-moved.violation.deleted").for_good(),
    Row::back("guard-rule.changed.violation.disabled").for_good(),
    Row::back("guard-schedule.changed.violation.once-a-year"),
];

/// What is told to a person where nothing is recorded.
const fn unknown(sample: &'static str) -> Row {
    Row::back(sample).unknown(Ends::Untouched("by-hand"))
}

fn runs_again(_: &Value, after: &Value) {
    assert_eq!(after["reserved"], Value::Null);
}

fn signed_only(_: &Value, after: &Value) {
    assert_eq!(after["url"], "AWS_IAM");
}

fn reads_none(_: &Value, after: &Value) {
    let sources = after["sources"].as_object().unwrap();
    assert!(
        sources.values().all(|read| read[0] == "Disabled"),
        "{after:#}"
    );
}

/// What moto does not act out.
const UNACTED: &[&str] = &[
    "guard-function.changed.clean.dry-run",
    "guard-function.loosened.clean.automatic-runtime",
    "guard-function.loosened.clean.terminate",
    "layer.shared.clean.organization",
    "layer.shared.clean.own-account",
    "archive.weakened.clean.for-ever",
    "guard-schedule.changed.clean.others",
];

auditward_tests::stories! {
    function: FUNCTION,
    services: SERVICES,
    rows: [ROWS, RECORDED],
    unguarded: &[],
    unacted: UNACTED,
}

#[tokio::test]
async fn every_violation_is_put_back_told_once_and_undone() {
    story::all(ROWS, |row| story::put_back(FUNCTION, row)).await;
    story::all(RECORDED, |row| story::put_back(FUNCTION, row)).await;
    // A reserve that nobody recorded is taken away, which is a call of its own.
    story::all(&ROWS[..1], |row| story::without_baseline(FUNCTION, row)).await;
    story::complete_for(FUNCTION, SERVICES, &[ROWS, RECORDED].concat(), &[]);
}
