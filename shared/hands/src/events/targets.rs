//! Whom a rule hands events to.

use std::collections::BTreeMap;

use aws_sdk_eventbridge::operation::RequestId;
use aws_sdk_eventbridge::types::{
    DeadLetterConfig, InputTransformer, RetryPolicy, SqsParameters, Target as AwsTarget,
};

use auditward_rules::facet::At;
use auditward_rules::facets::guard::rule::{RuleTargets, Target};
use auditward_runtime::failure::{Failure, found};
use auditward_runtime::hand::{Hand, Written};

use super::{Events, parts};

const LIST: &str = "events:ListTargetsByRule";
const PUT: &str = "events:PutTargets";
const REMOVE: &str = "events:RemoveTargets";

fn target_of(target: &AwsTarget) -> Target {
    let transformer = target.input_transformer();
    let retry = target.retry_policy();
    let parts = transformer.and_then(|one| one.input_paths_map());
    Target {
        arn: target.arn().to_owned(),
        role: target.role_arn().map(str::to_owned),
        input: target.input().map(str::to_owned),
        path: target.input_path().map(str::to_owned),
        parts: parts
            .into_iter()
            .flatten()
            .map(|(name, path)| (name.clone(), path.clone()))
            .collect(),
        template: transformer.map(|one| one.input_template().to_owned()),
        dead_letters: target
            .dead_letter_config()
            .and_then(|one| one.arn().map(str::to_owned)),
        retries: retry.and_then(RetryPolicy::maximum_retry_attempts),
        age: retry.and_then(RetryPolicy::maximum_event_age_in_seconds),
        group: target
            .sqs_parameters()
            .and_then(|one| one.message_group_id().map(str::to_owned)),
        more: target.kinesis_parameters().is_some()
            || target.run_command_parameters().is_some()
            || target.ecs_parameters().is_some()
            || target.batch_parameters().is_some()
            || target.http_parameters().is_some()
            || target.redshift_data_parameters().is_some()
            || target.sage_maker_pipeline_parameters().is_some()
            || target.app_sync_parameters().is_some(),
    }
}

fn aws_target(id: &str, target: &Target) -> Result<AwsTarget, Failure> {
    let unusable =
        |error: aws_sdk_eventbridge::error::BuildError| Failure::other(PUT, error.to_string());
    let transformer = target.template.as_ref().map(|template| {
        let parts = target.parts.clone().into_iter().collect();
        InputTransformer::builder()
            .set_input_paths_map(Some(parts))
            .input_template(template)
            .build()
    });
    let retries = (target.retries.is_some() || target.age.is_some()).then(|| {
        RetryPolicy::builder()
            .set_maximum_retry_attempts(target.retries)
            .set_maximum_event_age_in_seconds(target.age)
            .build()
    });
    let letters = target.dead_letters.as_ref();
    let group = target.group.as_ref();
    AwsTarget::builder()
        .id(id)
        .arn(&target.arn)
        .set_input(target.input.clone())
        .set_input_path(target.path.clone())
        .set_input_transformer(transformer.transpose().map_err(unusable)?)
        .set_dead_letter_config(letters.map(|arn| DeadLetterConfig::builder().arn(arn).build()))
        .set_retry_policy(retries)
        .set_sqs_parameters(group.map(|id| SqsParameters::builder().message_group_id(id).build()))
        .build()
        .map_err(unusable)
}

impl Hand<RuleTargets> for Events<'_> {
    async fn read(&self, at: &At) -> Result<BTreeMap<String, Target>, Failure> {
        let (bus, name) = parts(at);
        let client = self.client(at).await?;
        let (mut all, mut next) = (BTreeMap::new(), None);
        loop {
            let asked = client.list_targets_by_rule().rule(name).event_bus_name(bus);
            let answer = asked.set_next_token(next).send().await;
            let answer = found(LIST, answer, |e| e.is_resource_not_found_exception())?;
            let Some(answer) = answer else {
                return Ok(BTreeMap::new());
            };
            let page = answer.targets().iter();
            all.extend(page.map(|target| (target.id().to_owned(), target_of(target))));
            next = answer.next_token().map(str::to_owned);
            if next.is_none() {
                return Ok(all);
            }
        }
    }

    async fn write(
        &self,
        at: &At,
        from: &BTreeMap<String, Target>,
        to: &BTreeMap<String, Target>,
    ) -> Result<Written, Failure> {
        let (bus, name) = parts(at);
        let client = self.client(at).await?;
        let mut written = Written::default();
        let put = to
            .iter()
            .filter(|(id, target)| from.get(*id) != Some(*target))
            .map(|(id, target)| aws_target(id, target))
            .collect::<Result<Vec<_>, _>>()?;
        // A rule has five targets at most, so that the others go first.
        let gone: Vec<String> = from
            .keys()
            .filter(|id| !to.contains_key(*id))
            .cloned()
            .collect();
        if !gone.is_empty() {
            let asked = client.remove_targets().rule(name).event_bus_name(bus);
            let answer = asked.set_ids(Some(gone)).send().await;
            let answer = answer.map_err(|error| Failure::of(REMOVE, &error).after(&written))?;
            written = written.and(answer.request_id());
            let failed = answer.failed_entries().iter();
            refused(REMOVE, failed.map(|one| one.error_message()))
                .map_err(|failure| failure.after(&written))?;
        }
        if !put.is_empty() {
            let asked = client.put_targets().rule(name).event_bus_name(bus);
            let answer = asked.set_targets(Some(put)).send().await;
            let answer = answer.map_err(|error| Failure::of(PUT, &error).after(&written))?;
            written = written.and(answer.request_id());
            let failed = answer.failed_entries().iter();
            refused(PUT, failed.map(|one| one.error_message()))
                .map_err(|failure| failure.after(&written))?;
        }
        Ok(written)
    }
}

/// EventBridge answers that all is well even where it refused some of it.
fn refused<'a>(
    call: &str,
    mut failed: impl Iterator<Item = Option<&'a str>>,
) -> Result<(), Failure> {
    match failed.next() {
        None => Ok(()),
        Some(why) => Err(Failure::other(call, why.unwrap_or("a target was refused"))),
    }
}
