//! Small repositories in memory, built blob by blob, for this crate's own tests.

pub(crate) mod fault;

use std::sync::Arc;
use std::time::Duration;

use jiff::tz::TimeZone;

use crate::backend::{Backend, FileKind, FileName, MemoryBackend};
use crate::blob::{BlobKind, PackedBlob};
use crate::clock::Clock;
use crate::id::{BlobId, PackId, SnapshotId, TreeId};
use crate::identity::Identity;
use crate::index::{Index, IndexFile, IndexPack};
use crate::key::KdfCost;
use crate::monitor::Cancellation;
use crate::pack::PackBuilder;
use crate::repository::{CreateOptions, Repository};
use crate::secret::Password;
use crate::snapshot::Snapshot;
use crate::time::Time;
use crate::tree::{Node, NodeKind, Tree, mode};

/// A repository in memory, and what is to be stored in it next.
pub(crate) struct World {
    pub(crate) backend: Arc<MemoryBackend>,
    pub(crate) repository: Repository,
    pending: [Vec<Blob>; 2],
}

struct Blob {
    kind: BlobKind,
    id: BlobId,
    content: Vec<u8>,
}

impl World {
    pub(crate) fn new() -> Self {
        let backend = Arc::new(MemoryBackend::new());
        let options =
            CreateOptions { kdf_cost: Some(KdfCost::least_for_tests()), ..Default::default() };
        let repository = Repository::create(
            backend.clone(),
            &Password::new("secret"),
            &options,
            &identity(),
            &Still,
            &TimeZone::UTC,
        )
        .expect("an empty storage");
        Self { backend, repository, pending: Default::default() }
    }

    /// Adds a data blob.
    pub(crate) fn data(&mut self, content: &[u8]) -> BlobId {
        let id = BlobId::of(content);
        self.pending[0].push(Blob { kind: BlobKind::Data, id, content: content.to_vec() });
        id
    }

    /// Adds a tree, whatever its nodes are.
    pub(crate) fn tree(&mut self, nodes: Vec<Node>) -> TreeId {
        self.raw_tree(&Tree { nodes }.encode())
    }

    /// Adds a tree blob with these bytes.
    pub(crate) fn raw_tree(&mut self, content: &[u8]) -> TreeId {
        let id = BlobId::of(content);
        self.pending[1].push(Blob { kind: BlobKind::Tree, id, content: content.to_vec() });
        id.into()
    }

    /// Stores what was added: one pack of data, one of trees, one index file.
    pub(crate) fn stored(mut self) -> Self {
        let packs = self.store_packs();
        let packs = packs.iter().map(|(id, blobs)| IndexPack::new(*id, blobs)).collect();
        self.store_index(packs);
        self
    }

    /// Stores the packs alone.
    pub(crate) fn store_packs(&mut self) -> Vec<(PackId, Vec<PackedBlob>)> {
        let key = self.repository.master_key();
        let pending = std::mem::take(&mut self.pending);
        let mut stored = Vec::new();
        for blobs in pending.into_iter().filter(|blobs| !blobs.is_empty()) {
            let mut pack = PackBuilder::with_capacity(0);
            for blob in blobs {
                pack.add(blob.kind, blob.id, &key.seal(&blob.content), None);
            }
            let pack = pack.finish(key);
            let file = FileName::new(FileKind::Pack, pack.id.0);
            self.backend.write(file, &[&pack.bytes]).expect("memory");
            stored.push((pack.id, pack.blobs));
        }
        stored
    }

    /// Stores an index file.
    pub(crate) fn store_index(&self, packs: Vec<IndexPack>) {
        let file = IndexFile { packs, packs_to_delete: None };
        self.repository.write_file(FileKind::Index, &file.to_json()).expect("memory");
    }

    /// Stores a snapshot of a tree.
    pub(crate) fn snapshot(&self, tree: TreeId) -> SnapshotId {
        let snapshot = Snapshot::new(Time::default(), tree, vec!["/".to_owned()]);
        snapshot.store(&self.repository).expect("memory")
    }

    pub(crate) fn index(&self) -> Index {
        self.repository.load_index(&Cancellation::default()).expect("a sound index")
    }

    /// The files of a kind.
    pub(crate) fn files(&self, kind: FileKind) -> Vec<FileName> {
        let listed = self.backend.list(kind).expect("memory");
        listed.into_iter().map(|file| FileName::new(kind, file.id)).collect()
    }

    /// Replaces a file's bytes, against the contract, as a failing disk does.
    pub(crate) fn damage(&self, file: FileName, change: impl FnOnce(&mut Vec<u8>)) {
        let mut bytes = self.backend.read(file).expect("it is there");
        change(&mut bytes);
        self.backend.remove(file).expect("it is there");
        self.backend.write(file, &[&bytes]).expect("memory");
    }
}

/// A node of a regular file.
pub(crate) fn file(name: &str, size: u64, content: &[BlobId]) -> Node {
    Node {
        name: name.into(),
        kind: NodeKind::File,
        mode: 0o644,
        size,
        links: 1,
        content: Some(content.to_vec()),
        ..Node::default()
    }
}

/// A node of a folder.
pub(crate) fn folder(name: &str, subtree: TreeId) -> Node {
    Node {
        name: name.into(),
        kind: NodeKind::Folder,
        mode: mode::FOLDER | 0o755,
        subtree: Some(subtree),
        ..Node::default()
    }
}

pub(crate) struct Still;

impl Clock for Still {
    fn now(&self) -> jiff::Timestamp {
        jiff::Timestamp::UNIX_EPOCH
    }
    fn awake(&self) -> Duration {
        Duration::ZERO
    }
    fn elapsed(&self) -> Duration {
        Duration::ZERO
    }
    fn sleep(&self, _: Duration) {}
}

pub(crate) fn identity() -> Identity {
    Identity {
        hostname: "host".to_owned(),
        username: "user".to_owned(),
        uid: 1000,
        gid: 1000,
        pid: 1,
        machine_id: None,
        boot_id: None,
        pid_namespace: None,
        process_start: None,
        session: String::new(),
        program_version: String::new(),
    }
}
