//! Two computers share a repository for a long time, and anything happens: edits, backups at the same
//! moment, snapshots forgotten and tagged, prunes, crashes, and computers that fall asleep in the middle
//! of their work while the other takes their lock away. Whatever a snapshot held it holds.
//!
//! `HOLDFAST_MACHINE_CASES` asks for more cases, `HOLDFAST_MACHINE_SEED` for those from a seed on.

use std::collections::BTreeMap;
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use holdfast_engine::backend::{Backend, MemoryBackend};
use holdfast_engine::backup::{BackupOptions, Mode, Sources};
use holdfast_engine::check::{CheckOptions, DataSubset, check};
use holdfast_engine::clock::Clock as _;
use holdfast_engine::forget::forget;
use holdfast_engine::id::SnapshotId;
use holdfast_engine::identity::Identity;
use holdfast_engine::lock::{AutoUnlock, HeldLock, LockRequest, acquire};
use holdfast_engine::monitor::{Cancellation, Unwatched, with_causes};
use holdfast_engine::prune::{MaxUnused, Prune, PruneLocking, PruneOptions};
use holdfast_engine::snapshot::{self, Snapshot};
use holdfast_engine::tag::{TagChange, tag};
use holdfast_testkit::random::Random;
use holdfast_testkit::{
    ChangeFault, FakeClock, FaultyBackend, PausingBackend, TestRepository, asked, copied, files_in,
    identity, named,
};

/// How many cases there are usually.
const CASES: u64 = 60;

/// What happens in each.
const STEPS: usize = 14;

/// After so much silence a lock is taken away.
const SILENCE: Duration = Duration::from_secs(30 * 60);

/// Each act is done by a process of its own; those before are gone.
static PROCESSES: AtomicU32 = AtomicU32::new(1);

type Contents = BTreeMap<String, Vec<u8>>;

/// What a computer does with the repository.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Act {
    Backup,
    Forget,
    Tag,
    Prune,
}

const ACTS: [Act; 6] = [Act::Backup, Act::Backup, Act::Backup, Act::Forget, Act::Tag, Act::Prune];

/// What is meant by an act: decided before, so that it is the same wherever it is carried out.
#[derive(Debug, Clone)]
struct Intent {
    act: Act,
    computer: usize,
    source: PathBuf,
    named: Vec<SnapshotId>,
    tag: String,
    unindexed_age_min: Duration,
}

struct Machine {
    storage: Arc<MemoryBackend>,
    clock: Arc<FakeClock>,
    sources: Arc<[tempfile::TempDir; 2]>,
    random: Random,
    /// What the snapshots hold, each also by the id that it had first.
    kept: BTreeMap<SnapshotId, (SnapshotId, Contents)>,
    history: Vec<String>,
    /// How often a computer crashed, and slept in the middle of something.
    crashes: u64,
    sleeps: u64,
}

impl Machine {
    fn new(seed: u64) -> Self {
        let storage = Arc::new(MemoryBackend::new());
        let clock = TestRepository::create(storage.clone()).clock;
        let folder = || tempfile::tempdir().expect("a folder");
        let mut machine = Self {
            storage,
            clock,
            sources: Arc::new([folder(), folder()]),
            random: Random::new(seed),
            kept: BTreeMap::new(),
            history: Vec::new(),
            crashes: 0,
            sleeps: 0,
        };
        machine.pass(Duration::from_secs(1));
        machine.edit(0);
        machine.edit(1);
        machine
    }

    /// Time passes for everybody.
    fn pass(&mut self, time: Duration) {
        pass(&self.clock, &self.storage, time);
    }

    fn edit(&mut self, computer: usize) {
        let random = &mut self.random;
        for _ in 0..=random.below(4) {
            let folder = self.sources[computer].path().join(format!("{}", random.below(3)));
            fs::create_dir_all(&folder).expect("made");
            let path = folder.join(format!("{}", random.below(4)));
            if random.chance(1, 5) && path.exists() {
                fs::remove_file(path).expect("removed");
            } else {
                // Few contents, so that the two have much in common and what went comes again.
                let content = Random::new(random.below(12)).bytes(9000);
                fs::write(path, content).expect("written");
            }
        }
    }

    fn intend(&mut self, computer: usize) -> Intent {
        let act = *self.random.pick(&ACTS);
        let ids: Vec<_> = self.kept.keys().copied().collect();
        let random = &mut self.random;
        let few = ids.into_iter().filter(|_| random.chance(1, 3)).collect();
        Intent {
            act,
            computer,
            source: self.sources[computer].path().to_owned(),
            named: if matches!(act, Act::Forget | Act::Tag) { few } else { Vec::new() },
            tag: format!("tag {}", self.random.below(3)),
            unindexed_age_min: Duration::ZERO,
        }
    }

    fn step(&mut self) {
        let computer = self.random.below(2) as usize;
        self.edit(computer);
        let minutes = self.random.below(90);
        self.pass(Duration::from_secs(60 * minutes));
        let intent = self.intend(computer);
        match self.random.below(10) {
            0..4 => self.undisturbed(&intent),
            4..6 => self.together(),
            6..8 => self.crash(&intent),
            _ => self.sleep(intent),
        }
    }

    fn undisturbed(&mut self, intent: &Intent) {
        self.history.push(format!("{intent:?}"));
        carry_out(intent, self.storage.clone(), &self.clock).expect("nothing is in the way");
        self.look(std::slice::from_ref(intent));
    }

    /// Both computers back up at the same moment.
    fn together(&mut self) {
        let intents = [0, 1].map(|computer| Intent { act: Act::Backup, ..self.intend(computer) });
        self.history.push("both back up".to_owned());
        std::thread::scope(|scope| {
            for intent in &intents {
                let (storage, clock) = (self.storage.clone(), self.clock.clone());
                scope.spawn(move || carry_out(intent, storage, &clock).expect("nobody minds"));
            }
        });
        self.look(&intents);
    }

    /// The storage fails, or the power does, and half an hour later all that was claimed is free.
    fn crash(&mut self, intent: &Intent) {
        let fault = *self.random.pick(&ChangeFault::ALL);
        let changes = self.random.below(20) as usize;
        self.history.push(format!("{fault:?} after {changes} changes: {intent:?}"));
        let faulty = Arc::new(FaultyBackend::failing(self.storage.clone(), changes, fault));
        let done = carry_out(intent, faulty.clone(), &self.clock);
        self.crashes += u64::from(faulty.failed_changes() > 0);
        assert!(done.is_ok() || faulty.failed_changes() > 0, "{done:?}");
        if fault == ChangeFault::PowerCut {
            faulty.lose_some_unsynced(&mut self.random);
        }
        self.pass(2 * SILENCE);
        self.look(std::slice::from_ref(intent));
    }

    /// The computer sleeps in the middle of something, and the other does what it likes.
    fn sleep(&mut self, intent: Intent) {
        let other = self.intend(1 - intent.computer);
        let most = if intent.act == Act::Prune { 320 } else { 120 };
        let moments = self.random.below(most) as usize;
        let has_slept = self.sleep_after(moments, intent, other, true);
        self.sleeps += u64::from(has_slept);
    }

    /// The computer sleeps at a moment before or after an operation on the storage, for hours. The
    /// other takes its lock for a dead one's, does something else and maybe prunes. Then the first
    /// wakes up and goes on as if nothing had happened. True if it came to that.
    fn sleep_after(
        &mut self,
        moments: usize,
        mut intent: Intent,
        mut other: Intent,
        prunes: bool,
    ) -> bool {
        let mut last = Intent { act: Act::Prune, named: Vec::new(), ..other.clone() };
        // What is not in the index yet may be somebody's who sleeps.
        for intent in [&mut intent, &mut other, &mut last] {
            intent.unindexed_age_min = Duration::from_secs(48 * 3600);
        }
        self.history.push(format!("asleep after {moments} moments: {intent:?}"));
        self.history.push(format!("meanwhile {other:?}, a prune: {prunes}"));
        let (storage, clock) = (self.storage.clone(), self.clock.clone());
        let (then, after) = (other.clone(), last.clone());
        let pausing = PausingBackend::new(self.storage.clone(), moments, move || {
            stand_by(&clock, &storage, 4 * SILENCE);
            carry_out(&then, storage.clone(), &clock).expect("the sleeper's lock is old");
            if prunes {
                carry_out(&after, storage.clone(), &clock).expect("nothing is in the way");
            }
        });
        let pausing = Arc::new(pausing);
        let done = carry_out(&intent, pausing.clone(), &self.clock);
        assert!(done.is_ok() || pausing.has_paused(), "{done:?}");
        self.pass(2 * SILENCE);
        self.look(&[intent, other, last]);
        pausing.has_paused()
    }

    /// The same on a storage of its own.
    fn forked(&self) -> Self {
        let storage = Arc::new(copied(&self.storage));
        storage.set_now(self.clock.now().into());
        Self {
            storage,
            clock: self.clock.clone(),
            sources: self.sources.clone(),
            random: self.random.clone(),
            kept: self.kept.clone(),
            history: Vec::new(),
            crashes: 0,
            sleeps: 0,
        }
    }

    /// Looks that what was intended, and nothing else, may have happened to the snapshots, and that
    /// everything is whole.
    fn look(&mut self, intents: &[Intent]) {
        let test = TestRepository::open(self.storage.clone()).expect("it opens");
        let options = CheckOptions { data: DataSubset::All, ..CheckOptions::default() };
        let checked = check(&test.repository, &options, &Unwatched, &Cancellation::default());
        let outcome = checked.expect("memory lists");
        assert!(outcome.is_sound(), "{:?}", outcome.findings);
        let found = snapshot::load(&test.repository, &Unwatched).expect("memory lists");
        assert_eq!(found.unreadable, []);
        let first_of = |id: &SnapshotId, snapshot: &Snapshot| snapshot.original.unwrap_or(*id);
        let is_named = |act, id: &SnapshotId| {
            intents.iter().any(|intent| intent.act == act && intent.named.contains(id))
        };
        let mut kept = BTreeMap::new();
        for (id, snapshot) in &found.readable {
            let first = first_of(id, snapshot);
            let contents = test.contents(snapshot.tree);
            let before = self.kept.values().find(|(of, _)| *of == first);
            match before {
                Some((_, before)) => assert!(*before == contents, "{id} holds something else"),
                None => {
                    let had = |intent: &Intent| {
                        intent.act == Act::Backup && files_in(&intent.source) == contents
                    };
                    assert!(intents.iter().any(had), "{id} holds what nobody had");
                }
            }
            kept.insert(*id, (first, contents));
        }
        for (id, (first, _)) in &self.kept {
            let is_there = kept.values().any(|(of, _)| of == first);
            assert!(is_there || is_named(Act::Forget, id), "{id} is lost");
        }
        self.kept = kept;
    }
}

fn pass(clock: &FakeClock, storage: &MemoryBackend, time: Duration) {
    clock.advance(time);
    storage.set_now(clock.now().into());
}

fn stand_by(clock: &FakeClock, storage: &MemoryBackend, time: Duration) {
    clock.stand_by(time);
    storage.set_now(clock.now().into());
}

/// One computer does something, in a process of its own; an error is all that kept it from it.
fn carry_out(
    intent: &Intent,
    storage: Arc<dyn Backend>,
    clock: &Arc<FakeClock>,
) -> Result<(), String> {
    let mut test = TestRepository::open(storage).map_err(|error| with_causes(&error))?;
    let process = PROCESSES.fetch_add(1, Ordering::Relaxed);
    test.clock = clock.clone();
    test.context.clock = clock.clone();
    test.context.identity = Arc::new(Identity {
        hostname: format!("computer {}", intent.computer),
        machine_id: Some(format!("machine {}", intent.computer)),
        pid: process,
        session: format!("process {process}"),
        ..identity()
    });
    let (repository, cancel) = (&test.repository, Cancellation::default());
    match intent.act {
        Act::Backup => {
            let lock = lock(&test, false)?;
            let index = repository.load_index(&cancel);
            let mut index = index.map_err(|error| with_causes(&error))?;
            let sources = Sources::Paths { targets: &[".".into()], working_folder: &intent.source };
            let options = BackupOptions { pack_bytes: 20_000, ..BackupOptions::default() };
            let made = test
                .job(Mode::Store(&lock), &options)
                .run(&mut index, sources, &Unwatched, &cancel);
            made.map(drop).map_err(|error| with_causes(&error))
        }
        Act::Forget => {
            let lock = lock(&test, false)?;
            let done = forget(repository, &intent.named, &lock, &Unwatched, &cancel);
            done.map(drop).map_err(|error| with_causes(&error))
        }
        Act::Tag => {
            let lock = lock(&test, true)?;
            let all = snapshot::load_all(repository, &Unwatched);
            let all = all.map_err(|error| with_causes(&error))?;
            let few: Vec<_> = all.iter().filter(|(id, _)| intent.named.contains(id)).collect();
            let change = TagChange::Set(vec![intent.tag.clone()]);
            let done = tag(repository, &few, &change, &lock, &Unwatched, &cancel);
            done.map(drop).map_err(|error| with_causes(&error))
        }
        Act::Prune => {
            let options = PruneOptions {
                max_unused: MaxUnused::Bytes(0),
                pack_bytes: 40_000,
                unindexed_age_min: intent.unindexed_age_min,
                ..PruneOptions::default()
            };
            let request = request(true);
            let (wait, auto_unlock) = (request.wait, request.auto_unlock);
            let locking = Some(PruneLocking { context: &test.context, wait, auto_unlock });
            let prune = Prune { repository, options: &options, locking };
            let plan = prune.plan(&Unwatched, &cancel).map_err(|error| with_causes(&error))?;
            let done = prune.carry_out(plan, &Unwatched, &cancel);
            done.map(drop).map_err(|error| with_causes(&error))
        }
    }
}

fn request(exclusive: bool) -> LockRequest {
    LockRequest {
        exclusive,
        wait: Duration::from_secs(60),
        auto_unlock: AutoUnlock::All { silent_for: SILENCE },
        operation: "test".to_owned(),
    }
}

fn lock(test: &TestRepository, exclusive: bool) -> Result<HeldLock, String> {
    let cancel = Cancellation::default();
    let request = request(exclusive);
    let lock = acquire(&test.repository, &request, &test.context, &Unwatched, &cancel);
    lock.map_err(|error| with_causes(&error))
}

#[test]
fn whatever_two_computers_do_to_a_repository_each_snapshot_holds_what_it_held() {
    let (from, cases) = (asked("HOLDFAST_MACHINE_SEED", 0), asked("HOLDFAST_MACHINE_CASES", CASES));
    let (mut crashes, mut sleeps) = (0, 0);
    for seed in from..from + cases {
        let mut machine = Machine::new(seed);
        for _ in 0..STEPS {
            let Err(panic) = catch_unwind(AssertUnwindSafe(|| machine.step())) else { continue };
            let history = machine.history.join("\n");
            let case = format!("HOLDFAST_MACHINE_SEED={seed} HOLDFAST_MACHINE_CASES=1\n{history}");
            named(&case, || resume_unwind(panic));
        }
        crashes += machine.crashes;
        sleeps += machine.sleeps;
    }
    assert!(crashes >= cases / 2 && sleeps >= cases / 2, "only {crashes} crashes, {sleeps} sleeps");
}

#[test]
fn a_computer_that_sleeps_at_any_moment_breaks_nothing_when_it_goes_on() {
    let mut machine = Machine::new(7);
    let plain = |machine: &mut Machine, act, computer| Intent { act, ..machine.intend(computer) };
    for round in 0..8 {
        machine.edit(round % 2);
        let intent = plain(&mut machine, Act::Backup, round % 2);
        machine.undisturbed(&intent);
    }
    let half: Vec<_> = machine.kept.keys().copied().step_by(2).collect();
    let forget = Intent { act: Act::Forget, named: half, ..machine.intend(0) };
    machine.undisturbed(&forget);
    machine.edit(0);
    machine.edit(1);
    let named_ones: Vec<_> = machine.kept.keys().copied().take(2).collect();
    // What the other does, whether it prunes then, and whether it names what the sleeper named.
    let meanwhile =
        [(Act::Backup, true, false), (Act::Forget, true, false), (Act::Forget, true, true)];
    for (act, (other, prunes, is_same)) in [Act::Backup, Act::Forget, Act::Tag, Act::Prune]
        .into_iter()
        .flat_map(|act| meanwhile.map(|meanwhile| (act, meanwhile)))
    {
        for moments in 0.. {
            let mut forked = machine.forked();
            let intent = Intent { act, named: named_ones[..1].to_vec(), ..forked.intend(0) };
            let named_there = named_ones[usize::from(!is_same)..][..1].to_vec();
            let there = Intent { act: other, named: named_there, ..forked.intend(1) };
            let case =
                format!("{act:?}, asleep after {moments} moments, {other:?} {is_same} meanwhile");
            if !named(&case, || forked.sleep_after(moments, intent, there, prunes)) {
                assert!(moments > 16, "{act:?} was never asleep");
                break;
            }
        }
    }
}
