//! Reading never panics, and what was read prints to the same document.

#![no_main]

use auditward_policy::Document;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let Ok(document) = Document::parse(text) else {
        return;
    };
    let again = Document::parse(&document.to_json()).expect("own print");
    assert_eq!(again, document);
    let pretty = Document::parse(&document.to_json_pretty()).expect("own print");
    assert_eq!(pretty, document);
    assert!(again.means_the_same(&document));
});
