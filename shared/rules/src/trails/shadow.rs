//! Trails that nobody knows of.

use auditward_policy::Tri;

use super::{CLOUDTRAIL, read};
use crate::arn::{Arn, partition_of};
use crate::rule::{Call, Draft, Function, Judged, Rule, Scope, Severity, Watch, is_shown};

/// What is said of a bucket whose name a pattern of the settings fits.
pub(super) const NOT_SHOWN: &str =
    "whose name only fits a protected pattern, so that nothing shows whose it is";

/// Row 6 of `events/TABLE.md`.
pub static SHADOW_CREATED: Rule = Rule {
    id: "trail.shadow-created",
    title: "Shadow trail created",
    severity: Severity::High,
    why: "a second trail that delivers elsewhere copies everything that is logged to whoever reads it there",
    controls: &["ATT&CK T1530", "ATT&CK T1567"],
    rows: &[6],
    function: Function::TrailGuard,
    watches: &[Watch {
        source: CLOUDTRAIL,
        names: &["CreateTrail"],
    }],
    scope: Scope::Account,
    judge: created,
    ..Rule::TELLS
};

fn created(call: &Call<'_>) -> Judged {
    let Some(trail) = read::trail(call, "name") else {
        return call.unnamed();
    };
    let guarded = call.settings.protects(&trail.resource, call.inventory);
    if !guarded
        && !call
            .settings
            .holds_protected(&call.account(), call.inventory)
    {
        return Judged::Clean;
    }
    let name = trail.name().to_owned();
    let Some(bucket) = call.parameter("s3BucketName") else {
        let what =
            format!("trail {name} was created, and the record does not say where it delivers");
        return Judged::CannotTell(Draft::new(trail.resource, what));
    };
    let mut elsewhere = Vec::new();
    let mut unsure = Vec::new();
    let partition = partition_of(&call.record.region);
    let arn = format!("arn:{partition}:s3:::{bucket}");
    if !is_shown(&bucket) {
        unsure.push("a bucket that is not shown".to_owned());
    } else {
        match call.knows_bucket(&arn) {
            Tri::Yes => {}
            Tri::No => elsewhere.push(format!("bucket {bucket}")),
            Tri::CannotTell => unsure.push(format!("bucket {bucket}, {NOT_SHOWN}")),
        }
    }
    for (parameter, what) in [
        ("kmsKeyId", "key"),
        ("snsTopicName", "topic"),
        ("cloudWatchLogsLogGroupArn", "log group"),
    ] {
        let Some(named) = call.parameter(parameter) else {
            continue;
        };
        let owner = Arn::parse(&named).map(|arn| call.is_ours(arn.account));
        match owner {
            // By name it is of this account.
            None | Some(Tri::Yes) => {}
            Some(Tri::No) => elsewhere.push(format!("{what} {named}")),
            Some(Tri::CannotTell) => unsure.push(format!("{what} {named}")),
        }
    }
    if elsewhere.is_empty() && unsure.is_empty() {
        return Judged::Clean;
    }
    let certain = !elsewhere.is_empty();
    elsewhere.append(&mut unsure);
    let what = format!(
        "trail {name} was created, which uses {}; delete it if nobody knows of it",
        elsewhere.join(", ")
    );
    let draft = Draft::new(trail.resource, what);
    if certain {
        draft.into()
    } else {
        Judged::CannotTell(draft)
    }
}
