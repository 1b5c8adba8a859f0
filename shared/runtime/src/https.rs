//! How AWS is reached: HTTP/1.1, over rustls with ring.
//!
//! The SDK's own client brings HTTP/2 and a larger TLS library. No endpoint that
//! Auditward calls needs them, and they are a tenth of a function's size.

use std::error::Error;
use std::io;
use std::time::Duration;

use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient,
    SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::retry::ErrorKind;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::connect::HttpConnector as Tcp;
use hyper_util::client::legacy::{Client, Error as ClientError};
use hyper_util::rt::{TokioExecutor, TokioTimer};

/// How long a connection may take to stand.
const CONNECT: Duration = Duration::from_secs(2);
/// How long an unused connection is kept: AWS closes its end at about that time,
/// and a sandbox that was frozen finds it closed.
const IDLE: Duration = Duration::from_secs(20);

/// A client for all of AWS, with one pool of connections. It trusts whom the
/// operating system trusts.
///
/// # Errors
/// The operating system's certificates cannot be read.
pub fn client() -> io::Result<SharedHttpClient> {
    let mut tcp = Tcp::new();
    tcp.enforce_http(false);
    tcp.set_nodelay(true);
    tcp.set_connect_timeout(Some(CONNECT));
    let provider = rustls::crypto::ring::default_provider();
    let connector = HttpsConnectorBuilder::new()
        .with_provider_and_native_roots(provider)?
        // For servers that play AWS; real endpoints are all https.
        .https_or_http()
        .enable_http1()
        .wrap_connector(tcp);
    let pool = Client::builder(TokioExecutor::new())
        .pool_timer(TokioTimer::new())
        .pool_idle_timeout(IDLE)
        .build(connector);
    Ok(SharedHttpClient::new(Https(SharedHttpConnector::new(
        Pool(pool),
    ))))
}

/// The same connector for every service; how long a call may take is bounded by
/// the SDK's own timeouts around it.
#[derive(Debug)]
struct Https(SharedHttpConnector);

impl HttpClient for Https {
    fn http_connector(
        &self,
        _: &HttpConnectorSettings,
        _: &RuntimeComponents,
    ) -> SharedHttpConnector {
        self.0.clone()
    }
}

#[derive(Debug)]
struct Pool(Client<HttpsConnector<Tcp>, SdkBody>);

impl HttpConnector for Pool {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let request = match request.try_into_http1x() {
            Ok(request) => request,
            Err(error) => {
                return HttpConnectorFuture::ready(Err(ConnectorError::user(error.into())));
            }
        };
        let answer = self.0.request(request);
        HttpConnectorFuture::new(async move {
            let answer = answer.await.map_err(classified)?;
            HttpResponse::try_from(answer.map(SdkBody::from_body_1_x))
                .map_err(|error| ConnectorError::other(error.into(), None))
        })
    }
}

/// What kind of error it is: the SDK retries what passes.
fn classified(error: ClientError) -> ConnectorError {
    let connecting = error.is_connect();
    let timed_out =
        source::<io::Error>(&error).is_some_and(|error| error.kind() == io::ErrorKind::TimedOut);
    let broken = source::<io::Error>(&error).is_some();
    let (wrong, closed, cut) =
        source::<hyper::Error>(&error).map_or((false, false, false), |error| {
            (
                error.is_user(),
                error.is_closed() || error.is_canceled(),
                error.is_incomplete_message(),
            )
        });
    let error = error.into();
    match () {
        () if timed_out => ConnectorError::timeout(error),
        () if connecting || broken || closed => ConnectorError::io(error),
        () if wrong => ConnectorError::user(error),
        () if cut => ConnectorError::other(error, Some(ErrorKind::TransientError)),
        () => ConnectorError::other(error, None),
    }
}

/// The first error of this type in the chain of causes.
fn source<'a, E: Error + 'static>(mut error: &'a (dyn Error + 'static)) -> Option<&'a E> {
    loop {
        match error.downcast_ref() {
            Some(found) => return Some(found),
            None => error = error.source()?,
        }
    }
}
