//! What all threads of a restore share.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::ffi::OsString;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use parking_lot::Mutex;

use super::folder::OpenFolders;
use super::open_files::OpenFiles;
use super::target::{Cause, MetadataProblem};
use super::{Restore, RestoreError, RestoreOptions, RestoreOutcome, in_words};
use crate::index::Index;
use crate::monitor::{
    Cancellation, Change, Event, Finding, FindingKind, Item, ItemKind, Monitor, Totals,
};
use crate::repository::{ReadError, Repository};

/// What all threads share.
pub(super) struct Context<'a> {
    pub repository: &'a Repository,
    pub index: &'a Index,
    pub options: &'a RestoreOptions,
    pub folders: OpenFolders,
    pub files: OpenFiles,
    pub written: Written,
    monitor: &'a dyn Monitor,
    cancel: &'a Cancellation,
    stopped: AtomicBool,
    fatal: Mutex<Option<RestoreError>>,
    counts: Counts,
    totals: Mutex<Totals>,
    /// What metadata was not restored for a reason that many entries have, that reason, and how many
    /// they are.
    common: Mutex<BTreeMap<(String, &'static str), u64>>,
    temporary_prefix: String,
    temporary_number: AtomicU64,
}

#[derive(Default)]
struct Counts {
    restored: AtomicU64,
    folders: AtomicU64,
    skipped: AtomicU64,
    removed: AtomicU64,
    restored_bytes: AtomicU64,
    skipped_bytes: AtomicU64,
    verified: AtomicU64,
    failures: AtomicU64,
    notes: AtomicU64,
}

/// Which files got new content, for verification: a sum of the path instead of the path.
#[derive(Default)]
pub(super) struct Written {
    paths: Mutex<HashSet<u64>>,
    beside: Mutex<HashMap<PathBuf, OsString>>,
}

impl Written {
    fn sum(location: &Path) -> u64 {
        let mut hasher = DefaultHasher::new();
        location.hash(&mut hasher);
        hasher.finish()
    }

    pub(super) fn add(&self, location: &Path, other_name: Option<OsString>) {
        self.paths.lock().insert(Self::sum(location));
        if let Some(name) = other_name {
            self.beside.lock().insert(location.to_owned(), name);
        }
    }

    pub(super) fn contains(&self, location: &Path) -> bool {
        self.paths.lock().contains(&Self::sum(location))
    }

    /// The name that it got, if not its own.
    pub(super) fn other_name(&self, location: &Path) -> Option<OsString> {
        self.beside.lock().get(location).cloned()
    }
}

fn add(count: &AtomicU64, more: u64) {
    count.fetch_add(more, Ordering::Relaxed);
}

impl<'a> Context<'a> {
    pub(super) fn new(
        restore: &Restore<'a>,
        monitor: &'a dyn Monitor,
        cancel: &'a Cancellation,
    ) -> Self {
        let mut random = [0; 4];
        // Only to tell our names from those of another restore; a fixed number does too.
        let _ = getrandom::fill(&mut random);
        Self {
            repository: restore.repository,
            index: restore.index,
            options: restore.options,
            folders: OpenFolders::default(),
            files: OpenFiles::default(),
            written: Written::default(),
            monitor,
            cancel,
            stopped: AtomicBool::new(false),
            fatal: Mutex::new(None),
            counts: Counts::default(),
            totals: Mutex::new(Totals::default()),
            common: Mutex::default(),
            temporary_prefix: format!(".holdfast-{:08x}-", u32::from_ne_bytes(random)),
            temporary_number: AtomicU64::new(0),
        }
    }

    /// True once the work shall end, because somebody asked or because it cannot go on.
    pub(super) fn is_stopped(&self) -> bool {
        self.stopped.load(Ordering::Relaxed) || self.cancel.is_cancelled()
    }

    /// Ends the work with this error; the first one counts.
    pub(super) fn stop(&self, error: RestoreError) {
        self.fatal.lock().get_or_insert(error);
        self.stopped.store(true, Ordering::Relaxed);
    }

    /// What the restore came to.
    pub(super) fn outcome(&self) -> Result<RestoreOutcome, RestoreError> {
        if let Some(error) = self.fatal.lock().take() {
            return Err(error);
        }
        if self.cancel.is_cancelled() {
            return Err(RestoreError::Cancelled);
        }
        let of = |count: &AtomicU64| count.load(Ordering::Relaxed);
        Ok(RestoreOutcome {
            restored: of(&self.counts.restored),
            folders: of(&self.counts.folders),
            skipped: of(&self.counts.skipped),
            removed: of(&self.counts.removed),
            restored_bytes: of(&self.counts.restored_bytes),
            skipped_bytes: of(&self.counts.skipped_bytes),
            verified: of(&self.counts.verified),
            failures: of(&self.counts.failures),
            notes: of(&self.counts.notes),
        })
    }

    /// How many findings so far mean that something was not restored.
    pub(super) fn failures(&self) -> u64 {
        self.counts.failures.load(Ordering::Relaxed)
    }

    /// A name that no file of the snapshot or the user has.
    pub(super) fn temporary_name(&self) -> OsString {
        let number = self.temporary_number.fetch_add(1, Ordering::Relaxed);
        format!("{}{number:x}", self.temporary_prefix).into()
    }

    pub(super) fn event(&self, event: Event<'_>) {
        self.monitor.event(event);
    }

    /// More to do than was known. `exact` once everything is known.
    pub(super) fn grow_totals(&self, files: u64, folders: u64, bytes: u64, exact: bool) {
        let mut totals = self.totals.lock();
        totals.files += files;
        totals.folders += folders;
        // Sizes are the snapshot's word.
        totals.bytes = totals.bytes.saturating_add(bytes);
        totals.exact = exact;
        self.monitor.event(Event::Total(*totals));
    }

    /// An entry is done.
    pub(super) fn finished(&self, location: &Path, kind: ItemKind, change: Change, bytes: u64) {
        let counts = &self.counts;
        match change {
            Change::Removed => add(&counts.removed, 1),
            Change::Unmodified | Change::Skipped => {
                add(&counts.skipped, 1);
                add(&counts.skipped_bytes, bytes);
            }
            _ => {
                add(&counts.restored, 1);
                add(&counts.folders, u64::from(kind == ItemKind::Folder));
            }
        }
        self.event(Event::ItemFinished(Item {
            path: location,
            kind,
            change,
            bytes,
            added_bytes: 0,
            stored_bytes: 0,
            tree_bytes: 0,
            tree_stored_bytes: 0,
            duration: Duration::ZERO,
        }));
    }

    pub(super) fn wrote_bytes(&self, bytes: u64) {
        add(&self.counts.restored_bytes, bytes);
        self.event(Event::Bytes(bytes));
    }

    pub(super) fn verified_file(&self) {
        add(&self.counts.verified, 1);
    }

    /// Reports a problem.
    pub(super) fn finding(
        &self,
        kind: FindingKind,
        location: &Path,
        during: &'static str,
        message: String,
    ) {
        let count = match kind {
            FindingKind::Note => &self.counts.notes,
            _ => &self.counts.failures,
        };
        add(count, 1);
        let finding = Finding { kind, path: Some(location.to_owned()), during, message };
        self.event(Event::Finding(&finding));
    }

    /// Reports that the target could not be written or read. A full disk ends the restore: every
    /// further file would fail alike.
    pub(super) fn target_problem(
        &self,
        location: &Path,
        during: &'static str,
        error: &io::Error,
        target: &Path,
    ) {
        if matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded) {
            let source = match error.raw_os_error() {
                Some(code) => io::Error::from_raw_os_error(code),
                None => error.kind().into(),
            };
            self.stop(RestoreError::TargetFull { path: target.to_owned(), source });
            return;
        }
        let kind = match error.kind() {
            io::ErrorKind::PermissionDenied => FindingKind::Denied,
            _ => FindingKind::Unwritable,
        };
        self.finding(kind, location, during, error.to_string());
    }

    /// Reports what of an entry's metadata could not be restored.
    pub(super) fn metadata_problems(&self, location: &Path, problems: Vec<MetadataProblem>) {
        for problem in problems {
            match problem.cause {
                Cause::Common(why) => {
                    *self.common.lock().entry((problem.what, why)).or_insert(0) += 1;
                }
                Cause::Entry(source) => {
                    let message = format!("could not restore the {}: {source}", problem.what);
                    self.finding(FindingKind::Note, location, "metadata", message);
                }
            }
        }
    }

    /// Reports what was not restored of many entries: once, for the reason is one.
    pub(super) fn report_common(&self) {
        for ((what, why), count) in std::mem::take(&mut *self.common.lock()) {
            add(&self.counts.notes, 1);
            let entries = if count == 1 { "file or folder" } else { "files and folders" };
            let message =
                format!("the {what} of {count} {entries} could not be restored here: {why}");
            let kind = FindingKind::Note;
            let finding = Finding { kind, path: None, during: "metadata", message };
            self.event(Event::Finding(&finding));
        }
    }

    /// Reports that a part of the repository could not be read.
    pub(super) fn repository_problem(&self, location: &Path, error: &ReadError) {
        let (kind, message) = read_problem(error);
        self.finding(kind, location, "read", message);
    }
}

/// What sort of finding an unreadable part of the repository is.
pub(super) fn read_problem(error: &ReadError) -> (FindingKind, String) {
    use crate::backend::BackendErrorKind;
    let kind = match error {
        ReadError::MissingBlob { .. } => FindingKind::Missing,
        ReadError::Backend { source, .. } => match source.kind {
            BackendErrorKind::NotFound => FindingKind::Missing,
            BackendErrorKind::TooShort => FindingKind::Damaged,
            _ => FindingKind::Unreadable,
        },
        _ => FindingKind::Damaged,
    };
    (kind, in_words(error))
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;
    use crate::restore::Destination;
    use crate::testing::World;

    #[derive(Default)]
    struct Messages(Mutex<Vec<(Option<PathBuf>, String)>>);

    impl Monitor for Messages {
        fn event(&self, event: Event<'_>) {
            if let Event::Finding(finding) = event {
                self.0.lock().push((finding.path.clone(), finding.message.clone()));
            }
        }
    }

    #[test]
    fn what_is_not_restored_of_many_entries_for_one_reason_is_said_once_with_a_count() {
        let mut world = World::new();
        let tree = world.tree(Vec::new());
        let world = world.stored();
        let options = RestoreOptions::new(Destination::Folder("target".into()));
        let (index, cancel, messages) =
            (world.index(), Cancellation::default(), Messages::default());
        let restore =
            Restore { repository: &world.repository, index: &index, tree, options: &options };
        let context = Context::new(&restore, &messages, &cancel);
        for path in ["/a", "/b", "/c"] {
            let rights = MetadataProblem::common("access rights", "the drive keeps none");
            context.metadata_problems(Path::new(path), vec![rights]);
        }
        context.report_common();
        let message = "the access rights of 3 files and folders could not be restored here: the \
                       drive keeps none";
        assert_eq!(*messages.0.lock(), [(None, message.to_owned())]);
        assert_eq!(context.outcome().expect("nothing failed").notes, 1);
    }
}
