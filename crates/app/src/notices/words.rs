//! The notices themselves.

use super::facts::{PlanFacts, RepositoryFacts};
use crate::api::{
    Bytes, OperationState, OperationView, PlanId, Problem, ProblemAction, RepositoryId, Route,
};
use crate::ports::{Notice, NoticeAction, NoticeKind};
use crate::text;

pub(super) fn not_backed_up(operation: &OperationView, problem: &Problem) -> Notice {
    let subject = operation.plan.as_ref().map_or_else(|| "app".to_owned(), of_plan);
    let title = format!("\"{}\" was not backed up", name(operation));
    failed(operation, problem, subject, title)
}

pub(super) fn not_verified(operation: &OperationView, problem: &Problem) -> Notice {
    let title = format!("\"{}\" was not verified", operation.repository_name);
    failed(operation, problem, of_verify(&operation.repository), title)
}

pub(super) fn damaged(operation: &OperationView) -> Notice {
    let title = format!("\"{}\" is damaged", operation.repository_name);
    let subject = of_damage(&operation.repository);
    match &operation.problem {
        Some(problem) => failed(operation, problem, subject, title),
        // A verify that found problems says so in one; an older record may not.
        None => notice(subject, NoticeKind::Failed, title, opened(operation)),
    }
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
        body: format!("{} {} {}", problem.title, problem.meaning, problem.advice),
        actions,
        ..notice(subject, NoticeKind::Failed, title, opened(operation))
    }
}

pub(super) fn overdue(plan: &PlanFacts, reason: &Problem) -> Notice {
    Notice {
        actions: vec![NoticeAction::Retry, NoticeAction::ShowDetails],
        ..about_plan(plan, reason)
    }
}

pub(super) fn never_runs(plan: &PlanFacts, reason: &Problem) -> Notice {
    Notice { actions: vec![NoticeAction::ShowDetails], ..about_plan(plan, reason) }
}

fn about_plan(plan: &PlanFacts, reason: &Problem) -> Notice {
    let title = reason.title.trim_end_matches('.').to_owned();
    let opens = Route::Plan { plan: plan.id.clone() };
    Notice {
        body: format!("{} {}", reason.meaning, reason.advice),
        ..notice(of_plan(&plan.id), NoticeKind::Overdue, title, opens)
    }
}

pub(super) fn password_needed(repository: &RepositoryFacts, reason: &Problem) -> Notice {
    let subject = format!("password {}", repository.id);
    let title = format!("Backups to \"{}\" wait for the password", repository.name);
    let opens = Route::EnterPassword { repository: repository.id.clone() };
    Notice {
        body: format!("{} {}", reason.title, reason.advice),
        actions: vec![NoticeAction::EnterPassword],
        ..notice(subject, NoticeKind::Waiting, title, opens)
    }
}

pub(super) fn nearly_full(repository: &RepositoryFacts, free: Bytes) -> Notice {
    let subject = format!("space {}", repository.id);
    let title = format!("\"{}\" is almost full", repository.name);
    let opens = Route::Repository { repository: repository.id.clone() };
    let left = text::bytes(free);
    Notice {
        body: format!(
            "{left} are left. Once it is full, nothing more is backed up to it; the snapshots on \
             it stay. Remove snapshots you no longer need, or make room on the drive."
        ),
        ..notice(subject, NoticeKind::NearlyFull, title, opens)
    }
}

pub(super) fn unlocked(operation: &OperationView, whose: &str) -> Notice {
    let subject = format!("unlock {}", operation.repository);
    let title = format!("A lock on \"{}\" was removed", operation.repository_name);
    Notice {
        body: format!("It was left behind by {whose}. The backup goes on."),
        actions: vec![NoticeAction::ShowDetails],
        ..notice(subject, NoticeKind::Unlocked, title, opened(operation))
    }
}

pub(super) fn protected_again(plan: &PlanFacts) -> Notice {
    let title = format!("\"{}\" is protected again", plan.name);
    let is_good = |state| matches!(state, OperationState::Succeeded | OperationState::Warnings);
    let is_new = plan.last.as_ref().is_some_and(|last| is_good(last.state));
    let body = match is_new {
        true => "A new snapshot was made.",
        false => "Its newest snapshot is young enough.",
    };
    let opens = match &plan.last {
        Some(last) => opened(last),
        None => Route::Plan { plan: plan.id.clone() },
    };
    let body = body.to_owned();
    Notice { body, ..notice(of_plan(&plan.id), NoticeKind::Recovered, title, opens) }
}

pub(super) fn verified_again(operation: &OperationView) -> Notice {
    let title = format!("\"{}\" was verified", operation.repository_name);
    let subject = of_verify(&operation.repository);
    Notice {
        body: "The verify that failed before came to its end.".to_owned(),
        ..notice(subject, NoticeKind::Recovered, title, opened(operation))
    }
}

pub(super) fn undamaged(operation: &OperationView) -> Notice {
    let title = format!("\"{}\" is no longer damaged", operation.repository_name);
    Notice {
        body: "The newest verify found nothing wrong.".to_owned(),
        ..notice(of_damage(&operation.repository), NoticeKind::Recovered, title, opened(operation))
    }
}

pub(super) fn succeeded(operation: &OperationView) -> Notice {
    let subject = operation.plan.as_ref().map_or_else(|| "app".to_owned(), of_plan);
    let title = format!("\"{}\" was backed up", name(operation));
    let body = match operation.state {
        OperationState::Warnings => "Some files could not be read; the snapshot holds the rest.",
        _ => "A new snapshot was made.",
    };
    let body = body.to_owned();
    Notice { body, ..notice(subject, NoticeKind::Succeeded, title, opened(operation)) }
}

/// One notice in the place of several of the same kind.
pub(super) fn together(several: &[&Notice], kind: NoticeKind) -> Notice {
    let count = several.len();
    let title = match kind {
        NoticeKind::Recovered => format!("{count} plans are protected again"),
        _ => format!("{count} plans need attention"),
    };
    let body: Vec<String> = several.iter().map(|one| format!("{}.", one.title)).collect();
    let body = body.join(" ");
    Notice { body, ..notice("plans".to_owned(), kind, title, Route::Overview) }
}

fn notice(subject: String, kind: NoticeKind, title: String, opens: Route) -> Notice {
    let (body, actions) = (String::new(), Vec::new());
    Notice { subject, kind, is_urgent: false, title, body, actions, opens }
}

fn opened(operation: &OperationView) -> Route {
    Route::Operation { operation: operation.id.clone() }
}

fn of_plan(plan: &PlanId) -> String {
    format!("plan {plan}")
}

fn of_verify(repository: &RepositoryId) -> String {
    format!("verify {repository}")
}

fn of_damage(repository: &RepositoryId) -> String {
    format!("damage {repository}")
}

fn name(operation: &OperationView) -> &str {
    operation.plan_name.as_deref().unwrap_or(&operation.repository_name)
}
