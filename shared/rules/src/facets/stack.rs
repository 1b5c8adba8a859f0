//! The facet of stacks: that a stack cannot be deleted.

use crate::facets::switch::switches;

switches! {
    /// Whether a stack is protected from deletion.
    StackProtection = "stack-protection" ["protected from deletion", "not protected from deletion", "no stack"]
        does ["switch termination protection on", "switch termination protection off"]
        gone "there is no such stack; deploy it again"
        evidence true;
}
