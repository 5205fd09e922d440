//! A source on a spinning disk, which is read in turns.

use std::fs;
use std::num::NonZeroUsize;
use std::sync::Arc;

use holdfast_engine::backend::MemoryBackend;
use holdfast_engine::backup::{BackupOptions, ParentChoice};
use holdfast_engine::monitor::Unwatched;
use holdfast_testkit::random::Random;
use holdfast_testkit::{TestRepository, files_in};

/// More than is read at a turn, so that workers take turns within files, too.
const LARGE: usize = 11 << 20;

#[test]
fn what_is_read_in_turns_is_cut_and_stored_as_ever() {
    let (source, mut random) = (tempfile::tempdir().expect("a folder"), Random::new(5));
    for number in 0..30 {
        let bytes = random.bytes(number * 17_000);
        fs::write(source.path().join(format!("small {number}")), bytes).expect("written");
    }
    for number in 0..4 {
        let bytes = random.bytes(LARGE + number);
        fs::write(source.path().join(format!("large {number}")), bytes).expect("written");
    }
    let test = TestRepository::create(Arc::new(MemoryBackend::new()));
    let trees = [false, true].map(|reads_in_turns| {
        let options = BackupOptions {
            reads_in_turns,
            workers: NonZeroUsize::new(4),
            parent: ParentChoice::None,
            ..Default::default()
        };
        test.backup_with(source.path(), &options, &Unwatched).expect("a snapshot").tree
    });
    assert_eq!(trees[0], trees[1]);
    assert!(test.contents(trees[1]) == files_in(source.path()));
}
