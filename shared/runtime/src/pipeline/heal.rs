//! Nobody can heal himself: what a function hangs on another looks after.

use auditward_rules::protected;

use super::places::Guarded;
use super::sweep::Seen;
use super::{Answer, Pipeline};
use crate::failure::Failure;
use crate::keys;
use crate::known::Known;

impl Pipeline<'_> {
    /// Looks at the lifelines of the function that this one heals: whether it may
    /// run, and is called. That function found and recorded them itself while it
    /// could, so that this takes neither discovery nor baselines of its own.
    pub(super) async fn heal(&self, known: &Known, answer: &mut Answer) -> Result<Seen, Failure> {
        let Some(other) = self.guard.function().heals() else {
            return Ok(Seen::default());
        };
        let listed: Option<Guarded> = self.document(&keys::pulse(other)).await?;
        let mut lifelines = listed.unwrap_or_default().resources;
        lifelines.retain(|at| protected::is_part_of(at, other));
        let plans = self.plans(other, &lifelines, known, protected::beats);
        if plans.is_empty() {
            return Ok(Seen::default());
        }
        let recorded = self.recorded(&plans).await?;
        let (seen, _) = self.check_all(&plans, known, &recorded, 0, answer).await;
        Ok(seen)
    }
}
