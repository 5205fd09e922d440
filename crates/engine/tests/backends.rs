//! Every storage keeps the contract.

use holdfast_engine::backend::{
    Backend, BackendErrorKind, FileKind, FileName, LocalBackend, MemoryBackend,
};
use holdfast_engine::id::RawId;
use holdfast_testkit::backend_contract::keeps_the_contract;

#[test]
fn memory_keeps_the_contract() {
    keeps_the_contract(&MemoryBackend::new());
}

#[test]
fn a_folder_keeps_the_contract() {
    let folder = tempfile::tempdir().expect("a folder");
    keeps_the_contract(&LocalBackend::new(folder.path().join("to be made")));
}

#[test]
fn a_folder_without_its_sub_folders_lists_as_empty_and_gets_them_again() {
    let folder = tempfile::tempdir().expect("a folder");
    let backend = LocalBackend::new(folder.path());
    backend.create().expect("folders are made");
    backend.write(FileName::CONFIG, &[b"config"]).expect("it is stored");
    for kind in ["data", "index", "locks"] {
        std::fs::remove_dir_all(folder.path().join(kind)).expect("removed");
    }
    assert_eq!(backend.list(FileKind::Pack).expect("it lists"), []);
    assert_eq!(backend.list(FileKind::Lock).expect("it lists"), []);
    let file = FileName::new(FileKind::Pack, RawId::of(b"content"));
    backend.write(file, &[b"content"]).expect("it is stored");
    assert_eq!(backend.list(FileKind::Pack).expect("it lists").len(), 1);
}

#[test]
fn a_disk_that_is_gone_is_offline_and_not_empty() {
    let folder = tempfile::tempdir().expect("a folder");
    let root = folder.path().join("disk");
    let backend = LocalBackend::new(&root);
    backend.create().expect("folders are made");
    std::fs::remove_dir_all(&root).expect("removed");
    let failed = backend.list(FileKind::Snapshot).expect_err("there is no disk");
    assert_eq!(failed.kind, BackendErrorKind::Offline);
    let file = FileName::new(FileKind::Pack, RawId::of(b"content"));
    let failed = backend.write(file, &[b"content"]).expect_err("there is no disk");
    assert_eq!(failed.kind, BackendErrorKind::Offline);
    assert!(!root.exists(), "nothing is written where the disk is mounted usually");
}

#[test]
fn names_that_are_no_ids_are_passed_over() {
    let folder = tempfile::tempdir().expect("a folder");
    let backend = LocalBackend::new(folder.path());
    backend.create().expect("folders are made");
    let id = RawId::of(b"x").to_string();
    for name in ["README", &id[..63], &format!("{id}-tmp-1"), &id.to_uppercase()] {
        std::fs::write(folder.path().join("snapshots").join(name), b"x").expect("written");
        std::fs::write(folder.path().join("data/ab").join(name), b"x").expect("written");
    }
    assert_eq!(backend.list(FileKind::Snapshot).expect("it lists"), []);
    assert_eq!(backend.list(FileKind::Pack).expect("it lists"), []);
}

#[test]
#[cfg(unix)]
fn files_are_readable_by_their_owner_alone_and_cannot_be_changed() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().expect("a folder");
    let backend = LocalBackend::new(folder.path().join("repository"));
    backend.create().expect("folders are made");
    backend.write(FileName::CONFIG, &[b"config"]).expect("it is stored");
    let mode = |name: &str| {
        let path = folder.path().join("repository").join(name);
        path.metadata().expect("it is there").permissions().mode() & 0o777
    };
    assert_eq!(mode("config"), 0o400);
    assert_eq!(mode("data"), 0o700);
    assert_eq!(mode("data/ff"), 0o700);
}

#[test]
fn a_range_that_a_file_cannot_have_reserves_no_memory() {
    let folder = tempfile::tempdir().expect("a folder");
    let backend = LocalBackend::new(folder.path());
    backend.create().expect("folders are made");
    let file = FileName::new(FileKind::Pack, RawId::of(b"content"));
    backend.write(FileName::CONFIG, &[b"config"]).expect("it is stored");
    backend.write(file, &[b"content"]).expect("it is stored");
    for (offset, length) in [(0, u32::MAX as usize), (7, 1 << 30), (u64::MAX, 1 << 30)] {
        let mut out = Vec::new();
        let refused = backend.read_range(file, offset, length, &mut out);
        assert_eq!(refused.expect_err("it has 7 bytes").kind, BackendErrorKind::TooShort);
        assert_eq!(out.capacity(), 0, "{offset} {length}");
    }
}

#[test]
#[cfg(target_os = "linux")]
fn a_sync_waits_for_what_another_thread_is_still_making_durable() {
    use std::sync::mpsc::{TryRecvError, channel};
    let folder = tempfile::tempdir().expect("a folder");
    let backend = LocalBackend::new(folder.path());
    backend.create().expect("folders are made");
    let file = FileName::new(FileKind::Snapshot, RawId::of(b"content"));
    backend.write(file, &[b"content"]).expect("it is stored");
    // A folder that takes its time: whoever opens it waits until somebody opens it for writing.
    let slow = folder.path().join("snapshots");
    std::fs::remove_dir_all(&slow).expect("removed");
    let made = std::process::Command::new("mkfifo").arg(&slow).status().expect("it runs");
    assert!(made.success());
    let ((done, finished), (tell, threads)) = (channel(), channel());
    std::thread::scope(|scope| {
        for _ in 0..2 {
            let (backend, done, tell) = (&backend, done.clone(), tell.clone());
            scope.spawn(move || {
                tell.send(std::fs::read_link("/proc/thread-self")).expect("it is waited for");
                done.send(backend.sync().is_ok())
            });
        }
        let threads = [threads.recv(), threads.recv()];
        let threads = threads.map(|thread| thread.expect("it is told").expect("it has a name"));
        // Each has come as far as it can: it waits for something, or has ended.
        while threads.iter().any(|thread| is_running(thread)) {
            std::thread::park_timeout(std::time::Duration::from_millis(1));
        }
        let early = finished.try_recv();
        let _opened = std::fs::OpenOptions::new().write(true).open(&slow).expect("it opens");
        assert_eq!(early, Err(TryRecvError::Empty), "nothing is durable yet");
        assert_eq!([finished.recv(), finished.recv()], [Ok(true); 2]);
    });
}

/// True while the thread, named as below `/proc`, neither waits nor has ended.
#[cfg(target_os = "linux")]
fn is_running(thread: &std::path::Path) -> bool {
    let stat = std::fs::read_to_string(std::path::Path::new("/proc").join(thread).join("stat"));
    stat.is_ok_and(|stat| stat.rsplit_once(')').is_some_and(|(_, rest)| !rest.starts_with(" S")))
}
