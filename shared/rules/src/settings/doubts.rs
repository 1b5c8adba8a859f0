//! What is right in settings and is hardly meant.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};

use super::Settings;
use super::check::told;
use super::fault::{Fault, Spot};

impl Settings {
    /// What whoever wrote the settings should look at again, though they hold: what
    /// ended before `now`, what stands twice, and partners who are ours. `text` is what
    /// the settings were read from; each sentence begins with line and column.
    pub fn doubts(&self, text: &str, now: DateTime<Utc>) -> Vec<String> {
        let mut doubts = self.ended(now);
        doubts.extend(self.twice());
        doubts.extend(self.own_partners());
        told(text, &doubts)
    }

    fn ended(&self, now: DateTime<Utc>) -> Vec<Fault> {
        let nth = |list: &'static str, nth: usize| Spot::of(list).nth(nth).field("until");
        let exceptions = self.exceptions.iter().enumerate().map(|(at, one)| {
            let what = "the exception ended, and what it accepted is a finding again";
            (nth("exceptions", at), one.until, what)
        });
        let pauses = self.pauses.iter().enumerate();
        let pauses = pauses.map(|(at, one)| (nth("pauses", at), one.until, "the pause ended"));
        let switch = self.kill_switch.iter().map(|one| {
            let what = "the kill switch ended, and Auditward writes again";
            (Spot::of("kill_switch.until"), one.until, what)
        });
        let all = exceptions.chain(pauses).chain(switch);
        all.filter(|(_, until, _)| until.0 < now)
            .map(|(spot, until, what)| {
                let when = until.0.format("%Y-%m-%d %H:%M");
                Fault::at(
                    spot,
                    format!("{what}: it was until {when} UTC; give it a later date or take it out"),
                )
            })
            .collect()
    }

    fn twice(&self) -> Vec<Fault> {
        let lists = [
            ("ours.accounts", &self.ours.accounts),
            ("ours.log_archives", &self.ours.log_archives),
            ("ours.regions", &self.ours.regions),
            ("ours.canonical_ids", &self.ours.canonical_ids),
            ("protected.resources", &self.protected.resources),
        ];
        let mut met = BTreeSet::new();
        let mut twice = Vec::new();
        let mut meet = |spot: Spot, list, one, unique_id| {
            if !met.insert((list, one, unique_id)) {
                twice.push(Fault::at(spot, format!("`{one}` stands here twice")));
            }
        };
        for (key, values) in lists {
            for (nth, one) in values.iter().enumerate() {
                meet(Spot::of(key).nth(nth), key, one, None);
            }
        }
        for (list, known) in self.principals() {
            for (nth, one) in known.iter().enumerate() {
                let spot = Spot::of(list).nth(nth).field("principal");
                meet(spot, list, &one.principal, one.unique_id.as_deref());
            }
        }
        twice
    }

    fn own_partners(&self) -> Vec<Fault> {
        let ours = |account: &String| {
            let mut all = self.ours.accounts.iter().chain(&self.ours.log_archives);
            all.any(|one| one == account)
        };
        let partners = self.partners.iter().enumerate();
        partners
            .filter(|(_, partner)| ours(&partner.account))
            .map(|(nth, partner)| {
                Fault::at(
                    Spot::of("partners").nth(nth).field("account"),
                    format!(
                        "`{}` is ours, and is let in whatever terms stand here",
                        partner.account
                    ),
                )
            })
            .collect()
    }
}
