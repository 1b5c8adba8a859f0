//! How a bucket encrypts what is put into it.

use serde::{Deserialize, Serialize};

use super::BucketWish;
use crate::arn::Arn;
use crate::facet::{Decision, Facet, Scene, Standing};

/// A bucket's default encryption.
#[derive(Debug)]
pub struct BucketEncryption;

/// How new objects are encrypted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Encryption {
    /// `AES256`, `aws:kms` or `aws:kms:dsse`.
    pub algorithm: String,
    /// The key, where it is not S3's or the account's own default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// Whether a bucket key saves calls to KMS.
    #[serde(default)]
    pub bucket_key: bool,
}

impl Encryption {
    fn with_kms(&self) -> bool {
        self.algorithm != "AES256"
    }

    /// What a bucket has that nobody configured.
    fn default_of_s3() -> Self {
        Self {
            algorithm: "AES256".into(),
            ..Self::default()
        }
    }

    /// The account that owns the key, where the key's ARN tells.
    pub fn owner(&self) -> Option<&str> {
        let key = self.key.as_deref().filter(|_| self.with_kms())?;
        Arn::parse(key).map(|arn| arn.account)
    }

    /// The account that owns the key, where it is not known to be ours.
    fn foreign(&self, scene: Scene<'_>) -> Option<&str> {
        self.owner()
            .filter(|owner| !scene.zone.accounts.iter().any(|ours| ours == owner))
    }
}

impl Facet for BucketEncryption {
    const KIND: &'static str = "bucket-encryption";
    /// `None`: there is no configuration, so that S3 encrypts with its own keys.
    type State = Option<Encryption>;
    type Wish = BucketWish;

    fn decide(
        live: &Self::State,
        wish: &BucketWish,
        baseline: Option<&Self::State>,
        scene: Scene<'_>,
    ) -> Decision<Self::State> {
        let foreign = live.as_ref().and_then(|live| live.foreign(scene));
        let Some(known) = baseline else {
            return match foreign {
                None => Decision::Safe,
                // S3's own keys are always there, and nobody can take them away.
                Some(whose) if wish.protected && scene.settings.ours.organization.is_none() => {
                    Decision::change(
                        Some(Encryption::default_of_s3()),
                        format!("encrypt with S3's own keys instead of one of {whose}"),
                    )
                }
                Some(whose) => Decision::ByHand(format!(
                    "the bucket encrypts with a key of {whose}, who can make its objects unreadable; set a key of ours unless that account is ours"
                )),
            };
        };
        if Self::compare(live, known) == Standing::Equal {
            return Decision::Safe;
        }
        match (foreign, live.as_ref().is_some_and(Encryption::with_kms)) {
            (Some(whose), _) if wish.protected => Decision::change(
                known.clone().or_else(|| Some(Encryption::default_of_s3())),
                format!("encrypt as before instead of with a key of {whose}"),
            ),
            (_, true) => match known {
                Some(known) if known.with_kms() => Decision::ByHand(
                    "the bucket encrypts with a key that it did not use before; check whose it is, and set the known one".into(),
                ),
                _ => Decision::ByHand(
                    "the bucket encrypts with a key, which it did not before; check whose it is".into(),
                ),
            },
            (_, false) if !wish.protected => {
                Decision::ByHand("the bucket no longer encrypts with its KMS key; set it again unless that is meant".into())
            }
            (_, false) => Decision::change(known.clone(), "encrypt with the known key again"),
        }
    }

    fn compare(live: &Self::State, known: &Self::State) -> Standing {
        let kms = |state: &Self::State| state.clone().filter(Encryption::with_kms);
        match (kms(live), kms(known)) {
            (None, None) => Standing::Equal,
            // Less is weaker than a key of ours, but better than a stranger's.
            (None, Some(known)) if known.owner().is_some() => Standing::Incomparable,
            (None, Some(_)) => Standing::Weaker,
            (Some(live), Some(known))
                if (&live.algorithm, &live.key) == (&known.algorithm, &known.key) =>
            {
                Standing::Equal
            }
            // Whoever owns a new key can make the logs unreadable.
            (Some(_), _) => Standing::Incomparable,
        }
    }

    fn tell(state: &Self::State) -> String {
        match state {
            None => "no default encryption".into(),
            Some(Encryption {
                algorithm,
                key: None,
                ..
            }) => format!("encryption with {algorithm}"),
            Some(Encryption {
                algorithm,
                key: Some(key),
                ..
            }) => format!("encryption with {algorithm} and key {key}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facets::bucket::law::{changed, keeps_the_law, stage};
    use proptest::prelude::*;

    fn any_state() -> impl Strategy<Value = Option<Encryption>> {
        let algorithm = prop::sample::select(vec!["AES256", "aws:kms", "aws:kms:dsse"]);
        let key = proptest::option::of(prop::sample::select(vec![
            "key-1",
            "key-2",
            "arn:aws:kms:eu-west-1:111111111111:key/1",
            "arn:aws:kms:eu-west-1:333333333333:key/2",
        ]));
        let some =
            (algorithm, key, any::<bool>()).prop_map(|(algorithm, key, bucket_key)| Encryption {
                algorithm: algorithm.into(),
                key: key.map(str::to_owned),
                bucket_key,
            });
        proptest::option::of(some)
    }

    proptest! {
        #[test]
        fn encryption_keeps_the_law(
            live in any_state(), baseline in proptest::option::of(any_state()), protected: bool,
        ) {
            keeps_the_law::<BucketEncryption>(&live, &BucketWish { protected }, baseline.as_ref())?;
        }
    }

    #[test]
    fn a_bucket_made_anew_gets_its_key_back() {
        let stage = stage();
        let fresh = Some(Encryption {
            algorithm: "AES256".into(),
            ..Encryption::default()
        });
        let known = Some(Encryption {
            algorithm: "aws:kms".into(),
            key: Some("key-1".into()),
            bucket_key: true,
        });
        let wish = BucketWish { protected: true };
        let change = changed(BucketEncryption::decide(
            &fresh,
            &wish,
            Some(&known),
            stage.scene(),
        ));
        assert_eq!(change.to, known);
        let other = Some(Encryption {
            algorithm: "aws:kms".into(),
            key: Some("key-2".into()),
            bucket_key: true,
        });
        let decision = BucketEncryption::decide(&other, &wish, Some(&known), stage.scene());
        assert!(matches!(decision, Decision::ByHand(_)), "{decision:?}");
    }

    #[test]
    fn a_strangers_key_goes() {
        let stage = stage();
        let wish = BucketWish { protected: true };
        let live = Some(Encryption {
            algorithm: "aws:kms".into(),
            key: Some("arn:aws:kms:eu-west-1:333333333333:key/2".into()),
            bucket_key: false,
        });
        let decide =
            |known| changed(BucketEncryption::decide(&live, &wish, known, stage.scene())).to;
        assert_eq!(decide(None), Some(Encryption::default_of_s3()));
        let known = Some(Encryption {
            algorithm: "aws:kms".into(),
            key: Some("key-1".into()),
            bucket_key: true,
        });
        assert_eq!(decide(Some(&known)), known);
    }
}
