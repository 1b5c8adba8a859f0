//! Where the samples' world is made: as they have it, or somewhere else.

use serde_json::Value;

use super::REGION;
use crate::moto::{Account, MANAGEMENT, MEMBER};

/// An account and region in which the samples' resources are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// The account.
    pub account: Account,
    /// The region.
    pub region: &'static str,
}

/// As the samples have it, where Auditward itself is.
pub const HOME: Place = Place {
    account: MANAGEMENT,
    region: REGION,
};
/// A member account, in another region.
pub const ELSEWHERE: Place = Place {
    account: MEMBER,
    region: "eu-central-1",
};

impl Place {
    /// A text about home, as a text about this place: the two accounts have
    /// changed their roles.
    pub fn moved(self, text: &str) -> String {
        const BETWEEN: &str = "\u{1}";
        self.in_region(text)
            .replace(MANAGEMENT.id, BETWEEN)
            .replace(self.account.id, MANAGEMENT.id)
            .replace(BETWEEN, self.account.id)
    }

    /// A sample as an event of this place. What happens in this account already
    /// changes only its region.
    pub fn event(self, sample: &Value) -> Value {
        let text = sample.to_string();
        let text = if sample["detail"]["recipientAccountId"] == self.account.id {
            self.in_region(&text)
        } else {
            self.moved(&text)
        };
        serde_json::from_str(&text).expect("a moved sample is JSON")
    }

    /// Settings of home, with what they protect and share being here.
    pub fn settings(self, text: &str) -> String {
        let lines = text.lines().map(|line| {
            let line = line.trim_start();
            if line.starts_with("\"arn:") || line.starts_with("role = ") {
                self.moved(line)
            } else {
                line.to_owned()
            }
        });
        lines.collect::<Vec<_>>().join("\n")
    }

    /// A JSON value about home, as one about this place.
    pub fn moved_json(self, value: &Value) -> Value {
        serde_json::from_str(&self.moved(&value.to_string())).expect("moved JSON is JSON")
    }

    fn in_region(self, text: &str) -> String {
        text.replace(REGION, self.region)
    }
}
