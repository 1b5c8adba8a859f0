//! Rules of sessions: who came in through a trust.

use auditward_policy::Tri;

use crate::actor::Actor;
use crate::arn::{Arn, is_account};
use crate::facet::At;
use crate::json::Json;
use crate::rule::{Call, Draft, Function, Judged, Rule, Severity, Watch};

const STS: &str = "sts.amazonaws.com";

/// What the rules have in common.
const COMMON: Rule = Rule {
    function: Function::RoleGuard,
    controls: &["ATT&CK T1199", "ATT&CK T1550.001"],
    ..Rule::TELLS
};

/// Row 130 of `events/TABLE.md`.
pub static OUTSIDER: Rule = Rule {
    id: "session.from-outside",
    title: "Role assumed from an outside account",
    severity: Severity::High,
    why: "an outside account that is no registered partner has a session in an account that holds what is guarded",
    rows: &[130],
    watches: &[Watch {
        source: STS,
        names: &["AssumeRole"],
    }],
    judge: outsider,
    ..COMMON
};

/// Row 131 of `events/TABLE.md`.
pub static SAML: Rule = Rule {
    id: "session.by-unknown-saml",
    title: "Role assumed through a foreign SAML provider",
    severity: Severity::Low,
    why: "whoever runs the identity provider is whoever it says",
    controls: &["ATT&CK T1606.002"],
    rows: &[131],
    watches: &[Watch {
        source: STS,
        names: &["AssumeRoleWithSAML"],
    }],
    judge: |call| {
        let provider = call.shown("principalArn").map(|arn| arn.into_owned());
        federated(call, provider)
    },
    ..COMMON
};

/// Row 132 of `events/TABLE.md`.
pub static WEB_IDENTITY: Rule = Rule {
    id: "session.by-unknown-identity",
    title: "Role assumed through a foreign identity provider",
    severity: Severity::Low,
    why: "whoever runs the identity provider is whoever it says",
    controls: &["ATT&CK T1606.001"],
    rows: &[132],
    watches: &[Watch {
        source: STS,
        names: &["AssumeRoleWithWebIdentity"],
    }],
    judge: |call| {
        let said = |json: Option<Json<'_>>, name| {
            json.and_then(|json| json.string(name))
                .filter(|text| !text.is_empty())
                .map(|text| text.into_owned())
        };
        let provider = said(call.record.identity(), "identityProvider")
            .or_else(|| said(call.record.response(), "provider"))
            .or_else(|| said(call.request(), "providerId"));
        federated(call, provider)
    },
    ..COMMON
};

/// Row 133 of `events/TABLE.md`.
pub static ROOT: Rule = Rule {
    id: "session.as-root",
    title: "Root session of a guarded account",
    severity: Severity::High,
    why: "a root session unlocks what no policy lets anybody else change; each one is to be looked at",
    controls: &["CIS AWS Foundations 3.0: 1.7", "ATT&CK T1078.004"],
    rows: &[133],
    watches: &[Watch {
        source: STS,
        names: &["AssumeRoot"],
    }],
    deployers_accepted: false,
    judge: |call| {
        let Some(target) = call.shown("targetPrincipal") else {
            return call.unnamed();
        };
        let account = Arn::parse(&target).map_or(target.as_ref(), |arn| arn.account);
        let root = call.global(format!("arn:{}:iam::{account}:root", call.partition()));
        if !call.settings.protects(&root.resource, call.inventory) {
            return Judged::Clean;
        }
        let task = call
            .request()
            .and_then(|request| request.path(&["taskPolicyArn", "arn"]))
            .and_then(Json::scalar);
        let task = task.map_or_else(String::new, |arn| {
            format!(" for {}", arn.rsplit('/').next().unwrap_or_default())
        });
        Draft::new(
            root.resource,
            format!("somebody got a root session of account {account}{task}"),
        )
        .into()
    },
    ..COMMON
};

/// The role that is assumed, where it or its account is guarded.
fn role(call: &Call<'_>) -> Result<At, Judged> {
    let Some(arn) = call.shown("roleArn") else {
        return Err(call.unnamed());
    };
    let account = Arn::parse(&arn).map(|arn| arn.account.to_owned());
    let account = account.unwrap_or_else(|| call.account().into_owned());
    let root = format!("arn:{}:iam::{account}:root", call.partition());
    if is_guarded(call, &arn) || call.settings.protects(&root, call.inventory) {
        Ok(call.global(arn))
    } else {
        Err(Judged::Clean)
    }
}

/// Whether the role itself is guarded, by its name.
fn is_guarded(call: &Call<'_>, role: &str) -> bool {
    let (settings, inventory) = (call.settings, call.inventory);
    settings.given
        && (settings.protects(role, inventory) || settings.is_guard_role(role, inventory))
}

fn outsider(call: &Call<'_>) -> Judged {
    let actor = Actor::of(call.record);
    // Accounts of ours come with an identity of their own; a caller of another
    // account is logged by its account alone.
    if actor.kind != "AWSAccount" || !is_account(&actor.account) {
        return Judged::Clean;
    }
    let from = &actor.account;
    let partner = call
        .settings
        .partners
        .iter()
        .any(|partner| partner.account == *from);
    let ours = call.is_ours(from);
    if partner || ours == Tri::Yes {
        return Judged::Clean;
    }
    let role = match role(call) {
        Ok(role) => role,
        Err(judged) => return judged,
    };
    let what = format!("account {from} assumed role {}", role.name());
    match ours {
        Tri::CannotTell => {
            let draft = Draft::new(role.resource, format!("{what}; it may not be ours"));
            Judged::CannotTell(draft.severity(Severity::Medium))
        }
        _ => Draft::new(
            role.resource,
            format!("{what}; it is neither ours nor a registered partner's"),
        )
        .into(),
    }
}

/// A session by an identity provider: known is one of an account of ours, or
/// one that the settings approve of.
fn federated(call: &Call<'_>, provider: Option<String>) -> Judged {
    let role = match role(call) {
        Ok(role) => role,
        Err(judged) => return judged,
    };
    let name = role.name();
    let Some(provider) = provider else {
        let what =
            format!("role {name} was assumed through a provider that the record does not name");
        return Judged::CannotTell(Draft::new(&role.resource, what));
    };
    let what = format!("role {name} was assumed through {provider}");
    let Some(arn) = Arn::parse(&provider) else {
        // The few providers that every account has: who comes through them the
        // role's trust policy says.
        return if is_guarded(call, &role.resource) {
            Draft::new(&role.resource, what).into()
        } else {
            Judged::Clean
        };
    };
    if call.settings.is_approved(&provider, None) {
        return Judged::Clean;
    }
    match call.is_ours(arn.account) {
        Tri::Yes => Judged::Clean,
        Tri::No => Draft::new(&role.resource, format!("{what}, which is not ours")).into(),
        Tri::CannotTell => Judged::CannotTell(Draft::new(
            &role.resource,
            format!("{what}, which may not be ours"),
        )),
    }
}

#[cfg(test)]
mod tests;
