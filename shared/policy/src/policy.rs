//! A document as the analysis sees it: statements with their elements sorted
//! out, still borrowing from the text.

use std::ops::Range;

use crate::asks::Asks;
use crate::document::statement_views;
use crate::json::{Shape, Tape, View};
use crate::key::Key;
use crate::operator::{Base, Operator};
use crate::principal::Principal;

pub(crate) type V<'t> = View<'t, 't>;

#[derive(Clone)]
pub(crate) struct Condition<'t> {
    pub(crate) operator: Operator,
    pub(crate) operator_text: &'t str,
    pub(crate) key: Key<'t>,
    pub(crate) key_text: &'t str,
    pub(crate) values: V<'t>,
    /// The same operator or key stands twice; which one counts is not documented.
    pub(crate) repeated: bool,
    /// What it costs to judge it: its values and their lengths.
    pub(crate) weight: usize,
}

impl<'t> Condition<'t> {
    pub(crate) fn texts(&self) -> impl Iterator<Item = &'t str> + use<'t> {
        self.values.items().filter_map(View::scalar)
    }

    pub(crate) fn is_malformed(&self) -> bool {
        self.values.items().next().is_none()
            || self.values.items().any(|item| item.scalar().is_none())
    }
}

pub(crate) struct Stmt<'t> {
    pub(crate) index: usize,
    pub(crate) sid: Option<&'t str>,
    pub(crate) allow: bool,
    /// AWS would refuse it, so its reading is uncertain.
    pub(crate) doubt: bool,
    pub(crate) principals: Range<usize>,
    pub(crate) has_principal: bool,
    pub(crate) not_principal: bool,
    pub(crate) action: Option<V<'t>>,
    pub(crate) not_action: bool,
    pub(crate) resource: Option<V<'t>>,
    pub(crate) not_resource: bool,
    pub(crate) conditions: Range<usize>,
}

impl<'t> Stmt<'t> {
    pub(crate) fn actions(&self) -> impl Iterator<Item = &'t str> + Clone + use<'t> {
        texts(self.action)
    }

    pub(crate) fn resources(&self) -> impl Iterator<Item = &'t str> + Clone + use<'t> {
        texts(self.resource)
    }
}

fn texts<'t>(view: Option<V<'t>>) -> impl Iterator<Item = &'t str> + Clone + use<'t> {
    view.into_iter()
        .flat_map(View::items)
        .filter_map(View::scalar)
}

pub(crate) struct Policy<'t> {
    identity: bool,
    pub(crate) statements: Vec<Stmt<'t>>,
    pub(crate) principals: Vec<Principal<'t>>,
    pub(crate) conditions: Vec<Condition<'t>>,
    /// Whether `${…}` are variables.
    pub(crate) variables: bool,
    /// Why AWS would refuse the document.
    pub(crate) issue: Option<(usize, &'static str)>,
    pub(crate) asks: Asks<'t>,
}

const STATEMENT_ELEMENTS: [&str; 9] = [
    "Sid",
    "Effect",
    "Principal",
    "NotPrincipal",
    "Action",
    "NotAction",
    "Resource",
    "NotResource",
    "Condition",
];

/// There are no more condition operators than that.
const OPERATORS: usize = 200;

const PRINCIPAL_SORTS: [&str; 4] = ["AWS", "Service", "Federated", "CanonicalUser"];

impl<'t> Policy<'t> {
    /// Reads a policy that stands at a resource and names principals.
    pub(crate) fn of(tape: &'t Tape<'t>) -> Policy<'t> {
        Policy::read(tape, false)
    }

    /// Reads a policy that stands at an identity and names none.
    pub(crate) fn of_identity(tape: &'t Tape<'t>) -> Policy<'t> {
        Policy::read(tape, true)
    }

    fn read(tape: &'t Tape<'t>, identity: bool) -> Policy<'t> {
        let root = tape.root();
        let mut policy = Policy {
            identity,
            statements: Vec::with_capacity(4),
            principals: Vec::with_capacity(8),
            conditions: Vec::with_capacity(8),
            variables: false,
            issue: None,
            asks: Asks::default(),
        };
        let (mut statement_elements, mut versions) = (0, 0);
        for (key, value) in root.entries() {
            match key.text() {
                "Version" => {
                    versions += 1;
                    match value.text() {
                        "2012-10-17" => policy.variables = true,
                        "2008-10-17" => {}
                        _ => policy.flag(0, "its `Version` is unknown"),
                    }
                }
                "Statement" => statement_elements += 1,
                "Id" => {}
                other => {
                    if ["Version", "Statement", "Id"]
                        .iter()
                        .any(|known| known.eq_ignore_ascii_case(other))
                    {
                        policy.flag(0, "an element is misspelt");
                    }
                }
            }
        }
        if statement_elements > 1 {
            policy.flag(0, "`Statement` stands twice");
        }
        if versions > 1 {
            policy.flag(0, "`Version` stands twice");
        }
        for (index, view) in statement_views(root).enumerate() {
            policy.statement(index, view);
        }
        policy
    }

    fn flag(&mut self, index: usize, why: &'static str) {
        if self.issue.is_none() {
            self.issue = Some((index, why));
        }
    }

    fn statement(&mut self, index: usize, view: V<'t>) {
        let mut stmt = Stmt {
            index,
            sid: None,
            allow: false,
            doubt: false,
            principals: self.principals.len()..self.principals.len(),
            has_principal: false,
            not_principal: false,
            action: None,
            not_action: false,
            resource: None,
            not_resource: false,
            conditions: self.conditions.len()..self.conditions.len(),
        };
        let mut effect = None;
        let mut seen = 0u32;
        let mut issue = None;
        for (name, value) in view.entries() {
            let bit = STATEMENT_ELEMENTS
                .iter()
                .position(|known| *known == name.text());
            if let Some(bit) = bit {
                if seen & (1 << bit) != 0 {
                    issue = Some("an element stands twice");
                }
                seen |= 1 << bit;
            }
            match name.text() {
                "Sid" => stmt.sid = value.scalar(),
                "Effect" => effect = value.scalar(),
                "Principal" => {
                    stmt.has_principal = true;
                    issue = self.principal(value).or(issue);
                }
                "NotPrincipal" => {
                    stmt.not_principal = true;
                    issue = self.principal(value).or(issue);
                }
                "Action" => stmt.action = Some(value),
                "NotAction" => {
                    stmt.action = Some(value);
                    stmt.not_action = true;
                }
                "Resource" => {
                    stmt.resource = Some(value);
                    self.asks.see_resources(value, self.variables);
                }
                "NotResource" => {
                    stmt.resource = Some(value);
                    stmt.not_resource = true;
                    self.asks.see_resources(value, self.variables);
                }
                "Condition" => issue = self.conditions(value).or(issue),
                other => {
                    if STATEMENT_ELEMENTS
                        .iter()
                        .any(|known| known.eq_ignore_ascii_case(other))
                    {
                        issue = Some("the case of an element's name is wrong");
                    }
                }
            }
        }
        stmt.principals.end = self.principals.len();
        stmt.conditions.end = self.conditions.len();
        self.find_repeated(&stmt);
        let pair = |first: &str, second: &str| {
            let bit = |name: &str| {
                STATEMENT_ELEMENTS
                    .iter()
                    .position(|known| *known == name)
                    .is_some_and(|bit| seen & (1 << bit) != 0)
            };
            (bit(first), bit(second))
        };
        match pair("Principal", "NotPrincipal") {
            (true, true) => issue = Some("it has both `Principal` and `NotPrincipal`"),
            (false, false) if self.identity => {}
            _ if self.identity => issue = Some("it names principals"),
            (false, false) => issue = Some("it has no `Principal`"),
            _ => {}
        }
        match pair("Action", "NotAction") {
            (true, true) => issue = Some("it has both `Action` and `NotAction`"),
            (false, false) => issue = Some("it has no `Action`"),
            _ => {}
        }
        if pair("Resource", "NotResource") == (true, true) {
            issue = Some("it has both `Resource` and `NotResource`");
        }
        match effect {
            Some("Allow") => stmt.allow = true,
            Some("Deny") => {}
            other => {
                issue = Some("its `Effect` is neither `Allow` nor `Deny`");
                // A misspelt Deny must not be read as a grant.
                stmt.allow = !other.is_some_and(|text| text.eq_ignore_ascii_case("deny"));
            }
        }
        if let Some(why) = issue {
            stmt.doubt = true;
            self.flag(index, why);
        }
        self.statements.push(stmt);
    }

    fn principal(&mut self, value: V<'t>) -> Option<&'static str> {
        if value.shape() != Shape::Object {
            return self.principal_values("AWS", value);
        }
        let mut issue = value
            .entries()
            .next()
            .is_none()
            .then_some("its `Principal` is empty");
        let mut seen = 0u8;
        for (family, values) in value.entries() {
            let known = PRINCIPAL_SORTS
                .iter()
                .position(|known| *known == family.text());
            match known {
                Some(bit) if seen & (1 << bit) != 0 => {
                    issue = Some("a sort of principal stands twice");
                }
                Some(bit) => seen |= 1 << bit,
                None => issue = Some("it names an unknown sort of principal"),
            }
            issue = self.principal_values(family.text(), values).or(issue);
        }
        issue
    }

    fn principal_values(&mut self, family: &str, values: V<'t>) -> Option<&'static str> {
        let mut issue = None;
        for item in values.items() {
            match item.scalar() {
                Some(text) => self.principals.push(Principal::parse(family, text)),
                None => issue = Some("a principal is not a string"),
            }
        }
        issue
    }

    fn conditions(&mut self, value: V<'t>) -> Option<&'static str> {
        if value.shape() != Shape::Object {
            return Some("its `Condition` is not an object");
        }
        let mut issue = None;
        let names: Vec<&str> = value.entries().map(|(name, _)| name.text()).collect();
        for (operator, keys) in value.entries() {
            if keys.shape() != Shape::Object {
                issue = Some("a condition operator is not an object");
                continue;
            }
            let operator_text = operator.text();
            let same = |name: &&&str| name.eq_ignore_ascii_case(operator_text);
            let repeated = names.len() > OPERATORS || names.iter().filter(same).count() > 1;
            let mut operator = Operator::parse(operator_text);
            if repeated {
                // Whether one of them counts, and which one, is not documented.
                operator.base = Base::Unknown;
            }
            for (key, values) in keys.entries() {
                let key_text = key.text();
                let key = Key::parse(key_text);
                let mut weight = 1;
                for text in values.items().filter_map(View::scalar) {
                    weight += 1 + text.len() / 16;
                }
                self.asks.see_condition(key, values, self.variables);
                self.conditions.push(Condition {
                    operator,
                    operator_text,
                    key,
                    key_text,
                    values,
                    repeated,
                    weight,
                });
            }
        }
        issue
    }

    /// Marks conditions that say the same key twice under one operator.
    fn find_repeated(&mut self, stmt: &Stmt<'t>) {
        let Some(conditions) = self.conditions.get_mut(stmt.conditions.clone()) else {
            return;
        };
        if conditions.len() < 2 {
            return;
        }
        // Sorted by name, so that a long block does not cost its square.
        let mut order: Vec<usize> = (0..conditions.len()).collect();
        let name = |conditions: &[Condition<'t>], at: usize| {
            conditions.get(at).map(|one| {
                (
                    one.operator_text.to_ascii_lowercase(),
                    one.key_text.to_ascii_lowercase(),
                )
            })
        };
        if conditions.len() <= 8 {
            for at in 1..conditions.len() {
                let (before, after) = conditions.split_at_mut(at);
                let Some(this) = after.first_mut() else {
                    continue;
                };
                for other in before {
                    if other.operator_text.eq_ignore_ascii_case(this.operator_text)
                        && other.key_text.eq_ignore_ascii_case(this.key_text)
                    {
                        other.repeated = true;
                        this.repeated = true;
                    }
                }
            }
            return;
        }
        order.sort_by_cached_key(|at| name(conditions, *at));
        for (first, second) in order.iter().zip(order.iter().skip(1)) {
            if name(conditions, *first) == name(conditions, *second) {
                for at in [*first, *second] {
                    if let Some(one) = conditions.get_mut(at) {
                        one.repeated = true;
                    }
                }
            }
        }
    }

    pub(crate) fn principals_of(&self, stmt: &Stmt<'t>) -> &[Principal<'t>] {
        self.principals
            .get(stmt.principals.clone())
            .unwrap_or_default()
    }

    pub(crate) fn conditions_of(&self, stmt: &Stmt<'t>) -> &[Condition<'t>] {
        self.conditions
            .get(stmt.conditions.clone())
            .unwrap_or_default()
    }
}
