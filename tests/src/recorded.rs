//! Exchanges in AWS's published form, played back: for what no server acts out.
//!
//! A test writes down which requests a hand is to make and what AWS answers to
//! each. Any other request is refused, and fails the test at [`Recorded::done`].
//!
//! ```no_run
//! # async fn example() {
//! use auditward_tests::recorded::{Exchange, Recorded};
//! use serde_json::json;
//!
//! let aws = Recorded::play([
//!     Exchange::json("GetEventDataStore", json!({"EventDataStore": "arn:…"}))
//!         .answers(json!({"Status": "PENDING_DELETION"})),
//!     Exchange::json("RestoreEventDataStore", json!({"EventDataStore": "arn:…"}))
//!         .answers(json!({"Status": "ENABLED"})),
//! ])
//! .await;
//! let sessions = aws.sessions();
//! // … let a hand with these sessions read and write …
//! aws.done();
//! # }
//! ```

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use auditward_rules::envelope;
use auditward_rules::facet::{Decision, Facet, Scene, Step};
use auditward_rules::inventory::Inventory;
use auditward_rules::judge::judge;
use auditward_rules::plan::Plan;
use auditward_rules::registry::rules;
use auditward_rules::rule::Proof;
use auditward_rules::settings::Settings;
use auditward_runtime::hand::Hand;
use auditward_runtime::sessions::{Home, Sessions};
use aws_credential_types::Credentials;
use serde_json::{Value, json};
use tokio::io::BufReader;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

use crate::moto::{MANAGEMENT, sdk_config};
use crate::scene::REGION;
use crate::scene::props::sample;
use crate::wire::{Message, read_request};

/// A request that is expected, and what is answered.
#[derive(Debug, Clone)]
pub struct Exchange {
    asked: Asked,
    status: u16,
    content_type: &'static str,
    body: Vec<u8>,
    headers: Vec<(&'static str, &'static str)>,
}

#[derive(Debug, Clone)]
enum Asked {
    /// An operation of a JSON protocol, with exactly these parameters.
    Json(&'static str, Value),
    /// An operation of the query protocol, with all of these parameters as
    /// they stand in the body.
    Query(&'static str, Vec<String>),
    /// Method and how the target begins, and all of these in the body.
    Rest(String, Vec<String>),
}

impl Exchange {
    fn new(asked: Asked, content_type: &'static str) -> Self {
        Self {
            asked,
            status: 200,
            content_type,
            body: Vec::new(),
            headers: Vec::new(),
        }
    }

    /// A header of the answer: REST protocols name an error there.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: &'static str) -> Self {
        self.headers.push((name, value));
        self
    }

    /// An operation of a service that speaks JSON, with exactly these parameters.
    pub fn json(operation: &'static str, parameters: Value) -> Self {
        let asked = Asked::Json(operation, parameters);
        Self::new(asked, "application/x-amz-json-1.1").answers(json!({}))
    }

    /// An operation of a service that speaks the query protocol (IAM, STS, SNS),
    /// with these parameters among others: `RoleName=auditor`.
    pub fn query(operation: &'static str, parameters: &[&str]) -> Self {
        let parameters = parameters.iter().map(|&one| one.into()).collect();
        Self::new(Asked::Query(operation, parameters), "text/xml")
    }

    /// A request of a REST protocol: its method and how its target begins
    /// (`PUT /bucket?inventory`), and what stands in its body.
    pub fn rest(start: &str, body: &[&str]) -> Self {
        let body = body.iter().map(|&one| one.into()).collect();
        Self::new(Asked::Rest(start.into(), body), "application/xml")
    }

    /// What AWS answers.
    #[must_use]
    pub fn answers(mut self, body: Value) -> Self {
        self.content_type = match self.asked {
            Asked::Rest(..) => "application/json",
            _ => self.content_type,
        };
        self.body = body.to_string().into_bytes();
        self
    }

    /// What AWS answers, in its own words.
    #[must_use]
    pub fn says(mut self, status: u16, body: &str) -> Self {
        self.status = status;
        self.body = body.into();
        self
    }

    /// What AWS answers in CBOR, the protocol of CloudWatch.
    #[must_use]
    pub fn encodes(mut self, body: Vec<u8>) -> Self {
        self.content_type = "application/cbor";
        self.body = body;
        self
    }

    /// The error that AWS answers with.
    #[must_use]
    pub fn fails(self, code: &str) -> Self {
        let body = match &self.asked {
            Asked::Json(..) => json!({"__type": code, "message": code}).to_string(),
            Asked::Query(..) => format!(
                "<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code><Message>{code}</Message></Error></ErrorResponse>"
            ),
            Asked::Rest(..) => {
                format!("<Error><Code>{code}</Code><Message>{code}</Message></Error>")
            }
        };
        let status = match self.asked {
            Asked::Rest(..) => 404,
            _ => 400,
        };
        self.says(status, &body)
    }

    fn fits(&self, request: &Message) -> bool {
        let text = String::from_utf8_lossy(&request.body);
        match &self.asked {
            Asked::Json(operation, parameters) => {
                let target = request.header("x-amz-target").unwrap_or_default();
                target.rsplit('.').next() == Some(operation)
                    && serde_json::from_str::<Value>(&text).is_ok_and(|asked| asked == *parameters)
            }
            Asked::Query(operation, parameters) => {
                let fields: Vec<_> = text.split('&').collect();
                let has = |one: &str| fields.contains(&one);
                has(&format!("Action={operation}")) && parameters.iter().all(|one| has(one))
            }
            Asked::Rest(start, parts) => {
                request.start.starts_with(start.as_str())
                    && parts.iter().all(|part| text.contains(part))
            }
        }
    }
}

/// A server that plays exchanges back, each once. It ends with the value.
#[derive(Debug)]
pub struct Recorded {
    address: SocketAddr,
    script: Arc<Mutex<Script>>,
    listening: JoinHandle<()>,
}

#[derive(Debug, Default)]
struct Script {
    left: Vec<Exchange>,
    unexpected: Vec<String>,
}

impl Recorded {
    /// Plays these exchanges. Requests that are made side by side may come in
    /// any order; of two that are alike the earlier is answered first.
    pub async fn play(exchanges: impl IntoIterator<Item = Exchange>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("a bound address");
        let script = Arc::new(Mutex::new(Script {
            left: exchanges.into_iter().collect(),
            unexpected: Vec::new(),
        }));
        let serving = Arc::clone(&script);
        let listening = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, Arc::clone(&serving)));
            }
        });
        Self {
            address,
            script,
            listening,
        }
    }

    /// The endpoint URL.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Sessions of a function in the management account that reaches AWS here.
    /// They live as long as the process, as a function's do.
    pub fn sessions(&self) -> &'static Sessions {
        let credentials = Credentials::new("recorded", "recorded", None, None, "recorded");
        let home = Home {
            region: REGION.into(),
            member_role: "auditward-member".into(),
        };
        let sessions = Sessions::with(home, sdk_config(&self.url(), credentials, REGION));
        sessions.runs_in(MANAGEMENT.id);
        Box::leak(Box::new(sessions))
    }

    /// Plays more exchanges after these.
    pub fn then(&self, exchanges: impl IntoIterator<Item = Exchange>) {
        locked(&self.script).left.extend(exchanges);
    }

    /// Every exchange took place, and nothing else was asked.
    #[track_caller]
    pub fn done(&self) {
        let script = locked(&self.script);
        assert_eq!(script.unexpected, [""; 0], "asked, and not expected");
        let left: Vec<_> = script.left.iter().map(|one| &one.asked).collect();
        assert!(left.is_empty(), "expected, and never asked: {left:#?}");
    }
}

impl Drop for Recorded {
    fn drop(&mut self) {
        self.listening.abort();
    }
}

fn locked(script: &Mutex<Script>) -> MutexGuard<'_, Script> {
    script.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn serve(stream: TcpStream, script: Arc<Mutex<Script>>) {
    let mut stream = BufReader::new(stream);
    while let Ok(Some(request)) = read_request(&mut stream).await {
        let answer = answer(&request, &mut locked(&script));
        if answer.write(stream.get_mut()).await.is_err() {
            return;
        }
    }
}

fn answer(request: &Message, script: &mut Script) -> Message {
    let Some(index) = script.left.iter().position(|one| one.fits(request)) else {
        let target = request.header("x-amz-target").unwrap_or_default();
        let body = String::from_utf8_lossy(&request.body);
        script
            .unexpected
            .push(format!("{} {target} {body}", request.start));
        // An error that no SDK retries.
        return Message::response(400, "application/json", r#"{"__type":"Unexpected"}"#);
    };
    let exchange = script.left.remove(index);
    let answer = Message::response(exchange.status, exchange.content_type, exchange.body)
        .with("x-amzn-RequestId", format!("recorded-{index}"));
    let headers = exchange.headers.into_iter();
    headers.fold(answer, |answer, (name, value)| answer.with(name, value))
}

/// Settings under which everything of ours is guarded.
fn settings() -> Settings {
    let text = r#"
[ours]
organization = "o-exampleorg1"
accounts = ["111111111111", "222222222222"]

[protected]
resources = ["arn:aws:*:*:111111111111:*", "arn:aws:*:*:222222222222:*", "arn:aws:s3:::acme-*"]

[mode]
default = "enforce"
"#;
    Settings::parse(text).expect("settings")
}

/// What is planned about a sample event, by folder and name.
pub fn plans(name: &str) -> Vec<Plan> {
    let text = sample(name).to_string();
    let entry = envelope::entries(&text).pop().expect("an event");
    let record = entry.record.expect("a record");
    let judged = judge(
        &record,
        &settings(),
        &Inventory::default(),
        chrono::Utc::now(),
    );
    let findings = judged.findings.into_iter();
    let plans: Vec<_> = findings.flat_map(|finding| finding.plan).collect();
    assert!(!plans.is_empty(), "{name} has no plan");
    plans
}

/// Lets a hand do what the pipeline has it do: read, decide, write, read again,
/// decide again. Gives how many requests wrote something.
pub async fn put_right<F: Facet>(
    hand: &impl Hand<F>,
    step: &Step<F>,
    baseline: Option<&F::State>,
) -> usize {
    let settings = settings();
    let inventory = Inventory::default();
    let zone = settings.zone(&step.at.account, &inventory);
    let scene = Scene {
        now: chrono::Utc::now(),
        recorded: None,
        inventory: &inventory,
        settings: &settings,
        zone: &zone,
        at: &step.at,
    };
    let decide = |live: &F::State| F::decide(live, &step.wish, baseline, scene);
    let live = hand.read(&step.at).await.expect("the live state");
    let Decision::Change(change) = decide(&live) else {
        panic!("nothing to put right: {:?}", decide(&live));
    };
    let written = hand.write(&step.at, &live, &change.to).await;
    let written = written.expect("what was written");
    let after = hand.read(&step.at).await.expect("the state after");
    assert_eq!(decide(&after), Decision::Safe, "after {:?}", change.to);
    written.request_ids.len()
}

/// Every rule of a function that is proven on recorded exchanges is among these.
pub fn complete(function: &str, proven: &[&str]) {
    let recorded = rules()
        .filter(|rule| rule.function.name() == function && rule.proof == Proof::Recorded)
        .map(|rule| rule.id);
    let without: Vec<_> = recorded.filter(|id| !proven.contains(id)).collect();
    assert!(without.is_empty(), "rules without exchanges: {without:?}");
}
