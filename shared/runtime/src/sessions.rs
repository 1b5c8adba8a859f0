//! Sessions across accounts and regions, made when first needed.

use std::collections::HashMap;
use std::env;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use aws_config::environment::EnvironmentVariableCredentialsProvider;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_sts::config::{Credentials, SharedCredentialsProvider};
use aws_smithy_types::retry::RetryConfig;
use aws_smithy_types::timeout::TimeoutConfig;
use aws_types::service_config::{LoadServiceConfig, ServiceConfigKey};
use tokio::sync::Mutex;

use auditward_rules::arn::partition_of;

use crate::failure::{ASSUME_ROLE, Failure};
use crate::https;

/// Gives the configuration with which a hand talks to an account and region:
/// the function's own in its own account, an assumed role elsewhere.
#[derive(Debug)]
pub struct Sessions {
    home: Home,
    account: OnceLock<String>,
    base: OnceLock<SdkConfig>,
    members: Mutex<HashMap<String, (Instant, SdkConfig)>>,
}

/// Where this function runs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Home {
    /// Its region.
    pub region: String,
    /// The name (with its path) of the role to assume in other accounts.
    pub member_role: String,
}

/// How long one call may take with all its retries: several must fit into an
/// invocation, and a call that hangs must end alerted.
const CALL: Duration = Duration::from_secs(12);
const ATTEMPT: Duration = Duration::from_secs(5);
/// Throttled calls are tried again in the SDK's standard way. Its adaptive way
/// would make a call's second try wait some ten seconds after one throttled answer,
/// since a new limiter gains half a token a second and a retry costs five: the third
/// never came within [`CALL`]. It would also slow other accounts down, for limiters
/// are kept by service and region alone. With half a second to begin with, five
/// tries wait at most 7.5 seconds in all, and a call that stays throttled ends with
/// AWS's own word for it. Across invocations the retries of Lambda and the queues go
/// on; what runs side by side is bounded by the functions' reserved concurrency.
const ATTEMPTS: u32 = 5;
const BACKOFF: Duration = Duration::from_millis(500);
/// How long a session in another account is used. One role assumed with another's
/// credentials lasts an hour at most; a role that is made anew, or whose sessions are
/// ended, is to be entered again soon.
const SESSION: Duration = Duration::from_secs(10 * 60);

impl Sessions {
    /// Sessions of a function.
    pub fn new(home: Home) -> Self {
        Self {
            home,
            account: OnceLock::new(),
            base: OnceLock::new(),
            members: Mutex::default(),
        }
    }

    /// Sessions that talk with this configuration: to a server that plays AWS.
    pub fn with(home: Home, base: SdkConfig) -> Self {
        Self {
            base: OnceLock::from(base),
            ..Self::new(home)
        }
    }

    /// Where this function runs.
    pub fn home(&self) -> &Home {
        &self.home
    }

    /// The account this function runs in, once it is known.
    pub fn account(&self) -> &str {
        self.account.get().map_or("", String::as_str)
    }

    /// Says which account this function runs in; the first word counts.
    pub fn runs_in(&self, account: &str) {
        self.account.get_or_init(|| account.to_owned());
    }

    /// The function's own identity in its own region: for the store, alerts and metrics.
    pub fn central(&self) -> &SdkConfig {
        self.base.get_or_init(|| load(&self.home.region))
    }

    /// The identity for an account and region.
    ///
    /// # Errors
    /// The role in the other account cannot be assumed.
    pub async fn of(&self, account: &str, region: &str) -> Result<SdkConfig, Failure> {
        let central = self.central();
        if account == self.account() || self.account().is_empty() || account.is_empty() {
            return Ok(in_region(central, region));
        }
        let mut members = self.members.lock().await;
        if let Some((since, config)) = members.get(account)
            && since.elapsed() < SESSION
        {
            return Ok(in_region(config, region));
        }
        let config = self.assume(central, account).await?;
        members.insert(account.to_owned(), (Instant::now(), config.clone()));
        Ok(in_region(&config, region))
    }

    async fn assume(&self, central: &SdkConfig, account: &str) -> Result<SdkConfig, Failure> {
        let partition = partition_of(&self.home.region);
        let role = format!(
            "arn:{partition}:iam::{account}:role/{}",
            self.home.member_role
        );
        let answer = aws_sdk_sts::Client::new(central)
            .assume_role()
            .role_arn(&role)
            .role_session_name("auditward")
            .send()
            .await
            .map_err(|error| Failure::of(ASSUME_ROLE, &error))?;
        let Some(given) = answer.credentials() else {
            return Err(Failure::other(
                ASSUME_ROLE,
                format!("no credentials for {role}"),
            ));
        };
        let expires = (*given.expiration()).try_into().ok();
        let credentials = Credentials::new(
            given.access_key_id(),
            given.secret_access_key(),
            Some(given.session_token().to_owned()),
            expires,
            "auditward-member-role",
        );
        let provider = SharedCredentialsProvider::new(credentials);
        Ok(central.to_builder().credentials_provider(provider).build())
    }
}

fn in_region(config: &SdkConfig, region: &str) -> SdkConfig {
    if config.region().is_some_and(|own| own.as_ref() == region) || region.is_empty() {
        return config.clone();
    }
    config
        .to_builder()
        .region(Region::new(region.to_owned()))
        .build()
}

/// A configuration made of what Lambda gives a function: its credentials stand in
/// the environment and nowhere else, so no profile, container or instance is asked.
fn load(region: &str) -> SdkConfig {
    let timeouts = TimeoutConfig::builder()
        .operation_attempt_timeout(ATTEMPT)
        .operation_timeout(CALL)
        .build();
    let credentials = SharedCredentialsProvider::new(EnvironmentVariableCredentialsProvider::new());
    let mut config = SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new(region.to_owned()))
        .credentials_provider(credentials)
        .retry_config(
            RetryConfig::standard()
                .with_max_attempts(ATTEMPTS)
                .with_initial_backoff(BACKOFF),
        )
        .timeout_config(timeouts)
        .service_config(OfServices);
    config.set_endpoint_url(env::var("AWS_ENDPOINT_URL").ok());
    config.set_use_fips(switched("AWS_USE_FIPS_ENDPOINT"));
    config.set_use_dual_stack(switched("AWS_USE_DUALSTACK_ENDPOINT"));
    match https::client() {
        Ok(client) => config.set_http_client(Some(client)),
        Err(error) => {
            tracing::error!(%error, "no certificates to trust, so AWS cannot be called: install the system's ca-certificates");
            &mut config
        }
    };
    config.build()
}

/// What the environment says for one service, such as `AWS_ENDPOINT_URL_S3`.
#[derive(Debug)]
struct OfServices;

impl LoadServiceConfig for OfServices {
    fn load_config(&self, key: ServiceConfigKey<'_>) -> Option<String> {
        let service = key.service_id().to_uppercase().replace([' ', '-'], "_");
        env::var(format!("{}_{service}", key.env())).ok()
    }
}

/// What a switch of the SDKs says, where it is set.
fn switched(name: &str) -> Option<bool> {
    let value = env::var(name).ok()?;
    Some(value.eq_ignore_ascii_case("true"))
}
