//! A small repository to work on, and what a program that works on it needs.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use holdfast_engine::backend::{Backend, FileKind, FileName, LocalBackend, MemoryBackend};
use holdfast_engine::backup::{Backup, BackupError, BackupOptions, BackupOutcome, Mode, Sources};
use holdfast_engine::blob::BlobKind;
use holdfast_engine::clock::Clock;
use holdfast_engine::id::{BlobId, SnapshotId, TreeId};
use holdfast_engine::identity::Identity;
use holdfast_engine::index::{Index, IndexFile, IndexPack};
use holdfast_engine::key::KdfCost;
use holdfast_engine::listing::{Next, Visited};
use holdfast_engine::lock::{
    self, AutoUnlock, HeldLock, LockContext, LockRequest, Process, ProcessProbe, Sighting,
};
use holdfast_engine::monitor::{Cancellation, Monitor, Unwatched};
use holdfast_engine::pack::{FinishedPack, PackBuilder};
use holdfast_engine::repository::{CreateOptions, OpenError, Repository};
use holdfast_engine::secret::Password;
use holdfast_engine::tree::NodeKind;
use jiff::tz::TimeZone;

use crate::FakeClock;

/// The password of every repository in tests.
pub const PASSWORD: &str = "correct horse battery staple";

/// A repository that is open, and the computer that opened it.
pub struct TestRepository {
    /// The repository.
    pub repository: Arc<Repository>,
    /// The computer's clock.
    pub clock: Arc<FakeClock>,
    /// What locks need to know.
    pub context: LockContext,
}

/// A repository in memory with one snapshot, of a folder with `letter.txt` and `photos/cat.jpg`:
/// what the examples in the documentation begin with.
pub struct Letter {
    /// The repository.
    pub test: TestRepository,
    /// The folder that was backed up.
    pub folder: tempfile::TempDir,
    /// The snapshot.
    pub snapshot: SnapshotId,
    /// Its tree: the folder itself.
    pub tree: TreeId,
}

/// A repository to show something by.
///
/// # Panics
/// If there is no temporary folder to be had.
#[must_use]
pub fn letter() -> Letter {
    let test = TestRepository::create(Arc::new(MemoryBackend::new()));
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("letter.txt"), "Dear reader").expect("written");
    std::fs::create_dir(folder.path().join("photos")).expect("made");
    std::fs::write(folder.path().join("photos/cat.jpg"), "cat").expect("written");
    let outcome = test.backup(folder.path()).expect("memory does not fail");
    let snapshot = outcome.snapshot.expect("a snapshot");
    Letter { test, folder, snapshot, tree: outcome.tree }
}

/// Where no process is to be seen.
#[derive(Debug, Clone, Copy)]
pub struct NoProcesses;

impl ProcessProbe for NoProcesses {
    fn process(&self, _: u32) -> Sighting {
        Sighting::Absent
    }

    fn namesakes(&self, _: u32) -> Option<Vec<Process>> {
        Some(Vec::new())
    }

    fn knows_user(&self, _: &str, _: u32) -> bool {
        true
    }

    fn is_own_disk(&self, _: &Path) -> bool {
        true
    }
}

/// A process of Anna's on her computer.
#[must_use]
pub fn identity() -> Identity {
    Identity {
        hostname: "mac-mini".to_owned(),
        username: "anna".to_owned(),
        uid: 1000,
        gid: 1000,
        pid: 4711,
        machine_id: Some("machine".to_owned()),
        boot_id: Some("this start".to_owned()),
        pid_namespace: Some(1),
        process_start: Some(5000),
        session: "ours".to_owned(),
        program_version: "holdfast 0.1.0".to_owned(),
    }
}

impl TestRepository {
    /// Stores blobs of a kind in a pack of their own, and an index file that names it.
    ///
    /// # Panics
    /// If the storage fails.
    pub fn store_pack(&self, kind: BlobKind, contents: &[&[u8]]) -> FinishedPack {
        let key = self.repository.master_key();
        let mut pack = PackBuilder::with_capacity(0);
        for content in contents {
            pack.add(kind, BlobId::of(content), &key.seal(content), None);
        }
        let pack = pack.finish(key);
        let name = FileName::new(FileKind::Pack, pack.id.0);
        self.repository.backend().write(name, &[&pack.bytes]).expect("the storage works");
        let packs = vec![IndexPack::new(pack.id, &pack.blobs)];
        let file = IndexFile { packs, packs_to_delete: None };
        self.repository.write_file(FileKind::Index, &file.to_json()).expect("the storage works");
        pack
    }

    /// A new repository on this storage.
    ///
    /// # Panics
    /// If there is one already.
    #[must_use]
    pub fn create(backend: Arc<dyn Backend>) -> Self {
        let clock = Arc::new(FakeClock::at("2026-03-27T09:00:00Z"));
        let options =
            CreateOptions { kdf_cost: Some(KdfCost::least_for_tests()), ..Default::default() };
        let (password, identity) = (Password::new(PASSWORD), identity());
        let zone = TimeZone::UTC;
        let made = Repository::create(backend, &password, &options, &identity, &*clock, &zone);
        Self::with(made.expect("the storage is empty"), clock)
    }

    /// A new repository in a folder of this computer, which need not exist yet.
    #[must_use]
    pub fn in_folder(folder: &Path) -> Self {
        Self::create(Arc::new(LocalBackend::new(folder)))
    }

    /// The repository on this storage.
    ///
    /// # Errors
    /// When it does not open.
    pub fn open(backend: Arc<dyn Backend>) -> Result<Self, OpenError> {
        let clock = Arc::new(FakeClock::at("2026-03-27T10:00:00Z"));
        let opened = Repository::open(backend, &Password::new(PASSWORD), None)?;
        Ok(Self::with(opened, clock))
    }

    fn with(repository: Repository, clock: Arc<FakeClock>) -> Self {
        let context = LockContext {
            identity: Arc::new(identity()),
            clock: clock.clone(),
            zone: TimeZone::UTC,
            probe: Arc::new(NoProcesses),
            journal: None,
            observations: Arc::default(),
        };
        Self { repository: Arc::new(repository), clock, context }
    }

    /// A lock.
    ///
    /// # Panics
    /// If others hold the repository.
    #[must_use]
    pub fn lock(&self, exclusive: bool) -> HeldLock {
        let request = LockRequest {
            exclusive,
            wait: Duration::ZERO,
            auto_unlock: AutoUnlock::Off,
            operation: "test".to_owned(),
        };
        let cancel = Cancellation::default();
        lock::acquire(&self.repository, &request, &self.context, &Unwatched, &cancel)
            .expect("nobody else holds the repository")
    }

    /// What the repository's index files say.
    ///
    /// # Panics
    /// If one cannot be read.
    #[must_use]
    pub fn index(&self) -> Index {
        self.repository.load_index(&Cancellation::default()).expect("the index is whole")
    }

    /// Backs a folder up, as if it were the root of the snapshot.
    ///
    /// # Errors
    /// When there is no snapshot.
    pub fn backup(&self, folder: &Path) -> Result<BackupOutcome, BackupError> {
        self.backup_with(folder, &BackupOptions::default(), &Unwatched)
    }

    /// The same with options, watched.
    ///
    /// # Errors
    /// When there is no snapshot.
    pub fn backup_with(
        &self,
        folder: &Path,
        options: &BackupOptions,
        monitor: &dyn Monitor,
    ) -> Result<BackupOutcome, BackupError> {
        self.clock.advance(Duration::from_secs(60));
        let lock = self.lock(false);
        let sources = Sources::Paths { targets: &[PathBuf::from(".")], working_folder: folder };
        self.job(Mode::Store(&lock), options).run(
            &mut self.index(),
            sources,
            monitor,
            &Cancellation::default(),
        )
    }

    /// A backup that is about to be made.
    #[must_use]
    pub fn job<'a>(&'a self, mode: Mode<'a>, options: &'a BackupOptions) -> Backup<'a> {
        Backup {
            repository: &self.repository,
            mode,
            identity: &self.context.identity,
            clock: &*self.clock as &dyn Clock,
            zone: &self.context.zone,
            options,
        }
    }

    /// Every file below a tree, by path, with its content.
    ///
    /// # Panics
    /// If anything cannot be read.
    #[must_use]
    pub fn contents(&self, tree: TreeId) -> BTreeMap<String, Vec<u8>> {
        let (index, cancel) = (self.index(), Cancellation::default());
        let mut found = BTreeMap::new();
        let walked = holdfast_engine::listing::walk(
            &self.repository,
            &index,
            tree,
            b"",
            &cancel,
            &mut |visited| {
                let Visited::Entry { path, node } = visited else { panic!("unreadable folder") };
                if node.kind == NodeKind::File {
                    let blobs = node.content.iter().flatten();
                    let content: Vec<u8> = blobs
                        .flat_map(|id| {
                            self.repository
                                .read_blob(&index, BlobKind::Data, *id)
                                .expect("the blob is whole")
                        })
                        .collect();
                    assert_eq!(content.len() as u64, node.size, "a file has the size of its blobs");
                    found.insert(String::from_utf8_lossy(path).into_owned(), content);
                }
                Next::Into
            },
        );
        walked.expect("the root is there");
        found
    }
}
