//! Does everything that reads with a repository, in a process that may take little.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use holdfast_engine::backend::LocalBackend;
use holdfast_engine::check::{CheckOptions, DataSubset, check};
use holdfast_engine::diff::diff;
use holdfast_engine::dump;
use holdfast_engine::find::{Wanted, uses};
use holdfast_engine::id::TreeId;
use holdfast_engine::index::Index;
use holdfast_engine::listing::{Next, Visited, walk};
use holdfast_engine::lock::AutoUnlock;
use holdfast_engine::monitor::{Cancellation, Event, FindingKind, Monitor, Unwatched, with_causes};
use holdfast_engine::prune::{Prune, PruneLocking, PruneOptions};
use holdfast_engine::repository::ReadError;
use holdfast_engine::restore::{Destination, Restore, RestoreOptions};
use holdfast_engine::snapshot;
use holdfast_engine::stats::{StatsMode, stats};
use holdfast_testkit::TestRepository;

use super::forge::{Forge, REPOSITORY, TOO_LARGE};

const MEMORY_BYTES_MAX: u64 = 512 << 20;

/// After so many entries a walk is stopped: paths can be more than anybody can count to.
const ENTRIES_MAX: u64 = 300_000;

/// The same where each entry is made on the disk.
const RESTORED_MAX: u64 = 20_000;

/// Makes a repository, and does everything with it in a process of its own.
pub(crate) fn confined(test: &str, forge: impl FnOnce(&mut Forge), judge: impl FnOnce(&Ends)) {
    let prepare = |place: &Path| {
        let mut forged = Forge::new(place);
        forge(&mut forged);
        forged.finish();
    };
    holdfast_testkit::confined(test, MEMORY_BYTES_MAX, prepare, |place| judge(&use_all(place)));
}

/// What came of each operation; the worst of what is done several times, in several ways or with
/// several snapshots.
#[derive(Debug, Default)]
pub(crate) struct Ends {
    of: BTreeMap<&'static str, (End, String)>,
}

/// What came of an operation, the better first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum End {
    /// It is done, and nothing was found.
    Fine,
    /// It is done, and told of what is wrong.
    Told,
    /// It was refused.
    Refused,
}

impl Ends {
    pub(crate) fn is(&self, operation: &str, expected: End) {
        let (end, text) = &self.of[operation];
        assert_eq!(*end, expected, "{operation}: {text}\n{self:#?}");
    }

    fn note<E: std::error::Error>(&mut self, operation: &'static str, done: Result<u64, E>) {
        let end = match done {
            Ok(0) => (End::Fine, String::new()),
            Ok(count) => (End::Told, format!("{count} findings")),
            Err(error) => (End::Refused, with_causes(&error)),
        };
        let most = holdfast_testkit::most_memory_bytes() >> 20;
        let end = (end.0, format!("{} ({most} MiB so far)", end.1));
        let known = self.of.entry(operation).or_insert_with(|| end.clone());
        if end.0 > known.0 {
            *known = end;
        }
    }
}

/// Counts findings, and has work stopped that goes on for ever.
struct Watch {
    findings: AtomicU64,
    items: AtomicU64,
    items_max: u64,
    cancel: Cancellation,
}

impl Default for Watch {
    fn default() -> Self {
        Self::up_to(ENTRIES_MAX)
    }
}

impl Watch {
    fn up_to(items_max: u64) -> Self {
        let (findings, items) = (AtomicU64::new(0), AtomicU64::new(0));
        Self { findings, items, items_max, cancel: Cancellation::default() }
    }

    fn count(&self) -> u64 {
        self.findings.load(Ordering::Relaxed)
    }

    fn step(&self) {
        if self.items.fetch_add(1, Ordering::Relaxed) >= self.items_max {
            self.cancel.cancel();
        }
    }
}

impl Monitor for Watch {
    fn event(&self, event: Event<'_>) {
        match event {
            Event::Finding(finding) if finding.kind != FindingKind::Note => {
                self.findings.fetch_add(1, Ordering::Relaxed);
            }
            Event::ItemStarted { .. } | Event::ItemFinished(_) => self.step(),
            _ => {}
        }
    }
}

fn use_all(place: &Path) -> Ends {
    let mut ends = Ends::default();
    let cancel = Cancellation::default();
    let backend = Arc::new(LocalBackend::new(place.join(REPOSITORY)));
    let test = TestRepository::open(backend).expect("the key is sound");
    let repository = &test.repository;

    let options = CheckOptions { data: DataSubset::All, ..CheckOptions::default() };
    let checked = check(repository, &options, &Unwatched, &cancel);
    ends.note("check", checked.map(|outcome| outcome.errors));

    prune(&test, &mut ends);

    let loaded = snapshot::load(repository, &Unwatched).expect("the disk lists");
    let trees: Vec<TreeId> = loaded.readable.iter().map(|(_, snapshot)| snapshot.tree).collect();
    let strict = repository.load_index(&cancel);
    ends.note("walk", strict.as_ref().map(|_| 0));
    drop(strict);
    let watch = Watch::default();
    let index = repository.load_readable_index(&watch, &cancel);
    let index = index.expect("the disk reads");
    ends.note::<ReadError>("index", Ok(watch.count()));
    for tree in &trees {
        look_at(&test, &index, *tree, &mut ends);
        restore(&test, &index, *tree, place, &mut ends);
    }
    for mode in [
        StatsMode::RestoreSize,
        StatsMode::FilesByContents,
        StatsMode::RawData,
        StatsMode::BlobsPerFile,
    ] {
        let counted = stats(repository, &index, &trees, mode, &cancel);
        ends.note("stats", counted.map(|_| 0));
    }
    if let (Some(first), Some(last)) = (trees.first(), trees.last()) {
        let empty = trees.iter().rev().nth(1).unwrap_or(last);
        for pair in [(*first, *last), (*last, *empty)] {
            let watch = Watch::default();
            let done = diff(repository, &index, pair, true, &watch.cancel, &mut |_| watch.step());
            ends.note("diff", done.map(|_| 0));
        }
    }
    ends
}

fn look_at(test: &TestRepository, index: &Index, tree: TreeId, ends: &mut Ends) {
    let repository = &test.repository;
    let watch = Watch::default();
    let mut visit = |visited: Visited<'_>| {
        watch.step();
        match visited {
            Visited::Entry { .. } => {}
            Visited::Unreadable { .. } => drop(watch.findings.fetch_add(1, Ordering::Relaxed)),
        }
        Next::Into
    };
    let walked = walk(repository, index, tree, b"", &watch.cancel, &mut visit);
    ends.note("ls", walked.map(|()| watch.count()));

    let watch = Watch::default();
    let mut sink = Sink(&watch);
    let dumped = dump::tar(repository, index, tree, b"/", &mut sink, &watch.cancel);
    ends.note("dump", dumped.map(|()| 0));

    let watch = Watch::default();
    let mut wanted = Wanted::blobs(["00".to_owned()]);
    let found = uses(repository, index, tree, &mut wanted, &watch.cancel, &mut |_| watch.step());
    ends.note("find", found.map(|_| 0));
}

/// Takes everything, up to a point.
struct Sink<'a>(&'a Watch);

impl io::Write for Sink<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.step();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Restores into a folder in a folder, and looks that nothing appears beside it.
fn restore(test: &TestRepository, index: &Index, tree: TreeId, place: &Path, ends: &mut Ends) {
    let outside = place.join("outside");
    let target = outside.join("inside/target");
    fs::create_dir_all(&target).expect("made");
    let options = RestoreOptions::new(Destination::Folder(target.clone()));
    let restore = Restore { repository: &test.repository, index, tree, options: &options };
    let watch = Watch::default();
    let seen = restore.preview(false, &watch, &watch.cancel, &mut |_| watch.step());
    ends.note("preview", seen.map(|_| watch.count()));
    if place.join(TOO_LARGE).exists() {
        return;
    }
    let watch = Watch::up_to(RESTORED_MAX);
    let restored = restore.run(&watch, &watch.cancel);
    ends.note("restore", restored.map(|outcome| outcome.failures));
    let names = |folder: &Path| {
        let entries = fs::read_dir(folder).expect("a folder");
        entries.map(|entry| entry.expect("it").file_name()).collect::<Vec<_>>()
    };
    assert_eq!(names(&outside), ["inside"]);
    assert_eq!(names(&outside.join("inside")), ["target"]);
}

fn prune(test: &TestRepository, ends: &mut Ends) {
    let options = PruneOptions { dry_run: true, ..PruneOptions::default() };
    let (context, auto_unlock) = (&test.context, AutoUnlock::Off);
    let locking = Some(PruneLocking { context, wait: Duration::ZERO, auto_unlock });
    let prune = Prune { repository: &test.repository, options: &options, locking };
    let planned = prune.plan(&Unwatched, &Cancellation::default());
    ends.note("prune", planned.map(|_| 0));
}
