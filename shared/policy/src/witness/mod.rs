//! A concrete outside request for a verdict: built from the class of callers
//! that gets in, and checked against the document before it is shown.

mod ids;
mod person;
mod target;

use crate::analysis::{Engine, Finding};
use crate::ask::{Ask, Asker, Context, Known, Target};
use crate::caller::{Caller, Who};
use crate::key::Key;
use crate::operator::{Base, SetOp};
use crate::policy::{Condition, Stmt};
use crate::principal::Principal;
use crate::val::Level;
use crate::verdict::Witness;
use crate::{Kind, Tri};

/// Repairs after which the search for a witness is given up.
const REPAIRS: usize = 24;

/// A request of the finding's worst grant that the document surely allows.
pub(crate) fn find<'t>(engine: &Engine<'t>, finding: &Finding<'t>) -> Option<Witness> {
    let stmt = engine.policy.statements.get(finding.index)?;
    let grant = finding.worst()?;
    Search {
        engine,
        stmt,
        caller: &grant.caller,
    }
    .run()
}

struct Search<'s, 't> {
    engine: &'s Engine<'t>,
    stmt: &'s Stmt<'t>,
    caller: &'s Caller<'t>,
}

impl<'t> Search<'_, 't> {
    fn run(&self) -> Option<Witness> {
        let policy = self.engine.policy;
        let account = self.account();
        let arn = self.arn(&account);
        let (action, resource) = self.target()?;
        let mut context = self.identity(&account, arn.as_deref());
        self.sources(&mut context, &account);
        let principal = match self.caller.who {
            Who::Anonymous => "anonymous".to_owned(),
            Who::Token { .. } | Who::ForeignToken { .. } | Who::Opaque => {
                if self.caller.text.is_empty() {
                    return None;
                }
                self.caller.text.to_owned()
            }
            _ => arn.clone()?,
        };
        let mut own = policy.conditions_of(self.stmt).iter();
        for condition in own.by_ref() {
            self.satisfy(condition, &mut context);
        }
        for _ in 0..REPAIRS {
            let asker = match self.caller.who {
                Who::Anonymous => Asker::Anonymous,
                Who::Token { .. } | Who::ForeignToken { .. } | Who::Opaque => {
                    Asker::Text(&principal)
                }
                _ => Asker::Iam(Principal::parse("AWS", &principal)),
            };
            let ask = Ask {
                asker,
                action: &action,
                resource: Target::One(&resource),
                context: context.clone(),
                known: Known::All,
            };
            // The statement itself has to let the request in.
            if ask.holds(policy, self.engine.world.kind, self.stmt).lo != Level::Always {
                return None;
            }
            if ask.decide(policy, self.engine.world.kind, false) == Tri::Yes {
                return Some(Witness {
                    principal,
                    action,
                    resource,
                    context: context.named(),
                });
            }
            let hit = self
                .engine
                .denies()
                .iter()
                .find(|deny| ask.holds(policy, self.engine.world.kind, deny).can_hold())?;
            if !self.evade(hit, &ask, &mut context) {
                return None;
            }
        }
        None
    }

    /// Makes a key of the caller's choice, which a value refers to, say the
    /// same as the key that it is compared with.
    fn echo(&self, condition: &Condition<'t>, context: &mut Context) {
        if !self.engine.world.variables {
            return;
        }
        let Some(own) = context
            .get(condition.key_text)
            .and_then(|all| all.first())
            .cloned()
        else {
            return;
        };
        for text in condition.texts() {
            let name = text
                .strip_prefix("${")
                .and_then(|rest| rest.strip_suffix('}'));
            let Some(name) = name.map(|name| name.split(',').next().unwrap_or(name).trim()) else {
                continue;
            };
            if self.is_chosen(Key::parse(name)) && context.get(name).is_none() {
                context.set(name, &own);
            }
        }
    }

    /// Gives a key of the caller's choice the value that a condition wants.
    fn satisfy(&self, condition: &Condition<'t>, context: &mut Context) {
        if !condition.operator.negated {
            self.echo(condition, context);
        }
        if !self.is_chosen(condition.key) {
            return;
        }
        let operator = condition.operator;
        if operator.base == Base::Null {
            let absent = condition
                .texts()
                .any(|text| text.eq_ignore_ascii_case("true"));
            if absent {
                context.remove(condition.key_text);
            } else if context.get(condition.key_text).is_none() {
                context.set(condition.key_text, "stranger");
            }
            return;
        }
        let changes = operator.negated || operator.if_exists || operator.set == SetOp::All;
        if changes && condition.key != Key::UserId {
            // An absent key satisfies it; a present one may not.
            if !self.holds(condition, context) {
                context.remove(condition.key_text);
                if !self.holds(condition, context) {
                    context.set(condition.key_text, "stranger");
                }
            }
            return;
        }
        if self.holds(condition, context) {
            return;
        }
        for text in condition.texts() {
            for value in self.examples(condition, text, context) {
                if !self.can_show(condition.key, Some(&value)) {
                    continue;
                }
                context.set(condition.key_text, &value);
                if self.holds(condition, context) {
                    return;
                }
            }
        }
    }

    fn examples(&self, condition: &Condition<'t>, text: &str, context: &Context) -> Vec<String> {
        let mut text = text.to_owned();
        if self.engine.world.variables {
            while let Some((before, after)) = text.split_once("${") {
                let Some((name, tail)) = after.split_once('}') else {
                    break;
                };
                let known = context.get(name.trim()).and_then(|values| values.first());
                text = match name {
                    "*" | "?" | "$" => format!("{before}{name}{tail}"),
                    _ => format!("{before}{}{tail}", known.map_or("stranger", String::as_str)),
                };
            }
        }
        match condition.operator.base {
            _ if condition.key == Key::UserId => ids::shaped(&text, context),
            Base::Text { like: true, .. } | Base::Arn => {
                // Fixed parts may be demanded elsewhere, so several fillings.
                vec![
                    filled(&text, "stranger"),
                    filled(&text, "x"),
                    filled(&text, ""),
                ]
            }
            Base::Ip => {
                let address = text.split('/').next().unwrap_or(&text);
                vec![address.to_owned()]
            }
            Base::Numeric(_) => {
                let number: i64 = text.parse().unwrap_or(0);
                vec![text, (number - 1).to_string(), (number + 1).to_string()]
            }
            _ => vec![text],
        }
    }

    fn holds(&self, condition: &Condition<'t>, context: &Context) -> bool {
        Ask {
            asker: Asker::Anonymous,
            action: "",
            resource: Target::One(""),
            context: context.clone(),
            known: Known::All,
        }
        .meets(condition, self.engine.world.variables)
    }

    /// Whether the caller (or its surroundings) decide what the key says.
    fn is_chosen(&self, key: Key<'_>) -> bool {
        let iam = self.caller.is_iam();
        let signed = iam || self.caller.who == Who::Opaque;
        match key {
            Key::PrincipalTag => signed && self.caller.who != Who::Root,
            Key::UserName => self.caller.who == Who::User,
            Key::UserId => iam && !matches!(self.caller.who, Who::Root),
            Key::Session | Key::ExternalId | Key::CredentialArn => signed,
            Key::Claim(..) => self.caller.is_token(),
            Key::FederatedProvider => signed,
            Key::SourceIp
            | Key::SourceVpc
            | Key::ViaAwsService
            | Key::AccessPointAccount
            | Key::AccessPointArn
            | Key::RoleSessionName
            | Key::EncryptionContext
            | Key::SecureTransport
            | Key::CallerAccount
            | Key::Other => !(key == Key::CallerAccount && self.engine.world.kind == Kind::Key),
            _ => false,
        }
    }

    /// Changes a key of the caller's choice so that a Deny no longer fires.
    fn evade(&self, deny: &Stmt<'t>, ask: &Ask<'_>, context: &mut Context) -> bool {
        let variables = self.engine.world.variables;
        let own = self.engine.policy.conditions_of(self.stmt);
        let all: usize = own.iter().map(|one| one.weight).sum();
        for condition in self.engine.policy.conditions_of(deny) {
            let cost = 50 + all + condition.weight;
            let before = context.clone();
            if condition.operator.negated {
                self.echo(condition, context);
                let mut again = ask.clone();
                again.context = context.clone();
                let kept = own.iter().all(|one| again.meets(one, variables));
                if kept && !again.can_meet(condition, variables) {
                    return true;
                }
                *context = before.clone();
            }
            if !self.is_chosen(condition.key) {
                continue;
            }
            let mut values: Vec<Option<String>> = vec![None];
            values.push(Some("stranger".to_owned()));
            values.push(Some("198.51.100.7".to_owned()));
            values.push(Some("2001:db8::7".to_owned()));
            values.push(Some("true".to_owned()));
            values.push(Some("false".to_owned()));
            values.push(Some("1".to_owned()));
            for text in condition.texts().take(20) {
                for example in self.examples(condition, text, context) {
                    values.push(Some(example));
                }
            }
            for value in values {
                self.engine.budget().spend(cost);
                if self.engine.budget().is_spent() {
                    return false;
                }
                if !self.can_show(condition.key, value.as_deref()) {
                    continue;
                }
                match value {
                    None => context.remove(condition.key_text),
                    Some(value) => context.set(condition.key_text, &value),
                }
                let mut again = ask.clone();
                again.context = context.clone();
                let kept = own
                    .iter()
                    .all(|condition| again.meets(condition, variables));
                if kept && !again.can_meet(condition, variables) {
                    return true;
                }
            }
            *context = before;
        }
        false
    }
}

/// A text that a pattern matches: each `*` as `star`, each `?` as `x`.
fn filled(pattern: &str, star: &str) -> String {
    pattern.replace('*', star).replace('?', "x")
}
