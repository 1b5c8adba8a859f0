//! Trust anchors, through IAM Roles Anywhere.

use aws_sdk_rolesanywhere::Client;
use aws_sdk_rolesanywhere::operation::RequestId;

use auditward_rules::facet::At;
use auditward_rules::facets::anchor::{EnabledAnchor, TrustAnchor};
use auditward_rules::facets::made::Thing;
use auditward_runtime::failure::{Failure, found};
use auditward_runtime::hand::{Hand, Permission, Written};

use crate::time::moment;

const GET: &str = "rolesanywhere:GetTrustAnchor";
const ENABLE: &str = "rolesanywhere:EnableTrustAnchor";
const DISABLE: &str = "rolesanywhere:DisableTrustAnchor";

/// Every call this hand makes.
pub const PERMISSIONS: &[Permission] = &[
    Permission::read("trust-anchor", GET),
    Permission::write("trust-anchor", ENABLE),
    Permission::write("trust-anchor", DISABLE),
    Permission::read("enabled-trust-anchor", GET),
    Permission::write("enabled-trust-anchor", ENABLE),
    Permission::write("enabled-trust-anchor", DISABLE),
];

hand! {
    /// The hand for them.
    Anchors with Client
}

impl Anchors<'_> {
    /// A trust anchor that is enabled, with its age.
    async fn enabled(&self, at: &At) -> Result<Option<Thing>, Failure> {
        let request = self.client(at).await?.get_trust_anchor();
        let answer = request.trust_anchor_id(at.name()).send().await;
        let answer = found(GET, answer, |e| e.is_resource_not_found_exception())?;
        let anchor = answer
            .and_then(|answer| answer.trust_anchor)
            .filter(|anchor| anchor.enabled() == Some(true));
        Ok(anchor.map(|anchor| {
            let name = anchor.name().map(|name| ("name".into(), name.into()));
            Thing {
                created: anchor.created_at().and_then(moment),
                detail: name.into_iter().collect(),
            }
        }))
    }

    async fn switch(&self, at: &At, on: bool) -> Result<Written, Failure> {
        let (client, id) = (self.client(at).await?, at.name());
        let request_id = if on {
            let answer = client.enable_trust_anchor().trust_anchor_id(id).send();
            let answer = answer.await.map_err(|error| Failure::of(ENABLE, &error))?;
            answer.request_id().map(str::to_owned)
        } else {
            let answer = client.disable_trust_anchor().trust_anchor_id(id).send();
            let answer = answer.await.map_err(|error| Failure::of(DISABLE, &error))?;
            answer.request_id().map(str::to_owned)
        };
        Ok(Written::default().and(request_id.as_deref()))
    }
}

impl Hand<TrustAnchor> for Anchors<'_> {
    async fn read(&self, at: &At) -> Result<Option<Thing>, Failure> {
        self.enabled(at).await
    }

    async fn write(
        &self,
        at: &At,
        _: &Option<Thing>,
        to: &Option<Thing>,
    ) -> Result<Written, Failure> {
        self.switch(at, to.is_some()).await
    }
}

impl Hand<EnabledAnchor> for Anchors<'_> {
    /// Its age says nothing about when it was enabled, and is left out.
    async fn read(&self, at: &At) -> Result<Option<Thing>, Failure> {
        let found = self.enabled(at).await?;
        Ok(found.map(|thing| Thing {
            created: None,
            ..thing
        }))
    }

    async fn write(
        &self,
        at: &At,
        _: &Option<Thing>,
        to: &Option<Thing>,
    ) -> Result<Written, Failure> {
        self.switch(at, to.is_some()).await
    }
}
