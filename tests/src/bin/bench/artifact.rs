//! The release binaries, and the zips that Lambda is given.

use std::env;
use std::fs;
use std::io::Write;
use std::process::Command;

use anyhow::{Context, Result, bail};
use flate2::write::DeflateEncoder;
use flate2::{Compression, Crc};

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
        let zip = zip("bootstrap", &fs::read(&subject.program)?)?;
        let megabytes = f64::from(u32::try_from(zip.len())?) / 1e6;
        report.add(subject.name, "zip", megabytes, "MB", Better::AtMost(4.5));
    }
    Ok(())
}

/// A zip archive with one deflated, executable file.
fn zip(name: &str, content: &[u8]) -> Result<Vec<u8>> {
    let mut deflate = DeflateEncoder::new(Vec::new(), Compression::default());
    deflate.write_all(content)?;
    let packed = deflate.finish()?;
    let mut checksum = Crc::new();
    checksum.update(content);

    let mut common = Vec::new();
    // Version 2.0, no flags, deflate, the first moment that zip knows.
    for half in [20_u16, 0, 8, 0, 0x21] {
        common.extend(half.to_le_bytes());
    }
    common.extend(checksum.sum().to_le_bytes());
    common.extend(u32::try_from(packed.len())?.to_le_bytes());
    common.extend(u32::try_from(content.len())?.to_le_bytes());
    common.extend(u16::try_from(name.len())?.to_le_bytes());
    common.extend(0_u16.to_le_bytes());

    let mut zip = b"PK\x03\x04".to_vec();
    zip.extend(&common);
    zip.extend(name.as_bytes());
    zip.extend(&packed);
    let directory = u32::try_from(zip.len())?;
    // Made on Unix, so that the file's mode is believed.
    zip.extend(b"PK\x01\x02\x14\x03");
    zip.extend(&common);
    zip.extend([0; 6]);
    zip.extend((0o100_755_u32 << 16).to_le_bytes());
    zip.extend(0_u32.to_le_bytes());
    zip.extend(name.as_bytes());
    let length = u32::try_from(zip.len())? - directory;
    zip.extend(b"PK\x05\x06\0\0\0\0\x01\0\x01\0");
    zip.extend(length.to_le_bytes());
    zip.extend(directory.to_le_bytes());
    zip.extend([0; 2]);
    Ok(zip)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn python_can_read_the_zip() {
        let content = b"#!/bin/sh\n".repeat(1000);
        let path = env::temp_dir().join(format!("auditward-{}.zip", std::process::id()));
        fs::write(&path, zip("bootstrap", &content).unwrap()).unwrap();
        let check = "import sys, zipfile; z = zipfile.ZipFile(sys.argv[1]); \
                     assert z.testzip() is None; print(len(z.read('bootstrap')))";
        let said = Command::new("python3")
            .args(["-c", check])
            .arg(&path)
            .output()
            .unwrap();
        fs::remove_file(&path).unwrap();
        assert_eq!(
            String::from_utf8_lossy(&said.stdout).trim(),
            "10000",
            "{said:?}"
        );
    }
}
