//! Backups of what hardly changed: the parent snapshot makes them quick, and nothing else.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use holdfast_engine::backend::MemoryBackend;
use holdfast_engine::backup::{BackupOptions, ParentChoice};
use holdfast_engine::monitor::Unwatched;
use holdfast_testkit::random::Random;
use holdfast_testkit::{TestRepository, asked, files_in, named};

/// Changes some files of some folders. Each content is of a length that there never was, so that no
/// clock is too coarse to tell.
fn change(root: &Path, random: &mut Random, length: &mut usize) {
    for _ in 0..=random.below(4) {
        let name = |kind: &str, count| format!("{kind} {count:02}");
        let folder: PathBuf = root.join(name("folder", random.below(3)));
        let file = folder.join(name("file", random.below(12)));
        fs::create_dir_all(&folder).expect("made");
        match random.below(8) {
            0 => fs::remove_dir_all(&folder).expect("removed"),
            1 | 2 if file.exists() => fs::remove_file(&file).expect("removed"),
            _ => {
                *length += 1;
                fs::write(&file, vec![b'x'; *length]).expect("written");
            }
        }
    }
}

#[test]
fn a_snapshot_is_the_same_with_a_parent_and_without() {
    let without = BackupOptions { parent: ParentChoice::None, ..Default::default() };
    for seed in 0..asked("HOLDFAST_UNCHANGED_CASES", 4) {
        named(&format!("case {seed}"), || {
            let (mut random, mut length) = (Random::new(seed), 0);
            let source = tempfile::tempdir().expect("a folder");
            let test = TestRepository::create(Arc::new(MemoryBackend::new()));
            fs::write(source.path().join("always there"), "").expect("written");
            for _ in 0..8 {
                change(source.path(), &mut random, &mut length);
                let quick = test.backup(source.path()).expect("a snapshot");
                let whole = test.backup_with(source.path(), &without, &Unwatched);
                assert_eq!(quick.tree, whole.expect("a snapshot").tree);
                assert!(test.contents(quick.tree) == files_in(source.path()));
            }
        });
    }
}
