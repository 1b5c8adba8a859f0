//! Rules of who may call a function, by its policy or by its URL, and of who may
//! use a layer.

use auditward_policy::{Analysis, Deputy, Document, Foreign, Kind, Tri, analyze};
use serde_json::{Value, json};

use super::subject::{LAMBDA, Subject, is_guard};
use crate::arn::{Arn, is_account};
use crate::facet::{At, Step};
use crate::facets::guard::function::{
    FunctionPermissions, FunctionStatement, FunctionUrl, Permission, UrlWish,
};
use crate::facets::kept::AsRecorded;
use crate::facets::made::Gone;
use crate::rule::{Call, Draft, Judged, Proof, Revert, Rule, Scope, Severity, Watch, is_shown};

/// Row 212 of `events/TABLE.md`.
pub static OPENED: Rule = Rule {
    id: "function.opened",
    title: "Function opened",
    severity: Severity::High,
    why: "who may call a function acts with its role; nobody calls a guard's function but the rules that were deployed with it",
    controls: &["ATT&CK T1546", "ATT&CK T1098"],
    rows: &[212],
    watches: &[Watch {
        source: LAMBDA,
        names: &["AddPermission"],
    }],
    scope: Scope::Any,
    revert: Revert::Event,
    facets: &["function-statement"],
    proof: Proof::Moto,
    judge: opened,
    ..Rule::TELLS
};

/// Row 213 of `events/TABLE.md`.
pub static CUT_OFF: Rule = Rule {
    id: "guard-function.cut-off",
    title: "Function of the guard cut off from its events",
    severity: Severity::Critical,
    why: "a function that EventBridge may no longer call sees nothing, and nobody notices",
    controls: &["ATT&CK T1562.001", "ATT&CK T1562.008"],
    rows: &[213],
    watches: &[Watch {
        source: LAMBDA,
        names: &["RemovePermission"],
    }],
    revert: Revert::Baseline,
    facets: &["function-permissions"],
    proof: Proof::Moto,
    judge: |call| match Subject::guards(call) {
        Err(judged) => judged,
        Ok(function) => {
            let sid = call.shown("statementId").unwrap_or("?".into());
            let summary = format!(
                "statement `{sid}` was removed from the policy of function {}",
                function.name()
            );
            let step = Step::<FunctionPermissions>::new(function.qualified(), AsRecorded::Baseline);
            Draft::new(function.at.resource, summary).step(step).into()
        }
    },
    ..Rule::TELLS
};

/// Rows 214 and 215 of `events/TABLE.md`.
pub static URL_OPENED: Rule = Rule {
    id: "function.url-opened",
    title: "Function opened by a URL",
    severity: Severity::High,
    why: "a URL without authorization lets everybody call the function, and a guard's function has none",
    controls: &["ATT&CK T1546", "ATT&CK T1133"],
    rows: &[214, 215],
    watches: &[Watch {
        source: LAMBDA,
        names: &["CreateFunctionUrlConfig", "UpdateFunctionUrlConfig"],
    }],
    scope: Scope::Any,
    revert: Revert::Desired,
    facets: &["function-url"],
    proof: Proof::Moto,
    judge: url,
    ..Rule::TELLS
};

/// Row 224 of `events/TABLE.md`.
pub static LAYER_SHARED: Rule = Rule {
    id: "layer.shared",
    title: "Layer shared with outsiders",
    severity: Severity::Low,
    why: "who may use a layer can read the code in it",
    controls: &["ATT&CK T1213"],
    rows: &[224],
    watches: &[Watch {
        source: LAMBDA,
        names: &["AddLayerVersionPermission"],
    }],
    scope: Scope::Any,
    judge: shared,
    ..Rule::TELLS
};

/// Row 225 of `events/TABLE.md`.
pub static LAYER_DELETED: Rule = Rule {
    id: "guard-layer.deleted",
    title: "Layer of the guard deleted",
    severity: Severity::Low,
    why: "a function whose layer is gone can no longer be changed or deployed as it was",
    controls: &["ATT&CK T1485"],
    rows: &[225],
    watches: &[Watch {
        source: LAMBDA,
        names: &["DeleteLayerVersion"],
    }],
    judge: |call| match call.guarded(call.named("layerName", "lambda", "layer:")) {
        Err(judged) => judged,
        Ok(layer) => {
            let version = call.parameter("versionNumber").unwrap_or("?".into());
            let summary = format!("version {version} of layer {} was deleted", layer.name());
            Draft::new(layer.resource, summary).into()
        }
    },
    ..Rule::TELLS
};

fn opened(call: &Call<'_>) -> Judged {
    let Some(function) = Subject::of(call) else {
        return call.unnamed();
    };
    let guard = is_guard(call, &function.at.resource);
    let permission = answered(call).or_else(|| {
        let shown = |name: &str| call.shown(name).map(|text| text.into_owned());
        Permission::asked(shown)
    });
    let sid = call.shown("statementId").unwrap_or("?".into());
    let name = function.name();
    let draft = |summary: String, by: Severity| {
        let draft = Draft::new(&function.at.resource, summary).severity(by);
        if !guard {
            return draft;
        }
        let at = function.qualified().item(sid.as_ref());
        draft.step(Step::<FunctionStatement>::new(at, Gone { at: call.time() }))
    };
    let Some(permission) = permission else {
        let summary =
            format!("function {name} may be called by somebody that the record does not name");
        let by = if guard {
            Severity::Critical
        } else {
            Severity::High
        };
        return Judged::CannotTell(draft(summary, by));
    };
    let whom = match permission.principal.as_str() {
        "*" => "everybody",
        other => other,
    };
    if guard {
        if is_deployed(call, &permission) {
            return Judged::Clean;
        }
        let summary = format!(
            "{whom} may call function {name} of the guard (statement `{sid}`, {})",
            permission.action
        );
        return draft(summary, Severity::Critical).into();
    }
    let statement = permission.statement(&sid, &function.at.resource);
    match lets_in(call, &function.at.account, &statement) {
        None => {
            let summary =
                format!("whom statement `{sid}` lets call function {name} cannot be told");
            Judged::CannotTell(draft(summary, Severity::High))
        }
        Some(analysis) if analysis.foreign == Foreign::Yes => {
            let summary = format!(
                "{whom} may call function {name} (statement `{sid}`, {})",
                permission.action
            );
            draft(summary, Severity::High).into()
        }
        // A service acts for whoever owns what calls it.
        Some(analysis) if analysis.admissions.is_empty() => {
            if analysis.deputy != Deputy::Foreign && !is_for_strangers(call, &permission) {
                return Judged::Clean;
            }
            let summary = format!(
                "{whom} may call function {name} for somebody else's resources (statement `{sid}`)"
            );
            draft(summary, Severity::Medium).into()
        }
        Some(Analysis {
            foreign: Foreign::CannotTell(why),
            ..
        }) if call.zone(&function.at.account).cannot_tell_is_foreign => {
            let summary =
                format!("whom statement `{sid}` lets call function {name} cannot be told: {why}");
            Judged::CannotTell(draft(summary, Severity::High))
        }
        Some(_) => Judged::Clean,
    }
}

/// The statement as Lambda answered.
fn answered(call: &Call<'_>) -> Option<Permission> {
    let statement = call.record.response()?.string("statement")?;
    Permission::read(&serde_json::from_str::<Value>(&statement).ok()?)
}

/// Whether a statement has the form of those that come with a guard's function:
/// a rule of Auditward's own, of the function's own account, hands it events.
fn is_deployed(call: &Call<'_>, permission: &Permission) -> bool {
    let account = call.account();
    let rule = permission.term("sourceArn").and_then(Arn::parse);
    permission.principal == "events.amazonaws.com"
        && rule.is_some_and(|rule| {
            rule.service == "events"
                && rule.account == account
                && !rule.resource.contains(['*', '?'])
                && call.settings.is_own(&rule.to_string())
        })
}

/// Whether a permission names an account that is not ours as the owner of what
/// calls the function.
fn is_for_strangers(call: &Call<'_>, permission: &Permission) -> bool {
    let source = permission.term("sourceArn").and_then(Arn::parse);
    let source = source.map(|arn| arn.account);
    let owners = [permission.term("sourceAccount"), source];
    let mut named = owners
        .into_iter()
        .flatten()
        .filter(|owner| is_account(owner));
    named.any(|owner| call.is_ours(owner) == Tri::No)
}

/// Whom one statement of a function's policy lets in.
fn lets_in(call: &Call<'_>, owner: &str, statement: &Value) -> Option<Analysis> {
    let document = json!({ "Version": "2012-10-17", "Statement": [statement] });
    let document = Document::parse(&document.to_string()).ok()?;
    Some(analyze(&document, Kind::Function, &call.zone(owner)))
}

fn url(call: &Call<'_>) -> Judged {
    let Some(function) = Subject::of(call) else {
        return call.unnamed();
    };
    let (name, guard) = (function.name(), is_guard(call, &function.at.resource));
    let creates = call.record.plain_name() == "CreateFunctionUrlConfig";
    let auth = call.shown("authType");
    let by = if guard {
        Severity::Critical
    } else {
        Severity::High
    };
    let draft = |summary: String| {
        let draft = Draft::new(&function.at.resource, summary).severity(by);
        if !guard {
            return draft;
        }
        let mut step = Step::<FunctionUrl>::new(function.qualified(), UrlWish::Signed);
        step.wrote = auth.as_ref().map(|auth| Some(auth.as_ref().to_owned()));
        draft.step(step)
    };
    match auth.as_deref() {
        Some("NONE") => draft(format!("everybody may call function {name} by its URL")).into(),
        Some(auth) if guard && creates => draft(format!(
            "function {name} of the guard got a URL (authorization {auth})"
        ))
        .into(),
        Some(_) => Judged::Clean,
        None if call.request().is_some() && !creates && call.parameter("authType").is_none() => {
            // What is not given stays as it was.
            Judged::Clean
        }
        None => Judged::CannotTell(draft(format!(
            "the URL of function {name} was made or changed, and the record does not say for whom"
        ))),
    }
}

fn shared(call: &Call<'_>) -> Judged {
    let layer = call.named("layerName", "lambda", "layer:").or_else(|| {
        let arn = call.refused("lambda")?;
        let parsed = Arn::parse(arn)?;
        Some(At::new(parsed.account, parsed.region, arn))
    });
    let Some(layer) = layer else {
        return call.unnamed();
    };
    let name = layer.name();
    let Some(principal) = call.shown("principal") else {
        let summary = format!("layer {name} was shared, and the record does not say with whom");
        return Judged::CannotTell(Draft::new(&layer.resource, summary));
    };
    let terms = call.shown("organizationId").filter(|text| is_shown(text));
    let terms = terms.map(|id| ("principalOrgID".to_owned(), id.into_owned()));
    let permission = Permission {
        // To the policy engine a layer is as good as a function.
        action: "lambda:InvokeFunction".into(),
        principal: principal.clone().into_owned(),
        terms: terms.into_iter().collect(),
    };
    let statement = permission.statement("shared", &layer.resource);
    let whom = if principal == "*" {
        "everybody".into()
    } else {
        principal
    };
    let draft = || Draft::new(&layer.resource, format!("{whom} may use layer {name}"));
    match lets_in(call, &layer.account, &statement).map(|analysis| analysis.foreign) {
        Some(Foreign::No) => Judged::Clean,
        Some(Foreign::Yes) => draft().into(),
        _ => Judged::CannotTell(draft()),
    }
}
