//! A queue, what Lambda's event source mapping does with a function's own, and
//! what Lambda does with events on which a function fails every time.

use std::time::Duration;

use serde_json::{Value, json};

use crate::api::Api;
use crate::moto::{MANAGEMENT, Moto};
use crate::runtime_api::Outcome;
use crate::scene::REGION;
use crate::stage::Guard;

/// How often Lambda tries an event of EventBridge: once, and twice again.
const ATTEMPTS: u32 = 3;
/// How much time a function has for each.
const TIME: Duration = Duration::from_secs(30);

/// What Lambda sends to a function's destination for failures, as its guide's
/// "Retaining records of asynchronous invocations" has it.
pub fn given_up(function: &str, event: &Value, error: &Value) -> Value {
    let account = MANAGEMENT.id;
    json!({
        "version": "1.0",
        "timestamp": "2026-11-20T10:00:00.000Z",
        "requestContext": {
            "requestId": "e4b46cbf-b738-xmpl-8880-a18cdf61200e",
            "functionArn": format!("arn:aws:lambda:{REGION}:{account}:function:auditward-{function}:live"),
            "condition": "RetriesExhausted",
            "approximateInvokeCount": ATTEMPTS,
        },
        "requestPayload": event,
        "responseContext": {"statusCode": 200, "executedVersion": "1", "functionError": "Unhandled"},
        "responsePayload": error,
    })
}

/// A queue of the management account.
#[derive(Debug)]
pub struct Queue {
    api: Api,
    url: String,
}

impl Queue {
    /// The queue of this URL.
    pub async fn at(moto: &Moto, url: &str) -> Self {
        Self {
            api: Api::of(moto, MANAGEMENT, REGION).await,
            url: url.to_owned(),
        }
    }

    /// A new queue of this name.
    pub async fn make(moto: &Moto, name: &str) -> Self {
        let api = Api::of(moto, MANAGEMENT, REGION).await;
        let (_, made) = api
            .json("sqs", "CreateQueue", &json!({ "QueueName": name }))
            .await;
        let url = made["QueueUrl"].as_str().expect("a queue has a URL").into();
        Self { api, url }
    }

    /// Its URL.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Its ARN.
    pub fn arn(&self) -> String {
        let name = self.url.rsplit('/').next().unwrap_or_default();
        format!("arn:aws:sqs:{REGION}:{}:{name}", MANAGEMENT.id)
    }

    async fn call(&self, action: &str, mut asked: Value) -> Value {
        asked["QueueUrl"] = json!(self.url);
        let (status, said) = self.api.json("sqs", action, &asked).await;
        assert!(status < 300, "{action}: {said}");
        said
    }

    /// Sends a message.
    pub async fn send(&self, body: &Value) {
        self.call("SendMessage", json!({ "MessageBody": body.to_string() }))
            .await;
    }

    /// What was given to a function so often, and it failed, goes to `dead`.
    pub async fn gives_up(&self, times: u32, dead: &Self) {
        let redrive = json!({"deadLetterTargetArn": dead.arn(), "maxReceiveCount": times});
        let attributes = json!({ "Attributes": { "RedrivePolicy": redrive.to_string() } });
        self.call("SetQueueAttributes", attributes).await;
    }

    /// Hands a function an event as EventBridge does, again where it fails; what
    /// fails every time comes here. Gives how it ended each time.
    pub async fn fails(&self, guard: &mut Guard, payload: &str) -> Vec<Outcome> {
        let bytes = || payload.as_bytes().to_vec();
        let mut ended = vec![guard.function.invoke_raw(bytes(), TIME).await];
        for _ in 1..ATTEMPTS {
            if let Some(Outcome::Response(_)) = ended.last() {
                return ended;
            }
            ended.push(guard.function.retry_raw(bytes(), TIME).await);
        }
        if let Some(Outcome::Error { kind, message }) = ended.last() {
            let event = serde_json::from_str(payload).unwrap_or_else(|_| json!(payload));
            let error = json!({"errorType": kind, "errorMessage": message});
            self.send(&given_up(guard.name, &event, &error)).await;
        }
        ended
    }

    /// The messages that wait in it now, as JSON. They stay.
    pub async fn waiting(&self) -> Vec<Value> {
        let messages = self.received(10).await;
        let bodies = messages.iter().filter_map(|one| one["Body"].as_str());
        bodies
            .map(|body| serde_json::from_str(body).expect("a message of JSON"))
            .collect()
    }

    /// What is taken from it and not deleted is shown again at once.
    pub async fn hides_nothing(&self) {
        let hidden = json!({ "Attributes": { "VisibilityTimeout": "0" } });
        self.call("SetQueueAttributes", hidden).await;
    }

    async fn received(&self, most: u32) -> Vec<Value> {
        let asked = json!({
            "MaxNumberOfMessages": most,
            "VisibilityTimeout": 0,
            "MessageSystemAttributeNames": ["All"],
        });
        let said = self.call("ReceiveMessage", asked).await;
        said["Messages"].as_array().cloned().unwrap_or_default()
    }

    /// Hands a function the next message, with what SQS says of it. It is deleted
    /// where the function answers, and stays where it fails. `None`: there is none,
    /// or it was given up just now.
    pub async fn deliver(&self, guard: &mut Guard) -> Option<Outcome> {
        let message = self.received(1).await.into_iter().next()?;
        let payload = json!({"Records": [{
            "messageId": message["MessageId"],
            "receiptHandle": message["ReceiptHandle"],
            "body": message["Body"],
            "attributes": message["Attributes"],
            "messageAttributes": {},
            "md5OfBody": message["MD5OfBody"],
            "eventSource": "aws:sqs",
            "eventSourceARN": self.arn(),
            "awsRegion": REGION,
        }]});
        let outcome = guard.attempt(&payload).await;
        if let Outcome::Response(_) = outcome {
            let receipt = json!({ "ReceiptHandle": message["ReceiptHandle"] });
            self.call("DeleteMessage", receipt).await;
        }
        Some(outcome)
    }

    /// Hands a function all its messages, which it must take.
    pub async fn deliver_all(&self, guard: &mut Guard) -> Vec<Value> {
        let mut answers = Vec::new();
        while let Some(outcome) = self.deliver(guard).await {
            answers.push(outcome.response());
        }
        answers
    }
}
