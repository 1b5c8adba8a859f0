//! Rules of IAM Roles Anywhere: who may come in with a certificate.

use auditward_policy::Tri;

use crate::arn::Arn;
use crate::facet::{At, Step};
use crate::facets::anchor::{EnabledAnchor, TrustAnchor};
use crate::facets::made::Gone;
use crate::json::Json;
use crate::rule::{
    Call, Draft, Function, Judged, Proof, Revert, Rule, Scope, Severity, Watch, is_shown,
};

const ANYWHERE: &str = "rolesanywhere.amazonaws.com";
const WHY: &str = "whoever holds the key of the authority behind a trust anchor issues certificates that open roles from outside, long after every other key is gone";

/// What the rules have in common.
const COMMON: Rule = Rule {
    severity: Severity::High,
    why: WHY,
    controls: &["ATT&CK T1098", "ATT&CK T1606"],
    function: Function::RoleGuard,
    scope: Scope::Any,
    ..Rule::TELLS
};

/// Row 126 of `events/TABLE.md`.
pub static ANCHOR_CREATED: Rule = Rule {
    id: "trust-anchor.created",
    title: "Trust anchor of an unknown authority created",
    rows: &[126],
    watches: &[Watch {
        source: ANYWHERE,
        names: &["CreateTrustAnchor"],
    }],
    revert: Revert::Event,
    facets: &["trust-anchor"],
    proof: Proof::Recorded,
    judge: |call| {
        let wish = Gone { at: call.time() };
        judge(call, "was created", |anchor| {
            Step::<TrustAnchor>::new(anchor, wish.clone()).into()
        })
    },
    ..COMMON
};

/// Row 127 of `events/TABLE.md`.
pub static ANCHOR_REPLACED: Rule = Rule {
    id: "trust-anchor.replaced",
    title: "Authority of a trust anchor replaced",
    rows: &[127],
    watches: &[Watch {
        source: ANYWHERE,
        names: &["UpdateTrustAnchor"],
    }],
    judge: |call| {
        // The request has only what changes.
        if call
            .request()
            .is_some_and(|request| request.get("source").is_none())
        {
            return Judged::Clean;
        }
        let anchor = anchor(call);
        let name = called(call, &anchor);
        let resource = anchor.map(|at| at.resource).unwrap_or_default();
        let what = |who: &str| format!("trust anchor {name} got another authority: {who}");
        match authority(call) {
            Authority::Ours => Judged::Clean,
            Authority::Unknown(who) => Draft::new(resource, what(&who)).into(),
            Authority::CannotTell(who) => Judged::CannotTell(Draft::new(resource, what(&who))),
        }
    },
    ..COMMON
};

/// Row 128 of `events/TABLE.md`.
pub static ANCHOR_ENABLED: Rule = Rule {
    id: "trust-anchor.enabled",
    title: "Trust anchor of an unknown authority enabled",
    rows: &[128],
    watches: &[Watch {
        source: ANYWHERE,
        names: &["EnableTrustAnchor"],
    }],
    revert: Revert::Event,
    facets: &["enabled-trust-anchor"],
    proof: Proof::Recorded,
    judge: |call| {
        let wish = Gone { at: call.time() };
        judge(call, "was enabled", |anchor| {
            Step::<EnabledAnchor>::new(anchor, wish.clone()).into()
        })
    },
    ..COMMON
};

/// Row 129 of `events/TABLE.md`.
pub static PROFILE_CREATED: Rule = Rule {
    id: "anywhere-profile.created",
    title: "Certificates open a privileged role",
    why: "a profile says which roles a certificate opens; one with a privileged role hands out the power over the evidence",
    rows: &[129],
    watches: &[Watch {
        source: ANYWHERE,
        names: &["CreateProfile"],
    }],
    scope: Scope::Protected,
    judge: profile,
    ..COMMON
};

/// Whose certificates a trust anchor takes.
enum Authority {
    /// A private authority of an account of ours.
    Ours,
    /// One of which nothing is known.
    Unknown(String),
    /// The record does not say.
    CannotTell(String),
}

fn authority(call: &Call<'_>) -> Authority {
    let answered = call
        .record
        .response()
        .and_then(|answer| answer.path(&["trustAnchor", "source"]));
    let asked = call.request().and_then(|request| request.get("source"));
    let Some(source) = asked.or(answered).filter(|source| source.is_object()) else {
        return Authority::CannotTell("one that the record does not show".into());
    };
    let sort = source.string("sourceType").unwrap_or_default();
    if sort != "AWS_ACM_PCA" {
        return match sort.as_ref() {
            "" => Authority::CannotTell("one that the record does not show".into()),
            "CERTIFICATE_BUNDLE" => Authority::Unknown("a certificate that was uploaded".into()),
            other => Authority::Unknown(format!("a source of type {other}")),
        };
    }
    let arn = source
        .get("sourceData")
        .and_then(|data| data.string("acmPcaArn"));
    let Some(arn) = arn.filter(|arn| is_shown(arn)) else {
        return Authority::CannotTell("a private authority that the record does not name".into());
    };
    let owner = Arn::parse(&arn).map(|arn| arn.account.to_owned());
    match owner.map_or(Tri::CannotTell, |owner| call.is_ours(&owner)) {
        Tri::Yes => Authority::Ours,
        Tri::No => Authority::Unknown(format!("the private authority {arn} of an outside account")),
        Tri::CannotTell => Authority::CannotTell(format!(
            "the private authority {arn}, which may not be ours"
        )),
    }
}

/// The trust anchor, by the answer or the request.
fn anchor(call: &Call<'_>) -> Option<At> {
    let answered = call
        .record
        .response()
        .and_then(|answer| answer.path(&["trustAnchor", "trustAnchorArn"]))
        .and_then(Json::scalar);
    match answered {
        Some(arn) => Some(call.here(arn)),
        None => call.named("trustAnchorId", "rolesanywhere", "trust-anchor/"),
    }
}

/// How people call it: the name is easier to find than the ID.
fn called(call: &Call<'_>, anchor: &Option<At>) -> String {
    let answered = call
        .record
        .response()
        .and_then(|answer| answer.path(&["trustAnchor", "name"]))
        .and_then(Json::scalar);
    let name = call
        .shown("name")
        .or(answered)
        .map(|name| name.into_owned());
    name.or_else(|| anchor.as_ref().map(|at| at.name().to_owned()))
        .unwrap_or_else(|| "?".into())
}

fn judge(call: &Call<'_>, what: &str, step: impl Fn(At) -> crate::plan::Plan) -> Judged {
    let anchor = anchor(call);
    let name = called(call, &anchor);
    let resource = anchor
        .as_ref()
        .map(|at| at.resource.clone())
        .unwrap_or_default();
    let (who, certain) = match authority(call) {
        Authority::Ours => return Judged::Clean,
        Authority::Unknown(who) => (who, true),
        Authority::CannotTell(who) => (who, false),
    };
    let draft = Draft::new(resource, format!("trust anchor {name} {what} with {who}"));
    if !certain {
        return Judged::CannotTell(draft);
    }
    // One that is made disabled lets nobody in until somebody enables it.
    let enabled = call.request().and_then(|request| request.get("enabled"));
    let draft = if enabled.and_then(Json::boolean) == Some(false) {
        draft.severity(Severity::Low)
    } else {
        draft
    };
    match anchor {
        Some(anchor) => draft.step(step(anchor)).into(),
        None => draft.into(),
    }
}

fn profile(call: &Call<'_>) -> Judged {
    let account = call.account();
    let answered = call
        .record
        .response()
        .and_then(|answer| answer.path(&["profile", "profileArn"]))
        .and_then(Json::scalar);
    let resource = answered.unwrap_or_default().into_owned();
    let root = format!("arn:{}:iam::{account}:root", call.partition());
    let guarded = call.settings.protects(&root, call.inventory);
    let name = call.shown("name").unwrap_or("?".into());
    let roles = call.request().and_then(|request| request.get("roleArns"));
    let Some(roles) = roles.map(Json::items) else {
        let what = format!(
            "Roles Anywhere profile {name} was created for roles that the record does not show"
        );
        return if guarded {
            Judged::CannotTell(Draft::new(resource, what))
        } else {
            Judged::Clean
        };
    };
    let roles: Vec<_> = roles.into_iter().filter_map(Json::scalar).collect();
    let privileged: Vec<&str> = roles
        .iter()
        .map(AsRef::as_ref)
        .filter(|role| {
            call.settings.protects(role, call.inventory)
                || call.settings.is_guard_role(role, call.inventory)
                || call.settings.is_approved(role, None)
                || call.settings.is_trusted(role) == Tri::Yes
        })
        .collect();
    if !privileged.is_empty() {
        let what = format!(
            "Roles Anywhere profile {name} lets certificates open {}",
            privileged.join(", ")
        );
        return Draft::new(resource, what).into();
    }
    if roles.is_empty() || !guarded {
        return Judged::Clean;
    }
    let what = format!(
        "Roles Anywhere profile {name} lets certificates open {}, whose power the record does not show",
        roles.join(", ")
    );
    Judged::CannotTell(Draft::new(resource, what).severity(Severity::Low))
}
