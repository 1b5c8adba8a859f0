//! The release binaries, and the zips that Lambda is given.

use std::env;
use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::report::{Better, Report};
use crate::subject::Subject;

/// Builds each binary as it is deployed: its package alone, so that it has its
/// own features and not those of its neighbours.
pub fn build(functions: &[&str]) -> Result<()> {
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let bins = functions.iter().map(|name| (*name, *name));
    for (package, bin) in bins.chain([("auditward-tests", "echo")]) {
        let status = Command::new(&cargo)
            .args(["build", "--release", "-p", package, "--bin", bin])
            .current_dir(auditward_tests::binaries::root())
            .status()
            .context("cannot run cargo")?;
        if !status.success() {
            bail!("{bin} did not build");
        }
    }
    Ok(())
}

/// The size of each function's zip.
pub fn sizes(subjects: &[Subject], report: &mut Report) -> Result<()> {
    for subject in subjects.iter().filter(|subject| !subject.is_echo()) {
        let megabytes = f64::from(u32::try_from(zipped(&subject.program)?)?) / 1e6;
        report.add(subject.name, "zip", megabytes, "MB", Better::AtMost(4.5));
    }
    Ok(())
}

/// How long the zip of one executable is, made as `sam package` makes it: by
/// Python's zipfile, deflated.
fn zipped(program: &Path) -> Result<u64> {
    let folder = env::temp_dir().join(format!("auditward-zip-{}", std::process::id()));
    fs::create_dir_all(&folder)?;
    fs::copy(program, folder.join("bootstrap"))?;
    let status = Command::new("python3")
        .args(["-m", "zipfile", "-c", "function.zip", "bootstrap"])
        .current_dir(&folder)
        .status()
        .context("cannot run python3")?;
    if !status.success() {
        bail!("{} was not zipped", program.display());
    }
    let length = fs::metadata(folder.join("function.zip"))?.len();
    fs::remove_dir_all(&folder)?;
    Ok(length)
}
