//! The end of a backup: everything durable, then the snapshot that makes it count.

use std::sync::atomic::{AtomicU64, Ordering};

use jiff::Timestamp;

use super::archive::Archive;
use super::{Backup, BackupError, BackupOutcome, Mode, Recorded, Watch};
use crate::id::TreeId;
use crate::monitor::{Event, Phase};
use crate::rearrange::store_snapshot;
use crate::snapshot::{Snapshot, SnapshotSummary};
use crate::tree::Tree;

impl Backup<'_> {
    /// Makes everything durable, and writes the snapshot that makes it count.
    pub(super) fn commit(
        &self,
        archive: &Archive<'_>,
        tree: TreeId,
        recorded: &Recorded,
        watch: Watch<'_>,
    ) -> Result<BackupOutcome, BackupError> {
        watch.monitor.event(Event::Phase(Phase::Committing));
        if tree == Tree::default().id() {
            return Err(BackupError::Empty);
        }
        let parent = recorded.parent;
        let summary = self.summary(archive, recorded.begun);
        let mut outcome = BackupOutcome {
            snapshot: None,
            tree,
            parent: parent.map(|(id, _)| id),
            summary,
            findings: archive.counts.findings.load(Ordering::Relaxed),
        };
        if matches!(self.mode, Mode::DryRun) {
            return Ok(outcome);
        }
        archive.store.flush(self.fence())?;
        if self.options.skip_if_unchanged && parent.is_some_and(|(_, before)| before == tree) {
            return Ok(outcome);
        }
        if watch.cancel.is_cancelled() {
            return Err(BackupError::Cancelled);
        }
        let snapshot = self.snapshot(&outcome, recorded);
        let fence = || self.fence().check();
        let stored = store_snapshot(self.repository, &snapshot, &fence, "commit", watch.monitor);
        outcome.snapshot = Some(stored?);
        Ok(outcome)
    }

    fn snapshot(&self, outcome: &BackupOutcome, recorded: &Recorded) -> Snapshot {
        let time = self.at(self.options.time.unwrap_or(recorded.begun));
        Snapshot {
            parent: outcome.parent,
            hostname: self.hostname().to_owned(),
            username: self.identity.username.clone(),
            uid: self.identity.uid,
            gid: self.identity.gid,
            excludes: self.options.excludes.clone(),
            tags: self.options.tags.clone(),
            program_version: self.identity.program_version.clone(),
            summary: Some(outcome.summary.clone()),
            ..Snapshot::new(time, outcome.tree, recorded.paths.clone())
        }
    }

    fn summary(&self, archive: &Archive<'_>, begun: Timestamp) -> SnapshotSummary {
        let (items, stored) = (&archive.counts, archive.store.counts());
        let count = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let files_new = count(&items.files_new);
        let files_changed = count(&items.files_changed);
        let files_unmodified = count(&items.files_unmodified);
        SnapshotSummary {
            backup_start: self.at(begun),
            backup_end: self.at(self.clock.now()),
            files_new,
            files_changed,
            files_unmodified,
            dirs_new: count(&items.folders_new),
            dirs_changed: count(&items.folders_changed),
            dirs_unmodified: count(&items.folders_unmodified),
            data_blobs: count(&stored.data_blobs),
            tree_blobs: count(&stored.tree_blobs),
            data_added: count(&stored.added_bytes),
            data_added_packed: count(&stored.stored_bytes),
            total_files_processed: files_new + files_changed + files_unmodified,
            total_bytes_processed: count(&items.bytes),
            unknown: Vec::new(),
        }
    }
}
