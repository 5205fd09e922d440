use super::*;
use crate::api::{OperationState, Trigger, VerifyScope};

const NOON: Timestamp = Timestamp::constant(1_774_600_000, 0);

/// What a test asks for: its name, its work, its repository, and why.
type Asked<'a> = (&'a str, Task, &'a str, Trigger);

fn operation((name, task, repository, trigger): Asked<'_>) -> Operation {
    let plan = (task == Task::Backup).then(|| (name.into(), name.to_owned()));
    Operation {
        id: name.into(),
        run: name.into(),
        task,
        plan,
        repository: repository.into(),
        repository_name: repository.to_owned(),
        state: OperationState::Queued,
        trigger,
        slot: None,
        missed: None,
        queued_at: NOON,
        started_at: None,
        finished_at: None,
        waiting_for: None,
        waited_for: None,
        again: None,
        summary: None,
        problem: None,
        findings: 0,
    }
}

fn verify() -> Task {
    Task::Verify { scope: VerifyScope::Structure }
}

fn forget() -> Task {
    Task::Forget { snapshots: vec!["a".to_owned()] }
}

fn queue_of<const N: usize>(asked: [Asked<'_>; N]) -> Queue {
    let mut queue = Queue::default();
    for one in asked {
        assert_eq!(queue.push(Entry::of(&operation(one))), None);
    }
    queue
}

fn due<'a>(name: &'a str, task: Task) -> Asked<'a> {
    (name, task, "blue", Trigger::Scheduled)
}

fn clicked<'a>(name: &'a str, task: Task) -> Asked<'a> {
    (name, task, "blue", Trigger::Manual)
}

fn started(queue: &mut Queue, held: &[&str]) -> Vec<String> {
    started_at(queue, held, NOON)
}

fn started_at(queue: &mut Queue, held: &[&str], now: Timestamp) -> Vec<String> {
    let held = held.iter().map(|name| OperationId::from(*name)).collect();
    queue.start(held, now).into_iter().map(|entry| entry.operation.0).collect()
}

/// The names of what starts, each as soon as the one before it ended.
fn one_after_another(mut queue: Queue) -> Vec<String> {
    let mut all = Vec::new();
    loop {
        let begun = started(&mut queue, &[]);
        if begun.is_empty() {
            return all;
        }
        begun.iter().for_each(|name| queue.finished(&name.as_str().into()));
        all.extend(begun);
    }
}

#[test]
fn on_one_repository_only_what_harms_nobody_runs_side_by_side() {
    let kinds = [Task::Restore, verify(), Task::Backup, forget()];
    // Row by row: what may run beside a restore, a verify, a backup, a removal.
    let beside = [
        [true, true, true, true],
        [true, true, true, false],
        [true, true, false, false],
        [true, false, false, false],
    ];
    for (one, row) in kinds.iter().zip(beside) {
        for (other, expected) in kinds.iter().zip(row) {
            let both = Access::of(one).goes_with(Access::of(other));
            assert_eq!(both, expected, "{one:?} beside {other:?}");
        }
    }
}

#[test]
fn writers_of_different_repositories_run_together() {
    let red = ("b", Task::Backup, "red", Trigger::Scheduled);
    let mut queue = queue_of([due("a", Task::Backup), red]);
    assert_eq!(started(&mut queue, &[]), ["a", "b"]);
}

#[test]
fn the_next_writer_starts_when_the_one_before_it_ended() {
    let mut queue = queue_of([due("a", Task::Backup), due("b", Task::Backup)]);
    assert_eq!(started(&mut queue, &[]), ["a"]);
    assert_eq!(started(&mut queue, &[]), [""; 0]);
    queue.finished(&"a".into());
    assert_eq!(started(&mut queue, &[]), ["b"]);
}

#[test]
fn a_click_goes_before_what_is_due_and_that_before_upkeep() {
    let queue = queue_of([
        due("verify", verify()),
        due("forget", forget()),
        due("backup", Task::Backup),
        clicked("click", Task::Backup),
        clicked("restore", Task::Restore),
    ]);
    let mut running = queue_of([due("before", Task::Backup)]);
    started(&mut running, &[]);
    running.waiting = queue.waiting;
    assert_eq!(started(&mut running, &[]), ["restore"], "beside what runs");
    running.finished(&"before".into());
    assert_eq!(one_after_another(running), ["click", "backup", "forget", "verify"]);
}

#[test]
fn what_waited_for_hours_goes_before_what_was_asked_for_later_except_by_a_person() {
    let long_ago = NOON - SignedDuration::from_hours(7);
    let old = Operation { queued_at: long_ago, ..operation(due("forget", forget())) };
    let mut queue = Queue::default();
    queue.push(Entry::of(&old));
    queue.push(Entry::of(&operation(due("backup", Task::Backup))));
    queue.push(Entry::of(&operation(clicked("click", Task::Backup))));
    assert_eq!(one_after_another(queue), ["click", "forget", "backup"]);
}

#[test]
fn what_is_next_is_not_kept_waiting_by_what_could_start_beside_what_runs() {
    let mut queue = queue_of([due("verify", verify())]);
    started(&mut queue, &[]);
    queue.push(Entry::of(&operation(due("forget", forget()))));
    let deep = Task::Verify { scope: VerifyScope::All };
    queue.push(Entry::of(&operation(due("deep", deep))));
    assert_eq!(started(&mut queue, &[]), [""; 0], "a second verify would go on and on");
    queue.finished(&"verify".into());
    assert_eq!(started(&mut queue, &[]), ["forget"]);
}

#[test]
fn a_restore_waits_for_nothing_that_has_not_begun() {
    let mut queue = queue_of([due("a", Task::Backup), clicked("b", Task::Backup)]);
    started(&mut queue, &[]);
    queue.push(Entry::of(&operation(clicked("r", Task::Restore))));
    assert_eq!(started(&mut queue, &[]), ["r"]);
}

#[test]
fn upkeep_comes_to_its_turn_although_a_backup_is_due_every_hour() {
    let mut queue = queue_of([due("forget", forget())]);
    let mut begun = Vec::new();
    for hour in 0..24 {
        let now = NOON + SignedDuration::from_hours(hour);
        let name = format!("backup {hour}");
        let asked = Operation { queued_at: now, ..operation(due(&name, Task::Backup)) };
        queue.push(Entry::of(&asked));
        begun.iter().for_each(|name: &String| queue.finished(&name.as_str().into()));
        begun.extend(started_at(&mut queue, &[], now));
    }
    assert_eq!(begun[5..8], ["backup 5", "forget", "backup 6"], "{begun:?}");
}

#[test]
fn what_waits_for_its_drive_holds_nobody_up() {
    let mut queue = queue_of([due("a", Task::Backup), due("b", Task::Backup)]);
    assert_eq!(started(&mut queue, &["a"]), ["b"]);
}

#[test]
fn what_is_in_the_way_is_what_runs_and_then_what_goes_first() {
    let mut queue =
        queue_of([due("a", Task::Backup), due("b", Task::Backup), due("c", Task::Backup)]);
    started(&mut queue, &[]);
    let waits = |name: &str| queue.in_the_way(&name.into(), NOON);
    assert_eq!(waits("b"), Some(InTheWay { operation: "a".into(), others: 0 }));
    assert_eq!(waits("c"), Some(InTheWay { operation: "a".into(), others: 1 }));
    assert_eq!(waits("a"), None);
}

#[test]
fn what_waits_for_its_drive_is_in_nobodys_way() {
    let mut queue = queue_of([due("a", Task::Backup), due("b", Task::Backup)]);
    started(&mut queue, &["a", "b"]);
    assert_eq!(queue.in_the_way(&"b".into(), NOON), None);
}

#[test]
fn a_second_request_for_the_same_work_joins_the_first_and_any_other_does_not() {
    let mut queue =
        queue_of([due("a", Task::Backup), due("verify", verify()), due("r", Task::Restore)]);
    let mut joined = |plan: Option<&str>, task| {
        let plan = plan.map(|plan| (plan.into(), plan.to_owned()));
        let asked = Operation { plan, ..operation(clicked("new", task)) };
        let joined = queue.push(Entry::of(&asked));
        queue.withdraw(&"new".into());
        joined.map(|id| id.0)
    };
    assert_eq!(joined(Some("a"), Task::Backup).as_deref(), Some("a"));
    assert_eq!(joined(Some("other"), Task::Backup), None);
    assert_eq!(joined(Some("a"), forget()), None, "another kind for the same plan");
    assert_eq!(joined(None, verify()).as_deref(), Some("verify"));
    assert_eq!(joined(None, Task::Verify { scope: VerifyScope::All }), None);
    assert_eq!(joined(None, Task::Restore), None);
}

#[test]
fn the_operation_of_a_plan_is_found_while_it_waits_and_while_it_runs() {
    let mut queue = queue_of([due("a", Task::Backup)]);
    let found = |queue: &Queue| queue.of_plan(&"a".into(), OperationKind::Backup).is_some();
    assert!(found(&queue));
    started(&mut queue, &[]);
    assert!(found(&queue));
    queue.finished(&"a".into());
    assert!(!found(&queue));
}

#[test]
fn what_is_tried_again_lets_others_go_first() {
    let mut queue = queue_of([due("a", Task::Backup), due("b", Task::Backup)]);
    assert_eq!(started(&mut queue, &[]), ["a"]);
    queue.wait_again(&"a".into(), NOON);
    assert_eq!(started(&mut queue, &[]), ["b"]);
    queue.finished(&"b".into());
    assert_eq!(started(&mut queue, &[]), ["a"]);
}

#[test]
fn what_runs_cannot_be_withdrawn() {
    let mut queue = queue_of([due("a", Task::Backup), due("b", Task::Backup)]);
    started(&mut queue, &[]);
    assert!(!queue.withdraw(&"a".into()));
    assert!(queue.withdraw(&"b".into()));
}
