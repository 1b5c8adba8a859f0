//! Whom the pipeline tells: people through SNS, its later self through SQS.

use std::collections::BTreeMap;
use std::sync::OnceLock;
use std::time::Duration;

use aws_sdk_sns::types::MessageAttributeValue;
use aws_sdk_sqs::types::MessageSystemAttributeName;

use auditward_rules::rule::Function;

use crate::alert::Alert;
use crate::entry::principal_of;
use crate::failure::Failure;
use crate::pipeline::Letter;
use crate::sessions::Sessions;
use crate::store::BoxFuture;

/// The outside world as the pipeline needs it.
pub trait Outside: Send + Sync {
    /// Tells people.
    fn tell<'a>(&'a self, alert: &'a Alert) -> BoxFuture<'a, Result<(), Failure>>;

    /// Sends a message to this function's own queue, to arrive after a delay.
    fn later<'a>(&'a self, message: &'a str, delay: Duration)
    -> BoxFuture<'a, Result<(), Failure>>;

    /// Sends a message to the queues of all functions, this one's too.
    fn to_all<'a>(
        &'a self,
        message: &'a str,
        delay: Duration,
    ) -> BoxFuture<'a, Result<(), Failure>>;

    /// Sends a message to one function's queue.
    fn to<'a>(&'a self, function: Function, message: &'a str)
    -> BoxFuture<'a, Result<(), Failure>>;

    /// Some of the messages that were given up, where this function is the one
    /// that looks after them.
    fn letters(&self) -> BoxFuture<'_, Result<Vec<Letter>, Failure>>;

    /// Deletes a message that was given up.
    fn done<'a>(&'a self, letter: &'a Letter) -> BoxFuture<'a, Result<(), Failure>>;

    /// Lets time pass between two readings of a service that answers late.
    fn pause(&self, time: Duration) -> BoxFuture<'_, ()>;
}

/// SNS and SQS, always with the function's own identity.
#[derive(Debug)]
pub struct Aws<'a> {
    sessions: &'a Sessions,
    topic: String,
    chat: Option<String>,
    queue: String,
    dead: Vec<String>,
    functions: Vec<String>,
    sns: OnceLock<aws_sdk_sns::Client>,
    sqs: OnceLock<aws_sdk_sqs::Client>,
}

/// The longest delay of a queue's message.
const LONGEST_DELAY: Duration = Duration::from_secs(900);

impl<'a> Aws<'a> {
    /// The topic that people subscribe to, the one for chat clients where there
    /// is one, this function's own queue, the queues of dead letters where it looks
    /// after them, and the unique IDs of the functions' roles.
    pub fn new(
        sessions: &'a Sessions,
        topic: impl Into<String>,
        chat: Option<String>,
        queue: impl Into<String>,
        dead: Vec<String>,
        functions: Vec<String>,
    ) -> Self {
        let (topic, queue) = (topic.into(), queue.into());
        Self {
            sessions,
            topic,
            chat,
            queue,
            dead,
            functions,
            sns: OnceLock::new(),
            sqs: OnceLock::new(),
        }
    }

    fn sns(&self) -> &aws_sdk_sns::Client {
        self.sns
            .get_or_init(|| aws_sdk_sns::Client::new(self.sessions.central()))
    }

    /// Chat is a convenience: that it fails is logged, and the alert stands.
    async fn chat(&self, alert: &Alert) {
        let Some(topic) = &self.chat else {
            return;
        };
        let request = self.sns().publish().topic_arn(topic);
        if let Err(error) = request.message(alert.chat()).send().await {
            let failure = Failure::of("sns:Publish", &error);
            tracing::error!(%failure, "chat was not told");
        }
    }

    async fn publish(&self, alert: &Alert) -> Result<(), Failure> {
        let client = self.sns();
        let mut request = client
            .publish()
            .topic_arn(&self.topic)
            .subject(&alert.subject)
            .message_structure("json")
            .message(alert.message());
        for (name, value) in &alert.attributes {
            let value = MessageAttributeValue::builder()
                .data_type("String")
                .string_value(value)
                .build();
            let value = value.map_err(|error| Failure::other("sns:Publish", error.to_string()))?;
            request = request.message_attributes(*name, value);
        }
        request
            .send()
            .await
            .map(drop)
            .map_err(|error| Failure::of("sns:Publish", &error))
    }

    fn sqs(&self) -> &aws_sdk_sqs::Client {
        self.sqs
            .get_or_init(|| aws_sdk_sqs::Client::new(self.sessions.central()))
    }

    async fn received(&self, queue: &str) -> Result<Vec<Letter>, Failure> {
        let request = self
            .sqs()
            .receive_message()
            .queue_url(queue)
            .max_number_of_messages(10)
            .message_system_attribute_names(MessageSystemAttributeName::DeadLetterQueueSourceArn)
            .message_system_attribute_names(MessageSystemAttributeName::SenderId)
            .message_attribute_names("TARGET_ARN");
        let answer = request.send().await;
        let answer = answer.map_err(|error| Failure::of("sqs:ReceiveMessage", &error))?;
        let letters = answer.messages.unwrap_or_default().into_iter();
        Ok(letters
            .map(|message| {
                let told = |name| message.attributes().and_then(|all| all.get(&name));
                let source = told(MessageSystemAttributeName::DeadLetterQueueSourceArn).cloned();
                // Into a function's queue operators may send too; what lies here
                // otherwise comes from Lambda or EventBridge.
                let sender = told(MessageSystemAttributeName::SenderId);
                let by_function = source.is_none()
                    || self.functions.is_empty()
                    || sender.is_some_and(|id| {
                        let role = principal_of(id);
                        self.functions.iter().any(|one| one == role)
                    });
                let target = || {
                    let named = message.message_attributes()?.get("TARGET_ARN")?;
                    named.string_value().map(str::to_owned)
                };
                Letter {
                    by_function,
                    meant_for: source.or_else(target).unwrap_or_default(),
                    receipt: message.receipt_handle.unwrap_or_default(),
                    body: message.body.unwrap_or_default(),
                    queue: queue.to_owned(),
                }
            })
            .collect())
    }

    async fn send(&self, queue: &str, message: &str, delay: Duration) -> Result<(), Failure> {
        let client = self.sqs();
        let delay = i32::try_from(delay.min(LONGEST_DELAY).as_secs()).unwrap_or(900);
        let request = client
            .send_message()
            .queue_url(queue)
            .message_body(message)
            .delay_seconds(delay);
        request
            .send()
            .await
            .map(drop)
            .map_err(|error| Failure::of("sqs:SendMessage", &error))
    }
}

impl Outside for Aws<'_> {
    fn tell<'a>(&'a self, alert: &'a Alert) -> BoxFuture<'a, Result<(), Failure>> {
        Box::pin(async move {
            self.publish(alert).await?;
            self.chat(alert).await;
            Ok(())
        })
    }

    fn later<'a>(
        &'a self,
        message: &'a str,
        delay: Duration,
    ) -> BoxFuture<'a, Result<(), Failure>> {
        Box::pin(self.send(&self.queue, message, delay))
    }

    fn to_all<'a>(
        &'a self,
        message: &'a str,
        delay: Duration,
    ) -> BoxFuture<'a, Result<(), Failure>> {
        Box::pin(async move {
            let send = async |queue: String| match self.send(&queue, message, delay).await {
                // Outside the lead region some functions are left out.
                Err(failure) if failure.code.ends_with("NonExistentQueue") => Ok(()),
                other => other,
            };
            let all = queues_beside(&self.queue).into_iter().map(send);
            futures_util::future::try_join_all(all).await.map(drop)
        })
    }

    fn to<'a>(
        &'a self,
        function: Function,
        message: &'a str,
    ) -> BoxFuture<'a, Result<(), Failure>> {
        Box::pin(async move {
            let all = queues_beside(&self.queue);
            let queue = all.iter().find(|queue| queue.ends_with(function.name()));
            self.send(queue.unwrap_or(&self.queue), message, Duration::ZERO)
                .await
        })
    }

    fn letters(&self) -> BoxFuture<'_, Result<Vec<Letter>, Failure>> {
        Box::pin(async move {
            let mut all = Vec::new();
            for queue in &self.dead {
                all.extend(self.received(queue).await?);
            }
            Ok(all)
        })
    }

    fn done<'a>(&'a self, letter: &'a Letter) -> BoxFuture<'a, Result<(), Failure>> {
        Box::pin(async move {
            let request = self.sqs().delete_message();
            let request = request
                .queue_url(&letter.queue)
                .receipt_handle(&letter.receipt);
            request
                .send()
                .await
                .map(drop)
                .map_err(|error| Failure::of("sqs:DeleteMessage", &error))
        })
    }

    fn pause(&self, time: Duration) -> BoxFuture<'_, ()> {
        Box::pin(tokio::time::sleep(time))
    }
}

/// The queues of all functions: they are named alike, `<stack>-<function>`.
fn queues_beside(own: &str) -> Vec<String> {
    let stack = Function::ALL
        .into_iter()
        .find_map(|function| own.strip_suffix(function.name()));
    match stack {
        Some(stack) => Function::ALL
            .map(|function| format!("{stack}{}", function.name()))
            .into(),
        None => vec![own.to_owned()],
    }
}

/// Attributes of a message, for filter policies.
pub type Attributes = BTreeMap<&'static str, String>;
