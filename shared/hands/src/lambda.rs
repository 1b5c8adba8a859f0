//! Functions and their event sources, through Lambda.

mod permissions;
mod sources;

use std::collections::BTreeMap;

use aws_sdk_lambda::Client;
use aws_sdk_lambda::operation::RequestId;
use aws_sdk_lambda::types::{
    AliasRoutingConfiguration, DestinationConfig, FunctionUrlAuthType, OnFailure, OnSuccess,
};

use auditward_rules::arn::Arn;
use auditward_rules::facet::At;
use auditward_rules::facets::guard::function::{
    Alias, FunctionAliases, FunctionConcurrency, FunctionInvocations, FunctionUrl, Invocation,
};
use auditward_rules::facets::kept::Texts;
use auditward_rules::inventory::Inventory;
use auditward_rules::settings::Settings;
use auditward_runtime::failure::{Failure, found};
use auditward_runtime::guard::Discovered;
use auditward_runtime::hand::{DISCOVERY, Hand, Permission, Written};
use auditward_runtime::pipeline::Place;

/// Every call this hand makes.
pub const PERMISSIONS: &[Permission] = &[
    Permission::read(DISCOVERY, "lambda:ListFunctions"),
    Permission::read("function-concurrency", "lambda:GetFunctionConcurrency"),
    Permission::write("function-concurrency", "lambda:PutFunctionConcurrency"),
    Permission::write("function-concurrency", "lambda:DeleteFunctionConcurrency"),
    Permission::read("function-url", "lambda:GetFunctionUrlConfig"),
    Permission::write("function-url", "lambda:UpdateFunctionUrlConfig"),
    Permission::read("function-permissions", "lambda:GetPolicy"),
    Permission::write("function-permissions", "lambda:AddPermission"),
    Permission::write("function-permissions", "lambda:RemovePermission"),
    Permission::read("function-statement", "lambda:GetPolicy"),
    Permission::write("function-statement", "lambda:RemovePermission"),
    Permission::write("function-statement", "lambda:AddPermission"),
    Permission::read("function-sources", "lambda:ListEventSourceMappings"),
    Permission::write("function-sources", "lambda:CreateEventSourceMapping"),
    Permission::write("function-sources", "lambda:UpdateEventSourceMapping"),
    Permission::read("foreign-mapping", "lambda:GetEventSourceMapping"),
    Permission::write("foreign-mapping", "lambda:UpdateEventSourceMapping"),
    Permission::read(
        "function-invocations",
        "lambda:GetFunctionEventInvokeConfig",
    ),
    Permission::write(
        "function-invocations",
        "lambda:PutFunctionEventInvokeConfig",
    ),
    Permission::read("function-aliases", "lambda:ListAliases"),
    Permission::write("function-aliases", "lambda:CreateAlias"),
    Permission::write("function-aliases", "lambda:UpdateAlias"),
];

const UPDATE_URL: &str = "lambda:UpdateFunctionUrlConfig";
const PUT_INVOCATIONS: &str = "lambda:PutFunctionEventInvokeConfig";
const UPDATE_ALIAS: &str = "lambda:UpdateAlias";

hand! {
    /// The hand for them.
    Lambda with Client
}

impl Lambda<'_> {
    /// Finds Auditward's own functions, in an account and region.
    ///
    /// # Errors
    /// The functions cannot be listed.
    pub async fn discover(
        &self,
        settings: &Settings,
        _: &Inventory,
        place: &Place,
    ) -> Result<Discovered, Failure> {
        let client = self.client(&place.at("")).await?;
        let mut pages = client.list_functions().into_paginator().items().send();
        let mut resources = Vec::new();
        while let Some(function) = pages.next().await {
            let function = function.map_err(|error| Failure::of("lambda:ListFunctions", &error))?;
            if let Some(arn) = function.function_arn().filter(|arn| settings.is_own(arn)) {
                resources.push(place.at(arn));
            }
        }
        Ok(resources.into())
    }
}

/// A function's ARN, and the version or alias behind it.
fn parts(at: &At) -> (&str, Option<&str>) {
    let plain = Arn::parse(&at.resource).is_none_or(|arn| arn.resource.matches(':').count() < 2);
    match at.resource.rsplit_once(':') {
        Some((function, qualifier)) if !plain => (function, Some(qualifier)),
        _ => (&at.resource, None),
    }
}

impl Hand<FunctionConcurrency> for Lambda<'_> {
    async fn read(&self, at: &At) -> Result<Option<i32>, Failure> {
        let asked = self.client(at).await?.get_function_concurrency();
        let answer = asked.function_name(&at.resource).send().await;
        let answer =
            answer.map_err(|error| Failure::of("lambda:GetFunctionConcurrency", &error))?;
        Ok(answer.reserved_concurrent_executions())
    }

    async fn write(&self, at: &At, _: &Option<i32>, to: &Option<i32>) -> Result<Written, Failure> {
        let client = self.client(at).await?;
        let Some(reserved) = to else {
            let asked = client.delete_function_concurrency();
            let answer = asked.function_name(&at.resource).send().await;
            let answer =
                answer.map_err(|error| Failure::of("lambda:DeleteFunctionConcurrency", &error))?;
            return Ok(Written::default().and(answer.request_id()));
        };
        let asked = client.put_function_concurrency();
        let asked = asked.function_name(&at.resource);
        let answer = asked.reserved_concurrent_executions(*reserved).send().await;
        let answer =
            answer.map_err(|error| Failure::of("lambda:PutFunctionConcurrency", &error))?;
        Ok(Written::default().and(answer.request_id()))
    }
}

impl Hand<FunctionUrl> for Lambda<'_> {
    async fn read(&self, at: &At) -> Result<Option<String>, Failure> {
        let (function, qualifier) = parts(at);
        let asked = self.client(at).await?.get_function_url_config();
        let asked = asked.function_name(function);
        let answer = asked
            .set_qualifier(qualifier.map(str::to_owned))
            .send()
            .await;
        let answer = found("lambda:GetFunctionUrlConfig", answer, |e| {
            e.is_resource_not_found_exception()
        })?;
        Ok(answer.map(|answer| answer.auth_type().as_str().to_owned()))
    }

    async fn write(
        &self,
        at: &At,
        _: &Option<String>,
        to: &Option<String>,
    ) -> Result<Written, Failure> {
        let Some(auth) = to else {
            return Err(Failure::other(UPDATE_URL, "a URL is never deleted"));
        };
        let (function, qualifier) = parts(at);
        let asked = self.client(at).await?.update_function_url_config();
        let asked = asked
            .function_name(function)
            .set_qualifier(qualifier.map(str::to_owned))
            .auth_type(FunctionUrlAuthType::from(auth.as_str()));
        let answer = asked.send().await;
        let answer = answer.map_err(|error| Failure::of(UPDATE_URL, &error))?;
        Ok(Written::default().and(answer.request_id()))
    }
}

impl Hand<FunctionInvocations> for Lambda<'_> {
    async fn read(&self, at: &At) -> Result<Option<Invocation>, Failure> {
        let (function, qualifier) = parts(at);
        let asked = self.client(at).await?.get_function_event_invoke_config();
        let asked = asked.function_name(function);
        let answer = asked
            .set_qualifier(qualifier.map(str::to_owned))
            .send()
            .await;
        let answer = found("lambda:GetFunctionEventInvokeConfig", answer, |e| {
            e.is_resource_not_found_exception()
        })?;
        Ok(answer.map(|answer| {
            let to = answer.destination_config();
            let failure = to.and_then(|to| to.on_failure()?.destination());
            let success = to.and_then(|to| to.on_success()?.destination());
            Invocation {
                retries: answer.maximum_retry_attempts(),
                age: answer.maximum_event_age_in_seconds(),
                on_failure: failure.map(str::to_owned),
                on_success: success.map(str::to_owned),
            }
        }))
    }

    async fn write(
        &self,
        at: &At,
        _: &Option<Invocation>,
        to: &Option<Invocation>,
    ) -> Result<Written, Failure> {
        let Some(to) = to else {
            let why = "what keeps failed events is never deleted";
            return Err(Failure::other(PUT_INVOCATIONS, why));
        };
        let (function, qualifier) = parts(at);
        let failure = to.on_failure.clone();
        let success = to.on_success.clone();
        let destinations = DestinationConfig::builder()
            .set_on_failure(failure.map(|to| OnFailure::builder().destination(to).build()))
            .set_on_success(success.map(|to| OnSuccess::builder().destination(to).build()));
        let asked = self.client(at).await?.put_function_event_invoke_config();
        let asked = asked
            .function_name(function)
            .set_qualifier(qualifier.map(str::to_owned))
            .set_maximum_retry_attempts(to.retries)
            .set_maximum_event_age_in_seconds(to.age)
            .destination_config(destinations.build());
        let answer = asked.send().await;
        let answer = answer.map_err(|error| Failure::of(PUT_INVOCATIONS, &error))?;
        Ok(Written::default().and(answer.request_id()))
    }
}

impl Hand<FunctionAliases> for Lambda<'_> {
    async fn read(&self, at: &At) -> Result<BTreeMap<String, Alias>, Failure> {
        let client = self.client(at).await?;
        let pages = client.list_aliases().function_name(&at.resource);
        let mut pages = pages.into_paginator().items().send();
        let mut all = BTreeMap::new();
        while let Some(alias) = pages.next().await {
            let alias = alias.map_err(|error| Failure::of("lambda:ListAliases", &error))?;
            let weights = alias
                .routing_config()
                .and_then(|routing| routing.additional_version_weights());
            let weights = weights.into_iter().flatten();
            let read = Alias {
                version: alias.function_version().unwrap_or_default().to_owned(),
                weights: weights
                    .map(|(version, weight)| (version.clone(), weight.to_string()))
                    .collect(),
                description: alias.description().unwrap_or_default().to_owned(),
            };
            all.insert(alias.name().unwrap_or_default().to_owned(), read);
        }
        Ok(all)
    }

    async fn write(
        &self,
        at: &At,
        from: &BTreeMap<String, Alias>,
        to: &BTreeMap<String, Alias>,
    ) -> Result<Written, Failure> {
        if from.keys().any(|name| !to.contains_key(name)) {
            return Err(Failure::other(UPDATE_ALIAS, "an alias is never deleted"));
        }
        let client = self.client(at).await?;
        let mut written = Written::default();
        for (name, alias) in to
            .iter()
            .filter(|(name, alias)| from.get(*name) != Some(*alias))
        {
            let routing = routing(&alias.weights).map_err(|failure| failure.after(&written))?;
            if from.contains_key(name) {
                let asked = client.update_alias().function_name(&at.resource).name(name);
                let asked = asked
                    .function_version(&alias.version)
                    .description(&alias.description)
                    .routing_config(routing);
                let answer = asked.send().await;
                let answer =
                    answer.map_err(|error| Failure::of(UPDATE_ALIAS, &error).after(&written))?;
                written = written.and(answer.request_id());
            } else {
                let asked = client.create_alias().function_name(&at.resource).name(name);
                let asked = asked
                    .function_version(&alias.version)
                    .description(&alias.description)
                    .routing_config(routing);
                let answer = asked.send().await;
                let answer = answer
                    .map_err(|error| Failure::of("lambda:CreateAlias", &error).after(&written))?;
                written = written.and(answer.request_id());
            }
        }
        Ok(written)
    }
}

/// Weights as Lambda takes them; none of them is said outright.
fn routing(weights: &Texts) -> Result<AliasRoutingConfiguration, Failure> {
    let mut all = std::collections::HashMap::new();
    for (version, weight) in weights {
        let weight: f64 = weight
            .parse()
            .map_err(|_| Failure::other(UPDATE_ALIAS, format!("a weight of {weight}")))?;
        all.insert(version.clone(), weight);
    }
    Ok(AliasRoutingConfiguration::builder()
        .set_additional_version_weights(Some(all))
        .build())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_stands_behind_the_function() {
        let function = "arn:aws:lambda:eu-west-1:111111111111:function:auditward-trail-guard";
        let at = |arn: &str| At::new("111111111111", "eu-west-1", arn);
        assert_eq!(parts(&at(function)), (function, None));
        let live = at(&format!("{function}:live"));
        assert_eq!(parts(&live), (function, Some("live")));
    }
}
