//! Puts new snapshots in the place of old ones.

use super::editor::TreeChange;
use super::trees::Rewritten;
use super::{
    NewTree, Originals, Rewrite, RewriteError, RewriteMode, SnapshotFate, SnapshotRewrite,
};
use crate::backend::{BackendError, BackendErrorKind, FileKind, FileName};
use crate::id::{SnapshotId, TreeId};
use crate::lock::HeldLock;
use crate::monitor::{Event, Finding, FindingKind, Watch, with_causes};
use crate::rearrange::{RearrangeError, store_snapshot};
use crate::snapshot::{Snapshot, SnapshotSummary};
use crate::time::Time;

impl Rewrite<'_> {
    /// Stores the new snapshots one by one, each durably before its original goes.
    pub(super) fn replace_snapshots(
        &self,
        snapshots: &[&(SnapshotId, Snapshot)],
        trees: Vec<NewTree>,
        watch: Watch<'_>,
    ) -> Result<Vec<SnapshotRewrite>, RewriteError> {
        let mut done = Vec::with_capacity(snapshots.len());
        for ((id, snapshot), NewTree { result, notes }) in snapshots.iter().zip(trees) {
            if watch.cancel.is_cancelled() {
                return Err(RewriteError::Cancelled);
            }
            let fate = match result {
                Ok(rewritten) => self.replace(*id, snapshot, rewritten, watch)?,
                Err(error) => failed(*id, &error, watch),
            };
            done.push(SnapshotRewrite { id: *id, fate, notes });
        }
        if let (Err(error), RewriteMode::Store(_)) = (self.repository.backend().sync(), self.mode) {
            // Both are there after a power cut at worst.
            let message = with_causes(&error);
            let finding =
                Finding { kind: FindingKind::Note, path: None, during: "rewrite", message };
            watch.monitor.event(Event::Finding(&finding));
        }
        Ok(done)
    }

    fn replace(
        &self,
        id: SnapshotId,
        old: &Snapshot,
        rewritten: Rewritten,
        watch: Watch<'_>,
    ) -> Result<SnapshotFate, RewriteError> {
        let Some(tree) = rewritten.tree else { return self.remove_lost(id, watch) };
        let Some(new) = self.changed(id, old, tree, rewritten) else {
            return Ok(SnapshotFate::Unchanged);
        };
        let RewriteMode::Store(lock) = self.mode else {
            return Ok(SnapshotFate::Replaced { new: None });
        };
        match self.is_there(id) {
            Ok(true) => {}
            // What somebody has forgotten must not come back.
            Ok(false) => return Ok(SnapshotFate::Vanished),
            Err(error) => return Ok(failed(id, &error, watch)),
        }
        let stored =
            match store_snapshot(self.repository, &new, &|| lock.fence(), "rewrite", watch.monitor)
            {
                Ok(new) => new,
                Err(RearrangeError::LockLost(lost)) => return Err(lost.into()),
                Err(error) => return Ok(failed(id, &error, watch)),
            };
        if self.originals == Originals::Keep {
            return Ok(SnapshotFate::Replaced { new: Some(stored) });
        }
        // Storing can take long, and others forget meanwhile.
        if matches!(self.is_there(id), Ok(false)) && self.remove(stored, lock, watch)? {
            return Ok(SnapshotFate::Vanished);
        }
        Ok(if self.remove(id, lock, watch)? {
            SnapshotFate::Replaced { new: Some(stored) }
        } else {
            SnapshotFate::Doubled { new: stored }
        })
    }

    /// True if the snapshot is in the storage. Its time is asked for, since a local copy of it may
    /// outlive it.
    fn is_there(&self, id: SnapshotId) -> Result<bool, BackendError> {
        match self.repository.backend().modified(FileName::new(FileKind::Snapshot, id.0)) {
            Ok(_) => Ok(true),
            Err(error) if error.kind == BackendErrorKind::NotFound => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// The new snapshot; `None` if it would say the same.
    fn changed(
        &self,
        id: SnapshotId,
        old: &Snapshot,
        tree: TreeId,
        rewritten: Rewritten,
    ) -> Option<Snapshot> {
        let change = self.change;
        let counts = change.counts
            || matches!(change.trees, TreeChange::Exclude(_) | TreeChange::Include(_));
        let summary = counts.then(|| with_counts(old.summary.as_ref(), rewritten));
        let is_counted = summary.as_ref().is_none_or(|new| {
            let totals =
                |it: &SnapshotSummary| (it.total_files_processed, it.total_bytes_processed);
            old.summary.as_ref().is_some_and(|old| totals(old) == totals(new))
        });
        let has_new_metadata = change.hostname.is_some() || change.time.is_some();
        if tree == old.tree && is_counted && !has_new_metadata {
            return None;
        }
        let mut new = Snapshot { tree, original: Some(id), ..old.clone() };
        new.summary = summary.or(new.summary);
        new.time = change.time.unwrap_or(new.time);
        if let Some(hostname) = &change.hostname {
            new.hostname.clone_from(hostname);
        }
        if self.originals == Originals::Keep && !new.tags.contains(&change.tag) {
            new.tags.push(change.tag.clone());
        }
        Some(new)
    }

    /// A snapshot of which nothing is left.
    fn remove_lost(&self, id: SnapshotId, watch: Watch<'_>) -> Result<SnapshotFate, RewriteError> {
        match (&self.change.trees, self.originals, self.mode) {
            (TreeChange::Repair, Originals::Keep, _) => Ok(SnapshotFate::Lost),
            (TreeChange::Repair, Originals::Remove, RewriteMode::DryRun) => {
                Ok(SnapshotFate::Removed)
            }
            (TreeChange::Repair, Originals::Remove, RewriteMode::Store(lock)) => {
                let is_gone = self.remove(id, lock, watch)?;
                Ok(if is_gone { SnapshotFate::Removed } else { SnapshotFate::Lost })
            }
            // Whoever lets nothing in has mistyped what to let in.
            _ => Ok(SnapshotFate::Unchanged),
        }
    }

    /// Removes a snapshot; false if it is still there, which is a finding.
    fn remove(
        &self,
        id: SnapshotId,
        lock: &HeldLock,
        watch: Watch<'_>,
    ) -> Result<bool, RewriteError> {
        lock.fence()?;
        match self.repository.backend().remove(FileName::new(FileKind::Snapshot, id.0)) {
            Ok(()) => Ok(true),
            Err(error) if error.kind == BackendErrorKind::NotFound => Ok(true),
            Err(error) => {
                drop(failed(id, &error, watch));
                Ok(false)
            }
        }
    }
}

fn with_counts(old: Option<&SnapshotSummary>, rewritten: Rewritten) -> SnapshotSummary {
    let unknown = || SnapshotSummary {
        backup_start: Time::UNSET,
        backup_end: Time::UNSET,
        ..SnapshotSummary::default()
    };
    SnapshotSummary {
        total_files_processed: rewritten.files,
        total_bytes_processed: rewritten.bytes,
        ..old.cloned().unwrap_or_else(unknown)
    }
}

fn failed(id: SnapshotId, error: &dyn std::error::Error, watch: Watch<'_>) -> SnapshotFate {
    let why = with_causes(error);
    let message = format!("snapshot {}: {why}", id.short());
    let finding = Finding { kind: FindingKind::Unreadable, path: None, during: "rewrite", message };
    watch.monitor.event(Event::Finding(&finding));
    SnapshotFate::Failed(why)
}
