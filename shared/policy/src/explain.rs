//! Sentences for people, understood at three in the morning.

use crate::analysis::{Engine, Finding, Grant, Openness};
use crate::caller::{Account, Org, Who};
use crate::federation::Provider;
use crate::key::Key;
use crate::operator::{Base, SetOp};
use crate::policy::Stmt;
use crate::principal::Form;
use crate::verdict::{Admission, AdmissionKind, Deputy};
use crate::{Kind, witness};

/// A statement by its place, for people, who count from one.
#[must_use]
pub fn place(index: usize) -> String {
    format!("statement {}", index + 1)
}

/// One admission with its sentence and its witness.
pub(crate) fn admission<'t>(engine: &Engine<'t>, finding: &Finding<'t>) -> Admission {
    let stmt = engine.policy.statements.get(finding.index);
    let worst = finding.worst();
    let sure = finding.openness() == Openness::Open;
    let principals = finding
        .grants
        .iter()
        .map(|grant| {
            grant
                .principal
                .map_or("NotPrincipal", |one| one.text)
                .to_owned()
        })
        .collect();
    Admission {
        index: finding.index,
        sid: stmt.and_then(|stmt| stmt.sid).map(str::to_owned),
        principals,
        kind: worst.map_or(AdmissionKind::CannotTell, |grant| grant.kind),
        why: if sure {
            sentence(engine, finding)
        } else {
            doubt(engine, finding)
        },
        witness: sure.then(|| witness::find(engine, finding)).flatten(),
    }
}

fn sentence(engine: &Engine<'_>, finding: &Finding<'_>) -> String {
    let Some(grant) = finding.worst() else {
        return String::new();
    };
    let Some(stmt) = engine.policy.statements.get(finding.index) else {
        return String::new();
    };
    let who = who(engine, grant);
    let what = what(engine, stmt);
    let mut text = format!("{who} {what}");
    if let Some(but) = but(engine, stmt, grant) {
        text.push_str("; ");
        text.push_str(&but);
    }
    let more = finding.grants.len() - 1;
    if more > 0 {
        text.push_str(&format!(
            "; so may {more} other principal{} of this statement",
            if more == 1 { "" } else { "s" }
        ));
    }
    text
}

fn who(engine: &Engine<'_>, grant: &Grant<'_>) -> String {
    let caller = &grant.caller;
    let zone = engine.world.zone;
    match (grant.kind, caller.account) {
        (AdmissionKind::ThirdPartyWithoutExternalId, Account::Known(account)) => {
            if engine.world.kind != Kind::Trust {
                return format!(
                    "the registered third party {account}, beyond what it is registered for,"
                );
            }
            return match zone
                .partner(account)
                .and_then(|one| one.external_id.as_ref())
            {
                Some(_) => format!(
                    "the registered third party {account}, without showing its external id,"
                ),
                None => format!(
                    "the registered third party {account}, for which no external id is registered,"
                ),
            };
        }
        (AdmissionKind::Federated, _) => return federated(engine, grant),
        _ => {}
    }
    match (caller.who, caller.account, caller.org) {
        (Who::Opaque, _, _) => format!(
            "the outside account behind the canonical user id {}",
            caller.text
        ),
        (Who::Named { arn, .. } | Who::NamedFederatedUser { arn }, _, _) => {
            format!("the outside principal {arn}")
        }
        (Who::Session { .. }, _, _) => format!("the outside session {}", caller.text),
        (_, _, Org::Known(org)) => {
            format!("every account of the outside organization {org}")
        }
        (Who::Anonymous, _, _) if caller.source.bits == 0 => {
            "anyone on the internet, even without an AWS account,".to_owned()
        }
        (_, Account::Known(account), _) => {
            format!("every identity that outside account {account} chooses")
        }
        _ if caller.source.bits != 0 => match caller.source.account {
            Account::Known(account) => {
                format!("whatever acts for a resource of outside account {account}")
            }
            _ => "whatever acts for a resource of a strange account".to_owned(),
        },
        (_, _, Org::Strange) => {
            "every AWS account that is a member of some organization".to_owned()
        }
        _ => "everyone with an AWS account".to_owned(),
    }
}

fn federated(engine: &Engine<'_>, grant: &Grant<'_>) -> String {
    let text = grant.caller.text;
    match (Provider::parse(text, engine.world.zone), grant.caller.who) {
        (Provider::Outside { account, .. }, _) => {
            format!("whoever the identity provider in outside account {account} vouches for")
        }
        (Provider::Shared(issuer), Who::Token { guest: true, .. }) if issuer.is_cognito() => {
            "every guest of an identity pool, without signing in,".to_owned()
        }
        (Provider::Shared(issuer), _) => format!(
            "any customer of {} (nothing ties `{}` to one of ours)",
            issuer.host(),
            issuer.main_claim()
        ),
        _ => "anyone that any identity provider vouches for".to_owned(),
    }
}

fn what(engine: &Engine<'_>, stmt: &Stmt<'_>) -> String {
    if engine.world.kind == Kind::Trust {
        return "may assume this role".to_owned();
    }
    let mut actions: Vec<&str> = stmt.actions().take(4).collect();
    let more = actions.len() == 4;
    actions.truncate(3);
    let mut list = actions.join(", ");
    if more {
        list.push_str(" and more");
    }
    let what = if stmt.not_action {
        format!("may do everything but {list}")
    } else {
        format!("may do {list}")
    };
    let mut resources = stmt.resources();
    match (resources.next(), resources.next()) {
        _ if stmt.not_resource => format!("{what} on all but some resources"),
        (Some("*"), None) | (None, _) => what,
        (Some(one), None) => format!("{what} on {one}"),
        (Some(one), Some(_)) => format!("{what} on {one} and more"),
    }
}

/// What looks like a restriction, and is none.
fn but(engine: &Engine<'_>, stmt: &Stmt<'_>, grant: &Grant<'_>) -> Option<String> {
    if grant.principal.is_none() {
        return Some("`NotPrincipal` with Allow lets in everyone who is not listed".to_owned());
    }
    let conditions = engine.policy.conditions_of(stmt);
    let network = |key: Key<'_>| matches!(key, Key::SourceIp | Key::SourceVpc);
    if !conditions.is_empty() && conditions.iter().all(|one| network(one.key)) {
        return Some(
            "the conditions narrow where from, but not who: any credentials will do there"
                .to_owned(),
        );
    }
    for condition in conditions {
        let key = condition.key_text;
        let operator = condition.operator;
        if operator.if_exists {
            return Some(format!(
                "`…IfExists` on `{key}` lets requests through that lack the key"
            ));
        }
        if operator.set == SetOp::All && operator.base != Base::Null {
            return Some(format!(
                "`ForAllValues` on `{key}` lets requests through that lack the key"
            ));
        }
        match condition.key {
            Key::ResourceAccount | Key::ResourceOrgId | Key::ResourceOrgPaths => {
                return Some(format!("`{key}` speaks of the resource, not of the caller"));
            }
            Key::PrincipalTag | Key::UserName | Key::Session | Key::PrincipalType => {
                return Some(format!("`{key}` is for the outside account to choose"));
            }
            Key::ExternalId if grant.kind == AdmissionKind::ForeignAccount => {
                return Some("an external id does not make an outside account ours".to_owned());
            }
            _ => {}
        }
    }
    (grant.kind == AdmissionKind::Public && !engine.denies().is_empty())
        .then(|| "no Deny of the document stops them".to_owned())
}

/// Why it cannot be told.
pub(crate) fn doubt<'t>(engine: &Engine<'t>, finding: &Finding<'t>) -> String {
    let Some(grant) = finding.worst() else {
        return place(finding.index);
    };
    let Some(stmt) = engine.policy.statements.get(finding.index) else {
        return place(finding.index);
    };
    let here = place(finding.index);
    if finding.is_too_large {
        return format!("{here} is too large to be judged");
    }
    let text = grant.principal.map_or("", |one| one.text);
    match grant.principal.map(|one| one.form) {
        Some(Form::UniqueId) => {
            return format!(
                "{here} names `{text}`, the unique id of a deleted user or role, or of one in an account that cannot be seen"
            );
        }
        Some(Form::OriginAccessIdentity) => {
            return format!(
                "{here} names a CloudFront origin access identity, and whose distribution it is cannot be seen"
            );
        }
        Some(Form::WildArn) => {
            return format!("{here} names `{text}`; AWS takes no wildcard inside a principal");
        }
        Some(Form::Malformed) => {
            return format!("{here} names `{text}`, which is no principal that AWS takes");
        }
        _ => {}
    }
    if let Some((index, why)) = engine.issue() {
        return format!("AWS would refuse {}: {why}", place(index));
    }
    if let (Who::ForeignToken { saml }, Some(_)) = (grant.caller.who, grant.principal) {
        let with = if saml {
            "a SAML assertion"
        } else {
            "a web identity"
        };
        return format!("{here} lets `*` in with {with}, and whom that means is not documented");
    }
    let uncertain = |stmt: &Stmt<'t>| {
        engine.policy.conditions_of(stmt).iter().position(|one| {
            let holds = engine.condition(one, &grant.caller);
            holds.lo != holds.hi || one.repeated
        })
    };
    let statements = std::iter::once(stmt).chain(engine.denies().iter().copied());
    for one in statements {
        if let Some(at) = uncertain(one)
            && let Some(condition) = engine.policy.conditions_of(one).get(at)
        {
            let what = if condition.repeated {
                "stands twice"
            } else {
                "behaves in a way that AWS does not document"
            };
            return format!(
                "{}: `{}` on `{}` {what}",
                place(one.index),
                condition.operator_text,
                condition.key_text
            );
        }
    }
    format!("{here}: AWS does not document how it is read")
}

/// What else a reader should know.
pub(crate) fn notes(engine: &Engine<'_>, deputy: Deputy) -> Vec<String> {
    let mut notes = Vec::new();
    let allows = || engine.policy.statements.iter().filter(|stmt| stmt.allow);
    let asks = |stmt: &Stmt<'_>, wanted: fn(Key<'_>) -> bool| {
        engine
            .policy
            .conditions_of(stmt)
            .iter()
            .any(|one| wanted(one.key))
    };
    if allows().any(|stmt| {
        asks(stmt, |key| {
            matches!(key, Key::AccessPointAccount | Key::AccessPointArn)
        })
    }) {
        notes.push(
            "delegated-to-access-points: the policies of the access points have to be read too"
                .to_owned(),
        );
    }
    if allows().any(|stmt| asks(stmt, |key| matches!(key, Key::SourceIp | Key::SourceVpc))) {
        notes.push(
            "narrowed-by-network: where a request comes from says nothing about who makes it"
                .to_owned(),
        );
    }
    match deputy {
        Deputy::Open => notes.push(deputy_note(engine)),
        Deputy::Foreign => notes.push(
            "confused-deputy: a service may act here for a source outside the zone".to_owned(),
        ),
        Deputy::CannotTell => {
            notes.push("confused-deputy: for whom a service acts here cannot be told".to_owned());
        }
        Deputy::None | Deputy::Closed => {}
    }
    notes
}

fn deputy_note(engine: &Engine<'_>) -> String {
    let compute = [
        "ec2.amazonaws.com",
        "lambda.amazonaws.com",
        "ecs-tasks.amazonaws.com",
        "edgelambda.amazonaws.com",
        "states.amazonaws.com",
        "glue.amazonaws.com",
        "codebuild.amazonaws.com",
        "sagemaker.amazonaws.com",
        "pods.eks.amazonaws.com",
    ];
    let only_compute = engine.world.kind == Kind::Trust
        && engine
            .policy
            .principals
            .iter()
            .filter(|one| one.form == Form::Service)
            .all(|one| compute.contains(&one.text));
    if only_compute {
        return "service-role: the services run our own code, and iam:PassRole guards who hands it the role".to_owned();
    }
    "confused-deputy: any customer of AWS can make a service act here; a condition on aws:SourceAccount or aws:SourceArn closes it".to_owned()
}
