//! Where a bucket's objects are copied to, without loss.

use aws_sdk_s3::error::BuildError;
use aws_sdk_s3::operation::RequestId;
use aws_sdk_s3::types::{
    self as s3, AccessControlTranslation, DeleteMarkerReplication, DeleteMarkerReplicationStatus,
    EncryptionConfiguration, ExistingObjectReplication, ExistingObjectReplicationStatus, Metrics,
    MetricsStatus, OwnerOverride, ReplicaModifications, ReplicaModificationsStatus,
    ReplicationConfiguration, ReplicationRuleAndOperator, ReplicationRuleFilter,
    ReplicationRuleStatus, ReplicationTime, ReplicationTimeStatus, ReplicationTimeValue,
    SourceSelectionCriteria, SseKmsEncryptedObjects, SseKmsEncryptedObjectsStatus, StorageClass,
};

use auditward_rules::facet::At;
use auditward_rules::facets::bucket::{
    BucketReplication, Destination, Replication, ReplicationFilter, ReplicationRule, Tag, Timed,
};
use auditward_runtime::failure::{Failure, found};
use auditward_runtime::hand::{Hand, Written};

use super::{S3, says};

const READ: &str = "s3:GetReplicationConfiguration";
const WRITE: &str = "s3:PutReplicationConfiguration";

impl Hand<BucketReplication> for S3<'_> {
    async fn read(&self, at: &At) -> Result<Replication, Failure> {
        let request = self
            .client(at)
            .await?
            .get_bucket_replication()
            .bucket(at.name());
        let answer = request.expected_bucket_owner(&at.account).send().await;
        let answer = found(READ, answer, |e| {
            says(e, "ReplicationConfigurationNotFoundError")
        })?;
        let live = answer.and_then(|answer| answer.replication_configuration);
        let live = live.map(|live| Replication {
            role: live.role().to_owned(),
            rules: live.rules().iter().map(rule_of).collect(),
        });
        Ok(live.unwrap_or_default())
    }

    async fn write(&self, at: &At, _: &Replication, to: &Replication) -> Result<Written, Failure> {
        let client = self.client(at).await?;
        if to.rules.is_empty() {
            let request = client.delete_bucket_replication().bucket(at.name());
            let answer = request.expected_bucket_owner(&at.account).send().await;
            let answer = answer.map_err(|error| Failure::of(WRITE, &error))?;
            return Ok(Written::default().and(answer.request_id()));
        }
        let unusable = |error: BuildError| Failure::other(WRITE, error.to_string());
        let rules: Result<Vec<_>, BuildError> = one_form(&to.rules).iter().map(rule_to).collect();
        let configuration = ReplicationConfiguration::builder()
            .role(&to.role)
            .set_rules(Some(rules.map_err(unusable)?))
            .build()
            .map_err(unusable)?;
        let request = client
            .put_bucket_replication()
            .bucket(at.name())
            .replication_configuration(configuration);
        let answer = request.expected_bucket_owner(&at.account).send().await;
        let answer = answer.map_err(|error| Failure::of(WRITE, &error))?;
        Ok(Written::default().and(answer.request_id()))
    }
}

/// S3 refuses rules of the old form beside those with filters. In the new form
/// each has a priority, and copies delete markers only where it says so.
fn one_form(rules: &[ReplicationRule]) -> Vec<ReplicationRule> {
    let mut rules = rules.to_vec();
    if rules.iter().all(|rule| rule.filter.is_none()) {
        return rules;
    }
    let priorities = rules.iter().filter_map(|rule| rule.priority);
    let mut priority = priorities.max().unwrap_or(0);
    for rule in rules.iter_mut().filter(|rule| rule.filter.is_none()) {
        rule.filter = Some(ReplicationFilter {
            prefix: Some(rule.prefix.take().unwrap_or_default()),
            tags: Vec::new(),
        });
        rule.delete_markers = rule.delete_markers.or(Some(true));
        if rule.priority.is_none() {
            priority = priority.saturating_add(1);
            rule.priority = Some(priority);
        }
    }
    rules
}

fn timed(on: bool, minutes: Option<&ReplicationTimeValue>) -> Timed {
    Timed {
        on,
        minutes: minutes.and_then(ReplicationTimeValue::minutes),
    }
}

#[expect(deprecated, reason = "old rules have their prefix there")]
fn rule_of(rule: &s3::ReplicationRule) -> ReplicationRule {
    let criteria = rule.source_selection_criteria();
    let encrypted = criteria.and_then(SourceSelectionCriteria::sse_kms_encrypted_objects);
    let changes = criteria.and_then(SourceSelectionCriteria::replica_modifications);
    ReplicationRule {
        id: rule.id().map(str::to_owned),
        priority: rule.priority(),
        enabled: *rule.status() == ReplicationRuleStatus::Enabled,
        filter: rule.filter().map(filter_of),
        prefix: rule.prefix().map(str::to_owned),
        destination: rule.destination().map(destination_of).unwrap_or_default(),
        delete_markers: rule
            .delete_marker_replication()
            .map(|found| found.status() == Some(&DeleteMarkerReplicationStatus::Enabled)),
        encrypted_objects: encrypted
            .map(|found| *found.status() == SseKmsEncryptedObjectsStatus::Enabled),
        replica_changes: changes
            .map(|found| *found.status() == ReplicaModificationsStatus::Enabled),
        existing_objects: rule
            .existing_object_replication()
            .map(|found| *found.status() == ExistingObjectReplicationStatus::Enabled),
    }
}

fn filter_of(filter: &ReplicationRuleFilter) -> ReplicationFilter {
    let tag = |tag: &s3::Tag| Tag {
        key: tag.key().to_owned(),
        value: tag.value().to_owned(),
    };
    match filter.and() {
        Some(all) => ReplicationFilter {
            prefix: all.prefix().map(str::to_owned),
            tags: all.tags().iter().map(tag).collect(),
        },
        None => ReplicationFilter {
            prefix: filter.prefix().map(str::to_owned),
            tags: filter.tag().map(tag).into_iter().collect(),
        },
    }
}

fn destination_of(found: &s3::Destination) -> Destination {
    let time = found.replication_time();
    let metrics = found.metrics();
    Destination {
        bucket: found.bucket().to_owned(),
        account: found.account().map(str::to_owned),
        class: found.storage_class().map(|class| class.as_str().to_owned()),
        owner: found
            .access_control_translation()
            .map(|found| found.owner().as_str().to_owned()),
        key: found
            .encryption_configuration()
            .and_then(EncryptionConfiguration::replica_kms_key_id)
            .map(str::to_owned),
        time: time.map(|found| {
            let on = *found.status() == ReplicationTimeStatus::Enabled;
            timed(on, found.time())
        }),
        metrics: metrics.map(|found| {
            let on = *found.status() == MetricsStatus::Enabled;
            timed(on, found.event_threshold())
        }),
    }
}

/// S3's word for on and off, in any of its many types.
fn word(on: bool) -> &'static str {
    if on { "Enabled" } else { "Disabled" }
}

#[expect(deprecated, reason = "old rules have their prefix there")]
fn rule_to(rule: &ReplicationRule) -> Result<s3::ReplicationRule, BuildError> {
    let mut criteria = None;
    if rule.encrypted_objects.or(rule.replica_changes).is_some() {
        let encrypted = rule.encrypted_objects.map(|on| {
            let status = SseKmsEncryptedObjectsStatus::from(word(on));
            SseKmsEncryptedObjects::builder().status(status).build()
        });
        let changes = rule.replica_changes.map(|on| {
            let status = ReplicaModificationsStatus::from(word(on));
            ReplicaModifications::builder().status(status).build()
        });
        let built = SourceSelectionCriteria::builder()
            .set_sse_kms_encrypted_objects(encrypted.transpose()?)
            .set_replica_modifications(changes.transpose()?);
        criteria = Some(built.build());
    }
    let existing = rule.existing_objects.map(|on| {
        let status = ExistingObjectReplicationStatus::from(word(on));
        ExistingObjectReplication::builder().status(status).build()
    });
    let markers = rule.delete_markers.map(|on| {
        let status = DeleteMarkerReplicationStatus::from(word(on));
        DeleteMarkerReplication::builder().status(status).build()
    });
    let filter = rule.filter.as_ref().map(filter_to).transpose()?;
    s3::ReplicationRule::builder()
        .set_id(rule.id.clone())
        .set_priority(rule.priority)
        .status(ReplicationRuleStatus::from(word(rule.enabled)))
        .set_filter(filter)
        .set_prefix(rule.prefix.clone())
        .set_source_selection_criteria(criteria)
        .set_existing_object_replication(existing.transpose()?)
        .set_delete_marker_replication(markers)
        .destination(destination_to(&rule.destination)?)
        .build()
}

/// S3 takes one condition as it is, and several only inside an `And`.
fn filter_to(filter: &ReplicationFilter) -> Result<ReplicationRuleFilter, BuildError> {
    let tag = |tag: &Tag| s3::Tag::builder().key(&tag.key).value(&tag.value).build();
    let tags: Vec<s3::Tag> = filter.tags.iter().map(tag).collect::<Result<_, _>>()?;
    let made = ReplicationRuleFilter::builder();
    if tags.len() + usize::from(filter.prefix.is_some()) > 1 {
        let all = ReplicationRuleAndOperator::builder()
            .set_prefix(filter.prefix.clone())
            .set_tags(Some(tags));
        return Ok(made.and(all.build()).build());
    }
    Ok(made
        .set_prefix(filter.prefix.clone())
        .set_tag(tags.into_iter().next())
        .build())
}

fn destination_to(to: &Destination) -> Result<s3::Destination, BuildError> {
    let minutes = |timed: &Timed| {
        let minutes = timed.minutes?;
        Some(ReplicationTimeValue::builder().minutes(minutes).build())
    };
    let time = to.time.map(|timed| {
        ReplicationTime::builder()
            .status(ReplicationTimeStatus::from(word(timed.on)))
            .set_time(minutes(&timed))
            .build()
    });
    let metrics = to.metrics.map(|timed| {
        Metrics::builder()
            .status(MetricsStatus::from(word(timed.on)))
            .set_event_threshold(minutes(&timed))
            .build()
    });
    let owner = to.owner.as_deref().map(|owner| {
        AccessControlTranslation::builder()
            .owner(OwnerOverride::from(owner))
            .build()
    });
    let key = to.key.as_ref().map(|key| {
        EncryptionConfiguration::builder()
            .replica_kms_key_id(key)
            .build()
    });
    s3::Destination::builder()
        .bucket(&to.bucket)
        .set_account(to.account.clone())
        .set_storage_class(to.class.as_deref().map(StorageClass::from))
        .set_access_control_translation(owner.transpose()?)
        .set_encryption_configuration(key)
        .set_replication_time(time.transpose()?)
        .set_metrics(metrics.transpose()?)
        .build()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn full() -> ReplicationRule {
        ReplicationRule {
            id: Some("everything".into()),
            priority: Some(7),
            enabled: true,
            filter: Some(ReplicationFilter {
                prefix: Some("AWSLogs/".into()),
                tags: vec![Tag {
                    key: "a".into(),
                    value: "b".into(),
                }],
            }),
            prefix: None,
            destination: Destination {
                bucket: "arn:aws:s3:::acme-archive".into(),
                account: Some("222222222222".into()),
                class: Some("GLACIER_IR".into()),
                owner: Some("Destination".into()),
                key: Some("arn:aws:kms:eu-west-1:222222222222:key/k".into()),
                time: Some(Timed {
                    on: true,
                    minutes: Some(15),
                }),
                metrics: Some(Timed {
                    on: false,
                    minutes: None,
                }),
            },
            delete_markers: Some(false),
            encrypted_objects: Some(true),
            replica_changes: Some(false),
            existing_objects: Some(true),
        }
    }

    #[test]
    fn nothing_of_a_rule_is_lost_on_the_way_there_and_back() {
        let plain = ReplicationRule {
            destination: Destination {
                bucket: "arn:aws:s3:::acme-archive".into(),
                ..Destination::default()
            },
            prefix: Some("old/".into()),
            ..ReplicationRule::default()
        };
        let one_prefix = ReplicationRule {
            filter: Some(ReplicationFilter {
                prefix: Some(String::new()),
                tags: Vec::new(),
            }),
            ..full()
        };
        for rule in [full(), plain, one_prefix] {
            assert_eq!(rule_of(&rule_to(&rule).unwrap()), rule);
        }
    }

    #[test]
    fn an_old_rule_takes_the_new_form_beside_new_ones() {
        let old = ReplicationRule {
            prefix: Some("old/".into()),
            ..ReplicationRule::default()
        };
        let alone = std::slice::from_ref(&old);
        assert_eq!(one_form(alone), alone);
        let both = one_form(&[full(), old]);
        let made = both.last().unwrap();
        assert_eq!((made.priority, made.delete_markers), (Some(8), Some(true)));
        let filter = made.filter.as_ref().unwrap();
        assert_eq!(
            (filter.prefix.as_deref(), &made.prefix),
            (Some("old/"), &None)
        );
    }
}
