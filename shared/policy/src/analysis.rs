//! Who gets in.

use crate::{Analysis, Deputy, Document, Foreign, Kind, ParseError, Verdict, Zone};

/// Says who is let in by a document.
#[must_use]
pub fn analyze(_doc: &Document, _kind: Kind, _zone: &Zone) -> Analysis {
    Analysis {
        foreign: Foreign::CannotTell("not analysed".to_owned()),
        deputy: Deputy::CannotTell,
        admissions: Vec::new(),
        notes: Vec::new(),
    }
}

/// As [`analyze`], straight from the text.
///
/// # Errors
///
/// When the text is not a policy document.
pub fn analyze_text(text: &str, kind: Kind, zone: &Zone) -> Result<Analysis, ParseError> {
    Ok(analyze(&Document::parse(text)?, kind, zone))
}

/// Only the verdict, straight from the text, without sentences and witnesses.
///
/// # Errors
///
/// When the text is not a policy document.
pub fn verdict_text(text: &str, kind: Kind, zone: &Zone) -> Result<Verdict, ParseError> {
    let a = analyze_text(text, kind, zone)?;
    Ok(Verdict {
        foreign: a.foreign,
        deputy: a.deputy,
        statements: Vec::new(),
    })
}
