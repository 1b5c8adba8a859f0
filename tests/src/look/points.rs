//! Access points: which bucket is behind one, what it blocks, and its policy.

use serde_json::{Value, json};

use super::blocked;
use crate::api::{Api, document, elements};

/// An access point; null where there is none.
pub(super) async fn at(api: &Api, name: &str) -> Value {
    let place = format!("GET /v20180820/accesspoint/{name}");
    let (status, body) = api.s3(&place, Vec::new(), String::new()).await;
    if status == 404 {
        return Value::Null;
    }
    let (status, policy) = api
        .s3(&format!("{place}/policy"), Vec::new(), String::new())
        .await;
    let policy = elements(&policy, "Policy").pop().unwrap_or_default();
    json!({
        "bucket": elements(&body, "Bucket"),
        "blocked": blocked(api, &place).await,
        "policy": if status == 404 { Value::Null } else { document(&policy) },
    })
}
