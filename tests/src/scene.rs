//! The world that the sample events of `events/` speak of, made in moto.
//!
//! [`Scene::set`] makes what is there before anybody does anything bad, and
//! [`Scene::act`] does in AWS what a sample event says was done.

use aws_config::SdkConfig;
use aws_sdk_dynamodb::types as dynamo;
use aws_sdk_s3::types::{BucketLocationConstraint, CreateBucketConfiguration};
use serde_json::{Value, json};

use crate::moto::{Account, MANAGEMENT, MEMBER, Moto, STRANGER};

/// The home region of the trail, and of everything but IAM.
pub const REGION: &str = "eu-west-1";
/// The organization's trail.
pub const TRAIL: &str = "org-trail";
/// Where it delivers.
pub const LOG_BUCKET: &str = "acme-org-trail-logs";
/// Auditward's table.
pub const TABLE: &str = "auditward";

/// What a function needs to know of the scene, and where its alerts arrive.
#[derive(Debug)]
pub struct Scene {
    /// Auditward's topic.
    pub topic_arn: String,
    /// A queue that is subscribed to the topic.
    pub alerts_url: String,
    /// Where events wait to be judged again.
    pub rejudge_url: String,
}

impl Scene {
    /// Makes the log bucket, the trail, Auditward's table, topic and queues.
    pub async fn set(moto: &Moto) -> Self {
        let config = moto.sdk_config(MANAGEMENT, REGION).await;
        make_bucket(&config, LOG_BUCKET).await;
        aws_sdk_s3::Client::new(&config)
            .put_bucket_policy()
            .bucket(LOG_BUCKET)
            .policy(delivery_policy(LOG_BUCKET))
            .send()
            .await
            .expect("the log bucket's policy");
        let trails = aws_sdk_cloudtrail::Client::new(&config);
        trails
            .create_trail()
            .name(TRAIL)
            .s3_bucket_name(LOG_BUCKET)
            .is_multi_region_trail(true)
            .enable_log_file_validation(true)
            .send()
            .await
            .expect("the trail");
        let logging = trails.start_logging().name(TRAIL).send().await;
        logging.expect("the trail logs");
        make_table(&config).await;
        let (topic_arn, alerts_url) = make_topic(&config).await;
        let rejudge_url = make_queue(&config, "auditward-trail-guard").await;
        Self {
            topic_arn,
            alerts_url,
            rejudge_url,
        }
    }

    /// The environment of a function in the management account that reaches
    /// AWS at `url`.
    pub async fn environment(&self, moto: &Moto, url: &str) -> Vec<(String, String)> {
        let mut environment = moto.environment(url, MANAGEMENT, REGION).await;
        for (name, value) in [
            ("AUDITWARD_TABLE", TABLE),
            ("AUDITWARD_TOPIC_ARN", &self.topic_arn),
            ("AUDITWARD_REJUDGE_QUEUE_URL", &self.rejudge_url),
            ("AUDITWARD_MEMBER_ROLE", "auditward-member"),
        ] {
            environment.push((name.into(), value.into()));
        }
        environment
    }

    /// Does in AWS what this event says was done, with what it takes to do it.
    /// False for a call that nobody has taught it yet.
    pub async fn act(&self, moto: &Moto, event: &Value) -> bool {
        let detail = &event["detail"];
        let asked = &detail["requestParameters"];
        let account = owner(detail["recipientAccountId"].as_str());
        let region = detail["awsRegion"].as_str().unwrap_or(REGION);
        let config = moto.sdk_config(account, region).await;
        let text = |name: &str| asked[name].as_str().unwrap_or_default().to_owned();
        let trails = aws_sdk_cloudtrail::Client::new(&config);
        let s3 = aws_sdk_s3::Client::new(&config);
        let iam = aws_sdk_iam::Client::new(&config);
        let bucket = text("bucketName");
        if !bucket.is_empty() && bucket != LOG_BUCKET {
            make_bucket(&config, &bucket).await;
        }
        macro_rules! done {
            ($call:expr) => {
                $call.send().await.expect("the act").into_done()
            };
        }
        match detail["eventName"].as_str().unwrap_or_default() {
            "StopLogging" => done!(trails.stop_logging().name(text("name"))),
            "DeleteTrail" => done!(trails.delete_trail().name(text("name"))),
            "PutBucketPolicy" => done!(
                s3.put_bucket_policy()
                    .bucket(bucket)
                    .policy(asked["bucketPolicy"].to_string())
            ),
            "DeleteBucketPolicy" => done!(s3.delete_bucket_policy().bucket(bucket)),
            "DeleteBucketPublicAccessBlock" => {
                done!(s3.delete_public_access_block().bucket(bucket))
            }
            "DeleteBucketOwnershipControls" => {
                done!(s3.delete_bucket_ownership_controls().bucket(bucket))
            }
            "CreateRole" => done!(
                iam.create_role()
                    .role_name(text("roleName"))
                    .assume_role_policy_document(text("assumeRolePolicyDocument"))
            ),
            "UpdateAssumeRolePolicy" => {
                make_role(&iam, &text("roleName")).await;
                done!(
                    iam.update_assume_role_policy()
                        .role_name(text("roleName"))
                        .policy_document(text("policyDocument"))
                )
            }
            "AttachRolePolicy" => {
                make_role(&iam, &text("roleName")).await;
                done!(
                    iam.attach_role_policy()
                        .role_name(text("roleName"))
                        .policy_arn(text("policyArn"))
                )
            }
            _ => false,
        }
    }
}

/// Lets every answer of an SDK stand for "done".
trait Done: Sized {
    fn into_done(self) -> bool {
        true
    }
}

impl<T> Done for T {}

fn owner(account: Option<&str>) -> Account {
    [MEMBER, STRANGER]
        .into_iter()
        .find(|one| Some(one.id) == account)
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

async fn make_role(iam: &aws_sdk_iam::Client, name: &str) {
    let trust = json!({"Version": "2012-10-17", "Statement": [{
        "Effect": "Allow",
        "Principal": {"Service": "ec2.amazonaws.com"},
        "Action": "sts:AssumeRole",
    }]});
    iam.create_role()
        .role_name(name)
        .assume_role_policy_document(trust.to_string())
        .send()
        .await
        .expect("a role");
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
    aws_sdk_dynamodb::Client::new(config)
        .create_table()
        .table_name(TABLE)
        .billing_mode(dynamo::BillingMode::PayPerRequest)
        .key_schema(key("key", dynamo::KeyType::Hash))
        .attribute_definitions(text("key"))
        .attribute_definitions(text("list"))
        .attribute_definitions(text("at"))
        .global_secondary_indexes(by_time)
        .send()
        .await
        .expect("the table");
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

async fn make_topic(config: &SdkConfig) -> (String, String) {
    let sns = aws_sdk_sns::Client::new(config);
    let topic = sns.create_topic().name("auditward-alerts").send().await;
    let topic = topic.expect("the topic").topic_arn.expect("an ARN");
    let queue = make_queue(config, "auditward-alerts").await;
    sns.subscribe()
        .topic_arn(&topic)
        .protocol("sqs")
        .endpoint(format!(
            "arn:aws:sqs:{REGION}:{}:auditward-alerts",
            MANAGEMENT.id
        ))
        .send()
        .await
        .expect("a subscription");
    (topic, queue)
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
