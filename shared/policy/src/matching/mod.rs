//! One value of a condition against what a class of callers can show.

mod identity;

use identity::{org_path, strange_account, strange_org, user_id};

use crate::caller::{Account, Caller, STRANGE_ORG, Values, Who, World};
use crate::federation::Pin;
use crate::glob::{has_wildcard, is_star, literal_prefix, matches, meets};
use crate::operator::{Base, Compare};
use crate::principal::{arn_account, is_account};
use crate::val::Val;

/// How a pattern is to be read.
#[derive(Clone, Copy)]
pub(crate) struct Reading {
    pub(crate) base: Base,
    /// Wildcards count.
    pub(crate) like: bool,
    pub(crate) fold: bool,
    /// The text is as the document has it, without variables.
    pub(crate) literal: bool,
}

impl<'t> World<'t> {
    pub(crate) fn matches(
        &self,
        reading: Reading,
        pattern: &str,
        values: Values<'t>,
        caller: &Caller<'t>,
    ) -> Val {
        let wild = reading.like && has_wildcard(pattern);
        match reading.base {
            Base::Text { .. } => self.text(reading, pattern, wild, values, caller),
            Base::Arn => self.arn(reading, pattern, values, caller),
            Base::Bool => boolean(pattern, values),
            Base::Numeric(compare) => numeric(compare, pattern, values),
            Base::Ip => address(pattern, values),
            Base::Date(_) | Base::Binary => match values {
                Values::Free | Values::Not(_) => Val::SOMETIMES,
                _ => Val::UNKNOWN,
            },
            Base::Null | Base::Unknown => Val::UNKNOWN,
        }
    }

    fn text(
        &self,
        reading: Reading,
        pattern: &str,
        wild: bool,
        values: Values<'t>,
        caller: &Caller<'t>,
    ) -> Val {
        let plain = |text: &str| {
            if wild {
                matches(pattern, text, reading.fold)
            } else if reading.fold {
                Val::of(text.eq_ignore_ascii_case(pattern))
            } else {
                Val::of(text == pattern)
            }
        };
        match values {
            Values::Exact(text) => plain(text),
            Values::Account(Account::Known(account)) => plain(account),
            Values::Account(Account::Strange) => strange_account(pattern, wild),
            Values::Account(Account::Hidden) | Values::OutsideAccount => {
                self.outside_account(pattern, wild)
            }
            Values::Org(STRANGE_ORG) => strange_org(pattern, wild),
            Values::Org(org) => plain(org),
            Values::OrgPath(org) => org_path(org, pattern, wild, reading.fold),
            Values::PrincipalArn => self.text_arn(reading, pattern, wild, caller),
            Values::UserId => user_id(pattern, wild, caller),
            Values::SourceArn => self.text_source(pattern, wild, caller),
            Values::OutsideArn => match access_point_account(pattern, wild) {
                Some(account) => self.outside_account(account, has_wildcard(account)),
                None => Val::SOMETIMES,
            },
            Values::CredentialArn => match pinned_account(pattern, wild) {
                Some(account) if self.zone.trusts_account(account) => Val::UNKNOWN,
                _ => Val::SOMETIMES,
            },
            Values::FederatedProvider => self.provider(pattern),
            Values::EncryptionContext => self.encryption_context(pattern),
            Values::Tenant(claim) => self.tenant(claim, pattern, reading.like, caller),
            Values::SignedIn => match pattern {
                "authenticated" => Val::ALWAYS,
                "unauthenticated" => Val::NEVER,
                _ if wild && is_star(pattern) => Val::ALWAYS,
                _ => Val::SOMETIMES,
            },
            Values::Not(id) => {
                if wild || pattern != id {
                    Val::SOMETIMES
                } else if reading.fold && id.bytes().any(|byte| byte.is_ascii_alphabetic()) {
                    // Another spelling of the id would pass.
                    Val::SOMETIMES
                } else {
                    Val::NEVER
                }
            }
            Values::Ip | Values::Free => {
                if wild && is_star(pattern) {
                    Val::ALWAYS
                } else {
                    Val::SOMETIMES
                }
            }
        }
    }

    fn arn(&self, reading: Reading, pattern: &str, values: Values<'t>, caller: &Caller<'t>) -> Val {
        let Some(fields) = Fields::of(pattern) else {
            return match values {
                Values::Free | Values::Not(_) => Val::SOMETIMES,
                _ => Val::UNKNOWN,
            };
        };
        match values {
            Values::PrincipalArn => self.principal_arn(reading, &fields, pattern, caller),
            Values::SourceArn => self.source_arn(&fields, caller),
            Values::OutsideArn => {
                self.outside_account(fields.account, has_wildcard(fields.account))
            }
            Values::CredentialArn => {
                if self.zone.trusts_account(fields.account) {
                    Val::UNKNOWN
                } else {
                    Val::SOMETIMES
                }
            }
            Values::FederatedProvider => self.provider(pattern),
            Values::EncryptionContext => self.encryption_context(pattern),
            Values::Free | Values::Not(_) => Val::SOMETIMES,
            _ => Val::UNKNOWN,
        }
    }

    /// Something of an outside account, of which nothing else is known.
    fn outside_account(&self, pattern: &str, wild: bool) -> Val {
        if wild {
            strange_account(pattern, true).capped()
        } else if self.zone.trusts_account(pattern) {
            Val::NEVER
        } else {
            Val::SOMETIMES
        }
    }

    fn provider(&self, pattern: &str) -> Val {
        match arn_account(pattern) {
            Some(account) if self.zone.trusts_account(account) => Val::UNKNOWN,
            _ => Val::SOMETIMES,
        }
    }

    fn encryption_context(&self, pattern: &str) -> Val {
        // A service sets it; it may serve as a guard, but none that AWS
        // documents as such.
        let ours = pattern
            .split(':')
            .any(|field| self.zone.trusts_account(field));
        if ours { Val::UNKNOWN } else { Val::SOMETIMES }
    }

    fn tenant(&self, claim: Option<&str>, pattern: &str, like: bool, caller: &Caller<'t>) -> Val {
        let Who::Token { issuer, .. } = caller.who else {
            return Val::SOMETIMES;
        };
        match issuer.pin(claim, pattern, like, self.zone) {
            Pin::Ours | Pin::Nobody => Val::NEVER,
            Pin::Open => Val::ALWAYS,
            Pin::Loose => Val::SOMETIMES,
            Pin::Unsure => Val::UNKNOWN,
        }
    }

    /// The caller's own ARN: everything before what the account's owner may
    /// choose, and whether anything is left to choose.
    fn own_arn(caller: &Caller<'t>) -> Option<(Vec<u8>, bool)> {
        let account = caller.account.text()?;
        let (service, resource, tail) = match caller.who {
            Who::Role => ("iam", "role/", true),
            Who::Session { .. } => ("iam", "role/", true),
            Who::User => ("iam", "user/", true),
            Who::Root => ("iam", "root", false),
            Who::FederatedUser => ("sts", "federated-user/", true),
            _ => return None,
        };
        let text = format!("arn:{}:{service}::{account}:{resource}", caller.partition);
        Some((text.into_bytes(), tail))
    }

    fn text_arn(&self, reading: Reading, pattern: &str, wild: bool, caller: &Caller<'t>) -> Val {
        if let Who::Named { arn, .. } | Who::NamedFederatedUser { arn } = caller.who {
            return if wild {
                matches(pattern, arn, reading.fold)
            } else if reading.fold {
                Val::of(arn.eq_ignore_ascii_case(pattern))
            } else {
                Val::of(arn == pattern)
            };
        }
        if caller.account == Account::Hidden {
            return match pinned_account(pattern, wild) {
                Some(account) => self.outside_account(account, false),
                None => Val::SOMETIMES,
            };
        }
        let Some((own, tail)) = Self::own_arn(caller) else {
            return Val::SOMETIMES;
        };
        if wild {
            return meets(pattern, &own, tail);
        }
        // Every ARN that the document spells out is a caller of its own.
        let plain = reading.literal && !reading.fold;
        if plain && (tail && !matches!(caller.who, Who::Session { .. })) {
            return Val::NEVER;
        }
        let fits = pattern.len() > own.len()
            && pattern
                .as_bytes()
                .iter()
                .zip(&own)
                .all(|(a, b)| a == b || (reading.fold && a.eq_ignore_ascii_case(b)));
        if tail {
            if fits { Val::SOMETIMES } else { Val::NEVER }
        } else {
            Val::of(
                pattern.as_bytes() == own
                    || (reading.fold && pattern.as_bytes().eq_ignore_ascii_case(&own)),
            )
        }
    }

    fn principal_arn(
        &self,
        reading: Reading,
        fields: &Fields<'_>,
        pattern: &str,
        caller: &Caller<'t>,
    ) -> Val {
        if let Who::Named { arn, .. } | Who::NamedFederatedUser { arn } = caller.who {
            return match Fields::of(arn) {
                Some(own) => fields.meet(&own),
                None => Val::UNKNOWN,
            };
        }
        let account = match caller.account {
            Account::Known(account) => matches(fields.account, account, false),
            Account::Strange => strange_account(fields.account, true),
            Account::Hidden => self.outside_account(fields.account, has_wildcard(fields.account)),
        };
        if !account.can_hold() {
            return Val::NEVER;
        }
        let service = if caller.who == Who::FederatedUser {
            "sts"
        } else {
            "iam"
        };
        let resource = match caller.who {
            Who::Role if !has_wildcard(pattern) && reading.literal => Val::NEVER,
            Who::User if !has_wildcard(pattern) && reading.literal => Val::NEVER,
            Who::Role => meets(fields.resource, b"role/", true),
            Who::User => meets(fields.resource, b"user/", true),
            Who::Root => meets(fields.resource, b"root", false),
            Who::FederatedUser => meets(fields.resource, b"federated-user/", true),
            Who::Session { role, .. } => {
                // The role's path is not known.
                let bare = format!("role/{role}");
                matches(fields.resource, &bare, false).join(meets(fields.resource, b"role/", true))
            }
            _ => Val::SOMETIMES,
        };
        let partition = match caller.who {
            // Of a hidden account the partition is hidden as well.
            Who::Opaque if is_star(fields.partition) => Val::ALWAYS,
            Who::Opaque => Val::SOMETIMES,
            _ => matches(fields.partition, caller.partition, false),
        };
        partition
            .and(matches(fields.service, service, false))
            .and(matches(fields.region, "", false))
            .and(account)
            .and(resource)
    }

    /// Source ARNs have an account of their own, except those of S3 buckets.
    fn source_arn(&self, fields: &Fields<'_>, caller: &Caller<'t>) -> Val {
        if fields.account.is_empty() {
            return if fields.resource.starts_with('*') || fields.resource.starts_with('?') {
                Val::SOMETIMES
            } else {
                Val::UNKNOWN
            };
        }
        let account = match caller.source.account {
            Account::Known(account) => matches(fields.account, account, false),
            Account::Strange => strange_account(fields.account, true),
            Account::Hidden => Val::SOMETIMES,
        };
        let rest = is_star(fields.service) && is_star(fields.region) && is_star(fields.resource);
        if rest { account } else { account.capped() }
    }

    fn text_source(&self, pattern: &str, wild: bool, caller: &Caller<'t>) -> Val {
        if !wild {
            return match Fields::of(pattern) {
                Some(fields) => self.source_arn(&fields, caller),
                None => Val::NEVER,
            };
        }
        if is_star(pattern) {
            return Val::ALWAYS;
        }
        let fixed = literal_prefix(pattern);
        let Some(fields) = Fields::of(pattern) else {
            return self.hidden_account(pattern);
        };
        // Names of these services hold no colon, so a `*` after the service
        // stays in its place; one before it may reach into another's names.
        let tidy = fixed.matches(':').count() >= 3
            && matches!(
                fields.service,
                "sns" | "sqs" | "events" | "cloudtrail" | "s3"
            );
        let open = !fields.account.is_empty()
            && strange_account(fields.account, true).can_hold()
            && !is_account(fields.account);
        if fixed.matches(':').count() >= 5 || tidy || open {
            return self.source_arn(&fields, caller);
        }
        self.hidden_account(pattern)
    }

    fn hidden_account(&self, pattern: &str) -> Val {
        let ours = pattern
            .split([':', '*', '?'])
            .any(|part| self.zone.trusts_account(part));
        if ours { Val::UNKNOWN } else { Val::SOMETIMES }
    }
}

/// The account of an ARN that a wildcard cannot reach.
fn pinned_account(pattern: &str, wild: bool) -> Option<&str> {
    let fixed = if wild {
        literal_prefix(pattern)
    } else {
        pattern
    };
    arn_account(fixed).filter(|account| is_account(account))
}

/// The account field of a text that ARNs of access points are compared with.
/// No part of such an ARN holds a colon, so a wildcard stays in its field where
/// the text has all five colons.
fn access_point_account(pattern: &str, wild: bool) -> Option<&str> {
    let fields = Fields::of(pattern).filter(|_| literal_prefix(pattern).matches(':').count() >= 3);
    match fields {
        Some(fields) if fields.service == "s3" => Some(fields.account),
        _ => pinned_account(pattern, wild),
    }
}

fn boolean(pattern: &str, values: Values<'_>) -> Val {
    let wanted = pattern.eq_ignore_ascii_case("true");
    if !wanted && !pattern.eq_ignore_ascii_case("false") {
        return Val::UNKNOWN;
    }
    match values {
        Values::Exact(text) => Val::of(text.eq_ignore_ascii_case(pattern)),
        Values::Free | Values::Not(_) => Val::SOMETIMES,
        _ => Val::UNKNOWN,
    }
}

fn numeric(compare: Compare, pattern: &str, values: Values<'_>) -> Val {
    let text = match values {
        Values::Exact(text) | Values::Account(Account::Known(text)) => text,
        Values::Account(Account::Strange) if compare == Compare::Equal => {
            return strange_account(pattern, false);
        }
        Values::Free | Values::Not(_) => return Val::SOMETIMES,
        _ => return Val::UNKNOWN,
    };
    match (text.parse::<i64>(), pattern.parse::<i64>()) {
        (Ok(own), Ok(wanted)) => Val::of(match compare {
            Compare::Equal => own == wanted,
            Compare::Less => own < wanted,
            Compare::LessOrEqual => own <= wanted,
            Compare::Greater => own > wanted,
            Compare::GreaterOrEqual => own >= wanted,
        }),
        // What is no number equals none.
        (Err(_), Ok(_)) if compare == Compare::Equal => Val::NEVER,
        _ => Val::UNKNOWN,
    }
}

fn address(pattern: &str, values: Values<'_>) -> Val {
    let known =
        pattern.parse::<ipnet::IpNet>().is_ok() || pattern.parse::<std::net::IpAddr>().is_ok();
    match values {
        Values::Ip | Values::Free if known => Val::SOMETIMES,
        Values::Not(_) => Val::SOMETIMES,
        _ => Val::UNKNOWN,
    }
}

/// An ARN, cut at its first five colons.
pub(crate) struct Fields<'p> {
    pub(crate) partition: &'p str,
    pub(crate) service: &'p str,
    pub(crate) region: &'p str,
    pub(crate) account: &'p str,
    pub(crate) resource: &'p str,
}

impl<'p> Fields<'p> {
    pub(crate) fn of(pattern: &'p str) -> Option<Fields<'p>> {
        let mut fields = pattern.splitn(6, ':');
        if !matches!(fields.next(), Some("arn" | "*")) {
            return None;
        }
        Some(Fields {
            partition: fields.next()?,
            service: fields.next()?,
            region: fields.next()?,
            account: fields.next()?,
            resource: fields.next()?,
        })
    }

    /// How this pattern meets a literal ARN, field by field.
    pub(crate) fn meet(&self, own: &Fields<'_>) -> Val {
        matches(self.partition, own.partition, false)
            .and(matches(self.service, own.service, false))
            .and(matches(self.region, own.region, false))
            .and(matches(self.account, own.account, false))
            .and(matches(self.resource, own.resource, false))
    }
}
