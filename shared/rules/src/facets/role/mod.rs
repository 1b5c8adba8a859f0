//! Facets of roles: whom they trust, the sessions they gave out, and, for roles
//! that Auditward depends on, everything else that can be taken from them.

mod dead;
mod partner;
mod recorded;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use chrono::{DateTime, SubsecRound, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use auditward_policy::{Document, Foreign, Kind, Zone, analyze, narrow};

pub use recorded::{RoleBoundary, RoleConfiguration, RoleInlinePolicies, RoleSettings, RoleTags};

use crate::facet::{Decision, Facet, PolicyState, Scene, Standing};

/// How a guard role comes back when Auditward cannot bring it back.
pub const RECOVERY: &str = "deploy Auditward's stack again as a deployer (`sam deploy`), which makes the role as it was, \
     and then record its state with `auditward baseline take`";

/// Whom a role trusts.
#[derive(Debug)]
pub struct RoleTrust;

/// What must hold of a trust policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TrustWish {
    /// It lets no outsider in.
    NoOutsiders,
    /// It is as recorded: for roles that Auditward depends on.
    Baseline,
    /// It is as recorded; where that is not known, it lets no outsider in: for
    /// such a role once it was opened.
    BaselineOrClosed,
}

impl Facet for RoleTrust {
    const KIND: &'static str = "role-trust";
    /// The trust policy; absent: there is no such role.
    type State = PolicyState;
    type Wish = TrustWish;

    fn decide(
        live: &PolicyState,
        wish: &TrustWish,
        baseline: Option<&PolicyState>,
        scene: Scene<'_>,
    ) -> Decision<PolicyState> {
        match wish {
            TrustWish::NoOutsiders => without_outsiders(live, scene),
            TrustWish::Baseline => as_trusted_before(live, baseline, scene),
            TrustWish::BaselineOrClosed => {
                let known = baseline.and_then(PolicyState::document);
                let open = |known| analyze(known, Kind::Trust, scene.zone).foreign == Foreign::Yes;
                if known.is_none_or(open) {
                    without_outsiders(live, scene)
                } else {
                    as_trusted_before(live, baseline, scene)
                }
            }
        }
    }

    fn compare(live: &PolicyState, known: &PolicyState) -> Standing {
        live.standing(known)
    }

    fn writable(state: &PolicyState) -> bool {
        *state != PolicyState::Absent
    }

    fn tell(state: &PolicyState) -> String {
        match state {
            PolicyState::Absent => "no such role".into(),
            state => format!("trusted through {}", state.tell()),
        }
    }
}

/// Takes outsiders out of a trust policy; a role that nobody is left to assume
/// stays, and lets nobody in. The partner whose role it is stays, on its terms.
fn without_outsiders(live: &PolicyState, scene: Scene<'_>) -> Decision<PolicyState> {
    let zone = scene.zone;
    let document = match live {
        PolicyState::Absent => return Decision::Safe,
        PolicyState::Unparsable { error, .. } => {
            return Decision::CannotTell(format!("the trust policy cannot be parsed: {error}"));
        }
        PolicyState::Document(document) => document,
    };
    match analyze(document, Kind::Trust, zone).foreign {
        Foreign::No => return Decision::Safe,
        Foreign::CannotTell(why) => {
            return Decision::CannotTell(format!(
                "whom the trust policy lets in cannot be told: {why}"
            ));
        }
        Foreign::Yes => {}
    }
    // Who may be an outsider is told, and never taken out: nobody can judge it here.
    let sure = Zone {
        cannot_tell_is_foreign: false,
        ..zone.clone()
    };
    let (document, dead) = dead::without_dead(document);
    let held = scene
        .settings
        .partner_of(&scene.at.resource)
        .map(|partner| partner::held(&document, partner, &sure));
    let narrowed = narrow(
        held.as_ref().map_or(&document, |held| &held.document),
        Kind::Trust,
        &sure,
    );
    let nobody = narrowed.empty || narrowed.document.statements().is_empty();
    let to = if nobody {
        Document::deny_everyone(Kind::Trust)
    } else {
        narrowed.document
    };
    let left = analyze(&to, Kind::Trust, zone).foreign;
    if left == Foreign::Yes {
        let why = "the trust policy lets outsiders in, and taking their grants out does not prove it closed; \
                   edit it by hand (`aws iam update-assume-role-policy`)";
        return Decision::ByHand(why.into());
    }
    let others = held.iter().flat_map(|held| &held.removed);
    let out = others
        .chain(&narrowed.removed)
        .flat_map(|removal| &removal.principals);
    let mut out: Vec<&str> = out.chain(&dead).map(String::as_str).collect();
    out.dedup();
    let kept = held.as_ref().and_then(|held| held.done.as_deref());
    if let Some(kept) = kept.filter(|_| out.is_empty()) {
        return Decision::change(PolicyState::Document(to), kept);
    }
    let who = if out.is_empty() {
        "outsiders".to_owned()
    } else {
        out.join(", ")
    };
    let rest = match (kept, left) {
        (_, Foreign::CannotTell(why)) => {
            format!("; what is left stays, though it cannot be told whom it lets in: {why}")
        }
        (Some(kept), _) => format!(", and {kept}"),
        (None, _) if nobody => "; nobody is left, so it denies everyone".into(),
        (None, _) => String::new(),
    };
    Decision::change(
        PolicyState::Document(to),
        format!("take {who} out of the trust policy{rest}"),
    )
}

/// Puts a guard role's trust policy back, unless that would open it.
fn as_trusted_before(
    live: &PolicyState,
    baseline: Option<&PolicyState>,
    scene: Scene<'_>,
) -> Decision<PolicyState> {
    let role = scene.at.name();
    if *live == PolicyState::Absent {
        return Decision::ByHand(format!("role {role} is gone; {RECOVERY}"));
    }
    let Some(PolicyState::Document(known)) = baseline else {
        return Decision::ByHand(format!(
            "whom role {role} trusted is not recorded; {RECOVERY}"
        ));
    };
    let to = PolicyState::Document(known.clone());
    if live.same(&to) {
        return Decision::Safe;
    }
    if analyze(known, Kind::Trust, scene.zone).foreign == Foreign::Yes {
        return Decision::ByHand(format!(
            "the recorded trust policy of role {role} lets outsiders in; {RECOVERY}"
        ));
    }
    Decision::change(to, "put the recorded trust policy back")
}

/// Whether the sessions that a role gave out still hold.
#[derive(Debug)]
pub struct RoleSessions;

/// What is known of a role's sessions, from its inline policy `AWSRevokeOlderSessions`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Sessions {
    /// There is no such role, and so no session either.
    Gone,
    /// All of them hold.
    Live,
    /// Those issued before this moment are denied everything.
    RevokedBefore(DateTime<Utc>),
    /// There is a policy of that name that does something else.
    Other(PolicyState),
}

/// Sessions issued up to a moment, and then until the step begins, must not hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Revoked {
    /// The event's time. A revocation that is later is one that answers it.
    pub issued_until: DateTime<Utc>,
}

/// A trust that was just closed lets some more in until all of IAM [knows of
/// it](https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot.html#troubleshoot_general_eventual-consistency).
const PROPAGATION: TimeDelta = TimeDelta::seconds(15);

impl Facet for RoleSessions {
    const KIND: &'static str = "role-sessions";
    const FOLLOWS: bool = true;
    type State = Sessions;
    type Wish = Revoked;

    fn decide(
        live: &Sessions,
        wish: &Revoked,
        _: Option<&Sessions>,
        scene: Scene<'_>,
    ) -> Decision<Sessions> {
        match live {
            Sessions::Gone => return Decision::Safe,
            Sessions::RevokedBefore(time) if *time > wish.issued_until => return Decision::Safe,
            Sessions::Other(_) => {
                return Decision::ByHand(format!(
                    "role {} has an inline policy {REVOKE_POLICY} that is somebody's own, and is not overwritten; \
                     end the role's sessions by hand with a policy of another name that denies everything where \
                     `aws:TokenIssueTime` is before now",
                    scene.at.name()
                ));
            }
            Sessions::RevokedBefore(_) | Sessions::Live => {}
        }
        // `aws:TokenIssueTime` counts whole seconds: the one that has begun must
        // be over for its sessions to be older.
        let last = scene.now.max(wish.issued_until) + PROPAGATION;
        let last = last.trunc_subsecs(0);
        let to = last
            .checked_add_signed(TimeDelta::seconds(1))
            .unwrap_or(DateTime::<Utc>::MAX_UTC);
        if to <= wish.issued_until {
            return Decision::CannotTell("the event's time is beyond all calendars".into());
        }
        let why = "deny everything to the sessions issued so far; all users of the role have to assume it again";
        Decision::change(Sessions::RevokedBefore(to), why)
    }

    fn compare(live: &Sessions, known: &Sessions) -> Standing {
        match (live, known) {
            (one, other) if one == other => Standing::Equal,
            (Sessions::Other(one), Sessions::Other(other)) if one.same(other) => Standing::Equal,
            (Sessions::RevokedBefore(live), Sessions::RevokedBefore(known)) if live > known => {
                Standing::Stronger
            }
            (Sessions::RevokedBefore(_), Sessions::Live) => Standing::Stronger,
            (Sessions::RevokedBefore(_) | Sessions::Live, Sessions::RevokedBefore(_)) => {
                Standing::Weaker
            }
            _ => Standing::Incomparable,
        }
    }

    fn writable(state: &Sessions) -> bool {
        *state != Sessions::Gone
    }

    fn tell(state: &Sessions) -> String {
        match state {
            Sessions::Gone => "no such role".into(),
            Sessions::Live => "live sessions".into(),
            Sessions::RevokedBefore(time) => {
                format!(
                    "sessions issued before {} revoked",
                    time.format("%Y-%m-%dT%H:%M:%SZ")
                )
            }
            Sessions::Other(policy) => format!(
                "an inline policy `AWSRevokeOlderSessions` of another kind: {}",
                policy.tell()
            ),
        }
    }
}

/// The name of the inline policy with which IAM's console, too, revokes sessions.
pub const REVOKE_POLICY: &str = "AWSRevokeOlderSessions";

impl Sessions {
    /// Reads the inline policy `AWSRevokeOlderSessions`. Only the exact form
    /// counts as a revocation: anything narrower leaves sessions alive.
    pub fn read(policy: PolicyState) -> Self {
        if policy == PolicyState::Absent {
            return Self::Live;
        }
        match policy.document().and_then(revoked_before) {
            Some(time) => Self::RevokedBefore(time),
            None => Self::Other(policy),
        }
    }

    /// The inline policy that makes it so; `None` where there must be none.
    pub fn policy(&self) -> Option<String> {
        match self {
            Self::Gone | Self::Live => None,
            Self::RevokedBefore(time) => Some(revocation(
                &time.format("%Y-%m-%dT%H:%M:%S%.3fZ").to_string(),
            )),
            Self::Other(policy) => policy.text(),
        }
    }
}

/// The document that denies everything to sessions issued before a time.
fn revocation(time: &str) -> String {
    format!(
        r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Deny","Action":["*"],"Resource":["*"],"Condition":{{"DateLessThan":{{"aws:TokenIssueTime":"{time}"}}}}}}]}}"#
    )
}

/// The moment, of a document that says exactly what [`revocation`] does.
fn revoked_before(document: &Document) -> Option<DateTime<Utc>> {
    let [statement] = document.statements() else {
        return None;
    };
    let condition: BTreeMap<String, BTreeMap<String, serde_json::Value>> =
        serde_json::from_str(&statement.element("Condition")?).ok()?;
    let value = condition.into_values().next()?.into_values().next()?;
    let text = value.as_str().or_else(|| value.get(0)?.as_str())?;
    let time = DateTime::parse_from_rfc3339(text).ok()?.to_utc();
    let same = Document::parse(&revocation(text))
        .ok()?
        .means_the_same(document);
    same.then_some(time)
}
