//! Who is called alive, dead or unknown.

use super::super::fake::here;
use super::*;

const NOW: &str = "2026-11-21T06:00:00Z";

/// What is judged: a lock stored `age` before now by `owner`, with the computer as `probe` sees it.
struct Case {
    lock: LockFile,
    probe: FakeProbe,
    own_disk: bool,
    observation: Observation,
}

impl Case {
    fn of(owner: &Identity, age: Duration) -> Self {
        let clock = FakeClock::at(NOW);
        clock.set_now(clock.now() - age);
        Self {
            lock: lock_of(owner, false, &clock),
            probe: FakeProbe::default(),
            own_disk: true,
            observation: Observation { unchanged_for: Duration::ZERO, age_in_storage: Some(age) },
        }
    }

    fn plain(pid: i64, age: Duration) -> Self {
        let mut case = Self::of(&identity(), age);
        let LockFile { session, machine_id, boot_id, pid_namespace, process_start, .. } =
            &mut case.lock;
        (*session, *machine_id, *boot_id) = (None, None, None);
        (*pid_namespace, *process_start) = (None, None);
        case.lock.pid = pid;
        case
    }

    fn seeing(mut self, probe: FakeProbe) -> Self {
        self.probe = probe;
        self
    }

    fn on_shared_storage(mut self) -> Self {
        self.own_disk = false;
        self
    }

    fn verdict(&self) -> Verdict {
        let ours = identity();
        let mut here = here(&ours, &self.probe, &FakeClock::at(NOW));
        here.own_disk = self.own_disk;
        judge(&self.lock, &here, &self.observation)
    }

    #[track_caller]
    fn is(&self, life: Life, reason: &str) {
        let verdict = self.verdict();
        let reasons: Vec<String> = verdict.reasons.iter().map(ToString::to_string).collect();
        assert_eq!(verdict.life, life, "{reasons:?}");
        assert!(reasons.iter().any(|text| text == reason), "{reasons:?}");
    }
}

fn other_session() -> Identity {
    Identity { session: "other".to_owned(), pid: 99, process_start: Some(77), ..identity() }
}

fn process(start: u64, started_ago: Duration, program: &str) -> Process {
    let now: jiff::Timestamp = NOW.parse().expect("a time");
    Process {
        start: Some(start),
        started_at: Some(now - started_ago),
        program: Some(program.to_owned()),
    }
}

#[test]
fn a_lock_of_this_process_is_alive_however_old() {
    Case::of(&identity(), 48 * HOUR).is(Life::Alive, "this program holds it right now");
}

#[test]
fn our_process_that_runs_is_alive_however_old_its_lock() {
    let probe = FakeProbe::default().with_process(99, Some(77));
    let case = Case::of(&other_session(), 48 * HOUR).seeing(probe);
    case.is(Life::Alive, "its process 99 is running on this computer");
}

#[test]
fn our_process_that_is_gone_is_dead_at_once() {
    let case = Case::of(&other_session(), SECOND).on_shared_storage();
    case.is(Life::Dead, "its process 99 no longer exists on this computer");
}

#[test]
fn our_process_whose_id_was_given_away_is_dead() {
    let probe = FakeProbe::default().with_process(99, Some(78));
    let case = Case::of(&other_session(), SECOND).seeing(probe);
    case.is(Life::Dead, "its process id 99 now belongs to another process, started later");
}

#[test]
fn a_start_time_that_cannot_be_read_proves_nothing() {
    let probe = FakeProbe::default().with_process(99, None);
    let case = Case::of(&other_session(), 48 * HOUR).seeing(probe);
    case.is(Life::Alive, "its process 99 is running on this computer");
}

#[test]
fn our_process_in_a_container_is_found_by_its_start() {
    let contained = Identity { pid_namespace: Some(2), ..other_session() };
    let alive = FakeProbe::default().with_contained(99, process(77, HOUR, "holdfast"));
    Case::of(&contained, HOUR)
        .seeing(alive)
        .is(Life::Alive, "its process 99 is running in a container on this computer");
    let namesake = FakeProbe::default().with_contained(99, process(1, HOUR, "holdfast"));
    Case::of(&contained, HOUR)
        .seeing(namesake)
        .is(Life::Dead, "its process 99 no longer exists on this computer");
}

#[test]
fn from_inside_a_container_nothing_outside_is_called_dead() {
    let outside = Identity { pid_namespace: Some(2), ..other_session() };
    let probe = FakeProbe::hidden();
    let case = Case::of(&outside, 48 * HOUR).seeing(probe);
    case.is(Life::Unknown, "not all processes of this computer can be seen from here");
}

#[test]
fn a_restart_is_proof_once_a_cloned_computer_would_have_refreshed() {
    let before = Identity { boot_id: Some("earlier".to_owned()), ..other_session() };
    Case::of(&before, 7 * MINUTE).is(Life::Dead, "this computer was restarted since");
    Case::of(&before, 5 * MINUTE).is(Life::Alive, "refreshed 5 min ago");
}

#[test]
fn another_computer_is_alive_while_it_refreshes_and_unknown_after() {
    let elsewhere = Identity {
        hostname: "nas".to_owned(),
        machine_id: None,
        boot_id: Some("of nas".to_owned()),
        ..other_session()
    };
    Case::of(&elsewhere, 40 * SECOND).is(Life::Alive, "refreshed 40 s ago");
    let old = Case::of(&elsewhere, 48 * HOUR);
    old.is(Life::Unknown, "it belongs to another computer, \"nas\", which cannot be asked");
    old.is(Life::Unknown, "no sign of life for 2 days");
}

#[test]
fn a_killed_restic_on_a_disk_of_ours_is_dead_at_once() {
    let case = Case::plain(99, SECOND);
    case.is(Life::Dead, "its process 99 no longer exists on this computer");
}

#[test]
fn a_restic_that_runs_is_alive() {
    for program in ["restic", "restic_0.19.1_li", "Restic.exe"] {
        let probe = FakeProbe::default().with(99, process(1, HOUR, program));
        let case = Case::plain(99, MINUTE).seeing(probe);
        case.is(Life::Alive, "its process 99 is running on this computer");
    }
}

#[test]
fn an_older_process_of_another_name_may_be_a_restic_that_was_renamed() {
    let probe = FakeProbe::default().with(99, process(1, HOUR, "backup"));
    let case = Case::plain(99, MINUTE).seeing(probe);
    case.is(Life::Unknown, "its process id 99 belongs to \"backup\", which may be its owner");
}

#[test]
fn a_restic_in_a_container_with_our_name_is_alive() {
    let probe = FakeProbe::default().with_contained(99, process(1, HOUR, "restic"));
    let case = Case::plain(99, MINUTE).seeing(probe);
    case.is(Life::Alive, "its process 99 is running in a container on this computer");
}

#[test]
fn a_restics_id_that_was_given_to_a_later_process_is_dead() {
    let probe = FakeProbe::default().with(99, process(1, MINUTE, "firefox"));
    let case = Case::plain(99, HOUR).seeing(probe);
    case.is(Life::Dead, "its process id 99 now belongs to another process, started later");
}

#[test]
fn a_process_called_restic_is_the_owner_whatever_the_clocks_say() {
    let probe = FakeProbe::default().with(99, process(1, MINUTE, "restic"));
    let case = Case::plain(99, HOUR).seeing(probe);
    case.is(Life::Alive, "its process 99 is running on this computer");
}

#[test]
fn where_other_computers_reach_the_name_alone_proves_nothing_for_half_an_hour() {
    let young = Case::plain(99, 29 * MINUTE).on_shared_storage();
    young.is(Life::Unknown, "another computer that is called \"mac-mini\" as well may hold it");
    let old = Case::plain(99, 30 * MINUTE).on_shared_storage();
    old.is(Life::Dead, "its process 99 no longer exists on this computer");
}

#[test]
fn a_restic_of_a_user_whom_this_computer_does_not_know_is_never_proven_dead() {
    let mut case = Case::plain(99, 48 * HOUR);
    "ben".clone_into(&mut case.lock.username);
    case.is(Life::Unknown, "this computer has no user \"ben\", so it may be another's");
}

#[test]
fn a_restic_is_not_called_dead_while_processes_are_hidden() {
    let probe = FakeProbe::hidden();
    let case = Case::plain(99, 48 * HOUR).seeing(probe);
    case.is(Life::Unknown, "not all processes of this computer can be seen from here");
}

#[test]
fn silence_needs_both_clocks_or_our_own_eyes() {
    let mut case = Case::plain(99, 48 * HOUR).on_shared_storage();
    case.observation.age_in_storage = None;
    case.is(Life::Unknown, "another computer that is called \"mac-mini\" as well may hold it");
    case.observation.age_in_storage = Some(MINUTE);
    assert_eq!(case.verdict().silent_for, MINUTE);
    case.observation.unchanged_for = 31 * MINUTE;
    case.is(Life::Dead, "its process 99 no longer exists on this computer");
}

#[test]
fn a_lock_from_the_future_is_reported_and_not_called_old() {
    let mut case = Case::of(&other_session(), Duration::ZERO);
    "nas".clone_into(&mut case.lock.hostname);
    case.lock.boot_id = None;
    case.lock.time.seconds += 720;
    case.observation.age_in_storage = Some(48 * HOUR);
    case.is(Life::Unknown, "dated 12 min in the future: a clock is wrong");
    assert_eq!(case.verdict().silent_for, Duration::ZERO);
}

#[test]
fn process_ids_that_cannot_be_are_nobodys() {
    for pid in [0, -1, i64::MAX] {
        assert_eq!(Case::plain(pid, 48 * HOUR).verdict().life, Life::Unknown, "{pid}");
    }
}

#[test]
fn windows_locks_are_judged_by_start_times_that_are_absolute() {
    let mut case = Case::of(&other_session(), SECOND);
    case.lock.boot_id = None;
    let mut ours = identity();
    ours.boot_id = None;
    let probe = FakeProbe::default().with_process(99, Some(78));
    let here = here(&ours, &probe, &FakeClock::at(NOW));
    assert_eq!(judge(&case.lock, &here, &case.observation).life, Life::Dead);
}

#[test]
fn auto_unlock_permits_what_its_name_says() {
    let verdict =
        |life, minutes: u32| Verdict { life, reasons: Vec::new(), silent_for: minutes * MINUTE };
    let all = |minutes: u32| AutoUnlock::All { silent_for: minutes * MINUTE };
    let check = |auto_unlock: AutoUnlock, life, minutes, permitted| {
        assert_eq!(auto_unlock.permits(&verdict(life, minutes)), permitted, "{auto_unlock:?}");
    };
    check(AutoUnlock::Off, Life::Dead, 1000, false);
    check(AutoUnlock::Own, Life::Dead, 0, true);
    check(AutoUnlock::Own, Life::Unknown, 1000, false);
    check(all(45), Life::Dead, 0, true);
    check(all(45), Life::Unknown, 44, false);
    check(all(45), Life::Unknown, 45, true);
    check(all(1), Life::Unknown, 29, false);
    check(all(1), Life::Unknown, 30, true);
    check(all(30), Life::Alive, 1000, false);
}
