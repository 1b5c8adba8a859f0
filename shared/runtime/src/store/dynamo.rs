//! The store in DynamoDB: one table, one item a document.
//!
//! Attributes: `key` (the partition key), `v` (version), `body` (JSON text),
//! `expires` (time to live), and `list` with `at` for the index `by-time`.

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

    fn item(&self, put: &Put) -> Result<PutItem, Failure> {
        let mut item = PutItem::builder()
            .table_name(&self.table)
            .item("key", text(&put.key))
            .item("body", text(put.body.get()));
        item = match put.expect {
            Expect::Absent => item
                .item("v", number(1))
                .condition_expression("attribute_not_exists(v)"),
            Expect::Version(version) => item
                .item("v", number(version + 1))
                .condition_expression("v = :v")
                .expression_attribute_values(":v", number(version)),
            // Nobody compares the version of what is always overwritten.
            Expect::Anything => item.item("v", number(1)),
        };
        if let Some(seconds) = put.expires {
            item = item.item("expires", AttributeValue::N(seconds.to_string()));
        }
        if let Some((list, at)) = &put.listed {
            item = item.item("list", text(list)).item("at", text(at));
        }
        item.build()
            .map_err(|error| Failure::other("dynamodb:PutItem", error.to_string()))
    }
}

fn text(value: &str) -> AttributeValue {
    AttributeValue::S(value.to_owned())
}

fn number(value: u64) -> AttributeValue {
    AttributeValue::N(value.to_string())
}

/// A document out of an item's attributes.
fn document(attributes: &HashMap<String, AttributeValue>) -> Option<(String, Item)> {
    let string = |name| attributes.get(name)?.as_s().ok().cloned();
    let version = attributes.get("v")?.as_n().ok()?.parse().ok()?;
    let body = RawValue::from_string(string("body")?).ok()?;
    Some((string("key")?, Item { version, body }))
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
                    found.extend(tables.values().flatten().filter_map(document));
                    asked = answer.unprocessed_keys;
                }
            }
            Ok(found)
        })
    }

    fn put<'a>(&'a self, puts: &'a [Put]) -> BoxFuture<'a, Result<(), NotStored>> {
        Box::pin(async move {
            let items = puts
                .iter()
                .map(|put| self.item(put))
                .collect::<Result<Vec<_>, _>>();
            let mut items = items.map_err(NotStored::Failed)?;
            let client = self.client();
            if items.len() == 1
                && let Some(item) = items.pop()
            {
                let request = client
                    .put_item()
                    .table_name(item.table_name)
                    .set_item(Some(item.item))
                    .set_condition_expression(item.condition_expression)
                    .set_expression_attribute_values(item.expression_attribute_values);
                let answer = request.send().await.map(drop);
                return answer.map_err(|error| {
                    let refused = error
                        .as_service_error()
                        .is_some_and(|e| e.is_conditional_check_failed_exception());
                    if refused {
                        NotStored::Conflict
                    } else {
                        NotStored::Failed(Failure::of("dynamodb:PutItem", &error))
                    }
                });
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
                found.extend(answer.items().iter().filter_map(document));
                next = answer.last_evaluated_key;
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
