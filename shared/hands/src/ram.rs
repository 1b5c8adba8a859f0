//! Resource shares, through Resource Access Manager.

use aws_sdk_ram::Client;
use aws_sdk_ram::operation::RequestId;
use aws_sdk_ram::types::{
    ResourceShareAssociationStatus as Status, ResourceShareAssociationType as Sort,
};

use auditward_rules::facet::At;
use auditward_rules::facets::made::Thing;
use auditward_rules::facets::share::SharePrincipal;
use auditward_runtime::failure::{Failure, found};
use auditward_runtime::hand::{Hand, Permission, Written};

use crate::time::moment;

const GET: &str = "ram:GetResourceShareAssociations";
const ASSOCIATE: &str = "ram:AssociateResourceShare";
const DISASSOCIATE: &str = "ram:DisassociateResourceShare";

/// Every call this hand makes.
pub const PERMISSIONS: &[Permission] = &[
    Permission::read("share-principal", GET),
    Permission::write("share-principal", ASSOCIATE),
    Permission::write("share-principal", DISASSOCIATE),
];

hand! {
    /// The hand for them.
    Shares with Client
}

/// The principal that a plan is about.
fn principal<'a>(at: &'a At, call: &str) -> Result<&'a str, Failure> {
    let named = at.item.as_deref();
    named.ok_or_else(|| Failure::other(call, "the plan names no principal"))
}

impl Hand<SharePrincipal> for Shares<'_> {
    /// One that is being taken out has no association any more.
    async fn read(&self, at: &At) -> Result<Option<Thing>, Failure> {
        let request = self
            .client(at)
            .await?
            .get_resource_share_associations()
            .association_type(Sort::Principal)
            .resource_share_arns(&at.resource)
            .principal(principal(at, GET)?);
        let answer = found(GET, request.send().await, |e| {
            e.is_unknown_resource_exception()
        })?;
        let Some(answer) = answer else {
            return Ok(None);
        };
        let gone = |status: Option<&Status>| {
            matches!(
                status,
                Some(Status::Disassociated | Status::Disassociating | Status::Failed)
            )
        };
        let mut all = answer.resource_share_associations().iter();
        let live = all.find(|one| !gone(one.status()));
        Ok(live.map(|one| {
            let entity = one.associated_entity();
            let entity = entity.map(|entity| ("principal".into(), entity.into()));
            Thing {
                created: one.creation_time().and_then(moment),
                detail: entity.into_iter().collect(),
            }
        }))
    }

    async fn write(
        &self,
        at: &At,
        _: &Option<Thing>,
        to: &Option<Thing>,
    ) -> Result<Written, Failure> {
        let client = self.client(at).await?;
        let request_id = if to.is_some() {
            let request = client
                .associate_resource_share()
                .resource_share_arn(&at.resource)
                .principals(principal(at, ASSOCIATE)?);
            let answer = request.send().await;
            let answer = answer.map_err(|error| Failure::of(ASSOCIATE, &error))?;
            answer.request_id().map(str::to_owned)
        } else {
            let request = client
                .disassociate_resource_share()
                .resource_share_arn(&at.resource)
                .principals(principal(at, DISASSOCIATE)?);
            let answer = request.send().await;
            let answer = answer.map_err(|error| Failure::of(DISASSOCIATE, &error))?;
            answer.request_id().map(str::to_owned)
        };
        Ok(Written::default().and(request_id.as_deref()))
    }
}
