//! Log delivery, end to end: log groups, filters, destinations, policies.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "test code"
)]

use auditward_tests::story::{self, Ends, Row};
use serde_json::Value;

const FUNCTION: &str = "log-guard";

static ROWS: &[Row] = &[
    unknown("log-destination.changed.violation.foreign-stream"),
    unknown("log-destination.deleted.violation.cli").for_good(),
    Row::back("log-destination.opened.violation.foreign-account")
        .ends(Ends::Safe(strangers_are_out)),
    Row::back("log-policy.opened.violation.foreign-account").ends(Ends::Safe(strangers_are_out)),
    unknown("log-policy.deleted.violation.dns"),
    Row::back("delivery-destination.opened.violation.foreign-account")
        .ends(Ends::Safe(strangers_are_out)),
    Row::back("subscription.changed.violation.foreign-destination"),
    Row::back("subscription.changed.violation.central-overwritten")
        .unknown(Ends::Safe(strangers_are_out)),
    unknown("subscription.deleted.violation.cli"),
    Row::back("log-group.deleted.violation.cli")
        .for_good()
        .unknown(Ends::Safe(group_is_there)),
    Row::back("log-group.retention-shortened.violation.one-day").unknown(Ends::Safe(kept_a_year)),
    unknown("metric-filter.changed.violation.deleted"),
];

/// What only the baseline knows.
static RECORDED: &[Row] = &[Row::back("log-group.recreated.violation.bare")];

/// What the event history confirms where nothing is recorded.
static CONFIRMED: &[Row] = &[Row::back(
    "subscription.changed.violation.foreign-destination",
)];

/// What is told to a person where nothing is recorded.
const fn unknown(sample: &'static str) -> Row {
    Row::back(sample).unknown(Ends::Untouched("by-hand"))
}

fn strangers_are_out(before: &Value, after: &Value) {
    let after = after.to_string();
    assert!(!after.contains("333333333333"), "{after}");
    for kept in ["222222222222", "route53.amazonaws.com"] {
        assert_eq!(
            before.to_string().contains(kept),
            after.contains(kept),
            "{after}"
        );
    }
}

fn group_is_there(_: &Value, after: &Value) {
    assert!(after["groups"]["/acme/org-trail"].is_object(), "{after:#}");
}

fn kept_a_year(_: &Value, after: &Value) {
    assert_eq!(after["groups"]["/acme/org-trail"]["retentionInDays"], 365);
}

/// What no story comes to: undo and rare states, proven on recorded exchanges.
const RARE: &[&str] = &[
    "cloudwatch:DescribeAlarms",
    "cloudwatch:EnableAlarmActions",
    "logs:CancelExportTask",
    "logs:DeleteAccountPolicy",
    "logs:DeleteDataProtectionPolicy",
    "logs:DescribeExportTasks",
    "logs:PutAccountPolicy",
    "logs:PutDataProtectionPolicy",
    "oam:GetSinkPolicy",
    "oam:PutSinkPolicy",
];

/// What moto does not act out.
const UNACTED: &[&str] = &[
    "alarm.state-forced.clean.drill",
    "log-group.key-changed.clean.query-results",
    // By then it is known what was set on the group, and would be put back.
    "log-group.recreated.clean.with-key",
    // The recorded filter of that name counts something else.
    "metric-filter.changed.clean.put",
    "own-sink",
    "sink.opened.clean.organization",
    "sink.opened.clean.own-account",
];

auditward_tests::stories! {
    function: FUNCTION,
    services: &[],
    rows: [ROWS, RECORDED],
    unguarded: &[],
    unacted: UNACTED,
}

#[tokio::test]
async fn every_violation_is_put_back_told_once_and_undone() {
    story::all(ROWS, |row| story::put_back(FUNCTION, row)).await;
    story::all(RECORDED, |row| story::put_back(FUNCTION, row)).await;
    story::all(CONFIRMED, |row| story::without_baseline(FUNCTION, row)).await;
    story::complete(FUNCTION, &[ROWS, RECORDED].concat(), RARE);
}
