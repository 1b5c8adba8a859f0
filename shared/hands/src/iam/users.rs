//! Members of groups, access keys, and the audiences of identity providers.

use std::collections::BTreeMap;

use aws_sdk_iam::operation::RequestId;
use aws_sdk_iam::types::StatusType;

use auditward_rules::facet::At;
use auditward_rules::facets::made::Thing;
use auditward_rules::facets::principal::{AccessKey, Member, Membership, ProviderAudience};
use auditward_runtime::failure::Failure;
use auditward_runtime::hand::{Hand, Written};

use super::principals::{Sort, moment, power_of, principal};
use super::{Iam, found};

/// What inside the resource the plan is about.
fn item(at: &At) -> Result<&str, Failure> {
    let missing = || Failure::other("iam:GetGroup", format!("{}: what of it?", at.resource));
    at.item.as_deref().ok_or_else(missing)
}

impl Hand<Membership> for Iam<'_> {
    async fn read(&self, at: &At) -> Result<Option<Member>, Failure> {
        let (client, user) = (self.client(at).await?, item(at)?);
        let mut marker = None;
        loop {
            let request = client
                .list_groups_for_user()
                .user_name(user)
                .set_marker(marker);
            let Some(page) = found!("iam:ListGroupsForUser", request) else {
                return Ok(None);
            };
            let mut groups = page.groups.iter();
            // An event has the name as the caller wrote it, and IAM tells none apart by case.
            if groups.any(|group| group.group_name.eq_ignore_ascii_case(at.name())) {
                break;
            }
            marker = page.marker.filter(|_| page.is_truncated);
            if marker.is_none() {
                return Ok(None);
            }
        }
        let member = At::new(&at.account, &at.region, user);
        let (who, power) = futures_util::future::try_join(
            principal(&client, &member, Sort::User),
            power_of(&client, at, Sort::Group),
        )
        .await?;
        Ok(who.map(|who| Member {
            user: who.arn,
            id: Some(who.id),
            created: who.created,
            power,
        }))
    }

    async fn write(
        &self,
        at: &At,
        _: &Option<Member>,
        to: &Option<Member>,
    ) -> Result<Written, Failure> {
        let (client, user, group) = (self.client(at).await?, item(at)?, at.name());
        let id = match to {
            None => done!(
                "iam:RemoveUserFromGroup",
                client
                    .remove_user_from_group()
                    .group_name(group)
                    .user_name(user)
            ),
            Some(_) => done!(
                "iam:AddUserToGroup",
                client.add_user_to_group().group_name(group).user_name(user)
            ),
        };
        Ok(Written::default().and(id.as_deref()))
    }
}

impl Hand<AccessKey> for Iam<'_> {
    async fn read(&self, at: &At) -> Result<Option<Thing>, Failure> {
        let (client, id) = (self.client(at).await?, item(at)?);
        // A user has two keys at most.
        let request = client.list_access_keys().user_name(at.name());
        let listed = found!("iam:ListAccessKeys", request);
        let mut keys = listed.into_iter().flat_map(|page| page.access_key_metadata);
        let key = keys.find(|key| {
            key.access_key_id.as_deref() == Some(id) && key.status == Some(StatusType::Active)
        });
        Ok(key.map(|key| Thing {
            created: key.create_date.as_ref().and_then(moment),
            detail: BTreeMap::from([("id".to_owned(), id.to_owned())]),
        }))
    }

    async fn write(
        &self,
        at: &At,
        _: &Option<Thing>,
        to: &Option<Thing>,
    ) -> Result<Written, Failure> {
        let (client, id) = (self.client(at).await?, item(at)?);
        let status = match to {
            None => StatusType::Inactive,
            Some(_) => StatusType::Active,
        };
        let id = done!(
            "iam:UpdateAccessKey",
            client
                .update_access_key()
                .user_name(at.name())
                .access_key_id(id)
                .status(status)
        );
        Ok(Written::default().and(id.as_deref()))
    }
}

impl Hand<ProviderAudience> for Iam<'_> {
    async fn read(&self, at: &At) -> Result<Option<Thing>, Failure> {
        let (client, audience) = (self.client(at).await?, item(at)?);
        let provider = found!(
            "iam:GetOpenIDConnectProvider",
            client
                .get_open_id_connect_provider()
                .open_id_connect_provider_arn(&at.resource)
        );
        let mut accepted = provider
            .into_iter()
            .flat_map(|provider| provider.client_id_list.unwrap_or_default());
        Ok(accepted.find(|one| one == audience).map(|audience| Thing {
            created: None,
            detail: BTreeMap::from([("id".to_owned(), audience)]),
        }))
    }

    async fn write(
        &self,
        at: &At,
        _: &Option<Thing>,
        to: &Option<Thing>,
    ) -> Result<Written, Failure> {
        let (client, audience) = (self.client(at).await?, item(at)?);
        let id = match to {
            None => done!(
                "iam:RemoveClientIDFromOpenIDConnectProvider",
                client
                    .remove_client_id_from_open_id_connect_provider()
                    .open_id_connect_provider_arn(&at.resource)
                    .client_id(audience)
            ),
            Some(_) => done!(
                "iam:AddClientIDToOpenIDConnectProvider",
                client
                    .add_client_id_to_open_id_connect_provider()
                    .open_id_connect_provider_arn(&at.resource)
                    .client_id(audience)
            ),
        };
        Ok(Written::default().and(id.as_deref()))
    }
}
