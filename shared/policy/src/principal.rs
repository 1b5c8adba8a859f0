//! Principals, as written.

use crate::glob::has_wildcard;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum IdentityKind {
    User,
    Role,
}

/// What one value of a `Principal` element names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form<'t> {
    Everyone,
    /// A whole account.
    Account(&'t str),
    /// One user or role; `name` is what follows the path.
    Identity {
        account: &'t str,
        kind: IdentityKind,
        name: &'t str,
    },
    /// One session of a role.
    Session {
        account: &'t str,
        role: &'t str,
        session: &'t str,
    },
    FederatedUser {
        account: &'t str,
        name: &'t str,
    },
    /// `AIDA…` or `AROA…`.
    UniqueId,
    /// A `CloudFront` origin access identity.
    OriginAccessIdentity,
    /// An ARN with wildcards in it.
    WildArn,
    Canonical,
    Service,
    Federated,
    Malformed,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Principal<'t> {
    pub(crate) text: &'t str,
    pub(crate) form: Form<'t>,
}

impl<'t> Principal<'t> {
    pub(crate) fn parse(family: &str, text: &'t str) -> Principal<'t> {
        let form = match family {
            "AWS" => aws(text),
            "Service" => Form::Service,
            "Federated" => Form::Federated,
            "CanonicalUser" if text != "*" => Form::Canonical,
            _ => Form::Malformed,
        };
        Principal { text, form }
    }

    /// The account an IAM principal belongs to.
    pub(crate) fn account(&self) -> Option<&'t str> {
        match self.form {
            Form::Account(account)
            | Form::Identity { account, .. }
            | Form::Session { account, .. }
            | Form::FederatedUser { account, .. } => Some(account),
            _ => None,
        }
    }
}

pub(crate) fn is_account(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit())
}

pub(crate) fn is_unique_id(text: &str) -> bool {
    text.len() >= 16
        && (text.starts_with("AIDA") || text.starts_with("AROA"))
        && text
            .bytes()
            .all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
}

pub(crate) fn aws(text: &str) -> Form<'_> {
    if text == "*" {
        return Form::Everyone;
    }
    if is_account(text) {
        return Form::Account(text);
    }
    if !text.starts_with("arn:") {
        return if is_unique_id(text) {
            Form::UniqueId
        } else {
            Form::Malformed
        };
    }
    if has_wildcard(text) {
        return Form::WildArn;
    }
    let mut fields = text.splitn(6, ':').skip(2);
    let (Some(service), Some(""), Some(account), Some(resource)) =
        (fields.next(), fields.next(), fields.next(), fields.next())
    else {
        return Form::Malformed;
    };
    if service == "iam" && account == "cloudfront" {
        return Form::OriginAccessIdentity;
    }
    if !is_account(account) {
        return Form::Malformed;
    }
    let last = |path: &'_ str| path.rsplit('/').next().is_some_and(|name| !name.is_empty());
    match (service, resource.split_once('/')) {
        ("iam", None) if resource == "root" => Form::Account(account),
        ("iam", Some(("user", path))) if last(path) => Form::Identity {
            account,
            kind: IdentityKind::User,
            name: path.rsplit('/').next().unwrap_or(path),
        },
        ("iam", Some(("role", path))) if last(path) => Form::Identity {
            account,
            kind: IdentityKind::Role,
            name: path.rsplit('/').next().unwrap_or(path),
        },
        ("sts", Some(("assumed-role", path))) => match path.split_once('/') {
            Some((role, session)) if !role.is_empty() && !session.is_empty() => Form::Session {
                account,
                role,
                session,
            },
            _ => Form::Malformed,
        },
        ("sts", Some(("federated-user", name))) if !name.is_empty() => {
            Form::FederatedUser { account, name }
        }
        _ => Form::Malformed,
    }
}

/// The account field of an ARN that is spelt out, if there is one.
pub(crate) fn arn_account(arn: &str) -> Option<&str> {
    let mut fields = arn.splitn(6, ':');
    (fields.next() == Some("arn")).then_some(())?;
    let account = fields.nth(3)?;
    fields.next()?;
    Some(account)
}
