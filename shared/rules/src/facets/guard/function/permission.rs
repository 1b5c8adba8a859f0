//! Who may call a function, as `AddPermission` says it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::facet::Standing;
use crate::facets::kept::{Keep, Kept, Texts};

/// The statements of a function's policy: none of the recorded ones may be lost.
/// What was added is another matter, judged by itself.
pub type FunctionPermissions = Kept<Permissions>;

/// One statement of a function's policy, in the terms of `AddPermission`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
pub struct Permission {
    /// What is allowed, such as `lambda:InvokeFunction`.
    pub action: String,
    /// Whom: a service, an account, an ARN, or `*`.
    pub principal: String,
    /// On what terms, by the name of the parameter.
    pub terms: Texts,
}

/// The parameters of `AddPermission` that become conditions: name, operator, key.
const TERMS: [(&str, &str, &str); 6] = [
    ("sourceArn", "ArnLike", "AWS:SourceArn"),
    ("sourceAccount", "StringEquals", "AWS:SourceAccount"),
    ("principalOrgID", "StringEquals", "aws:PrincipalOrgID"),
    (
        "functionUrlAuthType",
        "StringEquals",
        "lambda:FunctionUrlAuthType",
    ),
    (
        "invokedViaFunctionUrl",
        "Bool",
        "lambda:InvokedViaFunctionUrl",
    ),
    (
        "eventSourceToken",
        "StringEquals",
        "lambda:EventSourceToken",
    ),
];

impl Permission {
    /// A statement as Lambda writes it; `None` where it is of another form.
    pub fn read(statement: &Value) -> Option<Self> {
        if statement.get("Effect")? != "Allow" {
            return None;
        }
        let mut terms = Texts::new();
        let conditions = statement.get("Condition").and_then(Value::as_object);
        for (_, keys) in conditions.into_iter().flatten() {
            for (key, value) in keys.as_object()? {
                let (name, ..) = TERMS
                    .iter()
                    .find(|(_, _, known)| known.eq_ignore_ascii_case(key))?;
                terms.insert((*name).to_owned(), plain(value)?);
            }
        }
        Some(Self {
            action: plain(statement.get("Action")?)?,
            principal: principal(statement.get("Principal")?)?,
            terms,
        })
    }

    /// The permission that these parameters of `AddPermission` ask for.
    pub fn asked(parameter: impl Fn(&str) -> Option<String>) -> Option<Self> {
        let terms = TERMS
            .iter()
            .filter_map(|(name, ..)| Some(((*name).to_owned(), parameter(name)?)));
        Some(Self {
            action: parameter("action")?,
            principal: parameter("principal")?,
            terms: terms.collect(),
        })
    }

    /// One of its terms.
    pub fn term(&self, name: &str) -> Option<&str> {
        self.terms.get(name).map(String::as_str)
    }

    /// The statement that Lambda makes of it.
    pub fn statement(&self, sid: &str, function: &str) -> Value {
        let principal = match self.principal.as_str() {
            "*" => json!("*"),
            service if service.ends_with(".amazonaws.com") => json!({ "Service": service }),
            other => json!({ "AWS": other }),
        };
        let mut conditions = Map::new();
        for (name, operator, key) in TERMS {
            let (Some(value), Some(keys)) = (
                self.terms.get(name),
                conditions
                    .entry(operator)
                    .or_insert_with(|| json!({}))
                    .as_object_mut(),
            ) else {
                continue;
            };
            keys.insert(key.to_owned(), json!(value));
        }
        conditions.retain(|_, keys| keys.as_object().is_some_and(|keys| !keys.is_empty()));
        let mut statement = json!({
            "Sid": sid, "Effect": "Allow", "Principal": principal,
            "Action": self.action, "Resource": function,
        });
        if let (Some(statement), false) = (statement.as_object_mut(), conditions.is_empty()) {
            statement.insert("Condition".into(), Value::Object(conditions));
        }
        statement
    }

    /// As details of a thing that somebody made.
    pub fn detail(&self) -> Texts {
        let mut detail = self.terms.clone();
        detail.insert("action".into(), self.action.clone());
        detail.insert("principal".into(), self.principal.clone());
        detail
    }

    /// The permission of these details.
    pub fn of_detail(detail: &Texts) -> Option<Self> {
        Self::asked(|name| detail.get(name).cloned())
    }
}

fn plain(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Bool(is) => Some(is.to_string()),
        Value::Array(all) if all.len() == 1 => plain(all.first()?),
        _ => None,
    }
}

fn principal(value: &Value) -> Option<String> {
    let Some(named) = value.as_object() else {
        return plain(value).filter(|all| all == "*");
    };
    let mut named = named.iter();
    let (kind, whom) = named.next()?;
    let known = matches!(kind.as_str(), "AWS" | "Service") && named.next().is_none();
    plain(whom).filter(|_| known)
}

/// Keeps [`FunctionPermissions`].
#[derive(Debug)]
pub struct Permissions;

impl Keep for Permissions {
    const KIND: &'static str = "function-permissions";
    const WHAT: &'static str = "set of rights to call the function";
    const OTHERWISE: &'static str = super::OTHERWISE;
    /// By the statement's ID.
    type State = BTreeMap<String, Permission>;

    /// Whoever may call the function besides is nothing to be learnt in silence.
    fn compare(live: &Self::State, known: &Self::State) -> Standing {
        let holds = |one: &Self::State, other: &Self::State| {
            other.iter().all(|(sid, right)| one.get(sid) == Some(right))
        };
        match (holds(live, known), holds(known, live)) {
            (true, true) => Standing::Equal,
            (false, true) => Standing::Weaker,
            _ => Standing::Incomparable,
        }
    }

    fn mend(live: &Self::State, known: &Self::State) -> Self::State {
        let mut all = live.clone();
        all.extend(
            known
                .iter()
                .map(|(sid, right)| (sid.clone(), right.clone())),
        );
        all
    }

    fn tell(state: &Self::State) -> String {
        let all: Vec<String> = state
            .iter()
            .map(|(sid, right)| format!("{sid} for {}", right.principal))
            .collect();
        if all.is_empty() {
            "no rights to call the function".into()
        } else {
            format!("rights {}", all.join(", "))
        }
    }
}
