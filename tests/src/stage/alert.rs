//! What people and machines are told.

use std::collections::BTreeMap;

use serde_json::Value;

/// An alert as a subscribed queue gets it.
#[derive(Debug, Clone, PartialEq)]
pub struct Alert {
    /// The subject.
    pub subject: String,
    /// The attributes for filter policies.
    pub attributes: BTreeMap<String, String>,
    /// The finding, for machines.
    pub finding: Value,
}

impl Alert {
    pub(super) fn of(message: &Value) -> Self {
        let attributes = message["MessageAttributes"]
            .as_object()
            .into_iter()
            .flatten();
        let text = message["Message"].as_str().unwrap_or_default();
        Self {
            subject: message["Subject"].as_str().unwrap_or_default().into(),
            attributes: attributes
                .map(|(name, value)| {
                    (
                        name.clone(),
                        value["Value"].as_str().unwrap_or_default().to_owned(),
                    )
                })
                .collect(),
            finding: serde_json::from_str(text).unwrap_or_else(|_| panic!("no JSON: {text}")),
        }
    }

    /// An attribute; empty where there is none.
    pub fn attribute(&self, name: &str) -> &str {
        self.attributes.get(name).map_or("", String::as_str)
    }
}
