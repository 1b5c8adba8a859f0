//! An operator's word puts one resource right.

use auditward_rules::facet::At;

use super::drift::Word;
use super::{Answer, Pipeline};
use crate::failure::Failure;

impl Pipeline<'_> {
    /// Puts one resource back to what must hold, by an operator's word: drift that
    /// nothing but an unconfirmed baseline speaks against is otherwise only told.
    pub async fn fix(&self, resource: &str, sender: &str) -> Answer {
        let mut answer = Answer::default();
        if let Err(failure) = self.try_fix(resource, sender, &mut answer).await {
            let text = format!(
                "{resource} was not put right: {}.\n\nAsked for by {sender}.",
                failure.message
            );
            self.refused("fix", text, &failure, &mut answer).await;
        }
        answer
    }

    async fn try_fix(
        &self,
        resource: &str,
        sender: &str,
        answer: &mut Answer,
    ) -> Result<(), Failure> {
        let (known, _) = self.operator("fix", sender).await?;
        if let Some(why) = self.stands_still(&known) {
            return Err(Failure::other("fix", why));
        }
        let resources = self.everything().await?;
        let meant: Vec<At> = resources
            .into_iter()
            .filter(|at| at.resource == resource)
            .collect();
        if meant.is_empty() {
            let why = format!(
                "{resource} is not guarded by {}",
                self.guard.function().name()
            );
            return Err(Failure::other("fix", why));
        }
        let mut failed = None;
        for plan in self.plans(self.guard.function(), &meant, &known, |_| true) {
            let recorded = self.recorded(std::slice::from_ref(&plan)).await?;
            // One side that cannot be read keeps no other from being put right.
            if let Err(failure) = self
                .check(&plan, &known, &recorded, Word::Operator, answer)
                .await
            {
                failed.get_or_insert(failure);
            }
        }
        failed.map_or(Ok(()), Err)
    }
}
