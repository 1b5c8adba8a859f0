//! What the tests of these facets share.

use proptest::test_runner::TestCaseError;

use crate::facet::Facet;
use crate::facets::law::{self, Stage};

pub use crate::facets::law::changed;

/// A log bucket.
pub fn stage() -> Stage {
    Stage::of("arn:aws:s3:::acme-org-trail-logs")
}

/// The law, on the stage of a log bucket.
pub fn keeps_the_law<F: Facet>(
    live: &F::State,
    wish: &F::Wish,
    baseline: Option<&F::State>,
) -> Result<(), TestCaseError> {
    law::keeps_the_law::<F>(&stage(), live, wish, baseline)
}
