//! `auditward settings push`.

use std::path::Path;
use std::process::ExitCode;

use anyhow::Context as _;

use auditward_rules::settings::Settings;
use auditward_runtime::keys;
use auditward_runtime::known::Pushed;
use auditward_runtime::store::{Expect, Put, Store as _};

use super::{Stack, block_on, not_stored};
use crate::load;
use crate::output::{self, BAD, styled};

/// Checks settings and puts them in force.
pub fn run(file: &Path, stack: &Stack) -> anyhow::Result<ExitCode> {
    let name = file.display().to_string();
    let text = std::fs::read_to_string(file).with_context(|| format!("cannot read {name}"))?;
    let settings = match Settings::parse(&text) {
        Ok(settings) => settings,
        Err(bad) => anyhow::bail!("{}\nnothing was pushed", load::faults(&name, &bad.0)),
    };
    load::doubts(&name, &text, &settings);
    if let Some(unnamed) = unnamed(&settings, &stack.stack) {
        output::complain(format_args!("{} {name}: {unnamed}", styled(BAD, "beware")));
    }
    block_on(async {
        let connected = stack.connect().await?;
        let store = connected.store();
        let key = keys::SETTINGS.to_owned();
        let items = store.get(std::slice::from_ref(&key)).await?;
        let item = items.get(&key);
        let last = item.map(|item| {
            item.read::<Pushed>()
                .map_or(item.version, |pushed| pushed.number)
        });
        let at = chrono::Utc::now();
        let number = next(last, at);
        let pushed = Pushed {
            number,
            text,
            by: connected.caller().await?,
            at,
        };
        let put = Put::new(key, Expect::from(item), &pushed)?;
        store.put(&[put]).await.map_err(not_stored)?;
        output::line(format_args!(
            "settings {number} are in force within a minute, pushed by {}",
            pushed.by
        ))?;
        Ok(ExitCode::SUCCESS)
    })
}

/// The number of a push. Functions take no older push than one that they had in
/// force: by the clock it rises also where the table lost that one.
fn next(last: Option<u64>, now: chrono::DateTime<chrono::Utc>) -> u64 {
    let clock = u64::try_from(now.timestamp()).unwrap_or_default();
    last.map_or(clock, |last| clock.max(last + 1))
}

/// What to say where the settings do not name what this stack is made of, so that
/// Auditward would not guard itself.
fn unnamed(settings: &Settings, stack: &str) -> Option<String> {
    let function = format!("arn:aws:lambda:eu-west-1:111111111111:function:{stack}-self-guard");
    (!settings.is_own(&function)).then(|| {
        format!("`protected.own` does not name the stack {stack}, whose functions, rules and queues are not guarded until it does: own = [\"{stack}\", \"{stack}-*\"]")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_push_is_newer_than_any_before_also_where_the_table_lost_it() {
        let at = |seconds| chrono::DateTime::from_timestamp(seconds, 0).unwrap();
        assert_eq!(next(None, at(1_800_000_000)), 1_800_000_000);
        assert_eq!(next(Some(4), at(1_800_000_000)), 1_800_000_000);
        assert_eq!(next(Some(1_800_000_000), at(1_800_000_000)), 1_800_000_001);
    }

    #[test]
    fn a_stack_of_another_name_must_be_named() {
        let settings = |own: &str| {
            let text = format!("[ours]\naccounts = [\"111111111111\"]\n[protected]\n{own}\n");
            Settings::parse(&text).unwrap()
        };
        assert_eq!(unnamed(&settings(""), "auditward"), None);
        assert_eq!(unnamed(&settings("own = [\"watch*\"]"), "watch"), None);
        let told = unnamed(&settings(""), "watch").unwrap();
        assert!(told.contains("own = [\"watch\", \"watch-*\"]"), "{told}");
    }
}
