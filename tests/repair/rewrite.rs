//! Rewrites of random trees by random patterns: the same trees as restic's come out.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use holdfast_engine::monitor::Unwatched;
use holdfast_engine::snapshot::load_all;
use holdfast_testkit::random::Random;
use holdfast_testkit::random_tree::{self, TreeOptions};
use holdfast_tests::peers::{Peer, Worker};
use holdfast_tests::repository::TestRepository;

use super::cases;

/// How many lists of patterns are tried on each tree.
const LISTS: usize = 6;

/// The paths below a folder, those that can be written in a pattern.
fn paths(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("readable") {
        let path = entry.expect("readable").path();
        if path.to_str().is_some_and(|text| !text.contains(['*', '?', '[', '\\'])) {
            found.push(path.clone());
        }
        if path.is_dir() && !path.is_symlink() {
            paths(&path, found);
        }
    }
}

/// A pattern that is made of a path, of one of the forms that there are.
fn pattern(random: &mut Random, root: &Path, path: &Path) -> String {
    let inside = path.strip_prefix(root).expect("below it").to_str().expect("text").to_owned();
    let name = path.file_name().expect("a name").to_str().expect("text").to_owned();
    let stem: String = name.chars().take(1).collect();
    let first = inside.split('/').next().unwrap_or_default().to_owned();
    let negated = if random.chance(1, 5) { "!" } else { "" };
    let form = match random.below(7) {
        0 => name,
        1 => format!("/{inside}"),
        2 => format!("{stem}*"),
        3 => format!("/{first}/**/{name}"),
        4 => format!("{first}/*"),
        5 => format!("/*/{name}"),
        _ => inside,
    };
    format!("{negated}{form}")
}

/// What a rewrite made: trees and what was counted, by original.
fn made(world: &TestRepository, by: Peer, words: &[&str]) -> (BTreeSet<String>, bool) {
    let before: BTreeSet<_> = ids(world);
    let output = Worker::new(by, world.path(), "UTC").command(words).output().expect("it starts");
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!told.contains("panic"), "{by:?} {words:?}: {told}");
    let mut made = BTreeSet::new();
    for (id, snapshot) in load_all(&world.open(), &Unwatched).expect("it lists") {
        if !before.contains(&id) {
            let json = String::from_utf8(snapshot.to_json()).expect("text");
            made.insert(json);
            let file = world.path().join("snapshots").join(id.to_string());
            fs::remove_file(file).expect("removed");
        }
    }
    (made, output.status.success())
}

fn ids(world: &TestRepository) -> BTreeSet<holdfast_engine::id::SnapshotId> {
    let all = load_all(&world.open(), &Unwatched).expect("it lists");
    all.into_iter().map(|(id, _)| id).collect()
}

#[test]
fn the_same_patterns_make_the_same_trees() {
    let mut changed = 0;
    for seed in 0..cases(2) {
        let world = TestRepository::new();
        let source = world.beside("source");
        fs::create_dir(&source).expect("made");
        random_tree::make(&source, seed, TreeOptions::default()).expect("made");
        let by = if seed % 2 == 0 { Peer::ResticNew } else { Peer::Holdfast };
        Worker::new(by, world.path(), "Europe/Berlin").backup(&source, &[]);
        let mut all = Vec::new();
        paths(&source, &mut all);
        let mut random = Random::new(seed);
        for number in 0..LISTS {
            let flag = *random.pick(&["--exclude", "--include", "--iexclude", "--iinclude"]);
            let list: Vec<String> = (0..1 + random.below(3))
                .map(|_| {
                    let path = random.pick(&all).clone();
                    pattern(&mut random, &source, &path)
                })
                .collect();
            let mut words = vec!["rewrite"];
            words.extend(list.iter().flat_map(|pattern| [flag, pattern.as_str()]));
            if number == 0 {
                words.push("--snapshot-summary");
            }
            let theirs = made(&world, Peer::ResticNew, &words);
            let ours = made(&world, Peer::Holdfast, &words);
            assert_eq!(ours, theirs, "seed {seed}, {words:?}");
            changed += ours.0.len();
        }
        Worker::new(Peer::ResticNew, world.path(), "UTC").check();
    }
    assert!(changed > 0, "no pattern matched anything");
}
