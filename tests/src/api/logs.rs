//! Calls of CloudWatch Logs.

use serde_json::{Value, json};

use super::Api;

impl Api {
    /// A recorded call of CloudWatch Logs. A group that comes back was deleted before.
    pub(super) async fn log_call(&self, name: &str, asked: &Value) -> (u16, String) {
        if name == "CreateLogGroup" {
            let gone = json!({ "logGroupName": asked["logGroupName"] });
            self.json("logs", "DeleteLogGroup", &gone).await;
        }
        let (status, said) = self.json("logs", name, asked).await;
        (status, said.to_string())
    }
}
