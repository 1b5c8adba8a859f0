//! The way from a policy to the nearest safe one.

use auditward_policy::cloudtrail::{add_missing, bucket_delivers};
use auditward_policy::{
    Document, Foreign, Kind, Statement, Tri, Zone, analyze, narrow, principal_allowed,
};

use super::statements::{keeps_safe, lets_replicas_in, named, tell_removal};
use super::{Policied, PolicyWish};
use crate::arn::partition_of;
use crate::facet::{At, PolicyState, Scene};
use crate::json::Json;

/// The nearest safe policy, and what was done to get there.
pub(super) struct Near {
    pub state: PolicyState,
    pub done: Vec<String>,
    pub evidence_only: bool,
}

/// A service's terms, as plain data: the work below is done once for all services.
pub(super) struct Terms {
    pub kind: Kind,
    pub name: &'static str,
    limit: usize,
    /// What a policy is of which nothing is left; `None`: there may be none.
    emptied: Option<Document>,
}

impl Terms {
    pub fn of<P: Policied>(scene: Scene<'_>) -> Self {
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

/// What is to be mended, and what is known of it.
pub(super) struct Mending<'a> {
    pub terms: Terms,
    pub wish: &'a PolicyWish,
    pub baseline: Option<&'a PolicyState>,
    pub zone: Zone,
}

impl Mending<'_> {
    /// Restores first, so that a lost Deny closes what it closed before and
    /// nothing more is taken out than must be.
    pub fn nearest(&self, live: &PolicyState) -> Result<Near, String> {
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
