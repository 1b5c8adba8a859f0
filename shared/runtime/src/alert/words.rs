//! What people read about a case: who did what, what Auditward did, and what to do
//! next.

use serde_json::Value;

use auditward_rules::arn::Arn;
use auditward_rules::facet::At;
use auditward_rules::rule::Rule;
use auditward_rules::settings::Mode;

use super::CLOUDFORMATION;
use crate::case::{Case, Outcome, Work};
use crate::pipeline::DRIFT;

/// A name for the actor, and where the call came from.
fn who(case: &Case) -> String {
    if case.event.source == DRIFT {
        return "not known: no event told of it, Auditward found it by looking".into();
    }
    let source = &case.actor.source;
    if source.is_empty() {
        return case.actor.name().to_owned();
    }
    format!("{} from {source}", case.actor.name())
}

/// The stack of a change that came through CloudFormation, or how to find it where
/// CloudFormation did not say: the event does not name it. Topics and queues go by
/// other names there than the last part of their ARNs; the tag names the stack of
/// those.
fn stack(case: &Case) -> Option<String> {
    if case.actor.invoked_by != CLOUDFORMATION || case.resource.is_empty() {
        return None;
    }
    if let Some(stack) = &case.stack {
        return Some(format!("Stack:    {stack}"));
    }
    let (region, at) = (&case.region, At::new("", "", &case.resource));
    let ask = match Arn::parse(&case.resource).map(|arn| arn.service) {
        Some("sns" | "sqs") => String::new(),
        _ => format!(
            ", or: aws cloudformation describe-stack-resources --region {region} --physical-resource-id '{}'",
            at.name()
        ),
    };
    Some(format!(
        "Stack:    not named by the event; see the resource's tag aws:cloudformation:stack-name{ask}"
    ))
}

/// The whole story.
pub(super) fn text(case: &Case, rule: Option<&Rule>) -> String {
    let mut lines = vec![
        format!("{}.", capital(&case.summary)),
        String::new(),
        format!("Who:      {}", who(case)),
        format!(
            "What:     {} ({}) at {}",
            case.event.name, case.event.source, case.event.time
        ),
        format!("Where:    account {}, region {}", case.account, case.region),
    ];
    if !case.resource.is_empty() {
        lines.push(format!("Resource: {}", case.resource));
    }
    lines.extend(stack(case));
    if let Some(rule) = rule {
        lines.push(format!(
            "Why:      {} ({})",
            rule.why,
            rule.controls.join("; ")
        ));
    }
    lines.push(String::new());
    lines.push(done(case));
    for work in &case.steps {
        lines.extend(step(work));
    }
    lines.push(String::new());
    lines.push(format!("Next: {}", next(case)));
    lines.push(format!("Case {}. Rule {}.", case.id, case.rule));
    lines.join("\n")
}

/// What Auditward did, in a sentence.
pub(super) fn done(case: &Case) -> String {
    let because = &case.because;
    let any_done = case.steps.iter().any(|work| work.done);
    match case.outcome {
        Outcome::Fixed => "Auditward put the safe state back and read it again to prove it.".into(),
        Outcome::AlreadySafe => {
            "It was safe again already when Auditward read it. Nothing was written.".into()
        }
        Outcome::WouldFix | Outcome::ByHand | Outcome::Waiting if any_done => {
            format!("Auditward could not do all of it: {because}.")
        }
        Outcome::WouldFix => {
            format!("Auditward wrote nothing: {because}. It would have done this:")
        }
        Outcome::ByHand => format!("Auditward wrote nothing: {because}."),
        Outcome::Failed => format!("AUDITWARD COULD NOT PUT IT BACK: {because}."),
        Outcome::Waiting => format!("Auditward waits: {because}."),
        Outcome::Attempt => "The call failed, so there is nothing to put back.".into(),
        Outcome::CannotTell => format!("Auditward cannot tell whether this is safe: {because}."),
        Outcome::Undone => format!("What was there before is back: {because}."),
        Outcome::Open => "Auditward is working on it.".into(),
    }
}

fn step(work: &Work) -> Vec<String> {
    let tell = |state: &Option<Value>| state.as_ref().map(|state| work.plan.tell(state));
    let mark = if work.done { "done" } else { "not done" };
    let mut lines = vec![format!("  - {} ({}, {mark})", work.why, work.plan.kind())];
    if let Some(before) = tell(&work.before) {
        lines.push(format!("      before: {before}"));
    }
    if let Some(to) = tell(&work.to) {
        lines.push(format!("      after:  {to}"));
    }
    lines
}

/// What the reader should do.
pub(super) fn next(case: &Case) -> String {
    let id = &case.id;
    let looked_up = case.event.source == DRIFT;
    match case.outcome {
        Outcome::Fixed => {
            let ask = match looked_up {
                true => "find out who changed it; CloudTrail's event history of the resource has it within minutes".into(),
                false => format!("ask {} whether this was meant", case.actor.name()),
            };
            let mut written = case.steps.iter().filter(|work| work.is_written());
            match written.all(Work::may_be_undone) {
                true => format!("{ask}. If it was: auditward undo {id} --reason '…'"),
                // Undo would refuse it: evidence is never switched off by a command.
                false => format!("{ask}. If it was: name an exception in auditward.toml, and do it once more by hand."),
            }
        }
        Outcome::WouldFix if case.mode == Mode::Enforce => {
            "look at the resource now, and put the safe state back yourself while Auditward is held back.".into()
        }
        Outcome::WouldFix => "look at the resource now. To have Auditward put such things back, set the rule's mode to `enforce` in auditward.toml.".into(),
        Outcome::ByHand | Outcome::Failed => {
            let again = match looked_up {
                true => "looks again with its next pulse or sweep",
                false => "judges again in one and in five minutes",
            };
            format!("put the safe state back yourself now; Auditward {again}.")
        }
        Outcome::Attempt => "ask who it was and why; a failed attempt is often followed by one that succeeds.".into(),
        Outcome::Waiting | Outcome::CannotTell => format!("look at the resource now. The story so far: auditward cases {id}"),
        Outcome::AlreadySafe | Outcome::Open | Outcome::Undone => format!("nothing must be done. The story: auditward cases {id}"),
    }
}

/// With a capital letter.
pub(super) fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| {
        first.to_uppercase().chain(chars).collect()
    })
}
