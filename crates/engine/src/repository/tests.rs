//! Making and opening repositories, and reading what was damaged.

use super::*;
use crate::backend::MemoryBackend;
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
