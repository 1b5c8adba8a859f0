//! A proxy before AWS that records every call and can make any of them fail.
//!
//! ```no_run
//! # async fn example() {
//! use auditward_tests::moto::Moto;
//! use auditward_tests::proxy::{Fault, Match, Proxy};
//!
//! let moto = Moto::shared().await;
//! let proxy = Proxy::before(&moto.address()).await;
//! proxy.fail(Match::action("cloudtrail", "StartLogging"), Fault::AccessDenied);
//! // … let something talk to `proxy.url()` …
//! assert_eq!(proxy.calls()[0].name(), "cloudtrail:GetTrailStatus");
//! # }
//! ```

mod call;
mod fault;
mod rest;

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use tokio::io::BufReader;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

pub use call::Call;
pub use fault::{Fault, Match};

use crate::wire::{Message, exchange, read_request};

/// A running proxy. It ends with the value.
#[derive(Debug)]
pub struct Proxy {
    address: SocketAddr,
    shared: Arc<Shared>,
    listening: JoinHandle<()>,
}

#[derive(Debug)]
struct Shared {
    upstream: String,
    started: Instant,
    state: Mutex<State>,
    /// How many faults have struck since the last clear.
    hits: watch::Sender<usize>,
}

#[derive(Debug, Default)]
struct State {
    /// Counts the clears, so that a late answer does not touch newer calls.
    era: usize,
    calls: Vec<Call>,
    operations: HashMap<String, usize>,
    faults: Vec<(Match, Fault)>,
}

impl Proxy {
    /// Listens on a free port of loopback, and passes calls on to `upstream`
    /// (host and port).
    pub async fn before(upstream: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("a bound address");
        let shared = Arc::new(Shared {
            upstream: upstream.into(),
            started: Instant::now(),
            state: Mutex::default(),
            hits: watch::channel(0).0,
        });
        let serving = Arc::clone(&shared);
        let listening = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let _ = stream.set_nodelay(true);
                tokio::spawn(Arc::clone(&serving).serve(stream));
            }
        });
        Self {
            address,
            shared,
            listening,
        }
    }

    /// The endpoint URL.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Makes calls fail from now on. The first fault that takes a call has it.
    pub fn fail(&self, which: Match, fault: Fault) {
        self.shared.state().faults.push((which, fault));
    }

    /// All calls since the last clear, in the order in which they came.
    pub fn calls(&self) -> Vec<Call> {
        self.shared.state().calls.clone()
    }

    /// The names of all calls since the last clear, such as `iam:GetRole`.
    pub fn names(&self) -> Vec<String> {
        self.shared.state().calls.iter().map(Call::name).collect()
    }

    /// Forgets calls and faults, and counts from 1 again.
    pub fn clear(&self) {
        let mut state = self.shared.state();
        *state = State {
            era: state.era + 1,
            ..State::default()
        };
        self.shared.hits.send_replace(0);
    }

    /// Ends when a fault has struck since the last clear (for [`Fault::HangAfter`]
    /// when the call has taken effect).
    pub async fn hit(&self) {
        let mut hits = self.shared.hits.subscribe();
        let _ = hits.wait_for(|hits| *hits > 0).await;
    }

    /// The longest chain of calls of which each began after the one before it
    /// had been answered: round trips in sequence.
    pub fn depth(&self) -> usize {
        depth(&self.calls())
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.listening.abort();
    }
}

/// See [`Proxy::depth`].
pub fn depth(calls: &[Call]) -> usize {
    let mut chains: Vec<usize> = Vec::with_capacity(calls.len());
    for (index, call) in calls.iter().enumerate() {
        let longest = (0..index)
            .filter(|&earlier| calls[earlier].ended <= call.begun)
            .map(|earlier| chains[earlier])
            .max();
        chains.push(longest.unwrap_or(0) + 1);
    }
    chains.into_iter().max().unwrap_or(0)
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Answers the requests of one connection, one after the other.
    async fn serve(self: Arc<Self>, stream: TcpStream) {
        let mut stream = BufReader::new(stream);
        while let Ok(Some(request)) = read_request(&mut stream).await {
            let place = self.begin(request.clone());
            let answer = self.answer(&place, &request).await;
            self.end(&place, answer.as_ref());
            let Some(answer) = answer else {
                // Dropping alone may look like an orderly end; this is a reset.
                let _ = stream.get_ref().set_zero_linger();
                return;
            };
            if answer.write(stream.get_mut()).await.is_err() {
                return;
            }
        }
    }

    /// Records the call and decides what becomes of it.
    fn begin(&self, request: Message) -> Place {
        let mut call = Call::of(request, self.started.elapsed());
        let mut state = self.state();
        call.number = state.calls.len() + 1;
        let fresh = state.operations.len() + 1;
        let invocation = match call.invocation() {
            Some(id) => id.to_owned(),
            None => format!("call {}", call.number),
        };
        call.operation = *state.operations.entry(invocation).or_insert(fresh);
        let fault = state
            .faults
            .iter_mut()
            .find_map(|(which, fault)| which.takes(&call).then_some(*fault));
        state.calls.push(call.clone());
        Place {
            era: state.era,
            fault,
            call,
        }
    }

    fn end(&self, place: &Place, answer: Option<&Message>) {
        let ended = self.started.elapsed();
        let mut state = self.state();
        if state.era != place.era {
            return;
        }
        if let Some(call) = state.calls.get_mut(place.call.number - 1) {
            call.status = answer.and_then(Message::status);
            call.ended = ended;
        }
    }

    async fn answer(&self, place: &Place, request: &Message) -> Option<Message> {
        let call = &place.call;
        if !matches!(place.fault, None | Some(Fault::HangAfter)) {
            self.struck();
        }
        match place.fault {
            None => self.pass_on(request).await,
            Some(Fault::AccessDenied) => Some(fault::denied(call)),
            Some(Fault::Throttled) => Some(fault::throttled(call)),
            Some(Fault::Reset) => None,
            Some(Fault::AnswerLost) => {
                self.pass_on(request).await;
                None
            }
            Some(Fault::Delay(time)) => {
                tokio::time::sleep(time).await;
                self.pass_on(request).await
            }
            Some(Fault::Hang) => std::future::pending().await,
            Some(Fault::HangAfter) => {
                self.pass_on(request).await;
                self.struck();
                std::future::pending().await
            }
        }
    }

    fn struck(&self) {
        self.hits.send_modify(|hits| *hits += 1);
    }

    async fn pass_on(&self, request: &Message) -> Option<Message> {
        let mut passed = request.clone();
        // A user name before the host is how S3 Control is brought here.
        if let Some((_, host)) = passed
            .headers
            .iter_mut()
            .find(|(name, _)| name.eq_ignore_ascii_case("host"))
            && let Some((_, rest)) = host.rsplit_once('@')
        {
            *host = rest.to_owned();
        }
        let mut answer = exchange(&self.upstream, &passed).await.ok()?;
        answer.start = answer.start.replacen("HTTP/1.0", "HTTP/1.1", 1);
        answer
            .headers
            .retain(|(name, _)| !name.eq_ignore_ascii_case("connection"));
        Some(answer)
    }
}

/// Where a call stands in the record, and what becomes of it.
struct Place {
    era: usize,
    fault: Option<Fault>,
    call: Call,
}
