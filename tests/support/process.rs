//! Real processes that are started, stopped and killed.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use holdfast_engine::id::RawId;
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process, waitid};

/// How long anything in a test may take before it counts as stuck.
const PATIENCE: Duration = Duration::from_secs(60);

/// Waits until `condition` holds.
///
/// # Panics
/// If it does not within a minute.
#[track_caller]
pub fn until(what: &str, mut condition: impl FnMut() -> bool) {
    let began = Instant::now();
    while !condition() {
        assert!(began.elapsed() < PATIENCE, "waited in vain: {what}");
        // The world outside tells nobody when it changes, so it is looked at.
        std::thread::park_timeout(Duration::from_millis(2));
    }
}

/// A process with pipes to talk through; killed when dropped.
pub struct Running {
    child: Child,
    stdin: Option<ChildStdin>,
    stdout: BufReader<ChildStdout>,
}

impl Running {
    /// Starts a program.
    ///
    /// # Panics
    /// If it cannot be started.
    pub fn start(command: &mut Command) -> Self {
        let command = command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap_or_else(|error| panic!("{command:?}: {error}"));
        let stdin = child.stdin.take();
        let stdout = BufReader::new(child.stdout.take().expect("a pipe was asked for"));
        Self { child, stdin, stdout }
    }

    /// Its process id.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Sends a line.
    ///
    /// # Panics
    /// If the process does not listen.
    pub fn say(&mut self, line: &str) {
        let stdin = self.stdin.as_mut().expect("still open");
        writeln!(stdin, "{line}").expect("the process listens");
    }

    /// Sends bytes; returns when it has taken nearly all of them.
    ///
    /// # Panics
    /// If the process does not listen.
    pub fn feed(&mut self, bytes: &[u8]) {
        self.stdin.as_mut().expect("still open").write_all(bytes).expect("the process listens");
    }

    /// The next line that it prints; empty at the end.
    ///
    /// # Panics
    /// If it prints no text.
    pub fn hear(&mut self) -> String {
        let mut line = String::new();
        self.stdout.read_line(&mut line).expect("text");
        line.trim_end().to_owned()
    }

    /// Sends a line and returns the answer.
    pub fn ask(&mut self, line: &str) -> String {
        self.say(line);
        self.hear()
    }

    /// Stops it in its tracks.
    pub fn freeze(&self) {
        signal(self.id(), Signal::STOP);
        until("the process stops", || state(self.id()) == Some('T'));
    }

    /// Lets it go on.
    pub fn thaw(&self) {
        signal(self.id(), Signal::CONT);
    }

    /// Ends it by force, as a power cut would.
    ///
    /// # Panics
    /// If it cannot be waited for.
    pub fn kill(&mut self) {
        signal(self.id(), Signal::KILL);
        self.child.wait().expect("it ends");
    }

    /// Ends its input and waits for its end.
    ///
    /// # Panics
    /// If it cannot be waited for.
    pub fn finish(&mut self) -> ExitStatus {
        self.stdin = None;
        self.child.wait().expect("it ends")
    }

    /// True while it has not ended.
    ///
    /// # Panics
    /// If it cannot be asked for.
    pub fn is_running(&mut self) -> bool {
        self.child.try_wait().expect("a state").is_none()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Whatever went wrong before, nothing of a test outlives it.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn signal(pid: u32, signal: Signal) {
    let pid = i32::try_from(pid).ok().and_then(Pid::from_raw).expect("a process id");
    kill_process(pid, signal).expect("permitted");
}

/// The letter that the kernel has for a process's state.
#[must_use]
pub fn state(pid: u32) -> Option<char> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    stat.rsplit_once(')')?.1.trim_start().chars().next()
}

/// Kills the process as soon as it has written so many bytes. False if it ended before.
///
/// # Panics
/// If it cannot be killed.
pub fn kill_after(process: &mut Child, bytes: u64) -> bool {
    while process.try_wait().expect("a state").is_none() {
        if written(process).is_some_and(|written| written >= bytes) {
            process.kill().expect("permitted");
            process.wait().expect("it ends");
            return true;
        }
        // Long enough to leave the core to the process, short enough to meet it in the middle.
        std::thread::park_timeout(Duration::from_micros(200));
    }
    false
}

/// How many bytes the process has written when it ends, with success: the moments between which
/// [`kill_after`] can be told to choose.
///
/// # Panics
/// If it fails.
#[must_use]
pub fn written_by(mut process: Child) -> u64 {
    let pid = i32::try_from(process.id()).ok().and_then(Pid::from_raw).expect("a process id");
    // It is left to be waited for, since its account goes with it.
    let end = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
    waitid(WaitId::Pid(pid), end).expect("it ends");
    let written = written(&process).expect("it is accounted for");
    assert!(process.wait().expect("it has ended").success());
    written
}

fn written(process: &Child) -> Option<u64> {
    let account = fs::read_to_string(format!("/proc/{}/io", process.id())).ok()?;
    account.lines().find_map(|line| line.strip_prefix("wchar: "))?.parse().ok()
}

/// The sum of every file below a folder, by path.
///
/// # Panics
/// If anything cannot be read.
#[must_use]
pub fn files_below(folder: &Path) -> BTreeMap<String, RawId> {
    let files = holdfast_testkit::files_in(folder).into_iter();
    files.map(|(path, content)| (path, RawId::of(&content))).collect()
}
