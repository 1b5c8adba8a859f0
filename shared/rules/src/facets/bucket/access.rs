//! The public access block of a bucket and of an account.

use serde::{Deserialize, Serialize};

use super::BucketWish;
use crate::facet::{Decision, Facet, Scene, Standing};

/// Which public access is blocked. No block at all is one with all flags off.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
pub struct PublicAccess {
    /// ACLs that let the public in are refused.
    pub block_public_acls: bool,
    /// ACLs that let the public in have no effect.
    pub ignore_public_acls: bool,
    /// Policies that let the public in are refused.
    pub block_public_policy: bool,
    /// Policies that let the public in work only inside the account.
    pub restrict_public_buckets: bool,
}

impl PublicAccess {
    /// Everything blocked.
    pub const ALL: Self = Self {
        block_public_acls: true,
        ignore_public_acls: true,
        block_public_policy: true,
        restrict_public_buckets: true,
    };

    /// The flags with their names, in the order of S3's own documentation.
    pub fn flags(self) -> [(&'static str, bool); 4] {
        [
            ("BlockPublicAcls", self.block_public_acls),
            ("IgnorePublicAcls", self.ignore_public_acls),
            ("BlockPublicPolicy", self.block_public_policy),
            ("RestrictPublicBuckets", self.restrict_public_buckets),
        ]
    }

    /// What either blocks.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self {
            block_public_acls: self.block_public_acls || other.block_public_acls,
            ignore_public_acls: self.ignore_public_acls || other.ignore_public_acls,
            block_public_policy: self.block_public_policy || other.block_public_policy,
            restrict_public_buckets: self.restrict_public_buckets || other.restrict_public_buckets,
        }
    }

    /// The names of the flags that are off.
    pub fn off(self) -> Vec<&'static str> {
        self.flags()
            .into_iter()
            .filter(|(_, on)| !on)
            .map(|(name, _)| name)
            .collect()
    }

    fn tell(self) -> String {
        match self.off().as_slice() {
            [] => "all public access blocked".into(),
            [_, _, _, _] => "no public access block".into(),
            off => format!("public access blocked, without {}", off.join(", ")),
        }
    }
}

/// The public access block of a bucket.
#[derive(Debug)]
pub struct BucketPublicAccess;

impl Facet for BucketPublicAccess {
    const KIND: &'static str = "bucket-public-access";
    type State = PublicAccess;
    type Wish = BucketWish;

    fn decide(
        live: &PublicAccess,
        wish: &BucketWish,
        baseline: Option<&PublicAccess>,
        _: Scene<'_>,
    ) -> Decision<PublicAccess> {
        let otherwise = wish.protected.then_some(PublicAccess::ALL);
        decide(*live, baseline.copied().or(otherwise)).unwrap_or_else(|| {
            Decision::ByHand("nobody knows what was blocked before, and blocking everything would take a public site down; check whether this bucket is meant to be public".into())
        })
    }

    fn compare(live: &PublicAccess, known: &PublicAccess) -> Standing {
        compare(*live, *known)
    }

    fn tell(state: &PublicAccess) -> String {
        state.tell()
    }
}

/// The public access block of an account, which holds for all its buckets.
#[derive(Debug)]
pub struct AccountPublicAccess;

impl Facet for AccountPublicAccess {
    const KIND: &'static str = "account-public-access";
    type State = PublicAccess;
    /// Whether it must not be weaker than it was known to be.
    type Wish = bool;

    fn decide(
        live: &PublicAccess,
        wish: &bool,
        baseline: Option<&PublicAccess>,
        _: Scene<'_>,
    ) -> Decision<PublicAccess> {
        if !wish {
            return Decision::Safe;
        }
        decide(*live, baseline.copied()).unwrap_or_else(|| {
            Decision::ByHand("nobody knows what was blocked before, and blocking everything would take public sites down; check which buckets of this account are meant to be public".into())
        })
    }

    fn compare(live: &PublicAccess, known: &PublicAccess) -> Standing {
        compare(*live, *known)
    }

    fn tell(state: &PublicAccess) -> String {
        state.tell()
    }
}

/// Flags come back, none is ever taken away. `None`: nothing says which.
fn decide(live: PublicAccess, wanted: Option<PublicAccess>) -> Option<Decision<PublicAccess>> {
    if live == PublicAccess::ALL {
        return Some(Decision::Safe);
    }
    let to = live.and(wanted?);
    if to == live {
        return Some(Decision::Safe);
    }
    let back = live
        .flags()
        .into_iter()
        .zip(to.flags())
        .filter(|((_, was), (_, is))| was != is);
    let back: Vec<_> = back.map(|((name, _), _)| name).collect();
    Some(Decision::change(
        to,
        format!("switch {} on again", back.join(", ")),
    ))
}

fn compare(live: PublicAccess, known: PublicAccess) -> Standing {
    match (live.and(known) == live, live.and(known) == known) {
        (true, true) => Standing::Equal,
        (true, false) => Standing::Stronger,
        (false, true) => Standing::Weaker,
        (false, false) => Standing::Incomparable,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facets::bucket::law::{changed, keeps_the_law, stage};
    use proptest::prelude::*;

    fn any_flags() -> impl Strategy<Value = PublicAccess> {
        any::<[bool; 4]>().prop_map(|[a, b, c, d]| PublicAccess {
            block_public_acls: a,
            ignore_public_acls: b,
            block_public_policy: c,
            restrict_public_buckets: d,
        })
    }

    proptest! {
        #[test]
        fn a_bucket_s_block_keeps_the_law(
            live in any_flags(), baseline in proptest::option::of(any_flags()), protected: bool,
        ) {
            let wish = BucketWish { protected };
            keeps_the_law::<BucketPublicAccess>(&live, &wish, baseline.as_ref())?;
        }

        #[test]
        fn an_account_s_block_keeps_the_law(
            live in any_flags(), baseline in proptest::option::of(any_flags()), wish: bool,
        ) {
            keeps_the_law::<AccountPublicAccess>(&live, &wish, baseline.as_ref())?;
        }
    }

    const WEBSITE: PublicAccess = PublicAccess {
        block_public_policy: false,
        restrict_public_buckets: false,
        ..PublicAccess::ALL
    };

    #[test]
    fn only_what_the_baseline_blocked_comes_back() {
        let stage = stage();
        let live = PublicAccess::default();
        for protected in [true, false] {
            let wish = BucketWish { protected };
            let decision = BucketPublicAccess::decide(&live, &wish, Some(&WEBSITE), stage.scene());
            assert_eq!(changed(decision).to, WEBSITE);
        }
        let decision = AccountPublicAccess::decide(&live, &true, Some(&WEBSITE), stage.scene());
        assert_eq!(changed(decision).to, WEBSITE);
    }

    #[test]
    fn without_a_baseline_only_a_protected_bucket_is_blocked_in_full() {
        let stage = stage();
        let decide = |protected| {
            BucketPublicAccess::decide(&WEBSITE, &BucketWish { protected }, None, stage.scene())
        };
        assert_eq!(changed(decide(true)).to, PublicAccess::ALL);
        assert!(matches!(decide(false), Decision::ByHand(_)));
        let account = AccountPublicAccess::decide(&WEBSITE, &true, None, stage.scene());
        assert!(matches!(account, Decision::ByHand(_)), "{account:?}");
    }

    #[test]
    fn a_put_that_changes_nothing_is_safe() {
        let stage = stage();
        let decision = AccountPublicAccess::decide(&WEBSITE, &true, Some(&WEBSITE), stage.scene());
        assert_eq!(decision, Decision::Safe);
    }
}
