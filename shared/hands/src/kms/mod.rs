//! Keys, through KMS.

mod grants;
mod rotation;

use aws_sdk_kms::Client;
use aws_sdk_kms::operation::RequestId;
use aws_sdk_kms::types::KeyState as AwsKeyState;

use auditward_rules::facet::{At, PolicyState};
use auditward_rules::facets::key::{KeyPolicy, KeyState, Life};
use auditward_runtime::failure::{Failure, found};
use auditward_runtime::hand::{Hand, Permission, Written};

/// Every call this hand makes.
pub const PERMISSIONS: &[Permission] = &[
    Permission::read("key-state", "kms:DescribeKey"),
    Permission::write("key-state", "kms:CancelKeyDeletion"),
    Permission::write("key-state", "kms:EnableKey"),
    Permission::read("key-policy", "kms:GetKeyPolicy"),
    Permission::write("key-policy", "kms:PutKeyPolicy"),
    Permission::read("key-rotation", "kms:GetKeyRotationStatus"),
    Permission::write("key-rotation", "kms:EnableKeyRotation"),
    Permission::read("key-grant", "kms:ListGrants"),
    Permission::write("key-grant", "kms:RevokeGrant"),
    Permission::read("key-grants", "kms:ListGrants"),
    Permission::write("key-grants", "kms:CreateGrant"),
    Permission::write("key-grants", "kms:RevokeGrant"),
];

const ENABLE: &str = "kms:EnableKey";
const PUT: &str = "kms:PutKeyPolicy";

hand! {
    /// The hand for keys.
    Kms with Client
}

fn life(state: Option<&AwsKeyState>) -> Life {
    match state {
        Some(AwsKeyState::Enabled) => Life::Enabled,
        Some(AwsKeyState::Disabled) => Life::Disabled,
        Some(AwsKeyState::PendingDeletion | AwsKeyState::PendingReplicaDeletion) => {
            Life::PendingDeletion
        }
        Some(AwsKeyState::Creating | AwsKeyState::Updating) | None => Life::Changing,
        Some(other) => Life::Other(other.as_str().to_owned()),
    }
}

impl Hand<KeyState> for Kms<'_> {
    async fn read(&self, at: &At) -> Result<Life, Failure> {
        let request = self.client(at).await?.describe_key();
        let answer = request.key_id(&at.resource).send().await;
        let answer = found("kms:DescribeKey", answer, |e| e.is_not_found_exception())?;
        Ok(answer.map_or(Life::Absent, |answer| {
            life(answer.key_metadata().and_then(|key| key.key_state()))
        }))
    }

    async fn write(&self, at: &At, from: &Life, to: &Life) -> Result<Written, Failure> {
        if *to != Life::Enabled {
            return Err(Failure::other(ENABLE, "a key is only ever enabled"));
        }
        let client = self.client(at).await?;
        let mut written = Written::default();
        if *from == Life::PendingDeletion {
            let answer = client
                .cancel_key_deletion()
                .key_id(&at.resource)
                .send()
                .await;
            let answer = answer.map_err(|error| Failure::of("kms:CancelKeyDeletion", &error))?;
            written = written.and(answer.request_id());
        }
        // A key whose deletion was cancelled is disabled.
        let answer = client.enable_key().key_id(&at.resource).send().await;
        let answer = answer.map_err(|error| Failure::of(ENABLE, &error).after(&written))?;
        Ok(written.and(answer.request_id()))
    }
}

impl Hand<KeyPolicy> for Kms<'_> {
    async fn read(&self, at: &At) -> Result<PolicyState, Failure> {
        let request = self.client(at).await?.get_key_policy();
        let request = request.key_id(&at.resource).policy_name("default");
        let answer = request.send().await;
        let answer = found("kms:GetKeyPolicy", answer, |e| e.is_not_found_exception())?;
        let policy = answer.as_ref().and_then(|answer| answer.policy());
        Ok(policy.map_or(PolicyState::Absent, PolicyState::read))
    }

    async fn write(&self, at: &At, _: &PolicyState, to: &PolicyState) -> Result<Written, Failure> {
        let Some(text) = to.text() else {
            return Err(Failure::other(PUT, "a key always has a policy"));
        };
        // KMS's own check against locking oneself out stays on.
        let request = self
            .client(at)
            .await?
            .put_key_policy()
            .key_id(&at.resource)
            .policy_name("default");
        let answer = request
            .policy(text)
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
    fn every_state_of_a_key_has_its_meaning() {
        for (state, expected) in [
            (AwsKeyState::Enabled, Life::Enabled),
            (AwsKeyState::Disabled, Life::Disabled),
            (AwsKeyState::PendingReplicaDeletion, Life::PendingDeletion),
            (AwsKeyState::Updating, Life::Changing),
            (
                AwsKeyState::PendingImport,
                Life::Other("PendingImport".into()),
            ),
        ] {
            assert_eq!(life(Some(&state)), expected);
        }
    }
}
