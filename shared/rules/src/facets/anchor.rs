//! Trust anchors of IAM Roles Anywhere: whoever has a certificate of the
//! authority behind one is let in from outside.

use crate::facets::made::things;

things! {
    /// An enabled trust anchor that an event made. It is disabled, never deleted.
    TrustAnchor = "trust-anchor", "enabled trust anchor", "disable the trust anchor", restorable true;
    /// A trust anchor that an event enabled. When that was Roles Anywhere does
    /// not say.
    EnabledAnchor = "enabled-trust-anchor", "enabled trust anchor", "disable the trust anchor", restorable true;
}
