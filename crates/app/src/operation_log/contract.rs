//! What every store of the operation log must do.

use jiff::Timestamp;

use super::OperationLog;
use crate::api::{
    FindingExample, FindingGroup, LogLevel, LogLine, OperationState, OperationSummary, Trigger,
};
use crate::operation::{Operation, Task};

/// Uses an empty store, and leaves in it what [`still_holds`] expects.
pub(super) fn holds(log: &dyn OperationLog) {
    let (first, second) = (operation("000000000001"), operation("000000000002"));
    log.put(&second).expect("it is stored");
    log.put(&first).expect("it is stored");
    assert_eq!(log.all().expect("read"), [first.clone(), second.clone()], "oldest first");

    let finished = Operation { state: OperationState::Warnings, ..first.clone() };
    log.put(&finished).expect("it is stored");
    assert_eq!(log.all().expect("read"), [finished, second.clone()], "replaced, not added");

    for text in ["one", "two", "three"] {
        log.append(&first.id, &line(text)).expect("it is stored");
    }
    log.append(&second.id, &line("other")).expect("it is stored");
    assert_eq!(log.lines(&first.id).expect("read"), ["one", "two", "three"].map(line));

    log.put_findings(&first.id, &[group()]).expect("it is stored");
    assert_eq!(log.findings(&second.id).expect("read"), []);

    log.put_note("told", "yesterday").expect("it is stored");
    log.put_note("told", "today").expect("it is stored");
    assert_eq!(log.note("untold").expect("read"), None);

    log.remove(&second.id).expect("it is removed");
    assert_eq!(log.lines(&second.id).expect("read"), []);
    log.make_durable().expect("it is durable");
    still_holds(log);
}

/// Looks at what [`holds`] left in a store.
pub(super) fn still_holds(log: &dyn OperationLog) {
    let expected = Operation { state: OperationState::Warnings, ..operation("000000000001") };
    assert_eq!(log.all().expect("read"), std::slice::from_ref(&expected));
    assert_eq!(log.lines(&expected.id).expect("read"), ["one", "two", "three"].map(line));
    assert_eq!(log.findings(&expected.id).expect("read"), [group()]);
    assert_eq!(log.note("told").expect("read").as_deref(), Some("today"));
}

fn operation(id: &str) -> Operation {
    Operation {
        id: id.into(),
        run: id.into(),
        task: Task::Backup,
        plan: Some(("documents".into(), "Documents".into())),
        repository: "blue".into(),
        repository_name: "Blue".into(),
        state: OperationState::Running,
        trigger: Trigger::Scheduled,
        slot: None,
        missed: None,
        queued_at: Timestamp::UNIX_EPOCH,
        started_at: Some(Timestamp::UNIX_EPOCH),
        finished_at: None,
        waiting_for: None,
        waited_for: None,
        again: None,
        summary: Some(OperationSummary { files: 3, ..OperationSummary::default() }),
        problem: None,
        findings: 1,
    }
}

fn line(text: &str) -> LogLine {
    LogLine { at: 5, level: LogLevel::Info, text: text.to_owned() }
}

fn group() -> FindingGroup {
    FindingGroup {
        kind: "denied".into(),
        title: "1 item: access denied".into(),
        count: 1,
        examples: vec![FindingExample { path: Some("/a".into()), message: "no".into() }],
    }
}
