//! The analysis never panics, whatever the document; narrowing closes it, and
//! doing it again changes nothing.

#![no_main]

use auditward_policy::{Document, Kind, Zone, analyze, narrow};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (u8, &str)| {
    let (choice, text) = input;
    let kind = Kind::ALL[usize::from(choice) % Kind::ALL.len()];
    let Ok(document) = Document::parse(text) else {
        return;
    };
    let zone = Zone::new(["111111111111", "222222222222"], Some("o-exampleorg1"));
    let _ = analyze(&document, kind, &zone);
    let narrowed = narrow(&document, kind, &zone);
    assert!(!narrow(&narrowed.document, kind, &zone).changed);
});
