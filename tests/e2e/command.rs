//! The operators' command that talks to AWS, and the functions that it asks, end
//! to end: what it sends is what they get.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "test code"
)]

use std::process::{Command, Output};

use auditward_tests::api::{Api, elements};
use auditward_tests::binaries::binary;
use auditward_tests::moto::{self, MANAGEMENT};
use auditward_tests::proxy::{Fault, Match, Proxy};
use auditward_tests::scene::{REGION, TABLE};
use auditward_tests::stage::{ENFORCE, Stage};
use auditward_tests::story::{case_of, outcome_of};
use serde_json::{Value, json};

const OPENED: &str = "bucket-guard/bucket.policy-opened.violation.own-and-foreign";
const STOP: &str = "trail-guard/trail.logging-stopped.violation.by-arn";
const UNBLOCKED: &str = "bucket-guard/bucket.public-access-block-deleted.violation.log-bucket";
const BUCKET: &str = "arn:aws:s3:::acme-org-trail-logs";
/// The operator that the settings name, by the unique ID of the samples.
const OPERATOR: &str = "security-operator";
const SAMPLE_ID: &str = "AROAEXAMPLEOPERATOR01";

/// Somebody with credentials, who calls the command.
#[derive(Clone)]
struct Person {
    environment: Vec<(String, String)>,
    /// The role's unique ID, by which SQS vouches for them.
    id: String,
}

impl Person {
    /// Somebody in a role of the management account.
    async fn with(stage: &Stage, role: &str) -> Self {
        let api = Api::of(&stage.moto, MANAGEMENT, "us-east-1").await;
        let asked = json!({"RoleName": role, "AssumeRolePolicyDocument": "{}"});
        let (status, said) = api.iam("CreateRole", &asked).await;
        assert!(status < 300, "{said}");
        let credentials = stage.moto.credentials_of(MANAGEMENT, role).await;
        Self {
            environment: moto::environment(&stage.moto.url(), &credentials, REGION),
            id: elements(&said, "RoleId").concat(),
        }
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(binary("auditward"));
        command
            .args(arguments)
            .env_clear()
            .env("AUDITWARD_TABLE", TABLE)
            .envs(self.environment.iter().cloned());
        command
    }

    /// Runs the command, which must do as it is told; gives what it says.
    fn runs(&self, arguments: &[&str]) -> String {
        let done = self.command(arguments).output().unwrap();
        assert!(done.status.success(), "{arguments:?}: {done:?}");
        String::from_utf8_lossy(&done.stdout).into_owned()
    }

    /// Runs the command, which must fail; gives what it says about it.
    fn fails(&self, arguments: &[&str]) -> String {
        complaint(&self.command(arguments).output().unwrap())
    }
}

fn complaint(done: &Output) -> String {
    assert_eq!(done.status.code(), Some(2), "{done:?}");
    String::from_utf8_lossy(&done.stderr).into_owned()
}

/// A stage on which an operator is known by the role's own ID.
async fn with_operator(settings: &str) -> (Stage, Person) {
    let stage = Stage::set(settings).await;
    let operator = Person::with(&stage, OPERATOR).await;
    stage.push(&settings.replace(SAMPLE_ID, &operator.id)).await;
    (stage, operator)
}

/// GIVEN a case, WHEN somebody asks to undo it, THEN the function gets the very
/// wish with the sender's ID from SQS, and does it for operators alone.
#[tokio::test]
async fn an_operator_undoes_a_case_and_nobody_else() {
    let (stage, operator) = with_operator(ENFORCE).await;
    let event = stage.event(OPENED);
    stage.scene.prepare(&stage.moto, &event).await;
    stage.act(&event).await;
    let bad = stage.look(&event).await;
    let mut guard = stage.guard("bucket-guard").await;
    let id = case_of(&guard.play(&event).await);
    let fixed = stage.look(&event).await;
    stage.alerts().await;
    let queue = stage.queue("bucket-guard").await;

    let mallory = Person::with(&stage, "mallory").await;
    let said = mallory.fails(&["undo", &id, "--reason", "it was me", "--wait", "0"]);
    assert!(said.contains("an alert says why"), "{said}");
    let wish = json!({"auditward": "undo", "case": id, "reason": "it was me"});
    assert_eq!(queue.waiting().await, [wish]);
    queue.deliver_all(&mut guard).await;
    let refused = stage.alert().await;
    assert!(refused.subject.contains("undo failed"), "{refused:?}");
    assert!(
        refused.finding.to_string().contains(&mallory.id),
        "{refused:?}"
    );
    assert_eq!(stage.look(&event).await, fixed);

    let mut command = operator.command(&["undo", &id, "--reason", "it was meant"]);
    let asking = tokio::task::spawn_blocking(move || command.output().unwrap());
    while queue.waiting().await.is_empty() {
        assert!(!asking.is_finished(), "{:?}", asking.await);
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    queue.deliver_all(&mut guard).await;
    assert_eq!(stage.look(&event).await, bad);
    assert_eq!(stage.alert().await.attribute("outcome"), "undone");
    let done = asking.await.unwrap();
    assert!(done.status.success(), "{done:?}");
    let said = String::from_utf8_lossy(&done.stdout).into_owned();
    assert!(
        said.contains("security-operator") && said.contains("it was meant"),
        "{said}"
    );
    // What is undone already is said at once.
    let again = operator.runs(&["undo", &id, "--reason", "once more"]);
    assert!(again.contains("undone"), "{again}");
    assert_eq!(queue.waiting().await, Vec::<Value>::new());
    guard.done();
}

/// GIVEN anything in the way of an undo, THEN the command says what to do next,
/// and sends nothing.
#[tokio::test]
async fn what_keeps_a_wish_from_being_sent_is_said_with_what_to_do() {
    let (stage, operator) = with_operator(ENFORCE).await;
    let event = stage.event(OPENED);
    stage.scene.prepare(&stage.moto, &event).await;
    stage.act(&event).await;
    let mut guard = stage.guard("bucket-guard").await;
    let id = case_of(&guard.play(&event).await);
    let mut strange = stage.case(&id).await;
    strange["rule"] = json!("bucket.of-tomorrow");
    stage.put("case/strange", &strange).await;

    let undo = |person: &Person, case: &str, more: &[&str]| {
        let known = ["undo", case, "--reason", "it was meant"];
        person.fails(&[&known[..], more].concat())
    };
    let mut nobody = operator.clone();
    nobody
        .environment
        .retain(|(name, _)| matches!(name.as_str(), "AWS_REGION" | "AWS_ENDPOINT_URL"));
    for (name, value) in [
        ("AWS_EC2_METADATA_DISABLED", "true"),
        ("HOME", "/nonexistent"),
    ] {
        nobody.environment.push((name.into(), value.into()));
    }
    let mut offline = operator.clone();
    let nowhere = ("AWS_ENDPOINT_URL".into(), "http://127.0.0.1:9".into());
    offline.environment.push(nowhere);
    for (said, next) in [
        (
            undo(&operator, "0123456789abcdef", &[]),
            "`auditward cases` lists them",
        ),
        (
            undo(&operator, "strange", &[]),
            "use the version of the command",
        ),
        (
            undo(&operator, &id, &["--stack", "other"]),
            "are --stack and --region right?",
        ),
        (
            undo(&operator, &id, &["--table", "other"]),
            "Next: give the stack's table",
        ),
        (undo(&nobody, &id, &[]), "set AWS_PROFILE"),
        (
            undo(&offline, &id, &[]),
            "Next: look whether AWS can be reached",
        ),
    ] {
        assert!(said.contains(next), "{next}: {said}");
    }
    let queue = stage.queue("bucket-guard").await;
    assert_eq!(queue.waiting().await, Vec::<Value>::new());
    guard.done();
}

/// What a look sees before its event has time to settle; not here.
fn at_once() -> String {
    format!("{ENFORCE}\n[fuses]\nsettle_seconds = 0\n")
}

/// GIVEN a guarded bucket, WHEN an operator approves what is there or has it
/// fixed, THEN the function does so; what nobody guards is said so.
#[tokio::test]
async fn an_operator_approves_what_is_there_or_has_it_fixed() {
    for approved in [true, false] {
        let (stage, operator) = with_operator(&at_once()).await;
        let event = stage.event(UNBLOCKED);
        stage.scene.prepare(&stage.moto, &event).await;
        let mut trails = stage.guard("trail-guard").await;
        trails.play(&json!({"auditward": "sweep"})).await;
        trails.done();
        let mut guard = stage.guard("bucket-guard").await;
        let queue = stage.queue("bucket-guard").await;
        let sweep = json!({"auditward": "sweep"});
        guard.play(&sweep).await;
        queue.deliver_all(&mut guard).await;
        stage.alerts().await;
        let before = stage.look(&event).await;
        if approved {
            let said = operator.runs(&["baseline", "approve", BUCKET]);
            assert!(
                said.contains("bucket-guard was asked to record it"),
                "{said}"
            );
            queue.deliver_all(&mut guard).await;
            let told = stage.alert().await;
            assert!(told.subject.contains("baselines"), "{told:?}");
            let shown = operator.runs(&["baseline", "show", BUCKET]);
            assert!(
                shown.contains("security-operator") && !shown.contains("not confirmed"),
                "{shown}"
            );
        }
        stage.act(&event).await;
        guard.play(&sweep).await;
        queue.deliver_all(&mut guard).await;
        let outcome = if approved { "fixed" } else { "would-fix" };
        assert_eq!(stage.alert().await.attribute("outcome"), outcome);
        if !approved {
            operator.runs(&["baseline", "fix", BUCKET]);
            queue.deliver_all(&mut guard).await;
        }
        assert_eq!(stage.look(&event).await, before);
        guard.done();

        let strange = operator.fails(&["baseline", "fix", "arn:aws:ec2:eu-west-1:1:vpc/v"]);
        assert!(strange.contains("expected the ARN of a trail"), "{strange}");
    }
}

/// GIVEN a trail that was deleted for good, THEN it is missed until an operator says
/// so, and not before it is gone.
#[tokio::test]
async fn an_operator_says_that_a_trail_is_gone_for_good() {
    let (stage, operator) = with_operator(&at_once()).await;
    let event = stage.event("trail-guard/trail.deleted.violation.by-arn");
    let arn = event["detail"]["requestParameters"]["name"].clone();
    let gone = ["baseline", "retire", arn.as_str().unwrap(), "--reason"];
    let gone = [&gone[..], &["logs go elsewhere now"]].concat();
    let (mut guard, queue) = (
        stage.guard("trail-guard").await,
        stage.queue("trail-guard").await,
    );
    operator.runs(&["baseline", "take"]);
    queue.deliver_all(&mut guard).await;
    stage.alerts().await;
    operator.runs(&gone);
    queue.deliver_all(&mut guard).await;
    let refused = stage.alert().await;
    assert!(
        refused
            .finding
            .to_string()
            .contains("delete it there first"),
        "{refused:?}"
    );

    let pulse = json!({"auditward": "pulse"});
    stage.act(&event).await;
    let deleted = stage.look(&event).await;
    guard.play(&pulse).await;
    assert_ne!(stage.look(&event).await, deleted, "it is missed");
    stage.alerts().await;
    stage.act(&stage.scene.adapt(&event)).await;
    let said = operator.runs(&gone);
    assert!(said.contains("asked to guard it no longer"), "{said}");
    queue.deliver_all(&mut guard).await;
    let told = stage.alert().await;
    assert!(
        told.finding.to_string().contains("logs go elsewhere now"),
        "{told:?}"
    );
    guard.clear();
    guard.play(&pulse).await;
    guard.sweep().await;
    assert_eq!(guard.writes(), [""; 0]);
    assert_eq!(stage.look(&event).await, deleted, "nobody makes it anew");
    assert!(operator.runs(&["baseline", "list"]).contains("(retired)"));
    guard.done();
}

/// GIVEN an exception for it, THEN nobody makes a deleted trail anew before it is
/// retired, nor when the exception is over.
#[tokio::test]
async fn what_is_taken_down_by_an_exception_stays_down() {
    let exception = "\n[[exceptions]]\nrule = \"trail.deleted\"\nreason = \"it moves\"\nuntil = 2099-01-01\n\
        resource = \"arn:aws:cloudtrail:eu-west-1:111111111111:trail/org-trail\"\n";
    let excepted = format!("{}{exception}", at_once());
    let (stage, operator) = with_operator(&excepted).await;
    let event = stage.event("trail-guard/trail.deleted.violation.by-arn");
    let mut guard = stage.guard("trail-guard").await;
    let queue = stage.queue("trail-guard").await;
    operator.runs(&["baseline", "take"]);
    queue.deliver_all(&mut guard).await;
    stage.alerts().await;
    stage.act(&event).await;
    let deleted = stage.look(&event).await;
    let pulse = json!({"auditward": "pulse"});
    guard.play(&event).await;
    guard.play(&pulse).await;
    guard.sweep().await;
    assert_eq!(stage.look(&event).await, deleted, "it is excepted");
    let arn = event["detail"]["requestParameters"]["name"].clone();
    let arn = arn.as_str().unwrap();
    operator.runs(&["baseline", "retire", arn, "--reason", "it moved"]);
    queue.deliver_all(&mut guard).await;
    let over = at_once().replace(SAMPLE_ID, &operator.id);
    stage.push(&over).await;
    let mut fresh = stage.guard("trail-guard").await;
    fresh.play(&pulse).await;
    fresh.sweep().await;
    assert_eq!(stage.look(&event).await, deleted, "it is retired");
    fresh.done();
    guard.done();
}

#[tokio::test]
async fn the_command_pushes_settings_asks_for_baselines_and_lists_cases() {
    let careful = ENFORCE.replace("default = \"enforce\"", "default = \"alert\"");
    let (stage, operator) = with_operator(&careful).await;
    let event = stage.event(STOP);
    stage.act(&event).await;
    let mut guard = stage.guard("trail-guard").await;
    assert_eq!(outcome_of(&guard.play(&event).await), "would-fix");
    stage.alert().await;
    let file = std::env::temp_dir().join(format!("auditward-{}.toml", std::process::id()));
    std::fs::write(&file, ENFORCE.replace(SAMPLE_ID, &operator.id)).unwrap();
    operator.runs(&["settings", "push", file.to_str().unwrap()]);
    std::fs::remove_file(&file).unwrap();
    operator.runs(&["baseline", "take"]);
    let mut fresh = stage.guard("trail-guard").await;
    let queue = stage.queue("trail-guard").await;
    queue.deliver_all(&mut fresh).await;
    let told = stage.alert().await;
    assert!(told.finding.to_string().contains("recorded"), "{told:?}");
    let id = case_of(&fresh.play(&stage.scene.adapt(&event)).await);
    assert_eq!(stage.case(&id).await["outcome"], "fixed");
    assert!(operator.runs(&["cases"]).contains(&id));
    assert!(
        operator
            .runs(&["cases", &id])
            .contains("put the safe state back")
    );
    machines_read_the_same(&operator, &id);
    guard.done();
    fresh.done();
}

/// GIVEN a table that takes a push and whose answer is lost, THEN the second try of it
/// is not taken for somebody else's push.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_push_whose_answer_is_lost_is_in_force_all_the_same() {
    let (stage, mut operator) = with_operator(ENFORCE).await;
    let lossy = Proxy::before(&stage.moto.address()).await;
    for write in ["PutItem", "TransactWriteItems"] {
        let once = Match::action("dynamodb", write).times(1);
        lossy.fail(once, Fault::AnswerLost);
    }
    let file = std::env::temp_dir().join(format!("auditward-lossy-{}.toml", std::process::id()));
    std::fs::write(&file, ENFORCE.replace(SAMPLE_ID, &operator.id)).unwrap();
    let elsewhere = operator.environment.iter_mut();
    elsewhere
        .filter(|(name, _)| name == "AWS_ENDPOINT_URL")
        .for_each(|(_, url)| *url = lossy.url());
    operator.runs(&["settings", "push", file.to_str().unwrap()]);
    std::fs::remove_file(&file).unwrap();
    let writes = lossy.names();
    let writes = writes
        .iter()
        .filter(|name| name.contains("Write") || name.contains("Put"));
    assert_eq!(writes.count(), 2, "{:?}", lossy.names());
}

/// As one list, or one object a line.
fn machines_read_the_same(operator: &Person, case: &str) {
    let json = |words: &[&str]| -> Value {
        let said = operator.runs(&[words, &["--format", "json"]].concat());
        serde_json::from_str(&said).unwrap()
    };
    let lines = |words: &[&str]| -> Value {
        let said = operator.runs(&[words, &["--format", "jsonl"]].concat());
        let lines = said.lines();
        lines
            .map(|line| serde_json::from_str::<Value>(line).unwrap())
            .collect()
    };
    for list in [&["cases"][..], &["baseline", "list"]] {
        let all = json(list);
        assert!(all.as_array().is_some_and(|all| all.len() > 1), "{all}");
        assert_eq!(lines(list), all);
    }
    assert_eq!(json(&["cases", case])["id"], case);
    assert_eq!(lines(&["cases", case])[0]["outcome"], "fixed");
    // The name that it had before.
    let before: Value = serde_json::from_str(&operator.runs(&["cases", "--json"])).unwrap();
    assert_eq!(before, json(&["cases"]));
}
