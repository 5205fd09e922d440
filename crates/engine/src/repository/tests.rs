//! Making and opening repositories, and reading what was damaged.

use super::*;
use crate::backend::MemoryBackend;
use crate::id::IndexId;
use crate::id::SnapshotId;
use crate::monitor::Cancellation;
use crate::monitor::Unwatched;
use crate::snapshot::Snapshot;
use crate::testing::{Still, World, identity};

fn create(backend: &Arc<MemoryBackend>) -> Result<Repository, CreateError> {
    let options =
        CreateOptions { kdf_cost: Some(KdfCost::least_for_tests()), ..Default::default() };
    let password = Password::new("secret");
    Repository::create(backend.clone(), &password, &options, &identity(), &Still, &TimeZone::UTC)
}

fn open(backend: &Arc<MemoryBackend>, password: &str) -> Result<Repository, OpenError> {
    Repository::open(backend.clone(), &Password::new(password), None)
}

#[test]
fn the_password_it_was_made_with_opens_it_and_no_other() {
    let backend = Arc::new(MemoryBackend::new());
    let made = create(&backend).expect("an empty storage");
    let opened = open(&backend, "secret").expect("the right password");
    assert_eq!(opened.config(), made.config());
    assert_eq!(opened.key_id(), made.key_id());
    assert!(matches!(open(&backend, "other"), Err(OpenError::WrongPassword { keys: 1, .. })));
}

#[test]
fn where_there_is_one_or_its_remains_none_is_made() {
    let backend = Arc::new(MemoryBackend::new());
    assert!(matches!(open(&backend, "secret"), Err(OpenError::NoRepository { .. })));
    create(&backend).expect("an empty storage");
    assert!(matches!(create(&backend), Err(CreateError::Exists { found: FileKind::Config, .. })));
    backend.remove(FileName::CONFIG).expect("it is there");
    assert!(matches!(create(&backend), Err(CreateError::Exists { found: FileKind::Key, .. })));
}

#[test]
fn a_damaged_key_beside_a_good_one_is_passed_over() {
    let backend = Arc::new(MemoryBackend::new());
    create(&backend).expect("an empty storage");
    for garbage in [&b""[..], b"{}", b"not json"] {
        let file = FileName::new(FileKind::Key, RawId::of(garbage));
        backend.write(file, &[garbage]).expect("stored");
    }
    assert!(open(&backend, "secret").is_ok());
    assert!(matches!(open(&backend, "other"), Err(OpenError::DamagedKey { .. })));
}

#[test]
fn a_config_cut_short_at_any_byte_is_a_clear_error() {
    let backend = Arc::new(MemoryBackend::new());
    create(&backend).expect("an empty storage");
    let whole = backend.read(FileName::CONFIG).expect("it is there");
    for length in 0..whole.len() {
        backend.remove(FileName::CONFIG).expect("it is there");
        backend.write(FileName::CONFIG, &[&whole[..length]]).expect("stored");
        assert!(matches!(open(&backend, "secret"), Err(OpenError::DamagedConfig { .. })));
    }
}

#[test]
fn a_stored_file_reads_back_and_a_swapped_one_is_noticed() {
    let backend = Arc::new(MemoryBackend::new());
    let repository = create(&backend).expect("an empty storage");
    let one = repository.write_file(FileKind::Snapshot, b"{\"a\":1}").expect("stored");
    let two = repository.write_file(FileKind::Snapshot, b"{\"a\":2}").expect("stored");
    assert_eq!(repository.read_file(FileKind::Snapshot, one).expect("reads"), b"{\"a\":1}");
    let (one, two) =
        (FileName::new(FileKind::Snapshot, one), FileName::new(FileKind::Snapshot, two));
    let swapped = backend.read(two).expect("it is there");
    backend.remove(one).expect("it is there");
    backend.write(one, &[&swapped]).expect("stored");
    assert!(matches!(
        repository.read_file(FileKind::Snapshot, one.id),
        Err(ReadError::WrongContent { .. })
    ));
}

#[test]
fn a_data_blob_larger_than_any_program_makes_is_refused_before_it_takes_memory() {
    let world = World::new();
    // A sound frame of far more zeros than a piece of a file can have.
    let bytes = 200 << 20;
    let frame = crate::codec::compress(&vec![0; bytes], crate::codec::Compression::Fastest);
    let sealed = world.repository.master_key().seal(&frame);
    let blob = |kind, length: usize| PackedBlob {
        id: BlobId::of(b"unlike"),
        kind,
        location: BlobLocation {
            pack: PackId::of(b"any"),
            offset: 0,
            length: sealed.len() as u32,
            uncompressed_length: Some(length as u32),
        },
    };
    let mut out = Vec::new();
    let refused = world.repository.open_blob(&sealed, &blob(BlobKind::Data, bytes), &mut out);
    assert!(matches!(refused, Err(ReadError::DamagedBlob { .. })), "{refused:?}");
    assert_eq!(out.capacity(), 0);
}

#[test]
fn a_data_blob_of_gigabytes_is_not_even_asked_for() {
    let world = World::new();
    let pack = PackId::of(b"a pack that is not there");
    let location = BlobLocation { pack, offset: 0, length: u32::MAX, uncompressed_length: None };
    let blob = PackedBlob { id: BlobId::of(b"any"), kind: BlobKind::Data, location };
    let refused = world.repository.read_located(&blob, &mut Vec::new(), &mut Vec::new());
    assert!(matches!(refused, Err(ReadError::DamagedBlob { .. })), "{refused:?}");
}

/// Stores a file cut short at each of its bytes in turn: under its name, as a disk that lost the
/// rest; and under the name of what is left, as a program that never wrote more.
fn cut_short_everywhere(
    backend: &MemoryBackend,
    file: FileName,
    mut look: impl FnMut(FileName, usize, bool),
) {
    let whole = backend.read(file).expect("it is there");
    for length in 0..whole.len() {
        let rest = &whole[..length];
        for name in [file, FileName::new(file.kind, RawId::of(rest))] {
            backend.remove(file).expect("it is there");
            backend.write(name, &[rest]).expect("stored");
            look(name, length, name == file);
            backend.remove(name).expect("it is there");
            backend.write(file, &[&whole]).expect("stored");
        }
    }
}

#[test]
fn a_key_cut_short_at_any_byte_is_a_clear_error() {
    let backend = Arc::new(MemoryBackend::new());
    let made = create(&backend).expect("an empty storage");
    let key = FileName::new(FileKind::Key, made.key_id().0);
    cut_short_everywhere(&backend, key, |_, length, _| {
        let opened = open(&backend, "secret");
        assert!(matches!(opened, Err(OpenError::DamagedKey { .. })), "{length} {opened:?}");
    });
    open(&backend, "secret").expect("it is whole again");
}

#[test]
fn an_index_file_cut_short_at_any_byte_is_an_error_and_never_an_empty_index() {
    let mut world = World::new();
    world.data(b"some content");
    let world = world.stored();
    let file = world.files(FileKind::Index)[0];
    cut_short_everywhere(&world.backend, file, |name, length, _| {
        let cancel = Cancellation::default();
        assert!(world.repository.read_index_file(IndexId(name.id)).is_err(), "{length}");
        assert!(world.repository.load_index(&cancel).is_err(), "{length}");
    });
}

#[test]
fn a_snapshot_cut_short_at_any_byte_is_an_error_and_never_left_out() {
    let mut world = World::new();
    let tree = world.tree(Vec::new());
    let id = world.snapshot(tree);
    let world = world.stored();
    let file = FileName::new(FileKind::Snapshot, id.0);
    cut_short_everywhere(&world.backend, file, |name, length, _| {
        let id = SnapshotId(name.id);
        assert!(Snapshot::load(&world.repository, id).is_err(), "{length}");
        let all = crate::snapshot::load(&world.repository, &Unwatched).expect("it is listed");
        assert_eq!((all.readable.len(), all.unreadable), (0, vec![id]), "{length}");
    });
}

#[test]
fn a_pack_cut_short_at_any_byte_has_no_header_and_no_blob_beyond_the_cut() {
    let mut world = World::new();
    let ids = [world.data(b"some content"), world.data(&[7; 100])];
    let world = world.stored();
    let (file, index) = (world.files(FileKind::Pack)[0], world.index());
    cut_short_everywhere(&world.backend, file, |name, length, is_own_name| {
        let header = world.repository.read_pack_header(PackId(name.id), length as u64);
        assert!(header.is_err(), "{length}");
        for id in ids {
            let end = index.locate(BlobKind::Data, &id).map(|at| at.offset + at.length);
            let is_there = is_own_name && end.expect("it is known") as usize <= length;
            let read = world.repository.read_blob(&index, BlobKind::Data, id);
            assert_eq!(read.is_ok(), is_there, "{length}");
        }
        let data = crate::check::DataSubset::All;
        let options = crate::check::CheckOptions { data, ..Default::default() };
        let checked =
            crate::check::check(&world.repository, &options, &Unwatched, &Cancellation::default());
        assert!(!checked.expect("it is listed").is_sound(), "{length}");
    });
}

#[test]
fn json_cut_short_at_any_byte_is_an_error_however_well_it_is_sealed() {
    let mut world = World::new();
    world.data(b"some content");
    let tree = world.tree(Vec::new());
    let snapshot = world.snapshot(tree);
    let world = world.stored();
    let index = world.files(FileKind::Index)[0].id;
    for (kind, id) in [(FileKind::Index, index), (FileKind::Snapshot, snapshot.0)] {
        let json = world.repository.read_file(kind, id).expect("it is whole");
        for length in 0..json.trim_ascii_end().len() {
            let id = world.repository.write_file(kind, &json[..length]).expect("stored");
            let is_refused = match kind {
                FileKind::Index => world.repository.read_index_file(IndexId(id)).is_err(),
                _ => Snapshot::load(&world.repository, SnapshotId(id)).is_err(),
            };
            assert!(is_refused, "{kind} {length}");
            world.backend.remove(FileName::new(kind, id)).expect("it is there");
        }
    }
}

fn with_new_key<T>(password: &str, act: impl FnOnce(&NewKey<'_>) -> T) -> T {
    act(&NewKey {
        password: &Password::new(password),
        cost: Some(KdfCost::least_for_tests()),
        identity: &identity(),
        clock: &Still,
        zone: &TimeZone::UTC,
    })
}

fn add_key(world: &World, password: &str) -> KeyId {
    with_new_key(password, |new| world.repository.add_key(new)).expect("memory does not fail")
}

fn opens(world: &World, password: &str) -> bool {
    open(&world.backend, password).is_ok()
}

#[test]
fn an_added_key_opens_the_repository_until_it_is_removed() {
    let world = World::new();
    let added = add_key(&world, "another");
    assert!(opens(&world, "another") && opens(&world, "secret"));
    let keys = world.repository.keys().expect("memory");
    assert_eq!(keys.len(), 2);
    let is_of_host = |file: &KeyFile| file.hostname == "host";
    assert!(keys.iter().all(|key| key.file.as_ref().is_ok_and(is_of_host)));
    world.repository.remove_key(added).expect("it is not in use");
    assert!(!opens(&world, "another") && opens(&world, "secret"));
    let in_use = world.repository.remove_key(world.repository.key_id());
    assert!(matches!(in_use, Err(KeyChangeError::InUse)));
    assert!(opens(&world, "secret"));
}

#[test]
fn a_new_password_takes_the_place_of_the_old_one() {
    let world = World::new();
    let replaced = with_new_key("new", |new| world.repository.replace_key(new));
    assert_eq!(world.files(FileKind::Key).len(), 1);
    assert_eq!(world.files(FileKind::Key)[0].id, replaced.expect("memory does not fail").0);
    assert!(opens(&world, "new") && !opens(&world, "secret"));
}

#[test]
fn there_are_never_more_keys_than_are_tried() {
    let world = World::new();
    for n in 1..KEYS_TRIED_MAX {
        add_key(&world, &n.to_string());
    }
    let refused = with_new_key("one more", |new| world.repository.add_key(new));
    assert!(matches!(refused, Err(KeyChangeError::TooMany { count: KEYS_TRIED_MAX })));
    assert!(opens(&world, "19"));
}
