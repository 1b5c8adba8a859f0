//! A bucket's access control list.

use aws_sdk_s3::operation::RequestId;
use aws_sdk_s3::types::{
    AccessControlPolicy, Grant as S3Grant, Grantee as S3Grantee, Owner, Permission, Type,
};

use auditward_rules::facet::At;
use auditward_rules::facets::bucket::{
    Acl, BUCKET_OWNER_ENFORCED, BucketAcl, BucketOwnership, Grant, Grantee,
};
use auditward_runtime::failure::Failure;
use auditward_runtime::hand::{Hand, Written};

use super::S3;

const READ: &str = "s3:GetBucketAcl";
const WRITE: &str = "s3:PutBucketAcl";

impl Hand<BucketAcl> for S3<'_> {
    async fn read(&self, at: &At) -> Result<Acl, Failure> {
        let request = self.client(at).await?.get_bucket_acl().bucket(at.name());
        let answer = request.expected_bucket_owner(&at.account).send().await;
        let answer = answer.map_err(|error| Failure::of(READ, &error))?;
        let owner = answer
            .owner()
            .and_then(Owner::id)
            .unwrap_or_default()
            .to_owned();
        let grants: Option<Vec<Grant>> = answer.grants().iter().map(grant_of).collect();
        let grants = grants
            .ok_or_else(|| Failure::other(READ, "a grant of the ACL names nobody known here"))?;
        let acl = Acl {
            owner,
            grants,
            off: false,
        };
        // S3 switches ACLs off only while they let nobody in but the owner.
        if acl.others().next().is_some() {
            return Ok(acl);
        }
        let ownership = <Self as Hand<BucketOwnership>>::read(self, at).await?;
        let off = ownership.as_deref() == Some(BUCKET_OWNER_ENFORCED);
        Ok(Acl { off, ..acl })
    }

    async fn write(&self, at: &At, _: &Acl, to: &Acl) -> Result<Written, Failure> {
        let unusable =
            |error: aws_sdk_s3::error::BuildError| Failure::other(WRITE, error.to_string());
        let grants: Result<Vec<S3Grant>, _> = to.grants.iter().map(grant_to).collect();
        let policy = AccessControlPolicy::builder()
            .set_grants(Some(grants.map_err(unusable)?))
            .owner(Owner::builder().id(&to.owner).build())
            .build();
        let request = self.client(at).await?.put_bucket_acl().bucket(at.name());
        let request = request
            .access_control_policy(policy)
            .expected_bucket_owner(&at.account);
        let answer = request
            .send()
            .await
            .map_err(|error| Failure::of(WRITE, &error))?;
        Ok(Written::default().and(answer.request_id()))
    }
}

fn grant_of(grant: &S3Grant) -> Option<Grant> {
    let to = grantee_of(grant.grantee()?)?;
    Some(Grant::new(to, grant.permission()?.as_str()))
}

pub(super) fn grantee_of(grantee: &S3Grantee) -> Option<Grantee> {
    let to = grantee.uri().map(|uri| Grantee::Group(uri.to_owned()));
    let to = to.or_else(|| grantee.id().map(|id| Grantee::CanonicalId(id.to_owned())));
    to.or_else(|| {
        grantee
            .email_address()
            .map(|email| Grantee::Email(email.to_owned()))
    })
}

fn grant_to(grant: &Grant) -> Result<S3Grant, aws_sdk_s3::error::BuildError> {
    let permission = Permission::from(grant.may.as_str());
    Ok(S3Grant::builder()
        .grantee(grantee_to(&grant.to)?)
        .permission(permission)
        .build())
}

pub(super) fn grantee_to(to: &Grantee) -> Result<S3Grantee, aws_sdk_s3::error::BuildError> {
    let grantee = S3Grantee::builder();
    let grantee = match to {
        Grantee::CanonicalId(id) => grantee.r#type(Type::CanonicalUser).id(id),
        Grantee::Group(uri) => grantee.r#type(Type::Group).uri(uri),
        Grantee::Email(email) => grantee
            .r#type(Type::AmazonCustomerByEmail)
            .email_address(email),
    };
    grantee.build()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grants_survive_the_way_there_and_back() {
        for to in [
            Grantee::CanonicalId("0e9d".into()),
            Grantee::Group("http://acs.amazonaws.com/groups/s3/LogDelivery".into()),
            Grantee::Email("x@example.com".into()),
        ] {
            let grant = Grant::new(to, "READ_ACP");
            assert_eq!(grant_of(&grant_to(&grant).unwrap()), Some(grant));
        }
    }
}
