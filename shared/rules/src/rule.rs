//! A rule: when a call is a violation, and which facets must hold afterwards.

mod known;

use std::borrow::Cow;

use auditward_policy::{Tri, Zone};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::actor::Actor;
use crate::arn::{Arn, lead_region, partition_of};
use crate::facet::At;
use crate::inventory::Inventory;
use crate::json::Json;
use crate::plan::Plan;
use crate::record::Record;
use crate::settings::Settings;

/// How much a finding matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// For the record.
    Informational,
    /// Look when there is time.
    Low,
    /// Look this week.
    Medium,
    /// Look today.
    High,
    /// Wake somebody.
    Critical,
}

impl Severity {
    /// The severity in lower case.
    pub fn name(self) -> &'static str {
        match self {
            Self::Informational => "informational",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }
}

/// Where the safe state comes from (column "Put back to" of `events/TABLE.md`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Revert {
    /// The event alone says what to undo.
    Event,
    /// The event and a constant desired state.
    Desired,
    /// A recorded baseline.
    Baseline,
    /// The live document is narrowed.
    Live,
    /// No automatic change is safe.
    None,
}

/// Which resources a rule looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Scope {
    /// Named in the settings or found by discovery.
    Protected,
    /// Every resource of an account that holds protected ones.
    Account,
    /// Every resource.
    Any,
}

/// The function that carries a rule's plans.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Function {
    /// Trails and their keys.
    TrailGuard,
    /// Buckets.
    BucketGuard,
    /// Roles, users and groups.
    RoleGuard,
    /// The organization, its policies and its accounts.
    OrganizationGuard,
    /// CloudWatch Logs: groups, filters, destinations; and alarms.
    LogGuard,
    /// Auditward itself: functions, rules, queues, topics, table, stack.
    SelfGuard,
}

impl Function {
    /// All functions.
    pub const ALL: [Self; 6] = [
        Self::TrailGuard,
        Self::BucketGuard,
        Self::RoleGuard,
        Self::OrganizationGuard,
        Self::LogGuard,
        Self::SelfGuard,
    ];

    /// The function's name, as its binary and its folder have it.
    pub fn name(self) -> &'static str {
        match self {
            Self::TrailGuard => "trail-guard",
            Self::BucketGuard => "bucket-guard",
            Self::RoleGuard => "role-guard",
            Self::OrganizationGuard => "organization-guard",
            Self::LogGuard => "log-guard",
            Self::SelfGuard => "self-guard",
        }
    }

    /// Where it looks for what it guards.
    pub fn looks(self) -> Looks {
        match self {
            Self::TrailGuard | Self::LogGuard => Looks::Everywhere,
            Self::BucketGuard => Looks::EachAccount,
            Self::RoleGuard => Looks::EachAccountLead,
            Self::OrganizationGuard => Looks::HomeLead,
            Self::SelfGuard => Looks::Home,
        }
    }

    /// The function whose lifelines this one puts back: self-guard heals all the
    /// others, and nobody can heal himself.
    pub fn heals(self) -> Option<Self> {
        (self == Self::TrailGuard).then_some(Self::SelfGuard)
    }
}

/// Where a function looks for what it guards.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Looks {
    /// In every account and region.
    Everywhere,
    /// Once in every account, from the home region: what AWS lists by account.
    EachAccount,
    /// Once in every account, in the partition's lead region.
    EachAccountLead,
    /// In the home account, in the partition's lead region.
    HomeLead,
    /// In the home account and region.
    Home,
}

/// How it is proven that a rule's plans put the safe state back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Proof {
    /// End to end, against a server that acts like AWS.
    Moto,
    /// On recorded exchanges in AWS's published form: no server acts it out.
    Recorded,
    /// The rule writes nothing; there is nothing to prove.
    None,
}

/// Calls of one service.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Watch {
    /// The record's `eventSource`.
    pub source: &'static str,
    /// The record's `eventName`s, without an API version.
    pub names: &'static [&'static str],
}

/// A rule, as a row of constants and one pure function.
#[derive(Debug, Serialize)]
pub struct Rule {
    /// Stable name, such as `trail.logging-stopped`.
    pub id: &'static str,
    /// A few words for tables and subjects.
    pub title: &'static str,
    /// Severity unless the settings say otherwise.
    pub severity: Severity,
    /// Why it matters, in a sentence for people.
    pub why: &'static str,
    /// Controls it serves: `CIS AWS 3.0 3.1`, `ATT&CK T1562.008`.
    pub controls: &'static [&'static str],
    /// Its rows in the table of events, `events/TABLE.md`.
    pub rows: &'static [u16],
    /// Who carries its plans.
    pub function: Function,
    /// What it watches.
    pub watches: &'static [Watch],
    /// Which resources it looks at.
    pub scope: Scope,
    /// Where the safe state comes from.
    pub revert: Revert,
    /// Whether a deployer's change is accepted. Grants to outsiders never are.
    pub deployers_accepted: bool,
    /// The facets its plans may name, for the permission and coverage checks.
    pub facets: &'static [&'static str],
    /// How that is proven.
    pub proof: Proof,
    /// Judges a call as if it had succeeded.
    #[serde(skip)]
    pub judge: fn(&Call<'_>) -> Judged,
}

impl Rule {
    /// What most rules have in common, to be completed by each: a rule about
    /// protected resources that only tells.
    pub const TELLS: Self = Self {
        id: "",
        title: "",
        severity: Severity::Medium,
        why: "",
        controls: &[],
        rows: &[],
        function: Function::SelfGuard,
        watches: &[],
        scope: Scope::Protected,
        revert: Revert::None,
        deployers_accepted: true,
        facets: &[],
        proof: Proof::None,
        judge: |_| Judged::Clean,
    };
}

/// What a rule says about a call.
#[derive(Clone, Debug, PartialEq)]
pub enum Judged {
    /// No violation.
    Clean,
    /// A violation, or one that only the live state can rule out.
    Violation(Vec<Draft>),
    /// The record does not tell. With a plan the live state decides.
    CannotTell(Draft),
}

impl From<Draft> for Judged {
    fn from(draft: Draft) -> Self {
        Self::Violation(vec![draft])
    }
}

/// A finding as a rule drafts it; the settings complete it.
#[derive(Clone, Debug, PartialEq)]
pub struct Draft {
    /// The resource's ARN; empty where the record does not name one.
    pub resource: String,
    /// What happened, in a sentence.
    pub summary: String,
    /// The severity, where it is not the rule's.
    pub severity: Option<Severity>,
    /// What must hold, in this order.
    pub plan: Vec<Plan>,
    /// Whether the record itself shows the violation. Where it does not, a live
    /// state that turns out safe makes the event clean, and nobody is alerted.
    pub certain: bool,
    /// Whether it is accepted from deployers, whatever its rule says in general, and
    /// also where it cannot be told.
    pub accepted: bool,
    /// Whether Auditward's own stack did it, which is accepted as a deployer's.
    pub by_stack: bool,
}

impl Draft {
    /// A finding that the record itself proves.
    pub fn new(resource: impl Into<String>, summary: impl Into<String>) -> Self {
        let (resource, summary) = (resource.into(), summary.into());
        Self {
            resource,
            summary,
            severity: None,
            plan: Vec::new(),
            certain: true,
            accepted: false,
            by_stack: false,
        }
    }

    /// A finding that the live state must confirm.
    #[must_use]
    pub fn if_live_agrees(mut self) -> Self {
        self.certain = false;
        self
    }

    /// What a deployer did is accepted: nothing of it lets anybody in.
    #[must_use]
    pub fn from_deployers(mut self) -> Self {
        self.accepted = true;
        self
    }

    /// Adds a step.
    #[must_use]
    pub fn step(mut self, plan: impl Into<Plan>) -> Self {
        self.plan.push(plan.into());
        self
    }

    /// Sets the severity.
    #[must_use]
    pub fn severity(mut self, severity: Severity) -> Self {
        self.severity = Some(severity);
        self
    }
}

/// Whether a text is what was sent, and not what CloudTrail puts in the place of
/// what it must not show.
pub fn is_shown(text: &str) -> bool {
    !text.is_empty() && text != "***" && !text.starts_with("HIDDEN_DUE_TO_")
}

/// A call as rules see it.
#[derive(Clone, Copy, Debug)]
pub struct Call<'a> {
    /// The record.
    pub record: &'a Record<'a>,
    /// The settings in force.
    pub settings: &'a Settings,
    /// What protected trails use.
    pub inventory: &'a Inventory,
}

impl<'a> Call<'a> {
    /// What was asked; `None` where the record does not have it.
    pub fn request(&self) -> Option<Json<'a>> {
        self.record.request()
    }

    /// A scalar of the request.
    pub fn parameter(&self, name: &str) -> Option<Cow<'a, str>> {
        self.record
            .request()?
            .string(name)
            .filter(|text| !text.is_empty())
    }

    /// The account in which it happened.
    pub fn account(&self) -> Cow<'a, str> {
        self.record.account()
    }

    /// The partition of the record's region.
    pub fn partition(&self) -> &'static str {
        partition_of(&self.record.region)
    }

    /// The ARN of a resource in the record's account and region.
    pub fn arn(&self, service: &str, resource: &str) -> String {
        let (partition, region, account) = (self.partition(), &self.record.region, self.account());
        format!("arn:{partition}:{service}:{region}:{account}:{resource}")
    }

    /// The resource that a parameter names: by its ARN, which says whose it is
    /// and where, or by a name that stands behind `kind` in the ARN (`rule/`,
    /// `log-group:`; empty for services without one).
    pub fn named(&self, parameter: &str, service: &str, kind: &str) -> Option<At> {
        let name = self.shown(parameter)?;
        Some(match Arn::parse(&name) {
            Some(arn) => At::new(arn.account, arn.region, name.as_ref()),
            None => self.here(self.arn(service, &format!("{kind}{name}"))),
        })
    }

    /// A scalar of the request that CloudTrail did not blacken.
    pub fn shown(&self, parameter: &str) -> Option<Cow<'a, str>> {
        self.parameter(parameter).filter(|text| is_shown(text))
    }

    /// The resource, where it is guarded; `Err` is the verdict otherwise.
    ///
    /// # Errors
    /// The verdict: clean where it is not guarded, "cannot tell" where the
    /// record does not name it.
    pub fn guarded(&self, at: Option<At>) -> Result<At, Judged> {
        match at {
            None => Err(self.unnamed()),
            Some(at) if self.settings.protects(&at.resource, self.inventory) => Ok(at),
            Some(_) => Err(Judged::Clean),
        }
    }

    /// The ARN that a refusal names: `… on resource: arn:… because …`.
    pub fn refused(&self, service: &str) -> Option<&'a str> {
        let (_, rest) = self.record.error_message.split_once("on resource: ")?;
        let arn = rest.split_whitespace().next()?;
        Arn::parse(arn).filter(|arn| arn.service == service)?;
        Some(arn)
    }

    /// What is safe by itself may still be less than there was, which only the
    /// baseline knows: the live state decides. What a deployer did is accepted and
    /// learnt. Without settings there is no baseline either.
    pub fn only_the_baseline_tells(&self, draft: Draft) -> Judged {
        if !self.settings.given {
            return Judged::Clean;
        }
        if self.settings.is_deployer(Actor::of(self.record)) {
            return draft.if_live_agrees().into();
        }
        Judged::CannotTell(draft)
    }

    /// The record does not say which resource the call was about.
    pub fn unnamed(&self) -> Judged {
        let what = format!(
            "{} on something that the record does not name",
            self.record.event_name
        );
        Judged::CannotTell(Draft::new("", what))
    }

    /// Whether an account is ours; partners are not. Where only the organization
    /// is known, and not which accounts are in it, it cannot be told.
    pub fn is_ours(&self, account: &str) -> Tri {
        if self.settings.has_account(account, self.inventory) || account == self.account() {
            Tri::Yes
        } else if self.settings.ours.organization.is_some() && self.inventory.accounts.is_empty() {
            Tri::CannotTell
        } else {
            Tri::No
        }
    }

    /// The principals that are ours, seen from a resource of `owner`.
    pub fn zone(&self, owner: &str) -> Zone {
        self.settings.zone(owner, self.inventory)
    }

    /// When the call was made.
    pub fn time(&self) -> Option<DateTime<Utc>> {
        DateTime::parse_from_rfc3339(&self.record.event_time)
            .ok()
            .map(|time| time.to_utc())
    }

    /// The resource of a regional service in the record's region.
    pub fn here(&self, arn: impl Into<String>) -> At {
        At::new(self.account(), self.record.region.as_ref(), arn)
    }

    /// The resource of a global service, which answers in the partition's lead region.
    pub fn global(&self, arn: impl Into<String>) -> At {
        At::new(self.account(), lead_region(self.partition()), arn)
    }
}
