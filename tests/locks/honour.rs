//! That restic honours our locks, reads them, and can remove them.

use std::time::Duration;

use holdfast_engine::lock::{AutoUnlock, LockRequest, acquire};
use holdfast_engine::monitor::{Cancellation, Unwatched};
use holdfast_tests::repository::{TestRepository, lock_context};

use super::holder::{Holder, Place, Program, restic};

const RESTICS: [Program; 2] = [Program::ResticNew, Program::ResticOld];

#[track_caller]
fn check_refused(program: Program, repository: &TestRepository, arguments: &[&str]) {
    let output = restic(program, repository, arguments);
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success(), "{program:?} {arguments:?}");
    assert!(text.contains("already locked"), "{program:?} {arguments:?}: {text}");
    if program == Program::ResticNew {
        assert_eq!(output.status.code(), Some(11), "{text}");
    }
}

#[track_caller]
fn check_allowed(program: Program, repository: &TestRepository, arguments: &[&str]) {
    let output = restic(program, repository, arguments);
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{program:?} {arguments:?}: {text}");
}

#[test]
fn restic_works_beside_our_shared_lock_and_changes_nothing_under_it() {
    for program in RESTICS {
        let repository = TestRepository::new();
        let holder = Holder::start(Program::Holdfast, false, Place::Here, &repository);
        check_refused(program, &repository, &["prune"]);
        check_refused(program, &repository, &["check"]);
        check_allowed(program, &repository, &["snapshots"]);
        check_allowed(program, &repository, &["backup", "/etc/hostname"]);
        assert!(holder.finish());
        check_allowed(program, &repository, &["prune"]);
    }
}

#[test]
fn restic_does_nothing_beside_our_exclusive_lock() {
    for program in RESTICS {
        let repository = TestRepository::new();
        let holder = Holder::start(Program::Holdfast, true, Place::Here, &repository);
        check_refused(program, &repository, &["snapshots"]);
        check_refused(program, &repository, &["backup", "/etc/hostname"]);
        check_refused(program, &repository, &["prune"]);
        assert!(holder.finish());
        check_allowed(program, &repository, &["check"]);
    }
}

#[test]
fn restic_reads_our_lock() {
    for program in RESTICS {
        let repository = TestRepository::new();
        let holder = Holder::start(Program::Holdfast, false, Place::Here, &repository);
        let id = repository.locks().remove(0);
        let output = restic(program, &repository, &["cat", "lock", &id]);
        let json: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
        assert_eq!(json["pid"], holder.pid, "{json}");
        assert_eq!(json["exclusive"], false, "{json}");
        assert_eq!(json["hostname"], holdfast_machine::identity("").hostname.as_str(), "{json}");
        assert!(holder.finish());
    }
}

#[test]
fn restics_unlock_leaves_our_live_lock_and_does_not_end_us() {
    for program in RESTICS {
        let repository = TestRepository::new();
        let holder = Holder::start(Program::Holdfast, true, Place::Here, &repository);
        check_allowed(program, &repository, &["unlock"]);
        assert_eq!(repository.locks().len(), 1, "{program:?}");
        assert!(holder.finish(), "restic's probe ended us");
    }
}

#[test]
fn restics_unlock_removes_what_we_left_when_we_were_killed() {
    for program in RESTICS {
        let repository = TestRepository::new();
        Holder::start(Program::Holdfast, true, Place::Here, &repository).kill();
        check_refused(program, &repository, &["snapshots"]);
        check_allowed(program, &repository, &["unlock"]);
        assert!(repository.locks().is_empty(), "{program:?}");
    }
}

#[test]
fn restic_can_remove_every_lock_of_ours() {
    for program in RESTICS {
        let repository = TestRepository::new();
        let mut holder = Holder::start(Program::Holdfast, true, Place::Here, &repository);
        check_allowed(program, &repository, &["unlock", "--remove-all"]);
        assert!(repository.locks().is_empty(), "{program:?}");
        assert_eq!(holder.running.ask("fence"), "reacquired 1");
        assert!(holder.finish());
        assert!(repository.locks().is_empty(), "{program:?}");
    }
}

#[test]
fn who_holds_the_repository_is_said_in_restics_words() {
    let repository = TestRepository::new();
    let holder = Holder::start(Program::ResticNew, true, Place::Here, &repository);
    let output = restic(Program::ResticNew, &repository, &["snapshots"]);
    let theirs = String::from_utf8_lossy(&output.stderr).into_owned();
    let request = LockRequest {
        exclusive: false,
        wait: Duration::ZERO,
        auto_unlock: AutoUnlock::Off,
        operation: "test".to_owned(),
    };
    let (context, cancel) = (lock_context(), Cancellation::default());
    let refused = acquire(&repository.open(), &request, &context, &Unwatched, &cancel);
    let ours = refused.expect_err("held").restic_text().expect("words");
    // How old the lock is differs from one moment to the next.
    let lines = |text: &str| -> Vec<String> {
        let without_age = |line: &str| match line.strip_prefix("lock was created at ") {
            Some(moment) => moment.split(" (").next().unwrap_or(moment).to_owned(),
            None => line.to_owned(),
        };
        text.lines().map(without_age).collect()
    };
    assert_eq!(lines(&ours), lines(theirs.trim_end()));
    assert!(holder.finish());
}
