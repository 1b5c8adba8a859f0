//! Conditions against a class of callers.

use crate::caller::{Caller, Presence, Values, World};
use crate::cover::Budget;
use crate::key::Key;
use crate::matching::Reading;
use crate::operator::{Base, SetOp};
use crate::policy::Condition;
use crate::val::Val;
use crate::variable::Filled;

impl<'t> World<'t> {
    /// All conditions of a statement together.
    pub(crate) fn conditions(
        &self,
        conditions: &[Condition<'t>],
        caller: &Caller<'t>,
        budget: &Budget,
    ) -> Val {
        let mut all = Val::ALWAYS;
        let mut repeated: Option<Val> = None;
        for condition in conditions {
            budget.spend(condition.weight);
            let one = self.condition(condition, caller);
            if condition.repeated {
                repeated = Some(repeated.map_or(one, |before| before.doubt(one)));
                continue;
            }
            all = all.and(one);
            if !all.can_hold() {
                return all;
            }
        }
        if let Some(repeated) = repeated {
            all = all.and(repeated.doubt(Val::NEVER));
        }
        if all.can_hold() && needs_address_and_endpoint(conditions) {
            // AWS documents that a request never carries both.
            all = all.and(Val::UNKNOWN);
        }
        all
    }

    pub(crate) fn condition(&self, condition: &Condition<'t>, caller: &Caller<'t>) -> Val {
        let operator = condition.operator;
        if operator.base == Base::Unknown {
            return Val::UNKNOWN;
        }
        let (presence, values) = self.values(condition.key, caller);
        if condition.is_malformed() {
            return Val::UNKNOWN;
        }
        if operator.base == Base::Null {
            return null(condition, presence);
        }
        let missing = if operator.if_exists {
            if operator.set == SetOp::Any {
                Val::UNKNOWN
            } else {
                Val::ALWAYS
            }
        } else {
            match operator.set {
                SetOp::Any => Val::NEVER,
                SetOp::All => Val::ALWAYS,
                SetOp::None => Val::of(operator.negated),
            }
        };
        if presence == Presence::Never {
            return missing;
        }
        let present =
            if operator.set == SetOp::None && condition.key.is_multivalued(condition.key_text) {
                Val::UNKNOWN
            } else {
                let any = self.any_value(condition, values, caller);
                if operator.negated { any.not() } else { any }
            };
        match presence {
            Presence::Never => missing,
            Presence::AlwaysUnsure if operator.if_exists || operator.set == SetOp::All => {
                present.doubt(present.join(missing))
            }
            Presence::Always | Presence::AlwaysUnsure => present,
            Presence::Maybe => present.join(missing),
        }
    }

    fn any_value(&self, condition: &Condition<'t>, values: Values<'t>, caller: &Caller<'t>) -> Val {
        let base = condition.operator.base;
        let (like, fold) = match base {
            Base::Text { like, fold } => (like, fold),
            Base::Arn => (true, false),
            _ => (false, false),
        };
        let mut any = Val::NEVER;
        let (mut yes, mut no) = (false, false);
        for text in condition.texts() {
            yes |= text.eq_ignore_ascii_case("true");
            no |= text.eq_ignore_ascii_case("false");
            let takes_variables = matches!(base, Base::Text { .. } | Base::Arn);
            let one = if takes_variables {
                match self.fill(text, like, caller) {
                    Filled::Null => Val::NEVER,
                    Filled::Unknown => Val::UNKNOWN,
                    Filled::Text {
                        text: filled,
                        patterned,
                        chosen,
                    } => {
                        let reading = Reading {
                            base,
                            like: patterned,
                            fold,
                            literal: matches!(filled, std::borrow::Cow::Borrowed(_)),
                        };
                        if chosen
                            && base == Base::Arn
                            && crate::matching::Fields::of(&filled).is_none()
                        {
                            Val::SOMETIMES
                        } else if chosen {
                            self.matches(reading, &filled, values, caller).capped()
                        } else {
                            self.matches(reading, &filled, values, caller)
                        }
                    }
                }
            } else {
                let reading = Reading {
                    base,
                    like,
                    fold,
                    literal: true,
                };
                self.matches(reading, text, values, caller)
            };
            any = any.or(one);
            if any == Val::ALWAYS {
                break;
            }
        }
        if base == Base::Bool && yes && no && values == Values::Free {
            return Val::ALWAYS;
        }
        any
    }
}

fn null(condition: &Condition<'_>, presence: Presence) -> Val {
    let absent = match presence {
        Presence::Never => Val::ALWAYS,
        Presence::Always | Presence::AlwaysUnsure => Val::NEVER,
        Presence::Maybe => Val::SOMETIMES,
    };
    let (mut yes, mut no) = (false, false);
    for text in condition.texts() {
        if text.eq_ignore_ascii_case("true") {
            yes = true;
        } else if text.eq_ignore_ascii_case("false") {
            no = true;
        } else {
            return Val::UNKNOWN;
        }
    }
    match (yes, no) {
        (true, false) => absent,
        (false, true) => absent.not(),
        _ => Val::ALWAYS,
    }
}

fn needs_address_and_endpoint(conditions: &[Condition<'_>]) -> bool {
    let needs = |wanted: Key<'_>| {
        conditions.iter().any(|one| {
            let positive = !one.operator.negated
                && !one.operator.if_exists
                && one.operator.set != SetOp::All
                && one.operator.base != Base::Null;
            one.key == wanted && positive
        })
    };
    conditions.len() > 1 && needs(Key::SourceIp) && needs(Key::SourceVpc)
}
