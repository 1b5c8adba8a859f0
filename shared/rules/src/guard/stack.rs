//! Rules of the stack that Auditward is deployed with.

use crate::arn::Arn;
use crate::facet::{At, Step};
use crate::facets::stack::StackProtection;
use crate::rule::{Call, Draft, Judged, Proof, Revert, Rule, Severity, Watch};

const CLOUDFORMATION: &str = "cloudformation.amazonaws.com";

/// Row 270 of `events/TABLE.md`.
pub static DELETED: Rule = Rule {
    id: "stack.deleted",
    title: "Auditward's stack being deleted",
    severity: Severity::Critical,
    why: "with its stack go Auditward's functions, rules, queues and topic; once begun nothing stops it",
    controls: &["ATT&CK T1562.001", "ATT&CK T1485"],
    rows: &[270],
    watches: &[Watch {
        source: CLOUDFORMATION,
        names: &["DeleteStack"],
    }],
    deployers_accepted: false,
    judge: |call| {
        told(
            call,
            "is being deleted; deploy it again, and watch the trails by hand until then",
        )
    },
    ..Rule::TELLS
};

/// Row 271 of `events/TABLE.md`.
pub static UPDATED: Rule = Rule {
    id: "stack.updated",
    title: "Auditward's stack updated by somebody else",
    severity: Severity::High,
    why: "an update of the stack can switch off every guard in one call",
    controls: &["ATT&CK T1562.001"],
    rows: &[271],
    watches: &[Watch {
        source: CLOUDFORMATION,
        names: &["UpdateStack"],
    }],
    judge: |call| {
        told(
            call,
            "is being updated by somebody who is no deployer; cancel the update if it is not meant",
        )
    },
    ..Rule::TELLS
};

/// Row 272 of `events/TABLE.md`.
pub static UNPROTECTED: Rule = Rule {
    id: "stack.unprotected",
    title: "Auditward's stack can be deleted",
    severity: Severity::High,
    why: "termination protection is what stands between the stack and its deletion",
    controls: &["ATT&CK T1562.001"],
    rows: &[272],
    watches: &[Watch {
        source: CLOUDFORMATION,
        names: &["UpdateTerminationProtection"],
    }],
    revert: Revert::Event,
    facets: &["stack-protection"],
    proof: Proof::Recorded,
    judge: |call| {
        let stack = match call.guarded(at(call)) {
            Ok(stack) => stack,
            Err(judged) => return judged,
        };
        let set = call
            .request()
            .and_then(|request| request.get("enableTerminationProtection"));
        let step = Step::<StackProtection>::new(stack.clone(), true);
        let name = stack.name();
        match set.and_then(|set| set.boolean()) {
            Some(true) => Judged::Clean,
            Some(false) => {
                let summary = format!("stack {name} is no longer protected from deletion");
                let step = step.wrote(Some(false));
                Draft::new(&stack.resource, summary).step(step).into()
            }
            None => {
                let summary = format!(
                    "termination protection of stack {name} was set, and the record does not say to what"
                );
                Judged::CannotTell(Draft::new(&stack.resource, summary).step(step))
            }
        }
    },
    ..Rule::TELLS
};

/// Row 273 of `events/TABLE.md`.
pub static POLICY_CHANGED: Rule = Rule {
    id: "stack.policy-changed",
    title: "Policy of Auditward's stack replaced",
    severity: Severity::Low,
    why: "the stack's policy says what an update may replace or delete",
    controls: &["ATT&CK T1562.001"],
    rows: &[273],
    watches: &[Watch {
        source: CLOUDFORMATION,
        names: &["SetStackPolicy"],
    }],
    judge: |call| told(call, "got another stack policy"),
    ..Rule::TELLS
};

/// The stack that a call names, by its name or its ID. A name is taken but once
/// among the stacks that live, so that both are one.
fn at(call: &Call<'_>) -> Option<At> {
    let named = call.named("stackName", "cloudformation", "stack/")?;
    let arn = Arn::parse(&named.resource)?;
    let name = arn
        .resource
        .split('/')
        .nth(1)
        .filter(|name| !name.is_empty())?;
    let Arn {
        partition,
        region,
        account,
        ..
    } = arn;
    let plain = format!("arn:{partition}:cloudformation:{region}:{account}:stack/{name}");
    Some(At::new(account, region, plain))
}

fn told(call: &Call<'_>, what: &str) -> Judged {
    match call.guarded(at(call)) {
        Err(judged) => judged,
        Ok(stack) => {
            let summary = format!("stack {} {what}", stack.name());
            Draft::new(&stack.resource, summary).into()
        }
    }
}
