//! What operators ask for: who may, and that a refused wish is told.

use auditward_rules::rule::Severity;

use super::{Answer, Pipeline, known_now};
use crate::failure::Failure;
use crate::known::Known;

impl Pipeline<'_> {
    /// The settings in force, and the operator of them that a sender is. They are
    /// read for this: a minute-old copy may not know yet who was just named, or know
    /// still who was just taken out. `sender` is a unique ID, as the queue vouches
    /// for it.
    pub(super) async fn operator(
        &self,
        wish: &str,
        sender: &str,
    ) -> Result<(Known, String), Failure> {
        self.memo.forget();
        let known = known_now(self).await;
        match known.settings.operator(sender) {
            Some(operator) => {
                let principal = operator.principal.clone();
                Ok((known, principal))
            }
            None => Err(Failure::other(
                wish,
                format!("{sender} is no operator; name who is under `operators` in auditward.toml"),
            )),
        }
    }

    /// Tells that an operator's wish was refused, and has it tried again where that
    /// may help.
    pub(super) async fn refused(
        &self,
        wish: &str,
        text: String,
        failure: &Failure,
        answer: &mut Answer,
    ) {
        answer.metrics.count("Failures");
        let next = match failure.passes() {
            true => "wait: it is tried again by itself, and an alert tells what came of it.",
            false => "put right what the reason names, and give the command again.",
        };
        let alert = self.notice(Severity::High, &format!("{wish} failed"), text, next);
        if let Err(failure) = self.outside.tell(&alert).await {
            answer.again(failure.to_string());
        }
        if failure.passes() {
            answer.again(failure.to_string());
        }
        answer.notes.push(format!("{wish}: {failure}"));
    }
}
