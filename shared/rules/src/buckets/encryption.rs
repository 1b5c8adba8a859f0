//! Rules of how a bucket encrypts.

use auditward_policy::Tri;

use super::{Bucket, HIDDEN, S3, never_accepted, owned, unreadable};
use crate::facet::Step;
use crate::facets::bucket::{BucketEncryption, Encryption};
use crate::json::Json;
use crate::rule::{Function, Judged, Proof, Revert, Rule, Scope, Severity, Watch};

/// Row 52 of `events/TABLE.md`.
pub static ENCRYPTION_CHANGED: Rule = Rule {
    id: "bucket.encryption-changed",
    title: "Encryption of a guarded bucket changed",
    severity: Severity::High,
    why: "whoever owns the key can make the logs unreadable, and without a key of ours anybody who may read the bucket reads them",
    controls: &["CIS AWS Foundations 3.0: 3.5", "ATT&CK T1486"],
    rows: &[52],
    function: Function::BucketGuard,
    watches: &[Watch {
        source: S3,
        names: &["PutBucketEncryption"],
    }],
    scope: Scope::Protected,
    revert: Revert::Baseline,
    deployers_accepted: true,
    facets: &["bucket-encryption"],
    proof: Proof::Moto,
    judge: |call| {
        let bucket = match Bucket::guarded(call) {
            Ok(bucket) => bucket,
            Err(judged) => return judged,
        };
        let step = Step::<BucketEncryption>::new(bucket.at.clone(), bucket.wish());
        let Some(encryption) = call.request().and_then(written) else {
            return Judged::CannotTell(unreadable(&bucket, "the encryption").step(step));
        };
        let step = step.wrote(Some(encryption.clone()));
        let name = bucket.called();
        let draft = |what: String| bucket.draft(what).step(step.clone());
        let foreign = encryption
            .owner()
            .filter(|owner| *owner != bucket.at.account)
            .map(|owner| (owner, call.is_ours(owner)));
        match foreign {
            Some((owner, Tri::No)) => never_accepted(
                call,
                draft(format!("{name} encrypts with a key of account {owner}")),
            ),
            Some((owner, Tri::CannotTell)) => Judged::CannotTell(draft(format!(
                "{name} encrypts with a key of account {owner}, and the settings do not say whose that is"
            ))),
            _ => call.only_the_baseline_tells(draft(format!(
                "{name} encrypts with {}",
                encryption.algorithm
            ))),
        }
    },
};

/// Row 53 of `events/TABLE.md`.
pub static ENCRYPTION_DELETED: Rule = Rule {
    id: "bucket.encryption-deleted",
    title: "Encryption of a guarded bucket reset",
    severity: Severity::Medium,
    why: "without its own key a bucket falls back to S3's, and anybody who may read it reads the logs",
    controls: &["CIS AWS Foundations 3.0: 3.5", "ATT&CK T1562"],
    rows: &[53],
    function: Function::BucketGuard,
    watches: &[Watch {
        source: S3,
        names: &["DeleteBucketEncryption"],
    }],
    scope: Scope::Protected,
    revert: Revert::Baseline,
    deployers_accepted: true,
    facets: &["bucket-encryption"],
    proof: Proof::Moto,
    judge: |call| match Bucket::guarded(call) {
        Err(judged) => judged,
        Ok(bucket) => {
            let step = Step::<BucketEncryption>::new(bucket.at.clone(), bucket.wish()).wrote(None);
            let what = format!(
                "the encryption of {} was reset to S3's own",
                bucket.called()
            );
            bucket.draft(what).step(step).into()
        }
    },
};

fn written(request: Json<'_>) -> Option<Encryption> {
    let asked = request
        .get("ServerSideEncryptionConfiguration")
        .filter(|asked| !asked.text().contains(HIDDEN))?;
    let rules = asked.get("Rule")?.items();
    let rule = rules.first()?;
    let default = rule.get("ApplyServerSideEncryptionByDefault")?;
    Some(Encryption {
        algorithm: owned(default, "SSEAlgorithm")?,
        key: owned(default, "KMSMasterKeyID"),
        bucket_key: rule.get("BucketKeyEnabled").and_then(Json::boolean) == Some(true),
    })
}
