//! The rule of a bucket's access control list.

use super::{Bucket, S3, text, unnamed, unreadable};
use crate::actor::Actor;
use crate::facet::Step;
use crate::facets::bucket::{
    ALL_USERS, AUTHENTICATED_USERS, Acl, AclWish, BucketAcl, Grant, Grantee, LOG_DELIVERY,
};
use crate::json::Json;
use crate::rule::{Call, Function, Judged, Proof, Revert, Rule, Scope, Severity, Watch};

/// Row 38 of `events/TABLE.md`.
pub static ACL_OPENED: Rule = Rule {
    id: "bucket.acl-opened",
    title: "Bucket ACL opened",
    severity: Severity::High,
    why: "an ACL that names everybody or a foreign account lets them list, read or fill the bucket, past its policy",
    controls: &["CIS AWS Foundations 3.0: 2.1.4", "ATT&CK T1530"],
    rows: &[38],
    function: Function::BucketGuard,
    watches: &[Watch {
        source: S3,
        names: &["PutBucketAcl"],
    }],
    scope: Scope::Any,
    revert: Revert::Desired,
    deployers_accepted: false,
    facets: &["bucket-acl"],
    proof: Proof::Moto,
    judge: |call| {
        let Some(bucket) = Bucket::of(call) else {
            return unnamed(call);
        };
        let step = Step::<BucketAcl>::new(bucket.at.clone(), bucket.acl_wish());
        let Some(acl) = call.request().and_then(written) else {
            return Judged::CannotTell(unreadable(&bucket, "the ACL").step(step));
        };
        let zone = call.zone(&bucket.at.account);
        let what = format!("{} got {}", bucket.called(), told(&acl));
        let foreign: Vec<&Grant> = acl.foreign(&zone).collect();
        if !foreign.is_empty() {
            if !may_be_the_owner(&acl, &foreign) {
                return bucket.draft(what).step(step.wrote(acl)).into();
            }
            let deployer = call.settings.is_deployer(Actor::of(call.record));
            if deployer && bucket.protected && !call.record.failed() {
                return in_parts(&bucket, what, &acl, &foreign);
            }
            return bucket
                .draft(what)
                .step(step.wrote(acl))
                .if_live_agrees()
                .into();
        }
        let step = step.wrote(acl.of_others());
        // Log delivery is meant on some buckets; the known ACL tells on which.
        if acl
            .others()
            .any(|grant| matches!(&grant.to, Grantee::Group(_)))
        {
            let draft = bucket.draft(what).severity(Severity::Low).step(step);
            let draft = if bucket.protected {
                draft.from_deployers()
            } else {
                draft
            };
            return draft.if_live_agrees().into();
        }
        harmless(call, &bucket, step)
    },
};

/// Whether it takes the live ACL to tell strangers from the owner: in headers the
/// owner is an ID like any other, and of several IDs all but one are others'. The
/// owner needs nothing less than everything.
fn may_be_the_owner(acl: &Acl, foreign: &[&Grant]) -> bool {
    acl.owner.is_empty()
        && foreign.first().is_some_and(|first| {
            matches!(first.to, Grantee::CanonicalId(_))
                && foreign
                    .iter()
                    .all(|grant| grant.to == first.to && grant.may == "FULL_CONTROL")
        })
}

/// A deployer's ACL that names one ID which may be the owner's: the rest of it is
/// learnt, so that log delivery that was taken out on purpose does not come back,
/// and whose the ID is the live ACL tells.
fn in_parts(bucket: &Bucket, what: String, acl: &Acl, foreign: &[&Grant]) -> Judged {
    let rest = Acl {
        grants: acl
            .others()
            .filter(|grant| !foreign.contains(grant))
            .cloned()
            .collect(),
        ..Acl::default()
    };
    let step = |wish| Step::<BucketAcl>::new(bucket.at.clone(), wish);
    let learnt = step(bucket.acl_wish()).wrote(rest);
    let looked_at = step(AclWish {
        as_left: true,
        ..bucket.acl_wish()
    });
    let learnt = bucket.draft(what.clone()).step(learnt).from_deployers();
    let told = bucket
        .draft(what)
        .step(looked_at.wrote(acl.clone()))
        .if_live_agrees();
    Judged::Violation(vec![told, learnt])
}

/// The ACL lets in nobody who may not come in. Whether a guarded bucket lost log
/// delivery with the one before only its baseline can tell; what a deployer wrote
/// becomes that.
fn harmless(call: &Call<'_>, bucket: &Bucket, step: Step<BucketAcl>) -> Judged {
    if !bucket.protected || call.record.failed() {
        return Judged::Clean;
    }
    let what = format!(
        "the ACL of {} was replaced; whether log delivery was lost, only the known ACL tells",
        bucket.called()
    );
    call.only_the_baseline_tells(bucket.draft(what).step(step).from_deployers())
}

pub(super) fn told(acl: &Acl) -> String {
    use crate::facet::Facet;
    BucketAcl::tell(acl)
}

/// The ACL that was written: a canned one, one in headers, or one in the body.
pub(super) fn written(request: Json<'_>) -> Option<Acl> {
    if let Some(canned) = text(request, "x-amz-acl") {
        return Some(Acl {
            grants: of_canned(&canned)?,
            ..Acl::default()
        });
    }
    let headers = of_headers(request)?;
    if !headers.is_empty() {
        return Some(Acl {
            grants: headers,
            ..Acl::default()
        });
    }
    of_body(request.get("AccessControlPolicy")?)
}

/// The grants of a [canned ACL](https://docs.aws.amazon.com/AmazonS3/latest/userguide/acl-overview.html#canned-acl)
/// to others than the owner; `None` where nobody here knows it.
fn of_canned(name: &str) -> Option<Vec<Grant>> {
    let grant = |uri: &str, may: &str| Grant::new(Grantee::Group(uri.to_owned()), may);
    Some(match name {
        // The last two are about objects; on a bucket they mean the first.
        "private" | "bucket-owner-read" | "bucket-owner-full-control" => Vec::new(),
        "public-read" => vec![grant(ALL_USERS, "READ")],
        "public-read-write" => vec![grant(ALL_USERS, "READ"), grant(ALL_USERS, "WRITE")],
        "authenticated-read" => vec![grant(AUTHENTICATED_USERS, "READ")],
        "log-delivery-write" => vec![
            grant(LOG_DELIVERY, "WRITE"),
            grant(LOG_DELIVERY, "READ_ACP"),
        ],
        _ => return None,
    })
}

const HEADERS: [(&str, &str); 5] = [
    ("x-amz-grant-read", "READ"),
    ("x-amz-grant-write", "WRITE"),
    ("x-amz-grant-read-acp", "READ_ACP"),
    ("x-amz-grant-write-acp", "WRITE_ACP"),
    ("x-amz-grant-full-control", "FULL_CONTROL"),
];

/// Grants in headers: `id="…", uri="…", emailAddress="…"`. The owner cannot be
/// told from others there.
fn of_headers(request: Json<'_>) -> Option<Vec<Grant>> {
    let mut grants = Vec::new();
    for (header, may) in HEADERS {
        let values = request.get(header).map(Json::items).unwrap_or_default();
        for value in values {
            let value = value.scalar()?;
            for part in value
                .split(',')
                .map(str::trim)
                .filter(|part| !part.is_empty())
            {
                let (kind, of) = part.split_once('=')?;
                let of = of.trim().trim_matches('"').to_owned();
                let to = match kind.trim().to_ascii_lowercase().as_str() {
                    "id" => Grantee::CanonicalId(of),
                    "uri" => Grantee::Group(of),
                    "emailaddress" => Grantee::Email(of),
                    _ => return None,
                };
                grants.push(Grant::new(to, may));
            }
        }
    }
    Some(grants)
}

fn of_body(policy: Json<'_>) -> Option<Acl> {
    let owner = policy
        .get("Owner")
        .and_then(|owner| text(owner, "ID"))?
        .into_owned();
    let list = policy.get("AccessControlList")?;
    let mut grants = Vec::new();
    for grant in list.get("Grant").map(Json::items).unwrap_or_default() {
        let grantee = grant.get("Grantee")?;
        let part = |name| text(grantee, name).map(std::borrow::Cow::into_owned);
        let to = part("URI").map(Grantee::Group);
        let to = to.or_else(|| part("ID").map(Grantee::CanonicalId));
        let to = to.or_else(|| part("EmailAddress").map(Grantee::Email))?;
        grants.push(Grant::new(to, text(grant, "Permission")?.into_owned()));
    }
    Some(Acl {
        owner,
        grants,
        off: false,
    })
}
