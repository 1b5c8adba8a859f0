//! The stories that every rule goes through: one row a sample event.

mod elsewhere;
mod suite;

pub use elsewhere::elsewhere;

use serde_json::{Value, json};

use crate::scene::OWN_ROLE;
use crate::stage::{ENFORCE, NOBODY, OPERATOR, OWN, Stage, called};

/// A violation and what becomes of it.
#[derive(Debug, Clone)]
pub struct Row {
    /// The sample's name in its function's folder, which begins with the rule's.
    pub sample: &'static str,
    /// What becomes of it where baselines were taken.
    pub known: Ends,
    /// What becomes of it where nothing is recorded.
    pub unknown: Ends,
    /// What an operator's undo does.
    pub undo: Undo,
}

/// What is live after Auditward has worked on it.
#[derive(Debug, Clone, Copy)]
pub enum Ends {
    /// What was there before the act.
    AsBefore,
    /// What this finds right, given what was before, and what is after.
    Safe(fn(before: &Value, after: &Value)),
    /// What the act left, with this outcome: a person must do it.
    Untouched(&'static str),
}

/// What undo does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Undo {
    /// What the act left is back.
    Back,
    /// It refuses: no function may switch evidence off.
    Refused,
}

impl Row {
    /// A row whose violation is put back, with or without a baseline.
    pub const fn back(sample: &'static str) -> Self {
        Self {
            sample,
            known: Ends::AsBefore,
            unknown: Ends::AsBefore,
            undo: Undo::Back,
        }
    }

    /// What becomes of it with a baseline.
    #[must_use]
    pub const fn known(mut self, ends: Ends) -> Self {
        self.known = ends;
        self
    }

    /// What becomes of it without a baseline.
    #[must_use]
    pub const fn unknown(mut self, ends: Ends) -> Self {
        self.unknown = ends;
        self
    }

    /// What becomes of it in either case.
    #[must_use]
    pub const fn ends(mut self, ends: Ends) -> Self {
        self.known = ends;
        self.unknown = ends;
        self
    }

    /// A row whose undo is refused.
    #[must_use]
    pub const fn for_good(mut self) -> Self {
        self.undo = Undo::Refused;
        self
    }

    /// The rule's id.
    pub fn rule(&self) -> String {
        self.sample.split('.').take(2).collect::<Vec<_>>().join(".")
    }
}

/// Runs a story for every row, and says which failed.
pub async fn all<F: Future<Output = ()> + Send + 'static>(
    rows: impl IntoIterator<Item = &'static Row>,
    story: impl Fn(&'static Row) -> F,
) {
    let rows = rows.into_iter();
    let told: Vec<_> = rows.map(|row| (row, tokio::spawn(story(row)))).collect();
    let mut failed = Vec::new();
    for (row, told) in told {
        if told.await.is_err() {
            failed.push(row.sample);
        }
    }
    assert!(failed.is_empty(), "failed: {failed:#?}");
}

/// Every rule of a function that puts something back has a row, and every permission that its hands
/// declare is used by some story of this process, but for these.
pub fn complete(function: &'static str, rows: &[Row], unused: &[&str]) {
    complete_for(function, &[], rows, unused);
}

/// The same for the rules and permissions of some services; of all where none is named.
pub fn complete_for(function: &'static str, services: &[&str], rows: &[Row], unused: &[&str]) {
    use auditward_hands::stack;
    use auditward_rules::registry::rules;
    use auditward_rules::rule::Proof;
    let about = |name: &str| {
        let service = name.split(['.', ':']).next().unwrap_or_default();
        services.is_empty() || services.contains(&service)
    };
    let of = rules().filter(|rule| rule.function.name() == function && rule.proof == Proof::Moto);
    let without: Vec<_> = of
        .filter(|rule| rule.watches.iter().any(|watch| about(watch.source)))
        .map(|rule| rule.id)
        .filter(|id| !rows.iter().any(|row| row.rule() == *id))
        .collect();
    assert!(without.is_empty(), "rules without a row: {without:?}");
    let mut declared = crate::permissions::of_hands(function);
    // Which stack it was is asked of no row, but in a story of its own (suite `settings`).
    let stack = |action: &str| stack::PERMISSIONS.iter().any(|one| one.action == action);
    declared.retain(|action| about(action) && !stack(action));
    let missing: Vec<_> = declared.difference(&called(function)).cloned().collect();
    assert_eq!(missing, unused, "declared and never called");
}

/// The case that an answer names, if it names one.
pub fn case_of(answer: &Value) -> String {
    answer["cases"][0]["id"]
        .as_str()
        .unwrap_or_default()
        .to_owned()
}

/// The outcome of that case.
pub fn outcome_of(answer: &Value) -> &str {
    answer["cases"][0]["outcome"].as_str().unwrap_or_default()
}

/// GIVEN recorded baselines, WHEN somebody does it, THEN it is put back once,
/// told once, and undone by an operator alone.
pub async fn put_back(function: &'static str, row: &'static Row) {
    let stage = Stage::set(ENFORCE).await;
    let event = stage.event(&format!("{function}/{}", row.sample));
    stage.scene.prepare(&stage.moto, &event).await;
    stage.take_baselines(function).await;
    let before = stage.look(&event).await;
    let event = stage.act(&event).await;
    let bad = stage.look(&event).await;
    assert_ne!(before, bad, "the act must show");

    let mut guard = stage.guard(function).await;
    let answer = guard.play(&event).await;
    let after = stage.look(&event).await;
    let id = case_of(&answer);
    let case = stage.case(&id).await;
    expect_end(row.known, &before, &bad, &after, &case);
    let alert = stage.alert().await;
    expect_told(&alert, row, &case, "enforce");
    if let Ends::Untouched(_) = row.known {
        assert_eq!(guard.writes(), [""; 0]);
        return guard.done();
    }
    // What the record leaves open, the settings or the inventory may decide.
    let said = row.sample.split('.').nth(2).unwrap_or_default();
    let verdict = answer["verdict"].as_str().unwrap_or_default();
    assert!(verdict == said || (said, verdict) == ("cannot-tell", "violation"));
    expect_steps(&case);

    // The same event again.
    guard.clear();
    let again = guard.play(&event).await;
    assert_eq!((case_of(&again), outcome_of(&again)), (id.clone(), "fixed"));
    assert_eq!(guard.writes(), [""; 0], "a duplicate writes nothing");
    assert_eq!(stage.alerts().await, [], "a duplicate alerts nobody");
    assert_eq!(stage.case(&id).await, case);

    // Undo: not by anybody.
    guard.clear();
    guard.undo(NOBODY, &id).await;
    assert_eq!(guard.writes(), [""; 0]);
    let refused = stage.alert().await;
    assert!(refused.subject.contains("undo failed"), "{refused:?}");
    assert_eq!(stage.look(&event).await, after);

    guard.undo(OPERATOR, &id).await;
    let told = stage.alert().await;
    if row.undo == Undo::Refused {
        assert!(told.subject.contains("undo failed"), "{told:?}");
        assert_eq!(stage.look(&event).await, after);
        return refused_undo_excuses_nothing(&stage, guard, event, &after).await;
    }
    assert_eq!(told.attribute("outcome"), "undone", "{told:?}");
    assert_eq!(stage.case(&id).await["outcome"], "undone");
    assert_eq!(stage.look(&event).await, bad, "what was there is back");
    undone_stays(&stage, guard, &event, &bad).await;
}

/// An undo that was refused accepts nothing: the next such act is put back.
async fn refused_undo_excuses_nothing(
    stage: &Stage,
    mut guard: crate::stage::Guard,
    event: Value,
    safe: &Value,
) {
    let next = stage.scene.adapt(&event);
    let next = stage.act(&next).await;
    let answer = guard.play(&next).await;
    assert_eq!(outcome_of(&answer), "fixed", "{answer}");
    assert_eq!(&stage.look(&event).await, safe);
    guard.done();
}

/// Neither the undo's own event nor judging again touches what was undone.
async fn undone_stays(stage: &Stage, mut guard: crate::stage::Guard, event: &Value, bad: &Value) {
    let ledger = stage.documents("write/").await;
    let mut own = stage.scene.adapt(event);
    let request = ledger.keys().next_back().expect("a write in the ledger");
    own["detail"]["requestID"] = json!(request.trim_start_matches("write/"));
    own["detail"]["userIdentity"] = own_identity(guard.name);
    guard.clear();
    let answer = guard.play(&own).await;
    assert!(
        answer["notes"].to_string().contains("our own write"),
        "{answer}"
    );
    for last in [false, true] {
        let again = json!({"auditward": "judge-again", "last": last, "event": event});
        guard.ask(OWN, &again).await;
    }
    // And somebody who does just that again does what was accepted.
    guard.play(&stage.scene.adapt(event)).await;
    assert_eq!(guard.writes(), [""; 0]);
    assert_eq!(stage.alerts().await, []);
    assert_eq!(&stage.look(event).await, bad);
    guard.done();
}

/// An event as if this role had done it, which has this unique ID.
pub fn by(mut event: Value, role: &str, id: &str) -> Value {
    event["detail"]["userIdentity"] = json!({
        "type": "AssumedRole",
        "principalId": format!("{id}:session"),
        "arn": "arn:aws:sts::111111111111:assumed-role/somebody/session",
        "accountId": "111111111111",
        "sessionContext": {"sessionIssuer": {"type": "Role", "principalId": id, "arn": role}},
    });
    event
}

/// The identity under which a function's own calls are logged.
pub fn own_identity(function: &str) -> Value {
    let role = format!("auditward-{function}");
    json!({
        "type": "AssumedRole",
        "principalId": format!("{OWN_ROLE}:{role}"),
        "arn": format!("arn:aws:sts::111111111111:assumed-role/{role}/{role}"),
        "accountId": "111111111111",
        "sessionContext": {"sessionIssuer": {
            "type": "Role",
            "principalId": OWN_ROLE,
            "arn": format!("arn:aws:iam::111111111111:role/{role}"),
            "accountId": "111111111111",
            "userName": role,
        }},
    })
}

fn expect_end(ends: Ends, before: &Value, bad: &Value, after: &Value, case: &Value) {
    match ends {
        Ends::AsBefore => assert_eq!(before, after, "{case:#}"),
        Ends::Safe(is_right) => {
            assert_ne!(bad, after, "{case:#}");
            is_right(before, after);
        }
        Ends::Untouched(outcome) => {
            assert_eq!(bad, after);
            assert_eq!(case["outcome"], outcome, "{case:#}");
            return;
        }
    }
    assert_eq!(case["outcome"], "fixed", "{case:#}");
}

fn expect_steps(case: &Value) {
    let steps = case["steps"].as_array().cloned().unwrap_or_default();
    assert!(!steps.is_empty(), "{case:#}");
    for step in steps {
        let kept = ["before", "to"]
            .iter()
            .all(|side| step.get(*side).is_some());
        assert!(kept && step["done"] == true, "{step:#}");
    }
}

fn expect_told(alert: &crate::stage::Alert, row: &Row, case: &Value, mode: &str) {
    assert_eq!(alert.attribute("rule"), row.rule());
    assert_eq!(alert.attribute("mode"), mode);
    for name in ["severity", "account", "region", "outcome"] {
        assert_eq!(case[name], alert.attribute(name), "{name}");
    }
    assert!(alert.subject.is_ascii() && alert.subject.len() <= 100);
    assert_eq!(alert.finding["class_uid"], 2004);
    assert_eq!(alert.finding["unmapped"]["case"], case["id"]);
    assert_eq!(alert.finding["unmapped"]["outcome"], case["outcome"]);
}

/// GIVEN no baseline, WHEN somebody does it, THEN the constant safe state is
/// written, or a person is told.
pub async fn without_baseline(function: &'static str, row: &'static Row) {
    let stage = Stage::set(ENFORCE).await;
    let event = stage.event(&format!("{function}/{}", row.sample));
    stage.scene.prepare(&stage.moto, &event).await;
    stage.know_the_trail().await;
    let before = stage.look(&event).await;
    let event = stage.act(&event).await;
    let bad = stage.look(&event).await;
    let mut guard = stage.guard(function).await;
    let answer = guard.play(&event).await;
    let case = stage.case(&case_of(&answer)).await;
    expect_end(row.unknown, &before, &bad, &stage.look(&event).await, &case);
    expect_told(&stage.alert().await, row, &case, "enforce");
    guard.done();
}

/// GIVEN mode `alert`, WHEN somebody does it, THEN nothing is written, and the
/// alert says what would be.
pub async fn only_told(function: &'static str, row: &'static Row) {
    let stage = Stage::set(&ENFORCE.replace("default = \"enforce\"", "default = \"alert\"")).await;
    let event = stage.event(&format!("{function}/{}", row.sample));
    stage.scene.prepare(&stage.moto, &event).await;
    stage.take_baselines(function).await;
    let event = stage.act(&event).await;
    let bad = stage.look(&event).await;
    let mut guard = stage.guard(function).await;
    let answer = guard.play(&event).await;
    let case = stage.case(&case_of(&answer)).await;
    let expected = match row.known {
        Ends::Untouched(outcome) => outcome,
        _ => "would-fix",
    };
    assert_eq!(case["outcome"], expected, "{case:#}");
    let alert = stage.alert().await;
    expect_told(&alert, row, &case, "alert");
    if expected == "would-fix" {
        assert!(
            // That something would be gone is told as null.
            alert.finding["unmapped"]["steps"][0].get("to").is_some(),
            "{alert:#?}"
        );
    }
    assert_eq!(guard.writes(), [""; 0]);
    assert_eq!(stage.look(&event).await, bad);
    guard.done();
}

/// The names of a function's samples with this word in their place.
pub fn samples(function: &str, word: &str) -> Vec<String> {
    let folder = crate::binaries::root().join("events").join(function);
    let files = std::fs::read_dir(folder).expect("samples");
    let names = files.filter_map(|file| file.ok()?.file_name().into_string().ok());
    let mut names: Vec<_> = names
        .filter(|name| name.split('.').nth(2) == Some(word))
        .map(|name| format!("{function}/{}", name.trim_end_matches(".json")))
        .collect();
    names.sort();
    names
}

/// GIVEN a call that failed, THEN nothing is written, it is told once, and the
/// next one of the same hour folds into the same case.
pub async fn attempts(function: &'static str, unprotected: &[&str]) {
    let stage = Stage::set(ENFORCE).await;
    stage.take_baselines(function).await;
    let mut guard = stage.guard(function).await;
    for sample in samples(function, "attempt") {
        guard.clear();
        let event = stage.event(&sample);
        let mut again = stage.event(&sample);
        again["detail"]["eventTime"] = event["detail"]["eventTime"].clone();
        let first = guard.play(&event).await;
        if unprotected.iter().any(|name| sample.ends_with(name)) {
            assert_eq!(first["verdict"], "clean", "{sample}: {first}");
            continue;
        }
        assert_eq!(
            (&first["verdict"], outcome_of(&first)),
            (&json!("attempt"), "attempt"),
            "{sample}"
        );
        let told = stage.alerts().await.len();
        assert!(told <= 1, "{sample}: {told} alerts");
        let second = guard.play(&again).await;
        assert_eq!(case_of(&first), case_of(&second), "{sample}");
        assert_eq!(stage.alerts().await, [], "{sample}");
        assert_eq!(guard.writes(), [""; 0], "{sample}");
    }
    guard.done();
}

/// Whether a sample is clean by settings that guard less and accept more than
/// those of the stage: the samples' own test judges it by them.
fn needs_other_settings(sample: &str) -> bool {
    let variant = sample.splitn(4, '.').nth(3).unwrap_or_default();
    let starts = ["unguarded", "deployer", "settings-"];
    starts.iter().any(|start| variant.starts_with(start))
}

/// GIVEN a harmless call that looks like a bad one, of some services or, where none is
/// named, of all, THEN nothing is written, kept or told.
pub async fn clean(function: &'static str, services: &[&str], unacted: &[&str]) {
    let stage = Stage::set(ENFORCE).await;
    stage.take_baselines(function).await;
    let mut guard = stage.guard(function).await;
    for sample in samples(function, "clean") {
        if needs_other_settings(&sample) {
            continue;
        }
        let event = stage.event(&sample);
        let source = event["detail"]["eventSource"].as_str().unwrap_or_default();
        let service = source.split('.').next().unwrap_or_default();
        if !services.is_empty() && !services.contains(&service) {
            continue;
        }
        if !unacted.iter().any(|name| sample.ends_with(name)) {
            stage.scene.prepare(&stage.moto, &event).await;
            stage.act(&event).await;
        }
        guard.clear();
        let answer = guard.play(&event).await;
        assert_eq!(answer["verdict"], "clean", "{sample}: {answer}");
        assert_eq!(guard.writes(), [""; 0], "{sample}");
        assert_eq!(stage.alerts().await, [], "{sample}");
    }
    assert!(stage.documents("case/").await.is_empty());
    guard.done();
}
