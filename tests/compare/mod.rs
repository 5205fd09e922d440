//! The same command line given to restic and to Holdfast on the same repository, by chance: what
//! they print is equal, and so is the exit code.

use std::fs;
use std::path::{Path, PathBuf};

use holdfast_testkit::random::Random;
use holdfast_testkit::random_tree::{self, TreeOptions};
use holdfast_tests::peers::{Peer, Worker};
use holdfast_tests::repository::TestRepository;

/// How many repositories there are; `HOLDFAST_COMPARE_SEEDS` asks for more.
const SEEDS: u64 = 4;

/// How many command lines each is asked.
const LINES: usize = 50;

const HOSTS: [&str; 3] = ["box", "other", "mac-mini"];
const TAGS: [&str; 4] = ["a", "b", "nightly", "before update"];

/// A repository with a history by both programs.
struct World {
    repository: TestRepository,
    random: Random,
    source: PathBuf,
    snapshots: Vec<String>,
    /// Ids, in full: of blobs of files, of trees and of packs.
    ids: [Vec<String>; 3],
    /// Names and paths of what was backed up.
    names: Vec<String>,
    paths: Vec<String>,
}

fn words(line: &str) -> Vec<String> {
    line.split_whitespace().map(str::to_owned).collect()
}

impl World {
    fn new(seed: u64) -> Self {
        let repository = TestRepository::new();
        let source = repository.beside("source");
        let random = Random::new(seed);
        let (names, paths) = (vec!["nowhere".to_owned()], vec!["/nowhere".to_owned()]);
        let ids = <[Vec<String>; 3]>::default();
        let mut world = Self { repository, random, source, snapshots: vec![], ids, names, paths };
        (0..6).for_each(|round| world.back_up(seed * 100 + round));
        world.learn();
        world
    }

    fn worker(&self, peer: Peer) -> Worker {
        Worker::new(peer, self.repository.path(), "UTC")
    }

    fn back_up(&mut self, seed: u64) {
        let part = self.source.join(format!("part {}", self.random.below(4)));
        let _ = fs::remove_dir_all(&part);
        let options = TreeOptions { entries: 25, ..TreeOptions::default() };
        random_tree::make(&part, seed, options).expect("made");
        let mut line = words("--host");
        line.push((*self.random.pick(&HOSTS)).to_owned());
        for tag in TAGS {
            if self.random.chance(1, 3) {
                line.extend(["--tag".to_owned(), tag.to_owned()]);
            }
        }
        let peer = *self.random.pick(&[Peer::Holdfast, Peer::ResticNew]);
        let line: Vec<&str> = line.iter().map(String::as_str).collect();
        let summary = self.worker(peer).backup(&self.source, &line);
        self.snapshots.push(summary.snapshot);
    }

    /// Finds out what can be asked for.
    fn learn(&mut self) {
        let restic = self.worker(Peer::ResticNew);
        for line in restic.run(&["list", "blobs"]).lines() {
            let (kind, id) = line.split_once(' ').expect("a kind and an id");
            self.ids[usize::from(kind == "tree")].push(id.to_owned());
        }
        self.ids[2] = words(&restic.run(&["list", "packs"]));
        for id in &self.snapshots {
            for line in restic.run(&["ls", "--json", id]).lines().skip(1) {
                let node: serde_json::Value = serde_json::from_str(line).expect("JSON");
                let text = |key: &str| node[key].as_str().unwrap_or_default().to_owned();
                // Neither program says bytes that are no text as they are.
                if text("path").contains('\u{fffd}') {
                    continue;
                }
                self.paths.push(text("path"));
                if !text("name").starts_with('-') {
                    self.names.push(text("name"));
                }
            }
        }
    }

    /// A name that is there, or something like it.
    fn pattern(&mut self) -> String {
        let mut pattern = self.random.pick(&self.names).clone();
        if self.random.chance(1, 2) && pattern.chars().count() > 1 {
            let keep = 1 + self.random.below(pattern.chars().count() as u64 - 1) as usize;
            pattern = pattern.chars().take(keep).collect();
            pattern.push_str(if self.random.chance(3, 4) { "*" } else { "?" });
        }
        pattern
    }

    fn snapshot(&mut self) -> String {
        match self.random.below(6) {
            0 => "latest".to_owned(),
            1 => "latest~1".to_owned(),
            _ => {
                let id = self.random.pick(&self.snapshots).clone();
                let length = *self.random.pick(&[8, 12, 64]);
                id[..length].to_owned()
            }
        }
    }

    fn filter(&mut self) -> Vec<String> {
        let mut line = Vec::new();
        if self.random.chance(1, 3) {
            line.extend(["--host".to_owned(), (*self.random.pick(&HOSTS)).to_owned()]);
        }
        if self.random.chance(1, 3) {
            let mut tags = (*self.random.pick(&TAGS)).to_owned();
            if self.random.chance(1, 3) {
                tags = format!("{tags},{}", self.random.pick(&TAGS));
            }
            line.extend(["--tag".to_owned(), tags]);
        }
        if self.random.chance(1, 5) {
            line.extend(["--path".to_owned(), self.source.display().to_string()]);
        }
        line
    }

    /// Some of these flags.
    fn some(&mut self, flags: &[&str]) -> Vec<String> {
        flags.iter().filter(|_| self.random.chance(1, 3)).flat_map(|flag| words(flag)).collect()
    }

    fn line(&mut self) -> Vec<String> {
        let (command, rest) = match self.random.below(8) {
            0 => ("find", self.find_names()),
            1 => ("find", self.find_ids()),
            2 => {
                let mut rest = self.some(&["--json", "--metadata"]);
                // restic compares no `latest`.
                (0..2).for_each(|_| rest.push(self.random.pick(&self.snapshots).clone()));
                ("diff", rest)
            }
            3 | 4 => ("ls", self.ls()),
            5 => {
                let mode = *self.random.pick(&[
                    "restore-size",
                    "files-by-contents",
                    "blobs-per-file",
                    "raw-data",
                ]);
                let mut rest = words(&format!("--json --mode {mode}"));
                rest.extend(self.filter());
                if self.random.chance(1, 2) {
                    rest.push(self.snapshot());
                }
                ("stats", rest)
            }
            6 => {
                let flags = ["--json", "--compact", "--latest 1", "--latest 2", "--quiet"];
                let mut rest = self.some(&flags);
                rest.extend(self.filter());
                ("snapshots", rest)
            }
            _ => {
                let path = self.random.pick(&self.paths).clone();
                ("dump", vec![self.snapshot(), path])
            }
        };
        [vec![command.to_owned()], rest].concat()
    }

    fn find_names(&mut self) -> Vec<String> {
        let flags = ["--json", "--long", "--ignore-case", "--reverse", "--human-readable"];
        let mut rest = self.some(&flags);
        rest.extend(self.filter());
        if self.random.chance(1, 3) {
            rest.extend(words(if self.random.chance(1, 2) {
                "-O 2001-01-01"
            } else {
                "-N 2030-01-01"
            }));
        }
        if self.random.chance(1, 3) {
            rest.extend(["--snapshot".to_owned(), self.snapshot()]);
        }
        (0..=self.random.below(2)).for_each(|_| rest.push(self.pattern()));
        rest
    }

    fn find_ids(&mut self) -> Vec<String> {
        let which = self.random.below(3) as usize;
        let mut rest = self.some(&["--json", "--reverse"]);
        // What restic tells of the blobs of a pack comes in any order.
        if which < 2 {
            rest.extend(self.some(&["--show-pack-id"]));
        }
        rest.extend(self.filter());
        rest.push(["--blob", "--tree", "--pack"][which].to_owned());
        let id = self.random.pick(&self.ids[which]).clone();
        rest.push(id[..*self.random.pick(&[8, 16, 64])].to_owned());
        rest
    }

    fn ls(&mut self) -> Vec<String> {
        let flags = ["--json", "--long", "--recursive", "--human-readable", "--reverse"];
        let mut rest = self.some(&flags);
        if self.random.chance(1, 3) {
            let sort = *self.random.pick(&["name", "size", "time", "extension"]);
            rest.extend(words(&format!("--sort {sort}")));
        }
        rest.push(self.snapshot());
        if self.random.chance(1, 2) {
            rest.push(self.random.pick(&self.paths).clone());
        }
        rest
    }
}

fn answer(worker: &Worker, line: &[String], folder: &Path) -> (Option<i32>, Vec<u8>, String) {
    let line: Vec<&str> = line.iter().map(String::as_str).collect();
    let output = worker.command(&line).current_dir(folder).output().expect("the program starts");
    let err = String::from_utf8_lossy(&output.stderr).into_owned();
    (output.status.code(), output.stdout, err)
}

/// What was printed, line by line. restic leaves the end of a line out behind a name that ends with
/// one, so lines without anything do not count; lines of JSON are cut where entries end.
fn lines(printed: &[u8]) -> Vec<String> {
    let text = String::from_utf8_lossy(printed).replace("},{", "},\n{");
    text.lines().filter(|line| !line.is_empty()).map(str::to_owned).collect()
}

/// The first line of either that the other has not.
fn first_difference(theirs: &[u8], ours: &[u8]) -> [String; 2] {
    let (theirs, ours) = (lines(theirs), lines(ours));
    let at = theirs.iter().zip(&ours).take_while(|(a, b)| a == b).count();
    [theirs, ours].map(|lines| lines.get(at).cloned().unwrap_or_default())
}

#[test]
fn whatever_is_asked_both_print_the_same() {
    let seeds = std::env::var("HOLDFAST_COMPARE_SEEDS");
    let seeds = seeds.map_or(SEEDS, |seeds| seeds.parse().expect("a number"));
    let (mut succeeded, mut wrong) = (0, Vec::new());
    for seed in 1..=seeds {
        let mut world = World::new(seed);
        let [ours, theirs] = [Peer::Holdfast, Peer::ResticNew].map(|peer| world.worker(peer));
        for _ in 0..LINES {
            let line = world.line();
            let (their_code, their_out, their_err) = answer(&theirs, &line, &world.source);
            let (code, out, err) = answer(&ours, &line, &world.source);
            succeeded += usize::from(code == Some(0));
            // restic takes names for what its printf is to do.
            if code == their_code && their_out.windows(9).any(|part| part == b"(MISSING)") {
                continue;
            }
            if code != their_code || lines(&out) != lines(&their_out) {
                let [their_line, our_line] = first_difference(&their_out, &out);
                wrong.push(format!(
                    "seed {seed}: {line:?}\nrestic {their_code:?}: {their_line} {their_err}\n\
                     ours {code:?}: {our_line} {err}",
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{} differ\n{}", wrong.len(), wrong.join("\n\n"));
    assert!(succeeded > LINES * seeds as usize / 2, "only {succeeded} lines made sense");
}
