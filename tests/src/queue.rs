//! A queue, and what Lambda's event source mapping does with a function's own.

use serde_json::{Value, json};

use crate::api::Api;
use crate::moto::{MANAGEMENT, Moto};
use crate::runtime_api::Outcome;
use crate::scene::REGION;
use crate::stage::Guard;

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
