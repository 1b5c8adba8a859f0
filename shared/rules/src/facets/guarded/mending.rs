//! The way from a policy to the nearest safe one.

use auditward_policy::cloudtrail::{Delivery, add_missing, bucket_delivers};
use auditward_policy::{
    Document, Foreign, Kind, Statement, Tri, Zone, analyze, narrow, narrow_sources,
    principal_allowed, without_deleted,
};

use super::PolicyWish;
use super::statements::{
    has, is_after_deletions_in, keeps_safe, lets_replicas_in, named, tell_delivery, tell_removal,
    tell_return,
};
use super::terms::Terms;
use crate::facet::PolicyState;
use crate::json::Json;

/// The nearest safe policy, and what was done to get there.
pub(super) struct Near {
    pub state: PolicyState,
    pub done: Vec<String>,
    /// What would have to be done besides, had the service room for it.
    pub omitted: Vec<String>,
    pub evidence_only: bool,
    /// Whether the rest is for a person.
    pub is_part: bool,
}

/// What is to be mended, and what is known of it.
pub(super) struct Mending<'a> {
    pub terms: Terms,
    pub wish: &'a PolicyWish,
    pub baseline: Option<&'a PolicyState>,
    pub zone: Zone,
    /// Whether it is known of every account whether it is ours.
    pub knows_all: bool,
}

impl Mending<'_> {
    /// The nearest state in which all holds; where that is for a person, the one in
    /// which at least outsiders are out.
    pub fn nearest(&self, live: &PolicyState) -> Result<Near, String> {
        self.nearest_whole(live).or_else(|why| {
            let mut done = Vec::new();
            if !self.wish.outsiders {
                return Err(why);
            }
            let document = self.closed(live.document().cloned(), &mut done)?;
            let near = self.near(live, document, done, false);
            if near.state.same(live) || !self.fits(&near.state) {
                return Err(why);
            }
            Ok(Near {
                is_part: true,
                ..near
            })
        })
    }

    /// Restores first, so that a lost Deny closes what it closed before and
    /// nothing more is taken out than must be.
    fn nearest_whole(&self, live: &PolicyState) -> Result<Near, String> {
        let mut done = Vec::new();
        let mut document = live.document().cloned();
        // What goes may have kept something from coming back.
        for _ in 0..2 {
            if self.wish.restore {
                document = self.restored(document, &mut done)?;
            }
            document = self.unblocked_and_closed(document, &mut done)?;
        }
        let evidence_only = done.is_empty();
        for delivery in &self.wish.deliveries {
            let Some(with) = self.delivering(document.as_ref(), delivery)? else {
                continue;
            };
            done.push(tell_delivery(delivery));
            document = Some(with);
        }
        let near = self.near(live, document, done, evidence_only);
        if self.fits(&near.state) {
            Ok(near)
        } else {
            self.shortened(live)
        }
    }

    /// What has room: outsiders go out first, then CloudTrail delivers, then
    /// comes back what fits of what was lost.
    fn shortened(&self, live: &PolicyState) -> Result<Near, String> {
        let (mut done, mut omitted) = (Vec::new(), Vec::new());
        let mut document = live.document().cloned();
        if document.is_none() && self.wish.restore {
            document = self.restored(None, &mut done)?;
        }
        document = self.unblocked_and_closed(document, &mut done)?;
        let mut evidence_only = done.is_empty();
        // A document longer than that is not ours to write at all.
        let has_room = |document: &Document| document.as_json().len() <= self.terms.limit;
        for delivery in &self.wish.deliveries {
            let Some(with) = self.delivering(document.as_ref(), delivery)? else {
                continue;
            };
            if has_room(&with) {
                done.push(tell_delivery(delivery));
                document = Some(with);
            } else {
                omitted.push(tell_delivery(delivery));
            }
        }
        if let Some(found) = document.as_mut() {
            evidence_only &= !self.revive(found, &mut done);
        }
        let lost = document.as_ref().map(|found| self.lost_of(found));
        for statement in lost.unwrap_or_default() {
            let mut with = document.clone();
            if !with
                .as_mut()
                .is_some_and(|with| with.statement_append(&statement))
            {
                continue;
            }
            if with.as_ref().is_some_and(has_room) {
                done.push(tell_return(&statement));
                document = with;
                evidence_only = false;
            } else {
                omitted.push(tell_return(&statement));
            }
        }
        let mut near = self.near(live, document, done, evidence_only);
        if !self.fits(&near.state) && !near.state.same(live) {
            return Err(self.too_long("the mended policy"));
        }
        if !omitted.is_empty() {
            let left = format!("leave for want of room: {}", omitted.join(", "));
            near.done.push(left);
        }
        near.omitted = omitted;
        Ok(near)
    }

    /// Why something stays out of a policy.
    pub fn too_long(&self, what: &str) -> String {
        format!(
            "{what} would be longer than the {} bytes that the service takes; shorten it by hand",
            self.terms.limit
        )
    }

    fn fits(&self, state: &PolicyState) -> bool {
        let document = state.document();
        document.is_none_or(|document| document.as_json().len() <= self.terms.limit)
    }

    /// A document that is written must not name who was deleted: services
    /// refuse it whole. Where nothing else changes, nothing is written.
    fn near(
        &self,
        live: &PolicyState,
        document: Option<Document>,
        mut done: Vec<String>,
        evidence_only: bool,
    ) -> Near {
        let state = |document: Option<Document>| {
            document.map_or(PolicyState::Absent, PolicyState::Document)
        };
        let mut to = state(document);
        if let (Some(document), false) = (to.document(), to.same(live)) {
            let (without, gone) = without_deleted(document);
            if !gone.is_empty() {
                let who = gone.join(", ");
                done.push(format!("take {who} out, users or roles that were deleted"));
                to = state(if without.statements().is_empty() {
                    self.terms.emptied.clone()
                } else {
                    Some(without)
                });
            }
        }
        Near {
            state: to,
            done,
            omitted: Vec::new(),
            evidence_only,
            is_part: false,
        }
    }

    fn unblocked_and_closed(
        &self,
        mut document: Option<Document>,
        done: &mut Vec<String>,
    ) -> Result<Option<Document>, String> {
        if let Some(found) = document.as_mut() {
            self.unblock(found, done)?;
        }
        if self.wish.outsiders {
            document = self.closed(document, done)?;
        }
        Ok(document)
    }

    /// The document with what a delivery needs; `None`: it has all of it.
    fn delivering(
        &self,
        document: Option<&Document>,
        delivery: &Delivery,
    ) -> Result<Option<Document>, String> {
        let with = add_missing(document, delivery);
        if bucket_delivers(&with, delivery) == Tri::No {
            let trail = &delivery.trail_arn;
            return Err(format!(
                "the policy keeps CloudTrail from delivering for {trail}; edit it by hand"
            ));
        }
        let same = document.is_some_and(|document| document.means_the_same(&with));
        Ok((!same).then_some(with))
    }

    pub fn known(&self) -> Option<&Document> {
        self.baseline.and_then(PolicyState::document)
    }

    /// Whether the baseline has a statement, perhaps of somebody deleted since.
    pub fn knows(&self, statement: &Statement) -> bool {
        self.known().is_some_and(|known| {
            let mut all = known.statements().iter();
            known.contains_statement(statement)
                || all.any(|known| statement.is_after_deletions(known))
        })
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
        let Some(mut document) = document else {
            let all: Vec<Statement> = self.good(known).cloned().collect();
            let (whole, _) = self.shut(&known.with_statements(&all));
            if whole.statements().is_empty() {
                return Ok(None);
            }
            done.push("put the known policy back".into());
            return Ok(Some(whole));
        };
        self.revive(&mut document, done);
        for statement in self.lost(&document) {
            if document.statement_append(&statement) {
                done.push(tell_return(&statement));
            }
        }
        Ok(Some(document))
    }

    /// The known statements that do not keep CloudTrail out.
    fn good<'d>(&self, known: &'d Document) -> impl Iterator<Item = &'d Statement> {
        let all = known.statements().iter();
        all.filter(|statement| !self.stops_delivery(statement))
    }

    /// What kept the resource safe and is not in the document any more. Who was
    /// deleted since cannot be named again.
    fn lost(&self, document: &Document) -> Vec<Statement> {
        let Some(known) = self.known() else {
            return Vec::new();
        };
        let mut lost = Vec::new();
        for statement in self.good(known).filter(|statement| keeps_safe(statement)) {
            let replicates = lets_replicas_in(statement) && self.still_lets_in(document, statement);
            if replicates || has(document, statement) {
                continue;
            }
            let alone = Self::just(statement);
            if self.shut(&alone).1.is_empty() {
                lost.extend(without_deleted(&alone).0.statements().iter().cloned());
            }
        }
        lost
    }

    /// What is to come back to the document.
    pub fn lost_of(&self, document: &Document) -> Vec<Statement> {
        if self.wish.restore {
            self.lost(document)
        } else {
            Vec::new()
        }
    }

    /// Gives the variables of known statements their meaning back: by another
    /// `Version` the same text denies nobody, or everybody. Says whether it did.
    fn revive(&self, document: &mut Document, done: &mut Vec<String>) -> bool {
        let lost = self.lost_of(document);
        let revived = self
            .known()
            .filter(|_| lost.iter().any(|one| !document.takes(one)))
            .and_then(|known| document.with_variables_of(known));
        let Some(revived) = revived else {
            return false;
        };
        done.push("set the policy's known `Version` again, which variables need".into());
        *document = revived;
        true
    }

    /// What is known, but for statements of which only deleted users and roles
    /// are left in a document: once it is written they are gone.
    pub fn known_without_deleted(&self, live: &PolicyState) -> Option<PolicyState> {
        let baseline = self.baseline?;
        let (Some(known), Some(live)) = (baseline.document(), live.document()) else {
            return Some(baseline.clone());
        };
        let all = known.statements().iter();
        let left = all.filter(|known| !is_after_deletions_in(live, known));
        let left: Vec<_> = left.cloned().collect();
        Some(PolicyState::Document(known.with_statements(&left)))
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
        let (left, removed) = self.shut(&document);
        if analyze(&left, self.terms.kind, &self.zone).foreign == Foreign::Yes {
            return Err(
                "outsiders are let in by more than their grants; edit the policy by hand".into(),
            );
        }
        if removed.is_empty() {
            return Ok(Some(left));
        }
        done.extend(removed);
        Ok(if left.statements().is_empty() {
            self.terms.emptied.clone()
        } else {
            Some(left)
        })
    }

    /// The document without outsiders, and what was taken out. For whom services
    /// act is told of buckets and buses by their rules, and nowhere else.
    fn shut(&self, document: &Document) -> (Document, Vec<String>) {
        let Terms { kind, .. } = self.terms;
        let narrowed = narrow(document, kind, &self.zone);
        let mut told: Vec<_> = narrowed.removed.iter().map(tell_removal).collect();
        let mut left = narrowed.document;
        if self.knows_all && matches!(kind, Kind::Bucket | Kind::Bus) {
            let narrowed = narrow_sources(&left, kind, &self.zone);
            told.extend(narrowed.removed.iter().map(tell_removal));
            left = narrowed.document;
        }
        (left, told)
    }

    /// A document of this statement alone.
    pub fn just(statement: &Statement) -> Document {
        Document::of_statements(std::slice::from_ref(statement))
    }

    /// Whether a Deny by itself keeps CloudTrail out.
    fn stops_delivery(&self, statement: &Statement) -> bool {
        self.delivers_beside(statement, Tri::No)
    }

    /// Whether that is the answer, of any delivery, to whether CloudTrail gets
    /// through beside a Deny.
    pub fn delivers_beside(&self, statement: &Statement, answer: Tri) -> bool {
        statement.is_deny()
            && self.wish.deliveries.iter().any(|delivery| {
                bucket_delivers(
                    &add_missing(Some(&Self::just(statement)), delivery),
                    delivery,
                ) == answer
            })
    }
}
