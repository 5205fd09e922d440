//! What history says of a duty: what ran last, and when what failed is tried again.

use jiff::{SignedDuration, Timestamp};

use crate::api::{Code, OperationState};
use crate::operation::Operation;
use crate::schedule::{LastRun, Past};

/// How long after its first, second and every further failure in a row something is tried again,
/// unless its next slot is before that.
const TRIED_AGAIN_AFTER: [SignedDuration; 3] =
    [SignedDuration::from_hours(1), SignedDuration::from_hours(4), SignedDuration::from_hours(24)];

/// The past of a duty that has had its timing since then. `runs` are its operations, the newest
/// first.
///
/// A run that was interrupted does not count, so that it is done again soon; two in a row do, so
/// that a backup that brings the computer down does not do so for ever.
pub(crate) fn past_of<'a>(
    since: Timestamp,
    runs: impl Iterator<Item = &'a Operation> + Clone,
) -> Past {
    let begun = runs.filter(|run| run.state != OperationState::Queued);
    let interrupted = |run: &&Operation| run.state == OperationState::Interrupted;
    let is_alone = begun.clone().next().is_some_and(|newest| interrupted(&newest));
    let counted = begun.clone().skip(usize::from(is_alone));
    let Some(newest) = counted.clone().next() else {
        return Past { since, ..Past::default() };
    };
    let last = LastRun {
        started: newest.started_at.unwrap_or_else(|| newest.latest()),
        ended: newest.latest(),
        // One by hand has none, and must not hide that of the run before it.
        slot: counted.into_iter().find_map(|run| run.slot),
    };
    // Whatever was interrupted says nothing about what will become of the next.
    let ended = begun.filter(|run| !interrupted(run));
    let failed = ended.take_while(|run| run.state == OperationState::Failed);
    let pause = failed.clone().next().filter(|newest| may_pass(newest)).map(|_| {
        let before = failed.count() - 1;
        TRIED_AGAIN_AFTER[before.min(TRIED_AGAIN_AFTER.len() - 1)]
    });
    let again = pause.and_then(|pause| newest.latest().checked_add(pause).ok());
    Past { since, last: Some(last), again }
}

/// True unless only a person can clear what it failed with.
fn may_pass(failed: &Operation) -> bool {
    use Code::{
        ExcludeInvalid, ForeignSettings, NewerFormat, RepositoryInsideSource, RepositoryReplaced,
        RepositoryUnknown, ScheduleInvalid, SourcesInvalid, WrongPassword,
    };
    let code = failed.problem.as_ref().map(|problem| problem.code);
    !matches!(
        code,
        Some(
            ExcludeInvalid
                | ForeignSettings
                | NewerFormat
                | RepositoryInsideSource
                | RepositoryReplaced
                | RepositoryUnknown
                | ScheduleInvalid
                | SourcesInvalid
                | WrongPassword
        )
    )
}
