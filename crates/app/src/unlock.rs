//! Locks: taken with Auto Unlock as the person set it, and removed by the person's decision.
//!
//! Every removal becomes an operation that says whose lock it was, how old, and how it is known
//! that its owner is gone.

use std::sync::Arc;
use std::time::Duration;

use holdfast_engine::id::LockId;
use holdfast_engine::lock::{self, HeldLock, LockError, LockRequest, RemovedLock};

use crate::api::{
    LockVerdict, LogLevel, OperationId, OperationState, OperationSummary, OperationView,
    ProgressPhase, RepositoryId, RunStarted, Trigger,
};
use crate::engine_work;
use crate::error::AppError;
use crate::notices;
use crate::operation::{Operation, Task};
use crate::ports::NoticeAction;
use crate::repositories::Ready;
use crate::run::Job;
use crate::state::State;
use crate::text::span;

impl State {
    /// Takes a lock for an operation. What Auto Unlock removed on the way is recorded and told.
    pub(crate) fn take_lock(
        self: &Arc<Self>,
        ready: &Ready,
        job: &Job<'_>,
        word: &str,
        exclusive: bool,
    ) -> Result<HeldLock, AppError> {
        let minutes = u64::from(ready.entry.lock_wait_minutes);
        let request = LockRequest {
            exclusive,
            wait: Duration::from_secs(minutes * 60),
            auto_unlock: engine_work::auto_unlock(ready.entry.auto_unlock),
            operation: word.to_owned(),
        };
        let context = self.lock_context(&ready.entry.id);
        let taken = lock::acquire(&ready.repository, &request, &context, job.meter, job.cancel);
        let removed = match &taken {
            Ok(held) => held.removed(),
            Err(LockError::Held { removed, .. }) => removed,
            Err(_) => &[],
        };
        if !removed.is_empty() {
            self.record_removed(job.operation, removed);
        }
        job.meter.enter(ProgressPhase::Preparing);
        taken.map_err(|error| ready.named.lock(error, minutes))
    }

    fn record_removed(self: &Arc<Self>, cause: &Operation, removed: &[RemovedLock]) {
        let recorded = self.new_operation(Task::Unlock, &cause.repository, None, Trigger::Conflict);
        let Ok(mut operation) = recorded else { return };
        operation.run = cause.run.clone();
        operation.plan.clone_from(&cause.plan);
        let operation = self.settle_unlock(operation, removed);
        let whose: Vec<String> = removed.iter().map(engine_work::former_holder).collect();
        for whose in &whose {
            let text = format!("Removed the lock left behind by {whose}");
            self.note(&cause.id, LogLevel::Warning, text);
        }
        let (operation, whose) = (Box::new(operation.view(None)), whose.join(", "));
        self.tell_news(Some(notices::Event::Unlocked { operation, whose }));
    }

    fn settle_unlock(
        self: &Arc<Self>,
        mut operation: Operation,
        removed: &[RemovedLock],
    ) -> Operation {
        for lock in removed {
            self.note(&operation.id, LogLevel::Info, proof(lock));
        }
        operation.started_at = Some(operation.queued_at);
        operation.finished_at = Some(self.now());
        operation.state = OperationState::Succeeded;
        let files = removed.len() as u64;
        operation.summary = Some(OperationSummary { files, ..OperationSummary::default() });
        self.record(&operation);
        self.fire_outcome(&operation);
        operation
    }

    /// Removes locks by id: the person decided, having seen whose they are.
    pub(crate) fn unlock(
        self: &Arc<Self>,
        id: &RepositoryId,
        locks: &[String],
    ) -> Result<OperationView, AppError> {
        let ready = self.open(id)?;
        let ids: Vec<LockId> = locks.iter().filter_map(|lock| lock.parse().ok()).collect();
        let context = self.lock_context(id);
        let held = self.own_locks(&ready)?;
        if ids.iter().any(|lock| held.contains(&lock.to_string())) {
            return Err(AppError::LockIsOurs { name: ready.entry.name });
        }
        let preview = lock::unlock(&ready.repository, &context, &ids);
        let preview = preview.map_err(|error| ready.named.unlock(error))?;
        let removed = preview.apply(&ready.repository, &context);
        let removed = removed.map_err(|error| ready.named.unlock(error))?;
        let operation = self.new_operation(Task::Unlock, id, None, Trigger::Manual)?;
        let operation = self.settle_unlock(operation, &removed);
        self.look(id);
        Ok(operation.view(None))
    }

    fn own_locks(&self, ready: &Ready) -> Result<Vec<String>, AppError> {
        let locks = self.repository_locks(&ready.entry.id)?;
        Ok(locks.into_iter().filter(|lock| lock.ours).map(|lock| lock.id).collect())
    }

    /// Removes the locks in the way of an operation that are proven dead, and tries it again.
    pub(crate) fn unlock_and_retry(
        self: &Arc<Self>,
        id: &OperationId,
    ) -> Result<RunStarted, AppError> {
        let operation = self.operation(id)?;
        let locks = self.repository_locks(&operation.repository)?;
        let dead = locks.into_iter().filter(|lock| lock.verdict == LockVerdict::Dead);
        let dead: Vec<String> = dead.map(|lock| lock.id).collect();
        if !dead.is_empty() {
            self.unlock(&operation.repository, &dead)?;
        }
        self.retry(id)
    }

    /// Does what a person chose on a notice.
    pub(crate) fn act(self: &Arc<Self>, action: NoticeAction, operation: &OperationId) {
        let done = match action {
            NoticeAction::Retry => self.retry(operation).map(drop),
            NoticeAction::UnlockAndRetry => self.unlock_and_retry(operation).map(drop),
            _ => Ok(()),
        };
        if let Err(error) = done {
            self.note(operation, LogLevel::Error, format!("Could not try again: {error}"));
        }
    }
}

/// Whose lock it was, how old, and how it is known that its owner is gone.
fn proof(removed: &RemovedLock) -> String {
    let whose = engine_work::former_holder(removed);
    let age = match removed.age() {
        Some(age) => format!(", {} old", span(i64::try_from(age.as_millis()).unwrap_or(i64::MAX))),
        None => String::new(),
    };
    let reasons: Vec<String> = removed.verdict.reasons.iter().map(ToString::to_string).collect();
    format!("Removed lock {} of {whose}{age}: {}", removed.id.short(), reasons.join("; "))
}
