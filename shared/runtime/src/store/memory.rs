//! A store in memory, for tests of everything above it.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::{BoxFuture, Expect, Item, NotStored, Put, Store};
use crate::failure::Failure;

/// The documents by key, each with the list and the time under which it is found.
type Items = BTreeMap<String, (Item, Option<(&'static str, String)>)>;

/// Forgets everything when dropped.
#[derive(Debug, Default)]
pub struct Memory {
    items: Mutex<Items>,
}

impl Memory {
    fn items(&self) -> MutexGuard<'_, Items> {
        self.items.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Store for Memory {
    fn get<'a>(
        &'a self,
        keys: &'a [String],
    ) -> BoxFuture<'a, Result<HashMap<String, Item>, Failure>> {
        let items = self.items();
        let found = keys
            .iter()
            .filter_map(|key| Some((key.clone(), items.get(key)?.0.clone())));
        let found = found.collect();
        Box::pin(async move { Ok(found) })
    }

    fn put<'a>(&'a self, puts: &'a [Put]) -> BoxFuture<'a, Result<(), NotStored>> {
        let mut items = self.items();
        let holds = |put: &Put| match (put.expect, items.get(&put.key)) {
            (Expect::Anything, _) | (Expect::Absent, None) => true,
            (Expect::Version(version), Some((item, _))) => item.version == version,
            _ => false,
        };
        let done = if puts.iter().all(holds) {
            for put in puts {
                let version = items.get(&put.key).map_or(0, |(item, _)| item.version) + 1;
                let item = Item {
                    version,
                    body: put.body.clone(),
                };
                items.insert(put.key.clone(), (item, put.listed.clone()));
            }
            Ok(())
        } else {
            Err(NotStored::Conflict)
        };
        Box::pin(async move { done })
    }

    fn list<'a>(
        &'a self,
        list: &'static str,
        most: usize,
    ) -> BoxFuture<'a, Result<Vec<(String, Item)>, Failure>> {
        let items = self.items();
        let mut found: Vec<_> = items
            .iter()
            .filter_map(|(key, (item, listed))| {
                let (name, at) = listed.as_ref()?;
                (*name == list).then(|| (at.clone(), key.clone(), item.clone()))
            })
            .collect();
        found.sort_by(|one, other| other.0.cmp(&one.0));
        let found = found
            .into_iter()
            .take(most)
            .map(|(_, key, item)| (key, item))
            .collect();
        Box::pin(async move { Ok(found) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn put(store: &Memory, key: &str, expect: Expect) -> bool {
        store
            .put(&[Put::new(key, expect, &1).unwrap()])
            .await
            .is_ok()
    }

    #[tokio::test]
    async fn changes_happen_together_or_not_at_all() {
        let store = Memory::default();
        assert!(put(&store, "a", Expect::Absent).await);
        let both = [
            Put::new("b", Expect::Absent, &1).unwrap(),
            Put::new("a", Expect::Absent, &2).unwrap(),
        ];
        assert!(store.put(&both).await.is_err());
        assert!(!store.get(&["b".into()]).await.unwrap().contains_key("b"));
        assert!(put(&store, "a", Expect::Version(1)).await);
        assert!(!put(&store, "a", Expect::Version(1)).await);
    }
}
