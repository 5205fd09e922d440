//! Where the programs are that tests run.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// The password of every repository in tests.
pub const PASSWORD: &str = "correct horse battery staple";

/// A restic that is as new as can be.
///
/// # Panics
/// If there is none.
#[must_use]
pub fn restic_new() -> PathBuf {
    let standard = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/peers/usr/bin/restic");
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

/// A program that drives restic, or the Python that it runs in.
///
/// # Panics
/// If it is not installed.
#[must_use]
pub fn driver(name: &str) -> PathBuf {
    let standard = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/drivers");
    let folder = std::env::var_os("HOLDFAST_DRIVERS").map_or(standard, PathBuf::from);
    let path = folder.join("bin").join(name);
    assert!(path.exists(), "{} is missing: scripts/get-drivers", path.display());
    path
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

/// The `holdfast` program, built from this source.
///
/// # Panics
/// If it does not build.
#[must_use]
pub fn holdfast() -> PathBuf {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT.get_or_init(build_holdfast).clone()
}

/// A test binary of one package cannot ask Cargo for the programs of another.
fn build_holdfast() -> PathBuf {
    if let Some(program) = std::env::var_os("HOLDFAST_PROGRAM") {
        return PathBuf::from(program);
    }
    let test = std::env::current_exe().expect("the path of this test");
    let folder = test.ancestors().nth(2).expect("tests lie in a folder of their profile");
    let profile = match folder.file_name().and_then(|name| name.to_str()) {
        Some("debug") | None => "dev",
        Some(other) => other,
    };
    let status = Command::new(env!("CARGO"))
        .args(["build", "--quiet", "--package", "holdfast-cli", "--profile", profile])
        .arg("--target-dir")
        .arg(folder.parent().expect("a target folder"))
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .status();
    assert!(status.is_ok_and(|status| status.success()), "holdfast does not build");
    folder.join(format!("holdfast{}", std::env::consts::EXE_SUFFIX))
}

fn program(variable: &str, standard: &Path, advice: &str) -> PathBuf {
    let path = std::env::var_os(variable).map_or_else(|| standard.to_path_buf(), PathBuf::from);
    assert!(path.is_file(), "{} is missing: {advice}", path.display());
    path
}
