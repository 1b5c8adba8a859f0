//! What of that which a call names is known to be ours.

use auditward_policy::Tri;

use super::Call;
use crate::inventory::Inventory;

impl Call<'_> {
    /// Whether a bucket is known as one that may have what the guarded ones have: by
    /// its name in full, or as the one that a trail uses. Anybody may take a name that
    /// a pattern fits; and where a trail was moved to is guarded as well, and proves
    /// nothing.
    pub fn knows_bucket(&self, arn: &str) -> Tri {
        if !self.settings.given {
            return Tri::Yes;
        }
        let protected = &self.settings.protected;
        let known = Inventory {
            moved: Vec::new(),
            ..self.inventory.clone()
        };
        if protected.resources.iter().any(|name| name == arn)
            || protected.discover && known.uses(arn)
        {
            Tri::Yes
        } else if self.settings.protects(arn, &known) {
            Tri::CannotTell
        } else {
            Tri::No
        }
    }
}
