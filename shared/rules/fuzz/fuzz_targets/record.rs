//! Whatever stands in an event, reading it and judging it come to an end without
//! a panic, and no finding comes from a call that failed but an attempt.

#![no_main]

use auditward_rules::envelope::{Delivered, entries};
use auditward_rules::inventory::Inventory;
use auditward_rules::judge::{Verdict, judge};
use auditward_rules::settings::Settings;
use chrono::DateTime;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let (settings, inventory) = (Settings::default(), Inventory::default());
    for entry in entries(text) {
        let Ok(record) = entry.record else { continue };
        let _ = entry
            .delivered
            .as_ref()
            .map(|delivered| Delivered::vouches_for(delivered, &record));
        let _ = (record.identifier(), record.resources(), record.account());
        let judgement = judge(&record, &settings, &inventory, DateTime::UNIX_EPOCH);
        for finding in &judgement.findings {
            assert!(!record.failed() || finding.verdict != Verdict::Violation);
        }
    }
});
