//! Rules of the keys that trails encrypt with.

use auditward_policy::{Document, Foreign, Kind, analyze};

use crate::actor::Actor;
use crate::arn::Arn;
use crate::facet::{At, PolicyState, Step};
use crate::facets::key::{
    KeyPolicy, KeyPolicyWish, KeyState, KeyWish, Life, locked_out, may_be_denied,
};
use crate::rule::{
    Call, Draft, Function, Judged, Proof, Revert, Rule, Scope, Severity, Watch, is_shown,
};

/// Row 25 of `events/TABLE.md`.
pub static KEY_DISABLED: Rule = Rule {
    id: "key.disabled",
    title: "Trail's key disabled",
    severity: Severity::Critical,
    why: "CloudTrail cannot deliver logs that it cannot encrypt, and nobody can read those that were",
    controls: &["CIS AWS Foundations 3.0: 3.5, 4.7", "ATT&CK T1562.008"],
    rows: &[25],
    function: Function::TrailGuard,
    watches: &[Watch {
        source: "kms.amazonaws.com",
        names: &["DisableKey"],
    }],
    scope: Scope::Protected,
    revert: Revert::Event,
    deployers_accepted: false,
    facets: &["key-state"],
    proof: Proof::Moto,
    judge: |call| life(call, "was disabled", Life::Disabled),
};

/// Row 26 of `events/TABLE.md`.
pub static KEY_DELETION: Rule = Rule {
    id: "key.deletion-scheduled",
    title: "Trail's key to be deleted",
    severity: Severity::Critical,
    why: "a key that waits for its deletion encrypts nothing, and once it is gone no log that it encrypted can be read",
    controls: &["CIS AWS Foundations 3.0: 3.5, 4.7", "ATT&CK T1485"],
    rows: &[26],
    function: Function::TrailGuard,
    watches: &[Watch {
        source: "kms.amazonaws.com",
        names: &["ScheduleKeyDeletion"],
    }],
    scope: Scope::Protected,
    revert: Revert::Event,
    deployers_accepted: false,
    facets: &["key-state"],
    proof: Proof::Moto,
    judge: |call| life(call, "was scheduled for deletion", Life::PendingDeletion),
};

/// Row 276 of `events/TABLE.md`.
pub static KEY_LOCKOUT: Rule = Rule {
    id: "key.policy-lockout",
    title: "Locked out of a trail's key",
    severity: Severity::Critical,
    why: "a lock-out from a key cannot be undone by anybody but AWS support, and CloudTrail cannot deliver without it",
    controls: &[
        "CIS AWS Foundations 3.0: 3.5, 4.7",
        "ATT&CK T1531",
        "ATT&CK T1562.008",
    ],
    rows: &[276],
    function: Function::TrailGuard,
    watches: &[Watch {
        source: "kms.amazonaws.com",
        names: &["PutKeyPolicy"],
    }],
    scope: Scope::Protected,
    revert: Revert::Live,
    deployers_accepted: false,
    facets: &["key-policy"],
    proof: Proof::Moto,
    judge: lockout,
};

/// Row 27 of `events/TABLE.md`.
pub static KEY_OPENED: Rule = Rule {
    id: "key.policy-opened",
    title: "Trail's key opened",
    severity: Severity::Critical,
    why: "outsiders who may use the key read the logs that it encrypts; services that lost it cannot deliver",
    controls: &["CIS AWS Foundations 3.0: 3.5, 4.7", "ATT&CK T1098"],
    rows: &[27],
    function: Function::TrailGuard,
    watches: &[Watch {
        source: "kms.amazonaws.com",
        names: &["PutKeyPolicy"],
    }],
    scope: Scope::Protected,
    revert: Revert::Live,
    deployers_accepted: false,
    facets: &["key-policy"],
    proof: Proof::Moto,
    judge: opened,
};

/// Calls that end a key's use for the time being.
fn life(call: &Call<'_>, what: &str, wrote: Life) -> Judged {
    let key = match subject(call) {
        Ok(key) => key,
        Err(judged) => return judged,
    };
    let summary = format!("key {}{} {what}", key.name(), used_by(call, &key.resource));
    let step = Step::<KeyState>::new(key.clone(), KeyWish::Enabled).wrote(wrote);
    Draft::new(key.resource, summary).step(step).into()
}

fn lockout(call: &Call<'_>) -> Judged {
    let key = match subject(call) {
        Ok(key) => key,
        Err(judged) => return judged,
    };
    let document = document(call);
    let wish = wish(call, &key, document.as_ref());
    let step = Step::<KeyPolicy>::new(key.clone(), wish.clone());
    let name = format!("key {}{}", key.name(), used_by(call, &key.resource));
    let Some(document) = document else {
        let summary =
            format!("the policy of {name} was replaced, and the record does not say by which");
        let all = KeyPolicyWish {
            outsiders: true,
            ..wish
        };
        let step = Step::<KeyPolicy>::new(key.clone(), all);
        return Judged::CannotTell(Draft::new(key.resource, summary).step(step));
    };
    let out = locked_out(&document, &key.resource, &wish, None, call.settings);
    let open = may_be_denied(&document, &key.resource, None, call.settings);
    let step = step.wrote(PolicyState::Document(document));
    let mut told: Vec<_> = out.iter().map(|one| one.who.as_str()).collect();
    // Of a lock-out that is sure nothing more need be said.
    if told.is_empty() {
        told.extend(open.as_deref());
    }
    let told_nothing = told.is_empty();
    let summary = format!("the policy of {name} was replaced: {}", told.join("; "));
    let draft = Draft::new(key.resource, summary).step(step);
    match out.iter().find(|one| !one.unclear) {
        Some(_) => draft.into(),
        None if told_nothing => Judged::Clean,
        None => Judged::CannotTell(draft),
    }
}

/// What must hold of a key's policy besides that it lets no outsider in.
fn wish(call: &Call<'_>, key: &At, document: Option<&Document>) -> KeyPolicyWish {
    let trails = call
        .inventory
        .encrypting_with(&key.resource)
        .map(|used| used.trail.clone());
    let mut wish = KeyPolicyWish {
        trails: trails.collect(),
        owner: true,
        outsiders: false,
    };
    if wish.trails.is_empty() && !call.settings.given {
        // Without settings every key counts as a trail's: the one that its own
        // document speaks of, else any of the account.
        let spoken_of = document.and_then(|document| named(document, key));
        wish.trails = vec![spoken_of.unwrap_or_else(|| any(key))];
    }
    wish
}

fn opened(call: &Call<'_>) -> Judged {
    let key = match subject(call) {
        Ok(key) => key,
        Err(judged) => return judged,
    };
    let document = document(call);
    let lost = wish(call, &key, document.as_ref());
    let wish = KeyPolicyWish {
        outsiders: true,
        ..lost.clone()
    };
    let step = Step::<KeyPolicy>::new(key.clone(), wish);
    let name = format!("key {}{}", key.name(), used_by(call, &key.resource));
    // What the record does not show is the lock-out rule's to ask about.
    let Some(document) = document else {
        return Judged::Clean;
    };
    let locks_out = !locked_out(&document, &key.resource, &lost, None, call.settings).is_empty();
    let analysis = analyze(&document, Kind::Key, &call.zone(&key.account));
    let step = step.wrote(PolicyState::Document(document));
    let draft = |what: &str| {
        let summary = format!("the policy of {name} {what}");
        Draft::new(key.resource.as_str(), summary).step(step.clone())
    };
    // For whom CloudWatch Logs uses a key is said by the encryption context, as
    // AWS documents it; that lets nobody in by itself.
    let by_services = analysis.is_doubted_for_services_only();
    match &analysis.foreign {
        Foreign::Yes => {
            let admitted = analysis.admissions.iter();
            let mut who: Vec<_> = admitted
                .flat_map(|one| one.principals.iter().map(String::as_str))
                .collect();
            who.dedup();
            draft(&format!("lets {} in", who.join(", "))).into()
        }
        Foreign::CannotTell(why) if !by_services => {
            Judged::CannotTell(draft(&format!("may let outsiders in: {why}")))
        }
        // Who is locked out is that rule's finding, and gets back what was lost.
        Foreign::No | Foreign::CannotTell(_) if locks_out => Judged::Clean,
        // What a deployer wrote and lets no outsider in is the deployer's business.
        _ if call.settings.is_deployer(Actor::of(call.record)) => Judged::Clean,
        Foreign::No | Foreign::CannotTell(_) => call.only_the_baseline_tells(draft(
            "was replaced; whether a service or a Deny was lost, only the known policy tells",
        )),
    }
}

/// The document that a `PutKeyPolicy` set: a string of JSON, or an object.
fn document(call: &Call<'_>) -> Option<Document> {
    let policy = call.request()?.get("policy")?;
    if policy.is_object() {
        return Document::parse(policy.text()).ok();
    }
    Document::parse(&policy.scalar()?).ok()
}

/// A trail of the key's account that a document names.
fn named(document: &Document, key: &At) -> Option<String> {
    let texts = document.as_json().split('"');
    let mut arns = texts.filter(|text| {
        !text.contains(['*', '?', '$'])
            && Arn::parse(text).is_some_and(|arn| {
                arn.service == "cloudtrail"
                    && arn.account == key.account
                    && arn.resource.starts_with("trail/")
            })
    });
    arns.next().map(str::to_owned)
}

/// A trail of the key's account and region, whatever its name.
fn any(key: &At) -> String {
    let At {
        account,
        region,
        resource,
        ..
    } = key;
    let partition = Arn::parse(resource).map_or("aws", |arn| arn.partition);
    format!("arn:{partition}:cloudtrail:{region}:{account}:trail/trail")
}

/// Which trails need a key, for people.
pub(super) fn used_by(call: &Call<'_>, key: &str) -> String {
    let names = call
        .inventory
        .encrypting_with(key)
        .filter_map(|used| Arn::parse(&used.trail));
    let names: Vec<_> = names.map(|arn| arn.name()).collect();
    if names.is_empty() {
        String::new()
    } else {
        format!(" of trail {}", names.join(" and "))
    }
}

/// The protected key that a call is about; else what the call amounts to.
pub(super) fn subject(call: &Call<'_>) -> Result<At, Judged> {
    let Some(key) = key(call) else {
        let what = format!(
            "{} on a key that the record does not name",
            call.record.event_name
        );
        return Err(Judged::CannotTell(Draft::new("", what)));
    };
    if call.settings.protects(&key.resource, call.inventory) {
        Ok(key)
    } else {
        Err(Judged::Clean)
    }
}

/// The key that a call is about: by the ARN that the answer, the list of
/// resources, the request or the refusal gives; else by its ID in the record's
/// account and region. Aliases do not tell: they can be moved.
fn key(call: &Call<'_>) -> Option<At> {
    let is_key = |text: &str| {
        Arn::parse(text).is_some_and(|arn| arn.service == "kms" && arn.resource.starts_with("key/"))
    };
    let answered = call
        .record
        .response()
        .and_then(|response| response.string("keyId"));
    let listed = call
        .record
        .resources()
        .into_iter()
        .filter_map(|(arn, _)| arn)
        .map(Some);
    let asked = call.parameter("keyId");
    let arns = [answered, asked.clone()]
        .into_iter()
        .chain(listed)
        .flatten();
    let arn = arns
        .map(std::borrow::Cow::into_owned)
        .chain(call.refused("kms").map(str::to_owned))
        .find(|arn| is_key(arn));
    if let Some(text) = arn {
        let arn = Arn::parse(&text)?;
        return Some(At::new(arn.account, arn.region, text.as_str()));
    }
    let id = asked.filter(|id| is_shown(id) && !id.contains([':', '/']))?;
    let (partition, region, account) = (call.partition(), &call.record.region, call.account());
    Some(call.here(format!("arn:{partition}:kms:{region}:{account}:key/{id}")))
}
