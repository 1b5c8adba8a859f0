//! Calls of Lambda, EventBridge and its scheduler.

use serde_json::{Value, json};

use super::{Api, capitalized, encoded, plain};
use crate::wire::Message;

impl Api {
    /// A request to a service whose actions are method and path.
    pub async fn rest(&self, service: &str, start: &str, body: &Value) -> (u16, Value) {
        let request = Message {
            start: format!("{start} HTTP/1.1"),
            headers: vec![("Content-Type".into(), "application/json".into())],
            body: match body {
                Value::Null => Vec::new(),
                body => body.to_string().into_bytes(),
            },
        };
        let (status, said) = self.send(service, request).await;
        (
            status,
            serde_json::from_str(&said).unwrap_or_else(|_| json!(said)),
        )
    }

    /// The event source mapping that a record is about, as it is called now: one
    /// that was deleted and made again has another ID.
    async fn mapping(&self, detail: &Value) -> String {
        let recorded = detail["requestParameters"]["uUID"]
            .as_str()
            .unwrap_or_default();
        let mut uuid = recorded.to_owned();
        if let Some(function) = detail["responseElements"]["functionArn"].as_str() {
            let list = format!(
                "GET /2015-03-31/event-source-mappings?FunctionName={}",
                encoded(function)
            );
            let (_, found) = self.rest("lambda", &list, &Value::Null).await;
            let all = found["EventSourceMappings"].as_array().cloned();
            let all = all.unwrap_or_default();
            if let [only] = all.as_slice() {
                uuid = plain(&only["UUID"]);
            }
        }
        format!("event-source-mappings/{}", encoded(&uuid))
    }

    /// Takes a rule's targets away.
    pub(super) async fn untarget(&self, asked: &Value) {
        let mut rule = json!({"Rule": asked["name"]});
        if let Some(bus) = asked["eventBusName"].as_str() {
            rule["EventBusName"] = json!(bus);
        }
        let (_, found) = self.json("events", "ListTargetsByRule", &rule).await;
        let targets = found["Targets"].as_array().cloned().unwrap_or_default();
        if !targets.is_empty() {
            rule["Ids"] = targets.iter().map(|target| target["Id"].clone()).collect();
            self.json("events", "RemoveTargets", &rule).await;
        }
    }

    /// A recorded call of Lambda, without its version.
    pub(super) async fn function_call(&self, name: &str, detail: &Value) -> (u16, String) {
        let asked = &detail["requestParameters"];
        let text = |name: &str| encoded(asked[name].as_str().unwrap_or_default());
        let function = format!("functions/{}", text("functionName"));
        let mapping = self.mapping(detail).await;
        let mut body = capitalized(asked);
        let start = match name {
            "PutFunctionConcurrency" => format!("PUT /2017-10-31/{function}/concurrency"),
            "DeleteFunctionConcurrency" => format!("DELETE /2017-10-31/{function}/concurrency"),
            "AddPermission" => {
                // The path names the function; moto would keep the name in the statement.
                if let Some(body) = body.as_object_mut() {
                    body.remove("FunctionName");
                }
                format!("POST /2015-03-31/{function}/policy")
            }
            "RemovePermission" => {
                format!(
                    "DELETE /2015-03-31/{function}/policy/{}",
                    text("statementId")
                )
            }
            "CreateFunctionUrlConfig" => format!("POST /2021-10-31/{function}/url"),
            "UpdateFunctionUrlConfig" => format!("PUT /2021-10-31/{function}/url"),
            "PutFunctionEventInvokeConfig" => {
                format!("PUT /2019-09-25/{function}/event-invoke-config")
            }
            "UpdateFunctionEventInvokeConfig" => {
                format!("POST /2019-09-25/{function}/event-invoke-config")
            }
            "DeleteFunctionEventInvokeConfig" => {
                format!("DELETE /2019-09-25/{function}/event-invoke-config")
            }
            "UpdateAlias" => format!("PUT /2015-03-31/{function}/aliases/{}", text("name")),
            "DeleteAlias" => format!("DELETE /2015-03-31/{function}/aliases/{}", text("name")),
            "UpdateFunctionConfiguration" => format!("PUT /2015-03-31/{function}/configuration"),
            "CreateEventSourceMapping" => {
                // The mapping gets the ID that it got when it was recorded.
                body["UUID"] = detail["responseElements"]["uUID"].clone();
                "POST /2015-03-31/event-source-mappings".into()
            }
            "UpdateEventSourceMapping" => format!("PUT /2015-03-31/{mapping}"),
            "DeleteEventSourceMapping" => format!("DELETE /2015-03-31/{mapping}"),
            other => return (501, format!("{other} is not taught yet")),
        };
        if start.starts_with("DELETE") {
            body = Value::Null;
        }
        let (status, said) = self.rest("lambda", &start, &body).await;
        (status, said.to_string())
    }

    /// A recorded call of EventBridge Scheduler.
    pub(super) async fn schedule_call(&self, name: &str, asked: &Value) -> (u16, String) {
        let path = format!("/schedules/{}", encoded(&plain(&asked["name"])));
        let (start, body) = match name {
            "UpdateSchedule" => (format!("PUT {path}"), capitalized(asked)),
            _ => {
                let group = encoded(asked["groupName"].as_str().unwrap_or("default"));
                (format!("DELETE {path}?groupName={group}"), Value::Null)
            }
        };
        let (status, said) = self.rest("scheduler", &start, &body).await;
        (status, said.to_string())
    }
}
