//! The resource policies of all services: outsiders are shut out, and what
//! keeps a resource safe comes back.

use std::fmt::Debug;
use std::marker::PhantomData;

use auditward_policy::cloudtrail::{Delivery, add_missing, bucket_delivers};
use auditward_policy::{
    Document, Foreign, Kind, Removal, Statement, Tri, Zone, analyze, narrow, principal_allowed,
};
use serde::{Deserialize, Serialize};

use crate::arn::partition_of;
use crate::facet::{At, Change, Decision, Facet, PolicyState, Scene, Standing};
use crate::json::Json;

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
        let terms = Terms::of::<P>(scene);
        if let Some(why) = unsure(live, wish, baseline, scene, &terms) {
            return Decision::CannotTell(why);
        }
        let mending = Mending {
            terms,
            wish,
            baseline,
            // What may be an outsider is told, and never taken out.
            zone: Zone {
                cannot_tell_is_foreign: false,
                ..scene.zone.clone()
            },
        };
        let near = match mending.nearest(live) {
            Err(why) => return Decision::ByHand(why),
            Ok(near) if near.state.same(live) => return Decision::Safe,
            Ok(near) => near,
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

/// The nearest safe policy, and what was done to get there.
struct Near {
    state: PolicyState,
    done: Vec<String>,
    evidence_only: bool,
}

/// A service's terms, as plain data: the work below is done once for all services.
struct Terms {
    kind: Kind,
    name: &'static str,
    limit: usize,
    /// What a policy is of which nothing is left; `None`: there may be none.
    emptied: Option<Document>,
}

impl Terms {
    fn of<P: Policied>(scene: Scene<'_>) -> Self {
        let emptied = (!P::MAY_BE_ABSENT)
            .then(|| owner_only(P::POLICY, scene.at))
            .flatten();
        Self {
            kind: P::POLICY,
            name: P::NAME,
            limit: P::LIMIT,
            emptied,
        }
    }
}

/// The document that lets the owner's principals in, as their own policies say,
/// and nobody else.
fn owner_only(kind: Kind, at: &At) -> Option<Document> {
    let partition = partition_of(&at.region);
    let (actions, resource) = match kind {
        // Each takes what it is about and nothing else.
        Kind::Destination => (
            r#""logs:PutSubscriptionFilter""#.into(),
            at.resource.as_str(),
        ),
        Kind::Sink => (r#"["oam:CreateLink","oam:UpdateLink"]"#.into(), "*"),
        _ => (format!(r#""{}:*""#, kind.service()), at.resource.as_str()),
    };
    let text = format!(
        r#"{{"Version":"2012-10-17","Statement":[{{"Sid":"OwnerOnly","Effect":"Allow","Principal":{{"AWS":"arn:{partition}:iam::{}:root"}},"Action":{actions},"Resource":"{resource}"}}]}}"#,
        at.account,
    );
    Document::parse(&text).ok()
}

struct Mending<'a> {
    terms: Terms,
    wish: &'a PolicyWish,
    baseline: Option<&'a PolicyState>,
    zone: Zone,
}

/// Whether all that can be said against a policy is that somebody it lets in
/// may be an outsider, and why. Statements that the baseline has are known.
fn unsure(
    live: &PolicyState,
    wish: &PolicyWish,
    baseline: Option<&PolicyState>,
    scene: Scene<'_>,
    terms: &Terms,
) -> Option<String> {
    let document = live.document().filter(|_| wish.outsiders)?;
    let analysis = analyze(document, terms.kind, scene.zone);
    let Foreign::CannotTell(why) = analysis.foreign else {
        return None;
    };
    let known = |statement: &Statement| {
        let recorded = baseline.and_then(PolicyState::document);
        recorded.is_some_and(|recorded| recorded.contains_statement(statement))
    };
    let mut admitting = analysis
        .admissions
        .iter()
        .filter_map(|admission| document.statements().get(admission.index));
    admitting
        .any(|statement| !known(statement))
        .then(|| format!("whom {} lets in cannot be told: {why}", terms.name))
}

impl Mending<'_> {
    /// Restores first, so that a lost Deny closes what it closed before and
    /// nothing more is taken out than must be.
    fn nearest(&self, live: &PolicyState) -> Result<Near, String> {
        let mut done = Vec::new();
        let mut document = live.document().cloned();
        if self.wish.restore {
            document = self.restored(document, &mut done)?;
        }
        if let Some(found) = document.as_mut() {
            self.unblock(found, &mut done)?;
        }
        if self.wish.outsiders {
            document = self.closed(document, &mut done)?;
        }
        let evidence_only = done.is_empty();
        for delivery in &self.wish.deliveries {
            let with = add_missing(document.as_ref(), delivery);
            if bucket_delivers(&with, delivery) == Tri::No {
                let trail = &delivery.trail_arn;
                return Err(format!(
                    "the policy keeps CloudTrail from delivering for {trail}; edit it by hand"
                ));
            }
            if !document
                .as_ref()
                .is_some_and(|document| document.means_the_same(&with))
            {
                done.push(format!(
                    "let CloudTrail deliver for {} again",
                    delivery.trail_arn
                ));
                document = Some(with);
            }
        }
        if document
            .as_ref()
            .is_some_and(|document| document.as_json().len() > self.terms.limit)
        {
            return Err(format!(
                "the mended policy would be longer than the {} bytes that the service takes; shorten it by hand",
                self.terms.limit
            ));
        }
        let state = document.map_or(PolicyState::Absent, PolicyState::Document);
        Ok(Near {
            state,
            done,
            evidence_only,
        })
    }

    fn known(&self) -> Option<&Document> {
        self.baseline.and_then(PolicyState::document)
    }

    /// Puts back what the baseline had and the document lost. Grants to
    /// principals are left to their owners, but for those of replication, unless
    /// the whole policy is gone.
    fn restored(
        &self,
        document: Option<Document>,
        done: &mut Vec<String>,
    ) -> Result<Option<Document>, String> {
        let Some(known) = self.known() else {
            let lost =
                document.is_none() && !self.wish.outsiders && self.wish.deliveries.is_empty();
            // Absent is what the baseline says, too.
            if lost && self.baseline.is_none() {
                return Err(
                    "the policy is gone and no earlier one is known; write it anew by hand".into(),
                );
            }
            return Ok(document);
        };
        let good = known
            .statements()
            .iter()
            .filter(|statement| !self.stops_delivery(statement));
        let Some(mut document) = document else {
            let all: Vec<Statement> = good.cloned().collect();
            let whole = narrow(&known.with_statements(&all), self.terms.kind, &self.zone);
            if whole.empty {
                return Ok(None);
            }
            done.push("put the known policy back".into());
            return Ok(Some(whole.document));
        };
        for statement in good.filter(|statement| keeps_safe(statement)) {
            if lets_replicas_in(statement) && self.still_lets_in(&document, statement) {
                continue;
            }
            let alone = narrow(&self.just(statement), self.terms.kind, &self.zone);
            if !alone.changed && document.statement_append(statement) {
                done.push(format!(
                    "put {} back",
                    named(statement.sid(), "a lost statement")
                ));
            }
        }
        Ok(Some(document))
    }

    /// Whether all whom a statement lets in may still do all that it lets them:
    /// named beside others, or by another statement, nothing is lost.
    fn still_lets_in(&self, document: &Document, statement: &Statement) -> bool {
        let allows = document.statements().iter().filter(|one| one.is_allow());
        let grants = document.with_statements(&allows.cloned().collect::<Vec<_>>());
        let principal = statement.element("Principal").unwrap_or_default();
        let accounts = Json::parse(&principal).and_then(|principal| principal.get("AWS"));
        let who = accounts.map(Json::items).unwrap_or_default();
        let (actions, resources) = (statement.texts("Action"), statement.texts("Resource"));
        let allowed = |who: &str, action: &str, resource: &str| {
            principal_allowed(&grants, self.terms.kind, who, action, resource) == Tri::Yes
        };
        !who.is_empty()
            && who.into_iter().filter_map(Json::scalar).all(|who| {
                actions.iter().all(|action| {
                    let mut resources = resources.iter();
                    resources.all(|resource| allowed(&who, action, resource))
                })
            })
    }

    /// Takes out every Deny that stops CloudTrail and that the baseline lacks.
    fn unblock(&self, document: &mut Document, done: &mut Vec<String>) -> Result<(), String> {
        let (stop, keep): (Vec<_>, Vec<_>) = document
            .statements()
            .iter()
            .cloned()
            .partition(|statement| self.stops_delivery(statement));
        for statement in &stop {
            let which = named(statement.sid(), "a Deny statement");
            let Some(known) = self.baseline else {
                return Err(format!(
                    "{which} stops CloudTrail's delivery, and nobody knows since when; take it out by hand if it is not meant"
                ));
            };
            if known
                .document()
                .is_some_and(|known| known.contains_statement(statement))
            {
                return Err(format!(
                    "{which} stops CloudTrail's delivery and is part of the known policy; change it by hand"
                ));
            }
            done.push(format!(
                "take {which} out, which stops CloudTrail's delivery"
            ));
        }
        if !stop.is_empty() {
            *document = document.with_statements(&keep);
        }
        Ok(())
    }

    /// Takes every outside grant out.
    fn closed(
        &self,
        document: Option<Document>,
        done: &mut Vec<String>,
    ) -> Result<Option<Document>, String> {
        let Some(document) = document else {
            return Ok(None);
        };
        let narrowed = narrow(&document, self.terms.kind, &self.zone);
        if analyze(&narrowed.document, self.terms.kind, &self.zone).foreign == Foreign::Yes {
            return Err(
                "outsiders are let in by more than their grants; edit the policy by hand".into(),
            );
        }
        done.extend(narrowed.removed.iter().map(tell_removal));
        Ok(if narrowed.changed && narrowed.empty {
            self.terms.emptied.clone()
        } else {
            Some(narrowed.document)
        })
    }

    /// A document of this statement alone.
    fn just(&self, statement: &Statement) -> Document {
        Document::empty_of(self.terms.kind).with_statements(std::slice::from_ref(statement))
    }

    /// Whether a Deny by itself keeps CloudTrail out.
    fn stops_delivery(&self, statement: &Statement) -> bool {
        statement.is_deny()
            && self.wish.deliveries.iter().any(|delivery| {
                bucket_delivers(
                    &add_missing(Some(&self.just(statement)), delivery),
                    delivery,
                ) == Tri::No
            })
    }
}

/// Whether losing a statement makes a bucket less safe: a Deny, or what log
/// delivery needs, by a service or by another account's replication.
fn keeps_safe(statement: &Statement) -> bool {
    statement.is_deny()
        || (statement.is_allow() && is_for_services(statement))
        || lets_replicas_in(statement)
}

/// Whether a statement allows writing replicas, and nothing else.
fn lets_replicas_in(statement: &Statement) -> bool {
    let actions = statement.texts("Action");
    let replicates = |action: &String| {
        let action = action.to_ascii_lowercase();
        action.starts_with("s3:replicate") || action == "s3:objectowneroverridetobucketowner"
    };
    statement.is_allow() && !actions.is_empty() && actions.iter().all(replicates)
}

fn is_for_services(statement: &Statement) -> bool {
    let principal = statement.element("Principal").unwrap_or_default();
    let members = Json::parse(&principal)
        .map(Json::members)
        .unwrap_or_default();
    !members.is_empty() && members.iter().all(|(kind, _)| kind == "Service")
}

/// The statements of one state that the other does not have.
fn missing(of: &PolicyState, other: &PolicyState) -> Vec<Statement> {
    let all = of.document().map(Document::statements).unwrap_or_default();
    let there = |statement: &&Statement| {
        !other
            .document()
            .is_some_and(|d| d.contains_statement(statement))
    };
    all.iter().filter(there).cloned().collect()
}

fn named(sid: Option<&str>, otherwise: &str) -> String {
    sid.filter(|sid| !sid.is_empty())
        .map_or_else(|| otherwise.to_owned(), |sid| format!("statement `{sid}`"))
}

/// What is taken out, for people.
pub(super) fn tell_removal(removal: &Removal) -> String {
    let which = named(
        removal.sid.as_deref(),
        &format!("statement {}", removal.index + 1),
    );
    if removal.whole || removal.principals.is_empty() {
        return format!("take {which} out, which lets outsiders in");
    }
    format!("take {} out of {which}", removal.principals.join(", "))
}

/// Deliveries as plans keep them.
mod deliveries {
    use auditward_policy::cloudtrail::Delivery;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    #[derive(Serialize, Deserialize)]
    #[serde(rename_all = "kebab-case", default)]
    #[derive(Default)]
    struct Form {
        bucket: String,
        #[serde(skip_serializing_if = "Option::is_none")]
        prefix: Option<String>,
        trail_arn: String,
        owner_account: String,
        #[serde(skip_serializing_if = "Option::is_none")]
        org_id: Option<String>,
    }

    pub fn serialize<S: Serializer>(all: &[Delivery], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(all.iter().cloned().map(|delivery| {
            let Delivery {
                bucket,
                prefix,
                trail_arn,
                owner_account,
                org_id,
            } = delivery;
            Form {
                bucket,
                prefix,
                trail_arn,
                owner_account,
                org_id,
            }
        }))
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Vec<Delivery>, D::Error> {
        let all = Vec::<Form>::deserialize(deserializer)?.into_iter();
        Ok(all
            .map(
                |Form {
                     bucket,
                     prefix,
                     trail_arn,
                     owner_account,
                     org_id,
                 }| {
                    Delivery {
                        bucket,
                        prefix,
                        trail_arn,
                        owner_account,
                        org_id,
                    }
                },
            )
            .collect())
    }
}
