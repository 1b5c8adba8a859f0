//! Facets of tables: that a table cannot be deleted, that it can be restored,
//! and what it is encrypted with.

use crate::facets::kept::{Keep, Kept};
use crate::facets::switch::switches;

switches! {
    /// Whether a table is protected from deletion.
    TableProtection = "table-protection" ["protected from deletion", "not protected from deletion", "no table"]
        does ["protect the table from deletion", "lift the table's protection from deletion"]
        gone "there is no such table; restore it from its backup, then deploy the stack again"
        evidence true;
    /// Whether a table can be restored to a point in time.
    TableRecovery = "table-recovery" ["can be restored to any second", "cannot be restored to a point in time", "no table"]
        does ["switch point-in-time recovery on", "switch point-in-time recovery off"]
        gone "there is no such table; restore it from its backup, then deploy the stack again"
        evidence true;
}

/// The key that a table is encrypted with.
pub type TableEncryption = Kept<Encrypted>;

/// Keeps [`TableEncryption`].
#[derive(Debug)]
pub struct Encrypted;

impl Keep for Encrypted {
    const KIND: &'static str = "table-encryption";
    const WHAT: &'static str = "table's key";
    const OTHERWISE: &'static str = "give the table its key back by hand";
    /// The key's ARN; `None`: a key that DynamoDB owns.
    type State = Option<String>;

    fn tell(state: &Self::State) -> String {
        state.as_ref().map_or_else(
            || "a key of DynamoDB's own".into(),
            |key| format!("key {key}"),
        )
    }
}
