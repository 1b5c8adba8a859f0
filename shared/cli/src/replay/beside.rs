//! Settings that lie with the events, which are meant to be judged by them.

use std::path::PathBuf;

use anyhow::bail;

/// The usual name of settings.
const NAME: &str = "auditward.toml";

/// The settings at the top of a folder that is replayed, if there are any.
///
/// # Errors
/// Several folders have their own: whose events are judged by which is not to be guessed.
pub fn settings(paths: &[PathBuf]) -> anyhow::Result<Option<PathBuf>> {
    let mut found: Vec<PathBuf> = Vec::new();
    for path in paths.iter().filter(|path| path.is_dir()) {
        let file = path.join(NAME);
        if file.is_file() && !found.contains(&file) {
            found.push(file);
        }
    }
    if let [one, other, ..] = found.as_slice() {
        bail!(
            "there are settings in {} and in {}: replay the folders one by one, name the settings with --settings, or judge without any with --no-settings",
            one.display(),
            other.display()
        );
    }
    Ok(found.pop())
}
