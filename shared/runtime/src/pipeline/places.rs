//! Where a function looks for what it guards, what it remembers of each place,
//! and which places do not let it in.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration as Pause;

use chrono::Duration;
use serde::{Deserialize, Serialize};

use auditward_rules::arn::{lead_region, partition_of};
use auditward_rules::facet::At;
use auditward_rules::inventory::{Inventory, Learnt};
use auditward_rules::protected;
use auditward_rules::rule::{Function, Looks, Severity};

use super::{Answer, Pipeline, known_now};
use crate::case::case_id;
use crate::failure::Failure;
use crate::guard::Discovered;
use crate::keys;
use crate::known::Known;
use crate::store::{Expect, Item, NotStored, Put};

/// The account and region that a message of a sweep is about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Place {
    /// The account.
    pub account: String,
    /// The region.
    pub region: String,
}

/// Where a function guards anything.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Places {
    /// The accounts and regions.
    pub places: BTreeSet<Place>,
}

/// What a function guards in one place. What was found once stays: what is
/// deleted can be found no more, and is what must be missed.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Guarded {
    pub resources: Vec<At>,
}

/// Where a function is not let in, and why: by account, or by account and region
/// where it is only the region.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Closed {
    /// The reasons, by place.
    pub places: BTreeMap<String, String>,
}

/// How often a document is changed anew that others change at the same time.
const TRIES: u32 = 10;
/// How many closed places a report names.
const NAMED: usize = 50;

impl Place {
    /// A resource that is there.
    pub fn at(&self, arn: impl Into<String>) -> At {
        At::new(&self.account, &self.region, arn)
    }

    /// The ARN of something that is there.
    pub fn arn(&self, service: &str, resource: &str) -> String {
        let Self { account, region } = self;
        let partition = partition_of(region);
        format!("arn:{partition}:{service}:{region}:{account}:{resource}")
    }
}

impl Pipeline<'_> {
    /// The place at home where this function discovers.
    pub(super) fn own_place(&self) -> Place {
        let home = self.guard.home();
        match self.guard.function().looks() {
            Looks::EachAccountLead | Looks::HomeLead => Place {
                region: lead_region(partition_of(&home.region)).to_owned(),
                ..home
            },
            Looks::Everywhere | Looks::EachAccount | Looks::Home => home,
        }
    }

    /// Where this function discovers.
    pub(super) fn looked_at(&self, known: &Known) -> BTreeSet<Place> {
        let own = self.own_place();
        let accounts = known.settings.accounts(&own.account, &known.inventory);
        let of = |account: &str, region: &str| Place {
            account: account.to_owned(),
            region: region.to_owned(),
        };
        match self.guard.function().looks() {
            Looks::Everywhere => {
                let all = self.in_all_regions(known).into_iter();
                let named = known.settings.named_places();
                all.chain(named.map(|(account, region)| of(account, region)))
                    .collect()
            }
            Looks::EachAccount | Looks::EachAccountLead => accounts
                .iter()
                .map(|account| of(account, &own.region))
                .collect(),
            Looks::HomeLead | Looks::Home => [own].into(),
        }
    }

    /// Whether this function discovers in a place: where the settings say, and
    /// wherever else it already guards something, if it looks everywhere.
    pub(super) fn discovers(&self, known: &Known, place: &Place) -> bool {
        self.guard.function().looks() == Looks::Everywhere || self.looked_at(known).contains(place)
    }

    /// Everywhere to look: where this function discovers, and where it guards
    /// anything.
    pub(super) async fn all_places(&self, known: &Known) -> Result<BTreeSet<Place>, Failure> {
        let key = keys::places(self.guard.function());
        let guarded: Places = self.document(&key).await?.unwrap_or_default();
        let mut places = self.looked_at(known);
        places.extend(guarded.places);
        Ok(places)
    }

    /// Where anything may happen that this function's rules watch: also in regions
    /// of which it lists everything from home.
    pub(super) async fn happening_places(&self, known: &Known) -> Result<BTreeSet<Place>, Failure> {
        let mut places = self.all_places(known).await?;
        if self.guard.function().looks() == Looks::EachAccount {
            places.extend(self.in_all_regions(known));
        }
        Ok(places)
    }

    /// Every region to look at, in each account.
    fn in_all_regions(&self, known: &Known) -> Vec<Place> {
        let own = self.own_place();
        let accounts = known.settings.accounts(&own.account, &known.inventory);
        let regions = known.settings.regions(&own.region);
        let all = accounts.iter().flat_map(|account| {
            regions.iter().map(|region| Place {
                account: account.clone(),
                region: region.clone(),
            })
        });
        all.collect()
    }

    /// Everything this function guards, wherever it is.
    pub(super) async fn everything(&self) -> Result<Vec<At>, Failure> {
        let function = self.guard.function();
        let places: Places = self
            .document(&keys::places(function))
            .await?
            .unwrap_or_default();
        let mut all = Vec::new();
        for place in &places.places {
            let key = keys::guarded(function, &place.account, &place.region);
            let guarded: Guarded = self.document(&key).await?.unwrap_or_default();
            all.extend(guarded.resources);
        }
        Ok(all)
    }

    /// Discovers in one place, and remembers what was found for pulses and sweeps
    /// to come. Says in which places anything is new.
    pub(super) async fn found(
        &self,
        known: &Known,
        place: &Place,
    ) -> Result<(Discovered, BTreeSet<Place>), Failure> {
        let (settings, inventory) = (&known.settings, &known.inventory);
        let found = self.guard.discover(settings, inventory, place).await?;
        self.learnt(&found.learnt, known).await?;
        let new = self.remember(&found.resources).await?;
        Ok((found, new))
    }

    /// Keeps what was learnt of the inventory, for all functions: other places add
    /// to it at the same time.
    pub(super) async fn learnt(&self, learnt: &Learnt, known: &Known) -> Result<(), Failure> {
        if !(*known.inventory).clone().add(learnt) {
            return Ok(());
        }
        self.memo.forget();
        self.change(keys::INVENTORY, |inventory: &mut Inventory| {
            inventory.add(learnt)
        })
        .await
    }

    /// Adds resources to what is looked at; the places in which any is new.
    pub(super) async fn remember(&self, resources: &[At]) -> Result<BTreeSet<Place>, Failure> {
        let function = self.guard.function();
        let mut by_place: BTreeMap<Place, Vec<At>> = BTreeMap::new();
        for at in resources {
            let place = Place {
                account: at.account.clone(),
                region: at.region.clone(),
            };
            by_place.entry(place).or_default().push(at.clone());
        }
        let mut new = BTreeSet::new();
        for (place, more) in &by_place {
            let key = keys::guarded(function, &place.account, &place.region);
            let mut any = false;
            self.change(&key, |guarded: &mut Guarded| {
                any = guarded.add(more);
                any
            })
            .await?;
            if any {
                new.insert(place.clone());
            }
        }
        self.change(&keys::places(function), |places: &mut Places| {
            let before = places.places.len();
            places.places.extend(by_place.keys().cloned());
            places.places.len() != before
        })
        .await?;
        let beating = self.beating(resources).await;
        if !beating.is_empty() {
            self.change(&keys::pulse(function), |guarded: &mut Guarded| {
                guarded.add(&beating)
            })
            .await?;
        }
        Ok(new)
    }

    /// Takes resources out of what is looked at; at last out of what is known to be
    /// guarded, by which whoever tries again finds them.
    pub(super) async fn forget_guarded(&self, all: &[At]) -> Result<(), Failure> {
        let function = self.guard.function();
        let of = |at: &At| keys::guarded(function, &at.account, &at.region);
        let guarded: BTreeSet<String> = all.iter().map(of).collect();
        for key in [keys::pulse(function)].iter().chain(&guarded) {
            let remove = |guarded: &mut Guarded| guarded.remove(all);
            self.change(key, remove).await?;
        }
        Ok(())
    }

    /// What of these is looked at every minute: at home all that must not be off,
    /// elsewhere what the settings name.
    async fn beating(&self, resources: &[At]) -> Vec<At> {
        let mut beating = resources.to_vec();
        beating.retain(|at| protected::kinds(at).into_iter().any(protected::beats));
        if beating.is_empty() {
            return beating;
        }
        let known = known_now(self).await;
        let home = self.guard.home().account;
        beating.retain(|at| at.account == home || known.settings.names(&at.resource));
        beating
    }

    /// Keeps in mind that a place does not let this function in.
    pub(super) async fn closed(&self, place: &Place, failure: &Failure) -> Result<(), Failure> {
        let what = if failure.shut_out() {
            place.account.clone()
        } else {
            format!("{} {}", place.account, place.region)
        };
        // What AWS says besides names the caller, which is each time another one.
        let why = format!("{} failed: {}", failure.call, failure.code);
        let key = keys::closed(self.guard.function());
        self.change(&key, |closed: &mut Closed| {
            closed.places.insert(what.clone(), why.clone()).as_ref() != Some(&why)
        })
        .await
    }

    /// Forgets that a place once did not let this function in.
    pub(super) async fn open(&self, place: &Place) -> Result<(), Failure> {
        let here = format!("{} {}", place.account, place.region);
        let key = keys::closed(self.guard.function());
        self.change(&key, |closed: &mut Closed| {
            let before = closed.places.len();
            closed
                .places
                .retain(|what, _| *what != place.account && *what != here);
            closed.places.len() != before
        })
        .await
    }

    /// Tells in one report which places do not let the functions in: once a day,
    /// by whichever function comes first.
    pub(super) async fn tell_closed(&self, places: &BTreeSet<Place>, answer: &mut Answer) {
        if let Err(failure) = self.try_tell_closed(places).await {
            // The next sweep tells: this one has more to do.
            answer.metrics.count("AlertFailures");
            answer.notes.push(format!("nobody was told: {failure}"));
        }
    }

    async fn try_tell_closed(&self, places: &BTreeSet<Place>) -> Result<(), Failure> {
        let keys = Function::ALL.map(keys::closed);
        let items = self.store.get(&keys).await?;
        let mut all = BTreeMap::new();
        for item in items.values() {
            all.extend(item.read::<Closed>()?.places);
        }
        // What is no longer ours is nobody's business.
        all.retain(|what, _| places.iter().any(|place| what.starts_with(&place.account)));
        if all.is_empty() {
            return Ok(());
        }
        let lines = all.iter().map(|(what, why)| format!("  - {what}: {why}"));
        let mut text = "Auditward is not let in and cannot look here:\n".to_owned();
        text.push_str(&lines.take(NAMED).collect::<Vec<_>>().join("\n"));
        if all.len() > NAMED {
            text.push_str(&format!("\n  - … and {} more", all.len() - NAMED));
        }
        text.push_str("\n\nEverything else is looked at.");
        let next = "for each, see whether the role of the member StackSet is there, whether the region is enabled and no policy of the organization denies it; or take the account or region out of `ours` in auditward.toml.";
        let day = self.now.format("%Y-%m-%d");
        let told = format!("closed/{day}/{}", case_id(&text, "", ""));
        let alert = self.notice(Severity::Medium, "not let in", text, next);
        self.tell_once(&told, Duration::hours(30), &alert).await
    }

    /// Changes a document, also when others do so at the same time.
    pub(super) async fn change<T: Default + Serialize + serde::de::DeserializeOwned>(
        &self,
        key: &str,
        mut change: impl FnMut(&mut T) -> bool,
    ) -> Result<(), Failure> {
        for turn in 0..TRIES {
            let keys = [key.to_owned()];
            let items = self.store.get(&keys).await?;
            let item = items.get(key);
            let mut document: T = item.map(Item::read).transpose()?.unwrap_or_default();
            if !change(&mut document) {
                return Ok(());
            }
            match self
                .store
                .put(&[Put::new(key, Expect::from(item), &document)?])
                .await
            {
                Ok(()) => return Ok(()),
                // Many places are looked at side by side: apart they come through.
                Err(NotStored::Conflict) => {
                    let apart = self.clock().timestamp_subsec_millis() % 50;
                    let wait = Pause::from_millis(u64::from((1 + turn) * apart));
                    self.outside.pause(wait).await;
                }
                Err(NotStored::Failed(failure)) => return Err(failure),
            }
        }
        Err(Failure::other(
            "store",
            format!("others keep changing {key}"),
        ))
    }
}

impl Guarded {
    /// Adds what is new; whether anything is.
    fn add(&mut self, more: &[At]) -> bool {
        let before = self.resources.len();
        for at in more {
            if !self.resources.contains(at) {
                self.resources.push(at.clone());
            }
        }
        self.resources.len() != before
    }

    /// Takes out what is gone; whether anything was.
    fn remove(&mut self, gone: &[At]) -> bool {
        let before = self.resources.len();
        self.resources.retain(|at| !gone.contains(at));
        self.resources.len() != before
    }
}
