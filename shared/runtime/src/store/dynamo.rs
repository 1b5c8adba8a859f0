//! The store in DynamoDB: one table, one item a document.
//!
//! Attributes: `key` (the partition key), `v` (version), `body` (JSON text),
//! `expires` (time to live), and `list` with `at` for the index `by-time`. A document
//! that is too long for an item has further `parts`, items `KEY#1`, `KEY#2`, …, which
//! change with it.

use std::collections::HashMap;
use std::sync::OnceLock;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::{
    AttributeValue, CancellationReason, KeysAndAttributes, Put as PutItem, TransactWriteItem,
};
use serde_json::value::RawValue;

use super::{BoxFuture, Expect, Item, NotStored, Put, Store};
use crate::failure::{Failure, FailureKind};
use crate::sessions::Sessions;

/// The index over lists.
const BY_TIME: &str = "by-time";
/// How many bytes of a document one item takes: [400 KB with all its
/// names](https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html).
const PART: usize = 350_000;
/// How often parts are read that somebody changes meanwhile.
const READINGS: usize = 4;

/// A table in the function's own account and region.
#[derive(Debug)]
pub struct Dynamo<'a> {
    sessions: &'a Sessions,
    table: String,
    client: OnceLock<Client>,
}

impl<'a> Dynamo<'a> {
    /// The table of that name.
    pub fn new(sessions: &'a Sessions, table: impl Into<String>) -> Self {
        Self {
            sessions,
            table: table.into(),
            client: OnceLock::new(),
        }
    }

    fn client(&self) -> &Client {
        self.client
            .get_or_init(|| Client::new(self.sessions.central()))
    }

    /// The items of a document: one, unless it is too long.
    fn items(&self, put: &Put) -> Result<Vec<PutItem>, Failure> {
        let (body, more) = first_part(put.body.get());
        let mut item = PutItem::builder()
            .table_name(&self.table)
            .item("key", text(&put.key))
            .item("body", text(body));
        let version = match put.expect {
            Expect::Absent => {
                item = item.condition_expression("attribute_not_exists(v)");
                1
            }
            Expect::Version(version) => {
                item = item
                    .condition_expression("v = :v")
                    .expression_attribute_values(":v", number(version));
                version + 1
            }
            // Nobody compares the version of what is always overwritten.
            Expect::Anything => 1,
        };
        item = item.item("v", number(version));
        if let Some((list, at)) = &put.listed {
            item = item.item("list", text(list)).item("at", text(at));
        }
        let mut all = Vec::new();
        let mut rest = more;
        while !rest.is_empty() {
            let (body, more) = first_part(rest);
            rest = more;
            let part = PutItem::builder()
                .table_name(&self.table)
                .item("key", text(&self::part(&put.key, all.len() + 1)))
                .item("body", text(body))
                .item("v", number(version));
            all.push(part);
        }
        if !all.is_empty() {
            item = item.item(
                "parts",
                number(u64::try_from(all.len()).unwrap_or_default()),
            );
        }
        all.insert(0, item);
        let expires = put.expires.map(|seconds| seconds.to_string());
        let built = all.into_iter().map(|item| {
            let item = match &expires {
                Some(seconds) => item.item("expires", AttributeValue::N(seconds.clone())),
                None => item,
            };
            item.build()
                .map_err(|error| Failure::other("dynamodb:PutItem", error.to_string()))
        });
        built.collect()
    }

    /// Items of these keys, as they are.
    async fn read(&self, keys: &[String]) -> Result<Vec<Attributes>, Failure> {
        let mut found = Vec::new();
        for keys in keys.chunks(BATCH) {
            let key = |key: &String| HashMap::from([("key".to_owned(), text(key))]);
            let keys = KeysAndAttributes::builder()
                .set_keys(Some(keys.iter().map(key).collect()))
                .consistent_read(true)
                .build()
                .map_err(|error| Failure::other("dynamodb:BatchGetItem", error.to_string()))?;
            let mut asked = Some(HashMap::from([(self.table.clone(), keys)]));
            // DynamoDB hands back what it had no time for.
            while let Some(keys) = asked.take().filter(|keys| !keys.is_empty()) {
                let request = self.client().batch_get_item().set_request_items(Some(keys));
                let answer = request.send().await;
                let answer = answer.map_err(|e| Failure::of("dynamodb:BatchGetItem", &e))?;
                let tables = answer.responses.unwrap_or_default();
                found.extend(tables.into_values().flatten());
                asked = answer.unprocessed_keys;
            }
        }
        Ok(found)
    }

    /// A document out of its item, with its parts where it has any; `None` where it
    /// is none.
    async fn whole(&self, mut item: Attributes) -> Result<Option<(String, Item)>, Failure> {
        for _ in 0..READINGS {
            let Some(found) = First::of(&item) else {
                return Ok(None);
            };
            if found.parts == 0 {
                return Ok(found.document(&[]));
            }
            let mut keys: Vec<String> =
                (1..=found.parts).map(|nth| part(&found.key, nth)).collect();
            keys.push(found.key.clone());
            let read = self.read(&keys).await?;
            let of = |key: &String| read.iter().find(|item| string(item, "key") == Some(key));
            let parts: Option<Vec<_>> = keys.iter().map(of).collect();
            let same = |part: &&Attributes| part.get("v") == item.get("v");
            match parts {
                // With the first item read once more, so that all are of one version.
                Some(parts) if parts.iter().all(same) => return Ok(found.document(&parts)),
                _ => {}
            }
            match of(&found.key) {
                Some(changed) => item = changed.clone(),
                None => return Ok(None),
            }
        }
        let why = "a document kept changing while its parts were read";
        Err(Failure {
            kind: FailureKind::Passing,
            ..Failure::other("dynamodb:BatchGetItem", why)
        })
    }
}

type Attributes = HashMap<String, AttributeValue>;

/// The key of a document's further part.
fn part(key: &str, nth: usize) -> String {
    format!("{key}#{nth}")
}

/// What fits into an item, and the rest.
fn first_part(body: &str) -> (&str, &str) {
    body.split_at(body.floor_char_boundary(PART))
}

fn string<'a>(item: &'a Attributes, name: &str) -> Option<&'a String> {
    item.get(name)?.as_s().ok()
}

/// The first item of a document.
struct First {
    key: String,
    version: u64,
    parts: usize,
    body: String,
}

impl First {
    fn of(item: &Attributes) -> Option<Self> {
        let parts = item.get("parts").and_then(|parts| parts.as_n().ok());
        Some(Self {
            key: string(item, "key")?.clone(),
            version: item.get("v")?.as_n().ok()?.parse().ok()?,
            parts: parts.map_or(Ok(0), |parts| parts.parse()).ok()?,
            body: string(item, "body")?.clone(),
        })
    }

    fn document(self, parts: &[&Attributes]) -> Option<(String, Item)> {
        let Self {
            key,
            version,
            parts: count,
            mut body,
        } = self;
        for part in parts.iter().take(count) {
            body.push_str(string(part, "body")?);
        }
        let body = RawValue::from_string(body).ok()?;
        Some((key, Item { version, body }))
    }
}

fn text(value: &str) -> AttributeValue {
    AttributeValue::S(value.to_owned())
}

fn number(value: u64) -> AttributeValue {
    AttributeValue::N(value.to_string())
}

/// What it means that a transaction was [cancelled](https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html):
/// by a condition or by another transaction, somebody else was there first; by
/// anything else, the store did not do it.
fn not_stored(reasons: &[CancellationReason]) -> NotStored {
    let is = |reason: &&CancellationReason, codes: &[&str]| {
        reason.code().is_some_and(|code| codes.contains(&code))
    };
    let other = |reason: &&CancellationReason| {
        !is(
            reason,
            &["None", "ConditionalCheckFailed", "TransactionConflict"],
        )
    };
    let faster = |reason: &CancellationReason| {
        is(&reason, &["ConditionalCheckFailed", "TransactionConflict"])
    };
    let Some(reason) = reasons
        .iter()
        .find(other)
        .filter(|_| !reasons.iter().any(faster))
    else {
        return NotStored::Conflict;
    };
    let passes = is(
        &reason,
        &["ProvisionedThroughputExceeded", "ThrottlingError"],
    );
    let message = reason.message().unwrap_or("the transaction was cancelled");
    NotStored::Failed(Failure {
        code: reason.code().unwrap_or("TransactionCanceled").to_owned(),
        kind: match passes {
            true => FailureKind::Passing,
            false => FailureKind::Other,
        },
        ..Failure::other("dynamodb:PutItem", message)
    })
}

/// Keys that one `BatchGetItem` takes.
const BATCH: usize = 100;

impl Store for Dynamo<'_> {
    fn get<'a>(
        &'a self,
        keys: &'a [String],
    ) -> BoxFuture<'a, Result<HashMap<String, Item>, Failure>> {
        Box::pin(async move {
            let mut found = HashMap::new();
            for item in self.read(keys).await? {
                found.extend(self.whole(item).await?);
            }
            Ok(found)
        })
    }

    fn put<'a>(&'a self, puts: &'a [Put]) -> BoxFuture<'a, Result<(), NotStored>> {
        Box::pin(async move {
            let mut items = Vec::new();
            for put in puts {
                items.extend(self.items(put).map_err(NotStored::Failed)?);
            }
            let client = self.client();
            // What has a condition goes as a transaction also by itself: it has a token
            // by which DynamoDB knows a second try of it. Where the answer to a single
            // write is lost, the SDK's second try finds its condition broken by the first.
            let plain = matches!(puts, [put] if put.expect == Expect::Anything);
            if plain
                && items.len() == 1
                && let Some(item) = items.pop()
            {
                let request = client
                    .put_item()
                    .table_name(item.table_name)
                    .set_item(Some(item.item));
                let answer = request.send().await.map(drop);
                return answer
                    .map_err(|error| NotStored::Failed(Failure::of("dynamodb:PutItem", &error)));
            }
            let items = items
                .into_iter()
                .map(|item| TransactWriteItem::builder().put(item).build());
            let request = client
                .transact_write_items()
                .set_transact_items(Some(items.collect()));
            let answer = request.send().await.map(drop);
            answer.map_err(|error| match error.as_service_error() {
                Some(TransactWriteItemsError::TransactionCanceledException(cancelled)) => {
                    not_stored(cancelled.cancellation_reasons())
                }
                _ => NotStored::Failed(Failure::of("dynamodb:PutItem", &error)),
            })
        })
    }

    fn list<'a>(
        &'a self,
        list: &'static str,
        most: usize,
    ) -> BoxFuture<'a, Result<Vec<(String, Item)>, Failure>> {
        Box::pin(async move {
            let mut found = Vec::new();
            let mut next = None;
            loop {
                let request = self
                    .client()
                    .query()
                    .table_name(&self.table)
                    .index_name(BY_TIME)
                    .key_condition_expression("#list = :list")
                    .expression_attribute_names("#list", "list")
                    .expression_attribute_values(":list", text(list))
                    .scan_index_forward(false)
                    .set_exclusive_start_key(next.take());
                let answer = request
                    .send()
                    .await
                    .map_err(|e| Failure::of("dynamodb:Query", &e))?;
                next = answer.last_evaluated_key;
                for item in answer.items.unwrap_or_default() {
                    found.extend(self.whole(item).await?);
                }
                if next.is_none() || found.len() >= most {
                    found.truncate(most);
                    return Ok(found);
                }
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cancelled(codes: &[&str]) -> NotStored {
        let reason = |code: &&str| CancellationReason::builder().code(*code).build();
        not_stored(&codes.iter().map(reason).collect::<Vec<_>>())
    }

    #[test]
    fn a_cancelled_transaction_is_a_conflict_only_where_somebody_was_faster() {
        for codes in [
            ["None", "ConditionalCheckFailed"],
            ["TransactionConflict", "None"],
            ["ThrottlingError", "ConditionalCheckFailed"],
        ] {
            assert!(
                matches!(cancelled(&codes), NotStored::Conflict),
                "{codes:?}"
            );
        }
        assert!(matches!(cancelled(&[]), NotStored::Conflict));
        for (code, passes) in [
            ("ThrottlingError", true),
            ("ProvisionedThroughputExceeded", true),
            ("ValidationError", false),
        ] {
            match cancelled(&["None", code]) {
                NotStored::Failed(failure) => assert_eq!(failure.passes(), passes, "{code}"),
                NotStored::Conflict => panic!("{code}"),
            }
        }
    }
}
