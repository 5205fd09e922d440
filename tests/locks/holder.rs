//! A program that holds a lock: which one, of which kind, and where it runs.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};

use holdfast_tests::process::{Running, until};
use holdfast_tests::repository::TestRepository;
use holdfast_tests::tools::{PASSWORD, restic_new, restic_old, tool};

/// Who holds the lock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Program {
    ResticNew,
    ResticOld,
    Holdfast,
}

/// Where it runs, seen from here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    Here,
    OtherHostName,
    OtherUser,
    OtherPidNamespace,
}

pub(super) struct Holder {
    pub(super) running: Running,
    /// The program itself, which in a pid namespace is not the process that was started.
    pub(super) pid: u32,
    frozen: bool,
    /// restic reads a backup's content from its input.
    is_fed: bool,
}

impl Holder {
    /// Starts it, and returns when its lock is stored.
    pub(super) fn start(
        program: Program,
        exclusive: bool,
        place: Place,
        repository: &TestRepository,
    ) -> Self {
        let before = repository.locks().len();
        let inner_pid = (place == Place::OtherPidNamespace).then(free_pid);
        let mut command = within(place, inner_pid, &arguments(program, exclusive, repository));
        command.env("RESTIC_PASSWORD", PASSWORD).env("HOME", repository.beside("home"));
        command.stderr(std::process::Stdio::null());
        let mut running = Running::start(&mut command);
        until("its lock is stored", || repository.locks().len() > before);
        let pid = inner_pid.map_or(running.id(), host_pid);
        if program == Program::Holdfast {
            assert!(running.hear().starts_with("held "));
        }
        let is_fed = program != Program::Holdfast && !exclusive;
        let mut holder = Self { running, pid, frozen: false, is_fed };
        if program != Program::Holdfast && exclusive {
            // An exclusive lock of restic is soon gone, unless restic is stopped in its tracks.
            signal(pid, rustix::process::Signal::STOP);
            until("it stops", || holdfast_tests::process::state(pid) == Some('T'));
            holder.frozen = true;
        }
        holder
    }

    /// Ends it by force.
    pub(super) fn kill(&mut self) {
        self.running.kill();
        let pid = self.pid;
        until("it is gone", || holdfast_tests::process::state(pid).is_none());
    }

    /// Lets it do its work to the end; true if it succeeded.
    pub(super) fn finish(mut self) -> bool {
        assert!(self.running.is_running(), "somebody ended it");
        if self.frozen {
            signal(self.pid, rustix::process::Signal::CONT);
        }
        if self.is_fed {
            self.running.say("content");
        }
        self.running.finish().success()
    }
}

/// Runs a restic to its end.
pub(super) fn restic(
    program: Program,
    repository: &TestRepository,
    arguments: &[&str],
) -> std::process::Output {
    let mut command = Command::new(path(program));
    command.args(["--no-cache", "-r"]).arg(repository.path()).args(arguments);
    command.env("RESTIC_PASSWORD", PASSWORD).env("HOME", repository.beside("home"));
    command.output().expect("restic runs")
}

fn path(program: Program) -> PathBuf {
    match program {
        Program::ResticNew => restic_new(),
        Program::ResticOld => restic_old(),
        Program::Holdfast => PathBuf::from(env!("CARGO_BIN_EXE_lock-client")),
    }
}

fn arguments(program: Program, exclusive: bool, repository: &TestRepository) -> Vec<OsString> {
    let mut line: Vec<OsString> = vec![path(program).into()];
    let words: &[&str] = match (program, exclusive) {
        (Program::Holdfast, _) => &[],
        (_, false) => &["--no-cache", "-q", "backup", "--stdin", "-r"],
        (_, true) => &["--no-cache", "-q", "check", "-r"],
    };
    line.extend(words.iter().map(OsString::from));
    line.push(repository.path().into());
    if program == Program::Holdfast {
        let kind = if exclusive { "exclusive" } else { "shared" };
        line.extend(["hold", kind, "off"].map(OsString::from));
    }
    line
}

/// The command that runs `line` in that place.
pub(super) fn within(place: Place, inner_pid: Option<u32>, line: &[OsString]) -> Command {
    assert!(rustix::process::getuid().is_root(), "these tests need other users: run them as root");
    let unshare = || Command::new(tool("unshare", "util-linux"));
    let mut command = match place {
        Place::Here => {
            let mut command = Command::new(&line[0]);
            command.args(&line[1..]);
            return command;
        }
        Place::OtherHostName => {
            let mut command = unshare();
            let script = r#"echo elsewhere > /proc/sys/kernel/hostname; exec "$@""#;
            command.args(["--uts", "sh", "-c", script, "sh"]);
            command
        }
        Place::OtherUser => {
            let mut command = Command::new(tool("setpriv", "util-linux"));
            command.args(["--reuid=daemon", "--regid=0", "--clear-groups", "--"]);
            command
        }
        Place::OtherPidNamespace => {
            let mut command = unshare();
            let last = inner_pid.unwrap_or(2) - 1;
            let script = format!(r#"echo {last} > /proc/sys/kernel/ns_last_pid; "$@"; exit $?"#);
            command.args(["--pid", "--fork", "--kill-child", "--mount-proc", "sh", "-c"]);
            command.args([&script, "sh"]);
            command
        }
    };
    command.args(line);
    command
}

/// A process id that nobody has, for a process in a namespace of its own.
fn free_pid() -> u32 {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let first = std::process::id().wrapping_mul(37) % 10_000;
    loop {
        let pid = 20_000 + (first + NEXT.fetch_add(1, Ordering::Relaxed)) % 12_000;
        if holdfast_tests::process::state(pid).is_none() {
            return pid;
        }
    }
}

/// The process that knows itself by this id.
fn host_pid(inner_pid: u32) -> u32 {
    let mut found = None;
    until("the process is seen", || {
        let processes = std::fs::read_dir("/proc").expect("processes");
        found = processes.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok()).find(
            |pid: &u32| {
                let status = std::fs::read_to_string(format!("/proc/{pid}/status"));
                let status = status.unwrap_or_default();
                let ids = status.lines().find_map(|line| line.strip_prefix("NStgid:"));
                let ids: Vec<&str> = ids.unwrap_or_default().split_whitespace().collect();
                ids.len() > 1 && ids.last() == Some(&inner_pid.to_string().as_str())
            },
        );
        found.is_some()
    });
    found.expect("just found")
}

pub(super) fn signal(pid: u32, signal: rustix::process::Signal) {
    let pid = i32::try_from(pid).ok().and_then(rustix::process::Pid::from_raw);
    rustix::process::kill_process(pid.expect("a process id"), signal).expect("permitted");
}
