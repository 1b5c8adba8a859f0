//! Where accounts stand, and what guards them there.

use std::collections::BTreeMap;

use aws_sdk_organizations::Client;
use aws_sdk_organizations::operation::RequestId;

use auditward_policy::Document;
use auditward_rules::facet::At;
use auditward_rules::facets::organization::{AccountPlace, GUARDRAIL_TYPES, Place, lost};
use auditward_runtime::failure::{Failure, found};
use auditward_runtime::hand::{Hand, Written};

use super::{Organizations, attached, content, item, policy};

const PARENTS: &str = "organizations:ListParents";
const MOVE: &str = "organizations:MoveAccount";

/// How many units may stand above one another, and the root.
const DEPTH: usize = 8;

/// What an account or unit stands in; `None` where there is no such child.
async fn parent(client: &Client, child: &str) -> Result<Option<String>, Failure> {
    let answer = client.list_parents().child_id(child).send().await;
    let answer = found(PARENTS, answer, |e| e.is_child_not_found_exception())?;
    let parent = answer
        .as_ref()
        .and_then(|answer| answer.parents().first()?.id());
    Ok(parent.map(str::to_owned))
}

/// The guardrails that hold in a place, by ID: its own, and those of all above it.
async fn guarding(client: &Client, place: &str) -> Result<BTreeMap<String, String>, Failure> {
    let mut found = BTreeMap::new();
    let mut place = place.to_owned();
    for _ in 0..DEPTH {
        for sort in GUARDRAIL_TYPES {
            let here = attached(client, &place, sort).await?;
            let own = here.unwrap_or_default().into_iter();
            found.extend(own.filter(|one| !one.by_aws).map(|one| (one.id, one.name)));
        }
        if place.starts_with("r-") {
            break;
        }
        match parent(client, &place).await? {
            Some(above) => place = above,
            None => break,
        }
    }
    Ok(found)
}

/// What those policies say; `None` where one of them cannot be read.
async fn documents<'a>(
    client: &Client,
    listed: impl Iterator<Item = (&'a String, &'a String)>,
) -> Result<Option<Vec<(String, Document)>>, Failure> {
    let mut all = Vec::new();
    for (id, name) in listed {
        let found = policy(client, id).await?;
        let found = found.as_ref().map(content);
        let Some(document) = found.as_ref().and_then(|state| state.document()) else {
            return Ok(None);
        };
        all.push((name.clone(), document.clone()));
    }
    Ok(Some(all))
}

impl Hand<AccountPlace> for Organizations<'_> {
    async fn read(&self, at: &At) -> Result<Option<Place>, Failure> {
        let before = item(PARENTS, at)?;
        let client = self.client(at).await?;
        let Some(parent) = parent(&client, at.name()).await? else {
            return Ok(None);
        };
        if parent == before {
            return Ok(Some(Place {
                parent,
                lost: Some(Vec::new()),
            }));
        }
        let (there, here) = (
            guarding(&client, before).await?,
            guarding(&client, &parent).await?,
        );
        let missing = there.iter().filter(|(id, _)| !here.contains_key(*id));
        let missing = documents(&client, missing).await?;
        let lost = match missing {
            Some(missing) if missing.is_empty() => Some(Vec::new()),
            Some(missing) => documents(&client, here.iter())
                .await?
                .and_then(|here| lost(&missing, &here)),
            None => None,
        };
        Ok(Some(Place { parent, lost }))
    }

    async fn write(
        &self,
        at: &At,
        from: &Option<Place>,
        to: &Option<Place>,
    ) -> Result<Written, Failure> {
        let (Some(from), Some(to)) = (from, to) else {
            return Err(Failure::other(MOVE, "accounts are only ever moved"));
        };
        let request = self
            .client(at)
            .await?
            .move_account()
            .account_id(at.name())
            .source_parent_id(&from.parent)
            .destination_parent_id(&to.parent);
        let answer = request
            .send()
            .await
            .map_err(|error| Failure::of(MOVE, &error))?;
        Ok(Written::default().and(answer.request_id()))
    }
}
