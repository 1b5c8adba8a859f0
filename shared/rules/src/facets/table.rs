//! Facets of tables: that a table cannot be deleted, and that it can be restored.

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
