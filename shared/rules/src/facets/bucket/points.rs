//! Access points: whether one that an event made may stay, and its policy.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::PublicAccess;
use crate::facet::{Decision, Facet, Scene};
use crate::facets::guarded::policies;
use crate::facets::made::Gone;

policies! {
    /// An access point's policy. S3 refuses documents of more than
    /// [20 KB](https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-points-restrictions-limitations.html).
    AccessPointPolicy = "access-point-policy", Bucket, "the access point's policy", limit 20 * 1024, may_be_absent true;
}

/// The facet of an access point that an event made.
#[derive(Debug)]
pub struct AccessPoint;

/// An access point as it stands: all that it takes to make it again.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
pub struct Point {
    /// The bucket behind it.
    pub bucket: String,
    /// Who owns the bucket.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bucket_account: Option<String>,
    /// The only VPC from which it answers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub vpc: Option<String>,
    /// Its public access block, which never changes.
    pub blocked: PublicAccess,
    /// When it was made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub created: Option<DateTime<Utc>>,
}

/// What must hold: that it is not there, should it be open.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct AccessPointWish {
    /// When the event made it.
    pub gone: Gone,
    /// The outside account whose bucket it was made for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outsider: Option<String>,
}

impl Facet for AccessPoint {
    const KIND: &'static str = "access-point";
    /// `None`: there is none.
    type State = Option<Point>;
    type Wish = AccessPointWish;

    fn decide(
        live: &Self::State,
        wish: &AccessPointWish,
        baseline: Option<&Self::State>,
        _: Scene<'_>,
    ) -> Decision<Self::State> {
        const AWAY: &str = "delete the access point";
        let Some(point) = live else {
            return Decision::Safe;
        };
        let foreign = wish.outsider.is_some() && point.bucket_account == wish.outsider;
        if point.blocked == PublicAccess::ALL && !foreign {
            return Decision::Safe;
        }
        if baseline.is_some_and(Option::is_some) {
            return Decision::ByHand(format!(
                "the access point is among the recorded ones; {AWAY} if it is not meant"
            ));
        }
        match wish.gone.made(point.created) {
            Some(true) => Decision::change(None, AWAY),
            Some(false) => Decision::ByHand(format!(
                "the access point is older than the event; {AWAY} if it is not meant"
            )),
            None => Decision::change(None, AWAY).once_confirmed(),
        }
    }

    fn same(one: &Self::State, other: &Self::State) -> bool {
        let aged = |state: &Self::State| {
            state.clone().map(|point| Point {
                created: None,
                ..point
            })
        };
        aged(one) == aged(other)
    }

    fn tell(state: &Self::State) -> String {
        let Some(point) = state else {
            return "no access point".into();
        };
        let off = point.blocked.off();
        let bucket = &point.bucket;
        if off.is_empty() {
            format!("access point of {bucket}, closed to the public")
        } else {
            format!("access point of {bucket} without {}", off.join(", "))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facet::PolicyState;
    use crate::facets::guarded::PolicyWish;
    use crate::facets::law::{Stage, changed, keeps_the_law};
    use chrono::TimeDelta;

    #[test]
    fn only_an_open_access_point_that_the_event_made_is_deleted() {
        let stage = Stage::of("arn:aws:s3:eu-west-1:111111111111:accesspoint/door");
        let now = stage.scene().now;
        let point = |blocked, age: i64| {
            Some(Point {
                bucket: "acme-org-trail-logs".into(),
                bucket_account: Some("333333333333".into()),
                blocked,
                created: Some(now - TimeDelta::minutes(age)),
                ..Point::default()
            })
        };
        let wish = |outsider: Option<&str>| AccessPointWish {
            gone: Gone { at: Some(now) },
            outsider: outsider.map(Into::into),
        };
        let decide =
            |live: &Option<Point>, wish| AccessPoint::decide(live, &wish, None, stage.scene());
        let open = point(PublicAccess::default(), 1);
        assert_eq!(changed(decide(&open, wish(None))).to, None);
        let old = point(PublicAccess::default(), 60);
        assert!(matches!(decide(&old, wish(None)), Decision::ByHand(_)));
        let closed = point(PublicAccess::ALL, 1);
        assert_eq!(decide(&closed, wish(None)), Decision::Safe);
        assert_eq!(
            changed(decide(&closed, wish(Some("333333333333")))).to,
            None
        );
        let known = AccessPoint::decide(&open, &wish(None), Some(&open), stage.scene());
        assert!(matches!(known, Decision::ByHand(_)));
        assert!(AccessPoint::same(&open, &old));
        for live in [open, old, closed, None] {
            keeps_the_law::<AccessPoint>(&stage, &live, &wish(None), None).unwrap();
        }
    }

    #[test]
    fn outsiders_leave_an_access_points_policy() {
        let stage = Stage::of("arn:aws:s3:eu-west-1:111111111111:accesspoint/door");
        let text = r#"{"Version":"2012-10-17","Statement":[
            {"Sid":"Ours","Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111111111111:role/reader"},"Action":"s3:GetObject","Resource":"arn:aws:s3:eu-west-1:111111111111:accesspoint/door/object/*"},
            {"Sid":"Theirs","Effect":"Allow","Principal":{"AWS":"arn:aws:iam::333333333333:root"},"Action":"s3:GetObject","Resource":"arn:aws:s3:eu-west-1:111111111111:accesspoint/door/object/*"}]}"#;
        let live = PolicyState::read(text);
        let wish = PolicyWish::whole();
        let change = changed(AccessPointPolicy::decide(&live, &wish, None, stage.scene()));
        let left = change.to.document().unwrap().as_json().to_owned();
        assert!(
            left.contains("reader") && !left.contains("333333333333"),
            "{left}"
        );
        keeps_the_law::<AccessPointPolicy>(&stage, &live, &wish, None).unwrap();
    }
}
