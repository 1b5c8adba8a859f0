//! Reading settings, and saying what is wrong with them.

use std::fmt;

use super::{Known, Settings};
use crate::arn::{Arn, is_account};
use crate::registry;

/// A complete example, which is also the first thing `auditward settings example` prints.
pub const EXAMPLE: &str = include_str!("example.toml");

/// What is wrong with settings, in sentences with line and column where the
/// text is at fault.
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
    /// Every fault found: those of the text with line, column and a suggestion,
    /// else those of the values with the key they stand under.
    pub fn parse(text: &str) -> Result<Self, BadSettings> {
        let mut settings: Self = toml::from_str(text).map_err(|error| {
            let suggestion = suggestion(error.message()).unwrap_or_default();
            BadSettings(vec![format!(
                "{}{suggestion}",
                error.to_string().trim_end()
            )])
        })?;
        settings.given = true;
        let faults = settings.faults();
        if faults.is_empty() {
            Ok(settings)
        } else {
            Err(BadSettings(faults))
        }
    }

    fn faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        let mut account = |key: &str, id: &str| {
            if !is_account(id) {
                faults.push(format!(
                    "{key}: `{id}` is no account ID: expected a string of 12 digits"
                ));
            }
        };
        self.ours
            .accounts
            .iter()
            .for_each(|id| account("ours.accounts", id));
        self.ours
            .log_archives
            .iter()
            .for_each(|id| account("ours.log_archives", id));
        self.partners
            .iter()
            .for_each(|partner| account("partners.account", &partner.account));
        self.mode
            .accounts
            .keys()
            .for_each(|id| account("mode.accounts", id));
        self.organization
            .management_account
            .iter()
            .for_each(|id| account("organization.management_account", id));
        self.organization
            .delegated_administrators
            .iter()
            .for_each(|one| {
                account(
                    "organization.delegated_administrators.account",
                    &one.account,
                )
            });
        let paused = self
            .pauses
            .iter()
            .filter_map(|pause| pause.account.as_deref());
        paused.for_each(|id| account("pauses.account", id));

        if let Some(id) = &self.ours.organization
            && !is_organization(id)
        {
            faults.push(format!("ours.organization: `{id}` is no organization ID: expected `o-` and 10 to 32 small letters or digits"));
        }
        faults.extend(self.organization.faults());
        for partner in &self.partners {
            if partner.external_id.len() < 2 || partner.external_id.contains(['*', '?']) {
                let id = &partner.external_id;
                faults.push(format!("partners.external_id: `{id}` is no external ID: expected 2 to 1224 characters and no wildcard"));
            }
            let fixed = |role: &str| {
                Arn::parse(role).is_some_and(|arn| {
                    arn.service == "iam"
                        && is_account(arn.account)
                        && arn.resource.starts_with("role/")
                })
            };
            if let Some(role) = partner.role.as_deref().filter(|role| !fixed(role)) {
                faults.push(format!("partners.role: `{role}` is no role of a fixed account: expected an ARN such as arn:aws:iam::111111111111:role/log-reader"));
            }
        }
        for (key, known) in [
            ("deployers", &self.deployers),
            ("break_glass", &self.break_glass),
            ("approved", &self.approved),
            ("operators", &self.operators),
        ] {
            faults.extend(known.iter().filter_map(|known| principal_fault(key, known)));
        }
        for operator in self
            .operators
            .iter()
            .filter(|operator| operator.unique_id.is_none())
        {
            let who = &operator.principal;
            faults.push(format!("operators.unique_id: expected the unique ID of `{who}` (AROA… or AIDA…; `aws iam get-role` shows it)"));
        }
        let rules = self.mode.rules.keys().map(|id| ("mode.rules", id));
        let rules = rules.chain(self.mode.reach.keys().map(|id| ("mode.reach", id)));
        let rules = rules.chain(self.severity.keys().map(|id| ("severity", id)));
        let rules = rules.chain(self.exceptions.iter().map(|e| ("exceptions.rule", &e.rule)));
        let rules = rules.chain(
            self.pauses
                .iter()
                .filter_map(|p| Some(("pauses.rule", p.rule.as_ref()?))),
        );
        faults.extend(rules.filter_map(|(key, id)| rule_fault(key, id)));
        for pause in &self.pauses {
            let length = pause.until.0 - pause.from.0;
            if length > chrono::Duration::hours(LONGEST_PAUSE_HOURS)
                || length < chrono::Duration::zero()
            {
                faults.push(format!("pauses.until: a pause lasts at most {LONGEST_PAUSE_HOURS} hours, and ends after it begins"));
            }
        }
        for exception in &self.exceptions {
            if exception.resource == "*" {
                faults.push("exceptions.resource: `*` would accept everything: name the resource, or switch the rule off under `mode.rules`".into());
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
            format!("{key}: expected at least 1; to stop all writes use `mode.default = \"alert\"`")
        }));
        if self.given && self.ours.organization.is_none() && self.ours.accounts.is_empty() {
            faults.push(
                "ours: expected `organization`, or `accounts` with at least one account ID".into(),
            );
        }
        faults
    }
}

fn is_organization(id: &str) -> bool {
    id.strip_prefix("o-").is_some_and(|rest| {
        (10..=32).contains(&rest.len())
            && rest
                .bytes()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
    })
}

fn principal_fault(key: &str, known: &Known) -> Option<String> {
    let pattern = &known.principal;
    let fixed = Arn::parse(pattern).is_some_and(|arn| is_account(arn.account));
    (!fixed).then(|| format!("{key}.principal: `{pattern}` does not fix an account: expected an ARN such as arn:aws:iam::111111111111:role/deploy"))
}

fn rule_fault(key: &str, id: &str) -> Option<String> {
    // A function knows its own system's rules; whoever pushed the settings knew all.
    if !registry::COMPLETE || registry::rule(id).is_some() {
        return None;
    }
    let near = nearest(id, registry::rules().map(|rule| rule.id));
    let hint = near.map_or_else(
        || "see `auditward rules`".to_owned(),
        |near| format!("did you mean `{near}`?"),
    );
    Some(format!("{key}: there is no rule `{id}`; {hint}"))
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
