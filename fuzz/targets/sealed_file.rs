#![no_main]
//! What is sealed in a file is unwrapped and read, or refused.

use std::sync::{Arc, LazyLock};

use holdfast_engine::backend::{Backend, FileKind, FileName, MemoryBackend};
use holdfast_engine::id::{IndexId, RawId, SnapshotId};
use holdfast_engine::snapshot::Snapshot;
use holdfast_testkit::TestRepository;
use libfuzzer_sys::fuzz_target;

static WORLD: LazyLock<(Arc<MemoryBackend>, TestRepository)> = LazyLock::new(|| {
    let storage = Arc::new(MemoryBackend::new());
    (storage.clone(), TestRepository::create(storage))
});

fuzz_target!(|content: &[u8]| {
    let (storage, test) = &*WORLD;
    let sealed = test.repository.master_key().seal(content);
    let id = RawId::of(&sealed);
    for kind in [FileKind::Index, FileKind::Snapshot, FileKind::Lock] {
        let name = FileName::new(kind, id);
        storage.write(name, &[&sealed]).expect("memory");
        let _ = match kind {
            FileKind::Index => test.repository.read_index_file(IndexId(id)).is_ok(),
            FileKind::Snapshot => Snapshot::load(&test.repository, SnapshotId(id)).is_ok(),
            _ => test.repository.read_file(kind, id).is_ok(),
        };
        storage.remove(name).expect("memory");
    }
});
