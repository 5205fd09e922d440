//! A process id that was given to somebody else, and what is seen from inside a container.

use std::ffi::OsString;
use std::process::Command;
use std::time::Duration;

use holdfast_engine::backend::FileKind;
use holdfast_engine::lock::{AutoUnlock, LockFile, LockRequest, acquire};
use holdfast_engine::monitor::{Cancellation, Unwatched};
use holdfast_engine::time::Time;
use holdfast_tests::process::Running;
use holdfast_tests::repository::{TestRepository, lock_context};

use super::holder::{Holder, Place, Program, within};

/// When a process was started, in ticks of 10 ms since the computer was: field 22 of its `stat`.
fn start_tick(pid: u32) -> u64 {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).expect("it runs");
    let (_, behind_name) = stat.rsplit_once(')').expect("a name in brackets");
    behind_name.split_whitespace().nth(19).expect("a field 22").parse().expect("a number")
}

/// Starts a process that is not restic until it gets this id, in a later tick.
///
/// Who gets the id of a process within 10 ms of its start cannot be told from it: it takes writing to
/// the system's counter, as here, to be so quick.
fn start_as(pid: u32, after: u64) -> Running {
    for _ in 0..1000 {
        let last = (pid - 1).to_string();
        std::fs::write("/proc/sys/kernel/ns_last_pid", last).expect("these tests run as root");
        let mut process = Running::start(&mut Command::new("cat"));
        if process.id() == pid && start_tick(pid) > after {
            return process;
        }
        process.finish();
    }
    panic!("no process got the id {pid}");
}

fn lock_exclusively(repository: &TestRepository) -> Vec<String> {
    let request = LockRequest {
        exclusive: true,
        wait: Duration::ZERO,
        auto_unlock: AutoUnlock::Own,
        operation: "test".to_owned(),
    };
    let (context, cancel) = (lock_context(), Cancellation::default());
    let held = acquire(&repository.open(), &request, &context, &Unwatched, &cancel);
    let held = held.expect("the repository is free");
    let reasons = held.removed().iter().map(|lock| lock.verdict.reasons[0].to_string());
    reasons.collect()
}

#[test]
fn the_id_of_a_killed_holdfast_given_to_another_process_does_not_keep_its_lock_alive() {
    let repository = TestRepository::new();
    let mut holder = Holder::start(Program::Holdfast, true, Place::Here, &repository);
    let pid = holder.pid;
    let after = start_tick(pid);
    holder.kill();
    let mut stranger = start_as(pid, after);
    let reason = format!("its process id {pid} now belongs to another process, started later");
    assert_eq!(lock_exclusively(&repository), [reason]);
    assert!(stranger.is_running(), "the stranger was hurt");
    assert!(stranger.finish().success());
}

#[test]
fn the_id_of_a_restic_given_to_a_later_process_does_not_keep_its_lock_alive() {
    let repository = TestRepository::new();
    let identity = holdfast_machine::identity("");
    let mut stranger = Running::start(&mut Command::new("cat"));
    let mut time = Time::from_timestamp(jiff::Timestamp::now(), &holdfast_machine::local_zone());
    time.seconds -= 3600;
    let mut lock: LockFile =
        serde_json::from_str(&format!(r#"{{"time":"{time}"}}"#)).expect("a lock");
    lock.hostname = identity.hostname;
    lock.username = identity.username;
    (lock.pid, lock.uid, lock.gid) = (stranger.id().into(), identity.uid, identity.gid);
    let json = serde_json::to_vec(&lock).expect("JSON");
    repository.open().write_file(FileKind::Lock, &json).expect("stored");
    let pid = stranger.id();
    let reason = format!("its process id {pid} now belongs to another process, started later");
    assert_eq!(lock_exclusively(&repository), [reason]);
    assert!(stranger.is_running(), "the stranger was hurt");
    assert!(stranger.finish().success());
}

#[test]
fn from_inside_a_container_nothing_outside_is_called_dead() {
    for program in [Program::ResticNew, Program::Holdfast] {
        let repository = TestRepository::new();
        let mut holder = Holder::start(program, false, Place::Here, &repository);
        let line: Vec<OsString> =
            vec![env!("CARGO_BIN_EXE_lock-client").into(), repository.path().into(), "list".into()];
        let look = || {
            let output = within(Place::OtherPidNamespace, None, &line).output().expect("it runs");
            String::from_utf8(output.stdout).expect("text")
        };
        let hidden = "Unknown: not all processes of this computer can be seen from here";
        assert!(look().starts_with(hidden), "{}", look());
        holder.kill();
        assert!(look().starts_with(hidden), "{}", look());
    }
}
