//! The machine that measures: what of it decides the figures, and nothing that names it.

use std::fs;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// What decides the figures.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Machine {
    /// The processor's model.
    pub cpu: String,
    /// Cores that this process may use.
    pub cores: usize,
    /// Memory.
    pub memory_bytes: u64,
    /// The kernel's version.
    pub kernel: String,
    /// The kind of file system that everything lies on.
    pub storage: String,
}

impl Machine {
    /// This one. `storage` is the kind of file system of the working folder.
    #[must_use]
    pub fn this_one(storage: &str) -> Self {
        let read = |file: &str| fs::read_to_string(file).unwrap_or_default();
        Self {
            cpu: field(&read("/proc/cpuinfo"), "model name").unwrap_or("unknown").to_owned(),
            cores: std::thread::available_parallelism().map_or(1, usize::from),
            memory_bytes: kilobytes(&read("/proc/meminfo"), "MemTotal"),
            kernel: version_of(&read("/proc/sys/kernel/osrelease")).to_owned(),
            storage: storage.to_owned(),
        }
    }

    /// True if figures of both can stand in one table. A new kernel is no other machine.
    #[must_use]
    pub fn is_same_as(&self, other: &Self) -> bool {
        let key = |machine: &Self| (machine.cpu.clone(), machine.cores, machine.storage.clone());
        key(self) == key(other)
    }
}

/// Memory that can be had now without anybody losing theirs.
#[must_use]
pub fn available_bytes() -> u64 {
    kilobytes(&fs::read_to_string("/proc/meminfo").unwrap_or_default(), "MemAvailable")
}

/// The most memory that this process ever held.
#[must_use]
pub fn own_peak_bytes() -> u64 {
    kilobytes(&fs::read_to_string("/proc/self/status").unwrap_or_default(), "VmHWM")
}

/// The share of the processor's time that is taken while this process only waits.
#[must_use]
pub fn busy_share() -> f64 {
    let stat = || fs::read_to_string("/proc/stat").unwrap_or_default();
    let before = stat();
    std::thread::sleep(Duration::from_secs(1));
    busy_share_between(&before, &stat())
}

fn busy_share_between(before: &str, after: &str) -> f64 {
    let (Some(before), Some(after)) = (ticks(before), ticks(after)) else { return 0.0 };
    let (idle, all) = (after.0 - before.0, after.1 - before.1);
    if all > 0.0 { (1.0 - idle / all).max(0.0) } else { 0.0 }
}

/// Idle and all ticks of all cores so far.
fn ticks(stat: &str) -> Option<(f64, f64)> {
    let line = stat.lines().find(|line| line.starts_with("cpu "))?;
    let ticks: Vec<f64> =
        line.split_whitespace().skip(1).filter_map(|word| word.parse().ok()).collect();
    let idle = ticks.get(3)? + ticks.get(4)?;
    // What guests take is counted in what users take.
    Some((idle, ticks.iter().take(8).sum()))
}

/// A kernel's version without what its builder called it.
fn version_of(release: &str) -> &str {
    release.trim().split(['-', '+']).next().unwrap_or_default()
}

fn field<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    let line = text.lines().find(|line| line.starts_with(name))?;
    Some(line.split_once(':')?.1.trim())
}

fn kilobytes(text: &str, name: &str) -> u64 {
    let number = field(text, name).and_then(|value| value.split(' ').next()?.parse::<u64>().ok());
    number.unwrap_or(0) * 1024
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_read_as_the_kernel_writes_them() {
        assert_eq!(kilobytes("MemTotal:       2 kB\nMemFree: 1 kB\n", "MemTotal"), 2048);
        assert_eq!(field("model name\t: A processor\n", "model name"), Some("A processor"));
        assert_eq!(kilobytes("", "MemTotal"), 0);
        assert_eq!(version_of("6.12.3-4-amd64\n"), "6.12.3");
    }

    #[test]
    fn a_machine_is_busy_by_what_it_did_not_idle() {
        let before = "cpu  100 0 100 800 0 0 0 0 0 0\ncpu0 1 1 1 1\n";
        let after = "cpu  125 0 100 865 10 0 0 0 50 0\n";
        assert!((busy_share_between(before, after) - 0.25).abs() < 1e-9);
        assert_eq!(busy_share_between("", ""), 0.0);
    }
}
