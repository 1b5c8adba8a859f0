//! What the pipeline knows before it judges: the settings and the inventory.

use std::collections::HashMap;
use std::sync::Arc;

use chrono::{DateTime, Duration, Utc};
use serde::{Deserialize, Serialize};
use tokio::sync::Mutex;

use auditward_rules::facet::At;
use auditward_rules::inventory::Inventory;
use auditward_rules::settings::{Held, Settings};

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
    pub fallback: Option<String>,
    /// Whether the fallback is what was in force before, rather than the bundled settings.
    pub remembered: bool,
    read: DateTime<Utc>,
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
    last: Mutex<Option<Known>>,
    beating: Mutex<Vec<At>>,
    said: Mutex<HashMap<String, DateTime<Utc>>>,
}

impl Memo {
    /// `bundled` is the fallback for the time until settings could be read once.
    pub fn new(bundled: Settings) -> Self {
        Self {
            bundled,
            last: Mutex::default(),
            beating: Mutex::default(),
            said: Mutex::default(),
        }
    }

    /// Keeps in mind what is looked at every minute, should the store not say so.
    pub async fn keep_beating(&self, resources: &[At]) {
        let mut beating = self.beating.lock().await;
        if beating.as_slice() != resources {
            *beating = resources.to_vec();
        }
    }

    /// What is looked at every minute, as far as anybody remembers.
    pub async fn beating(&self) -> Vec<At> {
        self.beating.lock().await.clone()
    }

    /// Keeps in mind that something was told, should the store not.
    pub async fn said(&self, what: &str, now: DateTime<Utc>) {
        self.said.lock().await.insert(what.to_owned(), now);
    }

    /// Whether something was told a while ago at most.
    pub async fn was_said(&self, what: &str, now: DateTime<Utc>, keep: Duration) -> bool {
        let mut said = self.said.lock().await;
        said.retain(|_, at| now - *at < LONGEST);
        said.get(what).is_some_and(|at| now - *at < keep)
    }

    /// What is known from less than a minute ago.
    pub async fn fresh(&self, now: DateTime<Utc>) -> Option<Known> {
        let last = self.last.lock().await;
        last.as_ref()
            .filter(|known| known.fallback.is_none() && now - known.read < FRESH)
            .cloned()
    }

    /// Takes settings and inventory out of what was read.
    pub async fn take(&self, items: &HashMap<String, Item>, now: DateTime<Utc>) -> Known {
        let inventory = items
            .get(keys::INVENTORY)
            .map(Item::read::<Inventory>)
            .transpose();
        let settings = match items
            .get(keys::SETTINGS)
            .map(Item::read::<Pushed>)
            .transpose()
        {
            // Nobody pushed settings yet: what the stack was deployed with, which alerts.
            Ok(None) => Ok(self.bundled.clone()),
            Ok(Some(pushed)) => Settings::parse(&pushed.text).map_err(|error| error.to_string()),
            Err(failure) => Err(failure.message),
        };
        match (settings, inventory) {
            (Ok(settings), Ok(inventory)) => {
                let known = Known {
                    settings: Arc::new(settings),
                    inventory: Arc::new(inventory.unwrap_or_default()),
                    fallback: None,
                    remembered: true,
                    read: now,
                };
                *self.last.lock().await = Some(known.clone());
                known
            }
            (Err(why), _) => {
                self.without(
                    format!("the settings in the table cannot be read: {why}"),
                    now,
                )
                .await
            }
            (_, Err(why)) => {
                self.without(format!("the inventory cannot be read: {why}"), now)
                    .await
            }
        }
    }

    /// Forgets that what is known is fresh.
    pub async fn forget(&self) {
        if let Some(known) = self.last.lock().await.as_mut() {
            known.read = DateTime::UNIX_EPOCH;
        }
    }

    /// The last good settings, else the bundled ones: good for alerts and for
    /// switching evidence on.
    pub async fn without(&self, why: String, now: DateTime<Utc>) -> Known {
        let last = self.last.lock().await.clone();
        match last {
            Some(known) => Known {
                fallback: Some(why),
                ..known
            },
            None => Known {
                settings: Arc::new(self.bundled.clone()),
                inventory: Arc::default(),
                fallback: Some(why),
                remembered: false,
                read: now,
            },
        }
    }
}

/// Reads the settings afresh.
///
/// # Errors
/// The store does not answer.
pub async fn read(store: &dyn Store, memo: &Memo, now: DateTime<Utc>) -> Result<Known, Failure> {
    let items = store
        .get(&[keys::SETTINGS.to_owned(), keys::INVENTORY.to_owned()])
        .await?;
    Ok(memo.take(&items, now).await)
}
