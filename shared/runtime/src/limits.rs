//! Breaker and fuses: never fight, never run wild.

use chrono::{DateTime, Duration, Utc};
use serde::{Deserialize, Serialize};

use auditward_rules::settings::{Breaker, Fuses};

/// The lease and the breaker of one resource.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Resource {
    /// The case that works on it.
    pub holder: String,
    /// Since when.
    pub since: DateTime<Utc>,
    /// Until when.
    pub lease: DateTime<Utc>,
    /// Whether it was let go of before that.
    pub released: bool,
    /// When it was changed of late.
    pub changes: Vec<DateTime<Utc>>,
    /// When evidence was switched on again of late. It counts apart: who stops a
    /// trail a few times must not keep it from being put right as well.
    pub evidence: Vec<DateTime<Utc>>,
}

/// A flapping resource is written once in so long even to switch evidence on.
const SLOW: Duration = Duration::seconds(60);
/// How soon after its lease ran out a case that died is taken up again.
const TAKEN_UP: Duration = Duration::minutes(2);
/// AWS's clock and ours differ, and events are dated to the second.
const SKEW: Duration = Duration::seconds(5);

impl Resource {
    /// Whether another case works on it now.
    pub fn held_by_other(&self, case: &str, now: DateTime<Utc>) -> bool {
        self.holder != case && !self.released && self.lease > now
    }

    /// Takes it for a case.
    pub fn hold(&mut self, case: &str, now: DateTime<Utc>, lease: DateTime<Utc>) {
        if self.holder != case || self.released || now - self.lease > TAKEN_UP {
            case.clone_into(&mut self.holder);
            self.since = now;
        }
        self.lease = lease;
        self.released = false;
    }

    /// Lets go of it. Since when it was held stays known: a call that AWS answered
    /// late was made again under another request ID, and the first is in no ledger.
    pub fn release(&mut self, now: DateTime<Utc>) {
        self.lease = now;
        self.released = true;
    }

    /// Whether a case worked on it at a time, and so may have written it.
    pub fn was_held(&self, at: DateTime<Utc>) -> bool {
        !self.holder.is_empty() && self.since - SKEW <= at && at <= self.lease + SKEW
    }

    /// Whether it flaps too fast for another change, and why. Evidence is still
    /// switched on, once a minute: flapping must not buy an attacker silence.
    pub fn flaps(
        &self,
        breaker: &Breaker,
        evidence_on: bool,
        now: DateTime<Utc>,
    ) -> Option<String> {
        let window = Duration::minutes(breaker.minutes.into());
        let times = if evidence_on {
            &self.evidence
        } else {
            &self.changes
        };
        let recent = times.iter().filter(|at| now - **at < window);
        let count = recent.clone().count();
        let tripped = count >= usize::try_from(breaker.changes).unwrap_or(usize::MAX);
        let slowed = !evidence_on || recent.max().is_some_and(|last| now - *last < SLOW);
        (tripped && slowed).then(|| {
            let minutes = breaker.minutes;
            format!("the breaker is open: this resource was put back {count} times within {minutes} minutes; find out who keeps changing it")
        })
    }

    /// Notes a change, or that evidence was switched on.
    pub fn changed(&mut self, breaker: &Breaker, evidence_on: bool, now: DateTime<Utc>) {
        let window = Duration::minutes(breaker.minutes.into());
        let times = self.times(evidence_on);
        times.retain(|at| now - *at < window);
        times.push(now);
    }

    /// Forgets what was noted at a time, as it did not happen.
    pub fn not_changed(&mut self, evidence_on: bool, at: DateTime<Utc>) {
        self.times(evidence_on).retain(|noted| *noted != at);
    }

    fn times(&mut self, evidence_on: bool) -> &mut Vec<DateTime<Utc>> {
        if evidence_on {
            &mut self.evidence
        } else {
            &mut self.changes
        }
    }
}

/// Which distinct resources were changed of late.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Fuse {
    changes: Vec<(String, DateTime<Utc>)>,
}

impl Fuse {
    /// Notes a change of a resource, or says that there were too many.
    ///
    /// # Errors
    /// The sentence for people, where the change must wait.
    pub fn pass(
        &mut self,
        resource: &str,
        most: u32,
        fuses: &Fuses,
        now: DateTime<Utc>,
    ) -> Result<(), String> {
        let window = Duration::minutes(fuses.minutes.into());
        self.changes.retain(|(_, at)| now - *at < window);
        let mut others: Vec<&str> = self.changes.iter().map(|(name, _)| name.as_str()).collect();
        others.retain(|name| *name != resource);
        others.sort_unstable();
        others.dedup();
        if others.len() >= usize::try_from(most).unwrap_or(usize::MAX) {
            let minutes = fuses.minutes;
            return Err(format!(
                "the fuse has blown: {most} resources were changed within {minutes} minutes; look whether that is right, then `auditward cases` shows what waits"
            ));
        }
        self.changes.push((resource.to_owned(), now));
        Ok(())
    }

    /// Forgets a change that was noted at a time, as it did not happen.
    pub fn not_changed(&mut self, resource: &str, at: DateTime<Utc>) {
        self.changes
            .retain(|(name, noted)| name != resource || *noted != at);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_800_000_000 + seconds, 0).unwrap()
    }

    #[test]
    fn a_flapping_resource_is_left_alone_but_evidence_is_only_slowed() {
        let (breaker, mut resource) = (Breaker::default(), Resource::default());
        for second in 0..3 {
            for evidence_on in [false, true] {
                assert_eq!(resource.flaps(&breaker, evidence_on, at(second)), None);
                resource.changed(&breaker, evidence_on, at(second));
            }
        }
        assert!(resource.flaps(&breaker, false, at(3)).is_some());
        assert!(resource.flaps(&breaker, true, at(3)).is_some());
        assert_eq!(resource.flaps(&breaker, true, at(70)), None);
        assert!(resource.flaps(&breaker, false, at(70)).is_some());
        assert_eq!(resource.flaps(&breaker, false, at(700)), None);
    }

    #[test]
    fn switching_evidence_on_is_no_change_on_the_breakers_count() {
        let (breaker, mut resource) = (Breaker::default(), Resource::default());
        for second in 0..9 {
            resource.changed(&breaker, true, at(second));
        }
        assert_eq!(resource.flaps(&breaker, false, at(10)), None);
    }

    #[test]
    fn who_held_a_resource_and_when_is_remembered() {
        let mut resource = Resource::default();
        assert!(!resource.was_held(at(0)));
        resource.hold("one", at(10), at(60));
        // Taken up again by the same case: what it wrote at first is still its own.
        resource.hold("one", at(70), at(120));
        assert!(resource.was_held(at(11)) && resource.was_held(at(119)));
        assert!(!resource.was_held(at(0)) && !resource.was_held(at(200)));
        // Much later it begins anew; and when it is let go of, a call of before may
        // still be told of.
        resource.hold("one", at(900), at(950));
        assert!(!resource.was_held(at(119)) && resource.was_held(at(930)));
        resource.release(at(910));
        assert!(resource.was_held(at(901)) && !resource.was_held(at(930)));
        assert!(!resource.held_by_other("two", at(905)), "it is free");
        // Whoever works on it next, be it the same case, begins anew.
        let mut again = resource.clone();
        again.hold("one", at(960), at(990));
        assert!(!again.was_held(at(930)) && again.was_held(at(961)));
        resource.hold("two", at(920), at(960));
        assert!(!resource.was_held(at(910)) && resource.was_held(at(921)));
    }

    #[test]
    fn a_fuse_counts_distinct_resources_within_its_window() {
        let (fuses, mut fuse) = (
            Fuses {
                per_rule: 2,
                ..Fuses::default()
            },
            Fuse::default(),
        );
        assert!(fuse.pass("a", 2, &fuses, at(0)).is_ok());
        assert!(fuse.pass("a", 2, &fuses, at(1)).is_ok());
        assert!(fuse.pass("b", 2, &fuses, at(2)).is_ok());
        assert!(fuse.pass("c", 2, &fuses, at(3)).is_err());
        assert!(fuse.pass("b", 2, &fuses, at(4)).is_ok());
        assert!(fuse.pass("c", 2, &fuses, at(700)).is_ok());
    }
}
