//! May one given request get through? The same document, asked the other way
//! round: one concrete request instead of classes of callers.

use std::collections::BTreeMap;

use crate::ask::{Ask, Asker, Context, Known, Target};
use crate::json::Tape;
use crate::keys::Keys;
use crate::policy::Policy;
use crate::principal::{Form, IdentityKind, Principal, aws};
use crate::{Document, Kind, Tri};

/// A request that an AWS service makes, for example CloudTrail's delivery.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ServiceRequest {
    /// The service principal, for example `cloudtrail.amazonaws.com`.
    pub service: String,
    /// The action, for example `s3:PutObject`.
    pub action: String,
    /// The ARN that is acted on.
    pub resource: String,
    /// `aws:SourceArn`; absent from the request when nothing.
    pub source_arn: Option<String>,
    /// `aws:SourceAccount`; absent from the request when nothing.
    pub source_account: Option<String>,
    /// `aws:SourceOrgID`; absent from the request when nothing.
    pub source_org_id: Option<String>,
    /// Other condition keys that the request carries.
    pub context: BTreeMap<String, Vec<String>>,
}

/// Whether the document lets this service request through. Keys of the
/// network, the clock and the request that are not given count as unknown.
#[must_use]
pub fn service_allowed(doc: &Document, kind: Kind, request: &ServiceRequest) -> Tri {
    let Ok(tape) = Tape::parse(doc.as_json()) else {
        return Tri::CannotTell;
    };
    service_ask(request).decide(&Policy::of(&tape), kind, tape.garbled)
}

/// A service's request, or one for each of many keys.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    pub(crate) request: ServiceRequest,
    /// In place of the request's one resource.
    pub(crate) keys: Option<Keys>,
}

impl Asked {
    /// As [`service_allowed`], of each key; without `denies` as if there were
    /// no Deny.
    pub(crate) fn is_allowed(&self, doc: &Document, kind: Kind, denies: bool) -> Tri {
        let Ok(tape) = Tape::parse(doc.as_json()) else {
            return Tri::CannotTell;
        };
        let mut policy = Policy::of(&tape);
        policy.statements.retain(|stmt| denies || stmt.allow);
        let mut ask = service_ask(&self.request);
        if let Some(keys) = &self.keys {
            ask.resource = Target::Each(keys);
        }
        ask.decide(&policy, kind, tape.garbled)
    }
}

fn service_ask(request: &ServiceRequest) -> Ask<'_> {
    let mut context = Context::default();
    context.set("aws:PrincipalIsAWSService", "true");
    context.set("aws:PrincipalServiceName", &request.service);
    context.set("aws:SecureTransport", "true");
    context.set("s3:TlsVersion", "1.3");
    context.set("aws:ViaAWSService", "false");
    for (key, value) in [
        ("aws:SourceArn", &request.source_arn),
        ("aws:SourceAccount", &request.source_account),
        ("aws:SourceOrgID", &request.source_org_id),
    ] {
        if let Some(value) = value {
            context.set(key, value);
        }
    }
    for (key, values) in &request.context {
        context.put(key, values.clone());
    }
    Ask {
        asker: Asker::Service(&request.service),
        action: &request.action,
        resource: Target::One(&request.resource),
        context,
        known: Known::Service,
    }
}

/// As [`principal_allowed`], of a principal of the organization with this ID.
#[must_use]
pub fn member_allowed(
    doc: &Document,
    kind: Kind,
    principal_arn: &str,
    org_id: &str,
    action: &str,
    resource: &str,
) -> Tri {
    iam_allowed(doc, kind, principal_arn, Some(org_id), action, resource)
}

/// Whether the document by itself lets an IAM principal do `action` on
/// `resource`. The principal is an account number, its `:root`, or the ARN of
/// a user, role or session. What its own policies say does not count; keys
/// that depend on more than the ARN (tags, network, time, organization) are
/// unknown.
#[must_use]
pub fn principal_allowed(
    doc: &Document,
    kind: Kind,
    principal_arn: &str,
    action: &str,
    resource: &str,
) -> Tri {
    iam_allowed(doc, kind, principal_arn, None, action, resource)
}

fn iam_allowed(
    doc: &Document,
    kind: Kind,
    principal_arn: &str,
    org_id: Option<&str>,
    action: &str,
    resource: &str,
) -> Tri {
    let Ok(tape) = Tape::parse(doc.as_json()) else {
        return Tri::CannotTell;
    };
    let form = aws(principal_arn);
    let asker = Principal {
        text: principal_arn,
        form,
    };
    let Some(account) = asker.account() else {
        return Tri::CannotTell;
    };
    let mut context = Context::default();
    context.set("aws:PrincipalAccount", account);
    context.set("kms:CallerAccount", account);
    if let Some(org_id) = org_id {
        context.set("aws:PrincipalOrgID", org_id);
    }
    context.set("aws:PrincipalIsAWSService", "false");
    context.set("aws:SecureTransport", "true");
    if matches!(form, Form::Identity { .. } | Form::FederatedUser { .. })
        || (matches!(form, Form::Account(_)) && principal_arn.starts_with("arn:"))
    {
        context.set("aws:PrincipalArn", principal_arn);
    }
    if let Form::Identity {
        kind: IdentityKind::User,
        name,
        ..
    } = form
    {
        context.set("aws:username", name);
    }
    let policy = Policy::of(&tape);
    Ask {
        asker: Asker::Iam(asker),
        action,
        resource: Target::One(resource),
        context,
        known: Known::Principal,
    }
    .decide(&policy, kind, tape.garbled)
}
