//! Rates: so many bytes take so much time, whoever asks for them.

use std::sync::Arc;
use std::time::Duration;

use holdfast_engine::backend::{
    Backend, FileKind, FileName, MemoryBackend, Rates, ThrottledBackend,
};
use holdfast_engine::clock::Clock;
use holdfast_engine::id::RawId;
use holdfast_engine::monitor::Cancellation;
use holdfast_testkit::FakeClock;
use holdfast_testkit::backend_contract::keeps_the_contract;

const KIB: u64 = 1024;

struct World {
    clock: Arc<FakeClock>,
    cancel: Cancellation,
    backend: ThrottledBackend,
}

fn world(upload: Option<u64>, download: Option<u64>) -> World {
    let clock = Arc::new(FakeClock::at("2026-03-27T09:00:00Z"));
    let cancel = Cancellation::default();
    let rates = Rates { upload_bytes_per_second: upload, download_bytes_per_second: download };
    let inner = Arc::new(MemoryBackend::new());
    let backend = ThrottledBackend::new(inner, rates, clock.clone(), cancel.clone());
    World { clock, cancel, backend }
}

impl World {
    /// How long something takes, in seconds.
    fn took(&self, act: impl FnOnce(&ThrottledBackend)) -> f64 {
        let before = self.clock.awake();
        act(&self.backend);
        (self.clock.awake() - before).as_secs_f64()
    }

    fn write(&self, kind: FileKind, bytes: u64) -> f64 {
        let content = vec![bytes as u8; bytes as usize];
        let file = FileName::new(kind, RawId::of(&content));
        self.took(|backend| backend.write(file, &[&content]).expect("memory"))
    }
}

fn is_about(seconds: f64, expected: f64) -> bool {
    (seconds - expected).abs() < 0.01
}

#[test]
fn it_keeps_the_contract_of_a_storage() {
    keeps_the_contract(&world(Some(1 << 30), Some(1 << 30)).backend);
}

#[test]
fn what_is_stored_takes_its_time_and_what_is_read_does_not() {
    let world = world(Some(100 * KIB), None);
    world.clock.advance(Duration::from_secs(60));
    // A second's worth goes at once.
    assert!(is_about(world.write(FileKind::Pack, 1000 * KIB), 9.0));
    assert!(is_about(world.write(FileKind::Index, 50 * KIB), 0.5));
    let read = world.took(|backend| {
        for kind in [FileKind::Pack, FileKind::Index] {
            for file in backend.list(kind).expect("memory") {
                backend.read(FileName::new(kind, file.id)).expect("memory");
            }
        }
    });
    assert!(is_about(read, 0.0), "{read}");
}

#[test]
fn what_is_read_takes_its_time_whole_or_in_part_and_what_is_stored_does_not() {
    let world = world(None, Some(10 * KIB));
    assert!(is_about(world.write(FileKind::Pack, 100 * KIB), 0.0));
    let content = vec![0; 100 * KIB as usize];
    let file = FileName::new(FileKind::Pack, RawId::of(&content));
    let whole = world.took(|backend| drop(backend.read(file).expect("memory")));
    let part = world.took(|backend| {
        backend.read_range(file, 7, 30 * KIB as usize, &mut Vec::new()).expect("memory");
    });
    assert!(is_about(whole, 10.0) && is_about(part, 3.0), "{whole} {part}");
}

#[test]
fn a_pause_saves_up_no_more_than_a_second() {
    let world = world(Some(KIB), None);
    world.write(FileKind::Pack, 10 * KIB);
    world.clock.advance(Duration::from_secs(3600));
    assert!(is_about(world.write(FileKind::Pack, 11 * KIB), 10.0));
}

#[test]
fn many_threads_share_the_rate() {
    let world = world(Some(100 * KIB), None);
    world.clock.advance(Duration::from_secs(60));
    let took = world.took(|backend| {
        std::thread::scope(|scope| {
            for thread in 0..8u8 {
                scope.spawn(move || {
                    for number in 0..10u8 {
                        let content = [[thread, number].as_slice(), &vec![0; 10_238]].concat();
                        let file = FileName::new(FileKind::Pack, RawId::of(&content));
                        backend.write(file, &[&content]).expect("memory");
                    }
                });
            }
        });
    });
    // The fake clock moves for every thread that waits, so it may only run ahead.
    assert!(took > 6.9, "{took}");
}

#[test]
fn locks_never_wait_and_nothing_does_once_it_is_to_stop() {
    let world = world(Some(1), Some(1));
    assert!(is_about(world.write(FileKind::Lock, 5000), 0.0));
    let locks = world.backend.list(FileKind::Lock).expect("memory");
    let lock = FileName::new(FileKind::Lock, locks[0].id);
    assert!(is_about(world.took(|backend| drop(backend.read(lock).expect("memory"))), 0.0));
    world.cancel.cancel();
    assert!(is_about(world.write(FileKind::Pack, 100_000), 0.0));
}
