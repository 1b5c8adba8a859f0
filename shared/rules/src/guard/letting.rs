//! Whom the policies of topics and queues let in: what their rules share.

use auditward_policy::{Document, Foreign, Kind, analyze};
use serde_json::json;

use crate::actor::Actor;
use crate::arn::Arn;
use crate::buckets::tell_admitted;
use crate::facet::{At, Facet, PolicyState, Step};
use crate::facets::guarded::PolicyWish;
use crate::facets::heard::shuts_up;
use crate::facets::kept::AsRecorded;
use crate::json::Json;
use crate::plan::Plan;
use crate::rule::{Call, Draft, Judged, Severity, is_shown};

/// A topic or queue that a call is about.
pub(super) struct Subject {
    /// Where it is.
    pub at: At,
    /// What its policy is to the policy engine.
    pub kind: Kind,
    /// What Auditward does there.
    pub action: &'static str,
}

/// What a call wrote of a policy.
pub(super) enum Wrote {
    /// The whole of it.
    Whole(Document),
    /// A statement of it.
    Grant(Document),
    /// Nothing is left of it.
    Nothing,
    /// The record does not say.
    Unknown,
}

impl Subject {
    /// How people call it.
    pub fn called(&self) -> String {
        format!("{} {}", self.kind, self.at.name())
    }

    fn is_guarded(&self, call: &Call<'_>) -> bool {
        call.settings.protects(&self.at.resource, call.inventory)
    }

    /// The draft of a policy that lets outsiders in, of whatever topic or queue.
    /// Graver where it is guarded.
    fn draft(&self, call: &Call<'_>, summary: String) -> Draft {
        let draft = Draft::new(&self.at.resource, summary);
        if self.is_guarded(call) {
            draft.severity(Severity::High)
        } else {
            draft
        }
    }
}

/// Reads a policy as a request has it: a string of JSON, or the JSON itself.
pub(super) fn written(policy: Option<Json<'_>>) -> Wrote {
    let Some(policy) = policy else {
        return Wrote::Unknown;
    };
    let text = if policy.is_object() {
        policy.text().into()
    } else {
        let Some(text) = policy.scalar() else {
            return Wrote::Unknown;
        };
        text
    };
    if text.is_empty() {
        return Wrote::Nothing;
    }
    match PolicyState::read(&text) {
        PolicyState::Document(document) => Wrote::Whole(document),
        PolicyState::Absent | PolicyState::Unparsable { .. } => Wrote::Unknown,
    }
}

/// The statement that `AddPermission` writes into a policy.
pub(super) fn granted(call: &Call<'_>, subject: &Subject, accounts: &str, actions: &str) -> Wrote {
    let list = |name: &str| -> Option<Vec<String>> {
        let items = call.request()?.get(name)?.items();
        let texts = items
            .into_iter()
            .map(|item| item.scalar().filter(|text| is_shown(text)));
        texts
            .map(|text| text.map(|text| text.into_owned()))
            .collect()
    };
    let Some(accounts) = list(accounts).filter(|list| !list.is_empty()) else {
        return Wrote::Unknown;
    };
    let service = subject.kind.service();
    let actions = list(actions).unwrap_or_else(|| vec!["*".into()]);
    let actions: Vec<_> = actions
        .iter()
        .map(|one| format!("{service}:{one}"))
        .collect();
    let document = json!({"Version": "2012-10-17", "Statement": [{
        "Sid": call.shown("label").unwrap_or_default(),
        "Effect": "Allow",
        "Principal": {"AWS": accounts},
        "Action": actions,
        "Resource": subject.at.resource,
    }]});
    Document::parse(&document.to_string()).map_or(Wrote::Unknown, Wrote::Grant)
}

/// Whether a policy lets outsiders in.
pub(super) fn opened<F>(call: &Call<'_>, subject: &Subject, wrote: Wrote) -> Judged
where
    F: Facet<State = PolicyState, Wish = PolicyWish>,
    Plan: From<Step<F>>,
{
    let called = subject.called();
    let wish = PolicyWish {
        outsiders: true,
        restore: subject.is_guarded(call),
        ..PolicyWish::default()
    };
    let step = Step::<F>::new(subject.at.clone(), wish);
    let (document, whole) = match wrote {
        Wrote::Nothing => return Judged::Clean,
        Wrote::Unknown => {
            let summary =
                format!("the policy of {called} changed, and the record does not say how");
            return Judged::CannotTell(subject.draft(call, summary).step(step));
        }
        Wrote::Whole(document) => (document, true),
        Wrote::Grant(document) => (document, false),
    };
    let Some((says, certain)) = outsiders(call, subject, &document) else {
        return Judged::Clean;
    };
    let step = if whole {
        step.wrote(PolicyState::Document(document))
    } else {
        step
    };
    let draft = subject
        .draft(call, format!("the policy of {called} {says}"))
        .step(step);
    if certain {
        draft.into()
    } else {
        draft.if_live_agrees().into()
    }
}

/// What a policy says to outsiders, and whether that is sure.
pub(super) fn outsiders(
    call: &Call<'_>,
    subject: &Subject,
    document: &Document,
) -> Option<(String, bool)> {
    let zone = call.zone(&subject.at.account);
    let analysis = analyze(document, subject.kind, &zone);
    match &analysis.foreign {
        Foreign::No => None,
        Foreign::CannotTell(_) if !zone.cannot_tell_is_foreign => None,
        Foreign::CannotTell(why) => Some((format!("may let outsiders in: {why}"), false)),
        Foreign::Yes => Some((tell_admitted(&analysis), true)),
    }
}

/// Whether the policy of something guarded no longer lets through whom it must:
/// Auditward itself, or what publishes there. Outsiders are another rule's.
pub(super) fn weakened<F, H>(call: &Call<'_>, subject: &Subject, wrote: Wrote) -> Judged
where
    F: Facet<State = PolicyState, Wish = PolicyWish>,
    H: Facet<State = PolicyState, Wish = AsRecorded>,
    Plan: From<Step<F>> + From<Step<H>>,
{
    let called = subject.called();
    let at = || subject.at.clone();
    let restore = PolicyWish {
        restore: true,
        ..PolicyWish::default()
    };
    let restored = Step::<F>::new(at(), restore);
    let draft = |what: &str| {
        Draft::new(
            &subject.at.resource,
            format!("the policy of {called} {what}"),
        )
    };
    let document = match wrote {
        Wrote::Unknown | Wrote::Grant(_) => return Judged::Clean,
        Wrote::Nothing => {
            let step = restored.wrote(PolicyState::Absent);
            return draft("was taken away").step(step).into();
        }
        Wrote::Whole(document) => document,
    };
    let shut = document.statements().iter().any(|one| {
        shuts_up(
            one,
            subject.kind,
            subject.action,
            &subject.at,
            call.settings,
        )
    });
    let foreign = outsiders(call, subject, &document).is_some();
    let restored = restored.wrote(PolicyState::Document(document.clone()));
    if shut {
        // Without the Deny the rest of the policy counts, too.
        let whole = Step::<F>::new(at(), PolicyWish::whole());
        let heard =
            Step::<H>::new(at(), AsRecorded::Baseline).wrote(PolicyState::Document(document));
        let draft = draft("keeps Auditward itself out, so that nobody is told any more");
        return draft
            .severity(Severity::Critical)
            .step(heard)
            .step(whole)
            .into();
    }
    // Without settings nothing is recorded either, and where outsiders are let in
    // that finding restores as well.
    if foreign || !call.settings.given || call.settings.is_deployer(Actor::of(call.record)) {
        return Judged::Clean;
    }
    let what = "was replaced; whether a statement that must be there was lost, only the known policy tells";
    Judged::CannotTell(draft(what).step(restored))
}

/// Whether one of Auditward's own roles in the resource's account made the call.
pub(super) fn is_auditward(call: &Call<'_>, at: &At) -> bool {
    let actor = Actor::of(call.record);
    Arn::parse(&actor.issuer).is_some_and(|arn| arn.account == at.account)
        && call
            .settings
            .acts_as_guard_role(&actor.issuer, call.inventory)
}

#[cfg(test)]
mod tests;
