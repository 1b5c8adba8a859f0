//! Rules of what functions read by themselves.

use super::subject::{LAMBDA, Subject, is_guard};
use crate::arn::Arn;
use crate::facet::{At, Step};
use crate::facets::guard::function::{ForeignMapping, FunctionSources, Lost, Source, SourcesWish};
use crate::facets::made::Gone;
use crate::json::Json;
use crate::rule::{Call, Draft, Judged, Proof, Revert, Rule, Severity, Watch, is_shown};

/// Row 216 of `events/TABLE.md`.
pub static ADDED: Rule = Rule {
    id: "guard-function.source-added",
    title: "Somebody else's source, or reader, at the guard",
    severity: Severity::Critical,
    why: "a function of the guard that reads somebody else's messages does what they say, and a stranger who reads its queues takes them from it",
    controls: &["ATT&CK T1562.001", "ATT&CK T1546"],
    rows: &[216],
    watches: &[Watch {
        source: LAMBDA,
        names: &["CreateEventSourceMapping"],
    }],
    revert: Revert::Event,
    facets: &["foreign-mapping"],
    proof: Proof::Moto,
    judge: added,
    ..Rule::TELLS
};

/// Rows 217 and 218 of `events/TABLE.md`.
pub static STOPPED: Rule = Rule {
    id: "guard-function.source-stopped",
    title: "Function of the guard no longer reads its queue",
    severity: Severity::Critical,
    why: "what a function must judge again, undo or take up after a failure waits in its queue for ever",
    controls: &["ATT&CK T1562.001"],
    rows: &[217, 218],
    watches: &[Watch {
        source: LAMBDA,
        names: &["UpdateEventSourceMapping", "DeleteEventSourceMapping"],
    }],
    revert: Revert::Event,
    facets: &["function-sources"],
    proof: Proof::Moto,
    judge: stopped,
    ..Rule::TELLS
};

/// A mapping: who reads what.
struct Mapping {
    function: Option<Subject>,
    source: Option<String>,
    id: Option<String>,
}

impl Mapping {
    fn of(call: &Call<'_>) -> Self {
        let sides = [call.record.response(), call.request()];
        let text = |names: &[&str]| {
            let found = sides.iter().flatten().find_map(|side| {
                let found = names.iter().find_map(|name| side.string(name));
                found.filter(|text| is_shown(text))
            });
            found.map(|text| text.into_owned())
        };
        let function = text(&["functionArn", "functionName"]);
        Self {
            function: function.and_then(|function| Subject::named(call, &function)),
            source: text(&["eventSourceArn"]),
            id: text(&["uUID", "uuid", "UUID"]),
        }
    }
}

fn added(call: &Call<'_>) -> Judged {
    let mapping = Mapping::of(call);
    let (Some(function), source) = (&mapping.function, &mapping.source) else {
        return call.unnamed();
    };
    // Kafka of one's own has no ARN.
    let own_source = source
        .as_deref()
        .is_some_and(|source| is_guard(call, source));
    let own_function = is_guard(call, &function.at.resource);
    let told = source.as_deref().unwrap_or("a source without an ARN");
    let (resource, what) = match (own_function, own_source) {
        (true, true) | (false, false) => return Judged::Clean,
        (true, false) => (
            function.at.resource.clone(),
            format!("function {} of the guard reads {told}", function.name()),
        ),
        (false, true) => (
            told.to_owned(),
            format!(
                "{} of the guard is read by function {}",
                name(told),
                function.name()
            ),
        ),
    };
    let draft = Draft::new(resource, what);
    let Some(id) = mapping.id else {
        return draft.into();
    };
    let (account, region) = (&function.at.account, &function.at.region);
    let arn = format!(
        "arn:{}:lambda:{region}:{account}:event-source-mapping:{id}",
        call.partition()
    );
    let step = Step::<ForeignMapping>::new(At::new(account, region, arn), Gone { at: call.time() });
    draft.step(step).into()
}

fn stopped(call: &Call<'_>) -> Judged {
    let deletes = call.record.plain_name() == "DeleteEventSourceMapping";
    let enabled = call
        .request()
        .and_then(|request| request.get("enabled")?.boolean());
    if call.request().is_some() && !deletes && enabled != Some(false) && !call.settings.given {
        return Judged::Clean;
    }
    let mapping = Mapping::of(call);
    // The request has only an ID; a call that failed tells no more.
    let Some(function) = mapping.function else {
        return call.unnamed();
    };
    if let Err(judged) = call.guarded(Some(function.at.clone())) {
        return judged;
    }
    let lost = mapping.source.map(|source| Lost {
        read: call.record.response().map(read).unwrap_or_default(),
        source,
    });
    let told = lost.as_ref().map_or("a source", |lost| name(&lost.source));
    let name = function.name();
    let certain = deletes || enabled == Some(false);
    let summary = match (deletes, certain) {
        (true, _) => format!("function {name} no longer reads {told}"),
        (false, true) => format!("function {name} was stopped from reading {told}"),
        (false, false) => format!(
            "how function {name} reads {told} was changed; whether for the worse only the known state tells"
        ),
    };
    let wish = SourcesWish {
        lost: lost.filter(|_| certain),
    };
    let step = Step::<FunctionSources>::new(function.at.clone(), wish);
    let draft = Draft::new(&function.at.resource, summary).step(step);
    if certain {
        draft.into()
    } else {
        Judged::CannotTell(draft)
    }
}

/// How a mapping reads, as Lambda answers.
fn read(answer: Json<'_>) -> Source {
    let number = |name: &str| {
        let number = answer.get(name)?.number()?;
        i32::try_from(number).ok()
    };
    let texts = |all: Option<Json<'_>>, part: Option<&str>| -> Vec<String> {
        let items = all.map(Json::items).unwrap_or_default();
        let text = |one: Json<'_>| {
            let text = match part {
                Some(part) => one.string(part),
                None => one.scalar(),
            };
            text.map(|text| text.into_owned())
        };
        items.into_iter().filter_map(text).collect()
    };
    Source {
        enabled: true,
        batch: number("batchSize"),
        window: number("maximumBatchingWindowInSeconds").filter(|window| *window > 0),
        concurrency: answer
            .path(&["scalingConfig", "maximumConcurrency"])
            .and_then(|most| i32::try_from(most.number()?).ok()),
        answers: texts(answer.get("functionResponseTypes"), None),
        filters: texts(answer.path(&["filterCriteria", "filters"]), Some("pattern")),
    }
}

/// A source's name, for people.
fn name(arn: &str) -> &str {
    let resource = Arn::parse(arn).map_or(arn, |arn| arn.resource);
    resource.rsplit(['/', ':']).next().unwrap_or(resource)
}
