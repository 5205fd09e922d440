//! The backup of a plan: preflight, lock, pipeline, and what came of it.

use std::path::Path;
use std::sync::Arc;

use holdfast_engine::backup::{Backup, BackupOptions, BackupOutcome, Mode, Sources};
use holdfast_engine::index::Index;
use holdfast_engine::listing::{self, FolderError};
use holdfast_engine::lock::HeldLock;
use holdfast_engine::monitor::Unwatched;
use holdfast_engine::snapshot::{self, Snapshot};

use crate::api::{LogLevel, OperationSummary, ProgressPhase};
use crate::error::AppError;
use crate::operation::Operation;
use crate::plan::{self, Plan};
use crate::preflight;
use crate::repositories::Ready;
use crate::run::{Done, Job};
use crate::state::State;
use crate::text::{bytes, counted};

impl State {
    /// Makes a snapshot of the operation's plan.
    pub(crate) fn back_up(self: &Arc<Self>, job: &Job<'_>) -> Result<Done, AppError> {
        let Some((plan, _)) = &job.operation.plan else {
            return Err(AppError::PlanUnknown { id: String::new() });
        };
        let plan = self.plan(plan)?;
        // Not the plan's: it may have been changed since, and the queue knows of this one only.
        let ready = self.open(&job.operation.repository)?;
        let where_to = format!("Backing up to {}", ready.named.location);
        self.note(&job.operation.id, LogLevel::Info, where_to);
        self.preflight(&plan, &ready, job)?;
        let lock = self.take_lock(&ready, job, "backup", false)?;
        job.meter.enter(ProgressPhase::Preparing);
        let read = |error| ready.named.read(error);
        let mut index = ready.repository.load_index(job.cancel).map_err(read)?;
        self.refuse_emptied(&plan, &ready, &index)?;
        let outcome = self.snapshot_of(&plan, &ready, &lock, &mut index, job)?;
        self.release(&job.operation.id, lock);
        let done = done(&outcome);
        self.note(&job.operation.id, LogLevel::Info, in_words(&done.summary));
        Ok(done)
    }

    fn preflight(&self, plan: &Plan, ready: &Ready, job: &Job<'_>) -> Result<(), AppError> {
        let wrong = preflight::of_sources(plan, &ready.entry).into_iter().next();
        wrong.map_or(Ok(()), Err)?;
        let backups = self.backups_of(&plan.id);
        let estimate = if backups.iter().any(Operation::is_good_backup) {
            preflight::estimate(&backups)
        } else {
            Some(preflight::first_estimate(plan, &self.zone(), job.cancel))
        };
        let volumes = self.ports.volumes.as_ref();
        preflight::of_destination(&ready.entry, volumes, estimate).map_or(Ok(()), Err)
    }

    /// Refuses a source that is empty now and was not in the plan's newest snapshot: so look drives
    /// that are not mounted.
    ///
    /// The snapshot is looked for in the repository itself: what the app remembers of it may be
    /// nothing, as right after a start.
    fn refuse_emptied(&self, plan: &Plan, ready: &Ready, index: &Index) -> Result<(), AppError> {
        let empty: Vec<&Path> = preflight::empty_sources(plan).collect();
        if empty.is_empty() {
            return Ok(());
        }
        let read = |error| ready.named.read(error);
        let all = snapshot::load_all(&ready.repository, &Unwatched).map_err(read)?;
        let of_plan = |snapshot: &Snapshot| snapshot.tags.contains(&plan.tag());
        let Some((_, newest)) = all.iter().rev().find(|(_, one)| of_plan(one)) else {
            return Ok(());
        };
        for source in empty {
            let path = path_in_snapshot(source);
            let folder = match listing::find_folder(&ready.repository, index, newest.tree, &path) {
                Ok(folder) => folder,
                Err(FolderError::Read(error)) => return Err(read(error)),
                // A folder that the snapshot does not hold was not there before.
                Err(_) => continue,
            };
            let held = ready.repository.read_tree(index, folder).map_err(read)?;
            if !held.nodes.is_empty() {
                return Err(AppError::SourceEmpty { path: source.to_owned() });
            }
        }
        Ok(())
    }

    fn snapshot_of(
        &self,
        plan: &Plan,
        ready: &Ready,
        lock: &HeldLock,
        index: &mut Index,
        job: &Job<'_>,
    ) -> Result<BackupOutcome, AppError> {
        let options = BackupOptions {
            rules: preflight::rules(&plan.excludes)?,
            excludes: plan::patterns(&plan.excludes),
            tags: vec![plan.tag()],
            reads_in_turns: plan.sources.iter().any(|source| self.ports.volumes.spins(source)),
            ..BackupOptions::default()
        };
        let zone = self.zone();
        let backup = Backup {
            repository: &ready.repository,
            mode: Mode::Store(lock),
            identity: &self.surroundings.identity,
            clock: self.ports.clock.as_ref(),
            zone: &zone,
            options: &options,
        };
        // All sources are absolute, so the working folder is never looked at.
        let sources = Sources::Paths { targets: &plan.sources, working_folder: Path::new("/") };
        let outcome = backup.run(index, sources, job.meter, job.cancel);
        outcome.map_err(|error| ready.named.backup(error))
    }
}

fn done(outcome: &BackupOutcome) -> Done {
    let figures = &outcome.summary;
    let summary = OperationSummary {
        files_new: figures.files_new,
        files_changed: figures.files_changed,
        files_unmodified: figures.files_unmodified,
        files: figures.total_files_processed,
        bytes: figures.total_bytes_processed,
        added_bytes: figures.data_added,
        stored_bytes: figures.data_added_packed,
        snapshot: outcome.snapshot.map(|id| id.to_string()),
        target: None,
        kept: None,
    };
    let count = outcome.findings;
    let problem = (count > 0).then_some(AppError::FilesSkipped { count });
    Done { summary, problem, is_failure: false }
}

fn in_words(summary: &OperationSummary) -> String {
    format!(
        "Stored {} ({} new, {} changed) with {}; {} added, {} stored",
        counted(summary.files, "file"),
        summary.files_new,
        summary.files_changed,
        bytes(summary.bytes),
        bytes(summary.added_bytes),
        bytes(summary.stored_bytes),
    )
}

/// Where a source lies in a snapshot of it: slashes between the names, and on Windows the drive's
/// letter as a folder.
pub(crate) fn path_in_snapshot(source: &Path) -> Vec<u8> {
    let mut path = Vec::new();
    for component in source.components() {
        use std::path::Component::{Normal, Prefix};
        let name = match component {
            Normal(name) => holdfast_engine::backup::source::name_bytes(name).to_vec(),
            Prefix(prefix) => {
                let text = prefix.as_os_str().to_string_lossy();
                text.trim_end_matches(':').as_bytes().to_vec()
            }
            _ => continue,
        };
        path.push(b'/');
        path.extend(name);
    }
    path
}
