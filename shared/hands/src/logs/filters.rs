//! The filters of a log group.

use std::collections::BTreeMap;

use aws_sdk_cloudwatchlogs::Client;
use aws_sdk_cloudwatchlogs::operation::RequestId;
use aws_sdk_cloudwatchlogs::types::{
    Distribution, MetricFilter as LiveMetric, MetricTransformation, StandardUnit,
    SubscriptionFilter as LiveSubscription,
};

use auditward_rules::facet::At;
use auditward_rules::facets::logs::{
    MetricFilter, MetricFilters, Subscription, SubscriptionFilters, Transformation,
};
use auditward_runtime::failure::{Failure, found};
use auditward_runtime::hand::{Hand, Written};

use super::{Logs, is_gone, name};

const PUT_METRIC: &str = "logs:PutMetricFilter";

/// All filters by their names; a group that is gone has none.
macro_rules! by_name {
    ($call:literal, $request:expr, $read:ident) => {{
        let mut pages = $request.into_paginator().items().send();
        let mut all = BTreeMap::new();
        while let Some(filter) = pages.next().await {
            let Some(filter) = found($call, filter, is_gone)? else {
                break;
            };
            let name = filter.filter_name().unwrap_or_default().to_owned();
            all.insert(name, $read(filter));
        }
        Ok(all)
    }};
}

type All<F> = BTreeMap<String, F>;

/// The names of the filters that are there and are not wanted. A log group takes
/// but a few: they make room first.
fn unwanted<'a, F>(from: &'a All<F>, to: &'a All<F>) -> impl Iterator<Item = &'a String> {
    from.keys().filter(|name| !to.contains_key(*name))
}

/// The filters that are wanted and are not there, or not so.
fn wanted<'a, F: PartialEq>(
    from: &'a All<F>,
    to: &'a All<F>,
) -> impl Iterator<Item = (&'a String, &'a F)> {
    to.iter()
        .filter(|(name, filter)| from.get(*name) != Some(filter))
}

impl Hand<SubscriptionFilters> for Logs<'_> {
    async fn read(&self, at: &At) -> Result<All<Subscription>, Failure> {
        let client = self.client(at).await?;
        let request = client.describe_subscription_filters();
        let request = request.log_group_name(name(at));
        by_name!("logs:DescribeSubscriptionFilters", request, subscription)
    }

    async fn write(
        &self,
        at: &At,
        from: &All<Subscription>,
        to: &All<Subscription>,
    ) -> Result<Written, Failure> {
        let client = self.client(at).await?;
        let mut written = Written::default();
        for filter in unwanted(from, to) {
            let request = client.delete_subscription_filter();
            let request = request.log_group_name(name(at)).filter_name(filter);
            let id = done!("logs:DeleteSubscriptionFilter", request, written);
            written = written.and(id.as_deref());
        }
        for (filter, one) in wanted(from, to) {
            let system = Some(one.system_fields.clone()).filter(|fields| !fields.is_empty());
            let request = client
                .put_subscription_filter()
                .log_group_name(name(at))
                .filter_name(filter)
                .filter_pattern(&one.pattern)
                .destination_arn(&one.destination)
                .set_role_arn(one.role.clone())
                .set_distribution(one.distribution.as_deref().map(Distribution::from))
                .set_apply_on_transformed_logs(one.transformed.then_some(true))
                .set_field_selection_criteria(one.criteria.clone())
                .set_emit_system_fields(system);
            let id = done!("logs:PutSubscriptionFilter", request, written);
            written = written.and(id.as_deref());
        }
        Ok(written)
    }
}

fn subscription(live: LiveSubscription) -> Subscription {
    Subscription {
        destination: live.destination_arn.unwrap_or_default(),
        pattern: live.filter_pattern.unwrap_or_default(),
        role: live.role_arn,
        distribution: live.distribution.map(|one| one.as_str().to_owned()),
        transformed: live.apply_on_transformed_logs,
        criteria: live.field_selection_criteria,
        system_fields: live.emit_system_fields.unwrap_or_default(),
    }
}

impl Hand<MetricFilters> for Logs<'_> {
    async fn read(&self, at: &At) -> Result<All<MetricFilter>, Failure> {
        let client = self.client(at).await?;
        let request = client.describe_metric_filters().log_group_name(name(at));
        by_name!("logs:DescribeMetricFilters", request, metric)
    }

    async fn write(
        &self,
        at: &At,
        from: &All<MetricFilter>,
        to: &All<MetricFilter>,
    ) -> Result<Written, Failure> {
        let client = self.client(at).await?;
        let mut written = Written::default();
        for filter in unwanted(from, to) {
            let request = client.delete_metric_filter();
            let request = request.log_group_name(name(at)).filter_name(filter);
            let id = done!("logs:DeleteMetricFilter", request, written);
            written = written.and(id.as_deref());
        }
        for (filter, one) in wanted(from, to) {
            written = written.then(put_metric(&client, at, filter, one).await)?;
        }
        Ok(written)
    }
}

async fn put_metric(
    client: &Client,
    at: &At,
    filter: &str,
    one: &MetricFilter,
) -> Result<Written, Failure> {
    let unusable = |error: aws_sdk_cloudwatchlogs::error::BuildError| {
        Failure::other(PUT_METRIC, error.to_string())
    };
    let mut transformations = Vec::new();
    for made in &one.transformations {
        let dimensions = Some(&made.dimensions).filter(|all| !all.is_empty());
        let transformation = MetricTransformation::builder()
            .metric_name(&made.name)
            .metric_namespace(&made.namespace)
            .metric_value(&made.value)
            .set_default_value(made.otherwise)
            .set_unit(made.unit.as_deref().map(StandardUnit::from))
            .set_dimensions(dimensions.map(|all| all.clone().into_iter().collect()))
            .build()
            .map_err(unusable)?;
        transformations.push(transformation);
    }
    let system = Some(one.system_fields.clone()).filter(|fields| !fields.is_empty());
    let answer = client
        .put_metric_filter()
        .log_group_name(name(at))
        .filter_name(filter)
        .filter_pattern(&one.pattern)
        .set_metric_transformations(Some(transformations))
        .set_apply_on_transformed_logs(one.transformed.then_some(true))
        .set_field_selection_criteria(one.criteria.clone())
        .set_emit_system_field_dimensions(system)
        .send()
        .await
        .map_err(|error| Failure::of(PUT_METRIC, &error))?;
    Ok(Written::default().and(answer.request_id()))
}

fn metric(live: LiveMetric) -> MetricFilter {
    let made = live.metric_transformations.unwrap_or_default().into_iter();
    MetricFilter {
        pattern: live.filter_pattern.unwrap_or_default(),
        transformations: made
            .map(|made| Transformation {
                name: made.metric_name,
                namespace: made.metric_namespace,
                value: made.metric_value,
                otherwise: made.default_value,
                unit: made.unit.map(|unit| unit.as_str().to_owned()),
                dimensions: made.dimensions.unwrap_or_default().into_iter().collect(),
            })
            .collect(),
        transformed: live.apply_on_transformed_logs,
        criteria: live.field_selection_criteria,
        system_fields: live.emit_system_field_dimensions.unwrap_or_default(),
    }
}
