//! Rules of EventBridge's rules: that what must reach a guard's function does.

use auditward_policy::Tri;

use super::subject::{EVENTS, is_guard, rule_named};
use crate::arn::Arn;
use crate::facet::{At, Step};
use crate::facets::guard::rule::{
    Defined, RuleDefinition, RuleState, RuleTargets, RuleTargetsWish,
};
use crate::facets::kept::AsRecorded;
use crate::rule::{Call, Draft, Judged, Proof, Revert, Rule, Severity, Watch, is_shown};

/// Row 230 of `events/TABLE.md`.
pub static DISABLED: Rule = Rule {
    id: "guard-rule.disabled",
    title: "Rule of the guard disabled",
    severity: Severity::Critical,
    why: "what a disabled rule would have handed on no function ever sees",
    controls: &["ATT&CK T1562.001", "ATT&CK T1562.008"],
    rows: &[230],
    watches: &[Watch {
        source: EVENTS,
        names: &["DisableRule"],
    }],
    revert: Revert::Event,
    deployers_accepted: false,
    facets: &["rule-state", "rule-definition"],
    proof: Proof::Moto,
    judge: |call| match call.guarded(rule_named(call, "name")) {
        Err(judged) => judged,
        Ok(rule) => {
            let summary = format!("rule {} was disabled", rule.name());
            let enabled = Step::<RuleState>::new(rule.clone(), true).wrote(Some(false));
            // `EnableRule` brings a rule back without the events that only read.
            let definition = Step::<RuleDefinition>::new(rule.clone(), AsRecorded::IfKnown);
            Draft::new(rule.resource, summary)
                .step(enabled)
                .step(definition)
                .into()
        }
    },
    ..Rule::TELLS
};

/// Row 231 of `events/TABLE.md`.
pub static DELETED: Rule = Rule {
    id: "guard-rule.deleted",
    title: "Rule of the guard deleted",
    severity: Severity::Critical,
    why: "what a deleted rule would have handed on no function ever sees",
    controls: &["ATT&CK T1562.001", "ATT&CK T1562.008"],
    rows: &[231],
    watches: &[Watch {
        source: EVENTS,
        names: &["DeleteRule"],
    }],
    revert: Revert::Baseline,
    facets: &["rule-definition", "rule-targets"],
    proof: Proof::Moto,
    judge: |call| match call.guarded(rule_named(call, "name")) {
        Err(judged) => judged,
        Ok(rule) => {
            let summary = format!("rule {} was deleted", rule.name());
            let definition =
                Step::<RuleDefinition>::new(rule.clone(), AsRecorded::Baseline).wrote(None);
            let targets = Step::<RuleTargets>::new(rule.clone(), RuleTargetsWish::default());
            Draft::new(rule.resource, summary)
                .step(definition)
                .step(targets)
                .into()
        }
    },
    ..Rule::TELLS
};

/// Row 232 of `events/TABLE.md`.
pub static UNTARGETED: Rule = Rule {
    id: "guard-rule.targets-removed",
    title: "Targets of a guard's rule removed",
    severity: Severity::Critical,
    why: "a rule without targets hands events to nobody; whoever deletes a rule must remove its targets first",
    controls: &["ATT&CK T1562.001", "ATT&CK T1562.008"],
    rows: &[232],
    watches: &[Watch {
        source: EVENTS,
        names: &["RemoveTargets"],
    }],
    revert: Revert::Baseline,
    facets: &["rule-targets"],
    proof: Proof::Moto,
    judge: |call| match call.guarded(rule_named(call, "rule")) {
        Err(judged) => judged,
        Ok(rule) => {
            let summary = format!("rule {} lost targets", rule.name());
            let step = Step::<RuleTargets>::new(rule.clone(), RuleTargetsWish::default());
            Draft::new(rule.resource, summary).step(step).into()
        }
    },
    ..Rule::TELLS
};

/// Row 233 of `events/TABLE.md`.
pub static CHANGED: Rule = Rule {
    id: "guard-rule.changed",
    title: "Rule of the guard changed",
    severity: Severity::Critical,
    why: "a rule that matches less hands on less, and nobody misses what was never seen",
    controls: &["ATT&CK T1562.001", "ATT&CK T1562.008"],
    rows: &[233],
    watches: &[Watch {
        source: EVENTS,
        names: &["PutRule"],
    }],
    revert: Revert::Baseline,
    facets: &["rule-state", "rule-definition"],
    proof: Proof::Moto,
    judge: changed,
    ..Rule::TELLS
};

/// Row 234 of `events/TABLE.md`.
pub static RETARGETED: Rule = Rule {
    id: "guard-rule.retargeted",
    title: "Events handed to somebody else",
    severity: Severity::Critical,
    why: "a target of another account is told all that happens here, and a changed one of the guard's no longer tells it",
    controls: &["ATT&CK T1562.001", "ATT&CK T1537"],
    rows: &[234],
    watches: &[Watch {
        source: EVENTS,
        names: &["PutTargets"],
    }],
    revert: Revert::Baseline,
    facets: &["rule-targets"],
    proof: Proof::Moto,
    judge: retargeted,
    ..Rule::TELLS
};

fn changed(call: &Call<'_>) -> Judged {
    let Some(rule) = rule_named(call, "name") else {
        return call.unnamed();
    };
    let off = call.shown("state").as_deref() == Some("DISABLED");
    let guard = is_guard(call, &rule.resource);
    if !guard {
        // Without settings every rule may be the guard's, but a new or changed
        // one is nothing bad by itself.
        if let Err(judged) = call.guarded(Some(rule.clone())) {
            return judged;
        }
        if call.request().is_some() && !off {
            return Judged::Clean;
        }
    }
    let mut enabled = Step::<RuleState>::new(rule.clone(), true);
    let mut definition = Step::<RuleDefinition>::new(rule.clone(), AsRecorded::Baseline);
    definition.wrote = defined(call).map(Some);
    let name = rule.name();
    if off {
        enabled.wrote = Some(Some(false));
        let summary = format!("rule {name} was put back disabled");
        return Draft::new(&rule.resource, summary)
            .step(enabled)
            .step(definition)
            .into();
    }
    let summary = format!(
        "rule {name} was changed; whether it still matches what it must only the known one tells"
    );
    let draft = Draft::new(&rule.resource, summary)
        .step(enabled)
        .step(definition);
    if call.request().is_some() {
        draft.if_live_agrees().into()
    } else {
        Judged::CannotTell(draft)
    }
}

/// What `PutRule` wrote: all of it, since what is not given is taken away.
fn defined(call: &Call<'_>) -> Option<Defined> {
    let request = call.request()?;
    let text = |name: &str| {
        let text = request.string(name).filter(|text| !text.is_empty());
        match text {
            Some(text) if !is_shown(&text) => Err(()),
            text => Ok(text.map(|text| text.into_owned())),
        }
    };
    Some(Defined {
        pattern: text("eventPattern").ok()?,
        schedule: text("scheduleExpression").ok()?,
        description: text("description").ok()?,
        role: text("roleArn").ok()?,
        reads: match text("state").ok()?.as_deref() {
            None | Some("ENABLED") => Some(false),
            Some("ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS") => Some(true),
            Some(_) => None,
        },
    })
}

fn retargeted(call: &Call<'_>) -> Judged {
    let Some(rule) = rule_named(call, "rule") else {
        return call.unnamed();
    };
    let guard = is_guard(call, &rule.resource);
    let Some(written) = targets(call) else {
        if let Err(judged) = call.guarded(Some(rule.clone())) {
            return judged;
        }
        let summary = format!(
            "rule {} got targets that the record does not name",
            rule.name()
        );
        return Judged::CannotTell(Draft::new(rule.resource, summary));
    };
    let (mut foreign, mut unclear) = (Vec::new(), false);
    for (id, arn) in &written {
        match arn
            .as_deref()
            .and_then(Arn::parse)
            .map(|arn| is_ours(call, &arn))
        {
            Some(Tri::Yes) => {}
            Some(Tri::No) => foreign.push((id.clone(), arn.clone().unwrap_or_default())),
            Some(Tri::CannotTell) | None => unclear = true,
        }
    }
    let whom: Vec<&str> = foreign.iter().map(|(_, arn)| arn.as_str()).collect();
    let wish = RuleTargetsWish {
        wrote: written.iter().map(|(id, _)| id.clone()).collect(),
        foreign: foreign.iter().map(|(id, _)| id.clone()).collect(),
    };
    let step = |rule: &At| Step::<RuleTargets>::new(rule.clone(), wish.clone());
    let name = rule.name();
    match (guard, whom.is_empty(), unclear) {
        (_, false, _) => {
            let summary = format!("rule {name} hands events to {}", whom.join(", "));
            let draft = Draft::new(&rule.resource, summary);
            if guard {
                draft.step(step(&rule)).into()
            } else {
                draft.severity(Severity::High).into()
            }
        }
        (true, true, _) => {
            let summary = format!(
                "targets of rule {name} were added or changed; whether they are the deployed ones only the known state tells"
            );
            Draft::new(&rule.resource, summary)
                .step(step(&rule))
                .if_live_agrees()
                .into()
        }
        (false, true, true) => {
            let summary = format!(
                "rule {name} hands events to an account of which it is not known whether it is ours"
            );
            Judged::CannotTell(Draft::new(&rule.resource, summary).severity(Severity::Medium))
        }
        (false, true, false) => Judged::Clean,
    }
}

/// Whether a target is of an account of ours; those of AWS's own belong to nobody.
fn is_ours(call: &Call<'_>, arn: &Arn<'_>) -> Tri {
    if arn.account.is_empty() {
        Tri::Yes
    } else {
        call.is_ours(arn.account)
    }
}

/// The targets that `PutTargets` wrote, by ID, with their ARNs where they are shown.
fn targets(call: &Call<'_>) -> Option<Vec<(String, Option<String>)>> {
    let all = call.request()?.get("targets")?.items();
    let read: Option<Vec<_>> = all
        .into_iter()
        .map(|target| {
            let id = target.string("id").filter(|id| is_shown(id))?;
            let arn = target.string("arn").filter(|arn| is_shown(arn));
            Some((id.into_owned(), arn.map(|arn| arn.into_owned())))
        })
        .collect();
    read.filter(|all| !all.is_empty())
}
