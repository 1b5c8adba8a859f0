//! A bucket's lifecycle rules, without loss.

use aws_sdk_s3::error::BuildError;
use aws_sdk_s3::operation::RequestId;
use aws_sdk_s3::types::{
    self as s3, AbortIncompleteMultipartUpload, BucketLifecycleConfiguration, ExpirationStatus,
    LifecycleExpiration, LifecycleRuleAndOperator, LifecycleRuleFilter,
    NoncurrentVersionExpiration, NoncurrentVersionTransition, TransitionDefaultMinimumObjectSize,
    TransitionStorageClass,
};
use aws_smithy_types::DateTime;
use aws_smithy_types::date_time::Format;

use auditward_rules::facet::At;
use auditward_rules::facets::bucket::{
    BucketLifecycle, Expiration, Filter, Lifecycle, LifecycleRule, NoncurrentExpiration,
    NoncurrentTransition, Tag, Transition,
};
use auditward_runtime::failure::{Failure, found};
use auditward_runtime::hand::{Hand, Written};

use super::{S3, says};

const READ: &str = "s3:GetLifecycleConfiguration";
const WRITE: &str = "s3:PutLifecycleConfiguration";

impl Hand<BucketLifecycle> for S3<'_> {
    async fn read(&self, at: &At) -> Result<Lifecycle, Failure> {
        let request = self
            .client(at)
            .await?
            .get_bucket_lifecycle_configuration()
            .bucket(at.name());
        let answer = request.expected_bucket_owner(&at.account).send().await;
        let answer = found(READ, answer, |e| says(e, "NoSuchLifecycleConfiguration"))?;
        Ok(answer.map_or_else(Lifecycle::default, |answer| Lifecycle {
            rules: answer.rules().iter().map(rule_of).collect(),
            minimum_size: answer
                .transition_default_minimum_object_size()
                .map(|size| size.as_str().to_owned()),
        }))
    }

    async fn write(&self, at: &At, _: &Lifecycle, to: &Lifecycle) -> Result<Written, Failure> {
        let client = self.client(at).await?;
        if to.rules.is_empty() {
            let request = client.delete_bucket_lifecycle().bucket(at.name());
            let answer = request.expected_bucket_owner(&at.account).send().await;
            let answer = answer.map_err(|error| Failure::of(WRITE, &error))?;
            return Ok(Written::default().and(answer.request_id()));
        }
        // S3 refuses the old form of a prefix beside rules with filters.
        let filters = to.rules.iter().any(|rule| rule.filter.is_some());
        let rules: Result<Vec<_>, String> =
            to.rules.iter().map(|rule| rule_to(rule, filters)).collect();
        let rules = rules.map_err(|why| Failure::other(WRITE, why))?;
        let configuration = BucketLifecycleConfiguration::builder()
            .set_rules(Some(rules))
            .build();
        let configuration =
            configuration.map_err(|error| Failure::other(WRITE, error.to_string()))?;
        let size = to
            .minimum_size
            .as_deref()
            .map(TransitionDefaultMinimumObjectSize::from);
        let request = client
            .put_bucket_lifecycle_configuration()
            .bucket(at.name())
            .lifecycle_configuration(configuration)
            .set_transition_default_minimum_object_size(size);
        let answer = request.expected_bucket_owner(&at.account).send().await;
        let answer = answer.map_err(|error| Failure::of(WRITE, &error))?;
        Ok(Written::default().and(answer.request_id()))
    }
}

#[expect(deprecated, reason = "old rules have their prefix there")]
fn rule_of(rule: &s3::LifecycleRule) -> LifecycleRule {
    let date = |date: &DateTime| date.fmt(Format::DateTime).unwrap_or_default();
    LifecycleRule {
        id: rule.id().map(str::to_owned),
        enabled: *rule.status() == ExpirationStatus::Enabled,
        prefix: rule.prefix().map(str::to_owned),
        filter: rule.filter().map(filter_of),
        expiration: rule.expiration().map(|found| Expiration {
            days: found.days(),
            date: found.date().map(date),
            delete_markers: found.expired_object_delete_marker(),
        }),
        noncurrent_expiration: rule.noncurrent_version_expiration().map(|found| {
            NoncurrentExpiration {
                days: found.noncurrent_days(),
                keep_newer: found.newer_noncurrent_versions(),
            }
        }),
        transitions: (rule.transitions().iter())
            .map(|found| Transition {
                days: found.days(),
                date: found.date().map(date),
                class: class_of(found.storage_class()),
            })
            .collect(),
        noncurrent_transitions: (rule.noncurrent_version_transitions().iter())
            .map(|found| NoncurrentTransition {
                days: found.noncurrent_days(),
                keep_newer: found.newer_noncurrent_versions(),
                class: class_of(found.storage_class()),
            })
            .collect(),
        abort_uploads_after: (rule.abort_incomplete_multipart_upload())
            .and_then(AbortIncompleteMultipartUpload::days_after_initiation),
    }
}

fn class_of(class: Option<&TransitionStorageClass>) -> String {
    class
        .map(TransitionStorageClass::as_str)
        .unwrap_or_default()
        .to_owned()
}

fn filter_of(filter: &LifecycleRuleFilter) -> Filter {
    let tag = |tag: &s3::Tag| Tag {
        key: tag.key().to_owned(),
        value: tag.value().to_owned(),
    };
    match filter.and() {
        Some(all) => Filter {
            prefix: all.prefix().map(str::to_owned),
            tags: all.tags().iter().map(tag).collect(),
            larger_than: all.object_size_greater_than(),
            smaller_than: all.object_size_less_than(),
        },
        None => Filter {
            prefix: filter.prefix().map(str::to_owned),
            tags: filter.tag().map(tag).into_iter().collect(),
            larger_than: filter.object_size_greater_than(),
            smaller_than: filter.object_size_less_than(),
        },
    }
}

#[expect(deprecated, reason = "old rules have their prefix there")]
fn rule_to(rule: &LifecycleRule, filters: bool) -> Result<s3::LifecycleRule, String> {
    let date = |date: &Option<String>| match date {
        None => Ok(None),
        Some(date) => DateTime::from_str(date, Format::DateTime)
            .map(Some)
            .map_err(|error| error.to_string()),
    };
    let says = |error: BuildError| error.to_string();
    let mut made = s3::LifecycleRule::builder()
        .set_id(rule.id.clone())
        .status(if rule.enabled {
            ExpirationStatus::Enabled
        } else {
            ExpirationStatus::Disabled
        });
    match (&rule.prefix, &rule.filter) {
        (Some(prefix), None) if filters => {
            made = made.filter(LifecycleRuleFilter::builder().prefix(prefix).build());
        }
        (prefix, filter) => {
            let filter = filter.as_ref().map(filter_to).transpose().map_err(says)?;
            made = made.set_prefix(prefix.clone()).set_filter(filter);
        }
    }
    if let Some(expiration) = &rule.expiration {
        let built = LifecycleExpiration::builder()
            .set_days(expiration.days)
            .set_date(date(&expiration.date)?)
            .set_expired_object_delete_marker(expiration.delete_markers);
        made = made.expiration(built.build());
    }
    if let Some(expiration) = &rule.noncurrent_expiration {
        let built = NoncurrentVersionExpiration::builder()
            .set_noncurrent_days(expiration.days)
            .set_newer_noncurrent_versions(expiration.keep_newer);
        made = made.noncurrent_version_expiration(built.build());
    }
    for transition in &rule.transitions {
        let built = s3::Transition::builder()
            .set_days(transition.days)
            .set_date(date(&transition.date)?)
            .storage_class(TransitionStorageClass::from(transition.class.as_str()));
        made = made.transitions(built.build());
    }
    for transition in &rule.noncurrent_transitions {
        let built = NoncurrentVersionTransition::builder()
            .set_noncurrent_days(transition.days)
            .set_newer_noncurrent_versions(transition.keep_newer)
            .storage_class(TransitionStorageClass::from(transition.class.as_str()));
        made = made.noncurrent_version_transitions(built.build());
    }
    if let Some(days) = rule.abort_uploads_after {
        let built = AbortIncompleteMultipartUpload::builder().days_after_initiation(days);
        made = made.abort_incomplete_multipart_upload(built.build());
    }
    made.build().map_err(says)
}

/// S3 takes one condition as it is, and several only inside an `And`.
fn filter_to(filter: &Filter) -> Result<LifecycleRuleFilter, BuildError> {
    let tag = |tag: &Tag| s3::Tag::builder().key(&tag.key).value(&tag.value).build();
    let tags: Vec<s3::Tag> = filter.tags.iter().map(tag).collect::<Result<_, _>>()?;
    let others = [
        filter.prefix.is_some(),
        filter.larger_than.is_some(),
        filter.smaller_than.is_some(),
    ];
    let made = LifecycleRuleFilter::builder();
    if tags.len() + others.iter().filter(|there| **there).count() > 1 {
        let all = LifecycleRuleAndOperator::builder()
            .set_prefix(filter.prefix.clone())
            .set_tags((!tags.is_empty()).then_some(tags))
            .set_object_size_greater_than(filter.larger_than)
            .set_object_size_less_than(filter.smaller_than);
        return Ok(made.and(all.build()).build());
    }
    Ok(made
        .set_prefix(filter.prefix.clone())
        .set_tag(tags.into_iter().next())
        .set_object_size_greater_than(filter.larger_than)
        .set_object_size_less_than(filter.smaller_than)
        .build())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn full() -> LifecycleRule {
        LifecycleRule {
            id: Some("everything".into()),
            enabled: true,
            prefix: None,
            filter: Some(Filter {
                prefix: Some("AWSLogs/".into()),
                tags: vec![Tag {
                    key: "a".into(),
                    value: "b".into(),
                }],
                larger_than: Some(0),
                smaller_than: Some(9),
            }),
            expiration: Some(Expiration {
                days: None,
                date: Some("2099-01-01T00:00:00Z".into()),
                delete_markers: None,
            }),
            noncurrent_expiration: Some(NoncurrentExpiration {
                days: Some(400),
                keep_newer: Some(3),
            }),
            transitions: vec![Transition {
                days: Some(90),
                date: None,
                class: "GLACIER".into(),
            }],
            noncurrent_transitions: vec![NoncurrentTransition {
                days: Some(30),
                keep_newer: Some(1),
                class: "A_NEW_CLASS".into(),
            }],
            abort_uploads_after: Some(7),
        }
    }

    #[test]
    fn nothing_of_a_rule_is_lost_on_the_way_there_and_back() {
        let one_tag = Filter {
            tags: full().filter.unwrap().tags,
            ..Filter::default()
        };
        let one_prefix = Filter {
            prefix: Some(String::new()),
            ..Filter::default()
        };
        for rule in [
            full(),
            LifecycleRule {
                filter: Some(one_tag),
                enabled: false,
                ..full()
            },
            LifecycleRule {
                filter: Some(one_prefix),
                ..full()
            },
            LifecycleRule {
                filter: Some(Filter::default()),
                ..full()
            },
            LifecycleRule {
                filter: None,
                prefix: Some("old/".into()),
                ..LifecycleRule::default()
            },
        ] {
            assert_eq!(rule_of(&rule_to(&rule, false).unwrap()), rule);
        }
    }

    #[test]
    fn an_old_prefix_becomes_a_filter_beside_rules_that_have_one() {
        let old = LifecycleRule {
            prefix: Some("old/".into()),
            ..LifecycleRule::default()
        };
        let made = rule_of(&rule_to(&old, true).unwrap());
        assert_eq!(
            (made.prefix, made.filter.unwrap().prefix.as_deref()),
            (None, Some("old/"))
        );
    }
}
