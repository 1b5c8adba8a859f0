//! What is left to tell of a policy once all that is sure was put right.

use auditward_policy::{Deputy, Document, Foreign, Kind, Statement, Tri, analyze, deputies};

use super::mending::{Mending, Near};
use super::statements::named;
use crate::arn::glob;
use crate::facet::{Decision, PolicyState, Scene};
use crate::facets::heard::shuts_up;

/// How Auditward puts a bucket right, but for its policy.
const REPAIRS: [&str; 4] = [
    "s3:PutBucketPublicAccessBlock",
    "s3:PutBucketVersioning",
    "s3:PutEncryptionConfiguration",
    "s3:PutLifecycleConfiguration",
];

/// What no service does that only delivers: documented policies of old let
/// those in for anybody.
const MORE_THAN_DELIVERY: [&str; 4] = [
    "s3:getobject",
    "s3:getobjectversion",
    "s3:deleteobject",
    "s3:putbucketpolicy",
];

/// Nothing, what a person has to do, or what a person has to judge.
pub(super) fn left(
    mending: &Mending<'_>,
    near: &Near,
    live: &PolicyState,
    scene: Scene<'_>,
) -> Decision<PolicyState> {
    let (mut by_hand, mut unclear) = (Vec::new(), Vec::new());
    if !near.omitted.is_empty() {
        let all = near.omitted.join(", ");
        by_hand.push(mending.too_long(&format!("the policy that is due ({all})")));
    }
    if let Some(document) = live.document() {
        by_hand.extend(untaken(mending, document));
        unclear.extend(unsure(mending, document, scene));
        for statement in document.statements() {
            if statement.is_deny() {
                denied(mending, statement, scene, &mut by_hand, &mut unclear);
            }
        }
        unclear.extend(driven_by_anybody(mending, document));
    }
    let certain = !by_hand.is_empty();
    by_hand.append(&mut unclear);
    match (by_hand.is_empty(), certain) {
        (true, _) => Decision::Safe,
        (false, true) => Decision::ByHand(by_hand.join("; ")),
        (false, false) => Decision::CannotTell(by_hand.join("; ")),
    }
}

/// What was lost and would not mean the same in this policy, by its `Version`.
fn untaken(mending: &Mending<'_>, document: &Document) -> Option<String> {
    let lost = mending.lost_of(document).into_iter();
    let names: Vec<_> = lost
        .filter(|statement| !document.takes(statement))
        .map(|statement| named(statement.sid(), "a statement"))
        .collect();
    (!names.is_empty()).then(|| {
        format!(
            "{} was lost and cannot come back: by the policy's `Version` what looks like a variable is read in another \
             way; set the known `Version` by hand, see to the other statements with `${{`, and put it back",
            names.join(", ")
        )
    })
}

/// Whether somebody whom a policy lets in may be an outsider, and why.
/// Statements that the baseline has are known.
fn unsure(mending: &Mending<'_>, document: &Document, scene: Scene<'_>) -> Option<String> {
    if !mending.wish.outsiders {
        return None;
    }
    let analysis = analyze(document, mending.terms.kind, scene.zone);
    if analysis.is_doubted_for_services_only() {
        return None;
    }
    let Foreign::CannotTell(why) = &analysis.foreign else {
        return None;
    };
    let mut allows = document.statements().iter().enumerate();
    let name = mending.terms.name;
    allows
        .any(|(index, one)| !one.is_deny() && analysis.may_mean(index) && !mending.knows(one))
        .then(|| format!("whom {name} lets in cannot be told: {why}"))
}

/// What a Deny may keep away that should come through.
fn denied(
    mending: &Mending<'_>,
    statement: &Statement,
    scene: Scene<'_>,
    by_hand: &mut Vec<String>,
    unclear: &mut Vec<String>,
) {
    let which = named(statement.sid(), "a Deny statement");
    let known = mending.known();
    if known.is_some_and(|known| known.contains_statement(statement)) {
        return;
    }
    if mending.delivers_beside(statement, Tri::CannotTell) {
        unclear.push(format!(
            "whether {which} stops CloudTrail's delivery cannot be told; take it out by hand if it is not meant"
        ));
    }
    if !mending.wish.restore {
        return;
    }
    if mending.knows(statement) {
        // An id tells nobody whose it was.
        let does = match statement.element("NotPrincipal") {
            None => "denies",
            Some(_) => "spares",
        };
        unclear.push(format!(
            "{which} {does} a user or role that was deleted, in the place of a known one; name the right one by hand"
        ));
    }
    let is_bucket = mending.terms.kind == Kind::Bucket && scene.at.resource.contains(":s3:::");
    // Hardening is told from a lock only by what was there before.
    if !is_bucket || mending.baseline.is_none() {
        return;
    }
    let locks = |action: &str| shuts_up(statement, Kind::Bucket, action, scene.at, scene.settings);
    if locks("s3:PutBucketPolicy") {
        by_hand.push(format!(
            "{which} locks Auditward and whoever it does not spare out of the bucket's policy; the account's root user, \
             or `aws sts assume-root` with the task policy S3UnlockBucketPolicy, can delete it"
        ));
    } else if let Some(action) = REPAIRS.into_iter().find(|action| locks(action)) {
        unclear.push(format!(
            "{which} denies Auditward {action}, so that it could not put the bucket right; take it out by hand if it is \
             not meant"
        ));
    }
}

/// Services that read, delete or open for any customer of AWS, by a statement
/// that names them and is new.
fn driven_by_anybody(mending: &Mending<'_>, document: &Document) -> Option<String> {
    let kind = mending.terms.kind;
    let guarded = mending.wish.restore && mending.wish.outsiders;
    if kind != Kind::Bucket || !guarded {
        return None;
    }
    let more = |statement: &Statement| {
        let actions = statement.texts("Action");
        let does = |action: &String| {
            let action = action.to_ascii_lowercase();
            MORE_THAN_DELIVERY.iter().any(|one| glob(&action, one))
        };
        let named = !statement.principals("Service").is_empty();
        named && (statement.element("NotAction").is_some() || actions.iter().any(does))
    };
    let open = deputies(document, kind, &mending.zone).into_iter();
    let mut found: Vec<_> = open
        .filter(|(_, deputy)| matches!(deputy, Deputy::Open | Deputy::CannotTell))
        .filter_map(|(index, deputy)| Some((document.statements().get(index)?, deputy)))
        .filter(|(statement, _)| more(statement) && !mending.knows(statement))
        .collect();
    // What is sure is told before what may be.
    found.sort_by_key(|(_, deputy)| *deputy != Deputy::Open);
    let (statement, deputy) = found.first()?;
    let which = named(statement.sid(), "a statement");
    let does = match deputy {
        Deputy::Open => "lets a service act in the bucket for any customer of AWS",
        _ => "may let a service act in the bucket for any customer of AWS, which cannot be told",
    };
    Some(format!(
        "{which} {does}; hold it to aws:SourceArn or aws:SourceAccount"
    ))
}
