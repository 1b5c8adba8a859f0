//! Rules of the public access block of buckets and accounts.

use super::{Bucket, S3, unnamed, unreadable};
use crate::arn::is_account;
use crate::facet::{At, Step};
use crate::facets::bucket::{AccountPublicAccess, BucketPublicAccess, PublicAccess};
use crate::json::Json;
use crate::rule::{Call, Draft, Function, Judged, Proof, Revert, Rule, Scope, Severity, Watch};

const CONTROLS: &[&str] = &["CIS AWS Foundations 3.0: 2.1.4", "ATT&CK T1530"];

/// Row 34 of `events/TABLE.md`.
pub static BLOCK_WEAKENED: Rule = Rule {
    id: "bucket.public-access-block-weakened",
    title: "Bucket's public access block weakened",
    severity: Severity::Medium,
    why: "the public access block is what keeps one wrong policy or ACL from publishing a bucket",
    controls: CONTROLS,
    rows: &[34],
    function: Function::BucketGuard,
    watches: &[Watch {
        source: S3,
        names: &["PutBucketPublicAccessBlock"],
    }],
    scope: Scope::Any,
    revert: Revert::Baseline,
    deployers_accepted: true,
    facets: &["bucket-public-access"],
    proof: Proof::Moto,
    judge: |call| {
        let Some(bucket) = Bucket::of(call) else {
            return unnamed(call);
        };
        match written(call) {
            None => {
                let step = Step::<BucketPublicAccess>::new(bucket.at.clone(), bucket.wish());
                Judged::CannotTell(unreadable(&bucket, "the public access block").step(step))
            }
            Some(PublicAccess::ALL) => Judged::Clean,
            Some(flags) => {
                let off = flags.off().join(", ");
                let what = format!(
                    "{} no longer has {off} in its public access block",
                    bucket.called()
                );
                of_bucket(&bucket, what, flags)
            }
        }
    },
};

/// Row 35 of `events/TABLE.md`.
pub static BLOCK_DELETED: Rule = Rule {
    id: "bucket.public-access-block-deleted",
    title: "Bucket's public access block deleted",
    severity: Severity::Medium,
    why: "the public access block is what keeps one wrong policy or ACL from publishing a bucket",
    controls: CONTROLS,
    rows: &[35],
    function: Function::BucketGuard,
    watches: &[Watch {
        source: S3,
        names: &["DeleteBucketPublicAccessBlock"],
    }],
    scope: Scope::Any,
    revert: Revert::Baseline,
    deployers_accepted: true,
    facets: &["bucket-public-access"],
    proof: Proof::Moto,
    judge: |call| {
        let Some(bucket) = Bucket::of(call) else {
            return unnamed(call);
        };
        let what = format!("the public access block of {} was deleted", bucket.called());
        of_bucket(&bucket, what, PublicAccess::default())
    },
};

/// Row 36 of `events/TABLE.md`.
pub static ACCOUNT_WEAKENED: Rule = Rule {
    id: "account.public-access-block-weakened",
    title: "Account's public access block weakened",
    severity: Severity::High,
    why: "the account's public access block holds for all its buckets; without it each wrong policy or ACL publishes one",
    controls: CONTROLS,
    rows: &[36],
    function: Function::BucketGuard,
    watches: &[Watch {
        source: S3,
        names: &["PutAccountPublicAccessBlock"],
    }],
    scope: Scope::Any,
    revert: Revert::Baseline,
    deployers_accepted: true,
    facets: &["account-public-access"],
    proof: Proof::Moto,
    judge: |call| {
        let at = account(call);
        match written(call) {
            None => {
                let what = format!(
                    "the public access block of account {} changed, and the record does not say to what",
                    at.account
                );
                let step = Step::<AccountPublicAccess>::new(at.clone(), true);
                Judged::CannotTell(Draft::new(at.resource, what).step(step))
            }
            Some(PublicAccess::ALL) => Judged::Clean,
            Some(flags) => {
                let what = format!(
                    "account {} has no {} in its public access block",
                    at.account,
                    flags.off().join(", ")
                );
                of_account(at, what, flags)
            }
        }
    },
};

/// Row 37 of `events/TABLE.md`.
pub static ACCOUNT_DELETED: Rule = Rule {
    id: "account.public-access-block-deleted",
    title: "Account's public access block deleted",
    severity: Severity::High,
    why: "the account's public access block holds for all its buckets; without it each wrong policy or ACL publishes one",
    controls: CONTROLS,
    rows: &[37],
    function: Function::BucketGuard,
    watches: &[Watch {
        source: S3,
        names: &["DeleteAccountPublicAccessBlock"],
    }],
    scope: Scope::Any,
    revert: Revert::Baseline,
    deployers_accepted: true,
    facets: &["account-public-access"],
    proof: Proof::Moto,
    judge: |call| {
        let at = account(call);
        let what = format!(
            "the public access block of account {} was deleted",
            at.account
        );
        of_account(at, what, PublicAccess::default())
    },
};

/// A bucket that is not guarded may always have been open, which only its
/// baseline can tell.
fn of_bucket(bucket: &Bucket, what: String, flags: PublicAccess) -> Judged {
    let step = Step::<BucketPublicAccess>::new(bucket.at.clone(), bucket.wish()).wrote(flags);
    let draft = bucket.draft(what).step(step);
    if bucket.protected {
        draft.severity(Severity::High).into()
    } else {
        draft.if_live_agrees().into()
    }
}

/// The flags may have been off before, which only the baseline can tell.
fn of_account(at: At, what: String, flags: PublicAccess) -> Judged {
    let step = Step::<AccountPublicAccess>::new(at.clone(), true).wrote(flags);
    Draft::new(at.resource, what)
        .step(step)
        .if_live_agrees()
        .into()
}

/// The account as a resource: its root, which is how ARNs name an account.
fn account(call: &Call<'_>) -> At {
    let asked = call
        .parameter("accountId")
        .filter(|account| is_account(account));
    let account = asked.unwrap_or_else(|| call.account()).into_owned();
    let arn = format!("arn:{}:iam::{account}:root", call.partition());
    At::new(account, call.record.region.as_ref(), arn)
}

/// The flags that were written.
fn written(call: &Call<'_>) -> Option<PublicAccess> {
    flags(call.request()?.get("PublicAccessBlockConfiguration")?)
}

/// The flags of a configuration. One that is left out is off.
pub(super) fn flags(asked: Json<'_>) -> Option<PublicAccess> {
    let flag = |name| match asked.get(name) {
        None => Some(false),
        Some(flag) => flag.items().into_iter().next().and_then(Json::boolean),
    };
    if !asked.is_object() {
        return None;
    }
    Some(PublicAccess {
        block_public_acls: flag("BlockPublicAcls")?,
        ignore_public_acls: flag("IgnorePublicAcls")?,
        block_public_policy: flag("BlockPublicPolicy")?,
        restrict_public_buckets: flag("RestrictPublicBuckets")?,
    })
}
