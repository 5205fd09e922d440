//! One suite that every storage passes: the contract of [`Backend`], clause by clause.

use holdfast_engine::backend::{Backend, BackendErrorKind, FileKind, FileName, Listed};
use holdfast_engine::id::RawId;

/// Checks a storage that holds nothing yet.
///
/// # Panics
/// If it does not keep the contract.
pub fn keeps_the_contract(backend: &dyn Backend) {
    backend.create().expect("folders are made");
    backend.create().expect("making them again changes nothing");
    what_is_written_is_read_and_listed(backend);
    the_config_is_not_replaced_by_writing_it(backend);
    the_config_is_replaced_by_those_who_say_so(backend);
    a_range_is_read_exactly_or_not_at_all(backend);
    what_is_not_there_is_not_found(backend);
    what_is_removed_is_gone(backend);
    many_may_work_at_once(backend);
}

fn name(kind: FileKind, content: &[u8]) -> FileName {
    FileName::new(kind, RawId::of(content))
}

fn kind_of<T: std::fmt::Debug>(
    result: Result<T, holdfast_engine::backend::BackendError>,
) -> BackendErrorKind {
    result.expect_err("this fails").kind
}

fn what_is_written_is_read_and_listed(backend: &dyn Backend) {
    for kind in FileKind::LISTED {
        assert_eq!(backend.list(kind).expect("it lists"), []);
        for content in [&b"one"[..], b"", &vec![7; 3 << 20]] {
            let file = name(kind, content);
            let (first, second) = content.split_at(content.len() / 3);
            backend.write(file, &[first, b"", second]).expect("it is stored");
            backend.write(file, &[content]).expect("storing it again changes nothing");
            assert!(backend.read(file).expect("it is there") == content);
            let age = backend.modified(file).expect("it has a time");
            assert!(age >= std::time::SystemTime::UNIX_EPOCH);
        }
        let mut listed = backend.list(kind).expect("it lists");
        listed.sort_by_key(|file| file.size);
        let large = RawId::of(&vec![7; 3 << 20]);
        let expected = [
            Listed { id: RawId::of(b""), size: 0 },
            Listed { id: RawId::of(b"one"), size: 3 },
            Listed { id: large, size: 3 << 20 },
        ];
        assert_eq!(listed, expected, "{kind}");
    }
    backend.sync().expect("it is made durable");
}

fn the_config_is_not_replaced_by_writing_it(backend: &dyn Backend) {
    backend.write(FileName::CONFIG, &[b"config"]).expect("it is stored");
    // Whether that is an error is the storage's choice.
    let _ = backend.write(FileName::CONFIG, &[b"another"]);
    assert_eq!(backend.read(FileName::CONFIG).expect("it is there"), b"config");
}

fn the_config_is_replaced_by_those_who_say_so(backend: &dyn Backend) {
    for content in [&b"another"[..], b"a third, which is longer"] {
        backend.replace_config(content).expect("it is stored");
        backend.sync().expect("it is made durable");
        assert_eq!(backend.read(FileName::CONFIG).expect("it is there"), content);
    }
}

fn a_range_is_read_exactly_or_not_at_all(backend: &dyn Backend) {
    let content: Vec<u8> = (0..100_000u32).map(|n| n as u8).collect();
    let file = name(FileKind::Pack, &content);
    backend.write(file, &[&content]).expect("it is stored");
    let mut out = b"from before".to_vec();
    for (offset, length) in [(0, 0), (0, 1), (99_999, 1), (0, 100_000), (255, 4096)] {
        backend.read_range(file, offset as u64, length, &mut out).expect("it is there");
        assert_eq!(out, &content[offset..offset + length]);
    }
    for (offset, length) in [(0, 100_001), (100_000, 1), (99_990, 11), (1 << 40, 1)] {
        let read = backend.read_range(file, offset, length, &mut out);
        assert_eq!(kind_of(read), BackendErrorKind::TooShort);
    }
}

fn what_is_not_there_is_not_found(backend: &dyn Backend) {
    for kind in FileKind::LISTED {
        let file = name(kind, b"nobody wrote this");
        assert_eq!(kind_of(backend.read(file)), BackendErrorKind::NotFound);
        let read = backend.read_range(file, 0, 1, &mut Vec::new());
        assert_eq!(kind_of(read), BackendErrorKind::NotFound);
        assert_eq!(kind_of(backend.remove(file)), BackendErrorKind::NotFound);
        assert_eq!(kind_of(backend.modified(file)), BackendErrorKind::NotFound);
    }
}

fn what_is_removed_is_gone(backend: &dyn Backend) {
    for kind in FileKind::LISTED {
        for file in backend.list(kind).expect("it lists") {
            backend.remove(FileName::new(kind, file.id)).expect("it is there");
        }
        assert_eq!(backend.list(kind).expect("it lists"), []);
    }
    backend.sync().expect("it is made durable");
}

fn many_may_work_at_once(backend: &dyn Backend) {
    std::thread::scope(|scope| {
        for worker in 0..4u32 {
            scope.spawn(move || {
                for n in 0..50u32 {
                    let content = [worker.to_le_bytes(), n.to_le_bytes()].concat();
                    let file = name(FileKind::Pack, &content);
                    backend.write(file, &[&content]).expect("it is stored");
                    assert_eq!(backend.read(file).expect("it is there"), content);
                    backend.sync().expect("it is made durable");
                }
            });
        }
    });
    assert_eq!(backend.list(FileKind::Pack).expect("it lists").len(), 200);
}
