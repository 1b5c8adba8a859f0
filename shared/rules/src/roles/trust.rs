//! Roles that outsiders may assume.

use auditward_policy::{AdmissionKind, Analysis, Foreign, Kind, analyze};

use super::guard::{is_guard, is_the_stacks};
use super::{IAM, Sort, at, principal, unnamed};
use crate::actor::Actor;
use crate::arn::matches;
use crate::facet::{At, PolicyState, Step};
use crate::facets::role::{Revoked, RoleSessions, RoleTrust, TrustWish};
use crate::rule::{
    Call, Draft, Function, Judged, Proof, Revert, Rule, Scope, Severity, Watch, is_shown,
};
use crate::settings::RevokeSessions;

/// Row 81 of `events/TABLE.md`.
pub static CREATED_OPEN: Rule = Rule {
    id: "role.created-open",
    title: "Role created open to outsiders",
    severity: Severity::High,
    why: "a role that an outsider may assume is a door that stays open when every key of the break-in is gone",
    controls: &[
        "CIS AWS Foundations 3.0: 1.20, 4.4",
        "ATT&CK T1136.003",
        "ATT&CK T1199",
    ],
    rows: &[81],
    function: Function::RoleGuard,
    watches: &[Watch {
        source: IAM,
        names: &["CreateRole"],
    }],
    scope: Scope::Any,
    revert: Revert::Live,
    deployers_accepted: false,
    facets: &["role-trust", "role-sessions"],
    proof: Proof::Moto,
    judge: |call| {
        let answered = call.record.response().and_then(|answer| answer.get("role"));
        let answer = |name: &str| answered.and_then(|role| role.string(name));
        // A request that is too large is left out of the record.
        let named = || answer("roleName").filter(|name| is_shown(name));
        let Some(role) =
            principal(call, Sort::Role).or_else(|| named().map(|name| at(call, Sort::Role, &name)))
        else {
            return unnamed(call, Sort::Role);
        };
        let document = call
            .shown("assumeRolePolicyDocument")
            .or_else(|| answer("assumeRolePolicyDocument"));
        let arn = answer("arn").map_or_else(|| role.resource.clone(), |arn| arn.into_owned());
        let trust = Trust {
            call,
            role,
            arn,
            created: true,
        };
        trust.judge(document.as_deref(), "was created with a trust policy")
    },
};

/// Row 82 of `events/TABLE.md`.
pub static TRUST_OPENED: Rule = Rule {
    id: "role.trust-opened",
    title: "Role opened to outsiders",
    severity: Severity::High,
    why: "whoever may assume a role has all its permissions, from outside and without a key of ours",
    controls: &[
        "CIS AWS Foundations 3.0: 1.20, 4.4",
        "ATT&CK T1098.003",
        "ATT&CK T1199",
    ],
    rows: &[82],
    function: Function::RoleGuard,
    watches: &[Watch {
        source: IAM,
        names: &["UpdateAssumeRolePolicy"],
    }],
    scope: Scope::Any,
    revert: Revert::Live,
    deployers_accepted: false,
    facets: &["role-trust", "role-sessions"],
    proof: Proof::Moto,
    judge: |call| {
        let Some(role) = principal(call, Sort::Role) else {
            return unnamed(call, Sort::Role);
        };
        // What a deployer does to a guard role is accepted there, and outsiders are not.
        if is_guard(call, &role) && !call.settings.is_deployer(Actor::of(call.record)) {
            return Judged::Clean;
        }
        let arn = role.resource.clone();
        let trust = Trust {
            call,
            role,
            arn,
            created: false,
        };
        trust.judge(
            call.shown("policyDocument").as_deref(),
            "got a trust policy",
        )
    },
};

/// A boundary that leaves a role no power at all.
const DENY_ALL: &str = "arn:aws*:iam::aws:policy/AWSDenyAll";

/// A role that got a trust policy.
struct Trust<'a, 'r> {
    call: &'a Call<'r>,
    role: At,
    /// The role's ARN, with its path where the record has it.
    arn: String,
    /// Whether the role is new, so that nobody depends on its sessions yet.
    created: bool,
}

impl Trust<'_, '_> {
    fn judge(&self, document: Option<&str>, what: &str) -> Judged {
        let name = self.role.name();
        let wrote = match document.map(PolicyState::read) {
            Some(wrote @ PolicyState::Document(_)) => wrote,
            Some(PolicyState::Unparsable { error, .. }) => {
                let why = format!("role {name} {what} that cannot be parsed: {error}");
                return Judged::CannotTell(self.draft(&why, None));
            }
            Some(PolicyState::Absent) | None => {
                let why = format!("role {name} {what} that the record does not show");
                return Judged::CannotTell(self.draft(&why, None));
            }
        };
        let Some(document) = wrote.document() else {
            return Judged::Clean;
        };
        let zone = self.call.zone(&self.role.account);
        let analysis = analyze(document, Kind::Trust, &zone);
        match &analysis.foreign {
            Foreign::No => Judged::Clean,
            Foreign::CannotTell(why) => {
                let why =
                    format!("role {name} {what} of which it cannot be told whom it lets in: {why}");
                Judged::CannotTell(self.draft(&why, Some(wrote)))
            }
            Foreign::Yes => {
                let first = analysis.admissions.first();
                let who = first
                    .map(|first| format!(": {}", first.why))
                    .unwrap_or_default();
                let mut draft = self.draft(
                    &format!("role {name} {what} that lets outsiders in{who}"),
                    Some(wrote),
                );
                draft.severity = self.severity(&analysis);
                draft.into()
            }
        }
    }

    /// The severity, where it is not the rule's.
    fn severity(&self, analysis: &Analysis) -> Option<Severity> {
        let bound = self
            .call
            .shown("permissionsBoundary")
            .is_some_and(|boundary| matches(DENY_ALL, &boundary));
        if self.created && bound {
            return Some(Severity::Medium);
        }
        let public = analysis
            .admissions
            .iter()
            .any(|admission| admission.kind == AdmissionKind::Public);
        (public || self.is_known_guard()).then_some(Severity::Critical)
    }

    /// Whether Auditward or log delivery depends on the role, and did before: it gets
    /// back whom it trusted, as closed to everybody it would work for nobody.
    fn is_known_guard(&self) -> bool {
        !self.created && is_guard(self.call, &self.role)
    }

    /// Whether Auditward or log delivery works in the role's sessions, so that ending
    /// them disarms it. A role that is made with no more than such a name has none yet.
    fn works_for_us(&self) -> bool {
        if self.created {
            is_the_stacks(self.call, &self.role)
        } else {
            self.is_known_guard()
        }
    }

    /// The finding: close the trust policy or put it back, and then end the sessions that were
    /// issued while it was open, where the settings ask for it.
    fn draft(&self, summary: &str, wrote: Option<PolicyState>) -> Draft {
        let role = &self.role;
        let asked = match self.call.settings.roles.revoke_sessions {
            RevokeSessions::Always => true,
            RevokeSessions::Created => self.created,
            RevokeSessions::Never => false,
        };
        let revokes = asked && !self.works_for_us();
        let wish = if self.is_known_guard() {
            TrustWish::BaselineOrClosed
        } else {
            TrustWish::NoOutsiders
        };
        let mut close = Step::<RoleTrust>::new(role.clone(), wish);
        close.wrote = wrote;
        let rest = match (revokes, asked) {
            (true, _) => "",
            (false, true) => {
                "; its sessions are not ended, as Auditward or log delivery works in them: those that it gives out until \
                 it is closed go on until they expire"
            }
            (false, false) => {
                "; sessions that it gives out until it is closed go on until they expire"
            }
        };
        let draft = Draft::new(&self.arn, format!("{summary}{rest}")).step(close);
        if !revokes {
            return draft;
        }
        let issued_until = self.call.time().unwrap_or_default();
        draft.step(Step::<RoleSessions>::new(
            role.clone(),
            Revoked { issued_until },
        ))
    }
}
