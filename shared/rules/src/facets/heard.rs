//! Whether Auditward's own roles get through to a topic, queue or key. A Deny that
//! shuts them up is as good as a deleted topic: nobody is told any more; one that
//! keeps them from a key is as good as a lock-out.

use std::fmt::Debug;
use std::marker::PhantomData;

use auditward_policy::{
    Document, Kind, Statement, Tri, Zone, member_allowed, narrow, principal_allowed,
};

use crate::arn::{Arn, partition_of};
use crate::facet::{At, Decision, Facet, PolicyState, Scene, Standing};
use crate::facets::kept::AsRecorded;
use crate::facets::key::guard_roles;
use crate::inventory::Inventory;
use crate::rule::Function;
use crate::settings::Settings;

/// What distinguishes one service's policies from another's.
pub trait Hears: Debug + Send + Sync + 'static {
    /// The facet's name in plans.
    const KIND: &'static str;
    /// What the documents are, to the policy engine.
    const POLICY: Kind;
    /// What Auditward does there.
    const ACTION: &'static str;
    /// The document in words: `the topic's policy`.
    const NAME: &'static str;
}

/// The facet of a policy that shuts nobody of ours up.
#[derive(Debug)]
pub struct Heard<H>(PhantomData<H>);

/// Whether a Deny statement surely keeps Auditward's own roles from an action.
pub fn shuts_up(
    statement: &Statement,
    kind: Kind,
    action: &str,
    at: &At,
    settings: &Settings,
) -> bool {
    gets_past(statement, kind, action, at, settings) == Tri::No
}

/// Whether Auditward's own roles get past a statement to an action.
pub fn gets_past(
    statement: &Statement,
    kind: Kind,
    action: &str,
    at: &At,
    settings: &Settings,
) -> Tri {
    if !statement.is_deny() {
        return Tri::Yes;
    }
    let partition = partition_of(&at.region);
    let owner = format!("arn:{partition}:iam::{}", at.account);
    let allow = format!(
        r#"{{"Effect":"Allow","Principal":{{"AWS":"{owner}:root"}},"Action":"{}:*","Resource":"{}"}}"#,
        kind.service(),
        at.resource
    );
    let Ok(allow) = Statement::parse(&allow) else {
        return Tri::CannotTell;
    };
    let document = Document::of_statements(&[allow, statement.clone()]);
    let get_in = |role: &String| lets_in(&document, kind, role, action, at, settings);
    let ask = |roles: Vec<String>| -> Vec<Tri> { roles.iter().map(get_in).collect() };
    let named = ask(guard_roles(statement, settings));
    let likely = ask(likely(kind, &owner, at, settings));
    let others = match kind {
        Kind::Key => ask(spoken_of(statement, at, settings)),
        _ => Vec::new(),
    };
    let spares = others.contains(&Tri::Yes);
    if named.contains(&Tri::No) || likely.contains(&Tri::No) && !spares {
        return Tri::No;
    }
    let mut all = named.into_iter().chain(likely).chain(others);
    if all.all(|answer| answer == Tri::Yes) {
        Tri::Yes
    } else {
        Tri::CannotTell
    }
}

/// Whether a document lets a principal of the resource's own account do something. It is
/// of our organization, but where the settings name the account by number, which may
/// be outside of it.
pub fn lets_in(
    document: &Document,
    kind: Kind,
    principal: &str,
    action: &str,
    at: &At,
    settings: &Settings,
) -> Tri {
    let ours = &settings.ours;
    let organization = ours.organization.as_deref();
    match organization.filter(|_| !ours.accounts.contains(&at.account)) {
        Some(id) => member_allowed(document, kind, principal, id, action, &at.resource),
        None => principal_allowed(document, kind, principal, action, &at.resource),
    }
}

/// Roles of ours as they are likely to be called: which role works on a resource, and
/// from which region, is not known for sure.
fn likely(kind: Kind, owner: &str, at: &At, settings: &Settings) -> Vec<String> {
    let key = kind == Kind::Key;
    let home = settings
        .home
        .as_ref()
        .filter(|home| key && home.account != at.account && !home.member_role.is_empty());
    if let Some(home) = home {
        return vec![format!("{owner}:role/{}", home.member_role)];
    }
    let word = match key {
        true => format!("trail-guard-{}", at.region),
        false => "self-guard".to_owned(),
    };
    let patterns = settings.roles.guard.iter();
    let names = patterns.map(|name| name.replace(['*', '?'], &word));
    names.map(|name| format!("{owner}:role/{name}")).collect()
}

/// Roles of the stack that a statement speaks of, be it to spare them or to hit them:
/// the one of trail-guard may be that of another region.
fn spoken_of(statement: &Statement, at: &At, settings: &Settings) -> Vec<String> {
    let none = Inventory::default();
    let texts = statement.to_json().split('"').filter(|text| {
        Arn::parse(text).is_some_and(|arn| {
            arn.account == at.account && arn.name().contains(Function::TrailGuard.name())
        }) && settings.is_stack_role(text, &none)
    });
    texts.map(str::to_owned).collect()
}

impl<H: Hears> Facet for Heard<H> {
    const KIND: &'static str = H::KIND;
    type State = PolicyState;
    type Wish = AsRecorded;

    fn decide(
        live: &PolicyState,
        _: &AsRecorded,
        baseline: Option<&PolicyState>,
        scene: Scene<'_>,
    ) -> Decision<PolicyState> {
        let document = match live {
            PolicyState::Absent => return Decision::Safe,
            PolicyState::Document(document) => document,
            PolicyState::Unparsable { error, .. } => {
                return Decision::CannotTell(format!("{} cannot be parsed: {error}", H::NAME));
            }
        };
        let shuts = |one: &Statement| shuts_up(one, H::POLICY, H::ACTION, scene.at, scene.settings);
        let all = document.statements().iter();
        let (shut, keep): (Vec<_>, Vec<_>) = all.cloned().partition(shuts);
        if shut.is_empty() {
            return Decision::Safe;
        }
        let Some(known) = baseline else {
            return Decision::ByHand(format!(
                "a Deny in {} keeps Auditward out, and nobody knows since when; take it out by hand if it is not meant",
                H::NAME
            ));
        };
        let recorded = |one: &Statement| {
            known
                .document()
                .is_some_and(|known| known.contains_statement(one))
        };
        if shut.iter().any(recorded) {
            return Decision::ByHand(format!(
                "a Deny that keeps Auditward out is part of the known policy; change {} by hand",
                H::NAME
            ));
        }
        // Where the Deny was all there is, the known policy was replaced.
        let left = if keep.is_empty() {
            let known = known.document().map(|known| {
                let good = known.statements().iter().filter(|one| !shuts(one));
                known.with_statements(&good.cloned().collect::<Vec<_>>())
            });
            known.filter(|known| !known.statements().is_empty())
        } else {
            Some(document.with_statements(&keep))
        };
        // Whom the Deny shut out besides must not come in for that.
        let zone = Zone {
            cannot_tell_is_foreign: false,
            ..scene.zone.clone()
        };
        let open = left.map(|left| narrow(&left, H::POLICY, &zone));
        let Some(open) = open.filter(|open| !(open.changed && open.empty)) else {
            return Decision::ByHand(format!(
                "but for a Deny that keeps Auditward out {} lets in strangers or nobody; write it anew by hand",
                H::NAME
            ));
        };
        let to = PolicyState::Document(open.document);
        Decision::change(
            to,
            "take the Deny out that keeps Auditward from being heard",
        )
    }

    fn compare(live: &PolicyState, known: &PolicyState) -> Standing {
        live.standing(known)
    }

    fn same(one: &PolicyState, other: &PolicyState) -> bool {
        one.same(other)
    }

    fn tell(state: &PolicyState) -> String {
        state.tell()
    }
}

/// Declares such facets: a type for the facet's name, and the facet itself.
macro_rules! hearers {
    ($($(#[$doc:meta])* $facet:ident = $kind:literal, $policy:ident, $action:literal, $name:literal;)+) => {
        $(
            $(#[$doc])*
            pub type $facet = $crate::facets::heard::Heard<hearers::$facet>;
        )+

        /// The facets' names, as types.
        pub mod hearers {
            $(
                #[doc = concat!("The facet `", $kind, "`.")]
                #[derive(Debug)]
                pub struct $facet;

                impl $crate::facets::heard::Hears for $facet {
                    const KIND: &'static str = $kind;
                    const POLICY: auditward_policy::Kind = auditward_policy::Kind::$policy;
                    const ACTION: &'static str = $action;
                    const NAME: &'static str = $name;
                }
            )+
        }
    };
}
pub(crate) use hearers;

#[cfg(test)]
mod tests;
