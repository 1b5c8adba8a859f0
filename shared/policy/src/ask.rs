//! One concrete request against a document.

use std::collections::BTreeMap;

use crate::glob::matches;
use crate::key::Key;
use crate::keys::Keys;
use crate::matching::Fields;
use crate::operator::{Base, Compare, SetOp};
use crate::policy::{Condition, Policy, Stmt};
use crate::principal::{Form, IdentityKind, Principal};
use crate::val::{Level, Val};
use crate::{Kind, Tri};

#[derive(Debug, Clone, Copy)]
pub(crate) enum Asker<'r> {
    Service(&'r str),
    Iam(Principal<'r>),
    Anonymous,
    /// A federated provider, or a principal of which only the text is known.
    Text(&'r str),
}

/// What is known of keys that the context does not hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Known {
    /// They are absent.
    All,
    /// Identity and source keys are absent, and those of VPC endpoints, through
    /// which no service calls; others are unknown.
    Service,
    /// Source keys are absent, others unknown.
    Principal,
}

#[derive(Debug, Clone, Default)]
pub(crate) struct Context {
    values: BTreeMap<String, Vec<String>>,
    /// The keys as they were written.
    names: BTreeMap<String, String>,
}

impl Context {
    pub(crate) fn set(&mut self, key: &str, value: &str) {
        self.put(key, vec![value.to_owned()]);
    }

    pub(crate) fn put(&mut self, key: &str, values: Vec<String>) {
        let lower = key.to_ascii_lowercase();
        self.names.insert(lower.clone(), key.to_owned());
        self.values.insert(lower, values);
    }

    pub(crate) fn remove(&mut self, key: &str) {
        let lower = key.to_ascii_lowercase();
        self.names.remove(&lower);
        self.values.remove(&lower);
    }

    pub(crate) fn get(&self, key: &str) -> Option<&Vec<String>> {
        match self.values.get(key) {
            Some(values) => Some(values),
            None => self.values.get(&key.to_ascii_lowercase()),
        }
    }

    /// Keys as written, with their values.
    pub(crate) fn named(&self) -> BTreeMap<String, Vec<String>> {
        self.values
            .iter()
            .map(|(lower, values)| {
                let name = self.names.get(lower).unwrap_or(lower);
                (name.clone(), values.clone())
            })
            .collect()
    }
}

/// What is acted on.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Target<'r> {
    One(&'r str),
    /// Each of these: what only some of them get is not allowed.
    Each(&'r Keys),
}

impl Target<'_> {
    fn met_by(self, pattern: &str) -> Val {
        match self {
            Target::One(resource) => matches(pattern, resource, false),
            Target::Each(keys) => keys.met_by(pattern),
        }
    }
}

/// One concrete request.
#[derive(Debug, Clone)]
pub(crate) struct Ask<'r> {
    pub(crate) asker: Asker<'r>,
    pub(crate) action: &'r str,
    pub(crate) resource: Target<'r>,
    pub(crate) context: Context,
    pub(crate) known: Known,
}

enum Found<'c> {
    Present(&'c [String]),
    Absent,
    Unknown,
}

impl Ask<'_> {
    pub(crate) fn decide(&self, policy: &Policy<'_>, kind: Kind, garbled: bool) -> Tri {
        if garbled {
            return Tri::CannotTell;
        }
        let mut granted = Val::NEVER;
        let mut denied = Val::NEVER;
        for stmt in &policy.statements {
            let holds = self.holds(policy, kind, stmt);
            if stmt.allow {
                granted = granted.or(holds);
            } else {
                denied = denied.or(holds);
            }
        }
        let allowed = granted.and(denied.not());
        match (allowed.lo, allowed.hi) {
            (Level::Always, _) => Tri::Yes,
            (_, Level::Always) => Tri::CannotTell,
            _ => Tri::No,
        }
    }

    /// Whether a statement is about this request.
    pub(crate) fn holds(&self, policy: &Policy<'_>, kind: Kind, stmt: &Stmt<'_>) -> Val {
        let mut holds = self
            .is_about(policy, kind, stmt)
            .and(self.is_named(policy, stmt));
        if !holds.can_hold() {
            return holds;
        }
        let mut repeated: Option<Val> = None;
        for condition in policy.conditions_of(stmt) {
            let one = self.condition(condition, policy.variables);
            if condition.repeated {
                repeated = Some(repeated.map_or(one, |before| before.doubt(one)));
            } else {
                holds = holds.and(one);
            }
        }
        if let Some(repeated) = repeated {
            holds = holds.and(repeated);
        }
        if stmt.doubt {
            holds = holds.and(Val::UNKNOWN);
        }
        holds
    }

    fn is_about(&self, policy: &Policy<'_>, kind: Kind, stmt: &Stmt<'_>) -> Val {
        let mut about = if stmt.action.is_none() {
            Val::ALWAYS
        } else {
            let listed = stmt.actions().fold(Val::NEVER, |any, pattern| {
                any.or(matches(pattern, self.action, true))
            });
            if stmt.not_action {
                listed.not()
            } else {
                listed
            }
        };
        if stmt.resource.is_some() && kind != Kind::Trust {
            let listed = stmt.resources().fold(Val::NEVER, |any, pattern| {
                any.or(match self.fill(pattern, true, policy.variables) {
                    Some(Some(pattern)) => self.resource.met_by(&pattern),
                    Some(None) => Val::NEVER,
                    None => Val::UNKNOWN,
                })
            });
            about = about.and(if stmt.not_resource {
                listed.not()
            } else {
                listed
            });
        }
        about
    }

    fn is_named(&self, policy: &Policy<'_>, stmt: &Stmt<'_>) -> Val {
        let principals = policy.principals_of(stmt).iter();
        if stmt.has_principal {
            principals.fold(Val::NEVER, |any, one| any.or(self.is(one)))
        } else if stmt.not_principal {
            let spared = principals.fold(Val::NEVER, |any, one| any.or(self.is_spared_as(one)));
            spared.not()
        } else {
            Val::UNKNOWN
        }
    }

    /// Whether an entry of `NotPrincipal` is about the asker. An account there does not
    /// stand for its users and roles: [they are named beside it](https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_notprincipal.html#specifying-notprincipal).
    /// That holds where the question is whether a principal of ours gets past a Deny.
    /// Where outsiders are looked for, an account is taken to spare its principals all
    /// the same: they would get in.
    fn is_spared_as(&self, principal: &Principal<'_>) -> Val {
        match (self.known, principal.form, self.asker) {
            (Known::Principal, Form::Account(_), Asker::Iam(own))
                if !matches!(own.form, Form::Account(_)) =>
            {
                Val::NEVER
            }
            _ => self.is(principal),
        }
    }

    fn is(&self, principal: &Principal<'_>) -> Val {
        if principal.form == Form::Everyone {
            return Val::ALWAYS;
        }
        match self.asker {
            Asker::Anonymous => Val::NEVER,
            Asker::Service(name) => Val::of(
                principal.form == Form::Service
                    && (principal.text == "*" || principal.text == name),
            ),
            Asker::Text(text) => Val::of(text == principal.text),
            Asker::Iam(own) => match (principal.form, own.form) {
                (Form::Account(account), _) => Val::of(own.account() == Some(account)),
                (
                    Form::Identity {
                        account,
                        kind: IdentityKind::Role,
                        name,
                    },
                    Form::Session {
                        account: own_account,
                        role,
                        ..
                    },
                ) => Val::of(account == own_account && name == role),
                (
                    Form::Session { account, role, .. },
                    Form::Identity {
                        account: own_account,
                        kind: IdentityKind::Role,
                        name,
                    },
                ) if account == own_account && role == name => Val::UNKNOWN,
                (Form::UniqueId | Form::WildArn | Form::Malformed | Form::Canonical, _) => {
                    Val::UNKNOWN
                }
                _ => Val::of(principal.text == own.text),
            },
        }
    }

    fn find(&self, key: Key<'_>, text: &str) -> Found<'_> {
        if let Some(values) = self.context.get(text) {
            return Found::Present(values);
        }
        let source = key.source_bit() != 0;
        match self.known {
            Known::All => Found::Absent,
            _ if source => Found::Absent,
            Known::Principal => match key {
                Key::ServiceName | Key::ServiceNamesList => Found::Absent,
                _ => Found::Unknown,
            },
            Known::Service => match key {
                _ if key.is_of_endpoints(text) => Found::Absent,
                Key::Other
                | Key::SourceIp
                | Key::ResourceAccount
                | Key::ResourceOrgId
                | Key::ResourceOrgPaths
                | Key::ServiceNamesList
                | Key::EncryptionContext => Found::Unknown,
                _ => Found::Absent,
            },
        }
    }

    /// Whether one condition surely holds.
    pub(crate) fn meets(&self, condition: &Condition<'_>, variables: bool) -> bool {
        self.condition(condition, variables).lo == Level::Always
    }

    /// Whether one condition may hold.
    pub(crate) fn can_meet(&self, condition: &Condition<'_>, variables: bool) -> bool {
        self.condition(condition, variables).can_hold()
    }

    fn condition(&self, condition: &Condition<'_>, variables: bool) -> Val {
        let operator = condition.operator;
        if operator.base == Base::Unknown || condition.is_malformed() {
            return Val::UNKNOWN;
        }
        let found = self.find(condition.key, condition.key_text);
        if operator.base == Base::Null {
            let absent = match found {
                Found::Present(_) => Val::NEVER,
                Found::Absent => Val::ALWAYS,
                Found::Unknown => Val::UNKNOWN,
            };
            return condition.texts().fold(Val::NEVER, |any, text| {
                any.or(match text.to_ascii_lowercase().as_str() {
                    "true" => absent,
                    "false" => absent.not(),
                    _ => Val::UNKNOWN,
                })
            });
        }
        let values = match found {
            Found::Unknown => return Val::UNKNOWN,
            Found::Absent if operator.if_exists && operator.set == SetOp::Any => {
                return Val::UNKNOWN;
            }
            Found::Absent if operator.if_exists => return Val::ALWAYS,
            Found::Absent => {
                return match operator.set {
                    SetOp::Any => Val::NEVER,
                    SetOp::All => Val::ALWAYS,
                    SetOp::None => Val::of(operator.negated),
                };
            }
            Found::Present(values) => values,
        };
        let one = |value: &String| {
            let any = condition.texts().fold(Val::NEVER, |any, pattern| {
                any.or(self.compare(operator.base, pattern, value, variables))
            });
            if operator.negated { any.not() } else { any }
        };
        match operator.set {
            SetOp::Any => values
                .iter()
                .fold(Val::NEVER, |any, value| any.or(one(value))),
            SetOp::All => values
                .iter()
                .fold(Val::ALWAYS, |all, value| all.and(one(value))),
            SetOp::None if condition.key.is_multivalued(condition.key_text) => Val::UNKNOWN,
            SetOp::None => values.first().map_or(Val::UNKNOWN, one),
        }
    }

    fn compare(&self, base: Base, pattern: &str, value: &str, variables: bool) -> Val {
        match base {
            Base::Text { like, fold } => match self.fill(pattern, like, variables) {
                None => Val::UNKNOWN,
                Some(None) => Val::NEVER,
                Some(Some(filled)) if like || filled != pattern => matches(&filled, value, fold),
                Some(Some(filled)) if fold => Val::of(filled.eq_ignore_ascii_case(value)),
                Some(Some(filled)) => Val::of(filled == value),
            },
            Base::Arn => match self.fill(pattern, true, variables) {
                None => Val::UNKNOWN,
                Some(None) => Val::NEVER,
                Some(Some(filled)) => match (Fields::of(&filled), Fields::of(value)) {
                    (Some(fields), Some(own)) => fields.meet(&own),
                    _ => Val::UNKNOWN,
                },
            },
            Base::Bool => Val::of(pattern.eq_ignore_ascii_case(value)),
            Base::Numeric(compare) => match (pattern.parse::<f64>(), value.parse::<f64>()) {
                (Ok(wanted), Ok(own)) => Val::of(match compare {
                    Compare::Equal => own == wanted,
                    Compare::Less => own < wanted,
                    Compare::LessOrEqual => own <= wanted,
                    Compare::Greater => own > wanted,
                    Compare::GreaterOrEqual => own >= wanted,
                }),
                _ => Val::UNKNOWN,
            },
            Base::Ip => {
                let net = pattern
                    .parse::<ipnet::IpNet>()
                    .or_else(|_| pattern.parse::<std::net::IpAddr>().map(ipnet::IpNet::from));
                match (net, value.parse::<std::net::IpAddr>()) {
                    (Ok(net), Ok(own)) => Val::of(net.contains(&own)),
                    _ => Val::UNKNOWN,
                }
            }
            Base::Binary => Val::of(pattern == value),
            Base::Date(_) | Base::Null | Base::Unknown => Val::UNKNOWN,
        }
    }

    /// A text with its variables filled in: nothing at all when it cannot be
    /// told, an inner nothing when a variable has no value.
    fn fill(&self, text: &str, like: bool, variables: bool) -> Option<Option<String>> {
        if !variables || !text.contains("${") {
            return Some(Some(text.to_owned()));
        }
        let plain = |text: &str, keep: bool, out: &mut String| {
            if keep {
                out.push_str(text);
            } else {
                out.push_str(&text.replace('*', "\u{1}").replace('?', "\u{2}"));
            }
        };
        let mut out = String::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("${") {
            plain(before, like, &mut out);
            let (name, tail) = after.split_once('}')?;
            rest = tail;
            match name {
                "*" => out.push('\u{1}'),
                "?" => out.push('\u{2}'),
                "$" => out.push('$'),
                _ => {
                    let (name, default) = match name.split_once(',') {
                        Some((name, default)) => (name.trim(), Some(default.trim())),
                        None => (name.trim(), None),
                    };
                    let key = Key::parse(name);
                    match (self.find(key, name), default) {
                        _ if key.is_multivalued(name) => return Some(None),
                        (Found::Unknown, _) => return None,
                        (Found::Present([value]), _) => plain(value, false, &mut out),
                        (Found::Present(_), _) | (Found::Absent, None) => return Some(None),
                        (Found::Absent, Some(default)) => {
                            let inner = default.strip_prefix('\'')?.strip_suffix('\'')?;
                            plain(inner, false, &mut out);
                        }
                    }
                }
            }
        }
        plain(rest, like, &mut out);
        Some(Some(out))
    }
}
