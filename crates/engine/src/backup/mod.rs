//! Reads sources and stores them as a snapshot.
//!
//! [`Backup::run`] walks the sources with all cores, stores what the repository does not have, and
//! writes the snapshot last: whoever stops it at any point leaves a repository that is whole, and the
//! next run finds what was stored already. Memory is bounded by the size of packs and queues, not by
//! the size of the sources.

pub mod exclude;
pub mod source;

mod archive;
mod begin;
mod change;
mod commit;
mod entries;
mod file;
mod folder;
mod input;
mod options;
mod previous;
mod queue;
mod report;
mod scan;
mod targets;

use std::io::{self, Read};
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use jiff::tz::TimeZone;

pub use crate::store::StoreError;
pub use options::{BackupOptions, ParentChoice, Scan};

use crate::manners;
use crate::store::{Fence, PackNotes, Store, StoreOptions, take_stock};
pub(crate) use change::same_metadata;

use archive::Archive;
use change::ChangeRules;
use scan::ScanCall;
use source::{Directory, Reader, SourceOptions, name_bytes};
use targets::Top;

use crate::chunker::ChunkFinder;
use crate::clock::Clock;
use crate::id::{SnapshotId, TreeId};
use crate::identity::Identity;
use crate::index::Index;
use crate::lock::HeldLock;
pub(crate) use crate::monitor::Watch;
use crate::monitor::{Cancellation, Event, Monitor, Phase, Totals};
use crate::rearrange::RearrangeError;
use crate::repository::{ReadError, Repository};
use crate::snapshot::{Snapshot, SnapshotSummary, find_parent};
use crate::time::Time;
use crate::tree::Tree;

/// How often a backup begins again after its lock was lost and taken again.
const ATTEMPTS_MAX: u32 = 3;

/// A backup that is about to be made.
///
/// ```
/// use std::path::PathBuf;
///
/// use holdfast_engine::backup::{BackupOptions, Mode, Sources};
/// use holdfast_engine::monitor::{Cancellation, Unwatched};
///
/// let letter = holdfast_testkit::letter();
/// let (lock, options) = (letter.test.lock(false), BackupOptions::default());
/// let targets = [PathBuf::from("photos")];
/// let sources = Sources::Paths { targets: &targets, working_folder: letter.folder.path() };
/// // The job names the repository, the computer, its clock and its time zone.
/// let job = letter.test.job(Mode::Store(&lock), &options);
/// let outcome =
///     job.run(&mut letter.test.index(), sources, &Unwatched, &Cancellation::default())?;
/// assert!(outcome.snapshot.is_some());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy)]
pub struct Backup<'a> {
    /// Where it goes.
    pub repository: &'a Repository,
    /// Whether it is stored, and the lock under which.
    pub mode: Mode<'a>,
    /// Who makes it.
    pub identity: &'a Identity,
    /// What time it is.
    pub clock: &'a dyn Clock,
    /// The zone whose offset times are stored with.
    pub zone: &'a TimeZone,
    /// How it is made.
    pub options: &'a BackupOptions,
}

/// Whether a backup is stored.
#[derive(Clone, Copy)]
pub enum Mode<'a> {
    /// It is, under this lock.
    Store(&'a HeldLock),
    /// Nothing is written; the outcome says what would be.
    DryRun,
}

/// What is backed up.
pub enum Sources<'a> {
    /// Files and folders.
    Paths {
        /// As the person named them.
        targets: &'a [PathBuf],
        /// The folder that relative ones lie in.
        working_folder: &'a Path,
    },
    /// One stream, as a file: standard input, or what a command writes.
    Stream(Stream<'a>),
}

/// A stream that is stored as a file.
pub struct Stream<'a> {
    /// The file's path in the snapshot.
    pub path: PathBuf,
    /// Its content.
    pub reader: &'a mut (dyn Read + Send),
    /// Called at the end: a failure (of the command that wrote it) prevents the snapshot.
    pub finish: &'a mut dyn FnMut() -> io::Result<()>,
}

/// What a backup came to.
#[derive(Debug, Clone)]
pub struct BackupOutcome {
    /// The new snapshot; `None` after a dry run, or if there was nothing new and that was to be
    /// skipped.
    pub snapshot: Option<SnapshotId>,
    /// The root of what was backed up.
    pub tree: TreeId,
    /// What it was compared with.
    pub parent: Option<SnapshotId>,
    /// The figures that the snapshot records.
    pub summary: SnapshotSummary,
    /// Number of files and folders that could not be read. They are not in the snapshot.
    pub findings: u64,
}

/// Why there is no new snapshot. Earlier snapshots are as they were.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BackupError {
    /// None of the targets is there.
    #[error("none of the files and folders to back up exists")]
    NothingThere,
    /// Everything was excluded or could not be read.
    #[error("there is nothing to store: everything is excluded or could not be read")]
    Empty,
    /// Another program's setting in the repository would have to be honoured and cannot be.
    #[error(
        "the repository has the setting {setting:?} of another program, which cannot be honoured"
    )]
    ForeignSetting {
        /// The setting's name.
        setting: String,
    },
    /// The repository cannot be read.
    #[error("could not read the repository")]
    Read(#[from] ReadError),
    /// What was read could not be stored.
    #[error("could not store the backup")]
    Store(#[from] StoreError),
    /// Somebody asked to stop.
    #[error("stopped")]
    Cancelled,
}

impl From<RearrangeError> for BackupError {
    fn from(error: RearrangeError) -> Self {
        match error {
            RearrangeError::Read(error) => Self::Read(error),
            RearrangeError::Write(error) => Self::Store(error.into()),
            RearrangeError::LockLost(error) => Self::Store(error.into()),
            RearrangeError::Cancelled => Self::Cancelled,
        }
    }
}

impl Backup<'_> {
    /// Makes the backup. `index` is brought up to date with what it stores, and stays right if it
    /// fails.
    ///
    /// # Errors
    /// When there is no new snapshot. What could not be read of the sources is no error but a
    /// finding, as long as anything could.
    pub fn run(
        &self,
        index: &mut Index,
        sources: Sources<'_>,
        monitor: &dyn Monitor,
        cancel: &Cancellation,
    ) -> Result<BackupOutcome, BackupError> {
        if let Some(setting) = self.repository.config().foreign_setting() {
            return Err(BackupError::ForeignSetting { setting: setting.to_owned() });
        }
        monitor.event(Event::Phase(Phase::Preparing));
        let watch = Watch { monitor, cancel };
        match sources {
            Sources::Stream(stream) => {
                self.take_stock(index, watch)?;
                self.stream(index, stream, watch)
            }
            Sources::Paths { targets, working_folder } => {
                let mut attempt = 1;
                loop {
                    let done = self
                        .take_stock(index, watch)
                        .and_then(|()| self.paths(index, targets, working_folder, watch));
                    let Some((lock, generation)) = self.taken_again(&done) else { return done };
                    if attempt == ATTEMPTS_MAX {
                        return done;
                    }
                    // What this run relied on may be gone, so it looks at everything again. What it
                    // stored and indexed is found there, and files are still there to be read.
                    attempt += 1;
                    lock.accept(generation);
                    *index = self.repository.load_index(cancel)?;
                }
            }
        }
    }

    /// Brings the index in line with the packs that are there.
    fn take_stock(&self, index: &mut Index, watch: Watch<'_>) -> Result<(), BackupError> {
        match self.mode {
            Mode::Store(lock) => take_stock(self.repository, index, lock, watch)
                .map_err(|error| watch.cancelled_or(error)),
            // Without a lock, what is listed and what is indexed need not belong together.
            Mode::DryRun => Ok(()),
        }
    }

    /// The lock, if it was lost while the backup was made and is held again.
    fn taken_again(&self, done: &Result<BackupOutcome, BackupError>) -> Option<(&HeldLock, u64)> {
        let Err(BackupError::Store(StoreError::Lock(lost))) = done else { return None };
        match self.mode {
            Mode::Store(lock) => lost.reacquired().map(|generation| (lock, generation)),
            Mode::DryRun => None,
        }
    }

    fn paths(
        &self,
        index: &mut Index,
        targets: &[PathBuf],
        working_folder: &Path,
        watch: Watch<'_>,
    ) -> Result<BackupOutcome, BackupError> {
        let begun = self.clock.now();
        let names = |path: &Path| Directory::open(path).and_then(|folder| folder.names());
        let absolute = |target: &PathBuf| targets::clean(&working_folder.join(target));
        let (there, missing): (Vec<_>, Vec<_>) =
            targets.iter().cloned().partition(|target| absolute(target).symlink_metadata().is_ok());
        if there.is_empty() {
            return Err(BackupError::NothingThere);
        }
        let (top, unread) = Top::new(&there, working_folder, &names);
        let paths: Vec<PathBuf> = there.iter().map(absolute).collect();
        let time = self.at(self.options.time.unwrap_or(begun));
        let texts: Vec<String> = paths.iter().map(|path| text_of(path)).collect();
        let parent = self.parent(
            &Snapshot {
                hostname: self.hostname().to_owned(),
                tags: self.options.tags.clone(),
                ..Snapshot::new(time, Tree::default().id(), texts.clone())
            },
            watch,
        )?;
        watch.monitor.event(Event::Parent(parent.as_ref().map(|(id, _)| *id)));
        watch.expect_like(parent.as_ref().map(|(_, snapshot)| snapshot));

        let has_estimate = parent.as_ref().is_some_and(|(_, snapshot)| snapshot.summary.is_some());
        let may_wait = has_estimate && self.options.scan == Scan::WhenLong;
        let (scan_call, scan_called) = ScanCall::new(may_wait);
        let (archive, reader) = (self.archive(index, Some(&scan_call), watch), self.reader());
        for target in &missing {
            let error = io::Error::from(io::ErrorKind::NotFound);
            archive.find(&absolute(target), "lstat", &error);
        }
        unread.iter().for_each(|(path, error)| archive.find(path, "open", error));
        let previous = parent.as_ref().map(|(_, snapshot)| snapshot.tree);
        let archived = std::thread::scope(|scope| {
            let stop = Cancellation::default();
            let _end = scan_call.end_on_drop(&stop);
            if self.options.scan != Scan::Never {
                let (top, stop, rules) = (&top, stop.clone(), &self.options.rules);
                scope.spawn(manners::as_here(move || {
                    let _ = scan_called.recv();
                    scan::scan(top, rules, &reader, watch.monitor, &stop);
                }));
            }
            watch.monitor.event(Event::Phase(Phase::Working));
            archive.run(|worker| archive.begin(&top, previous, worker))
        });
        let parent = parent.map(|(id, snapshot)| (id, snapshot.tree));
        let recorded = Recorded { begun, paths: texts, parent };
        let committed = archived
            .map_err(BackupError::from)
            .and_then(|root| self.commit(&archive, root, &recorded, watch));
        *index = archive.store.into_index();
        committed.map_err(|error| watch.cancelled_or(error))
    }

    fn stream(
        &self,
        index: &mut Index,
        stream: Stream<'_>,
        watch: Watch<'_>,
    ) -> Result<BackupOutcome, BackupError> {
        let begun = self.clock.now();
        let Stream { path, reader, finish } = stream;
        let paths = vec![text_of(&Path::new("/").join(&path))];
        let time = Time::from_timestamp(self.options.time.unwrap_or(begun), self.zone);
        let archive = self.archive(index, None, watch);
        watch.monitor.event(Event::Phase(Phase::Working));
        let archived = archive
            .run(|worker| archive.begin_stream(&path, reader, time, self.identity, worker))
            .and_then(|root| match finish() {
                Ok(()) => Ok(root),
                Err(source) => Err(StoreError::Stream { source }),
            });
        let recorded = Recorded { begun, paths, parent: None };
        let committed = archived
            .map_err(BackupError::from)
            .and_then(|root| self.commit(&archive, root, &recorded, watch));
        *index = archive.store.into_index();
        committed.map_err(|error| watch.cancelled_or(error))
    }

    fn archive<'b>(
        &'b self,
        index: &mut Index,
        scan_call: Option<&'b ScanCall>,
        watch: Watch<'b>,
    ) -> Archive<'b> {
        let options = StoreOptions {
            compression: self.options.compression,
            pack_bytes: self.options.pack_bytes,
            extra_verify: self.options.extra_verify,
            dry_run: matches!(self.mode, Mode::DryRun),
        };
        let notes = match self.mode {
            Mode::Store(lock) => lock.journal(),
            Mode::DryRun => None,
        };
        let id = self.repository.config().id;
        let notes = notes.map(|journal| PackNotes::new(journal.folder(), id));
        let store = Store::new(self.repository, std::mem::take(index), options, self.clock, notes);
        let change_rules = ChangeRules {
            ignore_ctime: self.options.ignore_ctime,
            ignore_inode: self.options.ignore_inode,
        };
        let finder = ChunkFinder::new(self.repository.polynomial());
        let rules = &self.options.rules;
        Archive::new(
            store,
            self.reader(),
            rules,
            change_rules,
            finder,
            self.clock,
            scan_call,
            watch,
            self.fence(),
            self.options.workers,
        )
        .reading_in_turns(self.options.reads_in_turns)
    }

    fn reader(&self) -> Reader {
        let mut options = SourceOptions::new(self.zone.clone());
        options.with_atime = self.options.with_atime;
        Reader::new(options)
    }

    fn fence(&self) -> Fence<'_> {
        match self.mode {
            Mode::Store(lock) => Fence::Held(lock),
            Mode::DryRun => Fence::DryRun,
        }
    }

    fn hostname(&self) -> &str {
        self.options.hostname.as_deref().unwrap_or(&self.identity.hostname)
    }

    /// The snapshot to compare a new one with that is going to be like `new`.
    fn parent(
        &self,
        new: &Snapshot,
        watch: Watch<'_>,
    ) -> Result<Option<(SnapshotId, Snapshot)>, BackupError> {
        match self.options.parent {
            ParentChoice::None => Ok(None),
            ParentChoice::This(id) => Ok(Some((id, Snapshot::load(self.repository, id)?))),
            ParentChoice::Latest => {
                let all = crate::snapshot::load_all(self.repository, watch.monitor)?;
                let found = find_parent(&all, new, self.options.parent_group);
                Ok(found.map(|(id, snapshot)| (*id, snapshot.clone())))
            }
        }
    }

    fn at(&self, moment: Timestamp) -> Time {
        Time::from_timestamp(moment, self.zone)
    }
}

/// What a snapshot records that is known before the walk.
struct Recorded {
    begun: Timestamp,
    paths: Vec<String>,
    parent: Option<(SnapshotId, TreeId)>,
}

impl Watch<'_> {
    /// Guesses what there is to do from what there was last time.
    fn expect_like(&self, parent: Option<&Snapshot>) {
        if let Some(summary) = parent.and_then(|snapshot| snapshot.summary.as_ref()) {
            self.monitor.event(Event::Total(Totals {
                files: summary.total_files_processed,
                folders: summary.dirs_new + summary.dirs_changed + summary.dirs_unmodified,
                bytes: summary.total_bytes_processed,
                exact: false,
            }));
        }
    }

    /// Work that stops because it was asked to has no other cause.
    fn cancelled_or(&self, error: BackupError) -> BackupError {
        match error {
            BackupError::Store(StoreError::Stopped) | BackupError::Read(ReadError::Cancelled) => {
                BackupError::Cancelled
            }
            other => other,
        }
    }
}

/// A path as a snapshot records it.
fn text_of(path: &Path) -> String {
    String::from_utf8_lossy(name_bytes(path.as_os_str())).into_owned()
}
