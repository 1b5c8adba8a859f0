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
    /// Until when.
    pub lease: DateTime<Utc>,
    /// When it was changed of late.
    pub changes: Vec<DateTime<Utc>>,
}

/// A flapping resource is written once in so long even to switch evidence on.
const SLOW: Duration = Duration::seconds(60);

impl Resource {
    /// Whether another case works on it now.
    pub fn held_by_other(&self, case: &str, now: DateTime<Utc>) -> bool {
        self.holder != case && self.lease > now
    }

    /// Takes it for a case.
    pub fn hold(&mut self, case: &str, lease: DateTime<Utc>) {
        case.clone_into(&mut self.holder);
        self.lease = lease;
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
        let recent = self.changes.iter().filter(|at| now - **at < window);
        let count = recent.clone().count();
        let tripped = count >= usize::try_from(breaker.changes).unwrap_or(usize::MAX);
        let slowed = !evidence_on || recent.max().is_some_and(|last| now - *last < SLOW);
        (tripped && slowed).then(|| {
            let minutes = breaker.minutes;
            format!("the breaker is open: this resource was put back {count} times within {minutes} minutes; find out who keeps changing it")
        })
    }

    /// Notes a change.
    pub fn changed(&mut self, breaker: &Breaker, now: DateTime<Utc>) {
        let window = Duration::minutes(breaker.minutes.into());
        self.changes.retain(|at| now - *at < window);
        self.changes.push(now);
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
            assert_eq!(resource.flaps(&breaker, false, at(second)), None);
            resource.changed(&breaker, at(second));
        }
        assert!(resource.flaps(&breaker, false, at(3)).is_some());
        assert!(resource.flaps(&breaker, true, at(3)).is_some());
        assert_eq!(resource.flaps(&breaker, true, at(70)), None);
        assert!(resource.flaps(&breaker, false, at(70)).is_some());
        assert_eq!(resource.flaps(&breaker, false, at(700)), None);
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
