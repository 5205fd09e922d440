//! The index files of a repository: one, all of them, or all that can be read.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use parking_lot::Mutex;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};

use super::{ReadError, Repository};
use crate::backend::{BackendErrorKind, FileKind, FileName};
use crate::codec::{self, CodecError};
use crate::id::IndexId;
use crate::index::{Index, IndexBuilder, IndexFile, IndexPack, ListedFiles, SortedIndex};
use crate::manners;
use crate::monitor::{Cancellation, Event, Finding, FindingKind, Monitor, with_causes};

impl Repository {
    /// One index file.
    ///
    /// # Errors
    /// When it cannot be read, or is damaged.
    pub fn read_index_file(&self, id: IndexId) -> Result<IndexFile, ReadError> {
        let file = FileName::new(FileKind::Index, id.0);
        let failed = |source| ReadError::Json { file, source };
        match self.read_file(FileKind::Index, id.0) {
            Ok(json) => serde_json::from_slice(&json).map_err(failed),
            Err(ReadError::Codec { source: CodecError::TooLarge { .. }, .. }) => {
                let long: LongIndexFile =
                    codec::parse_long_file(&self.read_sealed(file)?).map_err(failed)?;
                Ok(IndexFile { packs: long.packs, packs_to_delete: None })
            }
            Err(error) => Err(error),
        }
    }

    /// What all index files say, read over all cores, or from the cache where it was sorted before.
    ///
    /// # Errors
    /// When any index file cannot be read: an incomplete index would make data look absent.
    pub fn load_index(&self, cancel: &Cancellation) -> Result<Index, ReadError> {
        self.load_index_with(self.sorted.as_ref(), cancel, &Err)
    }

    /// The same from the index files themselves: what is removed must not depend on what another
    /// process made of them.
    pub(crate) fn load_index_to_remove(&self, cancel: &Cancellation) -> Result<Index, ReadError> {
        self.load_index_with(None, cancel, &Err)
    }

    /// What those index files say that can be read; each that is damaged is a finding. This is for
    /// bringing back what can be: what only a damaged file names looks absent. Whoever stores or
    /// removes anything needs [`load_index`](Self::load_index).
    ///
    /// ```
    /// use std::sync::Arc;
    ///
    /// use holdfast_engine::backend::{Backend, FileKind, FileName, MemoryBackend};
    /// use holdfast_engine::id::RawId;
    /// use holdfast_engine::monitor::{Cancellation, Unwatched};
    /// use holdfast_testkit::TestRepository;
    ///
    /// let storage = Arc::new(MemoryBackend::new());
    /// let test = TestRepository::create(storage.clone());
    /// storage.write(FileName::new(FileKind::Index, RawId::of(b"damaged")), &[b"damaged"])?;
    /// let cancel = Cancellation::default();
    /// assert!(test.repository.load_index(&cancel).is_err());
    /// assert!(test.repository.load_readable_index(&Unwatched, &cancel).is_ok());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// When the storage cannot be reached or listed, or when asked to stop.
    pub fn load_readable_index(
        &self,
        monitor: &dyn Monitor,
        cancel: &Cancellation,
    ) -> Result<Index, ReadError> {
        self.load_index_with(self.sorted.as_ref(), cancel, &|error| {
            if !is_of_this_file_alone(&error) {
                return Err(error);
            }
            let kind = FindingKind::Damaged;
            let message = format!("what only this names is not found: {}", with_causes(&error));
            let finding = Finding { kind, path: None, during: "load", message };
            monitor.event(Event::Finding(&finding));
            Ok(())
        })
    }

    fn load_index_with(
        &self,
        sorted: Option<&SortedIndex>,
        cancel: &Cancellation,
        pass_over: PassOver<'_>,
    ) -> Result<Index, ReadError> {
        let listed: ListedFiles =
            self.list(FileKind::Index)?.into_iter().map(|file| (file.id, file.size)).collect();
        let load = |sorted: &SortedIndex| sorted.load(&self.key, &listed, cancel);
        let loaded = sorted.map(load).transpose().map_err(|_| ReadError::Cancelled)?.flatten();
        let is_new = loaded.is_none();
        let (kept, files) = loaded.map_or_else(Default::default, |it| (it.index, it.files));
        self.backend.note_tree_packs(&kept.tree_packs());
        let beside = listed.keys().filter(|id| !files.contains(id));
        let beside: Vec<IndexId> = beside.map(|id| IndexId(*id)).collect();
        let builder = Mutex::new(IndexBuilder::beside(kept));
        let is_complete = self.read_index_files(&beside, &builder, cancel, pass_over)?;
        let index = builder.into_inner().build();
        if let Some(sorted) = sorted.filter(|_| is_complete && is_new) {
            sorted.keep(&index, listed.into_keys().collect(), &self.key, cancel);
        }
        Ok(index)
    }

    /// Adds what these files say; false if some were passed over.
    fn read_index_files(
        &self,
        files: &[IndexId],
        builder: &Mutex<IndexBuilder>,
        cancel: &Cancellation,
        pass_over: PassOver<'_>,
    ) -> Result<bool, ReadError> {
        let (next, added) = (AtomicUsize::new(0), AtomicUsize::new(0));
        let is_complete = AtomicBool::new(true);
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        let work = || -> Result<(), ReadError> {
            while let Some(file) = files.get(next.fetch_add(1, Ordering::Relaxed)) {
                if cancel.is_cancelled() {
                    return Err(ReadError::Cancelled);
                }
                match self.read_index_file(*file) {
                    Ok(read) => {
                        self.backend.note_tree_packs(&read.tree_packs());
                        let mut builder = builder.lock();
                        builder.add(&read);
                        let number = added.fetch_add(1, Ordering::Relaxed) + 1;
                        if number == FILES_BEFORE_RESERVE {
                            builder.reserve(files.len() as f64 / number as f64);
                        }
                    }
                    Err(error) => {
                        pass_over(error)?;
                        is_complete.store(false, Ordering::Relaxed);
                    }
                }
            }
            Ok(())
        };
        std::thread::scope(|scope| {
            let workers: Vec<_> = (0..threads.min(files.len()))
                .map(|_| scope.spawn(manners::as_here(work)))
                .collect();
            workers.into_iter().try_for_each(|worker| worker.join().expect("workers do not panic"))
        })?;
        Ok(is_complete.into_inner())
    }
}

/// After so many index files the others are taken to be like them, so that there is room for all.
const FILES_BEFORE_RESERVE: usize = 8;

/// Whether to go on after a file that cannot be read.
type PassOver<'a> = &'a (dyn Fn(ReadError) -> Result<(), ReadError> + Sync);

/// An index file that is read piece by piece.
#[derive(Deserialize)]
struct LongIndexFile {
    #[serde(default)]
    packs: Vec<IndexPack>,
    /// rustic, which marks packs so, writes no long files; it would not do to forget the marks.
    #[serde(default, rename = "packs_to_delete")]
    _marks: Absent,
}

/// What must not be there.
#[derive(Default)]
struct Absent;

impl<'de> Deserialize<'de> for Absent {
    fn deserialize<D: Deserializer<'de>>(_: D) -> Result<Self, D::Error> {
        Err(D::Error::custom("the file is too long to keep what another program marked in it"))
    }
}

/// True if other files of the storage may well be readable.
fn is_of_this_file_alone(error: &ReadError) -> bool {
    match error {
        ReadError::Backend { source, .. } => {
            !matches!(source.kind, BackendErrorKind::Offline | BackendErrorKind::Denied)
        }
        ReadError::Cancelled | ReadError::List { .. } => false,
        _ => true,
    }
}
