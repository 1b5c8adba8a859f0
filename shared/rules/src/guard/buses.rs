//! Rules of event buses and their archives.

use auditward_policy::{Deputy, Document, Foreign, Kind, analyze};
use serde_json::json;

use super::subject::{EVENTS, bus_named};
use crate::facet::{At, PolicyState, Step};
use crate::facets::guard::bus::{BusConfiguration, BusPolicy};
use crate::facets::guarded::PolicyWish;
use crate::facets::kept::AsRecorded;
use crate::rule::{Call, Draft, Judged, Proof, Revert, Rule, Scope, Severity, Watch};

/// Row 235 of `events/TABLE.md`.
pub static OPENED: Rule = Rule {
    id: "bus.opened",
    title: "Event bus opened",
    severity: Severity::High,
    why: "an outsider who may put events on a bus tells its rules what never happened",
    controls: &["ATT&CK T1565", "ATT&CK T1562.008"],
    rows: &[235],
    watches: &[Watch {
        source: EVENTS,
        names: &["PutPermission"],
    }],
    scope: Scope::Any,
    revert: Revert::Live,
    deployers_accepted: false,
    facets: &["bus-policy"],
    proof: Proof::Moto,
    judge: opened,
    ..Rule::TELLS
};

/// Row 236 of `events/TABLE.md`.
pub static CLOSED: Rule = Rule {
    id: "guard-bus.closed",
    title: "Guarded event bus closed",
    severity: Severity::High,
    why: "accounts that may no longer put their events on the central bus are no longer seen",
    controls: &["ATT&CK T1562.008"],
    rows: &[236],
    watches: &[Watch {
        source: EVENTS,
        names: &["RemovePermission"],
    }],
    revert: Revert::Baseline,
    facets: &["bus-policy"],
    proof: Proof::Moto,
    judge: |call| match call.guarded(bus_named(call, "eventBusName")) {
        Err(judged) => judged,
        Ok(bus) => {
            let what = match call.shown("statementId") {
                Some(sid) => format!("bus {} lost statement `{sid}` of its policy", bus.name()),
                None => format!("bus {} lost its policy", bus.name()),
            };
            let wish = PolicyWish {
                outsiders: false,
                restore: true,
                ..PolicyWish::default()
            };
            let step = Step::<BusPolicy>::new(bus.clone(), wish);
            Draft::new(bus.resource, what).step(step).into()
        }
    },
    ..Rule::TELLS
};

/// Row 237 of `events/TABLE.md`.
pub static DELETED: Rule = Rule {
    id: "guard-bus.deleted",
    title: "Guarded event bus deleted",
    severity: Severity::Critical,
    why: "with a bus all of its rules are gone, and what is put on it is lost",
    controls: &["ATT&CK T1562.008", "ATT&CK T1485"],
    rows: &[237],
    watches: &[Watch {
        source: EVENTS,
        names: &["DeleteEventBus"],
    }],
    revert: Revert::Baseline,
    facets: &["bus-configuration", "bus-policy"],
    proof: Proof::Moto,
    judge: |call| match call.guarded(named(call)) {
        Err(judged) => judged,
        Ok(bus) => {
            let summary = format!("event bus {} was deleted", bus.name());
            let configuration =
                Step::<BusConfiguration>::new(bus.clone(), AsRecorded::Baseline).wrote(None);
            let policy = Step::<BusPolicy>::new(bus.clone(), PolicyWish::whole());
            Draft::new(bus.resource, summary)
                .step(configuration)
                .step(policy)
                .into()
        }
    },
    ..Rule::TELLS
};

/// Row 238 of `events/TABLE.md`.
pub static WEAKENED: Rule = Rule {
    id: "guard-bus.weakened",
    title: "Guarded event bus reconfigured",
    severity: Severity::High,
    why: "under another key nobody can read what the bus keeps, and without dead letters what fails is lost",
    controls: &["ATT&CK T1562.008"],
    rows: &[238],
    watches: &[Watch {
        source: EVENTS,
        names: &["UpdateEventBus"],
    }],
    revert: Revert::Baseline,
    facets: &["bus-configuration"],
    proof: Proof::Moto,
    judge: weakened,
    ..Rule::TELLS
};

/// Rows 239 and 240 of `events/TABLE.md`.
pub static ARCHIVE_WEAKENED: Rule = Rule {
    id: "archive.weakened",
    title: "Archive of events deleted or shortened",
    severity: Severity::Low,
    why: "events that an archive no longer keeps cannot be played again after an incident",
    controls: &["ATT&CK T1485", "ATT&CK T1562.008"],
    rows: &[239, 240],
    watches: &[Watch {
        source: EVENTS,
        names: &["DeleteArchive", "UpdateArchive"],
    }],
    judge: archive,
    ..Rule::TELLS
};

/// The bus that `name` names; there is always one.
fn named(call: &Call<'_>) -> Option<At> {
    match call.request() {
        Some(_) => call.named("name", "events", "event-bus/"),
        None => bus_named(call, "name"),
    }
}

fn opened(call: &Call<'_>) -> Judged {
    let Some(bus) = bus_named(call, "eventBusName") else {
        return call.unnamed();
    };
    let guarded = call.settings.protects(&bus.resource, call.inventory);
    let wish = PolicyWish {
        outsiders: true,
        restore: guarded,
        ..PolicyWish::default()
    };
    let (name, by) = match (bus.name(), guarded && call.settings.given) {
        (name, true) => (name.to_owned(), Severity::Critical),
        (name, false) => (name.to_owned(), Severity::High),
    };
    let step = Step::<BusPolicy>::new(bus.clone(), wish);
    let Some(document) = written(call, &bus) else {
        let summary = format!(
            "whom bus {name} takes events from was changed, and the record does not say how"
        );
        return Judged::CannotTell(Draft::new(&bus.resource, summary).severity(by).step(step));
    };
    let zone = call.zone(&bus.account);
    let analysis = analyze(&document, Kind::Bus, &zone);
    let draft = |what: String| {
        let summary = format!("event bus {name} {what}");
        Draft::new(&bus.resource, summary)
            .severity(by)
            .step(step.clone())
    };
    match analysis.foreign {
        Foreign::Yes => {
            let whom: Vec<_> = analysis
                .admissions
                .iter()
                .flat_map(|one| one.principals.iter())
                .map(|whom| if whom == "*" { "everybody" } else { whom })
                .collect();
            draft(format!("takes events from {}", whom.join(", "))).into()
        }
        Foreign::CannotTell(why) if zone.cannot_tell_is_foreign => {
            draft(format!("may take events from outsiders: {why}"))
                .if_live_agrees()
                .into()
        }
        _ if analysis.deputy == Deputy::Foreign => {
            draft("takes what services hand over for somebody else".into())
                .if_live_agrees()
                .into()
        }
        _ => Judged::Clean,
    }
}

/// What `PutPermission` wrote: a whole policy, or one statement.
fn written(call: &Call<'_>, bus: &At) -> Option<Document> {
    let request = call.request()?;
    if let Some(policy) = request.get("policy") {
        let text = policy
            .scalar()
            .map_or_else(|| policy.text().to_owned(), |text| text.into_owned());
        return match PolicyState::read(&text) {
            PolicyState::Document(document) => Some(document),
            PolicyState::Absent | PolicyState::Unparsable { .. } => None,
        };
    }
    let principal = call.shown("principal")?;
    let who = match principal.as_ref() {
        "*" => json!("*"),
        account => json!({"AWS": format!("arn:{}:iam::{account}:root", call.partition())}),
    };
    let mut statement = json!({
        "Sid": call.shown("statementId").unwrap_or_default(),
        "Effect": "Allow", "Principal": who,
        "Action": call.shown("action").unwrap_or("events:PutEvents".into()),
        "Resource": bus.resource,
    });
    if let Some(condition) = request.get("condition").filter(|one| one.is_object()) {
        let part = |name: &str| condition.string(name).map(|text| text.into_owned());
        let (operator, key) = (part("type")?, part("key")?);
        let value = part("value")?;
        if let Some(statement) = statement.as_object_mut() {
            statement.insert("Condition".into(), json!({ operator: { key: value } }));
        }
    }
    let document = json!({ "Version": "2012-10-17", "Statement": [statement] });
    Document::parse(&document.to_string()).ok()
}

fn weakened(call: &Call<'_>) -> Judged {
    let bus = match call.guarded(named(call)) {
        Ok(bus) => bus,
        Err(judged) => return judged,
    };
    let step = Step::<BusConfiguration>::new(bus.clone(), AsRecorded::Baseline);
    let said: Vec<&str> = ["kmsKeyIdentifier", "deadLetterConfig", "logConfig"]
        .into_iter()
        .filter(|name| {
            call.request()
                .is_some_and(|request| request.get(name).is_some())
        })
        .collect();
    let name = bus.name();
    if !said.is_empty() {
        let summary = format!("event bus {name} was reconfigured ({})", said.join(", "));
        return Draft::new(&bus.resource, summary)
            .step(step)
            .if_live_agrees()
            .into();
    }
    if call.request().is_some() && !call.settings.given {
        return Judged::Clean;
    }
    let summary = format!(
        "event bus {name} was changed; whether it lost anything only the known state tells"
    );
    Judged::CannotTell(Draft::new(&bus.resource, summary).step(step))
}

fn archive(call: &Call<'_>) -> Judged {
    let archive = match call.guarded(call.named("archiveName", "events", "archive/")) {
        Ok(archive) => archive,
        Err(judged) => return judged,
    };
    let name = archive.name();
    if call.record.plain_name() == "DeleteArchive" {
        let summary = format!("archive {name} was deleted, and its events with it");
        return Draft::new(&archive.resource, summary).into();
    }
    let Some(request) = call.request() else {
        return call.unnamed();
    };
    let days = request.get("retentionDays").and_then(|days| days.number());
    let what = match days {
        // Nought is for ever.
        Some(days) if days > 0 => format!("keeps events for {days} days"),
        _ if request.get("eventPattern").is_some() => "keeps other events".to_owned(),
        _ => return Judged::Clean,
    };
    Draft::new(&archive.resource, format!("archive {name} now {what}"))
        .if_live_agrees()
        .into()
}
