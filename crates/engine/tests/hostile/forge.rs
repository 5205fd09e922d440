//! Makes repositories of whatever one likes, sealed with their own key.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};

use holdfast_engine::backend::{Backend, FileKind, FileName, LocalBackend};
use holdfast_engine::blob::BlobKind;
use holdfast_engine::id::{BlobId, RawId, TreeId};
use holdfast_engine::index::{IndexFile, IndexPack};
use holdfast_engine::pack::PackBuilder;
use holdfast_engine::snapshot::Snapshot;
use holdfast_engine::time::Time;
use holdfast_engine::tree::{Node, NodeKind, Tree, mode};
use holdfast_testkit::TestRepository;

/// In which folder of a place the repository lies.
pub(crate) const REPOSITORY: &str = "repository";

/// Its presence tells that the repository holds more than a disk.
pub(crate) const TOO_LARGE: &str = "too large to restore";

/// A repository in the making.
pub(crate) struct Forge {
    test: TestRepository,
    storage: LocalBackend,
    place: PathBuf,
    /// Blobs that are not in a pack yet: files' data, trees.
    packs: [PackBuilder; 2],
}

impl Forge {
    pub(crate) fn new(place: &Path) -> Self {
        let folder = place.join(REPOSITORY);
        Self {
            test: TestRepository::in_folder(&folder),
            storage: LocalBackend::new(folder),
            place: place.to_owned(),
            packs: [(); 2].map(|()| PackBuilder::with_capacity(0)),
        }
    }

    /// Adds a data blob.
    pub(crate) fn data(&mut self, content: &[u8]) -> BlobId {
        self.blob(BlobKind::Data, content)
    }

    /// Adds a tree of these nodes.
    pub(crate) fn tree(&mut self, nodes: Vec<Node>) -> TreeId {
        self.raw_tree(&Tree { nodes }.encode())
    }

    /// Adds a tree of these bytes.
    pub(crate) fn raw_tree(&mut self, json: &[u8]) -> TreeId {
        self.blob(BlobKind::Tree, json).into()
    }

    fn blob(&mut self, kind: BlobKind, content: &[u8]) -> BlobId {
        let id = BlobId::of(content);
        self.blob_as(kind, id, content, Some(content.len() as u32).filter(|it| *it > 0));
        id
    }

    /// Adds a blob under any id, compressed if it is said how long it is.
    pub(crate) fn blob_as(
        &mut self,
        kind: BlobKind,
        id: BlobId,
        content: &[u8],
        length: Option<u32>,
    ) {
        match length {
            Some(length) => {
                let frame = zstd::bulk::compress(content, 1).expect("memory does not fail");
                self.frame_as(kind, id, &frame, length);
            }
            None => self.add(kind, id, content, None),
        }
    }

    /// Adds a blob that is this frame, which is said to expand to so many bytes.
    pub(crate) fn frame_as(&mut self, kind: BlobKind, id: BlobId, frame: &[u8], length: u32) {
        self.add(kind, id, frame, Some(length));
    }

    fn add(&mut self, kind: BlobKind, id: BlobId, content: &[u8], length: Option<u32>) {
        let sealed = self.test.repository.master_key().seal(content);
        self.packs[usize::from(kind == BlobKind::Tree)].add(kind, id, &sealed, length);
    }

    /// Stores a snapshot of a tree.
    pub(crate) fn snapshot(&mut self, tree: TreeId) {
        let snapshot = Snapshot::new(Time::default(), tree, vec!["/".to_owned()]);
        snapshot.store(&self.test.repository).expect("the disk does not fail");
    }

    /// Stores an index file.
    pub(crate) fn index(&mut self, packs: Vec<IndexPack>) {
        let json = IndexFile { packs, packs_to_delete: None }.to_json();
        self.sealed_file(FileKind::Index, &zstd::bulk::compress(&json, 1).expect("memory"));
    }

    /// Stores JSON as a file.
    pub(crate) fn json_file(&mut self, kind: FileKind, json: &[u8]) {
        self.test.repository.write_file(kind, json).expect("the disk does not fail");
    }

    /// Stores a file that holds this frame.
    pub(crate) fn sealed_file(&mut self, kind: FileKind, frame: &[u8]) {
        let sealed = self.test.repository.master_key().seal(&[&[2], frame].concat());
        let name = FileName::new(kind, RawId::of(&sealed));
        self.storage.write(name, &[&sealed]).expect("the disk does not fail");
    }

    /// Stores a pack with a blob in it and this header.
    pub(crate) fn pack_with_header(&mut self, header: &[u8]) {
        let key = self.test.repository.master_key();
        let mut bytes = key.seal(&[0; 68]);
        let header = key.seal(header);
        let length = header.len() as u32;
        bytes.extend_from_slice(&header);
        bytes.extend_from_slice(&length.to_le_bytes());
        let id = RawId::of(&bytes);
        let name = FileName::new(FileKind::Pack, id);
        self.storage.write(name, &[&bytes]).expect("the disk does not fail");
        self.index(vec![IndexPack { id: id.into(), blobs: Vec::new() }]);
    }

    /// Stores a file of so many zeros that take no room.
    pub(crate) fn hole(&mut self, kind: FileKind, bytes: u64) {
        let folder = match kind {
            FileKind::Key => "keys",
            FileKind::Lock => "locks",
            FileKind::Snapshot => "snapshots",
            FileKind::Index => "index",
            FileKind::Config | FileKind::Pack => "data/00",
        };
        let path = self.place.join(REPOSITORY).join(folder).join("0".repeat(64));
        File::create(path).and_then(|file| file.set_len(bytes)).expect("the disk does not fail");
    }

    /// Says that nobody has room for what the snapshots hold.
    pub(crate) fn is_too_large_to_restore(&mut self) {
        fs::write(self.place.join(TOO_LARGE), "").expect("written");
    }

    /// Stores what was added: one pack of data, one of trees, one index file.
    pub(crate) fn finish(self) {
        let key = self.test.repository.master_key();
        let mut packs = Vec::new();
        for pack in self.packs.into_iter().filter(|pack| !pack.is_empty()) {
            let pack = pack.finish(key);
            let name = FileName::new(FileKind::Pack, pack.id.0);
            self.storage.write(name, &[&pack.bytes]).expect("the disk does not fail");
            packs.push(IndexPack::new(pack.id, &pack.blobs));
        }
        let file = IndexFile { packs, packs_to_delete: None };
        let stored = self.test.repository.write_file(FileKind::Index, &file.to_json());
        stored.expect("the disk does not fail");
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

/// A frame that expands to this start and then to so many times this byte.
pub(crate) fn zeros_of(start: &[u8], filler: u8, bytes: u64) -> Vec<u8> {
    let piece = vec![filler; 1 << 20];
    let mut encoder = zstd::stream::write::Encoder::new(Vec::new(), 1).expect("memory");
    encoder.write_all(start).expect("memory");
    for _ in 0..bytes >> 20 {
        encoder.write_all(&piece).expect("memory");
    }
    encoder.finish().expect("memory")
}
