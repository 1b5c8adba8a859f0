//! What holds Auditward back, and what people may do.

use super::*;

#[tokio::test]
async fn without_a_store_evidence_is_switched_on_all_the_same() {
    let world = World {
        store_down: true,
        ..World::default()
    };
    let answer = stopped(&world, 0).await;
    assert!(*world.logging.lock().unwrap());
    assert_eq!(world.alerts(), ["fixed"]);
    assert!(
        answer.retry.is_some(),
        "the case is stored when the store is back"
    );
}

#[tokio::test]
async fn what_another_invocation_works_on_is_left_to_it() {
    let mut world = world(ENFORCE).await;
    world.refuses_at = Some((4, FailureKind::Denied));
    stopped(&world, 0).await;
    let mut case = world.case().await.unwrap();
    case.lease = at(100);
    case.outcome = Outcome::Open;
    let item = world
        .store
        .get(&[keys::case(&case.id)])
        .await
        .unwrap()
        .remove(&keys::case(&case.id))
        .unwrap();
    let put = Put::new(
        keys::case(&case.id),
        crate::store::Expect::Version(item.version),
        &case,
    )
    .unwrap();
    world.store.put(&[put]).await.unwrap();
    let writes = world.writes.load(Ordering::SeqCst);
    assert!(stopped(&world, 20).await.retry.is_some());
    assert_eq!(world.writes.load(Ordering::SeqCst), writes);
}

/// A world of bucket-guard.
async fn bucket_world(settings: &str) -> World {
    World {
        function: Some(Function::BucketGuard),
        ..world(settings).await
    }
}

const SUSPENDED: &str = r#"{"eventSource":"s3.amazonaws.com","eventName":"PutBucketVersioning","awsRegion":"eu-west-1","recipientAccountId":"111111111111","eventID":"event-1","eventTime":"2026-11-20T10:00:00Z","userIdentity":{"type":"IAMUser","arn":"arn:aws:iam::111111111111:user/mallory","accountId":"111111111111"},"requestParameters":{"bucketName":"logs","versioning":"","VersioningConfiguration":{"Status":"Suspended"}}}"#;

#[tokio::test]
async fn an_operator_undoes_with_a_reason_and_the_restored_state_is_accepted() {
    let world = bucket_world(ENFORCE).await;
    judged(&world, SUSPENDED, 0, Turn::First).await;
    assert!(*world.logging.lock().unwrap());
    let id = world.case().await.unwrap().id;
    let memo = Memo::new(Settings::default());
    let pipeline = Pipeline {
        guard: &world,
        store: &world,
        outside: &world,
        memo: &memo,
        now: at(400),
        started: Instant::now(),
        deadline: at(450),
    };
    let undo = |reason: &str| Undo {
        case: id.clone(),
        reason: reason.into(),
    };
    pipeline.undo(&undo("meant"), "AROASTRANGER").await;
    pipeline.undo(&undo(" "), "AROAEXAMPLEOPERATOR01").await;
    assert!(
        *world.logging.lock().unwrap(),
        "neither a stranger nor an operator without a reason"
    );
    let answer = pipeline
        .undo(&undo("planned work"), "AROAEXAMPLEOPERATOR01")
        .await;
    assert_eq!(answer.cases, [(id, Outcome::Undone)]);
    assert!(!*world.logging.lock().unwrap());

    let same_again = SUSPENDED.replace("event-1", "event-2");
    judged(&world, &same_again, 500, Turn::First).await;
    assert!(!*world.logging.lock().unwrap(), "accepted for a day");
    judged(
        &world,
        &SUSPENDED.replace("event-1", "event-3"),
        400 + 90_000,
        Turn::First,
    )
    .await;
    assert!(*world.logging.lock().unwrap(), "and not longer");
}

/// What is only ever switched on is not switched off again, not even to undo.
#[tokio::test]
async fn evidence_is_not_switched_off_to_undo() {
    let world = world(ENFORCE).await;
    stopped(&world, 0).await;
    let id = world.case().await.unwrap().id;
    let memo = Memo::new(Settings::default());
    let pipeline = Pipeline {
        guard: &world,
        store: &world,
        outside: &world,
        memo: &memo,
        now: at(400),
        started: Instant::now(),
        deadline: at(450),
    };
    let undo = Undo {
        case: id,
        reason: "planned work".into(),
    };
    let answer = pipeline.undo(&undo, "AROAEXAMPLEOPERATOR01").await;
    assert!(answer.cases.is_empty());
    assert!(*world.logging.lock().unwrap());
    assert_eq!(
        world.alerts(),
        ["fixed", "notice"],
        "and people are told why"
    );
}

#[tokio::test]
async fn a_flood_of_findings_folds_but_critical_ones_are_always_told() {
    let quiet = format!(
        "{ENFORCE}[alerts]\nper_account_and_hour = 1\n[severity]\n\"trail.logging-stopped\" = \"medium\"\n"
    );
    let flood = async |settings: &str| {
        let world = world(&settings.replace("\"enforce\"", "\"alert\"")).await;
        for nth in 0..4 {
            let event = STOPPED.replace("event-1", &format!("event-{nth}"));
            judged(&world, &event, nth, Turn::First).await;
        }
        world.alerts().len()
    };
    assert_eq!(flood(&quiet).await, 2, "one alert and one digest");
    assert_eq!(flood(&quiet.replace("medium", "critical")).await, 4);
}

#[tokio::test]
async fn the_kill_switch_stops_writes_and_is_told_once_an_hour() {
    let settings = format!(
        "{ENFORCE}[kill_switch]\nby = \"alice\"\nreason = \"migration\"\nuntil = 2026-11-20T12:00:00Z\n"
    );
    let world = world(&settings).await;
    stopped(&world, 0).await;
    judged(
        &world,
        &STOPPED.replace("event-1", "event-2"),
        5,
        Turn::First,
    )
    .await;
    assert_eq!(world.writes.load(Ordering::SeqCst), 0);
    assert_eq!(world.alerts(), ["would-fix", "notice", "would-fix"]);
    judged(
        &world,
        &STOPPED.replace("event-1", "event-3"),
        8_000,
        Turn::First,
    )
    .await;
    assert!(*world.logging.lock().unwrap(), "it ends by itself");
}

const STARTED_BY_DEPLOYER: &str =
    "[[deployers]]\nprincipal = \"arn:aws:iam::111111111111:role/deploy\"\nreason = \"pipeline\"\n";

/// A deployer's change that the event does not tell in full: the old baseline
/// must not be put back over it.
#[tokio::test]
async fn a_deployers_change_that_the_event_does_not_tell_outdates_the_baseline() {
    let world = World {
        function: Some(Function::RoleGuard),
        ..world(&format!("{ENFORCE}{STARTED_BY_DEPLOYER}")).await
    };
    let role = "arn:aws:iam::111111111111:role/auditward-trail-guard";
    let tagged = r#"{"eventSource":"iam.amazonaws.com","eventName":"TagRole","awsRegion":"us-east-1","recipientAccountId":"111111111111","eventID":"tagged","eventTime":"2026-11-20T10:00:00Z","userIdentity":{"type":"AssumedRole","accountId":"111111111111","sessionContext":{"sessionIssuer":{"arn":"arn:aws:iam::111111111111:role/deploy"}}},"requestParameters":{"roleName":"auditward-trail-guard","tags":[{"key":"team","value":"x"}]}}"#;
    let record = Record::read(tagged).unwrap();
    let settings = Settings::parse(&format!("{ENFORCE}{STARTED_BY_DEPLOYER}")).unwrap();
    let accepted = judge(&record, &settings, &Inventory::default(), at(0)).accepted;
    let plan = accepted
        .iter()
        .find(|plan| plan.at().resource == role)
        .expect("the deployer's change is accepted");
    assert_eq!(plan.wrote(), None, "or this tests nothing");
    let baseline = Baseline::after(None, plan.clone(), json!({}), true, "test", at(0));
    let key = keys::baseline(plan.kind(), plan.at());
    world
        .store
        .put(&[Put::new(key.clone(), crate::store::Expect::Absent, &baseline).unwrap()])
        .await
        .unwrap();

    judged(&world, tagged, 0, Turn::First).await;

    let items = world.store.get(std::slice::from_ref(&key)).await.unwrap();
    assert!(items[&key].read::<Baseline>().unwrap().outdated);
}
