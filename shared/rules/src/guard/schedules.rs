//! Rules of schedules: that Auditward looks by itself, also when nothing is told.

use super::subject::is_guard;
use crate::arn::Arn;
use crate::facet::{At, Step};
use crate::facets::guard::schedule::ScheduleDefinition;
use crate::facets::kept::AsRecorded;
use crate::rule::{Call, Draft, Judged, Proof, Revert, Rule, Severity, Watch, is_shown};

const SCHEDULER: &str = "scheduler.amazonaws.com";

/// Row 241 of `events/TABLE.md`.
pub static DELETED: Rule = Rule {
    id: "guard-schedule.deleted",
    title: "Schedule of the guard deleted",
    severity: Severity::Critical,
    why: "without its schedule the guard no longer looks by itself, and whoever stops the trail next is not seen",
    controls: &["ATT&CK T1562.001", "ATT&CK T1562.008"],
    rows: &[241],
    watches: &[Watch {
        source: SCHEDULER,
        names: &["DeleteSchedule"],
    }],
    revert: Revert::Baseline,
    facets: &["schedule-definition"],
    proof: Proof::Moto,
    judge: |call| match call.guarded(schedule(call)) {
        Err(judged) => judged,
        Ok(schedule) => {
            let summary = format!("schedule {} was deleted", schedule.name());
            let step =
                Step::<ScheduleDefinition>::new(schedule.clone(), AsRecorded::Baseline).wrote(None);
            Draft::new(schedule.resource, summary).step(step).into()
        }
    },
    ..Rule::TELLS
};

/// Row 242 of `events/TABLE.md`.
pub static CHANGED: Rule = Rule {
    id: "guard-schedule.changed",
    title: "Schedule of the guard changed",
    severity: Severity::Critical,
    why: "a schedule that is off, fires once a year or calls somebody else is as good as deleted",
    controls: &["ATT&CK T1562.001", "ATT&CK T1562.008"],
    rows: &[242],
    watches: &[Watch {
        source: SCHEDULER,
        names: &["UpdateSchedule"],
    }],
    revert: Revert::Baseline,
    facets: &["schedule-definition"],
    proof: Proof::Moto,
    judge: changed,
    ..Rule::TELLS
};

/// The schedule that a call is about; one without a group is in the default one.
fn schedule(call: &Call<'_>) -> Option<At> {
    let Some(name) = call.shown("name") else {
        let arn = call
            .refused("scheduler")
            .filter(|arn| arn.contains(":schedule/"))?;
        let parsed = Arn::parse(arn)?;
        return Some(At::new(parsed.account, parsed.region, arn));
    };
    let group = call.parameter("groupName").unwrap_or("default".into());
    let here = || call.here(call.arn("scheduler", &format!("schedule/{group}/{name}")));
    is_shown(&group).then(here)
}

fn changed(call: &Call<'_>) -> Judged {
    let schedule = match call.guarded(schedule(call)) {
        Ok(schedule) => schedule,
        Err(judged) => return judged,
    };
    let name = schedule.name();
    let step = Step::<ScheduleDefinition>::new(schedule.clone(), AsRecorded::Baseline);
    let draft = |what: &str| {
        Draft::new(&schedule.resource, format!("schedule {name} {what}")).step(step.clone())
    };
    if call.request().is_none() {
        return Judged::CannotTell(draft("was changed, and the record does not say how"));
    }
    if call.shown("state").as_deref() == Some("DISABLED") {
        return draft("was switched off").into();
    }
    if is_guard(call, &schedule.resource) {
        draft("was changed; whether it still does what it must only the known one tells")
            .if_live_agrees()
            .into()
    } else {
        // Without settings every schedule may be the guard's, but to change one
        // is nothing bad by itself.
        Judged::Clean
    }
}
