//! What Auditward remembers: one table of small versioned documents.
//!
//! Everything kept (settings, baselines, cases, leases, the ledger of writes)
//! is a document under a key, changed only by compare-and-swap, several of them
//! at once or none. So the rules of conduct live in the pipeline, are the same
//! for every store, and are tested in memory.

mod dynamo;
mod memory;

use std::collections::HashMap;
use std::future::Future;
use std::pin::Pin;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

pub use dynamo::Dynamo;
pub use memory::Memory;

use crate::failure::Failure;

/// A future that can be kept behind a trait object.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// A document as it is kept.
#[derive(Clone, Debug)]
pub struct Item {
    /// Rises by one with every change.
    pub version: u64,
    /// The document.
    pub body: Box<RawValue>,
}

impl Item {
    /// Reads the document.
    ///
    /// # Errors
    /// The document is not of this type.
    pub fn read<T: DeserializeOwned>(&self) -> Result<T, Failure> {
        serde_json::from_str(self.body.get()).map_err(|error| {
            Failure::other("store", format!("a kept document cannot be read: {error}"))
        })
    }
}

/// What must be true of a key for a change to happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expect {
    /// There is no document.
    Absent,
    /// The document has this version.
    Version(u64),
    /// Nothing: overwrite.
    Anything,
}

impl From<Option<&Item>> for Expect {
    fn from(item: Option<&Item>) -> Self {
        item.map_or(Self::Absent, |item| Self::Version(item.version))
    }
}

/// One change.
#[derive(Clone, Debug)]
pub struct Put {
    /// The key.
    pub key: String,
    /// The new document.
    pub body: Box<RawValue>,
    /// What must be true now.
    pub expect: Expect,
    /// When the store may forget it, in seconds since 1970.
    pub expires: Option<i64>,
    /// Under which list and at which time it is found, such as `case`.
    pub listed: Option<(&'static str, String)>,
}

impl Put {
    /// A change of one document.
    ///
    /// # Errors
    /// The document cannot be written as JSON.
    pub fn new<T: Serialize>(
        key: impl Into<String>,
        expect: Expect,
        body: &T,
    ) -> Result<Self, Failure> {
        let body = serde_json::value::to_raw_value(body)
            .map_err(|error| Failure::other("store", error.to_string()))?;
        Ok(Self {
            key: key.into(),
            body,
            expect,
            expires: None,
            listed: None,
        })
    }

    /// The same, forgotten at a time.
    #[must_use]
    pub fn until(mut self, seconds: i64) -> Self {
        self.expires = Some(seconds);
        self
    }

    /// The same, found in a list.
    #[must_use]
    pub fn listed(mut self, list: &'static str, at: String) -> Self {
        self.listed = Some((list, at));
        self
    }
}

/// Why a change did not happen.
#[derive(Clone, Debug)]
pub enum NotStored {
    /// Somebody else was there first. Read again, then decide anew.
    Conflict,
    /// The store does not answer.
    Failed(Failure),
}

/// A store of versioned documents.
pub trait Store: Send + Sync {
    /// Reads several keys at once, with all that was written before. Keys
    /// without a document are left out.
    fn get<'a>(
        &'a self,
        keys: &'a [String],
    ) -> BoxFuture<'a, Result<HashMap<String, Item>, Failure>>;

    /// Makes all changes or none.
    fn put<'a>(&'a self, puts: &'a [Put]) -> BoxFuture<'a, Result<(), NotStored>>;

    /// The documents of a list, newest first, at most `most`.
    fn list<'a>(
        &'a self,
        list: &'static str,
        most: usize,
    ) -> BoxFuture<'a, Result<Vec<(String, Item)>, Failure>>;
}
