//! Whether a bucket keeps old versions.

use serde::{Deserialize, Serialize};

use crate::facet::{Decision, Facet, Scene, Standing};

/// A bucket's versioning.
#[derive(Debug)]
pub struct BucketVersioning;

/// Whether old versions are kept, and how well.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Versioning {
    /// Whether old versions are kept.
    pub status: VersioningStatus,
    /// Whether deleting a version takes the root user's second factor.
    #[serde(default)]
    pub mfa_delete: bool,
}

/// Whether old versions are kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum VersioningStatus {
    /// They never were.
    #[default]
    Never,
    /// No longer: what is overwritten is gone.
    Suspended,
    /// They are.
    Enabled,
}

/// What must hold of a bucket's versioning.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
pub struct VersioningWish {
    /// Whether the bucket is guarded.
    pub protected: bool,
    /// Whether this is about MFA delete rather than about versions being kept:
    /// a wish of its own, as only a person can grant it.
    pub mfa_delete: bool,
}

impl Facet for BucketVersioning {
    const KIND: &'static str = "bucket-versioning";
    type State = Versioning;
    type Wish = VersioningWish;

    fn decide(
        live: &Versioning,
        wish: &VersioningWish,
        baseline: Option<&Versioning>,
        _: Scene<'_>,
    ) -> Decision<Versioning> {
        let keeps = |state: &Versioning| state.status == VersioningStatus::Enabled;
        if wish.mfa_delete {
            return if live.mfa_delete || !baseline.is_some_and(|known| known.mfa_delete) {
                Decision::Safe
            } else {
                Decision::ByHand("MFA delete was switched off; only the root user with its second factor can switch it on again".into())
            };
        }
        if keeps(live) || baseline.is_some_and(|known| !keeps(known)) {
            return Decision::Safe;
        }
        if !wish.protected && baseline.is_none() {
            return Decision::ByHand(
                "old versions are no longer kept; enable versioning unless that is meant".into(),
            );
        }
        let to = Versioning {
            status: VersioningStatus::Enabled,
            ..*live
        };
        // It costs money, and never can be taken back to "never".
        Decision::change(to, "enable versioning")
    }

    fn compare(live: &Versioning, known: &Versioning) -> Standing {
        let keeps = |state: &Versioning| state.status == VersioningStatus::Enabled;
        let (live, known) = (
            [keeps(live), live.mfa_delete],
            [keeps(known), known.mfa_delete],
        );
        let more = live.iter().zip(known).any(|(live, known)| *live && !known);
        let less = live.iter().zip(known).any(|(live, known)| !*live && known);
        match (more, less) {
            (false, false) => Standing::Equal,
            (true, false) => Standing::Stronger,
            (false, true) => Standing::Weaker,
            (true, true) => Standing::Incomparable,
        }
    }

    fn tell(state: &Versioning) -> String {
        let status = match state.status {
            VersioningStatus::Never => "never enabled",
            VersioningStatus::Suspended => "suspended",
            VersioningStatus::Enabled => "enabled",
        };
        let mfa = if state.mfa_delete {
            ", with MFA delete"
        } else {
            ""
        };
        format!("versioning {status}{mfa}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facets::bucket::law::{changed, keeps_the_law, stage};
    use proptest::prelude::*;

    fn any_state() -> impl Strategy<Value = Versioning> {
        use VersioningStatus::{Enabled, Never, Suspended};
        (
            prop::sample::select(vec![Never, Suspended, Enabled]),
            any::<bool>(),
        )
            .prop_map(|(status, mfa_delete)| Versioning { status, mfa_delete })
    }

    proptest! {
        #[test]
        fn versioning_keeps_the_law(
            live in any_state(),
            baseline in proptest::option::of(any_state()),
            protected: bool,
            mfa_delete: bool,
        ) {
            let wish = VersioningWish { protected, mfa_delete };
            keeps_the_law::<BucketVersioning>(&live, &wish, baseline.as_ref())?;
        }
    }

    const SUSPENDED: Versioning = Versioning {
        status: VersioningStatus::Suspended,
        mfa_delete: false,
    };

    #[test]
    fn versions_are_kept_again_which_costs_and_so_is_a_change() {
        let stage = stage();
        let wish = VersioningWish {
            protected: true,
            mfa_delete: false,
        };
        let change = changed(BucketVersioning::decide(
            &SUSPENDED,
            &wish,
            None,
            stage.scene(),
        ));
        assert!(!change.evidence_on);
        assert_eq!(change.to.status, VersioningStatus::Enabled);
    }

    #[test]
    fn mfa_delete_is_for_a_person() {
        let stage = stage();
        let wish = VersioningWish {
            protected: true,
            mfa_delete: true,
        };
        let known = Versioning {
            status: VersioningStatus::Enabled,
            mfa_delete: true,
        };
        let decide = |known| BucketVersioning::decide(&SUSPENDED, &wish, known, stage.scene());
        assert!(matches!(decide(Some(&known)), Decision::ByHand(_)));
        assert_eq!(
            decide(None),
            Decision::Safe,
            "tools send MfaDelete=Disabled on plain buckets"
        );
    }
}
