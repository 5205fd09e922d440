//! A process that stands still while others take its lock and change the repository.

use holdfast_tests::repository::TestRepository;

use super::holder::{Holder, Place, Program, restic};

fn frozen(repository: &TestRepository) -> Holder {
    let holder = Holder::start(Program::Holdfast, false, Place::Here, repository);
    holder.running.freeze();
    let unlocked = restic(Program::ResticNew, repository, &["unlock", "--remove-all"]);
    assert!(unlocked.status.success());
    holder
}

#[test]
fn whoever_wakes_after_a_prune_commits_nothing_before_checking_again() {
    let repository = TestRepository::new();
    let mut holder = frozen(&repository);
    assert!(restic(Program::ResticNew, &repository, &["prune"]).status.success());
    holder.running.thaw();
    assert_eq!(holder.running.ask("fence"), "reacquired 1");
    assert_eq!(holder.running.ask("fence"), "reacquired 1");
    holder.running.say("1");
    assert_eq!(holder.running.ask("fence"), "stands");
    assert!(holder.finish());
    assert!(repository.locks().is_empty());
}

#[test]
fn whoever_wakes_during_a_prune_commits_nothing() {
    let repository = TestRepository::new();
    let mut holder = frozen(&repository);
    let other = Holder::start(Program::ResticNew, true, Place::Here, &repository);
    let before = repository.locks();
    holder.running.thaw();
    let answer = holder.running.ask("fence");
    assert_eq!(answer, "the lock was removed, and another program uses the repository now");
    assert_eq!(repository.locks(), before);
    assert!(other.finish());
    assert_eq!(holder.running.ask("fence"), "reacquired 1");
    assert!(holder.finish());
}
