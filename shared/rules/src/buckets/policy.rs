//! Rules of a bucket's policy.

use auditward_policy::cloudtrail::bucket_delivers;
use auditward_policy::{Analysis, Deputy, Document, Foreign, Kind, Tri, analyze, deputies};

use super::{Bucket, S3, unnamed, unreadable};
use crate::actor::Actor;
use crate::facet::{PolicyState, Step};
use crate::facets::bucket::{BucketPolicy, PolicyWish};
use crate::rule::{Call, Draft, Function, Judged, Proof, Revert, Rule, Scope, Severity, Watch};

/// Row 32 of `events/TABLE.md`.
pub static POLICY_OPENED: Rule = Rule {
    id: "bucket.policy-opened",
    title: "Bucket policy opened",
    severity: Severity::High,
    why: "a bucket policy that lets outsiders in hands them what the bucket holds; one that stops CloudTrail blinds every guard",
    controls: &[
        "CIS AWS Foundations 3.0: 2.1.4",
        "ATT&CK T1530",
        "ATT&CK T1562.008",
    ],
    rows: &[32],
    function: Function::BucketGuard,
    watches: &[Watch {
        source: S3,
        names: &["PutBucketPolicy"],
    }],
    scope: Scope::Any,
    revert: Revert::Live,
    deployers_accepted: false,
    facets: &["bucket-policy"],
    proof: Proof::Moto,
    judge: opened,
};

/// Row 33 of `events/TABLE.md`.
pub static POLICY_DELETED: Rule = Rule {
    id: "bucket.policy-deleted",
    title: "Policy of a guarded bucket deleted",
    severity: Severity::Critical,
    why: "without its policy CloudTrail can no longer deliver to a log bucket, and what the policy denied is no longer denied",
    controls: &["CIS AWS Foundations 3.0: 2.1.1", "ATT&CK T1562.008"],
    rows: &[33],
    function: Function::BucketGuard,
    watches: &[Watch {
        source: S3,
        names: &["DeleteBucketPolicy"],
    }],
    scope: Scope::Protected,
    revert: Revert::Baseline,
    deployers_accepted: false,
    facets: &["bucket-policy"],
    proof: Proof::Moto,
    judge: |call| match Bucket::guarded(call) {
        Err(judged) => judged,
        Ok(bucket) => {
            let wish = PolicyWish {
                outsiders: false,
                deliveries: bucket.deliveries.clone(),
                restore: true,
            };
            let step =
                Step::<BucketPolicy>::new(bucket.at.clone(), wish).wrote(PolicyState::Absent);
            bucket
                .draft(format!("the policy of {} was deleted", bucket.called()))
                .step(step)
                .into()
        }
    },
};

fn opened(call: &Call<'_>) -> Judged {
    let Some(bucket) = Bucket::of(call) else {
        return unnamed(call);
    };
    let wish = PolicyWish {
        outsiders: true,
        deliveries: bucket.deliveries.clone(),
        restore: bucket.protected,
    };
    let Some(document) = written(call) else {
        let step = Step::<BucketPolicy>::new(bucket.at.clone(), wish);
        return Judged::CannotTell(unreadable(&bucket, "the policy").step(step));
    };
    let foreign = outsiders(call, &bucket.at.account, &document);
    let stopped: Vec<_> = bucket
        .deliveries
        .iter()
        .filter(|delivery| bucket_delivers(&document, delivery) == Tri::No)
        .map(|delivery| delivery.trail_arn.as_str())
        .collect();
    let called = bucket.called();
    let certain = foreign.as_ref().is_some_and(|(_, certain)| *certain) || !stopped.is_empty();
    let mut says: Vec<String> = foreign.into_iter().map(|(what, _)| what).collect();
    if !stopped.is_empty() {
        says.push(format!(
            "keeps CloudTrail from delivering for {}",
            stopped.join(", ")
        ));
    }
    if says.is_empty() {
        return harmless(call, &bucket, &document, wish);
    }
    let mut draft = bucket.draft(format!("the policy of {called} {}", says.join(", and ")));
    if bucket.protected {
        draft = draft.severity(Severity::Critical);
    }
    if !certain && is_learnt(call, &bucket) {
        return in_parts(call, &bucket, draft, document, wish);
    }
    draft = steps(draft, &bucket, document, wish);
    if certain {
        draft.into()
    } else {
        draft.if_live_agrees().into()
    }
}

/// A deployer's policy that may let outsiders in: it is learnt, and whoever may be one
/// is told, unless the policy known so far let the same in.
fn in_parts(
    call: &Call<'_>,
    bucket: &Bucket,
    told: Draft,
    document: Document,
    wish: PolicyWish,
) -> Judged {
    let zone = call.zone(&bucket.at.account);
    let driven = deputies(&document, Kind::Bucket, &zone)
        .iter()
        .any(|(_, one)| *one == Deputy::Foreign);
    let of_services = analyze(&document, Kind::Bucket, &zone).is_doubted_for_services_only();
    // A look at the live policy tells of principals alone, so that of services the
    // event itself must tell.
    let told = if driven || of_services {
        told
    } else {
        let look = PolicyWish {
            outsiders: true,
            ..PolicyWish::default()
        };
        let step = Step::<BucketPolicy>::new(bucket.at.clone(), look);
        told.step(step.wrote(PolicyState::Document(document.clone())))
            .if_live_agrees()
    };
    let learnt = replaced(bucket, document, wish).from_deployers();
    Judged::Violation(vec![told, learnt])
}

/// The document itself is fine. Whether a guarded bucket's policy lost what keeps
/// it safe only its baseline can tell; what a deployer wrote becomes that.
fn harmless(call: &Call<'_>, bucket: &Bucket, document: &Document, wish: PolicyWish) -> Judged {
    let deployer = call.settings.is_deployer(Actor::of(call.record));
    if !bucket.protected || !call.settings.given || (deployer && call.record.failed()) {
        return Judged::Clean;
    }
    let draft = replaced(bucket, document.clone(), wish);
    if deployer {
        draft.from_deployers().into()
    } else {
        Judged::CannotTell(draft)
    }
}

/// Whether what was written becomes the known policy: a deployer wrote it to a
/// guarded bucket. Else the Deny that it took out on purpose would come back.
fn is_learnt(call: &Call<'_>, bucket: &Bucket) -> bool {
    let deployer = call.settings.is_deployer(Actor::of(call.record));
    bucket.protected && deployer && !call.record.failed()
}

/// That a guarded bucket's policy was replaced: the document does not tell whether that
/// took anything away.
fn replaced(bucket: &Bucket, document: Document, wish: PolicyWish) -> Draft {
    let what = format!(
        "the policy of {} was replaced; whether a statement that protects it was lost, only the known policy tells",
        bucket.called()
    );
    steps(bucket.draft(what), bucket, document, wish)
}

/// One step for everything. Where a Deny of unknown origin may stop CloudTrail,
/// that is a step of its own: it may need a person, and shutting outsiders out
/// does not wait for one.
fn steps(draft: Draft, bucket: &Bucket, document: Document, wish: PolicyWish) -> Draft {
    let denied = bucket.deliveries.iter().any(|delivery| {
        let with = auditward_policy::cloudtrail::add_missing(Some(&document), delivery);
        bucket_delivers(&with, delivery) == Tri::No
    });
    let wrote = PolicyState::Document(document);
    let step = |wish| Step::<BucketPolicy>::new(bucket.at.clone(), wish);
    if !denied {
        return draft.step(step(wish).wrote(wrote));
    }
    let first = PolicyWish {
        deliveries: Vec::new(),
        ..wish.clone()
    };
    draft.step(step(first).wrote(wrote)).step(step(PolicyWish {
        outsiders: false,
        ..wish
    }))
}

/// The document as S3 logs it: a JSON object, by other accounts a string of JSON.
fn written(call: &Call<'_>) -> Option<Document> {
    super::document(call.request()?.get("bucketPolicy")?)
}

/// Whom a policy of `owner`'s resource lets in that is not ours, in words, and
/// whether that is certain.
pub(super) fn outsiders(
    call: &Call<'_>,
    owner: &str,
    document: &Document,
) -> Option<(String, bool)> {
    let zone = call.zone(owner);
    let analysis = analyze(document, Kind::Bucket, &zone);
    let services = deputies(document, Kind::Bucket, &zone);
    let driven = services.iter().any(|(_, one)| *one == Deputy::Foreign);
    let known = call.settings.knows_all_accounts(call.inventory);
    match &analysis.foreign {
        Foreign::No | Foreign::CannotTell(_) if driven => {
            let may = if known { "lets" } else { "may let" };
            Some((format!("{may} services act for outsiders"), known))
        }
        Foreign::No => None,
        Foreign::CannotTell(_) if !zone.cannot_tell_is_foreign => None,
        Foreign::CannotTell(why) => Some((format!("may let outsiders in: {why}"), false)),
        Foreign::Yes => Some((tell(&analysis), true)),
    }
}

/// Who is let in, in a sentence.
pub(crate) fn tell(analysis: &Analysis) -> String {
    let mut who: Vec<&str> = Vec::new();
    for principal in analysis
        .admissions
        .iter()
        .flat_map(|admission| &admission.principals)
    {
        if !who.contains(&principal.as_str()) {
            who.push(principal);
        }
    }
    let more = who.len().saturating_sub(3);
    let named = who
        .iter()
        .take(3)
        .map(|who| if *who == "*" { "everybody" } else { who })
        .collect::<Vec<_>>()
        .join(", ");
    match (named.is_empty(), more) {
        (true, _) => "lets outsiders in".into(),
        (false, 0) => format!("lets {named} in"),
        (false, more) => format!("lets {named} and {more} more in"),
    }
}
