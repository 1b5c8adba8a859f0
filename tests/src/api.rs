//! AWS without an SDK: a recorded call made again, and states read as they are.
//!
//! CloudTrail logs a request's parameters nearly as they went over the wire, so
//! that any sample event can be acted out without knowing its call.

mod bucket;
mod guard;
mod logs;
mod messages;
mod points;

use auditward_rules::record::plain_name;
use serde_json::{Map, Value, json};

use crate::moto::{Account, Moto};
use crate::wire::{Message, exchange};

/// A caller in one account and region.
#[derive(Debug)]
pub struct Api {
    address: String,
    access_key: String,
    account: Account,
    region: String,
}

impl Api {
    /// A caller in this account and region.
    pub async fn of(moto: &Moto, account: Account, region: &str) -> Self {
        let credentials = moto.credentials(account).await;
        Self {
            address: moto.address(),
            access_key: credentials.access_key_id().to_owned(),
            account,
            region: region.into(),
        }
    }

    /// Status and body of one request.
    async fn send(&self, service: &str, request: Message) -> (u16, String) {
        let Self {
            access_key, region, ..
        } = self;
        let scope = format!("{access_key}/20260101/{region}/{service}/aws4_request");
        let request = request.with("Host", self.address.clone()).with(
            "Authorization",
            format!("AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0"),
        );
        let answer = exchange(&self.address, &request).await.expect("an answer");
        let status = answer.status().unwrap_or_default();
        (status, String::from_utf8_lossy(&answer.body).into_owned())
    }

    /// A call of a service that speaks JSON; an error is an answer too.
    pub async fn json(&self, service: &str, action: &str, parameters: &Value) -> (u16, Value) {
        let (target, version) = match service {
            "cloudtrail" => (
                "com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101",
                "1.1",
            ),
            "kms" => ("TrentService", "1.1"),
            "organizations" => ("AWSOrganizationsV20161128", "1.1"),
            "dynamodb" => ("DynamoDB_20120810", "1.0"),
            "logs" => ("Logs_20140328", "1.1"),
            "events" => ("AWSEvents", "1.1"),
            "sqs" => ("AmazonSQS", "1.0"),
            "monitoring" => ("GraniteServiceVersion20100801", "1.0"),
            other => panic!("{other} is not taught yet"),
        };
        let request = Message {
            start: "POST / HTTP/1.1".into(),
            headers: vec![
                ("X-Amz-Target".into(), format!("{target}.{action}")),
                (
                    "Content-Type".into(),
                    format!("application/x-amz-json-{version}"),
                ),
            ],
            body: parameters.to_string().into_bytes(),
        };
        let (status, body) = self.send(service, request).await;
        (status, serde_json::from_str(&body).unwrap_or_default())
    }

    /// A call of IAM.
    pub async fn iam(&self, action: &str, parameters: &Value) -> (u16, String) {
        self.form("iam", "2010-05-08", action, parameters).await
    }

    /// A call of CloudFormation.
    pub async fn cloudformation(&self, action: &str, parameters: &Value) -> (u16, String) {
        self.form("cloudformation", "2010-05-15", action, parameters)
            .await
    }

    /// A call of a service that takes forms.
    async fn form(
        &self,
        service: &str,
        version: &str,
        action: &str,
        parameters: &Value,
    ) -> (u16, String) {
        let mut fields = vec![format!("Action={action}"), format!("Version={version}")];
        flatten("", parameters, &mut fields);
        let request = Message {
            start: "POST / HTTP/1.1".into(),
            headers: vec![(
                "Content-Type".into(),
                "application/x-www-form-urlencoded".into(),
            )],
            body: fields.join("&").into_bytes(),
        };
        self.send(service, request).await
    }

    /// A request to S3: method and target.
    pub async fn s3(
        &self,
        start: &str,
        headers: Vec<(String, String)>,
        body: String,
    ) -> (u16, String) {
        let mut request = Message {
            start: format!("{start} HTTP/1.1"),
            headers,
            body: body.into_bytes(),
        };
        if start.contains("/v20180820/") {
            request = request.with("x-amz-account-id", self.account.id);
        }
        self.send("s3", request).await
    }

    /// Makes the call that a record describes; what AWS answers, and what it says
    /// if it fails.
    pub async fn again(&self, detail: &Value) -> Result<String, String> {
        let name = detail["eventName"].as_str().unwrap_or_default();
        let source = detail["eventSource"].as_str().unwrap_or_default();
        let asked = &detail["requestParameters"];
        if (source, name) == ("events.amazonaws.com", "DeleteRule") {
            // EventBridge deletes no rule that has targets.
            self.untarget(asked).await;
        }
        let (status, said) = match source.split('.').next().unwrap_or_default() {
            service @ ("cloudtrail" | "dynamodb" | "events" | "kms" | "monitoring"
            | "organizations" | "sqs") => {
                let (status, said) = self.json(service, name, &capitalized(asked)).await;
                (status, said.to_string())
            }
            "iam" => self.iam(name, &capitalized(asked)).await,
            "sns" => self.sns(name, &capitalized(asked)).await,
            "s3" => self.bucket_call(name, asked).await,
            "logs" => self.log_call(name, asked).await,
            "lambda" => self.function_call(plain_name(name), detail).await,
            "scheduler" => self.schedule_call(name, asked).await,
            other => return Err(format!("{other} is not taught yet")),
        };
        if status < 300 {
            Ok(said)
        } else {
            Err(format!("{name}: {status} {said}"))
        }
    }

    async fn bucket_call(&self, name: &str, asked: &Value) -> (u16, String) {
        if let Some((start, body)) = points::call(name, asked) {
            return self.s3(&start, Vec::new(), body).await;
        }
        let (mut headers, mut body) = (Vec::new(), String::new());
        for (key, value) in asked.as_object().into_iter().flatten() {
            let value = value
                .as_array()
                .and_then(|list| list.first())
                .unwrap_or(value);
            if key.starts_with("x-amz-") {
                headers.push((key.clone(), plain(value)));
            } else if key == "bucketPolicy" {
                body = plain(value);
            } else if value.is_object() {
                write_xml(key, value, &mut body);
            }
        }
        self.s3(&bucket::start(name, asked), headers, body).await
    }
}

/// A value as text: a string without its quotes.
pub fn plain(value: &Value) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned)
}

/// CloudTrail begins names with a small letter, the API with a capital one.
fn capitalized(value: &Value) -> Value {
    let capital = |name: &str| {
        let mut letters = name.chars();
        letters.next().map_or_else(String::new, |first| {
            format!("{}{}", first.to_ascii_uppercase(), letters.as_str())
        })
    };
    match value {
        Value::Object(fields) => {
            let fields = fields
                .iter()
                .map(|(name, value)| (capital(name), capitalized(value)));
            Value::Object(fields.collect::<Map<_, _>>())
        }
        Value::Array(items) => items.iter().map(capitalized).collect(),
        other => other.clone(),
    }
}

/// Parameters in the form of the query protocol.
fn flatten(name: &str, value: &Value, fields: &mut Vec<String>) {
    match value {
        Value::Object(inner) => {
            for (key, value) in inner {
                let name = if name.is_empty() {
                    key.clone()
                } else {
                    format!("{name}.{key}")
                };
                flatten(&name, value, fields);
            }
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                flatten(&format!("{name}.member.{}", index + 1), item, fields);
            }
        }
        Value::Null => {}
        other => fields.push(format!("{name}={}", encoded(&plain(other)))),
    }
}

fn encoded(text: &str) -> String {
    let one = |byte: u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
            char::from(byte).to_string()
        }
        _ => format!("%{byte:02X}"),
    };
    text.bytes().map(one).collect()
}

/// XML as S3 takes it; CloudTrail keeps attributes among the elements.
fn write_xml(name: &str, value: &Value, to: &mut String) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| write_xml(name, item, to)),
        Value::Object(fields) => {
            let is_attribute = |key: &str| key.starts_with("xmlns") || key.starts_with("xsi:");
            to.push_str(&format!("<{name}"));
            for (key, value) in fields.iter().filter(|(key, _)| is_attribute(key)) {
                to.push_str(&format!(" {key}=\"{}\"", plain(value)));
            }
            to.push('>');
            for (key, value) in fields.iter().filter(|(key, _)| !is_attribute(key)) {
                write_xml(key, value, to);
            }
            to.push_str(&format!("</{name}>"));
        }
        other => to.push_str(&format!("<{name}>{}</{name}>", plain(other))),
    }
}

/// The texts of all elements of a name.
pub fn elements(xml: &str, name: &str) -> Vec<String> {
    let (open, close) = (format!("<{name}>"), format!("</{name}>"));
    let parts = xml.split(&open).skip(1);
    let found = parts.filter_map(|part| part.split_once(&close));
    found.map(|(text, _)| text.to_owned()).collect()
}

/// A policy as a state to compare: JSON, URL-encoded or not.
pub fn document(text: &str) -> Value {
    if text.is_empty() {
        return Value::Null;
    }
    let plain = decoded(text);
    serde_json::from_str(&plain).unwrap_or_else(|_| json!(plain))
}

/// A policy's text to the byte, URL-encoded or not.
fn decoded(text: &str) -> String {
    auditward_rules::facet::percent_decode(text)
        .replace("&quot;", "\"")
        .replace("&#34;", "\"")
}
