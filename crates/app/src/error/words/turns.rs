//! Words for what another operation of this app, or a pause, keeps from starting.

use super::{EARLIER_SAFE, NOTHING_CHANGED, Words, words};
use crate::api::ProblemAction::{Retry, ShowDetails};
use crate::error::{AppError, BusyWith, Next};
use crate::text::counted;

pub(super) fn of(error: &AppError) -> Option<Words> {
    Some(match error {
        AppError::RepositoryBusy { name, with } => busy(name, with),
        AppError::PlanBusy { name, with } => words(
            format!("\"{name}\" is in use by {}{}.", with.what, how_far(with)),
            "The plan was not removed.",
            "Stop it, or wait until it is done. Then remove the plan.",
            &[ShowDetails],
        ),
        AppError::LockIsOurs { name } => words(
            format!("Holdfast itself uses \"{name}\" right now."),
            "Its lock was not removed, for that could harm what is being stored.",
            "Wait until that is done, or stop it.",
            &[],
        ),
        AppError::Paused { until: Some(until) } => words(
            format!("Backups are paused until {until}."),
            format!("Until then nothing starts by itself. {EARLIER_SAFE}"),
            "They go on by themselves then, or as soon as you resume them.",
            &[],
        ),
        AppError::Paused { until: None } => words(
            "Backups are paused.",
            format!("Nothing starts by itself. {EARLIER_SAFE}"),
            "Resume them to have them go on.",
            &[],
        ),
        _ => return None,
    })
}

fn busy(name: &str, with: &BusyWith) -> Words {
    let BusyWith { what, since, next, .. } = with;
    let title = match since {
        Some(_) => format!("\"{name}\" is in use by {what}{}.", how_far(with)),
        None => format!("\"{name}\" is in use: {what} comes first."),
    };
    match next {
        Next::Refused => words(
            title,
            NOTHING_CHANGED,
            "Wait until that is done, or stop it. Then try again.",
            &[Retry],
        ),
        Next::Starts { after_others: 0 } => {
            words(title, EARLIER_SAFE, "This starts right after it.", &[])
        }
        Next::Starts { after_others } => {
            let others = counted(*after_others as u64, "other");
            words(title, EARLIER_SAFE, format!("This starts after it and {others}."), &[])
        }
    }
}

/// `, since 14:05, 62 % done`, as far as that is known.
fn how_far(with: &BusyWith) -> String {
    let since = with.since.as_ref().map(|since| format!(", since {since}"));
    let percent = with.percent.map(|percent| format!(", {percent} % done"));
    since.into_iter().chain(percent).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(since: Option<&str>, percent: Option<u64>, next: Next) -> String {
        let what = "the backup of \"Photos\"".to_owned();
        let with = BusyWith { what, since: since.map(str::to_owned), percent, next };
        let error = AppError::RepositoryBusy { name: "Blue".to_owned(), with };
        let problem = error.problem();
        format!("{} {}", problem.title, problem.advice)
    }

    #[test]
    fn who_has_to_wait_is_told_for_what_since_when_how_far_it_is_and_what_comes_next() {
        let next = |after_others| Next::Starts { after_others };
        assert_eq!(
            said(Some("14:05"), Some(62), next(0)),
            "\"Blue\" is in use by the backup of \"Photos\", since 14:05, 62 % done. \
             This starts right after it."
        );
        assert_eq!(
            said(Some("14:05"), None, next(2)),
            "\"Blue\" is in use by the backup of \"Photos\", since 14:05. \
             This starts after it and 2 others."
        );
        assert_eq!(
            said(None, None, Next::Refused),
            "\"Blue\" is in use: the backup of \"Photos\" comes first. \
             Wait until that is done, or stop it. Then try again."
        );
    }
}
