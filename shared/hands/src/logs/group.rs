//! A log group: whether it is there, how long it keeps, with what key, and what
//! it masks.

use aws_sdk_cloudwatchlogs::operation::RequestId;
use aws_sdk_cloudwatchlogs::types::{LogGroup as Group, LogGroupClass};

use auditward_rules::facet::At;
use auditward_rules::facets::logs::{
    DataProtection, GroupForm, LogGroup, LogGroupKey, LogGroupRetention, Retention,
};
use auditward_runtime::failure::{Failure, found};
use auditward_runtime::hand::{Hand, Written};

use super::{Logs, is_gone, name};

const CREATE: &str = "logs:CreateLogGroup";

impl Logs<'_> {
    /// The group, if there is one.
    async fn group(&self, at: &At) -> Result<Option<Group>, Failure> {
        // Sorted by name: what begins with a name begins with the name itself.
        let request = self.client(at).await?.describe_log_groups();
        let answer = request
            .log_group_name_prefix(name(at))
            .limit(1)
            .send()
            .await;
        let answer = answer.map_err(|error| Failure::of("logs:DescribeLogGroups", &error))?;
        let mut groups = answer.log_groups.unwrap_or_default().into_iter();
        Ok(groups.find(|group| group.log_group_name() == Some(name(at))))
    }
}

impl Hand<LogGroup> for Logs<'_> {
    async fn read(&self, at: &At) -> Result<Option<GroupForm>, Failure> {
        Ok(self.group(at).await?.map(|group| {
            let class = group
                .log_group_class()
                .map_or("STANDARD", |class| class.as_str());
            GroupForm {
                class: class.to_owned(),
            }
        }))
    }

    async fn write(
        &self,
        at: &At,
        _: &Option<GroupForm>,
        to: &Option<GroupForm>,
    ) -> Result<Written, Failure> {
        let Some(form) = to else {
            return Err(Failure::other(CREATE, "a log group is never deleted"));
        };
        let request = self.client(at).await?.create_log_group();
        let request = request.log_group_name(name(at));
        let answer = request
            .log_group_class(LogGroupClass::from(form.class.as_str()))
            .send()
            .await
            .map_err(|error| Failure::of(CREATE, &error))?;
        Ok(Written::default().and(answer.request_id()))
    }
}

impl Hand<LogGroupRetention> for Logs<'_> {
    async fn read(&self, at: &At) -> Result<Retention, Failure> {
        let days = self
            .group(at)
            .await?
            .and_then(|group| group.retention_in_days())
            .and_then(|days| u32::try_from(days).ok());
        Ok(days.map_or(Retention::Forever, Retention::Days))
    }

    async fn write(&self, at: &At, _: &Retention, to: &Retention) -> Result<Written, Failure> {
        const PUT: &str = "logs:PutRetentionPolicy";
        let client = self.client(at).await?;
        let written = Written::default();
        match to {
            Retention::Forever => {
                let request = client.delete_retention_policy().log_group_name(name(at));
                let answer = request.send().await;
                let answer =
                    answer.map_err(|error| Failure::of("logs:DeleteRetentionPolicy", &error))?;
                Ok(written.and(answer.request_id()))
            }
            Retention::Days(days) => {
                let days =
                    i32::try_from(*days).map_err(|error| Failure::other(PUT, error.to_string()))?;
                let request = client.put_retention_policy().log_group_name(name(at));
                let answer = request.retention_in_days(days).send().await;
                let answer = answer.map_err(|error| Failure::of(PUT, &error))?;
                Ok(written.and(answer.request_id()))
            }
        }
    }
}

impl Hand<LogGroupKey> for Logs<'_> {
    async fn read(&self, at: &At) -> Result<Option<String>, Failure> {
        let group = self.group(at).await?;
        Ok(group.and_then(|group| group.kms_key_id))
    }

    async fn write(
        &self,
        at: &At,
        _: &Option<String>,
        to: &Option<String>,
    ) -> Result<Written, Failure> {
        let client = self.client(at).await?;
        let written = Written::default();
        match to {
            Some(key) => {
                let request = client.associate_kms_key().log_group_name(name(at));
                let answer = request.kms_key_id(key).send().await;
                let answer = answer.map_err(|error| Failure::of("logs:AssociateKmsKey", &error))?;
                Ok(written.and(answer.request_id()))
            }
            None => {
                let request = client.disassociate_kms_key().log_group_name(name(at));
                let answer = request.send().await;
                let answer =
                    answer.map_err(|error| Failure::of("logs:DisassociateKmsKey", &error))?;
                Ok(written.and(answer.request_id()))
            }
        }
    }
}

impl Hand<DataProtection> for Logs<'_> {
    async fn read(&self, at: &At) -> Result<Option<String>, Failure> {
        let request = self.client(at).await?.get_data_protection_policy();
        let answer = request.log_group_identifier(name(at)).send().await;
        let answer = found("logs:GetDataProtectionPolicy", answer, is_gone)?;
        Ok(answer.and_then(|answer| answer.policy_document))
    }

    async fn write(
        &self,
        at: &At,
        _: &Option<String>,
        to: &Option<String>,
    ) -> Result<Written, Failure> {
        let client = self.client(at).await?;
        let written = Written::default();
        match to {
            Some(text) => {
                let request = client.put_data_protection_policy().policy_document(text);
                let answer = request.log_group_identifier(name(at)).send().await;
                let answer =
                    answer.map_err(|error| Failure::of("logs:PutDataProtectionPolicy", &error))?;
                Ok(written.and(answer.request_id()))
            }
            None => {
                let request = client.delete_data_protection_policy();
                let answer = request.log_group_identifier(name(at)).send().await;
                let answer = answer
                    .map_err(|error| Failure::of("logs:DeleteDataProtectionPolicy", &error))?;
                Ok(written.and(answer.request_id()))
            }
        }
    }
}
