//! How a trail or an event data store is tagged.

use aws_sdk_cloudtrail::operation::RequestId;
use aws_sdk_cloudtrail::types::{ResourceTag, Tag};

use auditward_rules::facet::At;
use auditward_rules::facets::kept::Texts;
use auditward_rules::facets::trail::TrailTags;
use auditward_runtime::failure::{Failure, found};
use auditward_runtime::hand::{Hand, Written};

use super::CloudTrail;
use crate::AWS_TAGS;

const ADD: &str = "cloudtrail:AddTags";
const REMOVE: &str = "cloudtrail:RemoveTags";

/// The tags that CloudTrail lists, but for those that AWS itself keeps.
pub(super) fn listed(resources: &[ResourceTag]) -> Texts {
    let tags = resources.iter().flat_map(|resource| resource.tags_list());
    tags.filter(|tag| !tag.key().starts_with(AWS_TAGS))
        .map(|tag| {
            let value = tag.value().unwrap_or_default();
            (tag.key().to_owned(), value.to_owned())
        })
        .collect()
}

impl Hand<TrailTags> for CloudTrail<'_> {
    async fn read(&self, at: &At) -> Result<Option<Texts>, Failure> {
        let client = self.client(at).await?;
        let (mut tags, mut next) = (Texts::new(), None);
        loop {
            let request = client.list_tags().resource_id_list(&at.resource);
            let answer = request.set_next_token(next).send().await;
            let answer = found("cloudtrail:ListTags", answer, |e| {
                e.is_resource_not_found_exception() || e.is_event_data_store_not_found_exception()
            })?;
            let Some(answer) = answer else {
                return Ok(None);
            };
            tags.extend(listed(answer.resource_tag_list()));
            next = answer.next_token().map(str::to_owned);
            if next.is_none() {
                return Ok(Some(tags));
            }
        }
    }

    async fn write(
        &self,
        at: &At,
        from: &Option<Texts>,
        to: &Option<Texts>,
    ) -> Result<Written, Failure> {
        let (Some(from), Some(to)) = (from, to) else {
            return Err(Failure::other(ADD, "there is nothing to tag"));
        };
        let tags = |some: &Texts, other: &Texts, differ: fn(&String, Option<&String>) -> bool| {
            some.iter()
                .filter(|(key, value)| differ(value, other.get(*key)))
                .map(|(key, value)| Tag::builder().key(key).value(value).build())
                .collect::<Result<Vec<_>, _>>()
                .map_err(|error| Failure::other(ADD, error.to_string()))
        };
        let client = self.client(at).await?;
        let mut written = Written::default();
        let put = tags(to, from, |value, other| other != Some(value))?;
        let gone = tags(from, to, |_, other| other.is_none())?;
        if !put.is_empty() {
            let request = client.add_tags().resource_id(&at.resource);
            let answer = request.set_tags_list(Some(put)).send().await;
            let answer = answer.map_err(|error| Failure::of(ADD, &error))?;
            written = written.and(answer.request_id());
        }
        // Only undo comes here: a tag that was put back.
        if !gone.is_empty() {
            let request = client.remove_tags().resource_id(&at.resource);
            let answer = request.set_tags_list(Some(gone)).send().await;
            let answer = answer.map_err(|error| Failure::of(REMOVE, &error).after(&written))?;
            written = written.and(answer.request_id());
        }
        Ok(written)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_aws_tags_itself_is_nobody_elses_to_write() {
        let tag = |key: &str| Tag::builder().key(key).value("v").build().unwrap();
        let resource = ResourceTag::builder()
            .tags_list(tag("aws:cloudformation:stack-name"))
            .tags_list(tag("owner"))
            .build();
        let known = Texts::from([("owner".to_owned(), "v".to_owned())]);
        assert_eq!(listed(&[resource]), known);
    }
}
