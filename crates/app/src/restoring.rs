//! Bringing files back: a preview, and then exactly what it showed.
//!
//! Before the first byte is written the preview is made again; if it is no longer the same, because
//! the snapshot or the target changed, nothing is written. What is replaced is kept aside until the
//! person removes it.

use std::collections::VecDeque;
use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use holdfast_engine::index::Index;
use holdfast_engine::monitor::{Cancellation, Monitor, Unwatched};
use holdfast_engine::restore::{
    Destination, Overwrite, PreviewAction, PreviewEntry, PreviewTotals, Restore, RestoreError,
    RestoreOptions, Selection, free_bytes,
};
use holdfast_engine::snapshot::Snapshot;
use jiff::Timestamp;
use parking_lot::Mutex;

use crate::api::{
    LogLevel, OnConflict, OperationId, OperationSummary, PreviewId, RestoreAction,
    RestoreDestination, RestoreEntry, RestorePreview, RestoreRequest, RunStarted, Trigger,
};
use crate::browse::load_snapshot;
use crate::durable;
use crate::engine_work::Named;
use crate::error::AppError;
use crate::operation::Task;
use crate::repositories::Ready;
use crate::run::{Done, Job};
use crate::snapshot_path;
use crate::state::State;
use crate::text::{bytes, counted};

/// How many entries of a preview are shown.
const ENTRIES_SHOWN: usize = 1000;

/// How many previews are kept; older ones are forgotten.
const PREVIEWS_KEPT: usize = 8;

/// Previews that can still be applied.
#[derive(Default)]
pub(crate) struct Previews {
    kept: Mutex<VecDeque<Kept>>,
}

#[derive(Clone)]
struct Kept {
    id: PreviewId,
    request: RestoreRequest,
    seen: Seen,
    /// The operation that applies it, once there is one.
    operation: Option<OperationId>,
}

/// What a preview saw, for comparing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Seen {
    totals: PreviewTotals,
    entries: u64,
}

/// Everything a restore is made of.
struct Plan {
    snapshot: Snapshot,
    options: RestoreOptions,
    target: Option<PathBuf>,
}

impl State {
    /// What a restore would do.
    pub(crate) fn preview_restore(
        &self,
        request: RestoreRequest,
    ) -> Result<RestorePreview, AppError> {
        let ready = self.open(&request.repository)?;
        let plan = restore_plan(&ready, &request)?;
        let mut shown = Shown::default();
        let look = |index: &Index, shown: &mut Shown| {
            preview(&ready, index, &plan, &Unwatched, &Cancellation::default(), shown)
        };
        let read = |error| ready.named.read(error);
        let index = self.shelf.index(&ready).map_err(read)?;
        let totals = match look(&index, &mut shown) {
            // The snapshot may be newer than the index that was kept.
            Err(RestoreError::Read { .. }) => {
                shown = Shown::default();
                look(&*self.shelf.read_index(&ready).map_err(read)?, &mut shown)
            }
            looked => looked,
        };
        let totals = totals.map_err(|error| restore_error(&ready.named, error))?;
        let id = PreviewId(self.new_name());
        let seen = Seen { totals, entries: shown.hasher.finish() };
        let kept = Kept { id: id.clone(), request, seen, operation: None };
        let mut all = self.previews.kept.lock();
        all.push_back(kept);
        if all.len() > PREVIEWS_KEPT {
            all.pop_front();
        }
        drop(all);
        Ok(self.shown_preview(id, &plan, totals, shown))
    }

    fn shown_preview(
        &self,
        id: PreviewId,
        plan: &Plan,
        totals: PreviewTotals,
        shown: Shown,
    ) -> RestorePreview {
        let place = plan.target.clone().or_else(|| plan.snapshot.paths.first().map(PathBuf::from));
        let free = place.as_deref().and_then(|place| free_bytes(place).ok());
        let full = full_target(plan, totals, free);
        RestorePreview {
            id,
            create: totals.create + totals.keep_both,
            overwrite: totals.overwrite,
            unchanged: totals.unchanged,
            skip: totals.skip,
            lost: totals.problems,
            bytes: totals.bytes,
            truncated: shown.count > shown.entries.len() as u64,
            entries: shown.entries,
            free_space: free,
            problems: full.iter().map(AppError::problem).collect(),
        }
    }

    /// Queues what a preview showed.
    pub(crate) fn start_restore(self: &Arc<Self>, id: &PreviewId) -> Result<RunStarted, AppError> {
        let outdated = || AppError::PreviewOutdated { source: None };
        let kept = {
            let kept = self.previews.kept.lock();
            kept.iter().find(|kept| kept.id == *id).cloned().ok_or_else(outdated)?
        };
        if kept.operation.is_some() {
            return Err(outdated());
        }
        let repository = &kept.request.repository;
        let operation = self.new_operation(Task::Restore, repository, None, Trigger::Manual)?;
        for kept in self.previews.kept.lock().iter_mut().filter(|kept| kept.id == *id) {
            kept.operation = Some(operation.id.clone());
        }
        self.record(&operation);
        self.enqueue(&operation);
        self.pump();
        Ok(RunStarted { operation: operation.id, joined: false, since: None, progress: None })
    }

    /// Applies the preview of an operation, if it still holds.
    pub(crate) fn restore(self: &Arc<Self>, job: &Job<'_>) -> Result<Done, AppError> {
        let kept = self.preview_of(&job.operation.id);
        let kept = kept.ok_or(AppError::PreviewOutdated { source: None })?;
        let ready = self.open(&kept.request.repository)?;
        let lock = match self.take_lock(&ready, job, "restore", false) {
            Ok(lock) => Some(lock),
            // A repository that cannot be written to can be restored from all the same.
            Err(AppError::StorageDenied { .. }) => {
                let text = "The repository is read-only, so it was not locked";
                self.note(&job.operation.id, LogLevel::Warning, text);
                None
            }
            Err(error) => return Err(error),
        };
        let mut plan = restore_plan(&ready, &kept.request)?;
        let index = ready.repository.load_readable_index(job.meter, job.cancel);
        let index = index.map_err(|error| ready.named.read(error))?;
        let mut shown = Shown::default();
        let totals = preview(&ready, &index, &plan, &Unwatched, job.cancel, &mut shown);
        let totals = totals.map_err(|error| restore_error(&ready.named, error))?;
        if (Seen { totals, entries: shown.hasher.finish() }) != kept.seen {
            return Err(AppError::PreviewOutdated { source: None });
        }
        let place = plan.target.clone().or_else(|| plan.snapshot.paths.first().map(PathBuf::from));
        let free = place.as_deref().and_then(|place| free_bytes(place).ok());
        if let Some(full) = full_target(&plan, totals, free) {
            return Err(full);
        }
        let aside = if totals.overwrite > 0 { Some(self.folder_aside()?) } else { None };
        plan.options.keep_replaced.clone_from(&aside);
        let outcome = engine_restore(&ready, &index, &plan).run(job.meter, job.cancel);
        let aside = aside.filter(|aside| self.note_kept(&job.operation.id, aside));
        let outcome = outcome.map_err(|error| restore_error(&ready.named, error))?;
        if let Some(lock) = lock {
            self.release(&job.operation.id, lock);
        }
        let files = outcome.restored.saturating_sub(outcome.folders);
        let text =
            format!("Restored {} with {}", counted(files, "file"), bytes(outcome.restored_bytes));
        self.note(&job.operation.id, LogLevel::Info, text);
        let count = outcome.failures;
        Ok(Done {
            summary: OperationSummary {
                files_new: totals.create + totals.keep_both,
                files_changed: totals.overwrite,
                files_unmodified: totals.unchanged,
                files,
                bytes: outcome.restored_bytes,
                snapshot: Some(kept.request.snapshot),
                target: plan.target.map(|target| target.display().to_string()),
                kept: aside.map(|aside| aside.display().to_string()),
                ..OperationSummary::default()
            },
            problem: (count > 0).then_some(AppError::FilesNotRestored { count }),
            is_failure: false,
        })
    }

    /// A new folder for what a restore replaces: no other restore's, and for nobody else to see.
    fn folder_aside(&self) -> Result<PathBuf, AppError> {
        let all = self.surroundings.state_folder.join("replaced");
        let stamp = self.zone().to_datetime(self.now()).strftime("%Y-%m-%d %H.%M.%S").to_string();
        let aside = durable::free_path(&all, &stamp, "");
        let made = durable::make_folder(&aside);
        made.map_err(|error| AppError::TargetUnwritable {
            path: aside.clone(),
            source: Box::new(error),
        })?;
        Ok(aside)
    }

    /// Notes where replaced files are kept. False if there are none.
    fn note_kept(&self, operation: &OperationId, aside: &Path) -> bool {
        // Only a folder that is empty goes.
        if fs::remove_dir(aside).is_ok() {
            if let Some(all) = aside.parent() {
                let _ = fs::remove_dir(all);
            }
            return false;
        }
        let text = format!("What was replaced is kept in {}", aside.display());
        self.note(operation, LogLevel::Info, text);
        true
    }

    /// True if a restore from the snapshot runs or waits.
    pub(crate) fn restores_from(&self, snapshot: &str) -> bool {
        let kept = self.previews.kept.lock();
        let of_it = kept.iter().filter(|kept| kept.request.snapshot == snapshot);
        let operations: Vec<_> = of_it.filter_map(|kept| kept.operation.clone()).collect();
        drop(kept);
        operations.iter().any(|id| self.operation(id).is_ok_and(|one| one.is_live()))
    }

    fn preview_of(&self, operation: &OperationId) -> Option<Kept> {
        let kept = self.previews.kept.lock();
        kept.iter().find(|kept| kept.operation.as_ref() == Some(operation)).cloned()
    }
}

/// What a preview shows, and a sum over all of it.
#[derive(Default)]
struct Shown {
    entries: Vec<RestoreEntry>,
    count: u64,
    hasher: DefaultHasher,
}

impl Shown {
    fn take(&mut self, entry: &PreviewEntry<'_>) {
        let action = match entry.action {
            PreviewAction::Create => RestoreAction::Create,
            PreviewAction::Overwrite => RestoreAction::Overwrite,
            PreviewAction::KeepBoth => RestoreAction::KeepBoth,
            PreviewAction::Unchanged => RestoreAction::Unchanged,
            _ => RestoreAction::Skip,
        };
        (entry.target, action, entry.size).hash(&mut self.hasher);
        (entry.existing_size, entry.existing_modified).hash(&mut self.hasher);
        self.count += 1;
        let shown = RestoreEntry {
            path: entry.target.display().to_string(),
            action,
            size: entry.size,
            existing_size: entry.existing_size,
            existing_modified: entry.existing_modified.and_then(millis),
        };
        // What would be overwritten matters most, so it takes the place of something else.
        if self.entries.len() < ENTRIES_SHOWN {
            self.entries.push(shown);
        } else if action == RestoreAction::Overwrite
            && let Some(other) =
                self.entries.iter_mut().rev().find(|other| other.action != RestoreAction::Overwrite)
        {
            *other = shown;
        }
    }
}

fn millis(time: SystemTime) -> Option<i64> {
    Timestamp::try_from(time).ok().map(Timestamp::as_millisecond)
}

fn preview(
    ready: &Ready,
    index: &Index,
    plan: &Plan,
    monitor: &dyn Monitor,
    cancel: &Cancellation,
    shown: &mut Shown,
) -> Result<PreviewTotals, RestoreError> {
    let restore = engine_restore(ready, index, plan);
    let totals = restore.preview(false, monitor, cancel, &mut |entry| shown.take(entry))?;
    shown.entries.sort_by_key(|entry| entry.action != RestoreAction::Overwrite);
    Ok(totals)
}

fn engine_restore<'a>(ready: &'a Ready, index: &'a Index, plan: &'a Plan) -> Restore<'a> {
    Restore {
        repository: &ready.repository,
        index,
        tree: plan.snapshot.tree,
        options: &plan.options,
    }
}

fn restore_plan(ready: &Ready, request: &RestoreRequest) -> Result<Plan, AppError> {
    let snapshot = load_snapshot(ready, &request.snapshot)?;
    let items: Vec<Vec<u8>> = request.items.iter().map(|item| snapshot_path::bytes(item)).collect();
    let target = match &request.destination {
        RestoreDestination::Original => None,
        RestoreDestination::Folder { path } if Path::new(path).is_absolute() => {
            Some(PathBuf::from(path))
        }
        RestoreDestination::Folder { path } => {
            return Err(AppError::FolderUnknown { path: path.clone() });
        }
    };
    let paths = snapshot.paths.iter().map(PathBuf::from).collect();
    let destination = match &target {
        Some(folder) => Destination::Items { target: folder.clone(), paths },
        None => Destination::Original { paths },
    };
    let mut options = RestoreOptions::new(destination);
    options.selection = if items.is_empty() { Selection::All } else { Selection::Paths(items) };
    options.overwrite = match request.on_conflict {
        OnConflict::KeepBoth => Overwrite::KeepBoth,
        // Not `Always`, which would also write what the preview called unchanged.
        OnConflict::Replace => Overwrite::IfChanged,
        OnConflict::ReplaceIfNewer => Overwrite::IfNewer,
        OnConflict::Skip => Overwrite::Never,
    };
    options.sparse = true;
    options.verify = request.verify;
    Ok(Plan { snapshot, options, target })
}

fn full_target(plan: &Plan, totals: PreviewTotals, free: Option<u64>) -> Option<AppError> {
    let free = free.filter(|free| *free < totals.bytes)?;
    let path = plan.target.clone().unwrap_or_else(|| PathBuf::from("/"));
    Some(AppError::TargetFull { path, room: Some((totals.bytes, free)) })
}

fn restore_error(named: &Named, error: RestoreError) -> AppError {
    match error {
        RestoreError::Cancelled => AppError::Cancelled,
        RestoreError::Read { source } => named.read(source),
        RestoreError::Target { path, source } => {
            AppError::TargetUnwritable { path, source: Box::new(source) }
        }
        RestoreError::TargetFull { path, .. } => AppError::TargetFull { path, room: None },
        RestoreError::NotInSnapshot { path } | RestoreError::NoOriginal { path } => {
            AppError::FolderUnknown { path }
        }
        other => AppError::unexpected("could not restore", other),
    }
}
