//! A canned DynamoDB on loopback, in the real wire form.
//!
//! It answers `BatchGetItem` and `GetItem` from the items of
//! `tests/bench-store.json` (a list of items in DynamoDB's JSON), where that is
//! there; what is not in it is absent, as in a fresh table. Everything else is
//! refused: a clean event has no business asking for it.

use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::Result;
use auditward_tests::binaries::root;
use auditward_tests::wire::{Message, read_request};
use serde_json::{Map, Value, json};
use tokio::io::BufReader;
use tokio::net::{TcpListener, TcpStream};

/// The running store; it ends with the program.
#[derive(Debug)]
pub struct Store {
    address: SocketAddr,
}

impl Store {
    /// Listens on a free port.
    pub async fn start() -> Result<Self> {
        let kept = root().join("tests/bench-store.json");
        let items: Vec<Value> = match std::fs::read(&kept) {
            Ok(bytes) => serde_json::from_slice(&bytes)?,
            Err(_) => Vec::new(),
        };
        let items = Arc::new(items);
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let _ = stream.set_nodelay(true);
                tokio::spawn(serve(stream, Arc::clone(&items)));
            }
        });
        Ok(Self { address })
    }

    /// Its endpoint URL.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }
}

async fn serve(stream: TcpStream, items: Arc<Vec<Value>>) {
    let mut stream = BufReader::new(stream);
    while let Ok(Some(request)) = read_request(&mut stream).await {
        let (status, body) = answer(&request, &items);
        let body = body.to_string();
        let mut checksum = flate2::Crc::new();
        checksum.update(body.as_bytes());
        let reply = Message::response(status, "application/x-amz-json-1.0", body)
            .with(
                "x-amzn-RequestId",
                "00000000000000000000000000000000000000000000000000AA",
            )
            .with("x-amz-crc32", checksum.sum().to_string());
        if reply.write(stream.get_mut()).await.is_err() {
            return;
        }
    }
}

fn answer(request: &Message, items: &[Value]) -> (u16, Value) {
    let asked: Value = serde_json::from_slice(&request.body).unwrap_or_default();
    let action = request.header("x-amz-target").unwrap_or_default();
    match action.rsplit('.').next() {
        Some("BatchGetItem") => {
            let mut responses = Map::new();
            for (table, wanted) in asked["RequestItems"].as_object().into_iter().flatten() {
                let keys = wanted["Keys"].as_array().into_iter().flatten();
                let found: Vec<_> = keys.filter_map(|key| find(items, key)).cloned().collect();
                responses.insert(table.clone(), found.into());
            }
            (200, json!({"Responses": responses, "UnprocessedKeys": {}}))
        }
        Some("GetItem") => match find(items, &asked["Key"]) {
            Some(item) => (200, json!({"Item": item})),
            None => (200, json!({})),
        },
        _ => (
            400,
            json!({
                "__type": "com.amazon.coral.service#AccessDeniedException",
                "Message": format!("{action} is not canned"),
            }),
        ),
    }
}

fn find<'a>(items: &'a [Value], key: &Value) -> Option<&'a Value> {
    let key = key.as_object()?;
    items.iter().find(|item| {
        key.iter()
            .all(|(name, value)| item.get(name) == Some(value))
    })
}
