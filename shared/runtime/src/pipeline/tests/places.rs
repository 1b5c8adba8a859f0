//! Where a function looks: every account and region of the settings.

use auditward_rules::facet::Step;
use auditward_rules::facets::kept::AsRecorded;
use auditward_rules::facets::topic::TopicSettings;
use auditward_rules::facets::trail::{TrailConfig, TrailWish};
use futures_util::future::join;

use super::*;

const MEMBER: &str = "222222222222";

fn settings(more: &str) -> String {
    let accounts = "accounts = [\"111111111111\"]";
    let ours = format!("accounts = [\"111111111111\", \"{MEMBER}\"]\n{more}");
    ENFORCE.replace(accounts, &ours)
}

fn trail_in(account: &str, region: &str) -> At {
    let arn = format!("arn:aws:cloudtrail:{region}:{account}:trail/audit");
    At::new(account, region, arn)
}

/// The places of the messages that were sent, which are taken off the queue.
fn asked(world: &World) -> Vec<(Value, Place, usize)> {
    let messages = std::mem::take(&mut *world.messages.lock().unwrap());
    let messages = messages
        .iter()
        .map(|text| serde_json::from_str::<Value>(text).unwrap());
    let asked = messages.filter(|message| message["auditward"].to_string().contains("sweep"));
    asked
        .map(|message| {
            let from = message["from"].as_u64().unwrap_or_default();
            let what = message["auditward"].clone();
            let place = serde_json::from_value(message).unwrap();
            (what, place, usize::try_from(from).unwrap())
        })
        .collect()
}

/// One hour's sweep, with all the messages that it sends itself.
async fn swept(world: &World, seconds: i64) -> usize {
    let memo = Memo::new(Settings::default());
    let pipeline = pipeline(world, &memo, seconds);
    pipeline.sweep(None).await;
    let mut queue = asked(world);
    let mut count = 0;
    while let Some((_, place, from)) = queue.pop() {
        pipeline.sweep_place(&place, from).await;
        queue.extend(asked(world));
        count += 1;
        assert!(count < 50, "it comes to an end");
    }
    count
}

/// GIVEN a trail in another region of another account, which no event ever told
/// of, THEN the sweep finds it there, and what stops it later is healed.
#[tokio::test]
async fn what_is_elsewhere_is_found_where_it_stands() {
    let mut world = world(&settings("regions = [\"ap-southeast-2\"]")).await;
    world.guarded = vec![trail_in(MEMBER, "ap-southeast-2")];
    *world.logging.lock().unwrap() = true;
    assert_eq!(swept(&world, 0).await, 4, "two accounts in two regions");
    let mut places = world.discovered.lock().unwrap().clone();
    places.sort();
    let each = [
        place("111111111111", "ap-southeast-2"),
        place("111111111111", "eu-west-1"),
        place(MEMBER, "ap-southeast-2"),
        place(MEMBER, "eu-west-1"),
    ];
    assert_eq!(places, each, "each is discovered in once");
    assert_eq!(world.alerts(), [""; 0]);
    *world.logging.lock().unwrap() = false;
    swept(&world, 3600).await;
    assert!(*world.logging.lock().unwrap());
    assert_eq!(world.alerts(), ["fixed"]);
}

/// GIVEN an account that lets nobody in, THEN everything else is looked at all the
/// same, and it is told in one report a day.
#[tokio::test]
async fn an_account_that_lets_nobody_in_hinders_no_other_and_is_told_once() {
    let mut world = world(&settings("regions = [\"ap-southeast-2\"]")).await;
    world.guarded = vec![
        trail_in("111111111111", "ap-southeast-2"),
        trail_in(MEMBER, "eu-west-1"),
    ];
    swept(&world, 0).await;
    world.alerts.lock().unwrap().clear();
    world.closed = Some(MEMBER);
    for hour in 1..4 {
        *world.logging.lock().unwrap() = false;
        swept(&world, hour * 3600).await;
        assert!(*world.logging.lock().unwrap(), "the other trail is started");
    }
    let alerts = world.alerts.lock().unwrap().clone();
    let told = |word: &str| alerts.iter().filter(|one| one.text.contains(word)).count();
    assert_eq!(told("not let in"), 1, "{alerts:#?}");
    assert_eq!(told(MEMBER), 1, "{alerts:#?}");
    // Once it lets somebody in again it is forgotten.
    world.closed = None;
    swept(&world, 4 * 3600).await;
    world.alerts.lock().unwrap().clear();
    swept(&world, 30 * 3600).await;
    assert!(world.alerts.lock().unwrap().is_empty());
}

/// GIVEN many places and little time, THEN the sweep goes on where it was.
#[tokio::test]
async fn a_sweep_that_has_no_time_goes_on_where_it_was() {
    let many: Vec<String> = (0..25)
        .map(|n| format!("{:012}", 300_000_000_000_u64 + n))
        .collect();
    let ours = format!("accounts = {many:?}");
    let world = world(&ENFORCE.replace("accounts = [\"111111111111\"]", &ours)).await;
    let memo = Memo::new(Settings::default());
    let mut late = pipeline(&world, &memo, 0);
    late.deadline = late.now + Duration::seconds(5);
    let mut seen = Vec::new();
    let mut after = None;
    for _ in 0..4 {
        late.sweep(after.as_ref()).await;
        after = None;
        for (what, place, _) in asked(&world) {
            match what.as_str() {
                Some("sweep") => after = Some(place),
                _ => seen.push(place),
            }
        }
        if after.is_none() {
            break;
        }
    }
    let mut each = seen.clone();
    each.sort();
    each.dedup();
    assert_eq!((seen.len(), each.len()), (26, 26));
}

/// GIVEN two places that are looked at in the same moment, THEN the inventory has
/// what both found.
#[tokio::test]
async fn what_two_places_find_at_once_is_kept_of_both() {
    let mut world = world(&settings("")).await;
    world.trails = ["111111111111", MEMBER]
        .map(|account| TrailUse {
            trail: trail_in(account, "eu-west-1").resource,
            bucket: format!("logs-{account}"),
            ..TrailUse::default()
        })
        .into();
    // Each has an inventory of its own in mind, from before.
    let memos = [(); 2].map(|()| Memo::new(Settings::default()));
    let one = pipeline(&world, &memos[0], 0);
    let other = pipeline(&world, &memos[1], 0);
    known_now(&one).await;
    known_now(&other).await;
    let (home, member) = (
        place("111111111111", "eu-west-1"),
        place(MEMBER, "eu-west-1"),
    );
    join(one.sweep_place(&home, 0), other.sweep_place(&member, 0)).await;
    let inventory = inventory(&world).await;
    assert_eq!(inventory.trails.len(), 2, "{inventory:?}");
}

/// GIVEN a trail that was moved, THEN looking at it takes nothing out of sight that
/// it used before; a deployer's or operator's word does.
#[tokio::test]
async fn what_a_moved_trail_used_stays_guarded_until_somebody_vouches_for_the_move() {
    let mut world = world(&settings("")).await;
    let at = trail();
    let used = |bucket: &str| TrailUse {
        trail: at.resource.clone(),
        bucket: bucket.into(),
        ..TrailUse::default()
    };
    let home = place("111111111111", "eu-west-1");
    for bucket in ["real", "evil"] {
        world.trails = vec![used(bucket)];
        pipeline(&world, &Memo::new(Settings::default()), 0)
            .sweep_place(&home, 0)
            .await;
    }
    let inventory = inventory(&world).await;
    assert_eq!(inventory.trails, [used("real")]);
    assert!(inventory.uses("arn:aws:s3:::real") && inventory.uses("arn:aws:s3:::evil"));
    let plan: Plan = Step::<TrailConfig>::new(at.clone(), TrailWish::Hold(Vec::new())).into();
    for (confirmed, expected) in [(false, "real"), (true, "new")] {
        let state = json!({ "bucket": "new" });
        let baseline = Baseline::after(None, plan.clone(), state, confirmed, "test", super::at(0));
        recorded(&world, &baseline).await;
        let inventory = self::inventory(&world).await;
        assert_eq!(inventory.trails[0].bucket, expected);
        assert_eq!(inventory.uses("arn:aws:s3:::real"), !confirmed);
    }
}

/// GIVEN the state of a guarded topic, THEN the key that it names is guarded as well.
#[tokio::test]
async fn the_key_of_what_is_guarded_is_guarded() {
    let world = world(&settings("")).await;
    let topic = |name: &str| {
        let arn = format!("arn:aws:sns:eu-west-1:111111111111:{name}");
        At::new("111111111111", "eu-west-1", arn)
    };
    for (name, key) in [("auditward-alerts", "k"), ("anybodys", "other")] {
        let plan: Plan = Step::<TopicSettings>::new(topic(name), AsRecorded::Baseline).into();
        let state = json!({ "KmsMasterKeyId": key });
        let baseline = Baseline::after(None, plan, state, false, "auditward", at(0));
        recorded(&world, &baseline).await;
    }
    let others = inventory(&world).await.others;
    let key = "arn:aws:kms:eu-west-1:111111111111:key/k".to_owned();
    assert_eq!(others, [key].into());
}

async fn recorded(world: &World, baseline: &Baseline) {
    let memo = Memo::new(Settings::default());
    let mut answer = Answer::default();
    let key = keys::baseline(baseline.plan.kind(), baseline.plan.at());
    let items = world.store.get(std::slice::from_ref(&key)).await.unwrap();
    pipeline(world, &memo, 0)
        .record_baseline(baseline, items.get(&key), &mut answer)
        .await
        .unwrap();
    assert!(answer.notes.is_empty(), "{answer:?}");
}

async fn inventory(world: &World) -> Inventory {
    let key = keys::INVENTORY.to_owned();
    let items = world.store.get(std::slice::from_ref(&key)).await.unwrap();
    items[&key].read().unwrap()
}

/// GIVEN baselines that an operator asks for, THEN they are taken in every place.
#[tokio::test]
async fn baselines_are_taken_in_every_place() {
    let mut world = world(&settings("")).await;
    world.guarded = vec![
        trail_in("111111111111", "eu-west-1"),
        trail_in(MEMBER, "eu-west-1"),
    ];
    *world.logging.lock().unwrap() = true;
    let memo = Memo::new(Settings::default());
    let answer = pipeline(&world, &memo, 0)
        .take_baselines(None, "AROAEXAMPLEOPERATOR01")
        .await;
    assert!(
        answer.notes[0].contains("recorded 2 states"),
        "{:?}",
        answer.notes
    );
    world.closed = Some(MEMBER);
    let answer = pipeline(&world, &memo, 60)
        .take_baselines(None, "AROAEXAMPLEOPERATOR01")
        .await;
    let note = &answer.notes[0];
    assert!(
        note.contains("recorded 1 states") && note.contains(MEMBER),
        "{note}"
    );
}
