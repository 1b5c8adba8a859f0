//! What must hold before a trail can be written.

use auditward_policy::cloudtrail::Delivery;

use super::{TrailSettings, TrailWish};
use crate::arn::Arn;
use crate::facet::{At, Scene, Step};
use crate::facets::bucket::{BucketPolicy, PolicyWish};
use crate::facets::key::{KeyPolicy, KeyPolicyWish, KeyState, KeyWish};
use crate::plan::Plan;

/// A step for the policy of the bucket that a trail is about to deliver to:
/// CloudTrail refuses a bucket that it may not write to. Whose it is and where,
/// discovery knows; where it does not, the hand finds out where.
fn bucket_first(to: &TrailSettings, wish: &TrailWish, scene: Scene<'_>) -> Plan {
    let At {
        account, resource, ..
    } = scene.at;
    let partition = Arn::parse(resource).map_or("aws", |arn| arn.partition);
    let (told, organization) = match wish {
        TrailWish::Exist {
            bucket_owner,
            organization,
        } => (bucket_owner.clone(), organization.clone()),
        TrailWish::Hold(_) | TrailWish::Switches { .. } => (None, None),
    };
    let ours = &scene.settings.ours;
    let known = scene.inventory.owner_of(&to.bucket);
    let archive = || match ours.log_archives.as_slice() {
        [only] => Some(only.clone()),
        _ => None,
    };
    let owner = known.and_then(|used| used.bucket_owner.clone());
    let owner = owner.or(told).or_else(archive);
    let region = known.and_then(|used| used.bucket_region.clone());
    let before = scene.inventory.of_trail(resource);
    let delivery = Delivery {
        bucket: to.bucket.clone(),
        prefix: to.prefix.clone(),
        trail_arn: resource.clone(),
        owner_account: account.clone(),
        org_id: organization
            .or_else(|| ours.organization.clone())
            .or_else(|| before.and_then(|used| used.organization.clone()))
            .filter(|_| to.organization),
    };
    let at = At::new(
        owner.unwrap_or_else(|| account.clone()),
        region.unwrap_or_default(),
        format!("arn:{partition}:s3:::{}", to.bucket),
    );
    let wish = PolicyWish {
        outsiders: false,
        deliveries: vec![delivery],
        restore: false,
    };
    Step::<BucketPolicy>::new(at, wish).into()
}

/// What must hold before a trail can be written: its bucket lets it deliver, and its
/// key is enabled and lets CloudTrail encrypt, where either changes.
pub(super) fn prerequisites(
    from: Option<&TrailSettings>,
    to: &TrailSettings,
    wish: &TrailWish,
    scene: Scene<'_>,
) -> Vec<Plan> {
    let mut first = Vec::new();
    let place = |settings: &TrailSettings| (settings.bucket.clone(), settings.prefix.clone());
    let moved = from.is_none_or(|from| place(from) != place(to));
    if moved || from.is_none_or(|from| from.organization != to.organization) {
        first.push(bucket_first(to, wish, scene));
    }
    // Where it delivers anew it must be able to encrypt, too.
    let rekeyed = from.is_none_or(|from| from.key != to.key);
    let key = to.key.as_deref().filter(|_| moved || rekeyed);
    if let Some((key, arn)) = key.and_then(|key| Some((key, Arn::parse(key)?))) {
        let at = At::new(arn.account, arn.region, key);
        first.push(Step::<KeyState>::new(at.clone(), KeyWish::Enabled).into());
        let encrypts = KeyPolicyWish {
            trails: vec![scene.at.resource.clone()],
            ..KeyPolicyWish::default()
        };
        first.push(Step::<KeyPolicy>::new(at, encrypts).into());
    }
    first
}
