//! What is granted of a key, beside its policy.

use std::collections::{BTreeMap, HashMap};

use aws_sdk_kms::operation::RequestId;
use aws_sdk_kms::types::{GrantConstraints, GrantListEntry, GrantOperation};

use auditward_rules::facet::At;
use auditward_rules::facets::key::{Grant, KeyGrant, KeyGrants};
use auditward_rules::facets::made::Thing;
use auditward_runtime::failure::{Failure, found};
use auditward_runtime::hand::{Hand, Written};

use super::Kms;

const LIST: &str = "kms:ListGrants";
const CREATE: &str = "kms:CreateGrant";
const REVOKE: &str = "kms:RevokeGrant";

impl Kms<'_> {
    /// A key's grants: all, or the one of this ID.
    async fn grants(&self, at: &At, id: Option<&str>) -> Result<Vec<GrantListEntry>, Failure> {
        let client = self.client(at).await?;
        let (mut all, mut marker) = (Vec::new(), None);
        loop {
            let request = client
                .list_grants()
                .key_id(&at.resource)
                .set_grant_id(id.map(str::to_owned))
                .set_marker(marker);
            let answer = found(LIST, request.send().await, |e| {
                e.is_not_found_exception() || e.is_invalid_grant_id_exception()
            })?;
            // Neither a key that is gone nor a grant that is has any.
            let Some(answer) = answer else {
                return Ok(all);
            };
            all.extend(answer.grants().iter().cloned());
            marker = answer.next_marker().map(str::to_owned);
            if !answer.truncated() || marker.is_none() {
                return Ok(all);
            }
        }
    }
}

fn thing(entry: &GrantListEntry) -> Thing {
    let grant = grant(entry);
    let operations: Vec<_> = grant.operations.into_iter().collect();
    let mut detail = BTreeMap::from([
        ("to".to_owned(), grant.grantee),
        ("for".to_owned(), operations.join(" ")),
    ]);
    detail.extend(grant.name.map(|name| ("named".to_owned(), name)));
    let created = entry
        .creation_date()
        .and_then(|date| chrono::DateTime::from_timestamp(date.secs(), 0));
    Thing { created, detail }
}

fn grant(entry: &GrantListEntry) -> Grant {
    let text = |text: Option<&str>| text.filter(|text| !text.is_empty()).map(str::to_owned);
    let constraints = entry.constraints();
    Grant {
        name: text(entry.name()),
        grantee: entry
            .grantee_principal()
            .or(entry.grantee_service_principal())
            .unwrap_or_default()
            .to_owned(),
        retiring: text(
            entry
                .retiring_principal()
                .or(entry.retiring_service_principal()),
        ),
        operations: entry
            .operations()
            .iter()
            .map(|one| one.as_str().to_owned())
            .collect(),
        context_subset: context(constraints.and_then(|c| c.encryption_context_subset())),
        context_equals: context(constraints.and_then(|c| c.encryption_context_equals())),
        source_arn: text(constraints.and_then(|c| c.source_arn())),
    }
}

fn context(map: Option<&HashMap<String, String>>) -> BTreeMap<String, String> {
    map.cloned().unwrap_or_default().into_iter().collect()
}

fn constraints(grant: &Grant) -> Option<GrantConstraints> {
    let map = |map: &BTreeMap<String, String>| {
        (!map.is_empty()).then(|| map.clone().into_iter().collect())
    };
    let any = !grant.context_subset.is_empty()
        || !grant.context_equals.is_empty()
        || grant.source_arn.is_some();
    any.then(|| {
        GrantConstraints::builder()
            .set_encryption_context_subset(map(&grant.context_subset))
            .set_encryption_context_equals(map(&grant.context_equals))
            .set_source_arn(grant.source_arn.clone())
            .build()
    })
}

fn is_service(principal: &str) -> bool {
    !principal.starts_with("arn:") && principal.contains(".amazonaws.com")
}

impl Hand<KeyGrant> for Kms<'_> {
    async fn read(&self, at: &At) -> Result<Option<Thing>, Failure> {
        let id = at.item.as_deref().unwrap_or_default();
        let found = self.grants(at, Some(id)).await?;
        let entry = found.iter().find(|entry| entry.grant_id() == Some(id));
        Ok(entry.map(thing))
    }

    async fn write(
        &self,
        at: &At,
        _: &Option<Thing>,
        to: &Option<Thing>,
    ) -> Result<Written, Failure> {
        let (Some(id), None) = (&at.item, to) else {
            return Err(Failure::other(CREATE, "a grant is only ever revoked"));
        };
        let request = self.client(at).await?.revoke_grant();
        let answer = request.key_id(&at.resource).grant_id(id).send().await;
        let answer = answer.map_err(|error| Failure::of(REVOKE, &error))?;
        Ok(Written::default().and(answer.request_id()))
    }
}

impl Hand<KeyGrants> for Kms<'_> {
    async fn read(&self, at: &At) -> Result<BTreeMap<String, Grant>, Failure> {
        let found = self.grants(at, None).await?;
        Ok(found
            .iter()
            .filter_map(|entry| Some((entry.grant_id()?.to_owned(), grant(entry))))
            .collect())
    }

    async fn write(
        &self,
        at: &At,
        from: &BTreeMap<String, Grant>,
        to: &BTreeMap<String, Grant>,
    ) -> Result<Written, Failure> {
        let client = self.client(at).await?;
        let mut written = Written::default();
        let has = |state: &BTreeMap<String, Grant>, grant: &Grant| {
            state.values().any(|other| other == grant)
        };
        for grant in to.values().filter(|grant| !has(from, grant)) {
            let split = |principal: Option<&str>| match principal {
                Some(service) if is_service(service) => (None, Some(service.to_owned())),
                other => (other.map(str::to_owned), None),
            };
            let (grantee, service) = split(Some(&grant.grantee));
            let (retiring, retiring_service) = split(grant.retiring.as_deref());
            let operations = grant
                .operations
                .iter()
                .map(|one| GrantOperation::from(one.as_str()));
            let answer = client
                .create_grant()
                .key_id(&at.resource)
                .set_name(grant.name.clone())
                .set_grantee_principal(grantee)
                .set_grantee_service_principal(service)
                .set_retiring_principal(retiring)
                .set_retiring_service_principal(retiring_service)
                .set_operations(Some(operations.collect()))
                .set_constraints(constraints(grant))
                .send()
                .await
                .map_err(|error| Failure::of(CREATE, &error).after(&written))?;
            written = written.and(answer.request_id());
        }
        // Only undo comes here: what was given again is taken away again.
        for (id, _) in from.iter().filter(|(_, grant)| !has(to, grant)) {
            let request = client.revoke_grant().key_id(&at.resource).grant_id(id);
            let answer = request
                .send()
                .await
                .map_err(|error| Failure::of(REVOKE, &error).after(&written))?;
            written = written.and(answer.request_id());
        }
        Ok(written)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_of_a_grant_is_lost_on_the_way() {
        let constrained = GrantConstraints::builder()
            .encryption_context_subset("aws:dynamodb:tableName", "auditward")
            .build();
        let entry = GrantListEntry::builder()
            .grant_id("g")
            .grantee_principal("dynamodb.eu-west-1.amazonaws.com")
            .operations(GrantOperation::Decrypt)
            .constraints(constrained.clone())
            .name("")
            .build();
        let known = grant(&entry);
        assert_eq!(known.name, None);
        assert!(is_service(&known.grantee));
        assert_eq!(constraints(&known), Some(constrained));
    }
}
