//! Whether a key is rotated.

use aws_sdk_kms::operation::RequestId;

use auditward_rules::facet::At;
use auditward_rules::facets::key::{KeyRotation, Rotation};
use auditward_runtime::failure::{Failure, found};
use auditward_runtime::hand::{Hand, Written};

use super::Kms;

const ENABLE: &str = "kms:EnableKeyRotation";

/// How often a key is rotated that names no period.
const USUAL_DAYS: i32 = 365;

impl Hand<KeyRotation> for Kms<'_> {
    async fn read(&self, at: &At) -> Result<Rotation, Failure> {
        let request = self.client(at).await?.get_key_rotation_status();
        let answer = request.key_id(&at.resource).send().await;
        let answer = found("kms:GetKeyRotationStatus", answer, |e| {
            e.is_unsupported_operation_exception() || e.is_not_found_exception()
        })?;
        Ok(match answer {
            Some(answer) if answer.key_rotation_enabled() => {
                Rotation::Every(answer.rotation_period_in_days().unwrap_or(USUAL_DAYS))
            }
            Some(_) => Rotation::Off,
            None => Rotation::Unsupported,
        })
    }

    async fn write(&self, at: &At, _: &Rotation, to: &Rotation) -> Result<Written, Failure> {
        let Rotation::Every(days) = to else {
            return Err(Failure::other(ENABLE, "a key's rotation is never ended"));
        };
        let answer = self
            .client(at)
            .await?
            .enable_key_rotation()
            .key_id(&at.resource)
            .rotation_period_in_days(*days)
            .send()
            .await
            .map_err(|error| Failure::of(ENABLE, &error))?;
        Ok(Written::default().and(answer.request_id()))
    }
}
