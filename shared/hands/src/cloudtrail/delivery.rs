//! Whether a trail delivers, by what CloudTrail says of its last deliveries.

use auditward_rules::facet::At;
use auditward_rules::facets::trail::{DeliveryErrors, TrailDelivery};
use auditward_runtime::failure::{Failure, found};
use auditward_runtime::hand::{Hand, Written};

use super::CloudTrail;

impl Hand<TrailDelivery> for CloudTrail<'_> {
    async fn read(&self, at: &At) -> Result<Option<DeliveryErrors>, Failure> {
        let request = self.client(at).await?.get_trail_status().name(&at.resource);
        let answer = request.send().await;
        let status = found("cloudtrail:GetTrailStatus", answer, |e| {
            e.is_trail_not_found_exception()
        })?;
        let Some(status) = status else {
            return Ok(None);
        };
        if status.is_logging() != Some(true) {
            return Ok(Some(DeliveryErrors::default()));
        }
        let error = |code: Option<&str>| code.filter(|code| !code.is_empty()).map(str::to_owned);
        Ok(Some(DeliveryErrors {
            files: error(status.latest_delivery_error()),
            digests: error(status.latest_digest_delivery_error()),
            notifications: error(status.latest_notification_error()),
            log_group: error(status.latest_cloud_watch_logs_delivery_error()),
        }))
    }

    async fn write(
        &self,
        _: &At,
        _: &Option<DeliveryErrors>,
        _: &Option<DeliveryErrors>,
    ) -> Result<Written, Failure> {
        Err(Failure::other(
            "trail-delivery",
            "deliveries are only ever looked at",
        ))
    }
}
