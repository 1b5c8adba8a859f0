//! Rules of the table in which Auditward keeps baselines, settings and cases.

use auditward_policy::{Document, Foreign, Kind, Tri, analyze};

use super::letting::{Wrote, is_auditward, written};
use crate::actor::Actor;
use crate::arn::Arn;
use crate::buckets::tell_admitted;
use crate::facet::{At, Step};
use crate::facets::switch::{OnOff, Switch};
use crate::facets::table;
use crate::plan::Plan;
use crate::rule::{Call, Draft, Judged, Proof, Revert, Rule, Severity, Watch};

const DYNAMODB: &str = "dynamodb.amazonaws.com";

/// The attribute by which Auditward's own items expire.
const EXPIRES: &str = "expires";

/// A switch of the table that a call set: `None` where the record does not say to what.
fn switched<S: Switch>(table: &At, on: Option<bool>, off: String, unclear: String) -> Judged
where
    Plan: From<Step<OnOff<S>>>,
{
    let step = Step::<OnOff<S>>::new(table.clone(), true);
    match on {
        Some(true) => Judged::Clean,
        Some(false) => Draft::new(&table.resource, off)
            .step(step.wrote(Some(false)))
            .into(),
        None => Judged::CannotTell(Draft::new(&table.resource, unclear).step(step)),
    }
}

/// Row 259 of `events/TABLE.md`.
pub static DELETED: Rule = Rule {
    id: "table.deleted",
    title: "Auditward's table deleted",
    severity: Severity::Critical,
    why: "without its table Auditward has no baselines, settings or cases, and puts next to nothing back",
    controls: &["ATT&CK T1562.001", "ATT&CK T1485"],
    rows: &[259],
    watches: &[Watch {
        source: DYNAMODB,
        names: &["DeleteTable"],
    }],
    deployers_accepted: false,
    judge: |call| {
        told(
            call,
            "was deleted; restore it to a point in time, then its settings, tags and alarms",
        )
    },
    ..Rule::TELLS
};

/// Row 260 of `events/TABLE.md`.
pub static UNPROTECTED: Rule = Rule {
    id: "table.unprotected",
    title: "Auditward's table can be deleted",
    severity: Severity::High,
    why: "deletion protection is what stands between a table and its deletion",
    controls: &["ATT&CK T1562.001", "ATT&CK T1485"],
    rows: &[260],
    watches: &[Watch {
        source: DYNAMODB,
        names: &["UpdateTable"],
    }],
    revert: Revert::Desired,
    facets: &["table-protection"],
    proof: Proof::Moto,
    judge: |call| {
        let table = match guarded(call) {
            Ok(table) => table,
            Err(judged) => return judged,
        };
        let set = call
            .request()
            .and_then(|request| request.get("deletionProtectionEnabled"));
        let Some(set) = set else {
            return Judged::Clean;
        };
        let name = table.name();
        let off = format!("table {name} is no longer protected from deletion");
        let unclear = format!(
            "deletion protection of table {name} was set, and the record does not say to what"
        );
        switched::<table::kinds::TableProtection>(&table, set.boolean(), off, unclear)
    },
    ..Rule::TELLS
};

/// Row 260 of `events/TABLE.md`. DynamoDB uses a key in the caller's name, and Auditward may
/// use none but its own: a person gives the table its key back.
pub static ENCRYPTION_CHANGED: Rule = Rule {
    id: "table.encryption-changed",
    title: "Key of Auditward's table changed",
    severity: Severity::High,
    why: "under another key others may read what Auditward knows, or nobody, Auditward included",
    controls: &["ATT&CK T1486"],
    rows: &[260],
    watches: &[Watch {
        source: DYNAMODB,
        names: &["UpdateTable"],
    }],
    judge: |call| {
        // That the record does not name the table is another rule's finding.
        let Ok(table) = guarded(call) else {
            return Judged::Clean;
        };
        let set = call
            .request()
            .and_then(|request| request.get("sSESpecification"));
        let Some(set) = set else {
            return Judged::Clean;
        };
        let what = match set.get("enabled").and_then(|on| on.boolean()) {
            Some(false) => "no longer encrypts with a key of ours",
            _ => "got another key",
        };
        let summary = format!(
            "table {} {what}; give it the stack's key back if it is not meant",
            table.name()
        );
        Draft::new(&table.resource, summary).into()
    },
    ..Rule::TELLS
};

/// Row 261 of `events/TABLE.md`.
pub static RECOVERY_OFF: Rule = Rule {
    id: "table.recovery-off",
    title: "Recovery of Auditward's table switched off",
    severity: Severity::High,
    why: "without point-in-time recovery a poisoned or deleted table is lost; the window begins anew when it is switched on",
    controls: &["ATT&CK T1490"],
    rows: &[261],
    watches: &[Watch {
        source: DYNAMODB,
        names: &["UpdateContinuousBackups"],
    }],
    revert: Revert::Event,
    facets: &["table-recovery"],
    proof: Proof::Moto,
    judge: |call| {
        let table = match guarded(call) {
            Ok(table) => table,
            Err(judged) => return judged,
        };
        let request = call.request();
        let on = request.and_then(|request| {
            let path = [
                "pointInTimeRecoverySpecification",
                "pointInTimeRecoveryEnabled",
            ];
            request.path(&path)?.boolean()
        });
        let name = table.name();
        let off = format!("point-in-time recovery of table {name} was switched off");
        let unclear =
            format!("backups of table {name} were set, and the record does not say to what");
        switched::<table::kinds::TableRecovery>(&table, on, off, unclear)
    },
    ..Rule::TELLS
};

/// Row 262 of `events/TABLE.md`.
pub static EXPIRY_CHANGED: Rule = Rule {
    id: "table.expiry-changed",
    title: "Items of Auditward's table expire",
    severity: Severity::Low,
    why: "an attribute taken for a time to live deletes baselines quietly, a few days later",
    controls: &["ATT&CK T1485"],
    rows: &[262],
    watches: &[Watch {
        source: DYNAMODB,
        names: &["UpdateTimeToLive"],
    }],
    judge: |call| {
        let table = match guarded(call) {
            Ok(table) => table,
            Err(judged) => return judged,
        };
        let set = call
            .request()
            .and_then(|request| request.get("timeToLiveSpecification"));
        let attribute = set.and_then(|set| set.string("attributeName"));
        let attribute = attribute.as_deref().unwrap_or("?");
        let name = table.name();
        match set.and_then(|set| set.get("enabled")?.boolean()) {
            Some(false) => Judged::Clean,
            // As the stack has it.
            Some(true) if attribute == EXPIRES && call.settings.is_own(&table.resource) => {
                Judged::Clean
            }
            Some(true) => {
                let summary = format!("items of table {name} expire by their `{attribute}`");
                Draft::new(&table.resource, summary).into()
            }
            None => {
                let summary = format!(
                    "the expiry of table {name} was set, and the record does not say to what"
                );
                Judged::CannotTell(Draft::new(&table.resource, summary))
            }
        }
    },
    ..Rule::TELLS
};

/// Row 263 of `events/TABLE.md`.
pub static POLICY_OPENED: Rule = Rule {
    id: "table.policy-opened",
    title: "Auditward's table opened to strangers",
    severity: Severity::Low,
    why: "who reads the table knows what is guarded and how, and who writes it decides what is safe",
    controls: &["CIS Controls v8: 3.3", "ATT&CK T1530"],
    rows: &[263],
    watches: &[Watch {
        source: DYNAMODB,
        names: &["PutResourcePolicy"],
    }],
    deployers_accepted: false,
    judge: |call| {
        let table = match call.guarded(call.named("resourceArn", "dynamodb", "")) {
            Ok(table) => table,
            Err(judged) => return judged,
        };
        let called = called(&table);
        match written(call.request().and_then(|request| request.get("policy"))) {
            Wrote::Whole(document) => opened(call, &table, &called, &document),
            Wrote::Nothing | Wrote::Grant(_) | Wrote::Unknown => {
                let summary = format!(
                    "the policy of {called} was replaced, and the record does not say by which"
                );
                Judged::CannotTell(Draft::new(&table.resource, summary))
            }
        }
    },
    ..Rule::TELLS
};

/// Row 264 of `events/TABLE.md`.
pub static POLICY_DELETED: Rule = Rule {
    id: "table.policy-deleted",
    title: "Policy of Auditward's table deleted",
    severity: Severity::Low,
    why: "what the policy denied is no longer denied",
    controls: &["ATT&CK T1562.001"],
    rows: &[264],
    watches: &[Watch {
        source: DYNAMODB,
        names: &["DeleteResourcePolicy"],
    }],
    judge: |call| match call.guarded(call.named("resourceArn", "dynamodb", "")) {
        Err(judged) => judged,
        Ok(table) => {
            let summary = format!("the policy of {} was deleted", called(&table));
            Draft::new(&table.resource, summary).into()
        }
    },
    ..Rule::TELLS
};

/// Row 265 of `events/TABLE.md`.
pub static BACKUP_DELETED: Rule = Rule {
    id: "table.backup-deleted",
    title: "Backup of Auditward's table deleted",
    severity: Severity::High,
    why: "a backup cannot be brought back, and the next step is the table itself",
    controls: &["ATT&CK T1490"],
    rows: &[265],
    watches: &[Watch {
        source: DYNAMODB,
        names: &["DeleteBackup"],
    }],
    judge: |call| {
        let arn = call.shown("backupArn");
        let of_table = arn
            .as_deref()
            .and_then(|arn| arn.split_once("/backup/"))
            .and_then(|(table, _)| {
                Arn::parse(table).map(|one| At::new(one.account, one.region, table))
            });
        match call.guarded(of_table) {
            Err(judged) => judged,
            Ok(table) => {
                let summary = format!("a backup of table {} was deleted", table.name());
                Draft::new(&table.resource, summary).into()
            }
        }
    },
    ..Rule::TELLS
};

/// Row 266 of `events/TABLE.md`.
pub static EXPORTED: Rule = Rule {
    id: "table.exported",
    title: "Auditward's table exported to a stranger",
    severity: Severity::High,
    why: "the table says what is guarded, how, and what Auditward takes for safe; an export cannot be stopped",
    controls: &["ATT&CK T1537"],
    rows: &[266],
    watches: &[Watch {
        source: DYNAMODB,
        names: &["ExportTableToPointInTime"],
    }],
    deployers_accepted: false,
    judge: |call| {
        let table = match call.guarded(call.named("tableArn", "dynamodb", "table/")) {
            Ok(table) => table,
            Err(judged) => return judged,
        };
        let bucket = call.shown("s3Bucket").unwrap_or("?".into());
        let to = |owner: &str| {
            let summary = format!(
                "table {} is exported to bucket {bucket} of {owner}",
                table.name()
            );
            Draft::new(&table.resource, summary)
        };
        // The owner is left out where the bucket is the table's owner's.
        let named = call
            .request()
            .and_then(|request| request.get("s3BucketOwner"));
        match (named, call.shown("s3BucketOwner")) {
            (None, _) => Judged::Clean,
            (Some(_), None) => Judged::CannotTell(to("an account that the record does not show")),
            (Some(_), Some(owner)) => match call.is_ours(&owner) {
                Tri::Yes => Judged::Clean,
                Tri::No => to(&format!("account {owner}")).into(),
                Tri::CannotTell => Judged::CannotTell(to(&format!("account {owner}"))),
            },
        }
    },
    ..Rule::TELLS
};

/// Rows 267 to 269 of `events/TABLE.md`: data events, where a trail records them.
pub static WRITTEN: Rule = Rule {
    id: "table.written",
    title: "Auditward's table written by somebody else",
    severity: Severity::Critical,
    why: "who writes baselines or settings decides what Auditward takes for safe",
    controls: &["ATT&CK T1565.001"],
    rows: &[267, 268, 269],
    watches: &[Watch {
        source: DYNAMODB,
        names: &["DeleteItem", "PutItem", "UpdateItem"],
    }],
    judge: |call| {
        let table = match guarded(call) {
            Ok(table) => table,
            Err(judged) => return judged,
        };
        let actor = Actor::of(call.record);
        // Operators push settings and record baselines.
        let operator = call.settings.operators.iter().any(|known| known.is(actor));
        if operator || is_auditward(call, &table) {
            return Judged::Clean;
        }
        let key = call
            .request()
            .and_then(|request| request.path(&["key", "key"]))
            .and_then(|key| key.scalar());
        let key = key.as_deref().unwrap_or("an item");
        let summary = format!(
            "{} of {key} in table {} by somebody other than Auditward; restore it to a point in time",
            call.record.plain_name(),
            table.name()
        );
        Draft::new(&table.resource, summary).into()
    },
    ..Rule::TELLS
};

fn guarded(call: &Call<'_>) -> Result<At, Judged> {
    call.guarded(call.named("tableName", "dynamodb", "table/"))
}

fn told(call: &Call<'_>, what: &str) -> Judged {
    match guarded(call) {
        Err(judged) => judged,
        Ok(table) => {
            let summary = format!("table {} {what}", table.name());
            Draft::new(&table.resource, summary).into()
        }
    }
}

/// How people call a table, or one of its streams.
fn called(at: &At) -> String {
    let resource = Arn::parse(&at.resource).map_or("", |arn| arn.resource);
    let mut parts = resource.split('/').skip(1);
    let table = parts.next().unwrap_or_default();
    match parts.next() {
        Some("stream") => format!("the stream of table {table}"),
        _ => format!("table {table}"),
    }
}

fn opened(call: &Call<'_>, table: &At, called: &str, document: &Document) -> Judged {
    let analysis = analyze(document, Kind::Table, &call.zone(&table.account));
    let draft = |says: &str| Draft::new(&table.resource, format!("the policy of {called} {says}"));
    match &analysis.foreign {
        Foreign::No => Judged::Clean,
        Foreign::Yes => draft(&tell_admitted(&analysis)).into(),
        Foreign::CannotTell(why) => {
            Judged::CannotTell(draft(&format!("may let outsiders in: {why}")))
        }
    }
}
