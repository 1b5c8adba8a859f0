//! What the pipeline knows before it judges: the settings and the inventory.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use chrono::{DateTime, Duration, Utc};
use serde::{Deserialize, Serialize};

use auditward_rules::facet::At;
use auditward_rules::inventory::Inventory;
use auditward_rules::settings::{Held, Home, Settings};

use crate::failure::Failure;
use crate::keys;
use crate::store::{Item, Store};

/// The settings as they are kept in the table.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Pushed {
    /// Rises by one with every push.
    pub number: u64,
    /// The text of `auditward.toml`.
    pub text: String,
    /// Who pushed it.
    pub by: String,
    /// When.
    pub at: DateTime<Utc>,
}

/// What is known at the beginning of an invocation.
#[derive(Clone, Debug)]
pub struct Known {
    /// The settings in force.
    pub settings: Arc<Settings>,
    /// What protected trails use.
    pub inventory: Arc<Inventory>,
    /// Why the settings are not the ones in the table, where they are not.
    pub fallback: Option<Fallback>,
    /// Whether the fallback is what was in force before, rather than the bundled settings.
    pub remembered: bool,
    /// Which push of settings is in force, once there was one.
    number: Option<u64>,
    read: DateTime<Utc>,
}

/// Why settings are not the ones in the table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fallback {
    /// The table does not answer.
    Unreachable,
    /// It does, and what it has cannot be used: why.
    Unusable(String),
}

/// How long it is kept in mind that something was told.
const LONGEST: Duration = Duration::days(2);
/// How long settings are kept in the sandbox.
const FRESH: Duration = Duration::seconds(60);

impl Known {
    /// What keeps changes from being written, whatever the settings say.
    pub fn held(&self) -> Option<Held> {
        self.fallback.as_ref().map(|_| Held::NoSettings)
    }
}

/// Keeps what is known from one invocation to the next.
#[derive(Debug)]
pub struct Memo {
    bundled: Settings,
    home: OnceLock<Home>,
    last: Mutex<Option<Known>>,
    beating: Mutex<Vec<At>>,
    said: Mutex<HashMap<String, DateTime<Utc>>>,
}

impl Memo {
    /// `bundled` is the fallback for the time until settings could be read once.
    pub fn new(bundled: Settings) -> Self {
        Self {
            bundled,
            home: OnceLock::new(),
            last: Mutex::default(),
            beating: Mutex::default(),
            said: Mutex::default(),
        }
    }

    /// Says where this function runs; the first word counts.
    pub fn runs_in(&self, home: Home) {
        self.home.get_or_init(|| home);
    }

    /// Settings that know where this function runs.
    fn at_home(&self, settings: Settings) -> Settings {
        Settings {
            home: self.home.get().cloned(),
            ..settings
        }
    }

    fn last(&self) -> MutexGuard<'_, Option<Known>> {
        locked(&self.last)
    }

    /// Keeps in mind what is looked at every minute, should the store not say so.
    pub fn keep_beating(&self, resources: &[At]) {
        let mut beating = locked(&self.beating);
        if beating.as_slice() != resources {
            *beating = resources.to_vec();
        }
    }

    /// What is looked at every minute, as far as anybody remembers.
    pub fn beating(&self) -> Vec<At> {
        locked(&self.beating).clone()
    }

    /// Keeps in mind that something was told, should the store not.
    pub fn said(&self, what: &str, now: DateTime<Utc>) {
        locked(&self.said).insert(what.to_owned(), now);
    }

    /// Whether something was told a while ago at most.
    pub fn was_said(&self, what: &str, now: DateTime<Utc>, keep: Duration) -> bool {
        let mut said = locked(&self.said);
        said.retain(|_, at| now - *at < LONGEST);
        said.get(what).is_some_and(|at| now - *at < keep)
    }

    /// What is known from less than a minute ago.
    pub fn fresh(&self, now: DateTime<Utc>) -> Option<Known> {
        let last = self.last();
        last.as_ref()
            .filter(|known| known.fallback.is_none() && now - known.read < FRESH)
            .cloned()
    }

    /// Takes settings and inventory out of what was read.
    pub fn take(&self, items: &HashMap<String, Item>, now: DateTime<Utc>) -> Known {
        let inventory = items
            .get(keys::INVENTORY)
            .map(Item::read::<Inventory>)
            .transpose();
        let settings = match items
            .get(keys::SETTINGS)
            .map(Item::read::<Pushed>)
            .transpose()
        {
            Ok(pushed) => self.settings(pushed),
            Err(failure) => Err(failure.message),
        };
        match (settings, inventory) {
            (Ok((number, settings)), Ok(inventory)) => {
                let known = Known {
                    settings: Arc::new(settings),
                    number,
                    inventory: Arc::new(inventory.unwrap_or_default()),
                    fallback: None,
                    remembered: true,
                    read: now,
                };
                *self.last() = Some(known.clone());
                known
            }
            (Err(why), _) => self.without(
                Fallback::Unusable(format!("the settings in the table cannot be used: {why}")),
                now,
            ),
            (_, Err(why)) => self.without(
                Fallback::Unusable(format!("the inventory cannot be read: {why}")),
                now,
            ),
        }
    }

    /// The settings that were pushed, and which push it was. Pushes only rise: what
    /// is older than what was in force, or gone, was not taken back by an operator.
    fn settings(&self, pushed: Option<Pushed>) -> Result<(Option<u64>, Settings), String> {
        let before = self.last().as_ref().and_then(|known| known.number);
        match (pushed, before) {
            // Nobody pushed settings yet: what the stack was deployed with, which alerts.
            (None, None) => Ok((None, self.at_home(self.bundled.clone()))),
            (None, Some(before)) => Err(format!("push {before} was there, and it is gone")),
            (Some(pushed), Some(before)) if pushed.number < before => Err(format!(
                "push {before} was there, and now it is the older push {}",
                pushed.number
            )),
            (Some(pushed), _) => match Settings::parse(&pushed.text) {
                Ok(settings) => Ok((Some(pushed.number), self.at_home(settings))),
                Err(error) => Err(error.to_string()),
            },
        }
    }

    /// Forgets that what is known is fresh.
    pub fn forget(&self) {
        if let Some(known) = self.last().as_mut() {
            known.read = DateTime::UNIX_EPOCH;
        }
    }

    /// The last good settings, else the bundled ones: good for alerts and for
    /// switching evidence on.
    pub fn without(&self, why: Fallback, now: DateTime<Utc>) -> Known {
        let last = self.last().clone();
        match last {
            Some(known) => Known {
                fallback: Some(why),
                ..known
            },
            None => Known {
                settings: Arc::new(self.at_home(self.bundled.clone())),
                inventory: Arc::default(),
                fallback: Some(why),
                remembered: false,
                number: None,
                read: now,
            },
        }
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Reads the settings afresh.
///
/// # Errors
/// The store does not answer.
pub async fn read(store: &dyn Store, memo: &Memo, now: DateTime<Utc>) -> Result<Known, Failure> {
    let items = store
        .get(&[keys::SETTINGS.to_owned(), keys::INVENTORY.to_owned()])
        .await?;
    Ok(memo.take(&items, now))
}
