//! Rules of queues: Auditward's own, and any that is opened to strangers.

use auditward_policy::Kind;

use super::letting::{Subject, Wrote, granted, is_auditward, opened, outsiders, weakened, written};
use crate::arn::{Arn, is_account};
use crate::facet::{At, Step};
use crate::facets::guarded::PolicyWish;
use crate::facets::kept::AsRecorded;
use crate::facets::queue::attributes;
use crate::facets::queue::{QueuePolicy, QueueSenders, QueueSettings};
use crate::rule::{Call, Draft, Judged, Proof, Revert, Rule, Scope, Severity, Watch};

const SQS: &str = "sqs.amazonaws.com";

/// Rows 253 and 255 of `events/TABLE.md`.
pub static POLICY_OPENED: Rule = Rule {
    id: "queue.policy-opened",
    title: "Queue opened to strangers",
    severity: Severity::Medium,
    why: "whoever may receive from a queue reads and takes what is in it, and whoever may send puts in what he likes",
    controls: &["CIS Controls v8: 3.3", "ATT&CK T1530"],
    rows: &[253, 255],
    watches: &[Watch {
        source: SQS,
        names: &["AddPermission", "SetQueueAttributes"],
    }],
    scope: Scope::Any,
    revert: Revert::Live,
    deployers_accepted: false,
    facets: &["queue-policy"],
    proof: Proof::Moto,
    judge: |call| match subject(call) {
        None => call.unnamed(),
        Some(queue) => match wrote(call, &queue) {
            None => Judged::Clean,
            Some(wrote) => opened::<QueuePolicy>(call, &queue, wrote),
        },
    },
    ..Rule::TELLS
};

/// Rows 253 and 256 of `events/TABLE.md`.
pub static POLICY_WEAKENED: Rule = Rule {
    id: "queue.policy-weakened",
    title: "Queue closed to those who send",
    severity: Severity::High,
    why: "what EventBridge and Auditward may not put into their queue when it fails is lost",
    controls: &["ATT&CK T1562.001"],
    rows: &[253, 256],
    watches: &[Watch {
        source: SQS,
        names: &["RemovePermission", "SetQueueAttributes"],
    }],
    revert: Revert::Baseline,
    facets: &["queue-policy", "queue-senders"],
    proof: Proof::Moto,
    judge: |call| {
        let queue = match guarded(call) {
            Ok(queue) => queue,
            // That the record does not name the queue is another rule's finding.
            Err(_) if call.record.plain_name() == "SetQueueAttributes" => return Judged::Clean,
            Err(judged) => return judged,
        };
        if call.record.plain_name() == "RemovePermission" {
            return lost(call, &queue);
        }
        match wrote(call, &queue) {
            None => Judged::Clean,
            Some(wrote) => weakened::<QueuePolicy, QueueSenders>(call, &queue, wrote),
        }
    },
    ..Rule::TELLS
};

/// Row 253 of `events/TABLE.md`.
pub static SETTINGS_CHANGED: Rule = Rule {
    id: "queue.settings-changed",
    title: "Auditward's queue keeps less",
    severity: Severity::High,
    why: "a queue that forgets at once, takes only small messages or has a key that nobody may use loses what failed",
    controls: &["ATT&CK T1562.001"],
    rows: &[253],
    watches: &[Watch {
        source: SQS,
        names: &["SetQueueAttributes"],
    }],
    revert: Revert::Baseline,
    facets: &["queue-settings"],
    proof: Proof::Moto,
    judge: |call| {
        let Ok(queue) = guarded(call) else {
            return Judged::Clean;
        };
        let Some(set) = call.request().and_then(|request| request.get("attributes")) else {
            return Judged::Clean;
        };
        let names: Vec<String> = set
            .members()
            .into_iter()
            .map(|(name, _)| name.into_owned())
            .filter(|name| attributes::QueueSettings::NAMES.contains(&name.as_str()))
            .collect();
        if names.is_empty() {
            return Judged::Clean;
        }
        let step = Step::<QueueSettings>::new(queue.at.clone(), AsRecorded::Baseline);
        let summary = format!("{} of {} was set", names.join(", "), queue.called());
        Draft::new(queue.at.resource, summary)
            .step(step)
            .if_live_agrees()
            .into()
    },
    ..Rule::TELLS
};

/// Row 252 of `events/TABLE.md`.
pub static DELETED: Rule = Rule {
    id: "queue.deleted",
    title: "Auditward's queue deleted",
    severity: Severity::Critical,
    why: "what failed and waited there is lost, and what fails from now on is too",
    controls: &["ATT&CK T1562.001", "ATT&CK T1485"],
    rows: &[252],
    watches: &[Watch {
        source: SQS,
        names: &["DeleteQueue"],
    }],
    deployers_accepted: false,
    judge: |call| {
        told(
            call,
            "was deleted with all that waited in it; deploy the stack again after a minute",
        )
    },
    ..Rule::TELLS
};

/// Row 254 of `events/TABLE.md`.
pub static PURGED: Rule = Rule {
    id: "queue.purged",
    title: "Auditward's queue emptied",
    severity: Severity::High,
    why: "events that failed, and what was to be judged again, are gone; only the trail still has them",
    controls: &["ATT&CK T1070", "ATT&CK T1485"],
    rows: &[254],
    watches: &[Watch {
        source: SQS,
        names: &["PurgeQueue"],
    }],
    deployers_accepted: false,
    judge: |call| {
        told(
            call,
            "was emptied; rehearse the trail's logs since the oldest message",
        )
    },
    ..Rule::TELLS
};

/// Row 257 of `events/TABLE.md`.
pub static CREATED_OPEN: Rule = Rule {
    id: "queue.created-open",
    title: "Queue created open to strangers",
    severity: Severity::Low,
    why: "whoever may receive from a queue reads and takes what is in it, and whoever may send puts in what he likes",
    controls: &["CIS Controls v8: 3.3", "ATT&CK T1530"],
    rows: &[257],
    watches: &[Watch {
        source: SQS,
        names: &["CreateQueue"],
    }],
    scope: Scope::Any,
    deployers_accepted: false,
    judge: |call| {
        let Some(at) = call.named("queueName", "sqs", "") else {
            return call.unnamed();
        };
        let queue = queue(at);
        let request = call.request();
        let Some(policy) = request.and_then(|request| request.path(&["attributes", "Policy"]))
        else {
            return Judged::Clean;
        };
        let called = queue.called();
        let document = match written(Some(policy)) {
            Wrote::Whole(document) => document,
            Wrote::Nothing => return Judged::Clean,
            Wrote::Grant(_) | Wrote::Unknown => {
                let summary =
                    format!("{called} was created with a policy that the record does not show");
                return Judged::CannotTell(Draft::new(queue.at.resource, summary));
            }
        };
        match outsiders(call, &queue, &document) {
            None => Judged::Clean,
            Some((says, _)) => {
                let summary = format!("{called} was created with a policy that {says}");
                Draft::new(queue.at.resource, summary).into()
            }
        }
    },
    ..Rule::TELLS
};

/// Row 258 of `events/TABLE.md`.
pub static DRAINED: Rule = Rule {
    id: "queue.drained",
    title: "Auditward's dead letters moved",
    severity: Severity::Low,
    why: "dead letters that somebody else moves away are never judged",
    controls: &["ATT&CK T1070"],
    rows: &[258],
    watches: &[Watch {
        source: SQS,
        names: &["StartMessageMoveTask"],
    }],
    judge: |call| {
        let found = call.guarded(call.named("sourceArn", "sqs", ""));
        match found.map(queue) {
            Err(judged) => judged,
            // Auditward drives its own dead letters again.
            Ok(queue) if is_auditward(call, &queue.at) => Judged::Clean,
            Ok(queue) => {
                let to = call.shown("destinationArn");
                let to = to.as_deref().unwrap_or("the queues they came from");
                let summary = format!("the messages of {} are being moved to {to}", queue.called());
                Draft::new(queue.at.resource, summary).into()
            }
        }
    },
    ..Rule::TELLS
};

fn queue(at: At) -> Subject {
    Subject {
        at,
        kind: Kind::Queue,
        action: "sqs:SendMessage",
    }
}

/// The queue that a URL names: its last two segments are owner and name.
fn at(call: &Call<'_>) -> Option<At> {
    let url = call.shown("queueUrl")?;
    if Arn::parse(&url).is_some() {
        return call.named("queueUrl", "sqs", "");
    }
    let mut parts = url.rsplit('/');
    let (name, owner) = (parts.next()?, parts.next()?);
    if name.is_empty() || !is_account(owner) {
        return None;
    }
    let (partition, region) = (call.partition(), &call.record.region);
    let arn = format!("arn:{partition}:sqs:{region}:{owner}:{name}");
    Some(At::new(owner, region.as_ref(), arn))
}

fn subject(call: &Call<'_>) -> Option<Subject> {
    at(call).map(queue)
}

fn guarded(call: &Call<'_>) -> Result<Subject, Judged> {
    call.guarded(at(call)).map(queue)
}

fn told(call: &Call<'_>, what: &str) -> Judged {
    match guarded(call) {
        Err(judged) => judged,
        Ok(queue) => {
            let summary = format!("{} {what}", queue.called());
            Draft::new(queue.at.resource, summary).into()
        }
    }
}

/// What a call wrote of a queue's policy; `None`: it is about something else.
fn wrote(call: &Call<'_>, queue: &Subject) -> Option<Wrote> {
    if call.record.plain_name() == "AddPermission" {
        return Some(granted(call, queue, "aWSAccountIds", "actions"));
    }
    let Some(set) = call.request().and_then(|request| request.get("attributes")) else {
        return Some(Wrote::Unknown);
    };
    set.get("Policy").map(|policy| written(Some(policy)))
}

/// A statement was taken out. Grants to principals are left to their owners;
/// what services need comes back.
fn lost(call: &Call<'_>, queue: &Subject) -> Judged {
    let label = call.shown("label").unwrap_or("?".into());
    let wish = PolicyWish {
        restore: true,
        ..PolicyWish::default()
    };
    let step = Step::<QueuePolicy>::new(queue.at.clone(), wish);
    let summary = format!(
        "statement `{label}` was taken out of the policy of {}",
        queue.called()
    );
    Draft::new(&queue.at.resource, summary).step(step).into()
}
