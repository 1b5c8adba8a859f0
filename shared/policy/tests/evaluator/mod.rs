//! One policy, one request: allowed or denied, by AWS's published evaluation
//! logic. Written without a look at the analysis and sharing no code with it:
//! it works on plain JSON values and concrete texts only.

#![allow(dead_code, reason = "each test binary uses its own part")]

use std::collections::BTreeMap;
use std::net::IpAddr;

use serde_json::Value;

/// Who makes a request.
#[derive(Debug, Clone, PartialEq)]
pub enum Caller {
    Anonymous,
    /// A user, role, root user or federated user: its ARN.
    Identity(String),
    /// A role session: the account, the role's ARN, the session's name.
    Session(String, String),
    /// A web identity or SAML login: the provider, as a policy names it.
    Federated(String),
    Service(String),
}

/// One request.
#[derive(Debug, Clone)]
pub struct Request {
    pub caller: Caller,
    pub action: String,
    pub resource: String,
    /// Lower-case key names.
    pub context: BTreeMap<String, Vec<String>>,
}

impl Request {
    fn get(&self, key: &str) -> Option<&Vec<String>> {
        self.context.get(&key.to_ascii_lowercase())
    }
}

/// How to read what AWS leaves undocumented.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Gaps {
    /// In the way that lets more through.
    Open,
    /// In the way that lets less through.
    Closed,
}

fn list(value: &Value) -> Vec<Value> {
    match value {
        Value::Array(items) => items.clone(),
        other => vec![other.clone()],
    }
}

fn texts(value: &Value) -> Vec<String> {
    list(value)
        .iter()
        .filter_map(|item| match item {
            Value::String(text) => Some(text.clone()),
            Value::Number(number) => Some(number.to_string()),
            Value::Bool(yes) => Some(yes.to_string()),
            _ => None,
        })
        .collect()
}

/// Whether the policy allows the request (as if the caller's own account had
/// granted it everything).
pub fn allowed(policy: &Value, request: &Request, trust: bool, gaps: Gaps) -> bool {
    let version = policy["Version"].as_str() == Some("2012-10-17");
    let statements = policy.get("Statement").map(list).unwrap_or_default();
    let mut granted = false;
    for statement in &statements {
        let deny = statement["Effect"] == "Deny";
        // Undocumented: matches in an Allow and fails in a Deny, or the reverse.
        let gap = (gaps == Gaps::Open) != deny;
        let evaluation = Evaluation {
            request,
            version,
            trust,
            gap,
        };
        if evaluation.matches(statement) {
            if deny {
                return false;
            }
            granted = true;
        }
    }
    granted
}

struct Evaluation<'r> {
    request: &'r Request,
    version: bool,
    trust: bool,
    gap: bool,
}

impl Evaluation<'_> {
    fn matches(&self, statement: &Value) -> bool {
        self.principal(statement)
            && self.action(statement)
            && self.resource(statement)
            && self.conditions(statement)
    }

    fn action(&self, statement: &Value) -> bool {
        let any = |value: &Value| {
            texts(value).iter().any(|pattern| {
                glob(
                    &pattern.to_ascii_lowercase(),
                    &self.request.action.to_ascii_lowercase(),
                )
            })
        };
        match (statement.get("Action"), statement.get("NotAction")) {
            (Some(actions), _) => any(actions),
            (None, Some(actions)) => !any(actions),
            (None, None) => self.gap,
        }
    }

    fn resource(&self, statement: &Value) -> bool {
        if self.trust {
            return true;
        }
        let any = |value: &Value| {
            texts(value).iter().any(|pattern| {
                self.fill(pattern, true)
                    .is_some_and(|pattern| glob_chars(&pattern, &self.request.resource))
            })
        };
        match (statement.get("Resource"), statement.get("NotResource")) {
            (Some(resources), _) => any(resources),
            (None, Some(resources)) => !any(resources),
            (None, None) => true,
        }
    }

    fn principal(&self, statement: &Value) -> bool {
        match (statement.get("Principal"), statement.get("NotPrincipal")) {
            (Some(principal), _) => self.named(principal),
            (None, Some(principal)) => !self.named(principal),
            (None, None) => self.gap,
        }
    }

    fn named(&self, principal: &Value) -> bool {
        match principal {
            Value::Object(families) => families
                .iter()
                .any(|(family, values)| texts(values).iter().any(|text| self.is(family, text))),
            other => texts(other).iter().any(|text| self.is("AWS", text)),
        }
    }

    fn is(&self, family: &str, text: &str) -> bool {
        match (family, &self.request.caller) {
            // Whether `*` meets tokens is not documented.
            ("AWS", Caller::Federated(_)) if text == "*" => true,
            ("AWS", _) if text == "*" => true,
            ("Service", Caller::Service(name)) => name == text,
            ("Federated", Caller::Federated(name)) => name == text,
            ("AWS", Caller::Identity(arn)) => {
                let account = field(arn, 4);
                text == account
                    || (field(text, 4) == account
                        && field(text, 5) == "root"
                        && field(text, 2) == "iam")
                    || arn == text
            }
            ("AWS", Caller::Session(role, session)) => {
                let account = field(role, 4);
                let name = role.rsplit('/').next().unwrap_or_default();
                let own = format!(
                    "arn:{}:sts::{account}:assumed-role/{name}/{session}",
                    field(role, 1)
                );
                text == account
                    || (field(text, 4) == account
                        && field(text, 5) == "root"
                        && field(text, 2) == "iam")
                    || role == text
                    || own == text
            }
            _ => false,
        }
    }

    fn conditions(&self, statement: &Value) -> bool {
        let Some(Value::Object(operators)) = statement.get("Condition") else {
            return true;
        };
        operators.iter().all(|(operator, keys)| {
            let Value::Object(keys) = keys else {
                return self.gap;
            };
            keys.iter()
                .all(|(key, values)| self.condition(operator, key, values))
        })
    }

    fn condition(&self, operator: &str, key: &str, values: &Value) -> bool {
        let wanted = texts(values);
        if wanted.is_empty() {
            return self.gap;
        }
        let lower = operator.to_ascii_lowercase();
        let (set, rest) = match lower.split_once(':') {
            Some((set, rest)) => (Some(set.to_owned()), rest.to_owned()),
            None => (None, lower.clone()),
        };
        let (base, if_exists) = match rest.strip_suffix("ifexists") {
            Some(base) => (base.to_owned(), true),
            None => (rest, false),
        };
        let present = self.request.get(key).filter(|values| !values.is_empty());
        if base == "null" {
            return wanted
                .iter()
                .any(|text| (text == "true") == present.is_none());
        }
        let (base, negated) = match base.as_str() {
            "stringnotequals" => ("stringequals".to_owned(), true),
            "stringnotequalsignorecase" => ("stringequalsignorecase".to_owned(), true),
            "stringnotlike" => ("stringlike".to_owned(), true),
            "arnnotequals" | "arnnotlike" => ("arnlike".to_owned(), true),
            "arnequals" => ("arnlike".to_owned(), false),
            "notipaddress" => ("ipaddress".to_owned(), true),
            "numericnotequals" => ("numericequals".to_owned(), true),
            other => (other.to_owned(), false),
        };
        let Some(found) = present else {
            return match set.as_deref() {
                Some("foranyvalue") if if_exists => self.gap,
                _ if if_exists => true,
                Some("foranyvalue") => false,
                Some("forallvalues") => true,
                _ => negated,
            };
        };
        // `None`: not documented.
        let one = |value: &String| -> Option<bool> {
            let mut any = Some(false);
            for text in &wanted {
                match self.compare(&base, text, value) {
                    Some(true) => {
                        any = Some(true);
                        break;
                    }
                    None => any = None,
                    Some(false) => {}
                }
            }
            any.map(|yes| yes != negated)
        };
        let results: Vec<bool> = found
            .iter()
            .map(|value| one(value).unwrap_or(self.gap))
            .collect();
        match set.as_deref() {
            Some("foranyvalue") => results.contains(&true),
            Some("forallvalues") => !results.contains(&false),
            Some(_) => self.gap,
            None if is_multivalued(key) => self.gap,
            None => results.first().copied().unwrap_or(self.gap),
        }
    }

    fn compare(&self, base: &str, wanted: &str, value: &str) -> Option<bool> {
        match base {
            "stringequals" => Some(
                self.fill(wanted, false)
                    .is_some_and(|text| text == plain(value)),
            ),
            "stringequalsignorecase" => Some(self.fill(wanted, false).is_some_and(|text| {
                let text: String = text.iter().map(|c| c.0).collect();
                text.eq_ignore_ascii_case(value)
            })),
            "stringlike" => Some(
                self.fill(wanted, true)
                    .is_some_and(|pattern| glob_chars(&pattern, value)),
            ),
            "arnlike" => {
                let Some(pattern) = self.fill(wanted, true) else {
                    return Some(false);
                };
                arn_like(&pattern, value)
            }
            "bool" => Some(wanted.eq_ignore_ascii_case(value)),
            "ipaddress" => in_range(wanted, value),
            "numericequals" => Some(wanted.parse::<i64>().ok()? == value.parse::<i64>().ok()?),
            "numericlessthan" => Some(value.parse::<i64>().ok()? < wanted.parse::<i64>().ok()?),
            "numericgreaterthan" => Some(value.parse::<i64>().ok()? > wanted.parse::<i64>().ok()?),
            _ => None,
        }
    }

    /// A text with its variables filled in, each character marked as wildcard
    /// or not. Nothing when a variable is null.
    fn fill(&self, text: &str, wild: bool) -> Option<Vec<(char, bool)>> {
        let mut out = Vec::new();
        let mut rest = text;
        while self.version && rest.contains("${") {
            let (before, after) = rest.split_once("${")?;
            out.extend(mark(before, wild));
            let (name, tail) = after.split_once('}')?;
            rest = tail;
            if matches!(name, "*" | "?" | "$") {
                out.extend(name.chars().map(|c| (c, false)));
                continue;
            }
            let (name, default) = match name.split_once(',') {
                Some((name, default)) => (name.trim(), Some(default.trim().trim_matches('\''))),
                None => (name.trim(), None),
            };
            if is_multivalued(name) {
                return None;
            }
            let value = match self.request.get(name) {
                Some(values) if values.len() == 1 => values[0].clone(),
                Some(_) => return None,
                None => default?.to_owned(),
            };
            out.extend(value.chars().map(|c| (c, false)));
        }
        out.extend(mark(rest, wild));
        Some(out)
    }
}

fn mark(text: &str, wild: bool) -> Vec<(char, bool)> {
    text.chars()
        .map(|c| (c, wild && (c == '*' || c == '?')))
        .collect()
}

fn plain(text: &str) -> Vec<(char, bool)> {
    text.chars().map(|c| (c, false)).collect()
}

fn is_multivalued(key: &str) -> bool {
    let key = key.to_ascii_lowercase();
    [
        "aws:principalorgpaths",
        "aws:sourceorgpaths",
        "aws:resourceorgpaths",
        "aws:calledvia",
        "aws:tagkeys",
        "aws:principalservicenameslist",
        "cognito-identity.amazonaws.com:amr",
    ]
    .contains(&key.as_str())
}

fn field(arn: &str, at: usize) -> &str {
    arn.splitn(6, ':').nth(at).unwrap_or_default()
}

fn glob(pattern: &str, text: &str) -> bool {
    glob_chars(&mark(pattern, true), text)
}

/// Every way of matching, one pattern character after the other.
fn glob_chars(pattern: &[(char, bool)], text: &str) -> bool {
    let text: Vec<char> = text.chars().collect();
    let mut ends = vec![false; text.len() + 1];
    ends[0] = true;
    for (c, wild) in pattern {
        let mut next = vec![false; text.len() + 1];
        for at in 0..=text.len() {
            if !ends[at] {
                continue;
            }
            if *wild && *c == '*' {
                next[at..].fill(true);
                break;
            }
            if at < text.len() && ((*wild && *c == '?') || text[at] == *c) {
                next[at + 1] = true;
            }
        }
        ends = next;
    }
    ends[text.len()]
}

fn arn_like(pattern: &[(char, bool)], value: &str) -> Option<bool> {
    let mut fields: Vec<Vec<(char, bool)>> = vec![Vec::new()];
    for c in pattern {
        if c.0 == ':' && fields.len() < 6 {
            fields.push(Vec::new());
        } else {
            fields.last_mut()?.push(*c);
        }
    }
    let own: Vec<&str> = value.splitn(6, ':').collect();
    if fields.len() < 6 || own.len() < 6 {
        return None;
    }
    Some(
        fields
            .iter()
            .zip(own)
            .all(|(pattern, text)| glob_chars(pattern, text)),
    )
}

fn in_range(range: &str, address: &str) -> Option<bool> {
    let (net, bits) = match range.split_once('/') {
        Some((net, bits)) => (net, Some(bits.parse::<u32>().ok()?)),
        None => (range, None),
    };
    let net: IpAddr = net.parse().ok()?;
    let own: IpAddr = address.parse().ok()?;
    let number = |ip: IpAddr| match ip {
        IpAddr::V4(ip) => (u128::from(u32::from(ip)) << 96, 32),
        IpAddr::V6(ip) => (u128::from(ip), 128),
    };
    if net.is_ipv4() != own.is_ipv4() {
        return Some(false);
    }
    let (net, width) = number(net);
    let (own, _) = number(own);
    let bits = bits.unwrap_or(width).min(width);
    let mask = if bits == 0 {
        0
    } else {
        u128::MAX << (128 - bits)
    };
    Some(net & mask == own & mask)
}
