//! Event data stores, and the policies of CloudTrail Lake's resources.

use aws_sdk_cloudtrail::operation::RequestId;
use aws_sdk_cloudtrail::operation::get_event_data_store::GetEventDataStoreOutput;
use aws_sdk_cloudtrail::types::EventDataStoreStatus;

use auditward_rules::facet::{At, PolicyState};
use auditward_rules::facets::store::{
    StoreConfig, StoreLife, StorePolicy, StoreSettings, StoreState,
};
use auditward_runtime::failure::{Failure, found};
use auditward_runtime::hand::{Hand, Written};

use super::CloudTrail;
use super::selectors::{advanced, to_advanced};

const UPDATE: &str = "cloudtrail:UpdateEventDataStore";
const RESTORE: &str = "cloudtrail:RestoreEventDataStore";
const START: &str = "cloudtrail:StartEventDataStoreIngestion";
const PUT: &str = "cloudtrail:PutResourcePolicy";

impl CloudTrail<'_> {
    async fn store(&self, at: &At) -> Result<Option<GetEventDataStoreOutput>, Failure> {
        let request = self.client(at).await?.get_event_data_store();
        let answer = request.event_data_store(&at.resource).send().await;
        found("cloudtrail:GetEventDataStore", answer, |e| {
            e.is_event_data_store_not_found_exception()
        })
    }
}

impl Hand<StoreConfig> for CloudTrail<'_> {
    async fn read(&self, at: &At) -> Result<Option<StoreSettings>, Failure> {
        let Some(store) = self.store(at).await? else {
            return Ok(None);
        };
        Ok(Some(StoreSettings {
            retention_days: store.retention_period().unwrap_or_default(),
            termination_protection: store.termination_protection_enabled() == Some(true),
            multi_region: store.multi_region_enabled() == Some(true),
            organization: store.organization_enabled() == Some(true),
            selectors: store
                .advanced_event_selectors
                .unwrap_or_default()
                .into_iter()
                .map(advanced)
                .collect(),
        }))
    }

    async fn write(
        &self,
        at: &At,
        from: &Option<StoreSettings>,
        to: &Option<StoreSettings>,
    ) -> Result<Written, Failure> {
        let (Some(from), Some(to)) = (from, to) else {
            return Err(Failure::other(
                UPDATE,
                "an event data store is neither made nor deleted",
            ));
        };
        let selectors = if from.selectors == to.selectors {
            None
        } else {
            let list: Result<Vec<_>, _> = to.selectors.iter().map(to_advanced).collect();
            Some(list.map_err(|error| Failure::other(UPDATE, error.to_string()))?)
        };
        // What stays as it is need not be sent.
        let on = |from: bool, to: bool| (from != to).then_some(to);
        let answer = self
            .client(at)
            .await?
            .update_event_data_store()
            .event_data_store(&at.resource)
            .set_retention_period(
                (from.retention_days != to.retention_days).then_some(to.retention_days),
            )
            .set_termination_protection_enabled(on(
                from.termination_protection,
                to.termination_protection,
            ))
            .set_multi_region_enabled(on(from.multi_region, to.multi_region))
            .set_organization_enabled(on(from.organization, to.organization))
            .set_advanced_event_selectors(selectors)
            .send()
            .await
            .map_err(|error| Failure::of(UPDATE, &error))?;
        Ok(Written::default().and(answer.request_id()))
    }
}

fn life(status: Option<&EventDataStoreStatus>) -> StoreLife {
    match status {
        Some(EventDataStoreStatus::Enabled | EventDataStoreStatus::StartingIngestion) => {
            StoreLife::Ingesting
        }
        Some(EventDataStoreStatus::StoppedIngestion) => StoreLife::Stopped,
        Some(EventDataStoreStatus::PendingDeletion) => StoreLife::PendingDeletion,
        _ => StoreLife::Changing,
    }
}

impl Hand<StoreState> for CloudTrail<'_> {
    async fn read(&self, at: &At) -> Result<StoreLife, Failure> {
        let store = self.store(at).await?;
        Ok(store.map_or(StoreLife::Absent, |store| life(store.status())))
    }

    async fn write(&self, at: &At, from: &StoreLife, to: &StoreLife) -> Result<Written, Failure> {
        let client = self.client(at).await?;
        let mut written = Written::default();
        let mut now = *from;
        if now == StoreLife::PendingDeletion {
            let request = client.restore_event_data_store();
            let answer = request.event_data_store(&at.resource).send().await;
            let answer = answer.map_err(|error| Failure::of(RESTORE, &error))?;
            written = written.and(answer.request_id());
            now = life(answer.status());
        }
        match (now, *to) {
            (now, to) if now == to => {}
            (StoreLife::Stopped, StoreLife::Ingesting) => {
                let request = client.start_event_data_store_ingestion();
                let answer = request.event_data_store(&at.resource).send().await;
                let answer = answer.map_err(|error| Failure::of(START, &error).after(&written))?;
                written = written.and(answer.request_id());
            }
            // On its way after it was restored, or more than was asked for.
            _ if *from == StoreLife::PendingDeletion => {}
            _ => {
                return Err(Failure::other(
                    START,
                    "an event data store is only ever restored and started",
                ));
            }
        }
        Ok(written)
    }
}

impl Hand<StorePolicy> for CloudTrail<'_> {
    async fn read(&self, at: &At) -> Result<PolicyState, Failure> {
        let request = self.client(at).await?.get_resource_policy();
        let answer = request.resource_arn(&at.resource).send().await;
        let answer = found("cloudtrail:GetResourcePolicy", answer, |e| {
            e.is_resource_policy_not_found_exception() || e.is_resource_not_found_exception()
        })?;
        let policy = answer.as_ref().and_then(|answer| answer.resource_policy());
        Ok(policy
            .filter(|text| !text.is_empty())
            .map_or(PolicyState::Absent, PolicyState::read))
    }

    async fn write(&self, at: &At, _: &PolicyState, to: &PolicyState) -> Result<Written, Failure> {
        const DELETE: &str = "cloudtrail:DeleteResourcePolicy";
        let client = self.client(at).await?;
        let Some(text) = to.text() else {
            let request = client.delete_resource_policy();
            let answer = request.resource_arn(&at.resource).send().await;
            let answer = answer.map_err(|error| Failure::of(DELETE, &error))?;
            return Ok(Written::default().and(answer.request_id()));
        };
        let request = client.put_resource_policy().resource_arn(&at.resource);
        let answer = request
            .resource_policy(text)
            .send()
            .await
            .map_err(|error| Failure::of(PUT, &error))?;
        Ok(Written::default().and(answer.request_id()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_store_that_is_about_to_take_events_in_counts_as_one_that_does() {
        for (status, expected) in [
            (EventDataStoreStatus::Enabled, StoreLife::Ingesting),
            (
                EventDataStoreStatus::StartingIngestion,
                StoreLife::Ingesting,
            ),
            (EventDataStoreStatus::StoppingIngestion, StoreLife::Changing),
            (EventDataStoreStatus::StoppedIngestion, StoreLife::Stopped),
            (
                EventDataStoreStatus::PendingDeletion,
                StoreLife::PendingDeletion,
            ),
            (EventDataStoreStatus::Created, StoreLife::Changing),
        ] {
            assert_eq!(life(Some(&status)), expected);
        }
    }
}
