//! Settings and other files, with errors that name them.

use std::fmt::Write as _;
use std::path::Path;

use anyhow::{Context as _, bail};

use auditward_rules::settings::Settings;

use crate::output::{self, BAD, styled};

/// The settings of a file; where none is named, none are given, and every
/// record's own account is ours.
///
/// # Errors
/// The file cannot be read, or its settings are bad.
pub fn settings(file: Option<&Path>) -> anyhow::Result<Settings> {
    let Some(file) = file else {
        return Ok(Settings::default());
    };
    let text =
        std::fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
    match Settings::parse(&text) {
        Ok(settings) => Ok(settings),
        Err(bad) => bail!("{}", faults(&file.display().to_string(), &bad.0)),
    }
}

/// Tells what is right in settings and is hardly meant.
pub fn doubts(file: &str, text: &str, settings: &Settings) {
    let doubts = settings.doubts(text, chrono::Utc::now());
    for doubt in faults(file, &doubts).lines() {
        output::complain(format_args!("{} {doubt}", styled(BAD, "beware")));
    }
}

/// The faults of settings as lines that name file, line, column and field.
pub fn faults(file: &str, faults: &[String]) -> String {
    let mut told = String::new();
    for fault in faults {
        match fault.strip_prefix("TOML parse error at ") {
            Some(fault) => {
                let (place, rest) = fault.split_once('\n').unwrap_or((fault, ""));
                let _ = writeln!(told, "{file}, {place}:\n{rest}");
            }
            None if fault.starts_with("line ") => _ = writeln!(told, "{file}, {fault}"),
            None => _ = writeln!(told, "{file}: {fault}"),
        }
    }
    told.trim_end().to_owned()
}
