//! What functions read: event source mappings.

use std::collections::BTreeMap;

use aws_sdk_lambda::operation::RequestId;
use aws_sdk_lambda::types::{
    EventSourceMappingConfiguration, Filter, FilterCriteria, FunctionResponseType, ScalingConfig,
};

use auditward_rules::arn::Arn;
use auditward_rules::facet::At;
use auditward_rules::facets::guard::function::{ForeignMapping, FunctionSources, Source};
use auditward_rules::facets::made::Thing;
use auditward_runtime::failure::{Failure, found};
use auditward_runtime::hand::{Hand, Written};

use super::Lambda;

const LIST: &str = "lambda:ListEventSourceMappings";
const CREATE: &str = "lambda:CreateEventSourceMapping";
const UPDATE: &str = "lambda:UpdateEventSourceMapping";
const GET: &str = "lambda:GetEventSourceMapping";

/// Whether a mapping in this state reads, or soon will.
fn runs(state: Option<&str>) -> bool {
    matches!(
        state,
        Some("Enabled" | "Enabling" | "Creating" | "Updating")
    )
}

fn source_of(mapping: &EventSourceMappingConfiguration) -> Source {
    let filters = mapping.filter_criteria().map(FilterCriteria::filters);
    let filters = filters.unwrap_or_default().iter();
    let answers = mapping.function_response_types().iter();
    Source {
        enabled: runs(mapping.state()),
        batch: mapping.batch_size(),
        window: mapping
            .maximum_batching_window_in_seconds()
            .filter(|window| *window > 0),
        concurrency: mapping
            .scaling_config()
            .and_then(ScalingConfig::maximum_concurrency),
        answers: answers.map(|one| one.as_str().to_owned()).collect(),
        filters: filters
            .filter_map(|one| one.pattern().map(str::to_owned))
            .collect(),
    }
}

fn filters_of(source: &Source) -> FilterCriteria {
    let all = source
        .filters
        .iter()
        .map(|pattern| Filter::builder().pattern(pattern).build());
    FilterCriteria::builder()
        .set_filters(Some(all.collect()))
        .build()
}

fn answers_of(source: &Source) -> Vec<FunctionResponseType> {
    let all = source.answers.iter();
    all.map(|one| FunctionResponseType::from(one.as_str()))
        .collect()
}

fn scaling_of(source: &Source) -> ScalingConfig {
    ScalingConfig::builder()
        .set_maximum_concurrency(source.concurrency)
        .build()
}

impl Lambda<'_> {
    /// A function's mappings, but for those that are being deleted.
    async fn mappings(&self, at: &At) -> Result<Vec<EventSourceMappingConfiguration>, Failure> {
        let client = self.client(at).await?;
        let pages = client.list_event_source_mappings();
        let pages = pages.function_name(&at.resource).into_paginator();
        let mut pages = pages.items().send();
        let mut all = Vec::new();
        while let Some(mapping) = pages.next().await {
            let mapping = mapping.map_err(|error| Failure::of(LIST, &error))?;
            if mapping.state() != Some("Deleting") {
                all.push(mapping);
            }
        }
        Ok(all)
    }

    async fn switch(&self, at: &At, id: &str, on: bool) -> Result<Written, Failure> {
        let asked = self.client(at).await?.update_event_source_mapping();
        let answer = asked.uuid(id).enabled(on).send().await;
        let answer = answer.map_err(|error| Failure::of(UPDATE, &error))?;
        Ok(Written::default().and(answer.request_id()))
    }
}

impl Hand<FunctionSources> for Lambda<'_> {
    async fn read(&self, at: &At) -> Result<BTreeMap<String, Source>, Failure> {
        let all = self.mappings(at).await?;
        let by_arn = all.iter().filter_map(|mapping| {
            let arn = mapping.event_source_arn()?;
            Some((arn.to_owned(), source_of(mapping)))
        });
        Ok(by_arn.collect())
    }

    async fn write(
        &self,
        at: &At,
        from: &BTreeMap<String, Source>,
        to: &BTreeMap<String, Source>,
    ) -> Result<Written, Failure> {
        if from.keys().any(|arn| !to.contains_key(arn)) {
            return Err(Failure::other(UPDATE, "a source is never cut off"));
        }
        let client = self.client(at).await?;
        // A mapping is changed by its ID, which the state does not have: it
        // would be another one after each deletion.
        let mappings = if from.is_empty() {
            Vec::new()
        } else {
            self.mappings(at).await?
        };
        let mut written = Written::default();
        for (arn, source) in to
            .iter()
            .filter(|(arn, source)| from.get(*arn) != Some(*source))
        {
            let mapping = mappings
                .iter()
                .find(|mapping| mapping.event_source_arn() == Some(arn));
            let Some(id) = mapping.and_then(|mapping| mapping.uuid()) else {
                let asked = client.create_event_source_mapping();
                let asked = asked
                    .function_name(&at.resource)
                    .event_source_arn(arn)
                    .enabled(source.enabled)
                    .set_batch_size(source.batch)
                    .set_maximum_batching_window_in_seconds(source.window)
                    .set_scaling_config(source.concurrency.map(|_| scaling_of(source)))
                    .set_filter_criteria((!source.filters.is_empty()).then(|| filters_of(source)))
                    .set_function_response_types(Some(answers_of(source)));
                let answer = asked.send().await;
                let answer = answer.map_err(|error| Failure::of(CREATE, &error).after(&written))?;
                written = written.and(answer.request_id());
                continue;
            };
            let asked = client.update_event_source_mapping().uuid(id);
            let asked = asked
                .enabled(source.enabled)
                .set_batch_size(source.batch)
                .maximum_batching_window_in_seconds(source.window.unwrap_or(0))
                .scaling_config(scaling_of(source))
                .filter_criteria(filters_of(source))
                .set_function_response_types(Some(answers_of(source)));
            let answer = asked.send().await;
            let answer = answer.map_err(|error| Failure::of(UPDATE, &error).after(&written))?;
            written = written.and(answer.request_id());
        }
        Ok(written)
    }
}

/// A mapping is named by its ID, behind the last `:` of its ARN.
fn id(at: &At) -> &str {
    let resource = Arn::parse(&at.resource).map_or(&*at.resource, |arn| arn.resource);
    resource.rsplit(':').next().unwrap_or(resource)
}

impl Hand<ForeignMapping> for Lambda<'_> {
    async fn read(&self, at: &At) -> Result<Option<Thing>, Failure> {
        let asked = self.client(at).await?.get_event_source_mapping();
        let answer = asked.uuid(id(at)).send().await;
        let answer = found(GET, answer, |e| e.is_resource_not_found_exception())?;
        let Some(answer) = answer else {
            return Ok(None);
        };
        let detail = [
            ("function", answer.function_arn()),
            ("source", answer.event_source_arn()),
        ];
        let detail = detail
            .into_iter()
            .filter_map(|(name, value)| Some((name.to_owned(), value?.to_owned())));
        Ok(runs(answer.state()).then(|| Thing {
            created: None,
            detail: detail.collect(),
        }))
    }

    async fn write(
        &self,
        at: &At,
        _: &Option<Thing>,
        to: &Option<Thing>,
    ) -> Result<Written, Failure> {
        self.switch(at, id(at), to.is_some()).await
    }
}
