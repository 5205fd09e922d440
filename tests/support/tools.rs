//! Where the programs are that tests run.

use std::path::{Path, PathBuf};

/// The password of every repository in tests.
pub const PASSWORD: &str = "correct horse battery staple";

/// A restic that is as new as can be.
///
/// # Panics
/// If there is none.
#[must_use]
pub fn restic_new() -> PathBuf {
    let standard = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/peers/restic");
    program("HOLDFAST_RESTIC_NEW", &standard, "scripts/get-peers")
}

/// The restic of Debian 12.
///
/// # Panics
/// If there is none.
#[must_use]
pub fn restic_old() -> PathBuf {
    program("HOLDFAST_RESTIC_OLD", Path::new("/usr/bin/restic"), "apt-get install restic")
}

/// A tool of the operating system.
///
/// # Panics
/// If it is not installed.
#[must_use]
pub fn tool(name: &str, package: &str) -> PathBuf {
    let folders = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&folders)
        .map(|folder| folder.join(name))
        .find(|path| path.is_file())
        .unwrap_or_else(|| panic!("{name} is missing: apt-get install {package}"))
}

fn program(variable: &str, standard: &Path, advice: &str) -> PathBuf {
    let path = std::env::var_os(variable).map_or_else(|| standard.to_path_buf(), PathBuf::from);
    assert!(path.is_file(), "{} is missing: {advice}", path.display());
    path
}
