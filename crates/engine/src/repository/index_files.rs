//! The index files of a repository: one, all of them, or all that can be read.

use std::sync::atomic::{AtomicUsize, Ordering};

use parking_lot::Mutex;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};

use super::{ReadError, Repository};
use crate::backend::{BackendErrorKind, FileKind, FileName};
use crate::codec::{self, CodecError};
use crate::id::IndexId;
use crate::index::{Index, IndexBuilder, IndexFile, IndexPack};
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

    /// What all index files say, read over all cores.
    ///
    /// # Errors
    /// When any index file cannot be read: an incomplete index would make data look absent.
    pub fn load_index(&self, cancel: &Cancellation) -> Result<Index, ReadError> {
        self.load_index_files(cancel, &Err)
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
        self.load_index_files(cancel, &|error| {
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

    fn load_index_files(
        &self,
        cancel: &Cancellation,
        pass_over: &(dyn Fn(ReadError) -> Result<(), ReadError> + Sync),
    ) -> Result<Index, ReadError> {
        let listed = self.list(FileKind::Index)?;
        let next = AtomicUsize::new(0);
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        let builder = Mutex::new(IndexBuilder::default());
        let work = || -> Result<(), ReadError> {
            while let Some(file) = listed.get(next.fetch_add(1, Ordering::Relaxed)) {
                if cancel.is_cancelled() {
                    return Err(ReadError::Cancelled);
                }
                match self.read_index_file(IndexId(file.id)) {
                    Ok(read) => {
                        self.backend.note_tree_packs(&read.tree_packs());
                        builder.lock().add(&read);
                    }
                    Err(error) => pass_over(error)?,
                }
            }
            Ok(())
        };
        std::thread::scope(|scope| {
            let workers: Vec<_> =
                (0..threads.min(listed.len())).map(|_| scope.spawn(work)).collect();
            workers.into_iter().try_for_each(|worker| worker.join().expect("workers do not panic"))
        })?;
        Ok(builder.into_inner().build())
    }
}

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
