//! Trusted access, and delegated administrators.

use aws_sdk_cloudtrail::operation::RequestId as _;
use aws_sdk_organizations::types::DelegatedService;

use auditward_rules::facet::At;
use auditward_rules::facets::made::Thing;
use auditward_rules::facets::organization::{Delegation, NewDelegation, TrustedAccess};
use auditward_runtime::failure::{Failure, found};
use auditward_runtime::hand::{Hand, Written};

use super::invitation::time;
use super::{Organizations, item};

const ACCESS: &str = "organizations:ListAWSServiceAccessForOrganization";
const ENABLE: &str = "organizations:EnableAWSServiceAccess";
const DELEGATED: &str = "organizations:ListDelegatedServicesForAccount";
const REGISTER: &str = "organizations:RegisterDelegatedAdministrator";
const DEREGISTER: &str = "organizations:DeregisterDelegatedAdministrator";
const TRAIL_REGISTER: &str = "cloudtrail:RegisterOrganizationDelegatedAdmin";
const TRAIL_DEREGISTER: &str = "cloudtrail:DeregisterOrganizationDelegatedAdmin";

/// CloudTrail makes its roles itself, and wants its own call for that.
const CLOUDTRAIL: &str = "cloudtrail.amazonaws.com";

impl Hand<TrustedAccess> for Organizations<'_> {
    async fn read(&self, at: &At) -> Result<Option<bool>, Failure> {
        let service = item(ACCESS, at)?;
        let client = self.client(at).await?;
        let mut pages = client
            .list_aws_service_access_for_organization()
            .into_paginator()
            .send();
        while let Some(page) = pages.next().await {
            let page = found(ACCESS, page, |e| {
                e.is_aws_organizations_not_in_use_exception()
            })?;
            let Some(page) = page else {
                return Ok(None);
            };
            let mut enabled = page.enabled_service_principals().iter();
            if enabled.any(|one| one.service_principal() == Some(service)) {
                return Ok(Some(true));
            }
        }
        Ok(Some(false))
    }

    async fn write(
        &self,
        at: &At,
        _: &Option<bool>,
        to: &Option<bool>,
    ) -> Result<Written, Failure> {
        if *to != Some(true) {
            return Err(Failure::other(
                ENABLE,
                "trusted access is only ever switched on",
            ));
        }
        let client = self.client(at).await?;
        let request = client.enable_aws_service_access();
        let answer = request.service_principal(item(ENABLE, at)?).send().await;
        let answer = answer.map_err(|error| Failure::of(ENABLE, &error))?;
        Ok(Written::default().and(answer.request_id()))
    }
}

/// An account as an administrator of a service.
enum Registered {
    NoAccount,
    No,
    Yes(DelegatedService),
}

impl Organizations<'_> {
    async fn registered(&self, at: &At) -> Result<Registered, Failure> {
        let service = item(DELEGATED, at)?;
        let client = self.client(at).await?;
        let mut pages = client
            .list_delegated_services_for_account()
            .account_id(at.name())
            .into_paginator()
            .send();
        while let Some(page) = pages.next().await {
            let page = match page {
                Ok(page) => page,
                Err(error) => {
                    let known = error.as_service_error();
                    return if known.is_some_and(|e| e.is_account_not_registered_exception()) {
                        Ok(Registered::No)
                    } else if known.is_some_and(|e| {
                        e.is_account_not_found_exception()
                            || e.is_aws_organizations_not_in_use_exception()
                    }) {
                        Ok(Registered::NoAccount)
                    } else {
                        Err(Failure::of(DELEGATED, &error))
                    };
                }
            };
            let mut services = page.delegated_services.unwrap_or_default().into_iter();
            let found = services.find(|one| one.service_principal() == Some(service));
            if let Some(found) = found {
                return Ok(Registered::Yes(found));
            }
        }
        Ok(Registered::No)
    }

    /// Makes an account an administrator of a service, or takes it back.
    async fn register(&self, at: &At, wanted: bool) -> Result<Written, Failure> {
        let service = item(if wanted { REGISTER } else { DEREGISTER }, at)?;
        let account = at.name();
        let id = match (service == CLOUDTRAIL, wanted) {
            (true, true) => {
                let asked = self
                    .trails(at)
                    .await?
                    .register_organization_delegated_admin();
                done!(TRAIL_REGISTER, asked.member_account_id(account))
            }
            (true, false) => {
                let asked = self
                    .trails(at)
                    .await?
                    .deregister_organization_delegated_admin();
                done!(TRAIL_DEREGISTER, asked.delegated_admin_account_id(account))
            }
            (false, true) => {
                let asked = self.client(at).await?.register_delegated_administrator();
                done!(
                    REGISTER,
                    asked.account_id(account).service_principal(service)
                )
            }
            (false, false) => {
                let asked = self.client(at).await?.deregister_delegated_administrator();
                done!(
                    DEREGISTER,
                    asked.account_id(account).service_principal(service)
                )
            }
        };
        Ok(Written::default().and(id.as_deref()))
    }

    async fn trails(&self, at: &At) -> Result<aws_sdk_cloudtrail::Client, Failure> {
        let config = self.sessions.of(&at.account, &at.region).await?;
        Ok(aws_sdk_cloudtrail::Client::new(&config))
    }
}

impl Hand<Delegation> for Organizations<'_> {
    async fn read(&self, at: &At) -> Result<Option<bool>, Failure> {
        Ok(match self.registered(at).await? {
            Registered::NoAccount => None,
            Registered::No => Some(false),
            Registered::Yes(_) => Some(true),
        })
    }

    async fn write(
        &self,
        at: &At,
        _: &Option<bool>,
        to: &Option<bool>,
    ) -> Result<Written, Failure> {
        match to {
            Some(true) => self.register(at, true).await,
            Some(false) => self.register(at, false).await,
            None => Err(Failure::other(
                DEREGISTER,
                "accounts are left where they are",
            )),
        }
    }
}

impl Hand<NewDelegation> for Organizations<'_> {
    async fn read(&self, at: &At) -> Result<Option<Thing>, Failure> {
        let Registered::Yes(found) = self.registered(at).await? else {
            return Ok(None);
        };
        let service = item(DELEGATED, at)?;
        Ok(Some(Thing {
            created: time(found.delegation_enabled_date()),
            detail: [
                ("account".to_owned(), at.name().to_owned()),
                ("of".to_owned(), service.to_owned()),
            ]
            .into(),
        }))
    }

    async fn write(
        &self,
        at: &At,
        _: &Option<Thing>,
        to: &Option<Thing>,
    ) -> Result<Written, Failure> {
        match to {
            None => self.register(at, false).await,
            Some(_) => self.register(at, true).await,
        }
    }
}
