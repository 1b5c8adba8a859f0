//! Resource shares of Resource Access Manager.

use crate::facets::made::things;

things! {
    /// A principal that an event associated with a resource share. The plan's
    /// item names it.
    SharePrincipal = "share-principal", "association of the principal", "take the principal out of the resource share", restorable true;
}
