//! Types of policies at the root, with everything policies are attached to.

use std::collections::BTreeSet;
use std::time::Duration;

use aws_sdk_organizations::Client;
use aws_sdk_organizations::operation::RequestId;
use aws_sdk_organizations::types::{PolicyType as Sort, PolicyTypeStatus, Root};

use auditward_rules::facet::At;
use auditward_rules::facets::organization::{AttachedTo, PolicyType};
use auditward_runtime::failure::Failure;
use auditward_runtime::hand::{Hand, Written};

use super::{Organizations, item, policies};

const ROOTS: &str = "organizations:ListRoots";
const TARGETS: &str = "organizations:ListTargetsForPolicy";
const ENABLE: &str = "organizations:EnablePolicyType";
const ATTACH: &str = "organizations:AttachPolicy";

/// Enabling and disabling take a while; how often it is asked for, a second apart.
const PATIENCE: usize = 15;

/// The organization's root: there is but one.
pub(super) async fn root(client: &Client) -> Result<Option<Root>, Failure> {
    let answer = client.list_roots().send().await;
    let answer = answer.map_err(|error| Failure::of(ROOTS, &error))?;
    Ok(answer.roots.unwrap_or_default().into_iter().next())
}

/// How a type of policies stands at a root; `None`: it is disabled.
pub(super) fn status<'a>(root: &'a Root, sort: &str) -> Option<&'a PolicyTypeStatus> {
    let mut types = root.policy_types().iter();
    let found = types.find(|one| one.r#type().is_some_and(|one| one.as_str() == sort));
    found.and_then(|one| one.status())
}

async fn enabled(client: &Client, sort: &str) -> Result<Option<PolicyTypeStatus>, Failure> {
    let root = root(client).await?;
    Ok(root.and_then(|root| status(&root, sort).cloned()))
}

impl Hand<PolicyType> for Organizations<'_> {
    async fn read(&self, at: &At) -> Result<AttachedTo, Failure> {
        let sort = item(ROOTS, at)?;
        let client = self.client(at).await?;
        let mut state = AttachedTo {
            enabled: enabled(&client, sort).await? == Some(PolicyTypeStatus::Enabled),
            ..AttachedTo::default()
        };
        // AWS attaches its own policies, which allow everything, by itself.
        let own = policies(&client, sort).await?;
        for policy in own.into_iter().filter(|one| !one.by_aws) {
            let mut pages = client
                .list_targets_for_policy()
                .policy_id(&policy.id)
                .into_paginator()
                .send();
            let mut targets = BTreeSet::new();
            while let Some(page) = pages.next().await {
                let page = page.map_err(|error| Failure::of(TARGETS, &error))?;
                let ids = page.targets().iter().filter_map(|one| one.target_id());
                targets.extend(ids.map(str::to_owned));
            }
            if !targets.is_empty() {
                state.attached.insert(policy.id, targets);
            }
        }
        Ok(state)
    }

    async fn write(&self, at: &At, from: &AttachedTo, to: &AttachedTo) -> Result<Written, Failure> {
        if !to.enabled {
            return Err(Failure::other(ENABLE, "a policy type is only ever enabled"));
        }
        let client = self.client(at).await?;
        let sort = item(ENABLE, at)?;
        let mut written = Written::default();
        if !from.enabled {
            written = enable(&client, at, sort).await?;
        }
        let none = BTreeSet::new();
        for (policy, targets) in &to.attached {
            let there = from.attached.get(policy).unwrap_or(&none);
            for target in targets.difference(there) {
                let request = client.attach_policy().policy_id(policy).target_id(target);
                match request.send().await {
                    Ok(answer) => written = written.and(answer.request_id()),
                    Err(error)
                        if error
                            .as_service_error()
                            .is_some_and(|e| e.is_duplicate_policy_attachment_exception()) => {}
                    Err(error) => return Err(Failure::of(ATTACH, &error).after(&written)),
                }
            }
        }
        Ok(written)
    }
}

/// Enables a type, and waits until it is: policies can only be attached then.
async fn enable(client: &Client, at: &At, sort: &str) -> Result<Written, Failure> {
    let mut written = Written::default();
    let mut asked = false;
    for _ in 0..PATIENCE {
        let now = enabled(client, sort).await;
        match now.map_err(|failure| failure.after(&written))? {
            Some(PolicyTypeStatus::Enabled) => return Ok(written),
            None if !asked => {
                let request = client.enable_policy_type().root_id(at.name());
                let answer = request
                    .policy_type(Sort::from(sort))
                    .send()
                    .await
                    .map_err(|error| Failure::of(ENABLE, &error))?;
                written = written.and(answer.request_id());
                asked = true;
                continue;
            }
            // Being enabled, or still being disabled.
            _ => tokio::time::sleep(Duration::from_secs(1)).await,
        }
    }
    let why = "the policy type is still being changed; judge again in a minute";
    Err(Failure::other(ENABLE, why).after(&written))
}
