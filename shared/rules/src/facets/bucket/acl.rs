//! A bucket's access control list.

use auditward_policy::Zone;
use serde::{Deserialize, Serialize};

use crate::facet::{Decision, Facet, Scene, Standing};

/// Everybody.
pub const ALL_USERS: &str = "http://acs.amazonaws.com/groups/global/AllUsers";
/// Everybody with an AWS account.
pub const AUTHENTICATED_USERS: &str = "http://acs.amazonaws.com/groups/global/AuthenticatedUsers";
/// S3's own server access logging.
pub const LOG_DELIVERY: &str = "http://acs.amazonaws.com/groups/s3/LogDelivery";

/// `CloudFront`'s delivery of [standard logs](https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/standard-logging-legacy-s3.html),
/// in most partitions and in China.
const CLOUDFRONT_DELIVERY: [&str; 2] = [
    "c4c1ede66af53448b93c283ce9448c4ba468c9432aa01d700d3878632f77d2d0",
    "a52cb28745c0c06e84ec548334e44bfa7fc2a85c54af20cd59e4969344b7af56",
];

/// A bucket's access control list.
#[derive(Debug)]
pub struct BucketAcl;

/// The list.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Acl {
    /// The owner's canonical user ID; empty where an event does not name it.
    pub owner: String,
    /// Who may do what.
    pub grants: Vec<Grant>,
    /// Whether ACLs are switched off, so that S3 refuses every other one. Not
    /// looked up where others have grants: S3 switches none off that has any.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub off: bool,
}

/// Who may do what.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Grant {
    /// Who.
    pub to: Grantee,
    /// `READ`, `WRITE`, `READ_ACP`, `WRITE_ACP` or `FULL_CONTROL`.
    pub may: String,
}

/// Whom an ACL lets in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Grantee {
    /// An account, by its canonical user ID.
    CanonicalId(String),
    /// A predefined group, by its URI.
    Group(String),
    /// An account, by the email address of its root user. Requests only: S3 keeps the ID.
    Email(String),
}

/// What must hold of an ACL.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
pub struct AclWish {
    /// Whether the bucket is guarded; others may be public on purpose.
    pub protected: bool,
    /// Whether nobody but the owner may be named, not even log delivery: what
    /// S3 demands before ACLs can be switched off.
    pub owner_only: bool,
    /// Whether what is lost stays lost: a deployer's list, which is about to be known.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub as_left: bool,
}

impl Grant {
    /// A grant.
    pub fn new(to: Grantee, may: impl Into<String>) -> Self {
        Self {
            to,
            may: may.into(),
        }
    }

    /// Whether this is what AWS's own delivery of logs needs.
    pub fn is_delivery(&self) -> bool {
        match &self.to {
            Grantee::Group(uri) => {
                uri == LOG_DELIVERY && matches!(&*self.may, "WRITE" | "READ_ACP")
            }
            Grantee::CanonicalId(id) => CLOUDFRONT_DELIVERY.contains(&id.as_str()),
            Grantee::Email(_) => false,
        }
    }

    fn is_to(&self, id: &str) -> bool {
        matches!(&self.to, Grantee::CanonicalId(of) if of == id)
    }

    fn tell(&self) -> String {
        let who = match &self.to {
            Grantee::Group(uri) => match uri.rsplit('/').next().unwrap_or(uri) {
                "AllUsers" => "everybody",
                "AuthenticatedUsers" => "everybody with an AWS account",
                "LogDelivery" => "S3 log delivery",
                other => other,
            },
            Grantee::CanonicalId(id) | Grantee::Email(id) => id,
        };
        format!("{} for {who}", self.may)
    }
}

impl Acl {
    /// What others than the owner got, and nothing of the owner: whom a request calls
    /// so proves nothing.
    #[must_use]
    pub fn of_others(&self) -> Self {
        Self {
            grants: self.others().cloned().collect(),
            ..Self::default()
        }
    }

    /// The grants to others than the owner.
    pub fn others(&self) -> impl Iterator<Item = &Grant> {
        self.grants
            .iter()
            .filter(|grant| self.owner.is_empty() || !grant.is_to(&self.owner))
    }

    /// The grants to neither the owner nor one of ours nor log delivery.
    pub fn foreign<'a>(&'a self, zone: &'a Zone) -> impl Iterator<Item = &'a Grant> {
        self.others().filter(|grant| {
            !grant.is_delivery() && !zone.canonical_ids.iter().any(|id| grant.is_to(id))
        })
    }
}

impl Facet for BucketAcl {
    const KIND: &'static str = "bucket-acl";
    type State = Acl;
    type Wish = AclWish;

    fn decide(
        live: &Acl,
        wish: &AclWish,
        baseline: Option<&Acl>,
        scene: Scene<'_>,
    ) -> Decision<Acl> {
        let known =
            |grant: &Grant| baseline.is_some_and(|baseline| baseline.grants.contains(grant));
        let bad: Vec<&Grant> = if live.off {
            Vec::new()
        } else if wish.owner_only {
            live.others().collect()
        } else {
            // A grant to S3's own log delivery that the known list lacks is as new as any
            // other; CloudFront needs its own wherever it delivers.
            let new_delivery = live.others().filter(|grant| {
                !wish.as_left
                    && baseline.is_some()
                    && grant.is_delivery()
                    && matches!(grant.to, Grantee::Group(_))
            });
            live.foreign(scene.zone)
                .chain(new_delivery)
                .filter(|grant| !known(grant))
                .collect()
        };
        let lost: Vec<&Grant> = match baseline {
            Some(baseline) if !wish.owner_only && !wish.as_left => {
                let delivery = baseline.grants.iter().filter(|grant| grant.is_delivery());
                delivery
                    .filter(|grant| !live.grants.contains(grant))
                    .collect()
            }
            _ => Vec::new(),
        };
        if bad.is_empty() && (lost.is_empty() || !wish.protected) {
            return Decision::Safe;
        }
        let told = |grants: &[&Grant]| {
            grants
                .iter()
                .map(|grant| grant.tell())
                .collect::<Vec<_>>()
                .join(", ")
        };
        if !wish.protected {
            let what = told(&bad);
            return Decision::ByHand(format!(
                "the ACL grants {what}; take that out unless this bucket is meant to be public"
            ));
        }
        if live.off {
            return Decision::ByHand(format!(
                "ACLs are switched off, and with them {} is gone; let the bucket's policy admit that delivery and approve the baseline",
                told(&lost)
            ));
        }
        if live.owner.is_empty() {
            return Decision::CannotTell("the ACL does not say who owns the bucket".into());
        }
        let mut grants: Vec<Grant> = live
            .grants
            .iter()
            .filter(|grant| !bad.contains(grant))
            .cloned()
            .collect();
        let own = Grant::new(Grantee::CanonicalId(live.owner.clone()), "FULL_CONTROL");
        if !grants.contains(&own) {
            grants.insert(0, own);
        }
        grants.extend(lost.iter().map(|grant| (*grant).clone()));
        let mut why = Vec::new();
        if !bad.is_empty() {
            why.push(format!("take {} out of the ACL", told(&bad)));
        }
        if !lost.is_empty() {
            why.push(format!("put {} back", told(&lost)));
        }
        Decision::change(
            Acl {
                owner: live.owner.clone(),
                grants,
                off: false,
            },
            why.join("; "),
        )
    }

    fn compare(live: &Acl, known: &Acl) -> Standing {
        let new: Vec<_> = live
            .others()
            .filter(|grant| !known.grants.contains(grant))
            .collect();
        let gone: Vec<_> = known
            .others()
            .filter(|grant| !live.grants.contains(grant))
            .collect();
        let delivery = |grants: &[&Grant]| grants.iter().any(|grant| grant.is_delivery());
        match (new.is_empty(), gone.is_empty()) {
            (true, true) => Standing::Equal,
            // Fewer grants are safer, but without those of log delivery evidence is lost.
            (true, false) if !delivery(&gone) => Standing::Stronger,
            (false, true) if !new.iter().all(|grant| grant.is_delivery()) => Standing::Weaker,
            _ => Standing::Incomparable,
        }
    }

    fn tell(state: &Acl) -> String {
        let others: Vec<_> = state.others().map(Grant::tell).collect();
        if others.is_empty() {
            "a private ACL".into()
        } else {
            format!("an ACL with {}", others.join(", "))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facets::bucket::law::{changed, keeps_the_law, stage};
    use proptest::prelude::*;

    const OWNER: &str = "0e9d5b7c31f8426ad7c905e2b14f86a3d07e5c92b8416fd3a0c7e9514b28f6d3";
    const STRANGER: &str = "e4b80c5f17a936d2c84f1b5e09d7a362f85c0e94d1b7a3f6285e0c9d4b71fa38";

    fn grant_to(to: &str, may: &str) -> Grant {
        let of = to.to_owned();
        Grant::new(
            if to.contains('/') {
                Grantee::Group(of)
            } else {
                Grantee::CanonicalId(of)
            },
            may,
        )
    }

    fn acl(grants: &[(&str, &str)]) -> Acl {
        Acl {
            owner: OWNER.into(),
            grants: grants.iter().map(|(to, may)| grant_to(to, may)).collect(),
            off: false,
        }
    }

    fn any_acl() -> impl Strategy<Value = Acl> {
        let who = prop::sample::select(vec![
            OWNER,
            STRANGER,
            CLOUDFRONT_DELIVERY[0],
            ALL_USERS,
            AUTHENTICATED_USERS,
            LOG_DELIVERY,
        ]);
        let may = prop::sample::select(vec![
            "READ",
            "WRITE",
            "READ_ACP",
            "WRITE_ACP",
            "FULL_CONTROL",
        ]);
        let grants = prop::collection::vec((who, may), 0..6);
        let (named, off) = (prop::bool::weighted(0.9), prop::bool::weighted(0.2));
        (grants, named, off).prop_map(|(grants, named, off)| {
            let mut acl = acl(&grants);
            acl.owner = if named { OWNER.into() } else { String::new() };
            acl.off = off;
            acl
        })
    }

    proptest! {
        #[test]
        fn acls_keep_the_law(
            live in any_acl(), baseline in proptest::option::of(any_acl()), protected: bool, owner_only: bool, as_left: bool,
        ) {
            keeps_the_law::<BucketAcl>(&live, &AclWish { protected, owner_only, as_left }, baseline.as_ref())?;
        }
    }

    const GUARDED: AclWish = AclWish {
        protected: true,
        owner_only: false,
        as_left: false,
    };

    #[test]
    fn strangers_go_and_log_delivery_stays() {
        let stage = stage();
        let cloudfront = (CLOUDFRONT_DELIVERY[0], "FULL_CONTROL");
        let delivery = (LOG_DELIVERY, "WRITE");
        let live = acl(&[
            (ALL_USERS, "READ"),
            cloudfront,
            delivery,
            (STRANGER, "FULL_CONTROL"),
        ]);
        let change = changed(BucketAcl::decide(&live, &GUARDED, None, stage.scene()));
        assert_eq!(
            change.to,
            acl(&[(OWNER, "FULL_CONTROL"), cloudfront, delivery])
        );
    }

    #[test]
    fn log_delivery_may_write_but_not_read() {
        assert!(!grant_to(LOG_DELIVERY, "READ").is_delivery());
        assert!(!grant_to(LOG_DELIVERY, "FULL_CONTROL").is_delivery());
    }

    #[test]
    fn what_the_baseline_grants_is_left_and_its_lost_delivery_comes_back() {
        let stage = stage();
        let known = acl(&[
            (OWNER, "FULL_CONTROL"),
            (STRANGER, "READ"),
            (LOG_DELIVERY, "WRITE"),
        ]);
        let live = acl(&[(OWNER, "FULL_CONTROL"), (STRANGER, "READ")]);
        let change = changed(BucketAcl::decide(
            &live,
            &GUARDED,
            Some(&known),
            stage.scene(),
        ));
        assert_eq!(change.to, known);
    }

    #[test]
    fn cloudfront_may_deliver_where_nobody_recorded_it_and_s3_may_not() {
        let stage = stage();
        let (own, cloudfront) = (
            (OWNER, "FULL_CONTROL"),
            (CLOUDFRONT_DELIVERY[0], "FULL_CONTROL"),
        );
        let known = acl(&[own]);
        let decide = |live: &Acl| BucketAcl::decide(live, &GUARDED, Some(&known), stage.scene());
        assert_eq!(decide(&acl(&[own, cloudfront])), Decision::Safe);
        let change = changed(decide(&acl(&[own, cloudfront, (LOG_DELIVERY, "WRITE")])));
        assert_eq!(change.to, acl(&[own, cloudfront]));
    }

    #[test]
    fn nothing_is_put_back_where_acls_are_switched_off() {
        let stage = stage();
        let known = acl(&[(OWNER, "FULL_CONTROL"), (LOG_DELIVERY, "WRITE")]);
        let mut live = acl(&[(OWNER, "FULL_CONTROL")]);
        live.off = true;
        let decide = |wish: &AclWish, known: &Acl| {
            BucketAcl::decide(&live, wish, Some(known), stage.scene())
        };
        assert!(
            matches!(decide(&GUARDED, &known), Decision::ByHand(why) if why.contains("WRITE for S3 log delivery"))
        );
        assert_eq!(decide(&AclWish::default(), &known), Decision::Safe);
        // What a deployer took out is known to be gone.
        assert_eq!(decide(&GUARDED, &Acl::default()), Decision::Safe);
    }

    #[test]
    fn what_was_recorded_before_is_read() {
        let old = r#"{"owner":"me","grants":[{"to":{"group":"x"},"may":"READ"}]}"#;
        let read: Acl = serde_json::from_str(old).unwrap();
        assert!(!read.off);
        assert_eq!(serde_json::to_string(&read).unwrap(), old);
    }

    #[test]
    fn a_bucket_that_is_not_guarded_is_left_to_people() {
        let stage = stage();
        let live = acl(&[(ALL_USERS, "READ")]);
        let decision = BucketAcl::decide(&live, &AclWish::default(), None, stage.scene());
        assert!(matches!(decision, Decision::ByHand(why) if why.contains("READ for everybody")));
    }

    #[test]
    fn the_owner_s_own_grant_is_never_foreign() {
        let stage = stage();
        let live = acl(&[(OWNER, "FULL_CONTROL")]);
        assert_eq!(
            BucketAcl::decide(&live, &GUARDED, None, stage.scene()),
            Decision::Safe
        );
    }
}
