//! Settings and other files, with errors that name them.

use std::fmt::Write as _;
use std::path::Path;

use anyhow::{Context as _, bail};

use auditward_rules::settings::Settings;

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
        Err(bad) => bail!("{}", faults(&file.display().to_string(), &text, &bad.0)),
    }
}

/// The faults of settings as lines that name file, line and field.
pub fn faults(file: &str, text: &str, faults: &[String]) -> String {
    let mut told = String::new();
    for fault in faults {
        match fault.strip_prefix("TOML parse error at ") {
            Some(fault) => {
                let (place, rest) = fault.split_once('\n').unwrap_or((fault, ""));
                let _ = writeln!(told, "{file}, {place}:\n{rest}");
            }
            None => match line_of(text, fault) {
                Some(line) => _ = writeln!(told, "{file}, line {line}: {fault}"),
                None => _ = writeln!(told, "{file}: {fault}"),
            },
        }
    }
    told.trim_end().to_owned()
}

/// The line that a fault such as ``ours.accounts: `1` is no account ID`` is
/// about: in the table of its field, the one that holds the value, else the
/// field, else the table's own.
fn line_of(text: &str, fault: &str) -> Option<usize> {
    let (field, told) = fault.split_once(": ")?;
    let table = field.split('.').next()?;
    let value = told.split('`').nth(1);
    let lines = || {
        text.lines()
            .enumerate()
            .map(|(at, line)| (at + 1, line.trim()))
    };
    let is_header = |line: &str| {
        let name = line.trim_start_matches('[');
        let rest = name.strip_prefix(table);
        line.starts_with('[') && rest.is_some_and(|rest| rest.starts_with([']', '.']))
    };
    let mut inside = false;
    let mut within = Vec::new();
    for (number, line) in lines() {
        if line.starts_with('[') {
            inside = is_header(line);
        }
        if inside && !line.starts_with('#') {
            within.push((number, line));
        }
    }
    let quoted = value.map(|value| format!("\"{value}\""));
    let holds = |line: &str| quoted.as_ref().is_some_and(|quoted| line.contains(quoted));
    let key = field.rsplit('.').next()?;
    let names = |line: &str| {
        line.split('=')
            .next()
            .is_some_and(|name| name.trim() == key)
    };
    let found = within.iter().find(|(_, line)| holds(line));
    let found = found.or_else(|| within.iter().find(|(_, line)| names(line)));
    found.or_else(|| within.first()).map(|(number, _)| *number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_of_a_value_names_its_line() {
        let text = "[ours]\naccounts = [\"111111111111\",\n  \"12\"]\n\n[breaker]\nchanges = 0\n";
        let bad = Settings::parse(text).unwrap_err();
        let told = faults("auditward.toml", text, &bad.0);
        assert!(
            told.contains("auditward.toml, line 3: ours.accounts: `12`"),
            "{told}"
        );
        assert!(
            told.contains("auditward.toml, line 6: breaker.changes"),
            "{told}"
        );
    }
}
