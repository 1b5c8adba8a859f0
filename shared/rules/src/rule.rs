//! A rule: when a call is a violation, and which facets must hold afterwards.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use crate::arn::{lead_region, partition_of};
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

/// Where the safe state comes from (catalogue column "Revert from").
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
}

impl Function {
    /// All functions.
    pub const ALL: [Self; 3] = [Self::TrailGuard, Self::BucketGuard, Self::RoleGuard];

    /// The function's name, as its binary and its folder have it.
    pub fn name(self) -> &'static str {
        match self {
            Self::TrailGuard => "trail-guard",
            Self::BucketGuard => "bucket-guard",
            Self::RoleGuard => "role-guard",
        }
    }
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
    /// Judges a call as if it had succeeded.
    #[serde(skip)]
    pub judge: fn(&Call<'_>) -> Judged,
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
        }
    }

    /// A finding that the live state must confirm.
    #[must_use]
    pub fn if_live_agrees(mut self) -> Self {
        self.certain = false;
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

    /// The resource of a regional service in the record's region.
    pub fn here(&self, arn: impl Into<String>) -> At {
        At::new(self.account(), self.record.region.as_ref(), arn)
    }

    /// The resource of a global service, which answers in the partition's lead region.
    pub fn global(&self, arn: impl Into<String>) -> At {
        At::new(self.account(), lead_region(self.partition()), arn)
    }
}
