//! Every row once more where Auditward is not: in a member account, in another
//! region.

use super::{Ends, Row, all, case_of, expect_end, expect_steps, expect_told, outcome_of, samples};
use crate::moto::Account;
use crate::scene::REGION;
use crate::scene::place::Place;
use crate::stage::{ENFORCE, Guard, Stage, is_central};

/// A function's samples that nobody can act out elsewhere, by how their names
/// begin, and why.
const ONLY_AT_HOME: &[(&str, &[&str], &str)] = &[
    (
        "organization-guard",
        &[""],
        "Organizations answers the management account and its delegates, in one region",
    ),
    (
        "self-guard",
        &[
            "guard-bus.",
            "guard-function.",
            "guard-rule.",
            "guard-schedule.",
            "queue.policy-weakened.",
            "queue.settings-changed.",
            "subscription.",
            "table.",
            "topic.policy-weakened.",
            "topic.settings-changed.",
        ],
        "Auditward's own, which the home stack alone deploys: member accounts have nothing but its role",
    ),
];

/// Plays all rows elsewhere that can be acted out there.
pub async fn elsewhere(function: &'static str, rows: &'static [Row]) {
    let mut at_home = Vec::new();
    for (_, beginnings, why) in ONLY_AT_HOME.iter().filter(|one| one.0 == function) {
        for beginning in *beginnings {
            let begins = format!("{function}/{beginning}");
            let known = samples(function, "violation");
            let used = known.iter().any(|sample| sample.starts_with(&begins));
            assert!(used && !why.is_empty(), "{begins}: no such sample");
            at_home.push(*beginning);
        }
    }
    let abroad = |row: &&Row| !at_home.iter().any(|begin| row.sample.starts_with(begin));
    all(rows.iter().filter(abroad), |row| put_back(function, row)).await;
}

/// GIVEN recorded baselines, WHEN somebody does it in a member account and another
/// region, THEN it is put back there and told once, and nothing is kept there.
async fn put_back(function: &'static str, row: &'static Row) {
    let stage = Stage::elsewhere(ENFORCE).await;
    let Place { account, .. } = stage.scene.place;
    let event = stage.event(&format!("{function}/{}", row.sample));
    let region = event["detail"]["awsRegion"].clone();
    let region = region.as_str().unwrap_or_default();
    assert_eq!(event["detail"]["recipientAccountId"], account.id);
    assert_ne!(region, REGION);
    stage.scene.prepare(&stage.moto, &event).await;
    stage.take_baselines(function).await;
    let before = stage.look(&event).await;
    let event = stage.act(&event).await;
    let bad = stage.look(&event).await;
    assert_ne!(before, bad, "the act must show");

    let mut guard = stage.guard(function).await;
    let answer = guard.play(&event).await;
    expect_hands_there(&guard, account, region);
    let after = stage.look(&event).await;
    let id = case_of(&answer);
    let case = stage.case(&id).await;
    expect_end(row.known, &before, &bad, &after, &case);
    let alert = stage.alert().await;
    expect_told(&alert, row, &case, "enforce");
    let told = (alert.attribute("account"), alert.attribute("region"));
    assert_eq!(told, (account.id, region));
    assert_eq!(stage.documents("case/").await.len(), 1);
    if let Ends::Untouched(_) = row.known {
        assert_eq!(guard.writes(), [""; 0]);
        return guard.done();
    }
    expect_steps(&case);
    let metrics = guard.function.stdout();
    assert!(metrics.contains("\"Fixes\""), "metrics are central");

    // The same event again.
    guard.clear();
    let again = guard.play(&event).await;
    assert_eq!((case_of(&again), outcome_of(&again)), (id.clone(), "fixed"));
    assert_eq!(guard.writes(), [""; 0], "a duplicate writes nothing");
    assert_eq!(stage.alerts().await, [], "a duplicate alerts nobody");
    assert_eq!(stage.look(&event).await, after);
    guard.done();
}

/// What a function reads and writes it does as the role that it assumes in the
/// account, in the region of the event; what it remembers, tells and sends itself
/// stays at home, with its own identity.
fn expect_hands_there(guard: &Guard, account: Account, region: &str) {
    let calls = guard.proxy.calls();
    let mut assumed = calls.iter().filter(|call| call.name() == "sts:AssumeRole");
    let own = assumed.next().expect("a role");
    let role = format!("{}%3Arole%2Fauditward-member", account.id);
    assert!(own.text().contains(&role), "{}", own.text());
    assert!(assumed.next().is_none(), "one session is enough");
    let mut acted = 0;
    for call in &calls {
        let name = call.name();
        let signed = (call.access_key == own.access_key, call.region.as_str());
        if is_central(call) {
            assert_eq!(signed, (true, REGION), "{name}");
            continue;
        }
        // Where a bucket is can be asked anywhere, and is where nobody knows.
        let there = if name == "s3:GetBucketLocation" {
            REGION
        } else {
            region
        };
        assert_eq!(signed, (false, there), "{name}");
        if call.names_a_bucket() {
            assert_eq!(call.expected_owner(), Some(account.id), "{name}");
        }
        acted += 1;
    }
    assert!(acted > 0, "it looked at what is there");
}
