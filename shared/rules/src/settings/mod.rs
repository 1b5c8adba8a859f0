//! The settings, `auditward.toml`.

mod apply;
mod check;
mod doubts;
mod fault;
mod measure;
mod organization;
mod places;
mod principals;
mod shape;
mod when;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

pub use apply::{Held, Reach};
pub use check::{BadSettings, EXAMPLE, nearest_rule};
pub use organization::{Delegated, Organization};
pub(crate) use places::is_region;
pub(crate) use principals::fits;
pub use shape::{EXTERNAL_ID, is_external_id};
pub use when::When;

use crate::rule::Severity;

/// What Auditward may do about a finding.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Mode {
    /// Nothing, not even an alert.
    Off,
    /// Tell, and say what would be written.
    #[default]
    Alert,
    /// Put the safe state back, and tell.
    Enforce,
}

impl Mode {
    /// The mode in lower case.
    pub fn name(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Alert => "alert",
            Self::Enforce => "enforce",
        }
    }
}

/// All settings. Unknown keys are errors; everything has a safe default.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// Whose principals are ours.
    pub ours: Ours,
    /// Third parties that may be let in, on the terms given here.
    pub partners: Vec<Partner>,
    /// Principals whose changes to protected settings are accepted. Grants to
    /// outsiders are judged all the same.
    pub deployers: Vec<Known>,
    /// Principals that are never written against, and always alerted as critical.
    pub break_glass: Vec<Known>,
    /// Principals that may hold the power to change trails.
    pub approved: Vec<Known>,
    /// Who may undo a case and take baselines. Each needs its `unique_id`: it is what
    /// the queue that carries the request vouches for.
    pub operators: Vec<Known>,
    /// What is guarded.
    pub protected: Protected,
    /// What may be done about findings.
    pub mode: Modes,
    /// Severities by rule, where they differ from the rule's own.
    pub severity: BTreeMap<String, Severity>,
    /// Findings that are accepted until a date.
    pub exceptions: Vec<Exception>,
    /// Times in which people work and Auditward only tells.
    pub pauses: Vec<Pause>,
    /// Stops every write, until it ends. Its use is a critical alert itself.
    pub kill_switch: Option<KillSwitch>,
    /// When a flapping resource is left alone.
    pub breaker: Breaker,
    /// When many changes at once wait for a person.
    pub fuses: Fuses,
    /// Roles that Auditward depends on, and what to do about open ones.
    pub roles: Roles,
    /// What log buckets must keep.
    pub logs: Logs,
    /// What must hold of the organization.
    pub organization: Organization,
    /// Where alerts go.
    pub alerts: Alerts,
    /// Whether settings were given at all. Without any, the record's own account
    /// is ours and every resource counts as protected.
    #[serde(skip)]
    pub given: bool,
    /// Where Auditward runs, which only a running function knows.
    #[serde(skip)]
    pub home: Option<Home>,
}

/// Where Auditward runs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Home {
    /// The account. It is ours, whatever the settings name: the roles in member
    /// accounts let it in.
    pub account: String,
    /// The name (with its path) of the role through which it works in member accounts.
    pub member_role: String,
}

/// Whose principals are ours.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct Ours {
    /// The organization's ID, `o-…`.
    pub organization: Option<String>,
    /// The IDs of our accounts. Where `organization` is named: those outside of it that
    /// are ours all the same, and those of it that policies name by number.
    pub accounts: Vec<String>,
    /// The accounts that own the log buckets.
    pub log_archives: Vec<String>,
    /// The regions to look at in each account, besides the one that Auditward
    /// runs in. Where it is left out: those that ARNs under `protected` name.
    pub regions: Vec<String>,
    /// Canonical user IDs of our accounts, as bucket ACLs name them.
    pub canonical_ids: Vec<String>,
}

/// A third party that may be let in.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Partner {
    /// The partner's account ID.
    pub account: String,
    /// The external ID that every role it assumes must require.
    pub external_id: String,
    /// What it may read of our buckets: ARN patterns such as
    /// `arn:aws:s3:::acme-logs/AWSLogs/111111111111/*`.
    #[serde(default)]
    pub may_read: Vec<String>,
    /// The role of ours that it reads through: an ARN, in which `*` and `?`
    /// stand for any characters behind the account. What that role is given is
    /// held against `may_read`.
    #[serde(default)]
    pub role: Option<String>,
    /// What it is let in for, in words.
    pub purpose: String,
}

/// A principal that is known.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Known {
    /// The ARN of a role (not of its session) or user; `*` and `?` stand for any
    /// characters behind the account.
    pub principal: String,
    /// The role's or user's unique ID (`AROA…`, `AIDA…`). With it, a role made
    /// anew under the same name is somebody else.
    #[serde(default)]
    pub unique_id: Option<String>,
    /// Why it is known, in words.
    pub reason: String,
}

/// What is guarded.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct Protected {
    /// ARN patterns of what is guarded by name: trails, buckets, keys, roles.
    pub resources: Vec<String>,
    /// Whether what protected trails use is guarded as well: buckets, keys,
    /// topics, log groups, roles.
    pub discover: bool,
    /// Name patterns of Auditward's own resources: its functions, rules, queues,
    /// topics, tables, schedules and stacks. All begin with the stack's name, so that
    /// a stack that is not called `auditward` must be named here.
    pub own: Vec<String>,
}

impl Default for Protected {
    fn default() -> Self {
        Self {
            resources: Vec::new(),
            discover: true,
            own: vec!["auditward".into(), "auditward-*".into()],
        }
    }
}

/// What may be done, from general to particular.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct Modes {
    /// The mode of everything that `rules`, `accounts` and `resources` do not name.
    pub default: Mode,
    /// The mode of single rules, by their ids.
    pub rules: BTreeMap<String, Mode>,
    /// The mode in single accounts, by their IDs. Where a rule's mode and an account's
    /// differ, the more careful one holds.
    pub accounts: BTreeMap<String, Mode>,
    /// The mode for single resources, by ARN patterns. It beats that of the rule and of
    /// the account; where several patterns fit, the most careful mode holds.
    pub resources: BTreeMap<String, Mode>,
    /// How far `enforce` of a rule goes: `protected` resources (the default),
    /// every resource of an `account` that holds protected ones, or `any`.
    pub reach: BTreeMap<String, Reach>,
}

/// A finding that is accepted until a date.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Exception {
    /// The id of the rule whose findings are accepted.
    pub rule: String,
    /// ARN pattern of the resources on which they are accepted.
    pub resource: String,
    /// ARN pattern of those who may do it: of a role, rather than of its session.
    pub actor: String,
    /// Why it is accepted, in words.
    pub reason: String,
    /// The last day or moment on which it holds.
    pub until: When,
}

/// A time in which people work and Auditward only tells.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Pause {
    /// The account in which it holds; all of them where it is left out.
    #[serde(default)]
    pub account: Option<String>,
    /// The id of the rule for which it holds; all of them where it is left out.
    #[serde(default)]
    pub rule: Option<String>,
    /// The moment from which on it holds.
    pub from: When,
    /// The moment until which it holds, at most four hours after `from`.
    pub until: When,
    /// Why Auditward only tells in that time, in words.
    pub reason: String,
}

/// Stops every write.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct KillSwitch {
    /// Who switched it on.
    pub by: String,
    /// Why it was switched on, in words.
    pub reason: String,
    /// When writes begin again by themselves.
    pub until: When,
}

/// When a flapping resource is left alone.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct Breaker {
    /// How often one resource may be put back within `minutes`; after that it is left
    /// alone, and people are told.
    pub changes: u32,
    /// The minutes over which `changes` are counted: a change that is older counts no
    /// more, so that after as many quiet minutes the resource is put back again.
    pub minutes: u32,
}

impl Default for Breaker {
    fn default() -> Self {
        Self {
            changes: 3,
            minutes: 10,
        }
    }
}

/// When many changes at once wait for a person.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct Fuses {
    /// How many distinct resources one rule may change within `minutes`; what would be
    /// more waits for a person.
    pub per_rule: u32,
    /// How many distinct resources all rules together may change within `minutes`; what
    /// would be more waits for a person.
    pub overall: u32,
    /// The minutes over which `per_rule` and `overall` are counted.
    pub minutes: u32,
    /// Seconds that a change made through CloudFormation or by a deployer has to
    /// settle before the live state is judged, at most 240.
    pub settle_seconds: u32,
}

impl Default for Fuses {
    fn default() -> Self {
        Self {
            per_rule: 10,
            overall: 10,
            minutes: 10,
            settle_seconds: 120,
        }
    }
}

/// Roles that Auditward depends on, and what to do about open ones.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct Roles {
    /// Name patterns of Auditward's own roles.
    pub guard: Vec<String>,
    /// Names of the roles of CloudTrail's log delivery and of replication that
    /// discovery does not find.
    pub delivery: Vec<String>,
    /// Whose live sessions end when a trust policy is closed: of roles `created`
    /// open (the default), `always`, or `never`. Ending those of an older role
    /// cuts off legitimate sessions too.
    pub revoke_sessions: RevokeSessions,
}

impl Default for Roles {
    fn default() -> Self {
        Self {
            guard: vec!["auditward-*".into()],
            delivery: Vec::new(),
            revoke_sessions: RevokeSessions::Created,
        }
    }
}

/// Whose live sessions end when a trust policy is closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum RevokeSessions {
    /// Of roles that were created open.
    Created,
    /// Of every role whose trust policy was opened.
    Always,
    /// Of none.
    Never,
}

/// What log buckets must keep.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct Logs {
    /// Days that log files and their old versions must be kept at least.
    pub keep_days: u32,
}

impl Default for Logs {
    fn default() -> Self {
        Self { keep_days: 365 }
    }
}

/// Where alerts go.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct Alerts {
    /// Nothing below this severity is sent; cases are kept all the same.
    pub at_least: Severity,
    /// Alerts an account may send in an hour before they fold into a digest;
    /// critical ones are always sent.
    pub per_account_and_hour: u32,
    /// Who may subscribe to guarded topics besides our own queues and functions:
    /// patterns of endpoints, such as `*@acme.example` or `https://…`.
    pub subscribers: Vec<String>,
}

impl Default for Alerts {
    fn default() -> Self {
        Self {
            at_least: Severity::Low,
            per_account_and_hour: 60,
            subscribers: Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests;
