//! The stack's template, as CloudFormation reads it.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use serde_json::{Value, json};

use crate::binaries::root;
use crate::moto::python;

/// A template, with `!Ref` and its like in their long form.
#[derive(Debug, Clone, PartialEq)]
pub struct Stack(pub Value);

/// A function of the stack.
#[derive(Debug, Clone)]
pub struct Deployed {
    /// Its logical name.
    pub id: String,
    /// The resource as it is written.
    pub resource: Value,
    /// Its properties, with those of all functions.
    pub properties: Value,
    /// The logical name of its role.
    pub role: String,
}

/// A statement that allows something.
#[derive(Debug, Clone, PartialEq)]
pub struct Grant {
    /// What.
    pub actions: Vec<String>,
    /// On what.
    pub resources: Vec<Value>,
    /// When; null for always.
    pub condition: Value,
}

impl Stack {
    /// The repository's `template.yaml`.
    pub fn read() -> &'static Self {
        static STACK: OnceLock<Stack> = OnceLock::new();
        STACK.get_or_init(|| {
            let path = root().join("template.yaml");
            let text = std::fs::read_to_string(&path);
            Self::parse(&text.unwrap_or_else(|error| panic!("{}: {error}", path.display())))
        })
    }

    /// A template's YAML.
    pub fn parse(yaml: &str) -> Self {
        let mut decoder = Command::new(python())
            .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("template/decode.py"))
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("Python starts");
        // It reads everything before it writes anything.
        let mut input = decoder.stdin.take().expect("stdin is piped");
        input.write_all(yaml.as_bytes()).expect("Python reads");
        drop(input);
        let decoded = decoder.wait_with_output().expect("Python ends");
        assert!(
            decoded.status.success(),
            "the template is no YAML of CloudFormation's"
        );
        Self(serde_json::from_slice(&decoded.stdout).expect("JSON"))
    }

    /// The template of the stacks in member accounts, which stands in this one.
    pub fn members(&self) -> Self {
        let body = &self.resource("Members")["Properties"]["TemplateBody"];
        Self::parse(body.as_str().expect("a template as text"))
    }

    /// A resource by its logical name.
    pub fn resource(&self, id: &str) -> &Value {
        let found = self.0["Resources"].get(id);
        found.unwrap_or_else(|| panic!("no resource {id} in the template"))
    }

    /// All resources of a type, with their logical names.
    pub fn of_type<'a>(&'a self, kind: &'a str) -> impl Iterator<Item = (&'a str, &'a Value)> {
        let resources = self.0["Resources"].as_object().expect("resources");
        let found = resources
            .iter()
            .filter(move |(_, resource)| resource["Type"] == kind);
        found.map(|(id, resource)| (id.as_str(), resource))
    }

    /// The functions, whose code is in `functions/`.
    pub fn functions(&self) -> impl Iterator<Item = Deployed> {
        self.of_type("AWS::Serverless::Function")
            .map(|(id, resource)| {
                let properties = merged(&self.0["Globals"]["Function"], &resource["Properties"]);
                Deployed {
                    id: id.to_owned(),
                    resource: resource.clone(),
                    role: target(&properties["Role"]).to_owned(),
                    properties,
                }
            })
    }

    /// The function whose code is in `functions/<name>`.
    pub fn function(&self, name: &str) -> Deployed {
        let code = format!("functions/{name}");
        let found = self
            .functions()
            .find(|one| one.properties["CodeUri"] == code.as_str());
        found.unwrap_or_else(|| panic!("no function has its code in {code}"))
    }

    /// What an inline policy of a role allows. It only allows, and says outright what.
    pub fn grants(&self, role: &str, policy: &str) -> Vec<Grant> {
        let policies = self.resource(role)["Properties"]["Policies"].as_array();
        let policies = policies.unwrap_or_else(|| panic!("{role} has no inline policies"));
        let named = policies.iter().find(|one| one["PolicyName"] == policy);
        let named = named.unwrap_or_else(|| panic!("{role} has no policy {policy}"));
        list(&named["PolicyDocument"]["Statement"])
            .iter()
            .map(grant)
            .collect()
    }
}

impl Deployed {
    /// What reaches the function by a rule of EventBridge, with the rules' names.
    pub fn rules(&self) -> impl Iterator<Item = (&str, &Value)> {
        let events = self.properties["Events"].as_object().expect("events");
        let rules = events
            .iter()
            .filter(|(_, event)| event["Type"] == "EventBridgeRule");
        rules.map(|(name, event)| (name.as_str(), &event["Properties"]))
    }
}

/// `!GetAtt <resource>.Arn`, in its long form.
pub fn arn_of(resource: &str) -> Value {
    json!({"Fn::GetAtt": [resource, "Arn"]})
}

/// `!Ref <name>`, in its long form.
pub fn reference(name: &str) -> Value {
    json!({"Ref": name})
}

/// The logical name that a `!Ref` or `!GetAtt` points at; nothing for all else.
pub fn target(value: &Value) -> &str {
    let target = value["Ref"]
        .as_str()
        .or_else(|| value["Fn::GetAtt"][0].as_str());
    target.unwrap_or_default()
}

/// Where CloudFormation takes one thing for a list of it.
pub fn list(value: &Value) -> Vec<Value> {
    match value {
        Value::Null => Vec::new(),
        Value::Array(all) => all.clone(),
        one => vec![one.clone()],
    }
}

/// The texts of a list.
pub fn texts(value: &Value) -> Vec<String> {
    list(value)
        .iter()
        .map(|one| one.as_str().expect("a text").to_owned())
        .collect()
}

fn grant(statement: &Value) -> Grant {
    for name in statement.as_object().expect("a statement").keys() {
        let known = ["Sid", "Effect", "Action", "Resource", "Condition"];
        assert!(known.contains(&name.as_str()), "{name} in {statement}");
    }
    assert_eq!(statement["Effect"], "Allow", "{statement}");
    Grant {
        actions: texts(&statement["Action"]),
        resources: list(&statement["Resource"]),
        condition: statement["Condition"].clone(),
    }
}

/// As SAM merges what stands under `Globals`: objects grow together, the
/// function's own lists go behind, everything else is replaced.
fn merged(all: &Value, own: &Value) -> Value {
    match (all, own) {
        (_, Value::Null) => all.clone(),
        (Value::Object(all), Value::Object(own)) => {
            let mut both = all.clone();
            for (name, value) in own {
                let one = merged(all.get(name).unwrap_or(&Value::Null), value);
                both.insert(name.clone(), one);
            }
            Value::Object(both)
        }
        (Value::Array(all), Value::Array(own)) => [all.as_slice(), own].concat().into(),
        _ => own.clone(),
    }
}
