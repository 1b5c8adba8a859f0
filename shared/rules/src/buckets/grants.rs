//! Rules of S3 Access Grants, and of batch jobs over log buckets. Nothing is
//! put back: people are told.

use auditward_policy::Tri;

use super::policy::outsiders;
use super::{S3, document, guards_account, seek, sought};
use crate::arn::{Arn, is_account};
use crate::json::Json;
use crate::rule::{Call, Draft, Function, Judged, Rule, Severity, Watch};

/// What the rules have in common.
const COMMON: Rule = Rule {
    severity: Severity::Low,
    controls: &["ATT&CK T1530"],
    function: Function::BucketGuard,
    deployers_accepted: false,
    ..Rule::TELLS
};

/// Row 72 of `events/TABLE.md`.
pub static GRANT_CREATED: Rule = Rule {
    id: "access-grant.created-foreign",
    title: "Access grant to an outsider",
    why: "an access grant hands out what a guarded bucket holds, past its policy",
    rows: &[72],
    watches: &[Watch {
        source: S3,
        names: &["CreateAccessGrant"],
    }],
    judge: granted,
    ..COMMON
};

/// Row 73 of `events/TABLE.md`.
pub static GRANTS_SHARED: Rule = Rule {
    id: "access-grants.policy-opened",
    title: "Access Grants instance opened to outsiders",
    why: "whoever may use the Access Grants instance gets what its grants give",
    rows: &[73],
    watches: &[Watch {
        source: S3,
        names: &["PutAccessGrantsInstanceResourcePolicy"],
    }],
    judge: shared,
    ..COMMON
};

/// Row 74 of `events/TABLE.md`.
pub static BATCH_JOB: Rule = Rule {
    id: "batch-job.created-over-logs",
    title: "Batch job over a guarded bucket",
    why: "one batch job copies, overwrites or re-tags every object of a bucket",
    controls: &["ATT&CK T1485", "ATT&CK T1530"],
    rows: &[74],
    watches: &[Watch {
        source: S3,
        names: &["CreateJob"],
    }],
    deployers_accepted: true,
    judge: job,
    ..COMMON
};

fn granted(call: &Call<'_>) -> Judged {
    let account = call.account();
    let response = call.record.response();
    let asked = |name| call.request().and_then(|request| sought(request, name));
    let answered = |name| response.and_then(|answer| sought(answer, name));
    // `s3://bucket/prefix*`; only the answer has it.
    let scope = answered("GrantScope");
    let bucket = scope
        .as_deref()
        .and_then(|scope| scope.strip_prefix("s3://"))
        .and_then(|scope| scope.split(['/', '*']).next());
    let guarded = match bucket {
        Some(bucket) => {
            let arn = format!("arn:{}:s3:::{bucket}", call.partition());
            call.settings.protects(&arn, call.inventory)
        }
        None => guards_account(call, &account),
    };
    if !guarded {
        return Judged::Clean;
    }
    let resource = answered("AccessGrantArn")
        .map_or_else(|| call.arn("s3", "access-grants/default"), Into::into);
    let on = scope
        .as_deref()
        .unwrap_or("a location that the record does not name");
    let sort = asked("GranteeType");
    let grantee = asked("GranteeIdentifier");
    let (Some(sort), Some(grantee)) = (sort, grantee) else {
        let what = format!("an access grant on {on} was made, to whom the record does not show");
        return Judged::CannotTell(Draft::new(resource, what));
    };
    let what = format!("an access grant on {on} was made to {grantee}");
    // People and groups of the directory are ours.
    let Some(arn) = Arn::parse(&grantee).filter(|_| sort == "IAM") else {
        return Judged::Clean;
    };
    match call.is_ours(arn.account) {
        Tri::Yes => Judged::Clean,
        Tri::No if bucket.is_some() => Draft::new(resource, what).into(),
        Tri::No | Tri::CannotTell => Judged::CannotTell(Draft::new(resource, what)),
    }
}

fn shared(call: &Call<'_>) -> Judged {
    let account = call.account();
    if !guards_account(call, &account) {
        return Judged::Clean;
    }
    let resource = call.arn("s3", "access-grants/default");
    let document = call
        .request()
        .and_then(|request| document(seek(request, "Policy")?));
    let Some(document) = document else {
        let what = "the Access Grants instance got a policy that the record does not show";
        return Judged::CannotTell(Draft::new(resource, what));
    };
    match outsiders(call, &account, &document) {
        None => Judged::Clean,
        Some((who, certain)) => {
            let draft = Draft::new(
                resource,
                format!("the Access Grants instance's policy {who}"),
            );
            if certain {
                draft.into()
            } else {
                Judged::CannotTell(draft)
            }
        }
    }
}

/// Operations that neither take objects away nor hand them out.
const HARMLESS: [&str; 3] = [
    "S3InitiateRestoreObject",
    "S3ReplicateObject",
    "S3ComputeObjectChecksum",
];

fn job(call: &Call<'_>) -> Judged {
    let id = call
        .record
        .response()
        .and_then(|answer| sought(answer, "JobId"));
    let resource = id.map_or_else(String::new, |id| call.arn("s3", &format!("job/{id}")));
    let account = call.account();
    let Some(request) = call.request() else {
        return if guards_account(call, &account) {
            call.unnamed()
        } else {
            Judged::Clean
        };
    };
    let operation = seek(request, "Operation")
        .map(Json::members)
        .and_then(|members| {
            members
                .into_iter()
                .find(|(name, _)| !name.starts_with("xmlns"))
        });
    let name = operation.as_ref().map(|(name, _)| name.as_ref());
    if name.is_some_and(|name| HARMLESS.contains(&name)) {
        return Judged::Clean;
    }
    let what = format!(
        "a batch job ({})",
        name.unwrap_or("of an operation that the record does not show")
    );
    let protects = |arn: &str| {
        let arn = Arn::parse(arn).map(|arn| {
            arn.resource
                .split('/')
                .next()
                .unwrap_or_default()
                .to_owned()
        });
        let arn = arn.map(|name| format!("arn:{}:s3:::{name}", call.partition()));
        arn.filter(|arn| call.settings.protects(arn, call.inventory))
    };
    let target = operation
        .and_then(|(_, operation)| sought(operation, "TargetResource"))
        .and_then(|target| protects(&target));
    let source = sought(request, "SourceBucket");
    if let Some(bucket) = source.as_deref().and_then(protects).or(target) {
        return Draft::new(resource, format!("{what} was made over {bucket}")).into();
    }
    // A list of objects names them in a file that the record does not have.
    let owner = sought(request, "AccountId").filter(|owner| is_account(owner));
    let guarded = guards_account(call, owner.as_deref().unwrap_or(&account));
    if source.is_some() || !guarded {
        return Judged::Clean;
    }
    let what = format!("{what} was made over a list of objects that the record does not have");
    Judged::CannotTell(Draft::new(resource, what))
}
