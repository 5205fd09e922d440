//! Trying again: by itself what may pass, and whatever a person asks for.
//!
//! A storage that failed for a moment, or a lock that outlasted the wait, costs no backup and no
//! notice. The operation goes back into the queue, says what it waits for, and is tried again a
//! little later each time before it is called failed. When that is stands in the operation itself,
//! so that a restart goes on waiting.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::api::{LogLevel, OperationId, OperationState, Problem, RunStarted, Trigger};
use crate::error::{AppError, chain};
use crate::operation::{Operation, Task};
use crate::state::State;
use crate::text::span;

/// How long is waited after each attempt that failed; after one more, the operation failed.
const PAUSES: [SignedDuration; 3] =
    [SignedDuration::from_mins(1), SignedDuration::from_mins(5), SignedDuration::from_mins(15)];

/// The next attempt of an operation that met what may pass.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Again {
    /// How many failed.
    pub attempts: usize,
    /// When it is tried again.
    pub at: Timestamp,
    /// What failed, in words for who waits.
    pub problem: Problem,
}

/// What an operation waits for before its next attempt, if it does.
pub(crate) fn pause(operation: &Operation, now: Timestamp) -> Option<Problem> {
    let again = operation.again.as_ref()?;
    let left = again.at.duration_since(now);
    let longest = PAUSES.iter().max().copied().unwrap_or_default();
    // More than was ever waited for is left only if the clock was set back.
    let waits = left.is_positive() && left <= longest;
    waits.then(|| again.problem.clone())
}

/// True if the same may succeed a little later, without anybody doing anything.
///
/// Somebody else's lock is gone sooner or later; but whoever asked for the operation has waited for
/// it as long as they chose to, and is told.
fn may_pass(error: &AppError, trigger: Trigger) -> bool {
    match error {
        AppError::StorageOffline { .. } | AppError::StorageFailed { .. } => true,
        AppError::RepositoryLocked { .. } => trigger.is_unattended(),
        _ => false,
    }
}

impl State {
    /// Puts an operation that met what may pass back into the queue. False if it is to end here: for
    /// good, because the app closes, or because it was tried often enough.
    pub(crate) fn wait_to_try_again(&self, operation: &Operation, error: &AppError) -> bool {
        let attempts = operation.again.as_ref().map_or(0, |again| again.attempts);
        // A restore is done by a preview, which does not hold for the second half of it.
        let is_final = !may_pass(error, operation.trigger)
            || operation.task == Task::Restore
            || self.is_closing.load(Ordering::Acquire)
            || self.lost_drive(operation).is_some();
        let (false, Some(pause)) = (is_final, PAUSES.get(attempts)) else { return false };
        let at = self.now().saturating_add(*pause).unwrap_or(Timestamp::MAX);
        let in_words = span(i64::try_from(pause.as_millis()).unwrap_or(i64::MAX));
        let text = format!("{}; trying again in {in_words}", chain(error));
        self.note(&operation.id, LogLevel::Warning, text);
        let clock = self.zone().to_datetime(at).strftime("%H:%M").to_string();
        let advice = format!("Holdfast tries again by itself at {clock}.");
        let problem = Problem { advice, ..error.problem() };
        self.update(&operation.id, |operation| {
            operation.state = OperationState::Queued;
            operation.started_at = None;
            operation.waiting_for = Some(problem.clone());
            operation.again = Some(Again { attempts: attempts + 1, at, problem });
        });
        self.back_to_queue(&operation.id);
        true
    }

    /// Moves a running operation back to what waits. Who asked for it to be stopped at the very
    /// end of its work is heard all the same.
    fn back_to_queue(&self, id: &OperationId) {
        let is_cancelled = {
            let mut queue = self.queue.lock();
            queue.wait_again(id, self.now());
            self.live.lock().remove(id).is_some_and(|live| live.cancel.is_cancelled())
        };
        if is_cancelled && !self.is_closing.load(Ordering::Acquire) {
            // It is known: it was just put there.
            let _ = self.cancel(id);
        }
    }

    /// Somebody asks for what waits: it is tried now, and is theirs from now on.
    pub(crate) fn hurry(self: &Arc<Self>, id: &OperationId) {
        let now = self.now();
        self.queue.lock().asked_for(id);
        self.update(id, |operation| {
            if operation.state == OperationState::Queued && operation.trigger.is_unattended() {
                operation.trigger = Trigger::Manual;
            }
            if let Some(again) = &mut operation.again {
                again.at = now;
            }
        });
        self.pump();
    }

    /// Does again what an operation tried.
    pub(crate) fn retry(self: &Arc<Self>, id: &OperationId) -> Result<RunStarted, AppError> {
        let operation = self.operation(id)?;
        if operation.is_live() {
            self.hurry(id);
            return self.join(id);
        }
        match (&operation.task, &operation.plan) {
            (Task::Backup, Some((plan, _))) => self.run_plan(plan, Trigger::Retry),
            (Task::Verify { .. } | Task::Forget { .. }, _) => {
                let task = operation.task.clone();
                self.request(task, &operation.repository, None, Trigger::Retry)
            }
            // A restore is done by a preview, and that of an earlier one is no longer true.
            _ => Err(AppError::PreviewOutdated { source: None }),
        }
    }
}
