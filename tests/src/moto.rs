//! A moto server with the corrections of `tests/moto`, and three accounts.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};

use auditward_runtime::https;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use tokio::sync::{Semaphore, SemaphorePermit};

use crate::wire::{Message, exchange};

/// An AWS account of the tests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Account {
    /// Its twelve digits.
    pub id: &'static str,
}

/// Where Auditward runs.
pub const MANAGEMENT: Account = Account { id: "111111111111" };
/// An account of the same organization, or of the list of ours.
pub const MEMBER: Account = Account { id: "222222222222" };
/// Somebody else's account.
pub const STRANGER: Account = Account { id: "333333333333" };

/// A running moto server. It ends with the value, or with this process.
#[derive(Debug)]
pub struct Moto {
    server: Child,
    port: u16,
}

/// A server of this process's pool, until it is dropped.
#[derive(Debug)]
pub struct Held {
    moto: Option<Moto>,
    _turn: SemaphorePermit<'static>,
}

/// Servers that nobody holds at the moment.
static IDLE: Mutex<Vec<Moto>> = Mutex::new(Vec::new());

fn idle() -> MutexGuard<'static, Vec<Moto>> {
    IDLE.lock().unwrap_or_else(PoisonError::into_inner)
}

impl std::ops::Deref for Held {
    type Target = Moto;

    fn deref(&self) -> &Moto {
        self.moto.as_ref().expect("a server until dropped")
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        idle().extend(self.moto.take());
    }
}

impl Moto {
    /// Starts a server of its own, which takes about a second of a core. Proxies
    /// that serve other servers meanwhile are not kept waiting.
    pub async fn start() -> Self {
        let starting = tokio::task::spawn_blocking(Self::start_and_wait);
        starting.await.expect("a server that starts")
    }

    fn start_and_wait() -> Self {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("moto/server.py");
        let python = python();
        let mut server = Command::new(&python)
            .arg(&script)
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("cannot start {}: {error}", python.display()));
        let mut line = String::new();
        BufReader::new(server.stdout.take().expect("stdout is piped"))
            .read_line(&mut line)
            .expect("moto's first line");
        let port = serde_json::from_str::<serde_json::Value>(&line)
            .ok()
            .and_then(|ready| ready["port"].as_u64())
            .and_then(|port| u16::try_from(port).ok())
            .unwrap_or_else(|| panic!("moto did not start; it said {line:?}"));
        Self { server, port }
    }

    /// A server, emptied, and kept from other tests until dropped. Two are
    /// enough: a server and the function before it keep a core busy.
    pub async fn shared() -> Held {
        static TURNS: Semaphore = Semaphore::const_new(2);
        let turn = TURNS.acquire().await.expect("nobody closes it");
        let waiting = idle().pop();
        let moto = match waiting {
            Some(moto) => moto,
            None => Self::start().await,
        };
        moto.reset().await;
        Held {
            moto: Some(moto),
            _turn: turn,
        }
    }

    /// Host and port.
    pub fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// The endpoint URL of every service but S3 Control, see [`s3control_url`].
    pub fn url(&self) -> String {
        format!("http://{}", self.address())
    }

    /// Forgets everything, credentials included.
    pub async fn reset(&self) {
        let request = Message {
            start: "POST /moto-api/reset HTTP/1.1".into(),
            headers: vec![("Host".into(), self.address())],
            body: Vec::new(),
        };
        let answer = exchange(&self.address(), &request).await.expect("a reset");
        assert_eq!(answer.status(), Some(200), "{answer:?}");
    }

    /// Credentials in this account.
    pub async fn credentials(&self, account: Account) -> Credentials {
        self.credentials_of(account, "OrganizationAccountAccessRole")
            .await
    }

    /// Credentials of a role of this account.
    pub async fn credentials_of(&self, account: Account, role: &str) -> Credentials {
        let nobody = Credentials::new("AKIAEXAMPLE", "secret", None, None, "tests");
        let config = sdk_config(&self.url(), nobody, "us-east-1");
        let assumed = aws_sdk_sts::Client::new(&config)
            .assume_role()
            .role_arn(format!("arn:aws:iam::{}:role/{role}", account.id))
            .role_session_name("tests")
            .send()
            .await
            .expect("an assumed role");
        let given = assumed.credentials().expect("credentials");
        Credentials::new(
            given.access_key_id(),
            given.secret_access_key(),
            Some(given.session_token().to_owned()),
            None,
            "tests",
        )
    }

    /// The unique ID of the role that has these credentials.
    pub async fn role_id(&self, credentials: &Credentials) -> String {
        let config = sdk_config(&self.url(), credentials.clone(), "us-east-1");
        let asked = aws_sdk_sts::Client::new(&config).get_caller_identity();
        let caller = asked.send().await.expect("a caller");
        let (id, _) = caller
            .user_id()
            .and_then(|id| id.split_once(':'))
            .expect("a role");
        id.to_owned()
    }

    /// What an SDK client needs to act in this account and region.
    pub async fn sdk_config(&self, account: Account, region: &str) -> SdkConfig {
        sdk_config(&self.url(), self.credentials(account).await, region)
    }

    /// An S3 Control client, whose endpoint is a special case.
    pub async fn s3control(&self, account: Account, region: &str) -> aws_sdk_s3control::Client {
        let config = self.sdk_config(account, region).await;
        aws_sdk_s3control::Client::from_conf(
            aws_sdk_s3control::config::Builder::from(&config)
                .endpoint_url(s3control_url(&self.url()))
                .build(),
        )
    }

    /// The environment of a function that runs in this account, with `url` for
    /// AWS: this server's, or that of a [proxy](crate::proxy) before it.
    pub async fn environment(
        &self,
        url: &str,
        account: Account,
        region: &str,
    ) -> Vec<(String, String)> {
        environment(url, &self.credentials(account).await, region)
    }
}

/// The environment of whoever has these credentials and reaches AWS at `url`.
pub fn environment(url: &str, credentials: &Credentials, region: &str) -> Vec<(String, String)> {
    [
        ("AWS_REGION", region.to_owned()),
        ("AWS_ENDPOINT_URL", url.to_owned()),
        ("AWS_ENDPOINT_URL_S3_CONTROL", s3control_url(url)),
        ("AWS_ACCESS_KEY_ID", credentials.access_key_id().to_owned()),
        (
            "AWS_SECRET_ACCESS_KEY",
            credentials.secret_access_key().to_owned(),
        ),
        (
            "AWS_SESSION_TOKEN",
            credentials.session_token().unwrap_or_default().to_owned(),
        ),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .to_vec()
}

impl Drop for Moto {
    fn drop(&mut self) {
        // Closing its standard input would do, but not within the test.
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

thread_local! {
    /// Reading the certificates takes a while, and a pool of connections belongs
    /// to its test.
    static HTTPS: SharedHttpClient = https::client().expect("certificates");
}

/// A configuration with fixed credentials, endpoint and region.
pub fn sdk_config(url: &str, credentials: Credentials, region: &str) -> SdkConfig {
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::v2026_01_12())
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .endpoint_url(url)
        .region(Region::new(region.to_owned()))
        .http_client(HTTPS.with(SharedHttpClient::clone))
        .build()
}

/// The endpoint URL for S3 Control.
///
/// Its clients put `<account>.` before the host, and no name under an address
/// or `localhost` resolves everywhere. With a user name in the URL, that is
/// what the account is put before, and the host stays as it is.
pub fn s3control_url(url: &str) -> String {
    url.replacen("://", "://s3-control@", 1)
}

/// The Python of the tests' own environment.
pub(crate) fn python() -> PathBuf {
    if let Some(python) = std::env::var_os("AUDITWARD_TEST_PYTHON") {
        return python.into();
    }
    let python = crate::binaries::target().join("test-env/python/bin/python");
    assert!(
        python.is_file(),
        "no Python environment at {}: run `python3 tests/run.py --only environment`",
        python.display()
    );
    python
}
