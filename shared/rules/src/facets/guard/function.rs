//! Facets of a function: how much of it may run, who may call it, what it reads,
//! what becomes of what it fails on, and what its aliases point at.

mod permission;
mod sources;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::facet::{Decision, Facet, Scene, Standing};
use crate::facets::kept::{Keep, Kept, Texts, compare_texts, mend_texts, tell_texts};
use crate::facets::made::things as declare;

pub use permission::{FunctionPermissions, Permission, Permissions};
pub use sources::{FunctionSources, Lost, Source, SourcesWish};

/// What a person is told where nothing is recorded.
const OTHERWISE: &str = "deploy the stack again, or set it by hand as the stack does";

declare! {
    /// A statement of a function's policy that somebody added.
    FunctionStatement = "function-statement", "statement of the function's policy", "remove the statement", restorable true;
    /// An event source mapping that somebody made.
    ForeignMapping = "foreign-mapping", "running event source mapping", "disable the event source mapping", restorable true;
}

/// How many of a function may run at once.
pub type FunctionConcurrency = Kept<Concurrency>;
/// What becomes of asynchronous events that a function fails on.
pub type FunctionInvocations = Kept<Invocations>;
/// A function's aliases.
pub type FunctionAliases = Kept<Aliases>;

/// Keeps [`FunctionConcurrency`].
#[derive(Debug)]
pub struct Concurrency;

impl Keep for Concurrency {
    const KIND: &'static str = "function-concurrency";
    const WHAT: &'static str = "function's reserved concurrency";
    const OTHERWISE: &'static str = OTHERWISE;
    const EVIDENCE: bool = true;
    /// `None`: nothing is reserved, and it runs with what the account has left.
    type State = Option<i32>;

    /// A function of which none may run does nothing; any other number is a choice.
    fn usual(live: &Self::State, _: Scene<'_>) -> Option<Self::State> {
        Some(live.filter(|reserved| *reserved > 0))
    }

    fn compare(live: &Self::State, known: &Self::State) -> Standing {
        match (live, known) {
            (live, known) if live == known => Standing::Equal,
            (Some(0), _) => Standing::Weaker,
            (_, Some(0)) => Standing::Stronger,
            (Some(live), Some(known)) if live > known => Standing::Stronger,
            (Some(_), Some(_)) => Standing::Weaker,
            _ => Standing::Incomparable,
        }
    }

    fn writable(state: &Self::State) -> bool {
        *state != Some(0)
    }

    fn tell(state: &Self::State) -> String {
        match state {
            None => "no reserved concurrency".into(),
            Some(0) => "throttled to nothing".into(),
            Some(reserved) => format!("reserved concurrency {reserved}"),
        }
    }
}

/// A function's URL.
#[derive(Debug)]
pub struct FunctionUrl;

/// What a plan asks of a function's URL.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum UrlWish {
    /// It takes signed requests only. A URL that was deleted could never come
    /// back, so that none is.
    Signed,
}

/// Lambda's name for "signed requests only".
const SIGNED: &str = "AWS_IAM";

impl Facet for FunctionUrl {
    const KIND: &'static str = "function-url";
    /// The URL's authorization type; `None`: the function has no URL.
    type State = Option<String>;
    type Wish = UrlWish;

    fn decide(
        live: &Self::State,
        _: &UrlWish,
        _: Option<&Self::State>,
        _: Scene<'_>,
    ) -> Decision<Self::State> {
        match live.as_deref() {
            None | Some(SIGNED) => Decision::Safe,
            Some(_) => Decision::change(
                Some(SIGNED.into()),
                "let only signed requests through the function's URL",
            ),
        }
    }

    fn compare(live: &Self::State, known: &Self::State) -> Standing {
        match (live.as_deref(), known.as_deref()) {
            (live, known) if live == known => Standing::Equal,
            (Some(SIGNED), Some(_)) => Standing::Stronger,
            (Some(_), Some(SIGNED)) => Standing::Weaker,
            _ => Standing::Incomparable,
        }
    }

    fn writable(state: &Self::State) -> bool {
        state.is_some()
    }

    fn tell(state: &Self::State) -> String {
        state.as_deref().map_or_else(
            || "no URL".into(),
            |auth| format!("a URL with authorization {auth}"),
        )
    }
}

/// Keeps [`FunctionInvocations`].
#[derive(Debug)]
pub struct Invocations;

/// What becomes of asynchronous events.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
pub struct Invocation {
    /// How often Lambda tries again.
    pub retries: Option<i32>,
    /// For how many seconds.
    pub age: Option<i32>,
    /// Where events go that failed every time.
    pub on_failure: Option<String>,
    /// Where results go.
    pub on_success: Option<String>,
}

impl Keep for Invocations {
    const KIND: &'static str = "function-invocations";
    const WHAT: &'static str = "configuration of the function's asynchronous events";
    const OTHERWISE: &'static str = OTHERWISE;
    /// `None`: there is no configuration, and what fails is dropped.
    type State = Option<Invocation>;

    /// What is tried again and kept in the end is good enough.
    fn usual(live: &Self::State, _: Scene<'_>) -> Option<Self::State> {
        let kept = live.as_ref().is_some_and(|live| {
            live.on_failure.is_some()
                && live.retries != Some(0)
                && live.age.is_none_or(|age| age >= 3600)
        });
        kept.then(|| live.clone())
    }

    fn writable(state: &Self::State) -> bool {
        state.is_some()
    }

    fn tell(state: &Self::State) -> String {
        let Some(Invocation {
            retries,
            age,
            on_failure,
            ..
        }) = state
        else {
            return "no configuration of asynchronous events".into();
        };
        format!(
            "{} retries within {} seconds, failures to {}",
            retries.unwrap_or(2),
            age.unwrap_or(21_600),
            on_failure.as_deref().unwrap_or("nowhere")
        )
    }
}

/// Keeps [`FunctionAliases`].
#[derive(Debug)]
pub struct Aliases;

/// What an alias points at.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
pub struct Alias {
    /// The version.
    pub version: String,
    /// What part of the calls goes to other versions.
    pub weights: Texts,
    /// What it is for.
    pub description: String,
}

impl Keep for Aliases {
    const KIND: &'static str = "function-aliases";
    const WHAT: &'static str = "function's set of aliases";
    const OTHERWISE: &'static str = OTHERWISE;
    /// By name.
    type State = BTreeMap<String, Alias>;

    fn compare(live: &Self::State, known: &Self::State) -> Standing {
        compare_texts(live, known)
    }

    fn mend(live: &Self::State, known: &Self::State) -> Self::State {
        mend_texts(live, known)
    }

    fn tell(state: &Self::State) -> String {
        let all = state
            .iter()
            .map(|(name, alias)| (name.clone(), alias.version.clone()));
        tell_texts("aliases", &all.collect())
    }
}

#[cfg(test)]
mod tests;
