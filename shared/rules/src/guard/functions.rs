//! Rules of functions: that Auditward's own run as they are deployed.

use super::subject::{LAMBDA, Subject};
use crate::facet::Step;
use crate::facets::guard::function::{
    FunctionAliases, FunctionConcurrency, FunctionInvocations, Invocation,
};
use crate::facets::kept::AsRecorded;
use crate::rule::{Call, Draft, Judged, Proof, Revert, Rule, Severity, Watch};

/// Row 207 of `events/TABLE.md`. Nobody can heal himself: a person must deploy again.
pub static DELETED: Rule = Rule {
    id: "guard-function.deleted",
    title: "Function of the guard deleted",
    severity: Severity::Critical,
    why: "what a deleted function guarded is guarded no longer, and only who deploys it can bring it back",
    controls: &["ATT&CK T1562.001", "ATT&CK T1485"],
    rows: &[207],
    watches: &[Watch {
        source: LAMBDA,
        names: &["DeleteFunction"],
    }],
    judge: |call| match Subject::guarded(call) {
        Err(judged) => judged,
        Ok(function) => {
            let what = match &function.qualifier {
                Some(version) => format!("version {version} of function {}", function.name()),
                None => format!("function {}", function.name()),
            };
            let summary = format!("{what} was deleted; deploy the stack again");
            Draft::new(function.at.resource, summary).into()
        }
    },
    ..Rule::TELLS
};

/// Rows 208 and 209 of `events/TABLE.md`.
pub static CHANGED: Rule = Rule {
    id: "guard-function.changed",
    title: "Code or configuration of a guard's function changed",
    severity: Severity::Critical,
    why: "whoever puts other code, another role or another layer into a guard's function acts with its power and hides what it would have told",
    controls: &["ATT&CK T1562.001", "ATT&CK T1525", "ATT&CK T1098.003"],
    rows: &[208, 209],
    watches: &[Watch {
        source: LAMBDA,
        names: &["UpdateFunctionCode", "UpdateFunctionConfiguration"],
    }],
    judge: changed,
    ..Rule::TELLS
};

/// Row 210 of `events/TABLE.md`.
pub static THROTTLED: Rule = Rule {
    id: "guard-function.throttled",
    title: "Function of the guard throttled",
    severity: Severity::Critical,
    why: "a function of which none may run is as good as deleted, and its events are lost after hours",
    controls: &["ATT&CK T1562.001", "ATT&CK T1499"],
    rows: &[210],
    watches: &[Watch {
        source: LAMBDA,
        names: &["PutFunctionConcurrency"],
    }],
    revert: Revert::Desired,
    facets: &["function-concurrency"],
    proof: Proof::Moto,
    judge: throttled,
    ..Rule::TELLS
};

/// Row 211 of `events/TABLE.md`.
pub static RESERVE_REMOVED: Rule = Rule {
    id: "guard-function.reserve-removed",
    title: "Reserve of a guard's function removed",
    severity: Severity::High,
    why: "without a reserve of its own the guard stands still as soon as other functions use up what the account may run",
    controls: &["ATT&CK T1562.001", "ATT&CK T1499"],
    rows: &[211],
    watches: &[Watch {
        source: LAMBDA,
        names: &["DeleteFunctionConcurrency"],
    }],
    judge: |call| match Subject::guarded(call) {
        Err(judged) => judged,
        Ok(function) => {
            let summary = format!("function {} lost its reserved concurrency", function.name());
            Draft::new(function.at.resource, summary).into()
        }
    },
    ..Rule::TELLS
};

/// Rows 219 to 221 of `events/TABLE.md`.
pub static FAILURES_DROPPED: Rule = Rule {
    id: "guard-function.failures-dropped",
    title: "Failed events of a guard's function dropped",
    severity: Severity::High,
    why: "an event that a function fails on is gone unless it is tried again and then kept where people see it",
    controls: &["ATT&CK T1562.001"],
    rows: &[219, 220, 221],
    watches: &[Watch {
        source: LAMBDA,
        names: &[
            "PutFunctionEventInvokeConfig",
            "UpdateFunctionEventInvokeConfig",
            "DeleteFunctionEventInvokeConfig",
        ],
    }],
    revert: Revert::Baseline,
    facets: &["function-invocations"],
    proof: Proof::Moto,
    judge: failures,
    ..Rule::TELLS
};

/// Rows 222 and 223 of `events/TABLE.md`.
pub static ALIAS_MOVED: Rule = Rule {
    id: "guard-function.alias-moved",
    title: "Alias of a guard's function moved or deleted",
    severity: Severity::Critical,
    why: "events go to an alias: one that points at other code runs that code in the guard's place, and without it nothing runs",
    controls: &["ATT&CK T1562.001", "ATT&CK T1525"],
    rows: &[222, 223],
    watches: &[Watch {
        source: LAMBDA,
        names: &["UpdateAlias", "DeleteAlias"],
    }],
    revert: Revert::Baseline,
    facets: &["function-aliases"],
    proof: Proof::Moto,
    judge: alias,
    ..Rule::TELLS
};

/// Rows 226 to 229 of `events/TABLE.md`.
pub static LOOSENED: Rule = Rule {
    id: "guard-function.loosened",
    title: "Safeguard of a guard's function changed",
    severity: Severity::Low,
    why: "who may sign the guard's code, on which runtime it runs and whether loops are stopped are part of what it was deployed as",
    controls: &["ATT&CK T1562.001", "ATT&CK T1553"],
    rows: &[226, 227, 228, 229],
    watches: &[Watch {
        source: LAMBDA,
        names: &[
            "PutFunctionCodeSigningConfig",
            "DeleteFunctionCodeSigningConfig",
            "PutRuntimeManagementConfig",
            "PutFunctionRecursionConfig",
        ],
    }],
    judge: loosened,
    ..Rule::TELLS
};

/// Parameters that say which function, or what cannot change what it does.
const HARMLESS: [&str; 5] = [
    "functionName",
    "fullyQualifiedArn",
    "description",
    "revisionId",
    "dryRun",
];

fn changed(call: &Call<'_>) -> Judged {
    let function = match Subject::guards(call) {
        Ok(function) => function,
        Err(judged) => return judged,
    };
    let request = call.request();
    let what = if call.record.plain_name() == "UpdateFunctionCode" {
        if request.and_then(|request| request.get("dryRun")?.boolean()) == Some(true) {
            return Judged::Clean;
        }
        "got other code".to_owned()
    } else {
        let names = request.map(|request| request.members()).unwrap_or_default();
        let names: Vec<_> = names
            .iter()
            .map(|(name, _)| &**name)
            .filter(|name| !HARMLESS.contains(name))
            .collect();
        match (request, names.is_empty()) {
            (Some(_), true) => return Judged::Clean,
            (None, _) => "got another configuration".to_owned(),
            (Some(_), false) => format!("got another configuration ({})", names.join(", ")),
        }
    };
    let summary = format!(
        "function {} {what}; compare it with the release, and deploy the stack again",
        function.name()
    );
    Draft::new(function.at.resource, summary).into()
}

fn throttled(call: &Call<'_>) -> Judged {
    let function = match Subject::guarded(call) {
        Ok(function) => function,
        Err(judged) => return judged,
    };
    let name = function.name();
    let mut step = Step::<FunctionConcurrency>::new(function.at.clone(), AsRecorded::Baseline);
    let reserved = call
        .request()
        .and_then(|request| request.get("reservedConcurrentExecutions")?.number())
        .and_then(|reserved| i32::try_from(reserved).ok());
    step.wrote = reserved.map(Some);
    match reserved {
        Some(0) => {
            let summary = format!("function {name} was throttled to nothing");
            Draft::new(&function.at.resource, summary).step(step).into()
        }
        Some(_) if !call.settings.given => Judged::Clean,
        reserved => {
            let to = reserved.map_or_else(|| "another number".into(), |n| n.to_string());
            let summary = format!(
                "the reserved concurrency of function {name} was set to {to}; whether that is less than before only the known state tells"
            );
            Judged::CannotTell(Draft::new(&function.at.resource, summary).step(step))
        }
    }
}

fn failures(call: &Call<'_>) -> Judged {
    let function = match Subject::guarded(call) {
        Ok(function) => function,
        Err(judged) => return judged,
    };
    let name = function.name().to_owned();
    // What is said of `$LATEST` is said of the function itself.
    let at = match function.qualifier.as_deref() {
        Some("$LATEST") => function.at.clone(),
        _ => function.qualified(),
    };
    let mut step = Step::<FunctionInvocations>::new(at.clone(), AsRecorded::Baseline);
    let draft = |summary: String, step| Draft::new(&at.resource, summary).step(step);
    if call.record.plain_name() == "DeleteFunctionEventInvokeConfig" {
        let summary = format!("what function {name} fails on is no longer kept");
        return draft(summary, step.wrote(None)).into();
    }
    let Some(request) = call.request() else {
        let summary = format!(
            "what becomes of events that function {name} fails on was changed, and the record does not say how"
        );
        return Judged::CannotTell(draft(summary, step));
    };
    let puts = call.record.plain_name() == "PutFunctionEventInvokeConfig";
    let number = |name: &str| {
        let number = request.get(name)?.number()?;
        i32::try_from(number).ok()
    };
    let destination = |side: &str| {
        let to = request.path(&["destinationConfig", side])?;
        to.string("destination").map(|to| to.into_owned())
    };
    let wrote = Invocation {
        retries: number("maximumRetryAttempts"),
        age: number("maximumEventAgeInSeconds"),
        on_failure: destination("onFailure"),
        on_success: destination("onSuccess"),
    };
    let says = request.get("destinationConfig").is_some();
    let weak = [
        ((puts || says) && wrote.on_failure.is_none()).then_some("nothing keeps what it fails on"),
        (wrote.retries == Some(0)).then_some("it is never tried again"),
        (wrote.age.is_some_and(|age| age < 3600)).then_some("it is given up within the hour"),
    ];
    let weak: Vec<_> = weak.into_iter().flatten().collect();
    if puts {
        step = step.wrote(Some(wrote));
    }
    if !weak.is_empty() {
        let summary = format!("where function {name} fails, {}", weak.join(", and "));
        return draft(summary, step).into();
    }
    if !call.settings.given {
        return Judged::Clean;
    }
    let summary = format!(
        "what becomes of events that function {name} fails on was changed; whether for the worse only the known state tells"
    );
    Judged::CannotTell(draft(summary, step))
}

fn alias(call: &Call<'_>) -> Judged {
    let function = match Subject::guarded(call) {
        Ok(function) => function,
        Err(judged) => return judged,
    };
    let (name, alias) = (function.name(), call.shown("name").unwrap_or("?".into()));
    let what = if call.record.plain_name() == "DeleteAlias" {
        "was deleted".to_owned()
    } else {
        let request = call.request();
        let moves = request.is_none_or(|request| {
            request.get("functionVersion").is_some() || request.get("routingConfig").is_some()
        });
        if !moves {
            return Judged::Clean;
        }
        match call.shown("functionVersion") {
            Some(version) => format!("was pointed at version {version}"),
            None => "was pointed at other versions".to_owned(),
        }
    };
    let summary = format!("alias {alias} of function {name} {what}");
    let step = Step::<FunctionAliases>::new(function.at.clone(), AsRecorded::Baseline);
    Draft::new(&function.at.resource, summary).step(step).into()
}

fn loosened(call: &Call<'_>) -> Judged {
    let function = match Subject::guarded(call) {
        Ok(function) => function,
        Err(judged) => return judged,
    };
    let name = function.name();
    let what = match call.record.plain_name() {
        "PutFunctionRecursionConfig" => {
            if call.shown("recursiveLoop").as_deref() == Some("Terminate") {
                return Judged::Clean;
            }
            "may call itself without end"
        }
        "PutFunctionCodeSigningConfig" => "takes code of other signers",
        "DeleteFunctionCodeSigningConfig" => "takes code of any signer",
        _ => {
            if call.shown("updateRuntimeOn").as_deref() == Some("Auto") {
                return Judged::Clean;
            }
            "no longer gets its runtime's corrections by itself"
        }
    };
    Draft::new(&function.at.resource, format!("function {name} {what}")).into()
}
