//! Rules of a key's grants, its rotation and its material.

use std::borrow::Cow;

use auditward_policy::Tri;

use super::keys::{subject, used_by};
use crate::actor::Actor;
use crate::arn::{Arn, glob};
use crate::facet::Step;
use crate::facets::kept::AsRecorded;
use crate::facets::key::{GrantsWish, KeyGrant, KeyGrants, KeyRotation, Rotation};
use crate::facets::made::Gone;
use crate::rule::{
    Call, Draft, Function, Judged, Proof, Revert, Rule, Scope, Severity, Watch, is_shown,
};

const KMS: &str = "kms.amazonaws.com";

/// What these rules have in common.
const KEY: Rule = Rule {
    severity: Severity::High,
    controls: &["CIS AWS Foundations 3.0: 3.5"],
    function: Function::TrailGuard,
    scope: Scope::Protected,
    ..Rule::TELLS
};

/// Row 28 of `events/TABLE.md`.
pub static GRANT_CREATED: Rule = Rule {
    id: "key.grant-created",
    title: "Trail's key granted to an outsider",
    severity: Severity::Critical,
    why: "a grant lets an outsider decrypt logs, and no policy shows it",
    controls: &["CIS AWS Foundations 3.0: 3.5", "ATT&CK T1098"],
    rows: &[28],
    watches: &[Watch {
        source: KMS,
        names: &["CreateGrant"],
    }],
    revert: Revert::Event,
    deployers_accepted: false,
    facets: &["key-grant"],
    proof: Proof::Moto,
    judge: granted,
    ..KEY
};

/// Row 29 of `events/TABLE.md`.
pub static ROTATION_DISABLED: Rule = Rule {
    id: "key.rotation-disabled",
    title: "Rotation of a trail's key ended",
    severity: Severity::Medium,
    why: "material that is never replaced encrypts ever more logs, and whoever gets hold of it once reads them all",
    controls: &["CIS AWS Foundations 3.0: 3.6"],
    rows: &[29],
    watches: &[Watch {
        source: KMS,
        names: &["DisableKeyRotation"],
    }],
    revert: Revert::Event,
    facets: &["key-rotation"],
    proof: Proof::Moto,
    judge: |call| {
        let key = match subject(call) {
            Ok(key) => key,
            Err(judged) => return judged,
        };
        let used = used_by(call, &key.resource);
        let summary = format!("key {}{used} is no longer rotated", key.name());
        let step = Step::<KeyRotation>::new(key.clone(), AsRecorded::Baseline).wrote(Rotation::Off);
        Draft::new(key.resource, summary).step(step).into()
    },
    ..KEY
};

/// Row 30 of `events/TABLE.md`.
pub static MATERIAL_DELETED: Rule = Rule {
    id: "key.material-deleted",
    title: "Material of a trail's key deleted",
    severity: Severity::Critical,
    why: "without its material a key encrypts and decrypts nothing, and only who holds the original can import it again",
    controls: &["CIS AWS Foundations 3.0: 3.5", "ATT&CK T1485"],
    rows: &[30],
    watches: &[Watch {
        source: KMS,
        names: &["DeleteImportedKeyMaterial"],
    }],
    deployers_accepted: false,
    judge: |call| match subject(call) {
        Err(judged) => judged,
        Ok(key) => {
            let used = used_by(call, &key.resource);
            let what = format!(
                "the material of key {}{used} was deleted; import it again",
                key.name()
            );
            Draft::new(key.resource, what).into()
        }
    },
    ..KEY
};

/// Row 31 of `events/TABLE.md`.
pub static GRANT_REVOKED: Rule = Rule {
    id: "key.grant-revoked",
    title: "Grant of a trail's key revoked",
    severity: Severity::Medium,
    why: "who used the key by that grant can no longer read or write what it encrypts",
    controls: &["ATT&CK T1531"],
    rows: &[31],
    watches: &[Watch {
        source: KMS,
        names: &["RevokeGrant"],
    }],
    revert: Revert::Baseline,
    facets: &["key-grants"],
    proof: Proof::Moto,
    judge: revoked,
    ..KEY
};

fn granted(call: &Call<'_>) -> Judged {
    let key = match subject(call) {
        Ok(key) => key,
        Err(judged) => return judged,
    };
    let name = format!("key {}{}", key.name(), used_by(call, &key.resource));
    let known = |account: &str| {
        let mut partners = call.settings.partners.iter();
        let partner = partners.any(|partner| {
            let mut read = partner.may_read.iter();
            partner.account == account && read.any(|pattern| glob(pattern, &key.resource))
        });
        match partner {
            true => Tri::Yes,
            false => call.is_ours(account),
        }
    };
    let ours = |arn: &str| account_of(arn).map_or(Tri::CannotTell, known);
    let Some((grantee, for_whom)) = grantee(call) else {
        let what = format!("{name} was granted to somebody whom the record does not name");
        return Judged::CannotTell(Draft::new(key.resource, what));
    };
    let answer = match for_whom {
        ForWhom::Principal => ours(&grantee),
        ForWhom::Unsaid => Tri::CannotTell,
        ForWhom::Resource(ref arn) => ours(arn),
        ForWhom::Own => Tri::Yes,
    };
    let told = match for_whom {
        ForWhom::Principal | ForWhom::Own => format!("{name} was granted to {grantee}"),
        ForWhom::Unsaid => {
            format!(
                "{name} was granted to {grantee}, and the record does not say for which resource"
            )
        }
        ForWhom::Resource(arn) => format!("{name} was granted to {grantee} for {arn}"),
    };
    if answer == Tri::Yes {
        return retired_by(call, &key.resource, told, ours);
    }
    let draft = Draft::new(key.resource.as_str(), told);
    let id = call
        .record
        .response()
        .and_then(|response| response.string("grantId"))
        .filter(|id| is_shown(id));
    // Whom nobody can tell from an own principal is never cut off.
    match (answer, id) {
        (Tri::No, Some(id)) => {
            let gone = Gone { at: call.time() };
            draft.step(Step::<KeyGrant>::new(key.item(id), gone)).into()
        }
        (Tri::No, None) => draft.into(),
        _ => Judged::CannotTell(draft),
    }
}

/// For whom a grantee uses a key.
enum ForWhom {
    /// For itself.
    Principal,
    /// A service, for this resource.
    Resource(String),
    /// A service, for resources of the key's own account.
    Own,
    /// A service, for a resource that the record does not name.
    Unsaid,
}

/// To whom a key was granted, and for whom that one uses it.
fn grantee<'a>(call: &Call<'a>) -> Option<(Cow<'a, str>, ForWhom)> {
    let source = call
        .request()
        .and_then(|request| request.path(&["constraints", "sourceArn"]))
        .map(|source| source.scalar().unwrap_or_default().into_owned());
    // KMS grants a service anything [for a named resource only](https://docs.aws.amazon.com/kms/latest/APIReference/API_CreateGrant.html#KMS-CreateGrant-request-GranteeServicePrincipal).
    if let Some(service) = call.parameter("granteeServicePrincipal") {
        return Some((service, source.map_or(ForWhom::Unsaid, ForWhom::Resource)));
    }
    let grantee = call.parameter("granteePrincipal")?;
    let for_whom = match is_service(&grantee) {
        true => source.map_or(ForWhom::Own, ForWhom::Resource),
        false => ForWhom::Principal,
    };
    Some((grantee, for_whom))
}

/// A grant to one of ours is no outsider's, but an outsider who may retire it can take
/// it away at any time.
fn retired_by(call: &Call<'_>, key: &str, told: String, ours: impl Fn(&str) -> Tri) -> Judged {
    let retiring = call.parameter("retiringPrincipal");
    let Some(who) = retiring.filter(|who| !is_service(who)) else {
        return Judged::Clean;
    };
    let is = match ours(&who) {
        Tri::Yes => return Judged::Clean,
        Tri::No => "is an outsider",
        Tri::CannotTell => "may be an outsider",
    };
    let what = format!("{told}, and {who}, who {is}, may retire the grant");
    Judged::CannotTell(Draft::new(key, what))
}

fn is_service(principal: &str) -> bool {
    principal.ends_with(".amazonaws.com") || principal.ends_with(".amazonaws.com.cn")
}

/// The account of a principal, by its ARN or by its bare number.
fn account_of(principal: &str) -> Option<&str> {
    if crate::arn::is_account(principal) {
        return Some(principal);
    }
    Arn::parse(principal)
        .map(|arn| arn.account)
        .filter(|account| crate::arn::is_account(account))
}

fn revoked(call: &Call<'_>) -> Judged {
    let key = match subject(call) {
        Ok(key) => key,
        Err(judged) => return judged,
    };
    let actor = Actor::of(call.record);
    // A service that gives up what it was granted needs it no longer.
    let service = actor.kind == "AWSService"
        || actor.invoked_by.ends_with(".amazonaws.com")
            && actor.invoked_by != "cloudformation.amazonaws.com";
    if service {
        return Judged::Clean;
    }
    let name = format!("key {}{}", key.name(), used_by(call, &key.resource));
    let Some(id) = call.shown("grantId") else {
        let what = format!("a grant of {name} was revoked, and the record does not say which");
        return Judged::CannotTell(Draft::new(key.resource, what));
    };
    let wish = GrantsWish {
        back: vec![id.clone().into_owned()],
    };
    let what = format!("grant {id} of {name} was revoked");
    let step = Step::<KeyGrants>::new(key.clone(), wish);
    Draft::new(key.resource, what).step(step).into()
}
