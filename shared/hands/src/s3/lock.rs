//! How long new objects of a bucket are locked.

use aws_sdk_s3::operation::RequestId;
use aws_sdk_s3::types::{
    DefaultRetention, EventHoldDuration, ObjectLockConfiguration, ObjectLockEnabled,
    ObjectLockRetentionMode, ObjectLockRule,
};

use auditward_rules::facet::At;
use auditward_rules::facets::bucket::{BucketObjectLock, ObjectLock};
use auditward_runtime::failure::{Failure, found};
use auditward_runtime::hand::{Hand, Written};

use super::{S3, says};

const READ: &str = "s3:GetBucketObjectLockConfiguration";
const WRITE: &str = "s3:PutBucketObjectLockConfiguration";

impl Hand<BucketObjectLock> for S3<'_> {
    async fn read(&self, at: &At) -> Result<Option<ObjectLock>, Failure> {
        let request = self
            .client(at)
            .await?
            .get_object_lock_configuration()
            .bucket(at.name());
        let answer = request.expected_bucket_owner(&at.account).send().await;
        let answer = found(READ, answer, |e| {
            says(e, "ObjectLockConfigurationNotFoundError")
        })?;
        let lock = answer
            .as_ref()
            .and_then(|answer| answer.object_lock_configuration());
        Ok(lock.map(lock_of))
    }

    async fn write(
        &self,
        at: &At,
        _: &Option<ObjectLock>,
        to: &Option<ObjectLock>,
    ) -> Result<Written, Failure> {
        let Some(lock) = to else {
            let why = "object lock cannot be switched off";
            return Err(Failure::other(WRITE, why));
        };
        let request = self
            .client(at)
            .await?
            .put_object_lock_configuration()
            .bucket(at.name())
            .object_lock_configuration(lock_to(lock));
        let answer = request.expected_bucket_owner(&at.account).send().await;
        let answer = answer.map_err(|error| Failure::of(WRITE, &error))?;
        Ok(Written::default().and(answer.request_id()))
    }
}

fn lock_of(found: &ObjectLockConfiguration) -> ObjectLock {
    let Some(retention) = found.rule().and_then(ObjectLockRule::default_retention) else {
        return ObjectLock::default();
    };
    let hold = retention.default_event_hold();
    ObjectLock {
        mode: retention.mode().map(|mode| mode.as_str().to_owned()),
        days: retention.days(),
        years: retention.years(),
        hold_days: hold.and_then(EventHoldDuration::days),
        hold_years: hold.and_then(EventHoldDuration::years),
    }
}

fn lock_to(lock: &ObjectLock) -> ObjectLockConfiguration {
    let made = ObjectLockConfiguration::builder().object_lock_enabled(ObjectLockEnabled::Enabled);
    if *lock == ObjectLock::default() {
        return made.build();
    }
    let hold = lock.hold_days.or(lock.hold_years).map(|_| {
        EventHoldDuration::builder()
            .set_days(lock.hold_days)
            .set_years(lock.hold_years)
            .build()
    });
    let retention = DefaultRetention::builder()
        .set_mode(lock.mode.as_deref().map(ObjectLockRetentionMode::from))
        .set_days(lock.days)
        .set_years(lock.years)
        .set_default_event_hold(hold)
        .build();
    let rule = ObjectLockRule::builder().default_retention(retention);
    made.rule(rule.build()).build()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_lost_on_the_way_there_and_back() {
        let full = ObjectLock {
            mode: Some("COMPLIANCE".into()),
            years: Some(7),
            hold_days: Some(30),
            ..ObjectLock::default()
        };
        for lock in [full, ObjectLock::default()] {
            assert_eq!(lock_of(&lock_to(&lock)), lock);
        }
    }
}
