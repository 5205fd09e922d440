//! What a killed Holdfast leaves, and the journal that clears it away.

use std::process::Command;

use holdfast_tests::process::Running;
use holdfast_tests::repository::TestRepository;

fn hold(repository: &TestRepository, kind: &str) -> Running {
    let mut command = Command::new(env!("CARGO_BIN_EXE_lock-client"));
    command.arg(repository.path()).args(["hold", kind, "off"]).arg(repository.beside("journal"));
    Running::start(&mut command)
}

#[test]
fn the_next_start_removes_by_id_what_a_killed_one_left_and_nothing_else() {
    let repository = TestRepository::new();
    let mut killed: Vec<Running> = (0..3).map(|_| hold(&repository, "shared")).collect();
    for process in &mut killed {
        assert!(process.hear().starts_with("held "));
    }
    let mut alive = hold(&repository, "shared");
    let held = alive.hear();
    killed.iter_mut().for_each(Running::kill);
    assert_eq!(repository.locks().len(), 4);

    let mut next = hold(&repository, "shared");
    assert!(next.hear().ends_with(" 3"));
    let locks = repository.locks();
    assert_eq!(locks.len(), 2);
    assert!(locks.iter().any(|id| held.contains(id)), "{held} {locks:?}");
    assert!(next.finish().success() && alive.finish().success());
    assert!(repository.locks().is_empty());
    let notes = std::fs::read_dir(repository.beside("journal")).expect("a journal").count();
    assert_eq!(notes, 0);
}
