//! Where a bucket sends things to: replicas, notifications. Strangers' targets
//! are taken out, recorded ones put back, everything else stays.

use serde::{Deserialize, Serialize};

use crate::arn::Arn;
use crate::facet::{Decision, Scene};
use crate::inventory::Inventory;
use crate::settings::Settings;

/// What must hold of a bucket's targets: the recorded ones are there, and none
/// is a stranger's.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
pub struct TargetsWish {
    /// Whether the event took all of them away: then a person is told where
    /// nothing records which there were.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub some: bool,
    /// ARNs that the inventory names.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub named: Vec<String>,
    /// The organization's accounts, where they are known.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub accounts: Vec<String>,
}

/// Whose a target is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whose {
    /// One of our accounts', or named in the settings or the inventory.
    Ours,
    /// Certainly a stranger's.
    Foreign,
    /// Nobody named it, and its account is not known to be ours.
    Unnamed,
}

impl TargetsWish {
    /// What the inventory knows.
    pub fn of(inventory: &Inventory) -> Self {
        let buckets = inventory.trails.iter().map(|used| {
            let partition = Arn::parse(&used.trail).map_or("aws", |arn| arn.partition);
            format!("arn:{partition}:s3:::{}", used.bucket)
        });
        Self {
            some: false,
            named: buckets.chain(inventory.others.iter().cloned()).collect(),
            accounts: inventory.accounts.clone(),
        }
    }

    /// The same, where the event left nothing.
    #[must_use]
    pub fn some(mut self) -> Self {
        self.some = true;
        self
    }

    /// Whose a target is, seen from a bucket of `owner`. A pattern of the
    /// settings names nothing here: strangers may choose names that match it.
    pub fn whose(
        &self,
        arn: &str,
        account: Option<&str>,
        settings: &Settings,
        owner: &str,
    ) -> Whose {
        let ours = &settings.ours;
        let known = |account: &str| {
            let mut all = ours
                .accounts
                .iter()
                .chain(&ours.log_archives)
                .chain(&self.accounts);
            account == owner || all.any(|one| one == account)
        };
        let mut named = self.named.iter().chain(&settings.protected.resources);
        if named.any(|one| one == arn) || account.is_some_and(known) {
            return Whose::Ours;
        }
        let all_known = ours.organization.is_none() || !self.accounts.is_empty();
        if account.is_some() && all_known {
            Whose::Foreign
        } else {
            Whose::Unnamed
        }
    }
}

/// One of a bucket's targets.
pub trait Target: Clone {
    /// Its name, unique in a bucket.
    fn id(&self) -> Option<&str>;
    /// Whether anything is sent there.
    fn active(&self) -> bool;
    /// The ARN, and the account where it is told.
    fn place(&self) -> (&str, Option<&str>);
    /// Whether everything that `known` sends is sent by this one, too.
    fn covers(&self, known: &Self) -> bool;
}

/// What becomes of a bucket's targets.
#[derive(Debug)]
pub struct Mended<T> {
    /// Those that are to be there.
    pub to: Vec<T>,
    /// What is changed, for people.
    pub done: Vec<String>,
    /// What nobody can tell, for people.
    pub unclear: Vec<String>,
}

/// The live targets without strangers', and with every recorded one.
pub fn mend<T: Target>(
    live: &[T],
    recorded: Option<&[T]>,
    wish: &TargetsWish,
    scene: Scene<'_>,
) -> Mended<T> {
    let recorded = recorded.unwrap_or_default();
    let mut mended = Mended {
        to: Vec::with_capacity(live.len()),
        done: Vec::new(),
        unclear: Vec::new(),
    };
    for one in live {
        let (arn, account) = one.place();
        let accepted = !one.active() || recorded.iter().any(|known| known.place().0 == arn);
        match wish.whose(arn, account, scene.settings, &scene.at.account) {
            Whose::Ours => mended.to.push(one.clone()),
            _ if accepted => mended.to.push(one.clone()),
            Whose::Unnamed if !scene.settings.given => {
                mended.to.push(one.clone());
                mended.unclear.push(format!(
                    "the record and the settings do not say whose {arn} is"
                ));
            }
            Whose::Unnamed => mended
                .done
                .push(format!("stop sending to {arn}, which nobody named")),
            Whose::Foreign => mended
                .done
                .push(format!("stop sending to {arn}, which is not ours")),
        }
    }
    // A recorded one may take the place of one that stood in for another.
    for _ in recorded {
        let Some(one) = missing(recorded, &mended.to) else {
            break;
        };
        mended
            .done
            .push(format!("send to {} again as recorded", one.place().0));
        let known = |live: &&mut T| live.id().is_some() && live.id() == one.id();
        match mended.to.iter_mut().find(known) {
            Some(slot) => *slot = one.clone(),
            None => mended.to.push(one.clone()),
        }
    }
    mended
}

impl<T: Target> Mended<T> {
    /// The decision, where `to` is the state with these targets. `what` is what
    /// a person would have to put back.
    pub fn decide<S>(
        self,
        to: impl FnOnce(Vec<T>) -> S,
        wish: &TargetsWish,
        known: bool,
        what: &str,
    ) -> Decision<S> {
        if wish.some && !known && !self.to.iter().any(Target::active) {
            return Decision::ByHand(format!(
                "the {what} was taken away, and nothing records what it was; set it again unless that is meant"
            ));
        }
        if !self.done.is_empty() {
            return Decision::change(to(self.to), self.done.join("; "));
        }
        if self.unclear.is_empty() {
            Decision::Safe
        } else {
            Decision::CannotTell(self.unclear.join("; "))
        }
    }
}

/// The first active one of `known` that `live` does not cover.
fn missing<'a, T: Target>(known: &'a [T], live: &[T]) -> Option<&'a T> {
    let mut known = known.iter().filter(|one| one.active());
    known.find(|known| !live.iter().any(|live| live.active() && live.covers(known)))
}

/// Whether each active target of one list is covered by the other.
pub fn covered<T: Target>(known: &[T], live: &[T]) -> bool {
    missing(known, live).is_none()
}
