//! A stand-in for the Lambda Runtime API: runs a function's real binary.

use std::net::SocketAddr;
use std::path::Path;
use std::process::Stdio;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::Value;
use tokio::io::{AsyncRead, AsyncReadExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::process::{Child, Command};
use tokio::sync::{Mutex as AsyncMutex, mpsc};
use tokio::task::JoinHandle;

use crate::wire::{Message, read_request};

const PREFIX: &str = "/2018-06-01/runtime/";
/// Lambda's default time for a function that says nothing else.
const TIMEOUT: Duration = Duration::from_secs(30);

/// How an invocation ended.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// The function answered.
    Response(Value),
    /// The function said that it failed; Lambda would try again.
    Error {
        /// The error's type.
        kind: String,
        /// The error's message.
        message: String,
    },
    /// The process ended without an answer.
    Died,
    /// The deadline passed; the process was killed, as Lambda does.
    TimedOut,
}

impl Outcome {
    /// The answer; panics if there is none.
    #[track_caller]
    pub fn response(self) -> Value {
        match self {
            Self::Response(value) => value,
            other => panic!("the function did not answer: {other:?}"),
        }
    }

    /// The message of the function's error; panics if it did not fail.
    #[track_caller]
    pub fn error(self) -> String {
        match self {
            Self::Error { message, .. } => message,
            other => panic!("the function did not fail: {other:?}"),
        }
    }
}

/// A function's process, killed when the value is dropped.
#[derive(Debug)]
pub struct Function {
    child: Child,
    events: mpsc::UnboundedSender<Event>,
    answers: mpsc::UnboundedReceiver<Answer>,
    stdout: Captured,
    stderr: Captured,
    invocations: u64,
    serving: JoinHandle<()>,
}

#[derive(Debug)]
struct Event {
    id: String,
    payload: Vec<u8>,
    deadline_ms: u128,
}

#[derive(Debug)]
enum Answer {
    Response(String, Vec<u8>),
    Error(String, Vec<u8>),
}

type Captured = Arc<Mutex<Vec<u8>>>;

impl Function {
    /// Starts a binary with this environment, and only this.
    pub async fn spawn<N, V>(program: &Path, environment: impl IntoIterator<Item = (N, V)>) -> Self
    where
        N: AsRef<str>,
        V: AsRef<str>,
    {
        let (events, waiting) = mpsc::unbounded_channel();
        let (answer, answers) = mpsc::unbounded_channel();
        let (address, serving) = listen(waiting, answer).await;
        let name = program.file_name().unwrap_or_default();
        let mut command = Command::new(program);
        command
            .env_clear()
            .env("AWS_LAMBDA_RUNTIME_API", address.to_string())
            .env("AWS_LAMBDA_FUNCTION_NAME", name)
            .env("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST")
            .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256")
            .env("AWS_LAMBDA_LOG_FORMAT", "JSON")
            .env("_HANDLER", "bootstrap")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        for (name, value) in environment {
            command.env(name.as_ref(), value.as_ref());
        }
        let mut child = command
            .spawn()
            .unwrap_or_else(|error| panic!("cannot start {}: {error}", program.display()));
        let stdout = capture(child.stdout.take().expect("stdout is piped"));
        let stderr = capture(child.stderr.take().expect("stderr is piped"));
        Self {
            child,
            events,
            answers,
            stdout,
            stderr,
            invocations: 0,
            serving,
        }
    }

    /// Hands the function an event, with Lambda's usual time to answer.
    pub async fn invoke(&mut self, event: &Value) -> Outcome {
        self.invoke_raw(event.to_string().into_bytes(), TIMEOUT)
            .await
    }

    /// Hands the function any bytes, with this much time to answer.
    pub async fn invoke_raw(&mut self, payload: Vec<u8>, time: Duration) -> Outcome {
        self.deliver(payload, time, time).await
    }

    /// Hands the function the same invocation once more, under the same request ID, as
    /// Lambda does with an event on which it failed.
    pub async fn retry_raw(&mut self, payload: Vec<u8>, time: Duration) -> Outcome {
        self.invocations = self.invocations.saturating_sub(1);
        self.invoke_raw(payload, time).await
    }

    /// Tells the function one deadline, and waits for it until another.
    async fn deliver(&mut self, payload: Vec<u8>, told: Duration, time: Duration) -> Outcome {
        self.invocations += 1;
        let id = format!("00000000-0000-4000-8000-{:012}", self.invocations);
        let event = Event {
            id: id.clone(),
            payload,
            deadline_ms: (SystemTime::now() + told)
                .duration_since(UNIX_EPOCH)
                .unwrap_or_default()
                .as_millis(),
        };
        if self.events.send(event).is_err() {
            return Outcome::Died;
        }
        let answers = &mut self.answers;
        let answered = async {
            loop {
                match answers.recv().await {
                    Some(Answer::Response(of, body)) if of == id => break response(&body),
                    Some(Answer::Error(of, body)) if of == id || of.is_empty() => {
                        break failure(&body);
                    }
                    Some(_) => {}
                    None => break Outcome::Died,
                }
            }
        };
        let outcome = tokio::select! {
            biased;
            outcome = answered => outcome,
            _ = self.child.wait() => Outcome::Died,
            () = tokio::time::sleep(time) => Outcome::TimedOut,
        };
        if outcome == Outcome::TimedOut {
            self.kill().await;
        }
        outcome
    }

    /// Stops the process where it stands, so that it cannot answer any more.
    pub fn freeze(&self) {
        let id = self.child.id().expect("a running process").to_string();
        let done = std::process::Command::new("kill")
            .args(["-STOP", &id])
            .status();
        assert!(
            done.is_ok_and(|status| status.success()),
            "the process could not be stopped"
        );
    }

    /// Hands the function an event, and kills it as soon as `moment` comes. It
    /// is told that it has this much time, which is what its leases last.
    pub async fn invoke_until(
        &mut self,
        event: &Value,
        time: Duration,
        moment: impl Future<Output = ()>,
    ) -> Outcome {
        let payload = event.to_string().into_bytes();
        let outcome = tokio::select! {
            outcome = self.deliver(payload, time, TIMEOUT) => Some(outcome),
            () = moment => None,
        };
        match outcome {
            Some(outcome) => outcome,
            None => {
                self.kill().await;
                Outcome::Died
            }
        }
    }

    /// Kills the process, as a crash would.
    pub async fn kill(&mut self) {
        let _ = self.child.kill().await;
    }

    /// What the function has written to standard output.
    pub fn stdout(&self) -> String {
        text(&self.stdout)
    }

    /// What the function has written to standard error.
    pub fn stderr(&self) -> String {
        text(&self.stderr)
    }

    /// The most memory that the process has used so far, in bytes (Linux only).
    pub fn peak_memory(&self) -> Option<u64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()?)).ok()?;
        let line = status
            .lines()
            .find_map(|line| line.strip_prefix("VmHWM:"))?;
        let kib: u64 = line.trim().trim_end_matches(" kB").parse().ok()?;
        Some(kib * 1024)
    }
}

impl Drop for Function {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

fn response(body: &[u8]) -> Outcome {
    match serde_json::from_slice(body) {
        Ok(value) => Outcome::Response(value),
        Err(error) => Outcome::Error {
            kind: "Runtime.InvalidResponse".into(),
            message: error.to_string(),
        },
    }
}

fn failure(body: &[u8]) -> Outcome {
    let said: Value = serde_json::from_slice(body).unwrap_or_default();
    let field = |name: &str| said[name].as_str().unwrap_or_default().to_owned();
    Outcome::Error {
        kind: field("errorType"),
        message: field("errorMessage"),
    }
}

fn text(captured: &Captured) -> String {
    let bytes = captured.lock().unwrap_or_else(PoisonError::into_inner);
    String::from_utf8_lossy(&bytes).into_owned()
}

fn capture(mut stream: impl AsyncRead + Unpin + Send + 'static) -> Captured {
    let captured = Captured::default();
    let kept = Arc::clone(&captured);
    tokio::spawn(async move {
        let mut chunk = vec![0; 64 * 1024];
        while let Ok(length @ 1..) = stream.read(&mut chunk).await {
            kept.lock()
                .unwrap_or_else(PoisonError::into_inner)
                .extend_from_slice(&chunk[..length]);
        }
    });
    captured
}

async fn listen(
    waiting: mpsc::UnboundedReceiver<Event>,
    answer: mpsc::UnboundedSender<Answer>,
) -> (SocketAddr, JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("a bound address");
    let waiting = Arc::new(AsyncMutex::new(waiting));
    let serving = tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let _ = stream.set_nodelay(true);
            tokio::spawn(serve(stream, Arc::clone(&waiting), answer.clone()));
        }
    });
    (address, serving)
}

async fn serve(
    stream: TcpStream,
    waiting: Arc<AsyncMutex<mpsc::UnboundedReceiver<Event>>>,
    answer: mpsc::UnboundedSender<Answer>,
) {
    let mut stream = BufReader::new(stream);
    while let Ok(Some(request)) = read_request(&mut stream).await {
        let target = request.target().1.to_owned();
        let path = target.strip_prefix(PREFIX).unwrap_or_default();
        let reply = if path == "invocation/next" {
            match waiting.lock().await.recv().await {
                Some(event) => next(event),
                None => return,
            }
        } else {
            match path.split('/').collect::<Vec<_>>()[..] {
                ["invocation", id, "response"] => {
                    let _ = answer.send(Answer::Response(id.into(), request.body));
                    Message::response(202, "application/json", "{}")
                }
                ["invocation", id, "error"] => {
                    let _ = answer.send(Answer::Error(id.into(), request.body));
                    Message::response(202, "application/json", "{}")
                }
                ["init", "error"] => {
                    let _ = answer.send(Answer::Error(String::new(), request.body));
                    Message::response(202, "application/json", "{}")
                }
                _ => Message::response(404, "application/json", "{}"),
            }
        };
        if reply.write(stream.get_mut()).await.is_err() {
            return;
        }
    }
}

fn next(event: Event) -> Message {
    Message::response(200, "application/json", event.payload)
        .with("Lambda-Runtime-Aws-Request-Id", &event.id)
        .with("Lambda-Runtime-Deadline-Ms", event.deadline_ms.to_string())
        .with(
            "Lambda-Runtime-Invoked-Function-Arn",
            "arn:aws:lambda:us-east-1:111111111111:function:auditward",
        )
        .with(
            "Lambda-Runtime-Trace-Id",
            "Root=1-00000000-000000000000000000000000;Sampled=0",
        )
}
