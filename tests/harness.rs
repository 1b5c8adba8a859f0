//! Proves the harness itself, before anything is proven with it.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "test code"
)]

use std::path::Path;
use std::time::Duration;

use auditward_tests::moto::{self, Account, MANAGEMENT, MEMBER, Moto, STRANGER};
use auditward_tests::proxy::{Fault, Match, Proxy};
use auditward_tests::runtime_api::{Function, Outcome};
use auditward_tests::scene::{self, Scene};
use aws_config::SdkConfig;
use aws_sdk_cloudtrail::error::ProvideErrorMetadata;
use aws_sdk_s3control::types::PublicAccessBlockConfiguration;
use serde_json::json;

const NOTHING: [(&str, &str); 0] = [];
const REGION: &str = "us-east-1";

fn echo() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_echo"))
}

/// A configuration whose calls go through the proxy.
async fn through(proxy: &Proxy, moto: &Moto, account: Account) -> SdkConfig {
    moto::sdk_config(&proxy.url(), moto.credentials(account).await, REGION)
}

#[tokio::test]
async fn every_account_sees_its_own_trails() {
    let moto = Moto::shared().await;
    for account in [MANAGEMENT, MEMBER, STRANGER] {
        let config = moto.sdk_config(account, REGION).await;
        let identity = aws_sdk_sts::Client::new(&config)
            .get_caller_identity()
            .send()
            .await
            .unwrap();
        assert_eq!(identity.account(), Some(account.id));

        let bucket = format!("trails-{}", account.id);
        let s3 = aws_sdk_s3::Client::new(&config);
        s3.create_bucket().bucket(&bucket).send().await.unwrap();
        s3.put_bucket_policy()
            .bucket(&bucket)
            .policy(scene::delivery_policy(&bucket))
            .send()
            .await
            .unwrap();
        let trails = aws_sdk_cloudtrail::Client::new(&config);
        trails
            .create_trail()
            .name(format!("trail-{}", account.id))
            .s3_bucket_name(&bucket)
            .send()
            .await
            .unwrap();
        let seen = trails.describe_trails().send().await.unwrap();
        let names: Vec<_> = seen.trail_list().iter().filter_map(|t| t.name()).collect();
        assert_eq!(names, [format!("trail-{}", account.id)]);
    }
}

#[tokio::test]
async fn the_public_access_block_of_an_account_is_reached() {
    let moto = Moto::shared().await;
    let proxy = Proxy::before(&moto.address()).await;
    let config = through(&proxy, &moto, MEMBER).await;
    let client = aws_sdk_s3control::Client::from_conf(
        aws_sdk_s3control::config::Builder::from(&config)
            .endpoint_url(moto::s3control_url(&proxy.url()))
            .build(),
    );
    let wish = PublicAccessBlockConfiguration::builder()
        .block_public_acls(true)
        .build();
    client
        .put_public_access_block()
        .account_id(MEMBER.id)
        .public_access_block_configuration(wish)
        .send()
        .await
        .unwrap();
    let directly = moto.s3control(MEMBER, REGION).await;
    let read = directly
        .get_public_access_block()
        .account_id(MEMBER.id)
        .send()
        .await
        .unwrap();
    let block = read.public_access_block_configuration().unwrap();
    assert_eq!(block.block_public_acls(), Some(true));
    assert_eq!(block.restrict_public_buckets(), Some(false));
    assert_eq!(proxy.names(), ["s3control:PutPublicAccessBlock"]);

    proxy.fail(Match::any(), Fault::AccessDenied);
    let refused = client
        .delete_public_access_block()
        .account_id(MEMBER.id)
        .send()
        .await;
    assert_eq!(refused.unwrap_err().code(), Some("AccessDenied"));
}

/// One read of every wire form; gives the SDK's error code of each.
async fn error_codes(config: &SdkConfig) -> Vec<Option<String>> {
    let s3 = aws_sdk_s3::Client::new(config);
    let mut codes = Vec::new();
    macro_rules! code {
        ($call:expr) => {
            codes.push(match $call.send().await {
                Ok(_) => None,
                Err(error) => error.code().map(str::to_owned),
            })
        };
    }
    code!(aws_sdk_cloudtrail::Client::new(config).describe_trails());
    code!(aws_sdk_dynamodb::Client::new(config).list_tables());
    code!(aws_sdk_kms::Client::new(config).list_keys());
    code!(aws_sdk_sqs::Client::new(config).list_queues());
    code!(aws_sdk_iam::Client::new(config).list_roles());
    code!(aws_sdk_sns::Client::new(config).list_topics());
    code!(aws_sdk_sts::Client::new(config).get_caller_identity());
    code!(s3.get_bucket_policy().bucket("none"));
    codes
}

#[tokio::test]
async fn refusals_look_like_those_of_each_service() {
    let moto = Moto::shared().await;
    let proxy = Proxy::before(&moto.address()).await;
    let config = through(&proxy, &moto, MANAGEMENT).await;
    proxy.fail(Match::any(), Fault::AccessDenied);
    let codes = error_codes(&config).await;
    let codes: Vec<_> = codes.iter().flatten().map(String::as_str).collect();
    let (json, query) = ("AccessDeniedException", "AccessDenied");
    assert_eq!(
        codes,
        [
            json,
            json,
            json,
            json,
            query,
            "AuthorizationError",
            query,
            query
        ]
    );
    assert_eq!(proxy.calls().len(), 8, "no SDK tries a refused call again");
}

#[tokio::test]
async fn throttling_is_tried_again_by_every_client() {
    let moto = Moto::shared().await;
    let proxy = Proxy::before(&moto.address()).await;
    let config = through(&proxy, &moto, MANAGEMENT).await;
    for operation in 1..=8 {
        proxy.fail(Match::operation(operation).times(1), Fault::Throttled);
    }
    let mut expected = vec![None; 7];
    expected.push(Some("NoSuchBucket".to_owned()));
    assert_eq!(error_codes(&config).await, expected);
    let calls = proxy.calls();
    assert_eq!(calls.len(), 16, "each operation took two attempts");
    assert_eq!(calls[15].operation, 8);
    assert_eq!(calls[14].name(), "s3:GetBucketPolicy");
    assert_eq!((calls[14].status, calls[15].status), (Some(503), Some(404)));
    assert_eq!(proxy.depth(), 16);
}

#[tokio::test]
async fn lost_connections_are_tried_again_and_lost_answers_have_had_their_effect() {
    let moto = Moto::shared().await;
    let proxy = Proxy::before(&moto.address()).await;
    let sqs = aws_sdk_sqs::Client::new(&through(&proxy, &moto, MANAGEMENT).await);
    let queue = sqs.create_queue().queue_name("q").send().await.unwrap();
    let url = queue.queue_url().unwrap();

    proxy.clear();
    proxy.fail(Match::nth(1), Fault::Reset);
    proxy.fail(Match::nth(2), Fault::AnswerLost);
    let late = Duration::from_millis(80);
    proxy.fail(Match::nth(3), Fault::Delay(late));
    sqs.send_message()
        .queue_url(url)
        .message_body("m")
        .send()
        .await
        .unwrap();
    let calls = proxy.calls();
    assert_eq!(calls.len(), 3);
    assert_eq!(calls[0].status, None);
    assert_eq!(calls[2].status, Some(200));
    assert!(calls[2].ended - calls[2].begun >= late);

    let waiting = sqs
        .receive_message()
        .queue_url(url)
        .max_number_of_messages(10)
        .send()
        .await
        .unwrap();
    assert_eq!(
        waiting.messages().len(),
        2,
        "the lost answer's, and the last"
    );
}

#[tokio::test]
async fn calls_side_by_side_are_one_round_trip() {
    let moto = Moto::shared().await;
    let proxy = Proxy::before(&moto.address()).await;
    let sts = aws_sdk_sts::Client::new(&through(&proxy, &moto, MANAGEMENT).await);
    proxy.fail(Match::any(), Fault::Delay(Duration::from_millis(100)));
    let (one, other) = tokio::join!(
        sts.get_caller_identity().send(),
        sts.get_caller_identity().send()
    );
    assert!(one.is_ok() && other.is_ok());
    assert_eq!((proxy.calls().len(), proxy.depth()), (2, 1));
    sts.get_caller_identity().send().await.unwrap();
    assert_eq!((proxy.calls().len(), proxy.depth()), (3, 2));
}

#[tokio::test]
async fn a_function_answers_fails_dies_and_runs_out_of_time() {
    let mut function = Function::spawn(echo(), NOTHING).await;
    let event = json!({"detail": {"eventName": "StopLogging"}});
    assert_eq!(function.invoke(&event).await.response(), event);

    let megabyte = json!({"long": "x".repeat(1 << 20)});
    assert_eq!(function.invoke(&megabyte).await.response(), megabyte);
    if cfg!(target_os = "linux") {
        assert!(function.peak_memory().unwrap() > 1 << 20);
    }

    let broken = function
        .invoke_raw(b"no json".to_vec(), Duration::from_secs(5))
        .await;
    assert!(matches!(broken, Outcome::Error { .. }), "{broken:?}");

    function.freeze();
    let late = function
        .invoke_raw(b"{}".to_vec(), Duration::from_millis(50))
        .await;
    assert_eq!(late, Outcome::TimedOut);
    assert_eq!(function.invoke(&event).await, Outcome::Died);

    let mut function = Function::spawn(echo(), NOTHING).await;
    let crash = function
        .invoke_until(&event, Duration::ZERO, std::future::ready(()))
        .await;
    assert!(matches!(crash, Outcome::Died | Outcome::Response(_)));
}

#[tokio::test]
async fn a_hanging_call_is_where_to_crash() {
    let moto = Moto::shared().await;
    let proxy = Proxy::before(&moto.address()).await;
    let sns = aws_sdk_sns::Client::new(&through(&proxy, &moto, MANAGEMENT).await);
    proxy.fail(Match::action("sns", "CreateTopic"), Fault::HangAfter);
    tokio::select! {
        _ = sns.create_topic().name("t").send() => panic!("no answer may come"),
        () = proxy.hit() => {}
    }
    let topics = sns.list_topics().send().await.unwrap();
    assert_eq!(topics.topics().len(), 1, "the call has had its effect");
}

#[tokio::test]
async fn sample_events_can_be_acted_out() {
    let moto = Moto::shared().await;
    let scene = Scene::set(&moto).await;
    let trails = aws_sdk_cloudtrail::Client::new(&moto.sdk_config(MANAGEMENT, scene::REGION).await);
    let logging = async || {
        let status = trails.get_trail_status().name(scene::TRAIL).send().await;
        status.unwrap().is_logging().unwrap()
    };
    assert!(logging().await);
    let event = json!({"detail": {
        "eventSource": "cloudtrail.amazonaws.com",
        "eventName": "StopLogging",
        "awsRegion": scene::REGION,
        "recipientAccountId": MANAGEMENT.id,
        "requestParameters": {"name": scene::TRAIL},
    }});
    assert!(scene.act(&moto, &event).await);
    assert!(!logging().await);

    let sns = aws_sdk_sns::Client::new(&moto.sdk_config(MANAGEMENT, scene::REGION).await);
    sns.publish()
        .topic_arn(&scene.topic_arn)
        .message("alert")
        .send()
        .await
        .unwrap();
    let alerts = scene::drain(&moto, &scene.alerts_url).await;
    assert_eq!(alerts.len(), 1);
    assert_eq!(alerts[0]["Message"], "alert");
    assert!(scene::drain(&moto, &scene.alerts_url).await.is_empty());
}
