//! Runs one process and reads what the kernel booked for it.
//!
//! The kernel tells the highest memory of all children of a process together, and counts the memory
//! of whoever started a child to that child's. So each run has an accountant of its own: this
//! program again, small, with one child in its life.

use std::ffi::OsString;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeVal;
use serde::{Deserialize, Serialize};

use crate::error::BenchError;
use crate::place::Place;
use crate::results::Run;
use crate::tools::PASSWORD;

/// How much of what a program says is kept when it fails.
const SAID_BYTES_MAX: usize = 300;

/// The accountant's report.
#[derive(Debug, Serialize, Deserialize)]
struct Account {
    run: Run,
    /// `None` if it ended well.
    failure: Option<String>,
}

/// What the accountant is told.
#[derive(Debug, clap::Args)]
pub struct Told {
    /// where the account goes
    #[arg(long)]
    account: PathBuf,
    /// let it use no more cores than these
    #[arg(long)]
    cores: Option<u32>,
    /// the program and its arguments
    #[arg(last = true, required = true)]
    command: Vec<OsString>,
}

/// Runs a program to its end, with nothing of this process's surroundings. What it wrote to its
/// output stands in [`Place::output`] until the next.
///
/// # Errors
/// When it cannot be started, or fails.
pub fn run(
    place: &Place,
    program: &Path,
    arguments: &[OsString],
    cores: Option<u32>,
) -> Result<Run, BenchError> {
    let ourselves = std::env::current_exe().map_err(BenchError::io("find", "this program"))?;
    let account = place.path("account");
    let mut accountant = Command::new(&ourselves);
    accountant.arg("measure").arg("--account").arg(&account);
    if let Some(cores) = cores {
        accountant.arg("--cores").arg(cores.to_string());
    }
    accountant.arg("--").arg(program).args(arguments);
    surroundings(&mut accountant, place);
    let create = |path: PathBuf| File::create(&path).map_err(BenchError::io("create", path));
    accountant.stdin(Stdio::null()).stdout(create(place.output())?);
    accountant.stderr(create(place.path("said"))?);
    let started = |source| BenchError::Start { program: program.to_owned(), source };
    let status = accountant.status().map_err(started)?;
    let name = program.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let failed = |status: String| BenchError::Failed {
        program: name,
        status,
        said: place.unnamed(&end_of(&place.path("said"))),
    };
    if !status.success() {
        return Err(failed(status.to_string()));
    }
    let read = fs::read(&account).map_err(BenchError::io("read", &account))?;
    let account: Account = serde_json::from_slice(&read)
        .map_err(|source| BenchError::Results { path: account, source })?;
    account.failure.map_or(Ok(account.run), |status| Err(failed(status)))
}

/// Gives a program a home of its own, and nothing else.
pub fn surroundings(command: &mut Command, place: &Place) {
    command.env_clear();
    for kept in ["PATH", "TZ"] {
        if let Some(value) = std::env::var_os(kept) {
            command.env(kept, value);
        }
    }
    command.env("HOME", place.path("home")).env("TMPDIR", place.path("temporary"));
    command.env("RESTIC_PASSWORD", PASSWORD).env("RUSTIC_PASSWORD", PASSWORD);
    command.env("RUSTIC_NO_PROGRESS", "true").env("RUSTIC_LOG_LEVEL", "warn");
}

/// The accountant: runs its one child and writes down what it took.
///
/// # Errors
/// When the child cannot be started.
pub fn account(told: &Told) -> Result<(), BenchError> {
    if let Some(cores) = told.cores {
        confine(cores).map_err(BenchError::io("confine to some cores", &told.command[0]))?;
    }
    let mut command = Command::new(&told.command[0]);
    command.args(&told.command[1..]);
    let started = |source| BenchError::Start { program: (&told.command[0]).into(), source };
    let start = Instant::now();
    let status = command.status().map_err(started)?;
    let wall_seconds = start.elapsed().as_secs_f64();
    let booked = getrusage(UsageWho::RUSAGE_CHILDREN)
        .map_err(|errno| BenchError::io("read the account of", &told.command[0])(errno.into()))?;
    let run = Run {
        wall_seconds,
        cpu_seconds: seconds(booked.user_time()) + seconds(booked.system_time()),
        // Linux counts in KiB.
        peak_bytes: u64::try_from(booked.max_rss()).unwrap_or(0) * 1024,
    };
    let failure = (!status.success()).then(|| status.to_string());
    let json = serde_json::to_vec(&Account { run, failure }).expect("numbers become JSON");
    fs::write(&told.account, json).map_err(BenchError::io("write", &told.account))
}

/// The processor's time of this very process so far.
#[must_use]
pub fn own_cpu_seconds() -> f64 {
    let booked = getrusage(UsageWho::RUSAGE_SELF);
    booked.map_or(0.0, |booked| seconds(booked.user_time()) + seconds(booked.system_time()))
}

#[allow(clippy::cast_precision_loss, reason = "times are short")]
fn seconds(time: TimeVal) -> f64 {
    time.tv_sec() as f64 + time.tv_usec() as f64 / 1e6
}

/// Leaves this process, and whom it starts, the first so many of its cores.
fn confine(cores: u32) -> std::io::Result<()> {
    use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};
    let ours = sched_getaffinity(None)?;
    let mut fewer = CpuSet::new();
    let allowed = (0..CpuSet::MAX_CPU).filter(|core| ours.is_set(*core));
    for core in allowed.take(cores as usize) {
        fewer.set(core);
    }
    Ok(sched_setaffinity(None, &fewer)?)
}

fn end_of(file: &Path) -> String {
    let said = fs::read(file).unwrap_or_default();
    let said = String::from_utf8_lossy(&said[said.len().saturating_sub(SAID_BYTES_MAX)..]);
    said.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn account_of(command: &[&str]) -> Account {
        let folder = tempfile::tempdir().expect("a folder");
        let account_file = folder.path().join("account");
        let command = command.iter().map(OsString::from).collect();
        let told = Told { account: account_file.clone(), cores: None, command };
        account(&told).expect("it starts");
        serde_json::from_slice(&fs::read(account_file).expect("written")).expect("an account")
    }

    #[test]
    fn a_process_that_fails_is_told_from_one_that_does_not() {
        assert!(account_of(&["true"]).failure.is_none());
        assert!(account_of(&["false"]).failure.is_some_and(|status| status.contains('1')));
    }

    #[test]
    fn the_time_and_memory_of_a_process_are_booked() {
        let run = account_of(&["sh", "-c", "i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done"]).run;
        assert!(run.cpu_seconds > 0.0 && run.wall_seconds > 0.0);
        assert!(run.peak_bytes > 100_000);
    }

    #[test]
    fn what_cannot_be_started_is_named() {
        let command = vec![OsString::from("/nonexistent/program")];
        let told = Told { account: PathBuf::from("/dev/null"), cores: None, command };
        let error = account(&told).expect_err("there is no such program");
        assert!(error.told().contains("/nonexistent/program"), "{}", error.told());
    }
}
