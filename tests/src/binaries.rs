//! Where the built binaries are.

use std::path::{Path, PathBuf};

/// Cargo's target directory, in which this very program was built.
pub fn target() -> PathBuf {
    profile()
        .parent()
        .expect("a target directory above the profile")
        .to_owned()
}

/// The directory of this program's profile, `debug` or `release`.
fn profile() -> PathBuf {
    let program = std::env::current_exe().expect("this program has a path");
    let directory = program.parent().expect("a program is in a directory");
    match directory.file_name() {
        Some(name) if name == "deps" => directory.parent().expect("deps has a parent"),
        _ => directory,
    }
    .to_owned()
}

/// A binary of the workspace, built with the profile of this program.
///
/// `AUDITWARD_BIN_<NAME>` (such as `AUDITWARD_BIN_TRAIL_GUARD`) names another, by its
/// path from the workspace's root: Cargo runs tests in their package's directory, and who
/// sets the variable stands above it.
pub fn binary(name: &str) -> PathBuf {
    let variable = format!(
        "AUDITWARD_BIN_{}",
        name.to_ascii_uppercase().replace('-', "_")
    );
    let path = match std::env::var_os(&variable) {
        Some(path) => root().join(path),
        None => profile().join(name),
    };
    assert!(
        path.is_file(),
        "{} is not built: run `cargo build --workspace --bins`, or set {variable}",
        path.display()
    );
    path
}

/// The workspace's root.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("tests is in the workspace")
}
