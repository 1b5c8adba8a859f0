//! Whether a bucket is there.

use serde::{Deserialize, Serialize};

use crate::facet::{Decision, Facet, Scene, Standing};

/// Whether a bucket is there.
#[derive(Debug)]
pub struct BucketExistence;

/// A bucket that is there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Existing {
    /// The region it lies in.
    pub region: String,
}

impl Facet for BucketExistence {
    const KIND: &'static str = "bucket-existence";
    /// `None`: there is no bucket of that name.
    type State = Option<Existing>;
    /// Whether it must be there. Nothing is ever deleted because it need not.
    type Wish = bool;

    fn decide(
        live: &Self::State,
        wish: &bool,
        baseline: Option<&Self::State>,
        scene: Scene<'_>,
    ) -> Decision<Self::State> {
        if live.is_some() || !wish {
            return Decision::Safe;
        }
        // The name is free for everybody: whoever takes it receives the logs.
        let known = baseline.cloned().flatten();
        let to = known.unwrap_or_else(|| Existing {
            region: scene.at.region.clone(),
        });
        let why = format!(
            "create the bucket again in {}, empty: what it held is lost",
            to.region
        );
        Decision::change(Some(to), why)
    }

    fn compare(live: &Self::State, known: &Self::State) -> Standing {
        match (live, known) {
            (None, Some(_)) => Standing::Weaker,
            (Some(_), None) => Standing::Stronger,
            (live, known) if live == known => Standing::Equal,
            _ => Standing::Incomparable,
        }
    }

    fn writable(state: &Self::State) -> bool {
        state.is_some()
    }

    fn tell(state: &Self::State) -> String {
        state.as_ref().map_or_else(
            || "no bucket".into(),
            |at| format!("a bucket in {}", at.region),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facets::bucket::law::{changed, keeps_the_law, stage};
    use proptest::prelude::*;

    fn any_state() -> impl Strategy<Value = Option<Existing>> {
        let region = prop::sample::select(vec!["eu-west-1", "us-east-1"]);
        proptest::option::of(region.prop_map(|region| Existing {
            region: region.into(),
        }))
    }

    proptest! {
        #[test]
        fn existence_keeps_the_law(
            live in any_state(), baseline in proptest::option::of(any_state()), wish: bool,
        ) {
            keeps_the_law::<BucketExistence>(&live, &wish, baseline.as_ref())?;
        }
    }

    #[test]
    fn a_name_is_taken_again_where_it_was() {
        let stage = stage();
        let change = changed(BucketExistence::decide(&None, &true, None, stage.scene()));
        assert_eq!(
            change.to,
            Some(Existing {
                region: "eu-west-1".into()
            })
        );
        let known = Some(Existing {
            region: "us-east-1".into(),
        });
        let change = changed(BucketExistence::decide(
            &None,
            &true,
            Some(&known),
            stage.scene(),
        ));
        assert_eq!(change.to, known);
        assert!(change.why.contains("lost") && !change.evidence_on);
    }
}
