//! Which notice a person gets, if any.
//!
//! Pure: history, settings and now in, at most one notice out. Waiting is never news; an overdue
//! plan is news once a day, and a failure that repeats itself once a day as well.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::api::{
    Code, HealthState, OperationState, OperationView, PlanId, PlanView, Problem, ProblemAction,
    RepositoryId, Route, Settings, Trigger,
};
use crate::ports::{Notice, NoticeAction, NoticeKind};

/// What a person was told about a plan. Kept in the operation log, so that a restart repeats
/// nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Told {
    /// The last failure, and when.
    pub(crate) failed: Option<(Code, Timestamp)>,
    /// When it was last called overdue.
    pub(crate) overdue: Option<Timestamp>,
}

impl Told {
    /// True if the last the person heard was bad news.
    fn of_trouble(&self) -> bool {
        self.failed.is_some() || self.overdue.is_some()
    }
}

const ONCE_A_DAY: SignedDuration = SignedDuration::from_hours(24);

fn is_fresh(told_at: Timestamp, now: Timestamp) -> bool {
    let age = now.duration_since(told_at);
    !age.is_negative() && age < ONCE_A_DAY
}

/// The notice after a backup ended, and what was told from then on.
pub(crate) fn after_backup(
    operation: &OperationView,
    told: &Told,
    settings: &Settings,
    now: Timestamp,
) -> (Option<Notice>, Told) {
    match operation.state {
        OperationState::Succeeded | OperationState::Warnings => {
            let notice = if told.of_trouble() && settings.notify_on_recovery {
                Some(recovered(operation))
            } else {
                settings.notify_on_success.then(|| succeeded(operation))
            };
            (notice, Told::default())
        }
        OperationState::Failed => {
            let Some(problem) = &operation.problem else { return (None, told.clone()) };
            let said =
                told.failed.is_some_and(|(code, at)| code == problem.code && is_fresh(at, now));
            if said && operation.trigger != Trigger::Manual {
                return (None, told.clone());
            }
            let told = Told { failed: Some((problem.code, now)), ..told.clone() };
            let title = format!("\"{}\" was not backed up", name(operation));
            let notice = || failed(operation, problem, subject(operation.plan.as_ref()), title);
            (settings.notify_on_failure.then(notice), told)
        }
        _ => (None, told.clone()),
    }
}

/// The notice after a verify ended. Somebody asked for each, so each failure is news.
pub(crate) fn after_verify(operation: &OperationView, settings: &Settings) -> Option<Notice> {
    let is_failure = operation.state == OperationState::Failed && settings.notify_on_failure;
    let problem = operation.problem.as_ref().filter(|_| is_failure)?;
    let what = match problem.code {
        Code::VerifyFoundProblems => "is damaged",
        _ => "was not verified",
    };
    let title = format!("\"{}\" {what}", operation.repository_name);
    Some(failed(operation, problem, format!("verify {}", operation.repository), title))
}

/// The notice about a plan that is overdue or can never run, and what was told from then on.
///
/// A plan that is about to run or runs is left alone: it may be protected in a minute.
pub(crate) fn about_overdue(
    plan: &PlanView,
    told: &Told,
    settings: &Settings,
    now: Timestamp,
) -> (Option<Notice>, Told) {
    let working = plan.running.is_some();
    let reason = plan.health.reason.as_ref().filter(|reason| {
        // Without a repository nothing ever runs that could fail and be told.
        plan.health.state == HealthState::Overdue || reason.code == Code::RepositoryUnknown
    });
    let said = told.overdue.is_some_and(|at| is_fresh(at, now));
    match reason {
        Some(reason) if !working && !said => {
            let told = Told { overdue: Some(now), ..told.clone() };
            (settings.notify_on_overdue.then(|| overdue(plan, reason)), told)
        }
        _ => (None, told.clone()),
    }
}

/// The notice about locks that Auto Unlock removed.
pub(crate) fn about_unlocked(operation: &OperationView, whose: &str) -> Notice {
    Notice {
        subject: format!("unlock {}", operation.repository),
        kind: NoticeKind::Unlocked,
        title: format!("A lock on \"{}\" was removed", operation.repository_name),
        body: format!("It was left behind by {whose}. The backup goes on."),
        actions: vec![NoticeAction::ShowDetails],
        opens: Route::Operation { operation: operation.id.clone() },
    }
}

/// The notice that backups wait for a password.
pub(crate) fn about_password(
    repository: &RepositoryId,
    name: &str,
    reason: &Problem,
    settings: &Settings,
) -> Option<Notice> {
    settings.notify_on_failure.then(|| Notice {
        subject: format!("password {repository}"),
        kind: NoticeKind::Waiting,
        title: format!("Backups to \"{name}\" wait for the password"),
        body: format!("{} {}", reason.title, reason.advice),
        actions: vec![NoticeAction::EnterPassword],
        opens: Route::EnterPassword { repository: repository.clone() },
    })
}

fn failed(operation: &OperationView, problem: &Problem, subject: String, title: String) -> Notice {
    let offered = |action: &ProblemAction| match action {
        ProblemAction::UnlockAndRetry => Some(NoticeAction::UnlockAndRetry),
        ProblemAction::Retry => Some(NoticeAction::Retry),
        ProblemAction::EnterPassword => Some(NoticeAction::EnterPassword),
        _ => None,
    };
    let mut actions: Vec<NoticeAction> = problem.actions.iter().filter_map(offered).collect();
    actions.push(NoticeAction::ShowDetails);
    Notice {
        subject,
        kind: NoticeKind::Failed,
        title,
        body: format!("{} {} {}", problem.title, problem.meaning, problem.advice),
        actions,
        opens: Route::Operation { operation: operation.id.clone() },
    }
}

fn overdue(plan: &PlanView, reason: &Problem) -> Notice {
    let can_run = reason.code != Code::RepositoryUnknown;
    let retry = can_run.then_some(NoticeAction::Retry);
    Notice {
        subject: subject(Some(&plan.id)),
        kind: NoticeKind::Overdue,
        title: reason.title.trim_end_matches('.').to_owned(),
        body: format!("{} {}", reason.meaning, reason.advice),
        actions: retry.into_iter().chain([NoticeAction::ShowDetails]).collect(),
        opens: Route::Plan { plan: plan.id.clone() },
    }
}

fn recovered(operation: &OperationView) -> Notice {
    Notice {
        subject: subject(operation.plan.as_ref()),
        kind: NoticeKind::Recovered,
        title: format!("\"{}\" is protected again", name(operation)),
        body: "A new snapshot was made.".to_owned(),
        actions: Vec::new(),
        opens: Route::Operation { operation: operation.id.clone() },
    }
}

fn succeeded(operation: &OperationView) -> Notice {
    let body = match operation.state {
        OperationState::Warnings => "Some files could not be read; the snapshot holds the rest.",
        _ => "A new snapshot was made.",
    };
    Notice {
        subject: subject(operation.plan.as_ref()),
        kind: NoticeKind::Succeeded,
        title: format!("\"{}\" was backed up", name(operation)),
        body: body.to_owned(),
        actions: Vec::new(),
        opens: Route::Operation { operation: operation.id.clone() },
    }
}

fn subject(plan: Option<&PlanId>) -> String {
    plan.map_or_else(|| "app".to_owned(), |plan| format!("plan {plan}"))
}

fn name(operation: &OperationView) -> &str {
    operation.plan_name.as_deref().unwrap_or(&operation.repository_name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::OperationKind;
    use crate::error::AppError;

    const SILENT: Settings = Settings {
        start_at_login: false,
        close_to_tray: true,
        step_aside: true,
        notify_on_failure: false,
        notify_on_overdue: false,
        notify_on_recovery: false,
        notify_on_success: false,
        theme: crate::api::Theme::System,
    };

    fn hours(count: i64) -> Timestamp {
        Timestamp::from_second(count * 3600).expect("a moment")
    }

    fn backup(state: OperationState, problem: Option<AppError>) -> OperationView {
        OperationView {
            id: "1".into(),
            run: "1".into(),
            kind: OperationKind::Backup,
            plan: Some("photos".into()),
            plan_name: Some("Photos".into()),
            repository: "blue".into(),
            repository_name: "Blue".into(),
            state,
            trigger: Trigger::Scheduled,
            queued_at: 0,
            started_at: None,
            finished_at: None,
            progress: None,
            waiting_for: None,
            summary: None,
            problem: problem.map(Problem::from),
            findings: 0,
        }
    }

    fn locked(dead: bool) -> AppError {
        let holder = "mac-mini".to_owned();
        AppError::RepositoryLocked { name: "Blue".into(), holder, dead, waited_minutes: 30 }
    }

    fn kinds(outcomes: &[(OperationView, i64)], settings: &Settings) -> Vec<Option<NoticeKind>> {
        let mut told = Told::default();
        let mut kinds = Vec::new();
        for (operation, hour) in outcomes {
            let (notice, next) = after_backup(operation, &told, settings, hours(*hour));
            kinds.push(notice.map(|notice| notice.kind));
            told = next;
        }
        kinds
    }

    #[test]
    fn a_failure_is_told_with_the_actions_that_fit() {
        let view = backup(OperationState::Failed, Some(locked(true)));
        let (notice, _) = after_backup(&view, &Told::default(), &Settings::default(), hours(0));
        let expected = [NoticeAction::UnlockAndRetry, NoticeAction::ShowDetails];
        assert_eq!(notice.expect("a notice").actions, expected);
    }

    #[test]
    fn a_failure_that_repeats_is_told_once_a_day_and_another_one_at_once() {
        let same = || backup(OperationState::Failed, Some(locked(false)));
        let other = backup(OperationState::Failed, Some(AppError::KeychainLocked));
        let failed = Some(NoticeKind::Failed);
        let told = kinds(
            &[(same(), 0), (same(), 1), (same(), 23), (same(), 25), (other, 26)],
            &Settings::default(),
        );
        assert_eq!(told, [failed, None, None, failed, failed]);
    }

    #[test]
    fn recovery_is_told_once_and_only_after_trouble() {
        let good = || backup(OperationState::Succeeded, None);
        let bad = backup(OperationState::Failed, Some(locked(false)));
        let told = kinds(&[(good(), 0), (bad, 1), (good(), 2), (good(), 3)], &Settings::default());
        assert_eq!(told, [None, Some(NoticeKind::Failed), Some(NoticeKind::Recovered), None]);
    }

    #[test]
    fn success_is_told_only_on_request() {
        let asked = Settings { notify_on_success: true, ..Settings::default() };
        let told = kinds(&[(backup(OperationState::Succeeded, None), 0)], &asked);
        assert_eq!(told, [Some(NoticeKind::Succeeded)]);
    }

    #[test]
    fn nothing_is_told_to_who_turned_everything_off() {
        let bad = backup(OperationState::Failed, Some(locked(false)));
        let told = kinds(&[(bad, 0), (backup(OperationState::Succeeded, None), 1)], &SILENT);
        assert_eq!(told, [None, None]);
    }

    #[test]
    fn what_was_cancelled_or_interrupted_is_no_news() {
        let told = kinds(
            &[
                (backup(OperationState::Cancelled, None), 0),
                (backup(OperationState::Interrupted, Some(AppError::Interrupted)), 1),
            ],
            &Settings::default(),
        );
        assert_eq!(told, [None, None]);
    }

    fn plan(state: HealthState) -> PlanView {
        let reason = AppError::Overdue {
            name: "Photos".into(),
            since_millis: Some(0),
            now_millis: 300_000_000,
            because: None,
        };
        PlanView {
            id: "photos".into(),
            name: "Photos".into(),
            repository: "blue".into(),
            sources: Vec::new(),
            excludes: crate::api::Excludes::default(),
            timing: crate::api::Schedule::Manual.into(),
            health: crate::api::PlanHealth {
                state,
                reason: Some(reason.problem()),
                newest_good: None,
                target_age_millis: 0,
            },
            last_run: None,
            next_run: None,
            upcoming: Vec::new(),
            days: Vec::new(),
            size: None,
            snapshot_count: None,
            running: None,
            queued: None,
        }
    }

    #[test]
    fn an_overdue_plan_is_told_once_a_day_at_most() {
        let plan = plan(HealthState::Overdue);
        let mut told = Told::default();
        let mut notices = 0;
        for hour in 0..72 {
            let (notice, next) = about_overdue(&plan, &told, &Settings::default(), hours(hour));
            notices += usize::from(notice.is_some());
            told = next;
        }
        assert_eq!(notices, 3);
    }

    #[test]
    fn a_waiting_plan_is_not_told_about() {
        let plan = plan(HealthState::Waiting);
        let (notice, _) = about_overdue(&plan, &Told::default(), &Settings::default(), hours(0));
        assert_eq!(notice, None);
    }

    #[test]
    fn an_overdue_plan_that_is_just_running_is_left_alone() {
        let plan = PlanView { running: Some("1".into()), ..plan(HealthState::Overdue) };
        let (notice, _) = about_overdue(&plan, &Told::default(), &Settings::default(), hours(0));
        assert_eq!(notice, None);
    }
}
