//! Calls of CloudWatch Logs and of CloudWatch's alarms.

use serde_json::{Value, json};

use super::{Api, flatten};
use crate::wire::Message;

impl Api {
    /// A call of CloudWatch, which speaks the query protocol.
    pub async fn alarms(&self, action: &str, parameters: &Value) -> (u16, String) {
        let mut fields = vec![format!("Action={action}"), "Version=2010-08-01".into()];
        flatten("", parameters, &mut fields);
        let form = "application/x-www-form-urlencoded";
        let request = Message {
            start: "POST / HTTP/1.1".into(),
            headers: vec![("Content-Type".into(), form.into())],
            body: fields.join("&").into_bytes(),
        };
        self.send("monitoring", request).await
    }

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
