//! Whether the owner of a lock lives, and how that is known.
//!
//! [`judge`] is a pure function. It calls a lock *dead* only when there is proof, and the proof is
//! about processes, not about clocks:
//!
//! * A lock of ours names computer, start of the computer, pid namespace and start of the process.
//!   Within one start of a computer these name one process for good: the number of a namespace is
//!   given to another only when all processes in it have ended, and a process id together with a
//!   start time is never given twice. So the process either runs or the lock is dead.
//! * A lock of ours from an earlier start of this computer is dead, unless the computer was cloned:
//!   then its twin would refresh it. Three refreshes missed rule that out.
//! * A plain restic names only host and process id. Names are shared: containers take their host's,
//!   new computers are all called `fedora`. So the name is a hint, and the proof needs all of:
//!   this computer knows the user; every process of the computer can be seen from here, in all
//!   containers, and none that goes by that id in its own container started before the lock was
//!   stored; and no other computer can have stored the lock, because the repository lies on a
//!   disk of this one. Where others can reach the storage, the lock must in addition have shown no
//!   sign of life for [`SILENCE_MIN`].
//!
//! *Alive* is said of what is seen to run here and of what another computer refreshed lately.
//! Everything else is *unknown*, with the time it has been silent; time alone never makes it dead.

use std::fmt;
use std::time::{Duration, SystemTime};

use jiff::Timestamp;

use super::probe::{Process, ProcessProbe, Sighting};
use super::timing::{FUTURE_TOLERANCE, RECENT, RESTART_SILENCE, SILENCE_MIN, START_TOLERANCE};
use super::{LockFile, text};
use crate::identity::Identity;

/// What is known of a lock's owner, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// Whether it lives.
    pub life: Life,
    /// How that is known, the weightiest first.
    pub reasons: Vec<Reason>,
    /// For how long the lock has certainly shown no sign of life.
    pub silent_for: Duration,
}

/// Whether the owner of a lock lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Life {
    /// It runs, or did so moments ago.
    Alive,
    /// It is proven not to run any more.
    Dead,
    /// Nobody here can know.
    Unknown,
}

/// A reason for a [`Verdict`], in plain English when displayed.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reason {
    /// This very process holds it.
    HeldHere,
    /// The process runs.
    ProcessRuns {
        /// Its id.
        pid: u32,
    },
    /// A process that may be the owner runs in another container of this computer.
    RunsInContainer {
        /// Its id there.
        pid: u32,
    },
    /// There is no such process.
    ProcessGone {
        /// Its id.
        pid: u32,
    },
    /// The id was given to another process.
    ProcessReplaced {
        /// The id.
        pid: u32,
    },
    /// A process that does not look like the owner, but was there before the lock, has the id.
    ProcessMayBeOwner {
        /// The id.
        pid: u32,
        /// What the process is called.
        program: String,
    },
    /// The computer was restarted.
    Restarted,
    /// The journal of our own locks tells that a session that ended left it.
    LeftBehind,
    /// The lock was stored lately.
    Refreshed {
        /// So long ago, by our clock.
        ago: Duration,
    },
    /// The lock has not changed.
    Silent {
        /// For so long.
        duration: Duration,
    },
    /// The lock is dated ahead of our clock.
    FromTheFuture {
        /// By so much.
        ahead: Duration,
    },
    /// Another computer's processes cannot be seen.
    OtherComputer {
        /// Its name.
        hostname: String,
    },
    /// Not all processes of this computer can be seen.
    ProcessesHidden,
    /// The user is not one of this computer.
    UserUnknown {
        /// The name.
        username: String,
    },
    /// Another computer of the same name could have stored it.
    NameIsNoProof {
        /// The name.
        hostname: String,
    },
    /// The lock's content cannot be read.
    Unreadable,
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::HeldHere => f.write_str("this program holds it right now"),
            Self::ProcessRuns { pid } => write!(f, "its process {pid} is running on this computer"),
            Self::RunsInContainer { pid } => {
                write!(f, "its process {pid} is running in a container on this computer")
            }
            Self::ProcessGone { pid } => {
                write!(f, "its process {pid} no longer exists on this computer")
            }
            Self::ProcessReplaced { pid } => {
                write!(f, "its process id {pid} now belongs to another process, started later")
            }
            Self::ProcessMayBeOwner { pid, program } => {
                write!(f, "its process id {pid} belongs to {program:?}, which may be its owner")
            }
            Self::Restarted => f.write_str("this computer was restarted since"),
            Self::LeftBehind => {
                f.write_str("this program left it behind when it was ended by force")
            }
            Self::Refreshed { ago } => write!(f, "refreshed {} ago", text::duration(*ago)),
            Self::Silent { duration } => {
                write!(f, "no sign of life for {}", text::duration(*duration))
            }
            Self::FromTheFuture { ahead } => {
                write!(f, "dated {} in the future: a clock is wrong", text::duration(*ahead))
            }
            Self::OtherComputer { hostname } => {
                write!(f, "it belongs to another computer, {hostname:?}, which cannot be asked")
            }
            Self::ProcessesHidden => {
                f.write_str("not all processes of this computer can be seen from here")
            }
            Self::UserUnknown { username } => {
                write!(f, "this computer has no user {username:?}, so it may be another's")
            }
            Self::NameIsNoProof { hostname } => {
                write!(f, "another computer that is called {hostname:?} as well may hold it")
            }
            Self::Unreadable => f.write_str("its content cannot be read"),
        }
    }
}

/// Where the one who judges stands.
#[derive(Clone, Copy)]
pub struct Here<'a> {
    /// Who we are.
    pub identity: &'a Identity,
    /// Our eyes.
    pub probe: &'a dyn ProcessProbe,
    /// True if only this computer can reach the repository's storage.
    pub own_disk: bool,
    /// Our wall clock.
    pub now: Timestamp,
}

/// What was observed of a lock besides its content.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Observation {
    /// For how long we have seen it unchanged, by a clock of ours that nobody can set.
    pub unchanged_for: Duration,
    /// Its age by the storage's own clock, where that is known.
    pub age_in_storage: Option<Duration>,
}

impl Observation {
    /// Observed for `unchanged_for`, stored at `modified` by the storage's clock, which shows `now`.
    #[must_use]
    pub fn new(
        unchanged_for: Duration,
        modified: Option<SystemTime>,
        now: Option<SystemTime>,
    ) -> Self {
        let age = modified.zip(now).map(|(then, now)| now.duration_since(then).unwrap_or_default());
        Self { unchanged_for, age_in_storage: age }
    }
}

/// Whether the owner of `lock` lives.
#[must_use]
pub fn judge(lock: &LockFile, here: &Here<'_>, observation: &Observation) -> Verdict {
    let silent_for = silence(lock, observation, here.now);
    let (life, mut reasons) = match place(lock, here.identity) {
        Place::ThisProcess => (Life::Alive, vec![Reason::HeldHere]),
        Place::ThisStart => by_process(lock, here),
        Place::EarlierStart if silent_for >= RESTART_SILENCE => {
            (Life::Dead, vec![Reason::Restarted])
        }
        Place::EarlierStart | Place::Elsewhere => {
            elsewhere(lock, here.now, observation.unchanged_for)
        }
        Place::SameName => by_name(lock, here, silent_for),
    };
    match age(lock, here.now) {
        Err(ahead) if ahead > FUTURE_TOLERANCE => reasons.push(Reason::FromTheFuture { ahead }),
        _ if life == Life::Unknown && !silent_for.is_zero() => {
            reasons.push(Reason::Silent { duration: silent_for });
        }
        _ => {}
    }
    Verdict { life, reasons, silent_for }
}

/// True if a journalled lock of ours was left by a session that has ended. The journal lies on this
/// computer, so unlike [`judge`] this needs no silence after a restart.
#[must_use]
pub(crate) fn is_left_behind(lock: &LockFile, here: &Here<'_>) -> bool {
    match place(lock, here.identity) {
        Place::ThisStart => by_process(lock, here).0 == Life::Dead,
        Place::EarlierStart => true,
        Place::ThisProcess | Place::SameName | Place::Elsewhere => false,
    }
}

/// True if a lock that was noted on a disk of this computer is from before it was last started,
/// when it may have had another name: notebooks are called what the network calls them. Where notes
/// lie on a shared disk this proves nothing, for computers can be copies of each other.
pub(crate) fn is_of_earlier_start(lock: &LockFile, identity: &Identity) -> bool {
    let same_machine = lock.machine_id.is_some() && lock.machine_id == identity.machine_id;
    let (Some(theirs), Some(ours)) = (&lock.boot_id, &identity.boot_id) else { return false };
    same_machine && theirs != ours
}

/// For how long the lock has certainly shown no sign of life: what we saw ourselves, or what two
/// clocks that nobody can have set wrong together agree on.
fn silence(lock: &LockFile, observation: &Observation, now: Timestamp) -> Duration {
    let by_clocks = match (age(lock, now), observation.age_in_storage) {
        (Ok(age), Some(age_in_storage)) => age.min(age_in_storage),
        _ => Duration::ZERO,
    };
    observation.unchanged_for.max(by_clocks)
}

/// The lock's age by our clock, or how far ahead of it the lock is dated.
fn age(lock: &LockFile, now: Timestamp) -> Result<Duration, Duration> {
    let age = now.duration_since(lock.time.timestamp());
    if age.is_negative() { Err(age.unsigned_abs()) } else { Ok(age.unsigned_abs()) }
}

/// Where a lock was stored, as far as its content tells.
enum Place {
    /// By this process.
    ThisProcess,
    /// On this computer, since it was started.
    ThisStart,
    /// On this computer, before it was started.
    EarlierStart,
    /// On a computer with this one's name.
    SameName,
    /// On a computer with another name.
    Elsewhere,
}

fn place(lock: &LockFile, identity: &Identity) -> Place {
    if lock.is_of_session(identity) {
        return Place::ThisProcess;
    }
    let same_name = lock.hostname == identity.hostname && !lock.hostname.is_empty();
    let same_machine =
        same_name && lock.machine_id.is_some() && lock.machine_id == identity.machine_id;
    match (&lock.boot_id, &identity.boot_id) {
        (Some(theirs), Some(ours)) if theirs == ours => Place::ThisStart,
        (Some(_), Some(_)) if same_machine => Place::EarlierStart,
        // Where starts have no ids (Windows), the start times of processes are absolute.
        (None, None) if same_machine && lock.process_start.is_some() => Place::ThisStart,
        (None, _) if same_name && lock.session.is_none() => Place::SameName,
        _ => Place::Elsewhere,
    }
}

/// The owner stored the lock under this kernel: its process can be looked up.
fn by_process(lock: &LockFile, here: &Here<'_>) -> (Life, Vec<Reason>) {
    let Some(pid) = lock.process_id() else {
        return (Life::Unknown, vec![Reason::ProcessesHidden]);
    };
    // A start time that cannot be read proves nothing, so it counts as the owner's.
    let is_owner = |process: &Process| match (process.start, lock.process_start) {
        (Some(seen), Some(recorded)) => seen == recorded,
        _ => true,
    };
    if lock.pid_namespace == here.identity.pid_namespace {
        return match here.probe.process(pid) {
            Sighting::Absent => (Life::Dead, vec![Reason::ProcessGone { pid }]),
            Sighting::Present(process) if is_owner(&process) => {
                (Life::Alive, vec![Reason::ProcessRuns { pid }])
            }
            Sighting::Present(_) => (Life::Dead, vec![Reason::ProcessReplaced { pid }]),
            Sighting::Unknown => (Life::Unknown, vec![Reason::ProcessesHidden]),
        };
    }
    match here.probe.namesakes(pid) {
        None => (Life::Unknown, vec![Reason::ProcessesHidden]),
        Some(processes) if processes.iter().any(is_owner) => {
            (Life::Alive, vec![Reason::RunsInContainer { pid }])
        }
        Some(_) => (Life::Dead, vec![Reason::ProcessGone { pid }]),
    }
}

/// A plain restic on a computer with our name. See the module's words on what is proof.
fn by_name(lock: &LockFile, here: &Here<'_>, silent_for: Duration) -> (Life, Vec<Reason>) {
    let Some(pid) = lock.process_id() else {
        return (Life::Unknown, vec![Reason::ProcessesHidden]);
    };
    if let Sighting::Present(process) = here.probe.process(pid)
        && ownership(&process, lock) == Ownership::Likely
    {
        return (Life::Alive, vec![Reason::ProcessRuns { pid }]);
    }
    let Some(processes) = here.probe.namesakes(pid) else {
        return (Life::Unknown, vec![Reason::ProcessesHidden]);
    };
    let owned = |wanted| processes.iter().find(|p| ownership(p, lock) == wanted);
    if owned(Ownership::Likely).is_some() {
        return (Life::Alive, vec![Reason::RunsInContainer { pid }]);
    }
    if let Some(process) = owned(Ownership::Possible) {
        let program = process.program.clone().unwrap_or_default();
        return (Life::Unknown, vec![Reason::ProcessMayBeOwner { pid, program }]);
    }
    let reason = match processes.as_slice() {
        [] => Reason::ProcessGone { pid },
        _ => Reason::ProcessReplaced { pid },
    };
    if !here.probe.knows_user(&lock.username, lock.uid) {
        let username = lock.username.clone();
        return (Life::Unknown, vec![Reason::UserUnknown { username }, reason]);
    }
    if here.own_disk || silent_for >= SILENCE_MIN {
        return (Life::Dead, vec![reason]);
    }
    let hostname = lock.hostname.clone();
    (Life::Unknown, vec![Reason::NameIsNoProof { hostname }, reason])
}

/// Whether a process with the right id can be the restic that stored a lock.
#[derive(PartialEq, Eq)]
enum Ownership {
    Likely,
    Possible,
    Impossible,
}

/// A process called restic is the owner even if it seems to have started later: a clock that was
/// set forward makes the past look older than it is, until the next refresh. One of another name
/// may be a restic that somebody renamed, but not if it started later.
fn ownership(process: &Process, lock: &LockFile) -> Ownership {
    let is_restic =
        process.program.as_ref().is_none_or(|name| name.to_lowercase().contains("restic"));
    let started_later = process.started_at.is_some_and(|started_at| {
        let after = started_at.duration_since(lock.time.timestamp());
        after.is_positive() && after.unsigned_abs() > START_TOLERANCE
    });
    match (is_restic, started_later) {
        (true, _) => Ownership::Likely,
        (false, false) => Ownership::Possible,
        (false, true) => Ownership::Impossible,
    }
}

fn elsewhere(lock: &LockFile, now: Timestamp, unchanged_for: Duration) -> (Life, Vec<Reason>) {
    let hostname = lock.hostname.clone();
    match age(lock, now) {
        Ok(ago) if ago < RECENT && unchanged_for < RECENT => {
            (Life::Alive, vec![Reason::Refreshed { ago }, Reason::OtherComputer { hostname }])
        }
        _ => (Life::Unknown, vec![Reason::OtherComputer { hostname }]),
    }
}
