//! Values that would never match anything, or not as they were meant.
//!
//! Whoever pushes settings is told of these. A function that finds them in settings
//! that were pushed before goes on with the rest: to refuse all of them would leave
//! more unguarded than one pattern does.

use super::fault::{Fault, Spot};
use super::{Fuses, Known, Settings};
use crate::arn::{Arn, is_account};

/// The longest that a deployment may have to settle, in seconds.
const SETTLE: u32 = 240;

impl Fuses {
    /// Seconds that a change has to settle: no longer than an event is judged, whatever
    /// settings say that were pushed before.
    pub fn settle(&self) -> u32 {
        self.settle_seconds.min(SETTLE)
    }
}

impl Settings {
    pub(super) fn misshapen(&self) -> Vec<Fault> {
        let mut faults = Vec::new();
        let mut pattern = |spot: Spot, pattern: &str, such_as: &str| {
            if let Some(why) = unmatched(pattern) {
                faults.push(Fault::at(
                    spot,
                    format!("`{pattern}` {why}: expected an ARN pattern such as {such_as}"),
                ));
            }
        };
        for (nth, resource) in self.protected.resources.iter().enumerate() {
            let spot = Spot::of("protected.resources").nth(nth);
            pattern(spot, resource, &bucket(resource, ""));
        }
        for resource in self.mode.resources.keys() {
            let spot = Spot::of("mode.resources").name(resource);
            pattern(spot, resource, &bucket(resource, ""));
        }
        for (nth, partner) in self.partners.iter().enumerate() {
            for (one, what) in partner.may_read.iter().enumerate() {
                let spot = Spot::of("partners").nth(nth).field("may_read").nth(one);
                pattern(spot, what, &bucket(what, "/AWSLogs/111111111111/*"));
            }
        }
        for (nth, exception) in self.exceptions.iter().enumerate() {
            let spot = |field| Spot::of("exceptions").nth(nth).field(field);
            let resource = &exception.resource;
            pattern(spot("resource"), resource, &bucket(resource, ""));
            pattern(spot("actor"), &exception.actor, ROLE);
        }
        for (nth, exception) in self.exceptions.iter().enumerate() {
            let spot = Spot::of("exceptions").nth(nth).field("actor");
            faults.extend(session(spot, &exception.actor));
        }
        for (list, known) in self.principals() {
            for (nth, known) in known.iter().enumerate() {
                let spot = |field| Spot::of(list).nth(nth).field(field);
                faults.extend(session(spot("principal"), &known.principal));
                faults.extend(unique_id(spot("unique_id"), known));
            }
        }
        for (nth, partner) in self.partners.iter().enumerate() {
            let id = &partner.external_id;
            if !is_external_id(id) {
                faults.push(Fault::at(
                    Spot::of("partners").nth(nth).field("external_id"),
                    format!("`{id}` is no external ID: expected {EXTERNAL_ID}, and no wildcard"),
                ));
            }
        }
        for (nth, id) in self.ours.canonical_ids.iter().enumerate() {
            if id.len() != 64 || !id.bytes().all(|b| b.is_ascii_hexdigit()) {
                faults.push(Fault::at(
                    Spot::of("ours.canonical_ids").nth(nth),
                    format!("`{id}` is no canonical user ID: expected 64 hexadecimal digits (`aws s3api list-buckets --query Owner.ID` shows an account's)"),
                ));
            }
        }
        if self.fuses.settle_seconds > SETTLE {
            faults.push(Fault::at(
                Spot::of("fuses.settle_seconds"),
                format!(
                    "expected at most {SETTLE}: an event is judged for the last time after 300"
                ),
            ));
        }
        if self.logs.keep_days == 0 {
            faults.push(Fault::at(
                Spot::of("logs.keep_days"),
                "expected at least 1: with 0 days every log could be deleted at once",
            ));
        }
        faults
    }
}

const ROLE: &str = "arn:aws:iam::111111111111:role/web/*";

/// What an external ID is made of.
pub const EXTERNAL_ID: &str = "2 to 1224 letters, digits or _+=,.@:/-";

/// Whether a text has [the form of an external ID](https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html).
pub fn is_external_id(text: &str) -> bool {
    let allowed = |c: char| c.is_ascii_alphanumeric() || "_+=,.@:/-".contains(c);
    (2..=1224).contains(&text.len()) && text.chars().all(allowed)
}

/// An example of what was meant: a bare name is mostly a bucket's.
fn bucket(pattern: &str, behind: &str) -> String {
    let name = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || ".-*?".contains(c);
    let bare = !pattern.is_empty() && pattern.chars().all(name);
    let name = if bare { pattern } else { "acme-trail-logs" };
    format!("arn:aws:s3:::{name}{behind}")
}

/// Why a pattern can never match an ARN, if it cannot.
fn unmatched(pattern: &str) -> Option<&'static str> {
    let wild = |text: &str| text.contains(['*', '?']);
    let parts: Vec<&str> = pattern.splitn(6, ':').collect();
    // A part that is not fixed may stand for several.
    let fixed = |nth: usize| {
        let so_far = parts.get(..=nth)?;
        let one = parts.get(nth)?;
        (!so_far.iter().any(|part| part.contains('*')) && !wild(one)).then_some(*one)
    };
    let begins = pattern.split(['*', '?']).next().unwrap_or_default();
    if !begins.starts_with("arn:") && !"arn:".starts_with(begins) {
        return Some("matches no ARN");
    }
    if !pattern.contains('*') && Arn::parse(pattern).is_none() {
        return Some("lacks parts of an ARN");
    }
    if fixed(1).is_some_and(|partition| !partition.starts_with("aws")) {
        return Some("names no partition of AWS");
    }
    // Managed policies are of the account `aws`.
    let account = fixed(4).filter(|account| !account.is_empty() && *account != "aws");
    if account.is_some_and(|account| !is_account(account)) {
        return Some("names no account of 12 digits");
    }
    None
}

/// Sessions are never matched: their names are chosen by whoever begins them.
fn session(spot: Spot, pattern: &str) -> Option<Fault> {
    let is_session = Arn::parse(pattern).is_some_and(|arn| arn.service == "sts");
    is_session.then(|| {
        Fault::at(
            spot,
            format!("`{pattern}` names a session, which is never matched: expected its role, such as {ROLE}"),
        )
    })
}

/// A [unique ID](https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html#identifiers-unique-ids)
/// that is none of the principal's sort. Whoever is named with it is never recognized.
fn unique_id(spot: Spot, known: &Known) -> Option<Fault> {
    let id = known.unique_id.as_deref()?;
    let arn = Arn::parse(&known.principal);
    let sort = arn.map_or("", |arn| arn.resource.split('/').next().unwrap_or_default());
    // The root user goes by the account's ID.
    if sort == "root" && is_account(id) {
        return None;
    }
    let (prefixes, such_as): (&[&str], _) = match sort {
        "role" => (
            &["AROA"],
            "AROAEXAMPLEOPERATOR01 (`aws iam get-role --role-name NAME --query Role.RoleId` shows a role's)",
        ),
        "user" => (
            &["AIDA"],
            "AIDAEXAMPLEOPERATOR01 (`aws iam get-user --user-name NAME --query User.UserId` shows a user's)",
        ),
        _ => (&["AROA", "AIDA"], "AROAEXAMPLEOPERATOR01"),
    };
    let begins = prefixes.iter().any(|prefix| id.starts_with(prefix));
    let allowed = |b: u8| b.is_ascii_uppercase() || b.is_ascii_digit();
    let right = begins && UNIQUE_ID.contains(&id.len()) && id.bytes().all(allowed);
    (!right).then(|| {
        let who = &known.principal;
        Fault::at(
            spot,
            format!("`{id}` is no unique ID of `{who}`: expected one such as {such_as}"),
        )
    })
}

/// How long [a unique ID](https://docs.aws.amazon.com/IAM/latest/APIReference/API_Role.html) is.
const UNIQUE_ID: std::ops::RangeInclusive<usize> = 16..=128;
