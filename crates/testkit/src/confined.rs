//! Work in a process of its own, of which is known how much memory it took.

use std::path::Path;
use std::process::Command;

/// The folder that a confined process works in. It is set only there.
const FOLDER: &str = "HOLDFAST_CONFINED_TO";

/// Prepares a folder, and then works in it in a process of its own, which may use so much memory and
/// processor time; more of either is a failure, as is a panic. `test` is the full name of the test
/// that calls this: the process is the same test again.
///
/// # Panics
/// If the work fails, or takes too much.
pub fn confined(
    test: &str,
    memory_bytes_max: u64,
    prepare: impl FnOnce(&Path),
    work: impl FnOnce(&Path),
) {
    if let Some(folder) = std::env::var_os(FOLDER) {
        limit();
        work(Path::new(&folder));
        let most = most_memory_bytes();
        assert!(most <= memory_bytes_max, "{} MiB at most", most >> 20);
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    prepare(folder.path());
    let program = std::env::current_exe().expect("this program has a path");
    let done = Command::new(program)
        .args(["--exact", test, "--nocapture"])
        .env(FOLDER, folder.path())
        .output()
        .expect("it starts");
    let told = String::from_utf8_lossy(&done.stdout) + String::from_utf8_lossy(&done.stderr);
    assert!(done.status.success(), "{} {told}", done.status);
    assert!(told.contains("1 passed"), "there is no test called {test}");
}

/// Ends this process if it runs for ever or takes all memory. What a sound one takes is far less.
#[cfg(unix)]
fn limit() {
    use rustix::process::{Resource, Rlimit, setrlimit};
    const PROCESSOR_SECONDS: u64 = 120;
    const ADDRESSES_BYTES: u64 = 16 << 30;
    for (resource, most) in [(Resource::Cpu, PROCESSOR_SECONDS), (Resource::As, ADDRESSES_BYTES)] {
        let limit = Rlimit { current: Some(most), maximum: Some(most) };
        setrlimit(resource, limit).expect("a limit can be lowered");
    }
}

#[cfg(not(unix))]
fn limit() {}

/// The most memory that this process has had so far; nothing where that is not told.
///
/// # Panics
/// If Linux tells something else.
#[must_use]
pub fn most_memory_bytes() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib = line.and_then(|rest| rest.trim().strip_suffix("kB"));
    kib.map_or(0, |kib| kib.trim().parse::<u64>().expect("a number") << 10)
}
