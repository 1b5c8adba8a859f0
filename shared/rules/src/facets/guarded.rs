//! The resource policies of all services: outsiders are shut out, and what
//! keeps a resource safe comes back.

mod deliveries;
mod left;
mod mending;
mod statements;
mod terms;

use std::fmt::Debug;
use std::marker::PhantomData;

use auditward_policy::cloudtrail::Delivery;
use auditward_policy::{Kind, Zone};
use serde::{Deserialize, Serialize};

use crate::facet::{Change, Decision, Facet, PolicyState, Scene, Standing};
use mending::Mending;
pub(super) use statements::tell_removal;
pub use statements::without_returning;
use statements::{keeps_safe, missing};
use terms::Terms;

/// What distinguishes one service's policies from another's.
pub trait Policied: Debug + Send + Sync + 'static {
    /// The facet's name in plans.
    const KIND: &'static str;
    /// What the documents are, to the policy engine.
    const POLICY: Kind;
    /// The document in words: `the bucket's policy`.
    const NAME: &'static str;
    /// How long a document the service takes, in bytes.
    const LIMIT: usize;
    /// Whether the service has resources without a policy. Elsewhere a policy of
    /// which nothing would be left lets the owner in and nobody else.
    const MAY_BE_ABSENT: bool = true;
}

/// The facet of a resource's policy.
#[derive(Debug)]
pub struct Guarded<P>(PhantomData<P>);

/// Declares the policies of services: a type for the facet's name, and the facet.
macro_rules! policies {
    ($($(#[$doc:meta])* $facet:ident = $kind:literal, $policy:ident, $name:literal, limit $limit:expr, may_be_absent $absent:literal;)+) => {
        $(
            $(#[$doc])*
            pub type $facet = $crate::facets::guarded::Guarded<policies::$facet>;
        )+

        /// The policies' names, as types.
        pub mod policies {
            $(
                #[doc = concat!("The policy `", $kind, "`.")]
                #[derive(Debug)]
                pub struct $facet;

                impl $crate::facets::guarded::Policied for $facet {
                    const KIND: &'static str = $kind;
                    const POLICY: auditward_policy::Kind = auditward_policy::Kind::$policy;
                    const NAME: &'static str = $name;
                    const LIMIT: usize = $limit;
                    const MAY_BE_ABSENT: bool = $absent;
                }
            )+
        }
    };
}
pub(crate) use policies;

/// What must hold of a resource's policy.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
pub struct PolicyWish {
    /// Outsiders are shut out.
    pub outsiders: bool,
    /// What CloudTrail delivers there and must get through: empty for everything
    /// but buckets that known trails deliver to.
    #[serde(with = "deliveries", skip_serializing_if = "Vec::is_empty")]
    pub deliveries: Vec<Delivery>,
    /// Lost Deny statements and grants to services and to other accounts'
    /// replication come back from the baseline; where the whole policy is gone,
    /// all of it.
    pub restore: bool,
}

impl PolicyWish {
    /// Outsiders are shut out, and lost Deny statements and grants to services
    /// come back.
    pub fn whole() -> Self {
        Self {
            outsiders: true,
            deliveries: Vec::new(),
            restore: true,
        }
    }
}

impl<P: Policied> Facet for Guarded<P> {
    const KIND: &'static str = P::KIND;
    type State = PolicyState;
    type Wish = PolicyWish;

    fn decide(
        live: &PolicyState,
        wish: &PolicyWish,
        baseline: Option<&PolicyState>,
        scene: Scene<'_>,
    ) -> Decision<PolicyState> {
        if let PolicyState::Unparsable { error, .. } = live {
            return Decision::CannotTell(format!("{} cannot be parsed: {error}", P::NAME));
        }
        let mending = Mending {
            terms: Terms::of::<P>(scene),
            wish,
            baseline,
            // What may be an outsider is told, and never taken out.
            zone: Zone {
                cannot_tell_is_foreign: false,
                ..scene.zone.clone()
            },
            knows_all: scene.settings.knows_all_accounts(scene.inventory),
        };
        let near = match mending.nearest(live) {
            Err(why) => return Decision::ByHand(why),
            // What is sure does not wait for what is not.
            Ok(near) if near.state.same(live) => return left::left(&mending, &near, live, scene),
            Ok(near) => near,
        };
        let known = mending.known_without_deleted(live);
        let mending = Mending {
            baseline: known.as_ref(),
            ..mending
        };
        // What is restored, narrowed and added must not undo one another: a
        // state that would be changed again is never written.
        match mending.nearest(&near.state) {
            Ok(again) if again.state.same(&near.state) => {}
            Ok(_) => {
                return Decision::ByHand(
                    "what must hold of this policy contradicts itself; edit it by hand".into(),
                );
            }
            // What of it was sure is done; a person is told of the rest.
            Err(_) if near.is_part => {}
            Err(why) => return Decision::ByHand(why),
        }
        Decision::Change(Change {
            to: near.state,
            evidence_on: near.evidence_only,
            first: Vec::new(),
            why: near.done.join("; "),
            confirm: false,
        })
    }

    fn evidence(wish: &PolicyWish) -> Option<PolicyWish> {
        let more = wish.outsiders || wish.restore;
        (more && !wish.deliveries.is_empty()).then(|| PolicyWish {
            outsiders: false,
            restore: false,
            ..wish.clone()
        })
    }

    fn compare(live: &PolicyState, known: &PolicyState) -> Standing {
        if live.same(known) {
            return Standing::Equal;
        }
        let (gone, came) = (missing(known, live), missing(live, known));
        if came.is_empty() && gone.iter().any(keeps_safe) {
            Standing::Weaker
        } else {
            Standing::Incomparable
        }
    }

    fn same(one: &PolicyState, other: &PolicyState) -> bool {
        one.same(other)
    }

    fn tell(state: &PolicyState) -> String {
        state.tell()
    }
}
