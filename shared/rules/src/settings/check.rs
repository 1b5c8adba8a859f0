//! Reading settings, and saying what is wrong with them.

use std::fmt;

use toml::de::DeTable;

use super::fault::{Fault, Spot};
use super::is_region;
use super::{Known, Partner, Settings};
use crate::arn::{Arn, is_account};
use crate::registry;

/// A complete example, which is also the first thing `auditward settings example` prints.
pub const EXAMPLE: &str = include_str!("example.toml");

/// What is wrong with settings, in sentences with line and column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadSettings(pub Vec<String>);

impl fmt::Display for BadSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join("\n"))
    }
}

impl std::error::Error for BadSettings {}

/// The longest a pause may last, in hours.
const LONGEST_PAUSE_HOURS: i64 = 4;

impl Settings {
    /// Reads and checks settings.
    ///
    /// # Errors
    /// Every fault found, with line and column: those of the text with a suggestion,
    /// else those of the values with the field they stand under.
    pub fn parse(text: &str) -> Result<Self, BadSettings> {
        let mut settings: Self = toml::from_str(text).map_err(|error| {
            let suggestion = suggestion(error.message()).unwrap_or_default();
            let whole = error.to_string();
            let whole = whole.replace(error.message(), &plain(error.message()));
            BadSettings(vec![format!("{}{suggestion}", whole.trim_end())])
        })?;
        settings.given = true;
        let faults = settings.faults();
        if faults.is_empty() {
            return Ok(settings);
        }
        Err(BadSettings(told(text, &faults)))
    }

    /// Known principals, by the list they stand in.
    pub(super) fn principals(&self) -> [(&'static str, &[Known]); 4] {
        [
            ("deployers", &self.deployers),
            ("break_glass", &self.break_glass),
            ("approved", &self.approved),
            ("operators", &self.operators),
        ]
    }

    fn faults(&self) -> Vec<Fault> {
        let mut faults = self.unreadable_ids();
        if let Some(id) = &self.ours.organization
            && !is_organization(id)
        {
            faults.push(Fault::at(
                Spot::of("ours.organization"),
                format!("`{id}` is no organization ID: expected `o-` and 10 to 32 small letters or digits"),
            ));
        }
        for (nth, name) in self.ours.regions.iter().enumerate() {
            if !is_region(name) {
                faults.push(Fault::at(
                    Spot::of("ours.regions").nth(nth),
                    format!("`{name}` is no region: expected a name such as eu-west-1"),
                ));
            }
        }
        faults.extend(self.organization.faults());
        for (nth, partner) in self.partners.iter().enumerate() {
            faults.extend(partner_fault(&Spot::of("partners").nth(nth), partner));
        }
        for (list, known) in self.principals() {
            for (nth, known) in known.iter().enumerate() {
                let spot = Spot::of(list).nth(nth);
                faults.extend(principal_fault(spot, known));
            }
        }
        for (nth, operator) in self.operators.iter().enumerate() {
            if operator.unique_id.is_none() {
                let who = &operator.principal;
                faults.push(Fault::at(
                    Spot::of("operators").nth(nth).field("unique_id"),
                    format!("expected the unique ID of `{who}` (AROA… or AIDA…; `aws iam get-role` shows it)"),
                ));
            }
        }
        faults.extend(self.unknown_rules());
        for (nth, pause) in self.pauses.iter().enumerate() {
            let length = pause.until.0 - pause.from.0;
            if length > chrono::Duration::hours(LONGEST_PAUSE_HOURS)
                || length < chrono::Duration::zero()
            {
                faults.push(Fault::at(
                    Spot::of("pauses").nth(nth).field("until"),
                    format!("a pause lasts at most {LONGEST_PAUSE_HOURS} hours, and ends after it begins"),
                ));
            }
        }
        for (nth, exception) in self.exceptions.iter().enumerate() {
            if exception.resource == "*" {
                faults.push(Fault::at(
                    Spot::of("exceptions").nth(nth).field("resource"),
                    "`*` would accept everything: name the resource, or switch the rule off under `mode.rules`",
                ));
            }
        }
        let positive = [
            ("breaker.changes", self.breaker.changes),
            ("breaker.minutes", self.breaker.minutes),
            ("fuses.per_rule", self.fuses.per_rule),
            ("fuses.overall", self.fuses.overall),
            ("fuses.minutes", self.fuses.minutes),
        ];
        let zero = positive.into_iter().filter(|(_, value)| *value == 0);
        faults.extend(zero.map(|(key, _)| {
            Fault::at(
                Spot::of(key),
                "expected at least 1; to stop all writes use `mode.default = \"alert\"`",
            )
        }));
        if self.given && self.ours.organization.is_none() && self.ours.accounts.is_empty() {
            faults.push(Fault::at(
                Spot::of("ours"),
                "expected `organization`, or `accounts` with at least one account ID",
            ));
        }
        if registry::COMPLETE {
            faults.extend(self.misshapen());
        }
        faults
    }

    /// What should be account IDs and is none.
    fn unreadable_ids(&self) -> Vec<Fault> {
        let mut all: Vec<(Spot, &str)> = Vec::new();
        let lists = [
            ("ours.accounts", &self.ours.accounts),
            ("ours.log_archives", &self.ours.log_archives),
        ];
        for (key, ids) in lists {
            let ids = ids.iter().enumerate();
            all.extend(ids.map(|(nth, id)| (Spot::of(key).nth(nth), id.as_str())));
        }
        let partners = self.partners.iter().enumerate();
        all.extend(partners.map(|(nth, partner)| {
            let spot = Spot::of("partners").nth(nth).field("account");
            (spot, partner.account.as_str())
        }));
        let modes = self.mode.accounts.keys();
        all.extend(modes.map(|id| (Spot::of("mode.accounts").name(id), id.as_str())));
        let organization = &self.organization;
        let management = organization.management_account.iter();
        all.extend(management.map(|id| (Spot::of("organization.management_account"), id.as_str())));
        let delegated = organization.delegated_administrators.iter().enumerate();
        all.extend(delegated.map(|(nth, one)| {
            let spot = Spot::of("organization.delegated_administrators").nth(nth);
            (spot.field("account"), one.account.as_str())
        }));
        let pauses = self.pauses.iter().enumerate();
        all.extend(pauses.filter_map(|(nth, pause)| {
            let spot = Spot::of("pauses").nth(nth).field("account");
            Some((spot, pause.account.as_deref()?))
        }));
        let none = all.into_iter().filter(|(_, id)| !is_account(id));
        none.map(|(spot, id)| {
            let what = format!("`{id}` is no account ID: expected a string of 12 digits");
            Fault::at(spot, what)
        })
        .collect()
    }

    /// What should be rules and is none.
    fn unknown_rules(&self) -> Vec<Fault> {
        // A function knows its own system's rules; whoever pushed the settings knew all.
        if !registry::COMPLETE {
            return Vec::new();
        }
        let modes = self.mode.rules.keys();
        let modes = modes.map(|id| (Spot::of("mode.rules").name(id), id));
        let reach = self.mode.reach.keys();
        let reach = reach.map(|id| (Spot::of("mode.reach").name(id), id));
        let severity = self.severity.keys();
        let severity = severity.map(|id| (Spot::of("severity").name(id), id));
        let exceptions = self.exceptions.iter().enumerate();
        let exceptions = exceptions.map(|(nth, exception)| {
            let spot = Spot::of("exceptions").nth(nth).field("rule");
            (spot, &exception.rule)
        });
        let pauses = self.pauses.iter().enumerate();
        let pauses = pauses.filter_map(|(nth, pause)| {
            let spot = Spot::of("pauses").nth(nth).field("rule");
            Some((spot, pause.rule.as_ref()?))
        });
        let all = modes.chain(reach).chain(severity);
        let all = all.chain(exceptions).chain(pauses);
        let unknown = all.filter(|(_, id)| registry::rule(id).is_none());
        unknown
            .map(|(spot, id)| Fault::at(spot, format!("there is no rule `{id}`; {}", hint(id))))
            .collect()
    }
}

/// Faults in sentences. Where each stands is for whoever writes settings, not for a
/// function.
pub(super) fn told(text: &str, faults: &[Fault]) -> Vec<String> {
    let table = registry::COMPLETE.then(|| DeTable::parse(text).ok());
    let table = table.flatten();
    let tell = |fault: &Fault| fault.tell(text, table.as_ref().map(|table| table.get_ref()));
    faults.iter().map(tell).collect()
}

/// What the reader of TOML expected, in the words of who writes it.
fn plain(message: &str) -> String {
    if message == "wanted string or table" {
        return "expected a word in quotes, such as \"alert\"".into();
    }
    let Some((found, expected)) = message.rsplit_once(", expected ") else {
        return message.to_owned();
    };
    let found = found
        .replace("invalid type: map", "invalid type: table")
        .replace("invalid type: sequence", "invalid type: list");
    let expected = match expected {
        "u32" => "a whole number, 0 or more",
        "a sequence" => "a list, such as [\"…\"]",
        "a boolean" => "`true` or `false`",
        "a TOML datetime" => "a date such as 2026-12-31, without quotes",
        "a map" => "a table",
        _ if expected.starts_with("struct ") => "a table",
        _ => expected,
    };
    format!("{found}, expected {expected}")
}

/// What to say beside that there is no rule of this id.
fn hint(id: &str) -> String {
    match nearest_rule(id) {
        Some(near) => format!("did you mean `{near}`?"),
        None => "see `auditward rules`".to_owned(),
    }
}

/// The rule whose id is likely to be meant by this one, which no rule has.
pub fn nearest_rule(id: &str) -> Option<&'static str> {
    nearest(id, registry::rules().map(|rule| rule.id))
}

fn partner_fault(spot: &Spot, partner: &Partner) -> Vec<Fault> {
    let mut faults = Vec::new();
    let id = &partner.external_id;
    // What else an external ID must be, whoever writes settings is told.
    if !registry::COMPLETE && (id.len() < 2 || id.contains(['*', '?'])) {
        let what = format!("`{id}` is no external ID");
        faults.push(Fault::at(spot.clone().field("external_id"), what));
    }
    let fixed = |role: &str| {
        Arn::parse(role).is_some_and(|arn| {
            arn.service == "iam" && is_account(arn.account) && arn.resource.starts_with("role/")
        })
    };
    if let Some(role) = partner.role.as_deref().filter(|role| !fixed(role)) {
        faults.push(Fault::at(
            spot.clone().field("role"),
            format!("`{role}` is no role of a fixed account: expected an ARN such as arn:aws:iam::111111111111:role/log-reader"),
        ));
    }
    faults
}

fn is_organization(id: &str) -> bool {
    id.strip_prefix("o-").is_some_and(|rest| {
        (10..=32).contains(&rest.len())
            && rest
                .bytes()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
    })
}

fn principal_fault(spot: Spot, known: &Known) -> Option<Fault> {
    let pattern = &known.principal;
    let fixed = Arn::parse(pattern).is_some_and(|arn| is_account(arn.account));
    (!fixed).then(|| {
        Fault::at(
            spot.field("principal"),
            format!("`{pattern}` does not fix an account: expected an ARN such as arn:aws:iam::111111111111:role/deploy"),
        )
    })
}

/// A suggestion for an unknown key or value, from the names that were expected.
fn suggestion(message: &str) -> Option<String> {
    let mut quoted = message.split('`').skip(1).step_by(2);
    let wrong = quoted.next()?;
    let near = nearest(wrong, quoted)?;
    Some(format!("\nhelp: did you mean `{near}`?"))
}

/// The name at most two edits (or a third of its length) away.
fn nearest<'a>(wrong: &str, names: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let near = names
        .map(|name| (distance(wrong, name), name))
        .min_by_key(|(edits, _)| *edits)?;
    (near.0 <= 2.max(wrong.len() / 3)).then_some(near.1)
}

/// The edit distance of two words.
fn distance(one: &str, other: &str) -> usize {
    let mut row: Vec<usize> = (0..=other.chars().count()).collect();
    for (i, a) in one.chars().enumerate() {
        let mut diagonal = i;
        let mut left = i + 1;
        for (cell, b) in row.iter_mut().skip(1).zip(other.chars()) {
            let cost = diagonal + usize::from(a != b);
            diagonal = *cell;
            left = cost.min(*cell + 1).min(left + 1);
            *cell = left;
        }
        if let Some(first) = row.first_mut() {
            *first = i + 1;
        }
    }
    row.last().copied().unwrap_or_default()
}
