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

/// Checks settings and puts them in force.
pub fn run(file: &Path, stack: &Stack) -> anyhow::Result<ExitCode> {
    let name = file.display().to_string();
    let text = std::fs::read_to_string(file).with_context(|| format!("cannot read {name}"))?;
    if let Err(bad) = Settings::parse(&text) {
        anyhow::bail!("{}\nnothing was pushed", load::faults(&name, &text, &bad.0));
    }
    block_on(async {
        let connected = stack.connect().await?;
        let store = connected.store();
        let key = keys::SETTINGS.to_owned();
        let items = store.get(std::slice::from_ref(&key)).await?;
        let item = items.get(&key);
        let number = match item {
            Some(item) => {
                item.read::<Pushed>()
                    .map_or(item.version, |pushed| pushed.number)
                    + 1
            }
            None => 1,
        };
        let pushed = Pushed {
            number,
            text,
            by: connected.caller().await?,
            at: chrono::Utc::now(),
        };
        let put = Put::new(key, Expect::from(item), &pushed)?;
        store.put(&[put]).await.map_err(not_stored)?;
        anstream::println!(
            "settings {number} are in force within a minute, pushed by {}",
            pushed.by
        );
        Ok(ExitCode::SUCCESS)
    })
}
