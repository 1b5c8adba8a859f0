//! The world that the sample events of `events/` speak of, made in moto.
//!
//! [`Scene::set`] makes what is there before anybody does anything bad, and
//! [`Scene::act`] does in AWS what a sample event says was done.

pub mod organization;
pub mod place;
pub mod props;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};

use aws_config::SdkConfig;
use aws_sdk_dynamodb::types as dynamo;
use aws_sdk_s3::types::{BucketLocationConstraint, CreateBucketConfiguration};
use serde_json::{Value, json};

use crate::api::Api;
use crate::moto::{Account, MANAGEMENT, MEMBER, Moto, STRANGER, environment};

use place::{HOME, Place};

/// The home region of the trail, and of everything but IAM.
pub const REGION: &str = "eu-west-1";
/// The organization's trail.
pub const TRAIL: &str = "org-trail";
/// Where it delivers.
pub const LOG_BUCKET: &str = "acme-org-trail-logs";
/// Auditward's table.
pub const TABLE: &str = "auditward";
/// The unique ID of the role as which functions run.
pub const OWN_ROLE: &str = "AROAEXAMPLEGUARD00001";
/// The key and the grant that the samples name; KMS gives each a name of its own.
const SAMPLE_GRANT: &str = "3f9ad5e8c17b42d6a0e85b7c94f2d1306ae7b85c2d94f0a1b3c6d7e8f9a0b1c2";
const SAMPLE_KEY: &str = "7c1f9e42-5b0d-4a83-9c6e-2f81d0b7a354";
/// The subscription that the samples name; SNS gives one its own ID.
const SAMPLE_SUBSCRIPTION: &str = "5c0e8b1a-7d42-4f96-a3be-91d6f0c72e58";

/// What a function needs to know of the scene, and where its alerts arrive.
#[derive(Debug)]
pub struct Scene {
    /// Where the samples' resources are.
    pub place: Place,
    /// Auditward's topic.
    pub topic_arn: String,
    /// A queue that is subscribed to the topic.
    pub alerts_url: String,
    /// Each function's own queue.
    pub queues: BTreeMap<&'static str, String>,
    /// The ID of the trail's key.
    pub key: String,
    /// The ID of the subscription of whoever is on call to Auditward's topic.
    pub subscription: String,
    /// The ID of a grant of it.
    pub grant: String,
}

/// The functions, by the names of their binaries and folders of samples.
pub const FUNCTIONS: [&str; 6] = [
    "trail-guard",
    "bucket-guard",
    "role-guard",
    "organization-guard",
    "log-guard",
    "self-guard",
];

impl Scene {
    /// Makes the trail with its bucket and key, the accounts' public access
    /// blocks, and Auditward's table, topic and queues.
    pub async fn set(moto: &Moto) -> Self {
        Self::set_in(moto, HOME).await
    }

    /// The same with the trail, its bucket and its key in another place.
    pub async fn set_in(moto: &Moto, place: Place) -> Self {
        let config = moto.sdk_config(MANAGEMENT, REGION).await;
        let key = props::make_trail(moto, place).await;
        let grant = props::grant(moto, place, &key).await;
        for account in [MANAGEMENT, MEMBER] {
            props::close_account(&Api::of(moto, account, REGION).await).await;
        }
        organization::make(moto).await;
        make_table(&config).await;
        let (topic_arn, alerts_url, subscription) = make_topic(&config).await;
        let mut queues = BTreeMap::new();
        for function in FUNCTIONS {
            let url = make_queue(&config, &format!("auditward-{function}")).await;
            queues.insert(function, url);
        }
        Self {
            place,
            topic_arn,
            alerts_url,
            queues,
            key,
            subscription,
            grant,
        }
    }

    /// The environment of a function in the management account that reaches
    /// AWS at `url`.
    pub async fn environment(
        &self,
        moto: &Moto,
        url: &str,
        function: &str,
    ) -> Vec<(String, String)> {
        let credentials = moto.credentials(MANAGEMENT).await;
        let mut environment = environment(url, &credentials, REGION);
        // As the samples name it, and as the server's own queues do.
        let roles = format!("{OWN_ROLE},{}", moto.role_id(&credentials).await);
        let queue = self.queues.get(function).map_or("", String::as_str);
        for (name, value) in [
            ("AUDITWARD_TABLE", TABLE),
            ("AUDITWARD_TOPIC_ARN", &self.topic_arn),
            ("AUDITWARD_REJUDGE_QUEUE_URL", queue),
            ("AUDITWARD_MEMBER_ROLE", "auditward-member"),
            ("AUDITWARD_FUNCTION_ROLE_IDS", &roles),
        ] {
            environment.push((name.into(), value.into()));
        }
        environment
    }

    /// A sample as an event of its own, of now and of this scene.
    pub fn adapt(&self, sample: &Value) -> Value {
        static COUNT: AtomicU64 = AtomicU64::new(1);
        let text = sample
            .to_string()
            .replace(SAMPLE_KEY, &self.key)
            .replace(SAMPLE_SUBSCRIPTION, &self.subscription)
            .replace(SAMPLE_GRANT, &self.grant);
        let mut event: Value = serde_json::from_str(&text).expect("a sample is JSON");
        let now = chrono::Utc::now().format("%Y-%m-%dT%H:%M:%SZ").to_string();
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        event["time"] = json!(now);
        event["detail"]["eventTime"] = json!(now);
        event["detail"]["eventID"] = json!(format!("00000000-0000-4000-8000-{number:012}"));
        event["detail"]["requestID"] = json!(format!("request-{number}"));
        event
    }

    /// Makes what must be there before an event's call can be made.
    pub async fn prepare(&self, moto: &Moto, event: &Value) {
        props::prepare(moto, self.place, event).await;
    }

    /// Does in AWS what this event says was done, with what it takes to do it.
    /// False for a call that AWS refuses.
    pub async fn act(&self, moto: &Moto, event: &Value) -> bool {
        self.prepare(moto, event).await;
        self.act_only(moto, event).await.is_ok()
    }

    /// Does what this event says was done, and gives the event with the IDs that
    /// AWS gave to what was made; what AWS says where it refuses.
    pub async fn act_only(&self, moto: &Moto, event: &Value) -> Result<Value, String> {
        let detail = &event["detail"];
        let account = account_named(detail["recipientAccountId"].as_str());
        let region = detail["awsRegion"].as_str().unwrap_or(REGION);
        let api = Api::of(moto, account, region).await;
        let said = api.again(detail).await?;
        let mut event = event.clone();
        take_ids(&mut event["detail"]["responseElements"], &said);
        log(&api, &event["detail"]).await;
        Ok(event)
    }
}

/// Puts the IDs of an answer in the place of the sample's.
fn take_ids(elements: &mut Value, said: &str) {
    let said: Value = serde_json::from_str(said).unwrap_or_default();
    for (name, value) in elements.as_object_mut().into_iter().flatten() {
        if let Some(letters) = name.strip_suffix("Id")
            && let Some((first, rest)) = letters.split_at_checked(1)
            && let Some(id) = said[format!("{}{rest}Id", first.to_uppercase())].as_str()
        {
            *value = json!(id);
        }
    }
}

/// Puts a record into the event history, as AWS does with every call.
async fn log(api: &Api, detail: &Value) {
    let event = json!({ "Event": detail.to_string() });
    let (status, said) = api.json("cloudtrail", "RecordEvent", &event).await;
    assert!(status < 300, "{said}");
}

/// The account with these digits; the management account where none has them.
pub fn account_named(id: Option<&str>) -> Account {
    [MEMBER, STRANGER]
        .into_iter()
        .find(|one| Some(one.id) == id)
        .unwrap_or(MANAGEMENT)
}

/// The bucket policy that CloudTrail asks for, for every account's trails.
pub fn delivery_policy(bucket: &str) -> String {
    let service = json!({"Service": "cloudtrail.amazonaws.com"});
    let arn = format!("arn:aws:s3:::{bucket}");
    json!({"Version": "2012-10-17", "Statement": [
        {"Sid": "AWSCloudTrailAclCheck", "Effect": "Allow", "Principal": service,
         "Action": "s3:GetBucketAcl", "Resource": arn},
        {"Sid": "AWSCloudTrailWrite", "Effect": "Allow", "Principal": service,
         "Action": "s3:PutObject", "Resource": format!("{arn}/AWSLogs/*")},
    ]})
    .to_string()
}

/// Makes a bucket in the configuration's region.
pub async fn make_bucket(config: &SdkConfig, name: &str) {
    let region = config.region().map(|region| region.as_ref().to_owned());
    let place = region.filter(|region| region != "us-east-1").map(|region| {
        CreateBucketConfiguration::builder()
            .location_constraint(BucketLocationConstraint::from(region.as_str()))
            .build()
    });
    aws_sdk_s3::Client::new(config)
        .create_bucket()
        .bucket(name)
        .set_create_bucket_configuration(place)
        .send()
        .await
        .expect("a bucket");
}

async fn make_table(config: &SdkConfig) {
    let key = |name: &str, kind| {
        dynamo::KeySchemaElement::builder()
            .attribute_name(name)
            .key_type(kind)
            .build()
            .expect("a key")
    };
    let text = |name: &str| {
        dynamo::AttributeDefinition::builder()
            .attribute_name(name)
            .attribute_type(dynamo::ScalarAttributeType::S)
            .build()
            .expect("an attribute")
    };
    let by_time = dynamo::GlobalSecondaryIndex::builder()
        .index_name("by-time")
        .key_schema(key("list", dynamo::KeyType::Hash))
        .key_schema(key("at", dynamo::KeyType::Range))
        .projection(
            dynamo::Projection::builder()
                .projection_type(dynamo::ProjectionType::All)
                .build(),
        )
        .build()
        .expect("an index");
    let dynamodb = aws_sdk_dynamodb::Client::new(config);
    dynamodb
        .create_table()
        .table_name(TABLE)
        .deletion_protection_enabled(true)
        .billing_mode(dynamo::BillingMode::PayPerRequest)
        .key_schema(key("key", dynamo::KeyType::Hash))
        .attribute_definitions(text("key"))
        .attribute_definitions(text("list"))
        .attribute_definitions(text("at"))
        .global_secondary_indexes(by_time)
        .send()
        .await
        .expect("the table");
    let recovery = dynamo::PointInTimeRecoverySpecification::builder()
        .point_in_time_recovery_enabled(true)
        .build()
        .expect("a specification");
    dynamodb
        .update_continuous_backups()
        .table_name(TABLE)
        .point_in_time_recovery_specification(recovery)
        .send()
        .await
        .expect("recovery");
}

async fn make_queue(config: &SdkConfig, name: &str) -> String {
    let queue = aws_sdk_sqs::Client::new(config)
        .create_queue()
        .queue_name(name)
        .send()
        .await
        .expect("a queue");
    queue.queue_url().expect("a queue has a URL").to_owned()
}

/// A topic of this name in the management account, and the URL of a queue of the
/// same name that is subscribed to it.
pub async fn topic(moto: &Moto, name: &str) -> (String, String) {
    let config = moto.sdk_config(MANAGEMENT, REGION).await;
    let sns = aws_sdk_sns::Client::new(&config);
    let topic = sns.create_topic().name(name).send().await;
    let topic = topic.expect("a topic").topic_arn.expect("an ARN");
    let queue = make_queue(&config, name).await;
    let endpoint = format!("arn:aws:sqs:{REGION}:{}:{name}", MANAGEMENT.id);
    let subscribed = sns.subscribe().topic_arn(&topic).protocol("sqs");
    let subscribed = subscribed.endpoint(endpoint).send().await;
    subscribed.expect("a subscription");
    (topic, queue)
}

async fn make_topic(config: &SdkConfig) -> (String, String, String) {
    let sns = aws_sdk_sns::Client::new(config);
    let topic = sns.create_topic().name("auditward-alerts").send().await;
    let topic = topic.expect("the topic").topic_arn.expect("an ARN");
    let queue = make_queue(config, "auditward-alerts").await;
    make_queue(config, "on-call").await;
    let mut last = String::new();
    for name in ["auditward-alerts", "on-call"] {
        let asked = sns.subscribe().topic_arn(&topic).protocol("sqs");
        let endpoint = format!("arn:aws:sqs:{REGION}:{}:{name}", MANAGEMENT.id);
        let made = asked.endpoint(endpoint).send().await;
        last = made
            .expect("a subscription")
            .subscription_arn
            .expect("an ARN");
    }
    let id = last.rsplit(':').next().unwrap_or_default().to_owned();
    (topic, queue, id)
}

/// The messages in a queue, as JSON where they are; takes them out of it.
pub async fn drain(moto: &Moto, queue_url: &str) -> Vec<Value> {
    let sqs = aws_sdk_sqs::Client::new(&moto.sdk_config(MANAGEMENT, REGION).await);
    let mut found = Vec::new();
    loop {
        let batch = sqs
            .receive_message()
            .queue_url(queue_url)
            .max_number_of_messages(10)
            .send()
            .await
            .expect("messages");
        if batch.messages().is_empty() {
            return found;
        }
        for message in batch.messages() {
            let body = message.body().unwrap_or_default();
            found.push(serde_json::from_str(body).unwrap_or_else(|_| body.into()));
            sqs.delete_message()
                .queue_url(queue_url)
                .receipt_handle(message.receipt_handle().unwrap_or_default())
                .send()
                .await
                .expect("a deleted message");
        }
    }
}
