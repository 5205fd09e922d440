//! Work on a repository itself: verifying it, and removing snapshots by id.

use std::sync::Arc;

use holdfast_engine::check::{self, CheckOptions, DataSubset};
use holdfast_engine::forget::{self, ForgetError};
use holdfast_engine::id::SnapshotId;
use holdfast_engine::lock::HeldLock;

use crate::api::{
    LogLevel, OperationId, OperationSummary, RepositoryId, RunStarted, Trigger, VerifyScope,
};
use crate::error::AppError;
use crate::operation::Task;
use crate::run::{Done, Job};
use crate::state::State;
use crate::text::{bytes, counted};

impl State {
    /// Verifies a repository. Others may store beside it; none may remove.
    pub(crate) fn verify(
        self: &Arc<Self>,
        job: &Job<'_>,
        scope: VerifyScope,
    ) -> Result<Done, AppError> {
        let ready = self.open(&job.operation.repository)?;
        let lock = self.take_lock(&ready, job, "check", false)?;
        let data = match scope {
            VerifyScope::Structure => DataSubset::None,
            VerifyScope::Subset { percent } if percent < 100.0 => {
                DataSubset::Percent(percent.max(0.01))
            }
            VerifyScope::Subset { .. } => DataSubset::All,
            VerifyScope::All => DataSubset::All,
        };
        let options = CheckOptions { data, ..CheckOptions::default() };
        let outcome = check::check(&ready.repository, &options, job.meter, job.cancel);
        let outcome = outcome.map_err(|error| ready.named.read(error))?;
        self.release(&job.operation.id, lock);
        let (snapshots, packs) = (outcome.snapshots as u64, outcome.packs_read as u64);
        let text = format!(
            "Verified {}; read back {} with {}",
            counted(snapshots, "snapshot"),
            counted(packs, "pack"),
            bytes(outcome.bytes_read)
        );
        self.note(&job.operation.id, LogLevel::Info, text);
        let count = outcome.errors;
        Ok(Done {
            summary: OperationSummary {
                files: packs,
                bytes: outcome.bytes_read,
                ..OperationSummary::default()
            },
            problem: (count > 0).then_some(AppError::VerifyFoundProblems { count }),
            is_failure: count > 0,
        })
    }

    /// Queues the removal of snapshots, unless one is in use.
    pub(crate) fn forget_snapshots(
        self: &Arc<Self>,
        repository: &RepositoryId,
        snapshots: Vec<String>,
    ) -> Result<RunStarted, AppError> {
        let unknown = |id: &String| id.parse::<SnapshotId>().is_err();
        if let Some(id) = snapshots.iter().find(|id| unknown(id)) {
            return Err(AppError::SnapshotUnknown { id: id.clone() });
        }
        self.refuse_in_use(&snapshots)?;
        self.request(Task::Forget { snapshots }, repository, None, Trigger::Manual)
    }

    /// Removes snapshots.
    pub(crate) fn forget(
        self: &Arc<Self>,
        job: &Job<'_>,
        snapshots: &[String],
    ) -> Result<Done, AppError> {
        self.refuse_in_use(snapshots)?;
        let ready = self.open(&job.operation.repository)?;
        let ids: Vec<SnapshotId> = snapshots.iter().filter_map(|id| id.parse().ok()).collect();
        let lock = self.take_lock(&ready, job, "forget", true)?;
        let outcome = forget::forget(&ready.repository, &ids, &lock, job.meter, job.cancel);
        let outcome = outcome.map_err(|error| match error {
            ForgetError::Cancelled { .. } => AppError::Cancelled,
            other => AppError::LockLost { name: ready.named.name.clone(), source: other.into() },
        })?;
        self.release(&job.operation.id, lock);
        for id in &outcome.removed {
            let text = format!("Removed snapshot {}", id.short());
            self.note(&job.operation.id, LogLevel::Info, text);
        }
        let failed = outcome.failed.len() as u64;
        Ok(Done {
            summary: OperationSummary {
                files: outcome.removed.len() as u64,
                ..OperationSummary::default()
            },
            problem: (failed > 0).then(|| AppError::StorageFailed {
                location: ready.named.location.clone(),
                source: format!("{} could not be removed", counted(failed, "snapshot")).into(),
            }),
            is_failure: failed > 0,
        })
    }

    /// Refuses snapshots that are being restored, wait to be, or are shown.
    fn refuse_in_use(&self, snapshots: &[String]) -> Result<(), AppError> {
        let now = self.now();
        for id in snapshots {
            let is_open = self.shelf.is_open(id, now);
            if is_open || self.restores_from(id) {
                return Err(AppError::SnapshotInUse { id: id.clone(), is_open });
            }
        }
        Ok(())
    }

    /// Releases a lock. One that cannot be removed now is noted; the next operation removes it.
    pub(crate) fn release(&self, operation: &OperationId, lock: HeldLock) {
        if let Err(error) = lock.release() {
            let text = format!("The lock could not be removed yet: {error}");
            self.note(operation, LogLevel::Warning, text);
        }
    }
}
