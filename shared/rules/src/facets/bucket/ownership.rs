//! Whether a bucket has ACLs at all.

use super::{AclWish, BucketAcl, BucketWish};
use crate::facet::{Decision, Facet, Scene, Standing, Step};

/// ACLs are off.
pub const BUCKET_OWNER_ENFORCED: &str = "BucketOwnerEnforced";

/// A bucket's ownership controls.
#[derive(Debug)]
pub struct BucketOwnership;

impl Facet for BucketOwnership {
    const KIND: &'static str = "bucket-ownership";
    /// `BucketOwnerEnforced`, `BucketOwnerPreferred` or `ObjectWriter`; `None`:
    /// there are no controls, which S3 treats as `ObjectWriter`.
    type State = Option<String>;
    type Wish = BucketWish;

    fn decide(
        live: &Self::State,
        wish: &BucketWish,
        baseline: Option<&Self::State>,
        scene: Scene<'_>,
    ) -> Decision<Self::State> {
        let known = baseline.and_then(Option::as_deref);
        let target = if baseline.is_some() {
            known
        } else {
            Some(BUCKET_OWNER_ENFORCED)
        };
        let Some(target) = target.filter(|target| rank(live.as_deref()) < rank(Some(target)))
        else {
            return Decision::Safe;
        };
        if !wish.protected {
            return Decision::ByHand(
                "ACLs are on again; switch them off unless this bucket needs them".into(),
            );
        }
        let decision = Decision::change(
            Some(target.to_owned()),
            format!("set the ownership to {target}"),
        );
        if target != BUCKET_OWNER_ENFORCED {
            return decision;
        }
        // S3 refuses to switch ACLs off while one lets others in.
        let acl = AclWish {
            protected: true,
            owner_only: known.is_some(),
            ..AclWish::default()
        };
        decision.after(vec![Step::<BucketAcl>::new(scene.at.clone(), acl).into()])
    }

    fn compare(live: &Self::State, known: &Self::State) -> Standing {
        match rank(live.as_deref()).cmp(&rank(known.as_deref())) {
            std::cmp::Ordering::Less => Standing::Weaker,
            std::cmp::Ordering::Equal => Standing::Equal,
            std::cmp::Ordering::Greater => Standing::Stronger,
        }
    }

    fn tell(state: &Self::State) -> String {
        state.as_ref().map_or_else(
            || "no ownership controls".into(),
            |state| format!("ownership {state}"),
        )
    }
}

fn rank(state: Option<&str>) -> u8 {
    match state {
        Some(BUCKET_OWNER_ENFORCED) => 2,
        Some("BucketOwnerPreferred") => 1,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facets::bucket::law::{changed, keeps_the_law, stage};
    use crate::plan::Plan;
    use proptest::prelude::*;

    fn any_state() -> impl Strategy<Value = Option<String>> {
        let known = vec![
            BUCKET_OWNER_ENFORCED,
            "BucketOwnerPreferred",
            "ObjectWriter",
            "SomethingNew",
        ];
        proptest::option::of(prop::sample::select(known).prop_map(str::to_owned))
    }

    proptest! {
        #[test]
        fn ownership_keeps_the_law(
            live in any_state(), baseline in proptest::option::of(any_state()), protected: bool,
        ) {
            keeps_the_law::<BucketOwnership>(&live, &BucketWish { protected }, baseline.as_ref())?;
        }
    }

    #[test]
    fn acls_are_closed_before_they_are_switched_off() {
        let stage = stage();
        let wish = BucketWish { protected: true };
        let change = changed(BucketOwnership::decide(&None, &wish, None, stage.scene()));
        assert_eq!(change.to.as_deref(), Some(BUCKET_OWNER_ENFORCED));
        assert_eq!(
            change.first.iter().map(Plan::kind).collect::<Vec<_>>(),
            ["bucket-acl"]
        );
    }

    #[test]
    fn a_baseline_with_acls_is_not_made_stricter() {
        let stage = stage();
        let wish = BucketWish { protected: true };
        let known = Some("BucketOwnerPreferred".to_owned());
        assert_eq!(
            BucketOwnership::decide(&known, &wish, Some(&known), stage.scene()),
            Decision::Safe
        );
        let change = changed(BucketOwnership::decide(
            &None,
            &wish,
            Some(&known),
            stage.scene(),
        ));
        assert_eq!((change.to, change.first.len()), (known, 0));
    }
}
