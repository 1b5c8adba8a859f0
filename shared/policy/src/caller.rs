//! Classes of callers that a document cannot tell apart.

use crate::federation::Issuer;
use crate::glob::STRANGE_DIGIT;
use crate::key::Key;
use crate::principal::{Form, IdentityKind, Principal};
use crate::val::Val;
use crate::{Kind, Zone};

/// Twelve digits that stand for no number of the document.
pub(crate) const STRANGE_ACCOUNT: &str =
    "\u{3}\u{3}\u{3}\u{3}\u{3}\u{3}\u{3}\u{3}\u{3}\u{3}\u{3}\u{3}";
/// Stands for an organization that is not in the document.
pub(crate) const STRANGE_ORG: &str = "\u{4}";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Account<'t> {
    /// An outside account that the document names (or, of sources, a trusted one).
    Known(&'t str),
    /// One that it does not name.
    Strange,
    /// An outside account of which the number is hidden.
    Hidden,
}

impl<'t> Account<'t> {
    pub(crate) fn text(self) -> Option<&'t str> {
        match self {
            Account::Known(account) => Some(account),
            Account::Strange => Some(STRANGE_ACCOUNT),
            Account::Hidden => None,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Org<'t> {
    None,
    Known(&'t str),
    Strange,
}

impl<'t> Org<'t> {
    pub(crate) fn text(self) -> Option<&'t str> {
        match self {
            Org::None => None,
            Org::Known(org) => Some(org),
            Org::Strange => Some(STRANGE_ORG),
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Who<'t> {
    /// Any role of the account that is not named elsewhere in the document.
    Role,
    User,
    Root,
    FederatedUser,
    /// A user or role that the document spells out.
    Named {
        kind: IdentityKind,
        name: &'t str,
        arn: &'t str,
    },
    Session {
        role: &'t str,
        session: &'t str,
    },
    NamedFederatedUser {
        arn: &'t str,
    },
    Anonymous,
    /// A token of an issuer of many tenants; for Cognito, of a guest or not,
    /// and of a pool that is spelt out or not.
    Token {
        issuer: &'static Issuer,
        guest: bool,
        own_pool: bool,
    },
    /// A token or, for SAML, an assertion of a provider that others control.
    ForeignToken {
        saml: bool,
    },
    /// A principal of which only an opaque text is known.
    Opaque,
    Service(Option<&'t str>),
}

/// For whom a service acts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Source<'t> {
    /// The source keys that the request carries.
    pub(crate) bits: u8,
    pub(crate) account: Account<'t>,
    pub(crate) org: Org<'t>,
}

impl Source<'_> {
    pub(crate) const NONE: Source<'static> = Source {
        bits: 0,
        account: Account::Strange,
        org: Org::None,
    };
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Caller<'t> {
    pub(crate) who: Who<'t>,
    pub(crate) account: Account<'t>,
    pub(crate) org: Org<'t>,
    /// The partition of its account.
    pub(crate) partition: &'t str,
    pub(crate) source: Source<'t>,
    /// The text by which a `Principal` element names exactly this caller.
    pub(crate) text: &'t str,
    /// A registered third party that does not send this external id.
    pub(crate) without_id: Option<&'t str>,
}

impl<'t> Caller<'t> {
    pub(crate) fn new(who: Who<'t>, account: Account<'t>, org: Org<'t>) -> Caller<'t> {
        Caller {
            who,
            account,
            org,
            partition: "aws",
            source: Source::NONE,
            text: "",
            without_id: None,
        }
    }

    pub(crate) fn is_iam(&self) -> bool {
        matches!(
            self.who,
            Who::Role
                | Who::User
                | Who::Root
                | Who::FederatedUser
                | Who::Named { .. }
                | Who::Session { .. }
                | Who::NamedFederatedUser { .. }
        )
    }

    pub(crate) fn is_token(&self) -> bool {
        matches!(self.who, Who::Token { .. } | Who::ForeignToken { .. })
    }

    /// Whether a principal element names this caller.
    pub(crate) fn named_by(&self, principal: &Principal<'_>, zone: &Zone) -> Val {
        match principal.form {
            Form::Everyone => Val::ALWAYS,
            Form::Account(account) => match self.account {
                _ if !self.is_iam() && self.who != Who::Opaque => Val::NEVER,
                Account::Known(own) => Val::of(own == account),
                Account::Strange => Val::NEVER,
                Account::Hidden if zone.trusts_account(account) => Val::NEVER,
                Account::Hidden => Val::SOMETIMES,
            },
            Form::Identity {
                account,
                kind,
                name,
            } => {
                if self.account != Account::Known(account) {
                    return Val::NEVER;
                }
                match self.who {
                    Who::Named {
                        kind: own,
                        name: own_name,
                        arn,
                    } if kind == own && arn != principal.text && name == own_name => {
                        // Role names are unique, so at most one path is right.
                        Val::UNKNOWN.and(Val::SOMETIMES)
                    }
                    Who::Named { kind: own, arn, .. } => {
                        Val::of(kind == own && arn == principal.text)
                    }
                    Who::Session { role, .. } => {
                        Val::of(kind == IdentityKind::Role && role == name)
                    }
                    _ => Val::NEVER,
                }
            }
            Form::Session {
                account,
                role,
                session,
            } => {
                if self.account != Account::Known(account) {
                    return Val::NEVER;
                }
                match self.who {
                    Who::Session {
                        role: own,
                        session: own_session,
                    } => Val::of(own == role && own_session == session),
                    Who::Named {
                        kind: IdentityKind::Role,
                        name,
                        ..
                    } if name == role => Val::SOMETIMES,
                    Who::Role => Val::SOMETIMES,
                    _ => Val::NEVER,
                }
            }
            Form::FederatedUser { account, .. } => {
                if self.account != Account::Known(account) {
                    return Val::NEVER;
                }
                match self.who {
                    Who::NamedFederatedUser { arn } => Val::of(arn == principal.text),
                    Who::FederatedUser => Val::SOMETIMES,
                    _ => Val::NEVER,
                }
            }
            Form::Service => match self.who {
                Who::Service(_) if principal.text == "*" => Val::ALWAYS,
                Who::Service(Some(name)) => Val::of(name == principal.text),
                Who::Service(None) => Val::SOMETIMES,
                _ => Val::NEVER,
            },
            Form::Federated => Val::of(self.is_token() && self.text == principal.text),
            Form::Canonical => {
                if self.who == Who::Opaque && self.text == principal.text {
                    Val::ALWAYS
                } else if zone.canonical_ids.iter().any(|id| id == principal.text)
                    || !(self.is_iam() || self.who == Who::Opaque)
                {
                    Val::NEVER
                } else {
                    Val::SOMETIMES
                }
            }
            Form::UniqueId | Form::OriginAccessIdentity => {
                if self.who == Who::Opaque && self.text == principal.text {
                    Val::ALWAYS
                } else if self.is_iam() || self.who == Who::Opaque {
                    Val::UNKNOWN.and(Val::SOMETIMES)
                } else {
                    Val::NEVER
                }
            }
            Form::WildArn | Form::Malformed => {
                if self.who == Who::Opaque && self.text == principal.text {
                    Val::ALWAYS
                } else {
                    Val::UNKNOWN
                }
            }
        }
    }
}

/// Whether the request carries a key at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Presence {
    Never,
    Always,
    /// Documented as always there, but never promised.
    AlwaysUnsure,
    Maybe,
}

/// What values a key may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Values<'t> {
    Exact(&'t str),
    Account(Account<'t>),
    Org(&'t str),
    OrgPath(&'t str),
    PrincipalArn,
    UserId,
    SourceArn,
    /// Something that belongs to an outside account.
    OutsideAccount,
    OutsideArn,
    CredentialArn,
    FederatedProvider,
    EncryptionContext,
    /// A claim of a token; without a name, `sts:RoleSessionName`.
    Tenant(Option<&'t str>),
    /// How a signed-in user of Cognito came in.
    SignedIn,
    /// Anything but this.
    Not(&'t str),
    Ip,
    /// Whatever the caller likes.
    Free,
}

/// What the analysis knows besides the document.
pub(crate) struct World<'t> {
    pub(crate) kind: Kind,
    pub(crate) zone: &'t Zone,
    pub(crate) variables: bool,
}

impl<'t> World<'t> {
    /// Whether a caller's requests carry `key`, and with what values.
    pub(crate) fn values(&self, key: Key<'t>, caller: &Caller<'t>) -> (Presence, Values<'t>) {
        use Presence::{Always, AlwaysUnsure, Maybe, Never};
        let none = (Never, Values::Free);
        let free = (Maybe, Values::Free);
        let service = matches!(caller.who, Who::Service(_));
        let anonymous = caller.who == Who::Anonymous;
        let identity = caller.is_iam() || caller.who == Who::Opaque;
        let source = |values: Values<'t>| {
            if caller.source.bits & key.source_bit() == 0 {
                none
            } else {
                (Always, values)
            }
        };
        match key {
            Key::PrincipalOrgId | Key::PrincipalOrgPaths => match caller.org.text() {
                Some(org) if identity && key == Key::PrincipalOrgId => (Always, Values::Org(org)),
                Some(org) if identity => (Always, Values::OrgPath(org)),
                _ => none,
            },
            Key::PrincipalAccount if anonymous => (AlwaysUnsure, Values::Exact("anonymous")),
            Key::PrincipalAccount if identity => (AlwaysUnsure, Values::Account(caller.account)),
            Key::PrincipalAccount => none,
            Key::PrincipalArn if identity => {
                let presence = if self.kind.has_anonymous() {
                    Always
                } else {
                    AlwaysUnsure
                };
                (presence, Values::PrincipalArn)
            }
            Key::PrincipalArn => none,
            Key::UserId if anonymous => (AlwaysUnsure, Values::Exact("anonymous")),
            Key::UserId if identity => (AlwaysUnsure, Values::UserId),
            Key::UserId if service => none,
            Key::UserId => free,
            Key::UserName => match caller.who {
                Who::User => (Always, Values::Free),
                Who::Named {
                    kind: IdentityKind::User,
                    name,
                    ..
                } => (Always, Values::Exact(name)),
                Who::Opaque => free,
                _ => none,
            },
            Key::PrincipalTag => {
                if service || anonymous || caller.who == Who::Root {
                    none
                } else {
                    free
                }
            }
            Key::PrincipalType => match caller.who {
                Who::Role
                | Who::Session { .. }
                | Who::Named {
                    kind: IdentityKind::Role,
                    ..
                } => (Always, Values::Exact("AssumedRole")),
                Who::User
                | Who::Named {
                    kind: IdentityKind::User,
                    ..
                } => (Always, Values::Exact("User")),
                Who::Root => (Always, Values::Exact("Account")),
                Who::FederatedUser | Who::NamedFederatedUser { .. } => {
                    (Always, Values::Exact("FederatedUser"))
                }
                Who::Anonymous => (Always, Values::Exact("Anonymous")),
                _ => free,
            },
            Key::IsAwsService if service => (Always, Values::Exact("true")),
            Key::IsAwsService if identity => (Always, Values::Exact("false")),
            Key::IsAwsService if anonymous => none,
            Key::IsAwsService => (Maybe, Values::Exact("false")),
            Key::ServiceName => match caller.who {
                Who::Service(Some(name)) => (Always, Values::Exact(name)),
                Who::Service(None) => (Always, Values::Free),
                _ => none,
            },
            Key::ServiceNamesList if service => free,
            Key::ServiceNamesList => none,
            Key::ViaAwsService if service => (Always, Values::Exact("false")),
            Key::ViaAwsService => free,
            Key::FederatedProvider if service || anonymous => none,
            Key::FederatedProvider => (Maybe, Values::FederatedProvider),
            Key::CallerAccount if identity && self.kind == Kind::Key => {
                (AlwaysUnsure, Values::Account(caller.account))
            }
            Key::CallerAccount if identity => (Maybe, Values::Account(caller.account)),
            Key::CallerAccount if service => none,
            Key::CallerAccount => free,
            Key::SourceAccount => source(Values::Account(caller.source.account)),
            Key::SourceOwner => source(Values::Account(caller.source.account)),
            Key::SourceArn => source(Values::SourceArn),
            Key::SourceOrgId => match caller.source.org.text() {
                Some(org) => source(Values::Org(org)),
                None => none,
            },
            Key::SourceOrgPaths => match caller.source.org.text() {
                Some(org) => source(Values::OrgPath(org)),
                None => none,
            },
            Key::SourceIp => (Maybe, Values::Ip),
            Key::ResourceAccount => match self.zone.owner() {
                Some(owner) => (Always, Values::Exact(owner)),
                None => free,
            },
            Key::ResourceOrgId => match self.zone.org_id.as_deref() {
                Some(org) => (Always, Values::Exact(org)),
                None => none,
            },
            Key::ResourceOrgPaths => match self.zone.org_id.as_deref() {
                Some(org) => (Always, Values::OrgPath(org)),
                None => none,
            },
            Key::AccessPointAccount if service => none,
            Key::AccessPointAccount => (Maybe, Values::OutsideAccount),
            Key::AccessPointArn if service => none,
            Key::AccessPointArn => (Maybe, Values::OutsideArn),
            Key::CredentialArn if service || anonymous => none,
            Key::CredentialArn => (Maybe, Values::CredentialArn),
            Key::ExternalId => match caller.without_id {
                _ if service || anonymous || caller.is_token() => none,
                Some(id) => (Maybe, Values::Not(id)),
                None => free,
            },
            Key::RoleSessionName => match caller.who {
                Who::Token { issuer, .. } if issuer.pins_session_name() => {
                    (AlwaysUnsure, Values::Tenant(None))
                }
                _ => free,
            },
            Key::Session if service || anonymous => none,
            Key::Session => free,
            Key::EncryptionContext if service => (Maybe, Values::EncryptionContext),
            Key::SecureTransport => (Always, Values::Free),
            Key::Claim(host, claim) => match caller.who {
                Who::Token {
                    issuer,
                    guest,
                    own_pool,
                } => {
                    if !issuer.is_host(host) {
                        return none;
                    }
                    if issuer.is_cognito() && claim.eq_ignore_ascii_case("amr") {
                        let values = if guest {
                            Values::Exact("unauthenticated")
                        } else {
                            Values::SignedIn
                        };
                        return (AlwaysUnsure, values);
                    }
                    if own_pool {
                        return (AlwaysUnsure, Values::Free);
                    }
                    (AlwaysUnsure, Values::Tenant(Some(claim)))
                }
                Who::ForeignToken { .. } => free,
                Who::Service(_) | Who::Anonymous => none,
                _ => free,
            },
            Key::SourceVpc | Key::EncryptionContext | Key::Other => free,
        }
    }
}

/// Whether a text is made of the digits that no document holds.
pub(crate) fn is_strange(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte == STRANGE_DIGIT)
}
