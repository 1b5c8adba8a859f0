//! Rules of access points: second doors of a bucket, each with a policy and a
//! public access block of its own.

use auditward_policy::Tri;

use super::access::flags;
use super::policy::outsiders;
use super::{S3, document, guards_account, in_words_of_s3, seek, sought, text};
use crate::arn::{Arn, is_account};
use crate::facet::{At, PolicyState, Step};
use crate::facets::bucket::{
    AccessPoint, AccessPointPolicy, AccessPointWish, PolicyWish, PublicAccess,
};
use crate::facets::made::Gone;
use crate::rule::{Call, Draft, Function, Judged, Proof, Revert, Rule, Scope, Severity, Watch};

const CONTROLS: &[&str] = &["CIS AWS Foundations 3.0: 2.1.4", "ATT&CK T1530"];

/// What the rules have in common.
const COMMON: Rule = Rule {
    controls: CONTROLS,
    function: Function::BucketGuard,
    deployers_accepted: false,
    ..Rule::TELLS
};

/// Row 65 of `events/TABLE.md`.
pub static POINT_CREATED: Rule = Rule {
    id: "access-point.created-open",
    title: "Access point created open",
    severity: Severity::High,
    why: "an access point keeps the public access block that it was made with: made open, one policy publishes the bucket",
    rows: &[65],
    watches: &[Watch {
        source: S3,
        names: &["CreateAccessPoint"],
    }],
    scope: Scope::Any,
    revert: Revert::Event,
    facets: &["access-point"],
    proof: Proof::Moto,
    judge: created,
    ..COMMON
};

/// Row 66 of `events/TABLE.md`.
pub static POINT_OPENED: Rule = Rule {
    id: "access-point.policy-opened",
    title: "Access point opened to outsiders",
    severity: Severity::High,
    why: "a policy on an access point lets outsiders into the bucket behind it as its own policy would",
    rows: &[66],
    watches: &[Watch {
        source: S3,
        names: &["PutAccessPointPolicy"],
    }],
    scope: Scope::Any,
    revert: Revert::Live,
    facets: &["access-point-policy"],
    proof: Proof::Moto,
    judge: opened,
    ..COMMON
};

/// Row 67 of `events/TABLE.md`.
pub static POINT_POLICY_DELETED: Rule = Rule {
    id: "access-point.policy-deleted",
    title: "Policy of a guarded access point deleted",
    severity: Severity::Medium,
    why: "what the access point's policy denied is no longer denied",
    rows: &[67],
    watches: &[Watch {
        source: S3,
        names: &["DeleteAccessPointPolicy"],
    }],
    scope: Scope::Protected,
    revert: Revert::Baseline,
    facets: &["access-point-policy"],
    proof: Proof::Moto,
    judge: |call| match call.guarded(point(call)) {
        Err(judged) => judged,
        Ok(point) => {
            let wish = PolicyWish {
                outsiders: false,
                deliveries: Vec::new(),
                restore: true,
            };
            let what = format!("the policy of access point {} was deleted", point.name());
            let step = Step::<AccessPointPolicy>::new(point.clone(), wish);
            Draft::new(point.resource, what)
                .step(step.wrote(PolicyState::Absent))
                .into()
        }
    },
    ..COMMON
};

/// Row 68 of `events/TABLE.md`.
pub static POINT_DELETED: Rule = Rule {
    id: "access-point.deleted",
    title: "Guarded access point deleted",
    severity: Severity::Medium,
    why: "whoever reads the logs through the access point is cut off",
    controls: &["ATT&CK T1531"],
    rows: &[68],
    watches: &[Watch {
        source: S3,
        names: &["DeleteAccessPoint"],
    }],
    judge: |call| match call.guarded(point(call)) {
        Err(judged) => judged,
        Ok(point) => {
            let what = format!(
                "access point {} was deleted; make it again with its policy",
                point.name()
            );
            Draft::new(point.resource, what).into()
        }
    },
    ..COMMON
};

/// Row 69 of `events/TABLE.md`.
pub static MULTI_POINT_CREATED: Rule = Rule {
    id: "multi-region-point.created-open",
    title: "Multi-Region Access Point created open",
    severity: Severity::Low,
    why: "a Multi-Region Access Point keeps the public access block that it was made with: made open, one policy publishes its buckets",
    rows: &[69],
    watches: &[Watch {
        source: S3,
        names: &["CreateMultiRegionAccessPoint"],
    }],
    judge: multi_created,
    ..COMMON
};

/// Row 70 of `events/TABLE.md`.
pub static MULTI_POINT_OPENED: Rule = Rule {
    id: "multi-region-point.policy-opened",
    title: "Multi-Region Access Point opened to outsiders",
    severity: Severity::High,
    why: "a policy on a Multi-Region Access Point lets outsiders into all buckets behind it",
    rows: &[70],
    watches: &[Watch {
        source: S3,
        names: &["PutMultiRegionAccessPointPolicy"],
    }],
    judge: |call| told(call, "Multi-Region Access Point", "s3:", &multi(call)),
    ..COMMON
};

/// Row 71 of `events/TABLE.md`.
pub static LAMBDA_POINT_OPENED: Rule = Rule {
    id: "lambda-point.policy-opened",
    title: "Object Lambda Access Point opened to outsiders",
    severity: Severity::High,
    why: "a policy on an Object Lambda Access Point lets outsiders read what its function reads for them",
    rows: &[71],
    watches: &[Watch {
        source: S3,
        names: &["PutAccessPointPolicyForObjectLambda"],
    }],
    judge: |call| {
        let words = "s3-object-lambda:";
        told(call, "Object Lambda Access Point", words, &lambda(call))
    },
    ..COMMON
};

/// The access point that a call is about, by the name in the request or the
/// list of resources.
fn point(call: &Call<'_>) -> Option<At> {
    let name = call.request().and_then(|request| text(request, "name"));
    let name = name.filter(|name| !name.is_empty());
    if let Some(name) = name {
        return Some(match Arn::parse(&name) {
            Some(arn) => At::new(arn.account, arn.region, name.as_ref()),
            None => call.here(call.arn("s3", &format!("accesspoint/{name}"))),
        });
    }
    let listed = call.record.resources();
    listed.into_iter().find_map(|(arn, _)| {
        let arn = arn?;
        let parsed = Arn::parse(&arn)?;
        let fits = parsed.service == "s3" && parsed.resource.starts_with("accesspoint/");
        fits.then(|| At::new(parsed.account, parsed.region, arn.as_ref()))
    })
}

fn created(call: &Call<'_>) -> Judged {
    let Some(point) = point(call) else {
        return call.unnamed();
    };
    let name = point.name().to_owned();
    let (resource, wish) = (
        point.resource.clone(),
        AccessPointWish {
            gone: Gone { at: call.time() },
            outsider: None,
        },
    );
    let step = |wish| Step::<AccessPoint>::new(point.clone(), wish);
    let Some(request) = call.request() else {
        let what = format!("access point {name} was created, and the record does not say how");
        return Judged::CannotTell(Draft::new(resource, what).step(step(wish)));
    };
    // S3 makes access points closed, unless it is told otherwise.
    let blocked = match seek(request, "PublicAccessBlockConfiguration") {
        None => PublicAccess::ALL,
        Some(asked) => match flags(asked) {
            Some(blocked) => blocked,
            None => {
                let what = format!(
                    "access point {name} was created with a public access block that the record does not show"
                );
                return Judged::CannotTell(Draft::new(resource, what).step(step(wish)));
            }
        },
    };
    let behind = sought(request, "Bucket").unwrap_or("a bucket".into());
    if blocked != PublicAccess::ALL {
        let what = format!(
            "access point {name} of {behind} was created without {} in its public access block",
            blocked.off().join(", ")
        );
        return Draft::new(resource, what).step(step(wish)).into();
    }
    let owner = sought(request, "BucketAccountId").filter(|owner| is_account(owner));
    let Some(owner) = owner else {
        return Judged::Clean;
    };
    let what = format!("access point {name} was created for {behind} of account {owner}");
    match call.is_ours(&owner) {
        Tri::Yes => Judged::Clean,
        Tri::CannotTell => {
            let what = format!("{what}, which may not be ours");
            Judged::CannotTell(Draft::new(resource, what).severity(Severity::Low))
        }
        Tri::No => {
            let wish = AccessPointWish {
                outsider: Some(owner.into_owned()),
                ..wish
            };
            Draft::new(resource, what).step(step(wish)).into()
        }
    }
}

fn opened(call: &Call<'_>) -> Judged {
    let Some(point) = point(call) else {
        return call.unnamed();
    };
    let guarded = call.settings.protects(&point.resource, call.inventory);
    let wish = PolicyWish {
        restore: guarded,
        ..PolicyWish::whole()
    };
    let step = Step::<AccessPointPolicy>::new(point.clone(), wish);
    let name = point.name();
    let document = call
        .request()
        .and_then(|request| document(seek(request, "Policy")?));
    let Some(document) = document else {
        let what = format!("access point {name} got a policy that the record does not show");
        return Judged::CannotTell(Draft::new(&point.resource, what).step(step));
    };
    let Some((who, certain)) = outsiders(call, &point.account, &document) else {
        return Judged::Clean;
    };
    let draft = Draft::new(
        &point.resource,
        format!("the policy of access point {name} {who}"),
    )
    .step(step.wrote(PolicyState::Document(document)));
    if certain {
        draft.into()
    } else {
        draft.if_live_agrees().into()
    }
}

/// What a Multi-Region Access Point is called: its ARN holds another name,
/// which AWS makes up and the request does not have.
fn multi(call: &Call<'_>) -> Option<At> {
    let name = sought(call.request()?, "Name")?;
    let (partition, account) = (call.partition(), call.account());
    let arn = format!("arn:{partition}:s3::{account}:accesspoint/{name}");
    Some(call.here(arn))
}

fn lambda(call: &Call<'_>) -> Option<At> {
    let name = text(call.request()?, "name").filter(|name| !name.is_empty())?;
    Some(call.here(call.arn("s3-object-lambda", &format!("accesspoint/{name}"))))
}

fn multi_created(call: &Call<'_>) -> Judged {
    let Some(request) = call.request() else {
        return if guards_account(call, &call.account()) {
            call.unnamed()
        } else {
            Judged::Clean
        };
    };
    let regions = seek(request, "Region").map(crate::json::Json::items);
    let guarded: Vec<_> = regions
        .unwrap_or_default()
        .into_iter()
        .filter_map(|region| sought(region, "Bucket"))
        .filter(|bucket| {
            let arn = format!("arn:{}:s3:::{bucket}", call.partition());
            call.settings.protects(&arn, call.inventory)
        })
        .collect();
    let blocked = match seek(request, "PublicAccessBlock") {
        None => Some(PublicAccess::ALL),
        Some(asked) => flags(asked),
    };
    let name = sought(request, "Name").unwrap_or("?".into());
    let resource = multi(call).map(|at| at.resource).unwrap_or_default();
    let what = format!(
        "Multi-Region Access Point {name} of {} was created",
        guarded.join(", ")
    );
    match blocked {
        _ if guarded.is_empty() => Judged::Clean,
        Some(PublicAccess::ALL) => Judged::Clean,
        Some(blocked) => {
            let off = blocked.off().join(", ");
            let what = format!("{what} without {off} in its public access block");
            Draft::new(resource, what).into()
        }
        None => {
            let what = format!("{what} with a public access block that the record does not show");
            Judged::CannotTell(Draft::new(resource, what))
        }
    }
}

/// The verdict on a policy that nobody takes back but a person.
fn told(call: &Call<'_>, what: &str, words: &str, at: &Option<At>) -> Judged {
    let guarded = at
        .as_ref()
        .is_some_and(|at| call.settings.protects(&at.resource, call.inventory));
    if !guarded && !guards_account(call, &call.account()) {
        return Judged::Clean;
    }
    let Some(at) = at else {
        return call.unnamed();
    };
    let name = at.name();
    let document = call
        .request()
        .and_then(|request| document(seek(request, "Policy")?))
        .and_then(|document| in_words_of_s3(&document, words));
    let Some(document) = document else {
        let what = format!("{what} {name} got a policy that the record does not show");
        return Judged::CannotTell(Draft::new(&at.resource, what));
    };
    match outsiders(call, &at.account, &document) {
        None => Judged::Clean,
        Some((who, true)) => {
            Draft::new(&at.resource, format!("the policy of {what} {name} {who}")).into()
        }
        Some((who, false)) => Judged::CannotTell(Draft::new(
            &at.resource,
            format!("the policy of {what} {name} {who}"),
        )),
    }
}
