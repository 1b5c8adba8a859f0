//! SNS, which speaks the query protocol with maps and lists of its own form.

use serde_json::{Map, Value, json};

use super::{Api, flatten};
use crate::wire::Message;

impl Api {
    /// A call of SNS.
    pub async fn sns(&self, action: &str, parameters: &Value) -> (u16, String) {
        let mut fields = vec![format!("Action={action}"), "Version=2010-03-31".into()];
        flatten("", &listed(parameters), &mut fields);
        let request = Message {
            start: "POST / HTTP/1.1".into(),
            headers: vec![(
                "Content-Type".into(),
                "application/x-www-form-urlencoded".into(),
            )],
            body: fields.join("&").into_bytes(),
        };
        self.send("sns", request).await
    }
}

/// The map of attributes as a list of entries, numbered from one.
fn listed(parameters: &Value) -> Value {
    let mut parameters = parameters.clone();
    if let Some(attributes) = parameters["Attributes"].as_object() {
        let numbered = attributes.iter().enumerate().map(|(index, (key, value))| {
            ((index + 1).to_string(), json!({"key": key, "value": value}))
        });
        let entries: Map<_, _> = numbered.collect();
        parameters["Attributes"] = json!({ "entry": entries });
    }
    parameters
}
