//! The table cell by cell, and what happens when several rows meet.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use super::facts::{Event, Facts, PlanFacts, RepositoryFacts};
use super::judge::{Verdict, judge};
use super::table::{Again, RULES, Topic, rule};
use super::told::{Book, Key, Told};
use crate::api::{
    Code, OperationKind, OperationState, OperationView, Problem, QuietHours, Settings, Trigger,
};
use crate::error::AppError;
use crate::ports::{NoticeAction, NoticeKind};

const HOUR: SignedDuration = SignedDuration::from_hours(1);
const DAY: SignedDuration = SignedDuration::from_hours(24);
const SECOND: SignedDuration = SignedDuration::from_secs(1);

fn now() -> Timestamp {
    "2026-03-27T12:00:00Z".parse().expect("a moment")
}

fn operation(kind: OperationKind, state: OperationState, error: Option<AppError>) -> OperationView {
    OperationView {
        id: "7".into(),
        run: "7".into(),
        kind,
        plan: (kind == OperationKind::Backup).then(|| "photos".into()),
        plan_name: (kind == OperationKind::Backup).then(|| "Photos".into()),
        repository: "blue".into(),
        repository_name: "Blue".into(),
        state,
        trigger: Trigger::Scheduled,
        missed: None,
        queued_at: 0,
        started_at: None,
        finished_at: None,
        progress: None,
        waiting_for: None,
        summary: None,
        problem: error.map(Problem::from),
        findings: 0,
    }
}

fn failed_backup() -> OperationView {
    let error = AppError::DestinationFull { name: "Blue".into(), free: None, needed: None };
    operation(OperationKind::Backup, OperationState::Failed, Some(error))
}

fn good_backup() -> OperationView {
    operation(OperationKind::Backup, OperationState::Succeeded, None)
}

fn good_verify() -> OperationView {
    operation(OperationKind::Verify, OperationState::Succeeded, None)
}

fn failed_verify(error: AppError) -> OperationView {
    operation(OperationKind::Verify, OperationState::Failed, Some(error))
}

fn overdue() -> Problem {
    let error = AppError::Overdue {
        name: "Photos".into(),
        since_millis: Some(0),
        now_millis: 300_000_000,
        because: None,
    };
    error.problem()
}

/// A plan and a repository that are well.
fn well() -> Facts {
    let plan = PlanFacts {
        id: "photos".into(),
        name: "Photos".into(),
        repository: "blue".into(),
        never_runs: None,
        failed: None,
        overdue: None,
        newest_good: Some(now() - HOUR),
        age: HOUR,
        target: DAY * 2,
        working_since: None,
        last: Some(good_backup()),
    };
    let repository = RepositoryFacts {
        id: "blue".into(),
        name: "Blue".into(),
        awaits_person: None,
        verify: Some(good_verify()),
        damage: None,
        hardly_any_room: None,
    };
    Facts {
        now: now(),
        is_quiet: false,
        settings: Settings::default(),
        plans: vec![plan],
        repositories: vec![repository],
        event: None,
    }
}

/// The same with one trouble.
fn troubled(topic: Topic) -> Facts {
    let mut facts = well();
    let (plan, repository) = (&mut facts.plans[0], &mut facts.repositories[0]);
    match topic {
        Topic::Damage => {
            let damaged = failed_verify(AppError::VerifyFoundProblems { count: 3 });
            repository.verify = Some(damaged.clone());
            repository.damage = Some(damaged);
        }
        Topic::BackupFailed => {
            plan.failed = Some(failed_backup());
            plan.last = Some(failed_backup());
        }
        Topic::Overdue => {
            plan.overdue = Some(overdue());
            plan.age = DAY * 3;
        }
        Topic::NeverRuns => {
            let error = AppError::PlanWithoutRepository { plan: "Photos".into() };
            plan.never_runs = Some(error.problem());
        }
        Topic::PasswordNeeded => {
            repository.awaits_person = Some(AppError::KeychainLocked.problem());
        }
        Topic::VerifyFailed => {
            repository.verify = Some(failed_verify(AppError::KeychainLocked));
        }
        Topic::NearlyFull => repository.hardly_any_room = Some(1_000_000),
        Topic::Unlocked => {
            let operation =
                Box::new(operation(OperationKind::Unlock, OperationState::Succeeded, None));
            facts.event = Some(Event::Unlocked { operation, whose: "anna on nas".into() });
        }
        Topic::Succeeded => facts.event = Some(Event::Ended(Box::new(good_backup()))),
        Topic::Recovered => {}
    }
    facts
}

fn by_hand(mut facts: Facts) -> Facts {
    let plan = &mut facts.plans[0];
    let repository = &mut facts.repositories[0];
    let operations = [&mut plan.failed, &mut repository.verify, &mut repository.damage];
    for operation in operations.into_iter().flatten() {
        operation.trigger = Trigger::Manual;
    }
    facts
}

fn in_quiet_hours(facts: Facts) -> Facts {
    Facts { is_quiet: true, ..facts }
}

fn switched_off(facts: Facts) -> Facts {
    let settings = Settings {
        notify_on_failure: false,
        notify_on_overdue: false,
        notify_on_recovery: false,
        notify_on_success: false,
        ..Settings::default()
    };
    Facts { settings, ..facts }
}

/// What is told of a trouble that has its own subject and cause.
fn told_of(facts: &Facts) -> (Key, Code) {
    let verdict = judge(facts, &Book::default());
    let mark = verdict.tell[0].marks[0].clone();
    (mark.key, mark.code)
}

/// A book that says of the trouble of these facts that it was shown.
fn shown(facts: &Facts, at: Timestamp) -> Book {
    let (key, code) = told_of(facts);
    let told = Told { code, by_hand: None, shown: Some(at), refused: None };
    Book { entries: BTreeMap::from([(key, told)]) }
}

fn refused(facts: &Facts, at: Timestamp) -> Book {
    let mut book = shown(facts, at);
    for told in book.entries.values_mut() {
        *told = Told { shown: None, refused: Some(at), ..told.clone() };
    }
    book
}

fn with_another_cause(mut book: Book) -> Book {
    for told in book.entries.values_mut() {
        told.code = Code::Unexpected;
    }
    book
}

fn titles(verdict: &Verdict) -> Vec<&str> {
    verdict.tell.iter().map(|news| news.notice.title.as_str()).collect()
}

/// One cell: what is so, what was told, and whether that is told now.
fn cell(topic: Topic, situation: &str) -> bool {
    let (facts, now) = (troubled(topic), now());
    let Again::After(pause) = rule(topic).again else { panic!("{topic:?} is an event") };
    let hour_ago = || shown(&facts, now - HOUR);
    let minutes = SignedDuration::from_mins;
    let (seen, book) = match situation {
        "first" => (facts.clone(), Book::default()),
        "a second too early" => (facts.clone(), shown(&facts, now - pause + SECOND)),
        "due again" => (facts.clone(), shown(&facts, now - pause)),
        "another cause" => (facts.clone(), with_another_cause(hour_ago())),
        "by hand" => (by_hand(facts.clone()), hour_ago()),
        "quiet" => (in_quiet_hours(facts.clone()), Book::default()),
        "quiet, by hand" => (in_quiet_hours(by_hand(facts.clone())), Book::default()),
        "switched off" => (switched_off(facts.clone()), Book::default()),
        "refused 14 min ago" => (facts.clone(), refused(&facts, now - minutes(14))),
        "refused 16 min ago" => (facts.clone(), refused(&facts, now - minutes(16))),
        "clock back a year" => (facts.clone(), shown(&facts, now + DAY * 365)),
        "over" => (well(), hour_ago()),
        "over, never shown" => (well(), refused(&facts, now - HOUR)),
        "over, quiet" => (in_quiet_hours(well()), hour_ago()),
        other => panic!("there is no situation {other}"),
    };
    !judge(&seen, &book).tell.is_empty()
}

const SITUATIONS: [&str; 14] = [
    "first",
    "a second too early",
    "due again",
    "another cause",
    "by hand",
    "quiet",
    "quiet, by hand",
    "switched off",
    "refused 14 min ago",
    "refused 16 min ago",
    "clock back a year",
    "over",
    "over, never shown",
    "over, quiet",
];

#[test]
fn every_cell_of_the_table_is_told_or_not_as_it_says() {
    let expected = [
        // one letter for each situation: T for told
        (Topic::Damage, "T-TTTTT--TTT--"),
        (Topic::BackupFailed, "T-TTT-T--TTT--"),
        (Topic::Overdue, "T-TT-----TTT--"),
        (Topic::NeverRuns, "T-TT-----TT---"),
        (Topic::PasswordNeeded, "T-TT-----TT---"),
        (Topic::VerifyFailed, "T-TTT-T--TTT--"),
        (Topic::NearlyFull, "T-TT-----TT---"),
    ];
    for (topic, expected) in expected {
        let found: String = SITUATIONS
            .iter()
            .map(|situation| if cell(topic, situation) { 'T' } else { '-' })
            .collect();
        assert_eq!(found, expected, "{topic:?}");
    }
    let lasting = RULES.iter().filter(|rule| rule.again != Again::Never);
    assert_eq!(lasting.count(), expected.len(), "a row has no expectation");
}

#[test]
fn an_event_is_told_when_it_happens_and_dropped_in_quiet_hours() {
    let told = |facts: Facts| !judge(&facts, &Book::default()).tell.is_empty();
    let on = |facts| {
        let settings = Settings { notify_on_success: true, ..Settings::default() };
        Facts { settings, ..facts }
    };
    assert!(told(troubled(Topic::Unlocked)));
    assert!(told(switched_off(troubled(Topic::Unlocked))), "it has no switch");
    assert!(!told(in_quiet_hours(troubled(Topic::Unlocked))));
    assert!(!told(troubled(Topic::Succeeded)), "it is off unless somebody wants it");
    assert!(told(on(troubled(Topic::Succeeded))));
    assert!(!told(in_quiet_hours(on(troubled(Topic::Succeeded)))));
}

/// Tells, hour by hour, what there is to tell, to a person who is shown everything.
fn hours(hours: i64, mut facts_at: impl FnMut(i64) -> Facts) -> Vec<(i64, String)> {
    let (mut book, mut said) = (Book::default(), Vec::new());
    for hour in 0..hours {
        let facts =
            Facts { now: now() + HOUR * i32::try_from(hour).expect("few"), ..facts_at(hour) };
        let verdict = judge(&facts, &book);
        book.forget(&verdict.forget);
        for news in verdict.tell {
            book.shown(&news, facts.now);
            said.push((hour, news.notice.title.clone()));
        }
    }
    said
}

#[test]
fn a_plan_that_fails_and_is_overdue_is_told_once_a_day_and_once_when_it_is_over() {
    let said = hours(100, |hour| {
        let mut facts = troubled(Topic::BackupFailed);
        if hour >= 24 {
            facts.plans[0].overdue = Some(overdue());
        }
        if hour < 80 { facts } else { well() }
    });
    let at: Vec<i64> = said.iter().map(|(hour, _)| *hour).collect();
    assert_eq!(at, [0, 24, 48, 72, 80]);
    assert_eq!(said[1].1, "\"Photos\" has not been backed up for 3 days");
    assert_eq!(said[4].1, "\"Photos\" is protected again");
}

#[test]
fn trouble_that_only_became_another_is_not_over() {
    let facts = troubled(Topic::Overdue);
    let mut both = facts.clone();
    both.plans[0].failed = Some(failed_backup());
    let mut book = shown(&facts, now() - HOUR);
    book.entries.extend(shown(&troubled(Topic::BackupFailed), now() - HOUR).entries);
    assert!(judge(&facts, &book).tell.is_empty());
    assert!(judge(&both, &book).tell.is_empty());
    let over = judge(&well(), &book);
    assert_eq!(titles(&over), ["\"Photos\" is protected again"]);
    assert_eq!(over.tell[0].ends.len(), 2);
}

#[test]
fn a_backup_that_works_excuses_a_late_snapshot_for_a_quarter_of_the_target() {
    let working_for = |worked| {
        let mut facts = troubled(Topic::Overdue);
        facts.plans[0].working_since = Some(now() - worked);
        judge(&facts, &Book::default()).tell.len()
    };
    assert_eq!(working_for(HOUR), 0);
    assert_eq!(working_for(HOUR * 12 - SECOND), 0);
    assert_eq!(working_for(HOUR * 12), 1, "a quarter of two days");
    assert_eq!(working_for(-HOUR), 1, "the clock was set back");
}

#[test]
fn an_overdue_plan_grows_urgent() {
    let urgent = |age, target| {
        let mut facts = troubled(Topic::Overdue);
        (facts.plans[0].age, facts.plans[0].target) = (age, target);
        judge(&facts, &Book::default()).tell[0].notice.is_urgent
    };
    assert!(!urgent(HOUR * 11, HOUR * 4));
    assert!(urgent(HOUR * 12, HOUR * 4), "three times its target");
    assert!(!urgent(DAY * 6, DAY * 4));
    assert!(urgent(DAY * 7, DAY * 4), "a week");
}

#[test]
fn what_could_not_be_told_as_over_is_tried_again_and_then_forgotten() {
    let mut book = shown(&troubled(Topic::Overdue), now() - HOUR);
    let over = judge(&well(), &book);
    book.refused(&over.tell[0], now());
    assert!(judge(&well(), &book).tell.is_empty());
    let later = Facts { now: now() + HOUR, ..well() };
    let over = judge(&later, &book);
    assert_eq!(over.tell.len(), 1);
    book.shown(&over.tell[0], later.now);
    assert_eq!(book, Book::default());
}

#[test]
fn a_plan_that_was_removed_is_forgotten_without_a_word() {
    let book = shown(&troubled(Topic::Overdue), now() - HOUR);
    let removed = Facts { plans: Vec::new(), ..well() };
    let verdict = judge(&removed, &book);
    assert_eq!((verdict.tell.len(), verdict.forget.len()), (0, 1));
}

#[test]
fn a_plan_that_is_in_no_trouble_and_has_no_snapshot_is_not_called_protected() {
    let mut facts = well();
    facts.plans[0].newest_good = None;
    let book = shown(&troubled(Topic::BackupFailed), now() - HOUR);
    let verdict = judge(&facts, &book);
    assert_eq!((verdict.tell.len(), verdict.forget.len()), (0, 0));
}

#[test]
fn a_success_that_ends_trouble_is_told_once() {
    let settings = Settings { notify_on_success: true, ..Settings::default() };
    let facts = Facts { settings, ..troubled(Topic::Succeeded) };
    let book = shown(&troubled(Topic::BackupFailed), now() - HOUR);
    assert_eq!(titles(&judge(&facts, &book)), ["\"Photos\" is protected again"]);
}

fn three_plans(facts: &Facts) -> Facts {
    let plan = |name: &str| {
        let mut plan = facts.plans[0].clone();
        plan.id = name.into();
        name.clone_into(&mut plan.name);
        plan
    };
    Facts { plans: ["a", "b", "c"].map(plan).into(), ..facts.clone() }
}

#[test]
fn three_plans_that_are_told_together_are_one_notice_and_so_is_their_recovery() {
    let late = three_plans(&troubled(Topic::Overdue));
    let mut book = Book::default();
    let verdict = judge(&late, &book);
    assert_eq!(titles(&verdict), ["3 plans need attention"]);
    book.shown(&verdict.tell[0], late.now);
    assert!(judge(&late, &book).tell.is_empty(), "each of them was told");
    let over = judge(&three_plans(&well()), &book);
    assert_eq!(titles(&over), ["3 plans are protected again"]);
    assert_eq!(over.tell[0].notice.kind, NoticeKind::Recovered);
}

#[test]
fn a_failure_is_told_with_the_actions_that_fit() {
    let mut facts = troubled(Topic::BackupFailed);
    let (name, holder) = ("Blue".to_owned(), "mac-mini".to_owned());
    let error = AppError::RepositoryLocked { name, holder, dead: true, waited_minutes: 30 };
    facts.plans[0].failed =
        Some(operation(OperationKind::Backup, OperationState::Failed, Some(error)));
    let verdict = judge(&facts, &Book::default());
    let expected = [NoticeAction::UnlockAndRetry, NoticeAction::ShowDetails];
    assert_eq!(verdict.tell[0].notice.actions, expected);
}

#[test]
fn nothing_is_said_of_a_world_that_is_well() {
    assert!(judge(&well(), &Book::default()).tell.is_empty());
    let never = Settings { quiet_hours: QuietHours::default(), ..Settings::default() };
    assert!(!never.quiet_hours.on, "nobody asked for quiet");
}
