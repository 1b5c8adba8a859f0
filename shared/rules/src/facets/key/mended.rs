//! A key's policy as it should be: without outsiders, and with what it lost.

use auditward_policy::{Document, Foreign, Kind, Statement, Zone, analyze, narrow};

use super::lock::{locked_out, principals};
use super::policy::{KeyPolicyWish, restored};
use crate::facet::Scene;
use crate::facets::guarded::tell_removal;

/// A document as it should be.
pub(super) struct Mended {
    pub to: Document,
    /// Whether CloudTrail's statements are all that was added.
    pub evidence_on: bool,
    /// What was done besides giving statements back to those locked out.
    pub done: Vec<String>,
    /// Whether something lost cannot come back, by the `Version` of the document.
    pub untaken: bool,
}

/// The document with what must be in it, and without what must not.
pub(super) fn mended(
    live: &Document,
    wish: &KeyPolicyWish,
    baseline: Option<&Document>,
    scene: Scene<'_>,
) -> Mended {
    let (key, settings) = (scene.at.resource.as_str(), scene.settings);
    if !wish.outsiders {
        let (to, evidence_on) = restored(live, wish, baseline, settings, key);
        return Mended {
            to,
            evidence_on,
            done: Vec::new(),
            untaken: false,
        };
    }
    // What may be an outsider is told, and never taken out.
    let zone = Zone {
        cannot_tell_is_foreign: false,
        ..scene.zone.clone()
    };
    // Outsiders whom the recorded policy lets in do not come back with it.
    let known = baseline.map(|known| narrow(known, Kind::Key, &zone).document);
    let mut done = Vec::new();
    let mut document = live.clone();
    let locked_out = |document: &Document| locked_out(document, key, wish, None, settings).len();
    // What goes may have kept something from coming back.
    for _ in 0..2 {
        if let Some(known) = &known {
            put_back(&mut document, known, &locked_out, &mut done);
        }
        let narrowed = narrow(&document, Kind::Key, &zone);
        done.extend(narrowed.removed.iter().map(tell_removal));
        document = narrowed.document;
    }
    let untaken = known.iter().any(|known| has_untaken(&document, known));
    let (to, evidence_on) = restored(&document, wish, known.as_ref(), settings, key);
    Mended {
        to,
        evidence_on: evidence_on && done.is_empty(),
        done,
        untaken,
    }
}

/// Puts back what is lost. A Deny comes back only where it locks nobody out, be it
/// by the `Version` that its variables need.
fn put_back(
    document: &mut Document,
    known: &Document,
    locked_out: &dyn Fn(&Document) -> usize,
    done: &mut Vec<String>,
) {
    let worse = |with: &Document, document: &Document| locked_out(with) > locked_out(document);
    if has_untaken(document, known)
        && let Some(with) = document.with_variables_of(known)
        && !worse(&with, document)
    {
        done.push("set the known `Version` again, which variables need".into());
        *document = with;
    }
    for statement in known.statements() {
        let mut with = document.clone();
        if !is_lost(statement, document)
            || !with.statement_append(statement)
            || (statement.is_deny() && worse(&with, document))
        {
            continue;
        }
        let sid = statement.sid().filter(|sid| !sid.is_empty());
        done.push(sid.map_or_else(
            || "put a lost statement back".to_owned(),
            |sid| format!("put statement `{sid}` back"),
        ));
        *document = with;
    }
}

/// Whether something lost would not mean the same in the document, by its `Version`.
fn has_untaken(document: &Document, known: &Document) -> bool {
    let mut all = known.statements().iter();
    all.any(|one| is_lost(one, document) && !document.takes(one))
}

/// Whether a recorded statement that keeps the key safe or in use is gone: a
/// Deny, or all that a service was granted. CloudTrail's own statements are
/// judged by what they let it do.
fn is_lost(statement: &Statement, document: &Document) -> bool {
    if statement.is_deny() {
        return !document.contains_statement(statement);
    }
    let services = statement.principals("Service");
    let granted = |service: &String| {
        document
            .statements()
            .iter()
            .any(|one| one.is_allow() && one.principals("Service").contains(service))
    };
    statement.is_allow()
        && !services.is_empty()
        && principals(statement).is_empty()
        && services
            .iter()
            .any(|service| service != "cloudtrail.amazonaws.com" && !granted(service))
}

/// Whether all that can be said against a policy is that somebody it lets in
/// may be an outsider, and why. Statements that the baseline has are known.
/// For whom CloudWatch Logs uses a key is said by the encryption context, as AWS
/// documents it; that lets nobody in by itself.
pub(super) fn unsure(
    document: &Document,
    baseline: Option<&Document>,
    zone: &Zone,
) -> Option<String> {
    let analysis = analyze(document, Kind::Key, zone);
    if analysis.is_doubted_for_services_only() {
        return None;
    }
    let Foreign::CannotTell(why) = &analysis.foreign else {
        return None;
    };
    let known =
        |statement: &Statement| baseline.is_some_and(|known| known.contains_statement(statement));
    let mut allows = document.statements().iter().enumerate();
    allows
        .any(|(index, one)| !one.is_deny() && analysis.may_mean(index) && !known(one))
        .then(|| format!("whom the key's policy lets in cannot be told: {why}"))
}
