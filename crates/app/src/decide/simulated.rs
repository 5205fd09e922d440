//! Weeks of plans in milliseconds: sleep, clocks that are set, travel, crashes, drives that come
//! and go, clicks, edits and every outcome, drawn from a seed; and what must hold in all of them.
//!
//! Real are the decisions, the schedule and the past read from history. The rest is as small as
//! it can be: what is asked for waits until its drive is there, runs for a while and ends.

use std::collections::BTreeMap;

use holdfast_testkit::random::Random;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use super::*;
use crate::api::{
    Code, IntervalUnit, OperationState, Problem, Schedule, TimeOfDay, Trigger, Weekday, Window,
};
use crate::operation::{Operation, Task, Why};
use crate::schedule;

/// How long a history is.
const DAYS: i64 = 45;

/// How long the app goes without looking at the clock while something waits.
const LOOK_AT_WORK: SignedDuration = SignedDuration::from_secs(20);

#[test]
fn whatever_happens_every_slot_is_accounted_for_once() {
    for seed in 0..holdfast_testkit::asked("HOLDFAST_SEEDS", 12) {
        holdfast_testkit::named(&format!("HOLDFAST_SEEDS={} (the last)", seed + 1), || {
            let mut world = World::new(seed);
            world.live_for(SignedDuration::from_hours(24 * DAYS));
            world.check_all_slots();
        });
    }
}

/// A plan and what happened to it.
struct Plan {
    id: DutyId,
    timing: Timing,
    since: Timestamp,
    drive: usize,
    /// Its operations, the oldest first: what a restart finds again.
    history: Vec<Operation>,
    /// How long its operation runs yet.
    ends_at: Option<Timestamp>,
    /// Since when nothing happened that may keep it from running when it is due.
    undisturbed_since: Timestamp,
}

struct World {
    random: Random,
    now: Timestamp,
    zone: TimeZone,
    plans: Vec<Plan>,
    drives: Vec<bool>,
    made: u64,
    /// Whether the clock or the zone changed, so that moments and slots need not agree any more.
    clock_was_touched: bool,
}

impl World {
    fn new(seed: u64) -> Self {
        let mut random = Random::new(seed);
        let start = Timestamp::from_second(1_767_225_600 + random.below(31_536_000) as i64);
        let now = start.expect("a moment of 2026");
        let drives = vec![true; 1 + random.below(2) as usize];
        let zone = any_zone(&mut random);
        let plans = 1 + random.below(3);
        let plans = (0..plans).map(|number| Plan {
            id: DutyId::Backup(format!("plan-{number}").as_str().into()),
            timing: any_timing(&mut random),
            since: now,
            drive: random.below(drives.len() as u64) as usize,
            history: Vec::new(),
            ends_at: None,
            undisturbed_since: now,
        });
        let plans = plans.collect();
        Self { random, now, zone, plans, drives, made: 0, clock_was_touched: false }
    }

    fn live_for(&mut self, whole: SignedDuration) {
        let mut left = whole;
        while left.is_positive() {
            let awake = SignedDuration::from_mins(1 + self.random.below(3 * 24 * 60) as i64);
            self.stay_awake(awake);
            left -= awake;
            left -= self.something_happens();
        }
    }

    /// The app looks at the clock when it said it would.
    fn stay_awake(&mut self, how_long: SignedDuration) {
        let until = self.now + how_long;
        loop {
            self.end_what_ends();
            let decision = self.look();
            let ends = self.plans.iter().filter_map(|plan| plan.ends_at).min();
            let waits = self.plans.iter().any(|plan| plan.is_queued());
            let soon = waits.then(|| self.now + LOOK_AT_WORK * 30);
            let next = [decision.wake_at, ends, soon].into_iter().flatten().min();
            let next = next.unwrap_or(until).min(until);
            assert!(next > self.now || self.now >= until, "it would look for ever");
            self.nothing_is_due_before(next);
            self.now = next;
            if self.now >= until {
                return;
            }
        }
    }

    /// Decides and carries it out; deciding again must find nothing.
    fn look(&mut self) -> Decision {
        for ask in self.decide_at(self.now).asks {
            self.ask(&ask.duty, ask.due.into());
        }
        self.start_what_may();
        let again = self.decide_at(self.now);
        assert_eq!(again.asks, [], "asked for twice");
        assert!(again.wake_at.is_none_or(|at| at > self.now), "{:?} {}", again.wake_at, self.now);
        again
    }

    fn decide_at(&self, now: Timestamp) -> Decision {
        let duties: Vec<Duty> = self.plans.iter().map(Plan::duty).collect();
        decide(&Facts { now, zone: &self.zone, duties: &duties })
    }

    /// A decision at any moment before the next look decides nothing.
    fn nothing_is_due_before(&mut self, next: Timestamp) {
        let between = u64::try_from(next.duration_since(self.now).as_secs()).unwrap_or(0);
        if between > 1 {
            let at = self.now + SignedDuration::from_secs(self.random.below(between) as i64);
            assert_eq!(self.decide_at(at).asks, [], "due before {next}");
        }
    }

    fn ask(&mut self, duty: &DutyId, why: Why) {
        self.made += 1;
        let operation = operation(self.made, self.now, why);
        let plan = self.plans.iter_mut().find(|plan| plan.id == *duty).expect("a plan");
        assert!(!plan.is_live(), "two at a time");
        plan.check_ask(&operation, self.now, self.clock_was_touched);
        plan.history.push(operation);
    }

    fn start_what_may(&mut self) {
        for plan in &mut self.plans {
            let runs_for = SignedDuration::from_mins(match self.random.below(10) {
                0 => 600,
                1..=3 => 45,
                _ => 2,
            });
            if plan.is_queued() && self.drives[plan.drive] {
                let operation = plan.history.last_mut().expect("it is queued");
                operation.state = OperationState::Running;
                operation.started_at = Some(self.now);
                plan.ends_at = Some(self.now + runs_for);
            }
        }
    }

    fn end_what_ends(&mut self) {
        let now = self.now;
        for plan in &mut self.plans {
            if plan.ends_at.is_none_or(|at| at > now) {
                continue;
            }
            let (state, code) = match self.random.below(20) {
                0 => (OperationState::Failed, Some(Code::DestinationFull)),
                1 => (OperationState::Failed, Some(Code::WrongPassword)),
                2 => (OperationState::Cancelled, None),
                3 => (OperationState::Warnings, None),
                4 => (OperationState::Interrupted, None),
                _ => (OperationState::Succeeded, None),
            };
            plan.end(state, code, now);
        }
    }

    /// Something of the world changes; the answer is how long it took.
    fn something_happens(&mut self) -> SignedDuration {
        let plan = self.random.below(self.plans.len() as u64) as usize;
        match self.random.below(9) {
            0 | 1 => self.away(14 * 24 * 60, false),
            2 => self.away(7 * 24 * 60, true),
            3 => {
                let drive = self.random.below(self.drives.len() as u64) as usize;
                self.drives[drive] ^= true;
                SignedDuration::ZERO
            }
            4 => {
                self.click(plan);
                SignedDuration::ZERO
            }
            5 => {
                let timing = any_timing(&mut self.random);
                let plan = &mut self.plans[plan];
                plan.check_slots(&self.zone, self.clock_was_touched);
                (plan.timing, plan.since) = (timing, self.now);
                plan.undisturbed_since = self.now;
                SignedDuration::ZERO
            }
            6 => {
                self.touch_clock();
                self.zone = any_zone(&mut self.random);
                SignedDuration::ZERO
            }
            7 => {
                self.touch_clock();
                let minutes = self.random.below(12 * 60) as i64 - 6 * 60;
                self.now += SignedDuration::from_mins(minutes);
                SignedDuration::ZERO
            }
            _ => SignedDuration::ZERO,
        }
    }

    /// The computer sleeps, or the app is off; what ran goes on after the one and not the other.
    fn away(&mut self, minutes_at_most: u64, is_off: bool) -> SignedDuration {
        let minutes = 1 + self.random.below(minutes_at_most);
        let how_long = SignedDuration::from_mins(minutes as i64);
        if is_off {
            for plan in &mut self.plans {
                // What waited waits again.
                if plan.ends_at.is_some() {
                    plan.end(OperationState::Interrupted, None, self.now);
                }
            }
        }
        self.now += how_long;
        for plan in &mut self.plans {
            plan.undisturbed_since = self.now;
            plan.ends_at = plan.ends_at.map(|at| at + how_long);
        }
        how_long
    }

    fn click(&mut self, plan: usize) {
        let plan = &self.plans[plan];
        if plan.is_live() {
            return;
        }
        let duty = plan.duty();
        let due = duty.id.rhythm(&duty.timing, &self.zone).due(&duty.past, self.now);
        let why = due.map_or_else(|| Trigger::Manual.into(), Why::from);
        self.ask(&duty.id, Why { trigger: Trigger::Manual, ..why });
    }

    fn touch_clock(&mut self) {
        self.clock_was_touched = true;
        for plan in &mut self.plans {
            plan.undisturbed_since = Timestamp::MAX;
        }
    }

    fn check_all_slots(&mut self) {
        self.look();
        for plan in &mut self.plans {
            plan.check_slots(&self.zone, self.clock_was_touched);
        }
    }
}

impl Plan {
    fn duty(&self) -> Duty {
        Duty {
            id: self.id.clone(),
            timing: self.timing.clone(),
            past: past_of(self.since, self.history.iter().rev()),
            is_live: self.is_live(),
        }
    }

    fn is_live(&self) -> bool {
        self.history.last().is_some_and(Operation::is_live)
    }

    fn is_queued(&self) -> bool {
        self.history.last().is_some_and(|last| last.state == OperationState::Queued)
    }

    fn end(&mut self, state: OperationState, code: Option<Code>, now: Timestamp) {
        self.ends_at = None;
        let operation = self.history.last_mut().expect("it runs");
        operation.state = state;
        operation.finished_at = Some(now);
        operation.problem = code.map(problem);
    }

    /// What must hold of an operation that is asked for now.
    fn check_ask(&self, asked: &Operation, now: Timestamp, clock_was_touched: bool) {
        let by_clock = asked.trigger != Trigger::Manual;
        if by_clock && self.undisturbed_since <= now {
            let seen = self.history.last().map_or(self.since, Operation::latest);
            let seen = seen.max(self.undisturbed_since);
            // Awake and undisturbed since before the slot, nothing is missed.
            let missed = asked.missed.as_ref().filter(|missed| missed.from > seen);
            assert_eq!(missed, None, "missed while awake since {seen}");
        }
        if clock_was_touched {
            return;
        }
        let slot = asked.slot.map(|slot| slot.at);
        assert!(slot.is_none_or(|slot| slot <= now), "not due yet");
        let done = self.history.iter().filter(|one| one.state != OperationState::Interrupted);
        let twice = done.filter_map(|one| one.slot).find(|one| Some(one.at) == slot);
        assert_eq!(twice, None, "a slot is run twice");
        if by_clock && slot.is_none() {
            let mut ended = self.history.iter().rev();
            let last = ended.find(|one| one.state != OperationState::Interrupted);
            let last = last.expect("nothing is tried again before it failed");
            assert_eq!(last.state, OperationState::Failed);
            let code = last.problem.as_ref().map(|problem| problem.code);
            assert_ne!(code, Some(Code::WrongPassword), "only a person can clear that");
            assert!(now.duration_since(last.latest()) >= SignedDuration::from_hours(1));
        }
    }

    /// Every slot of the calendar since the timing was made belongs to a run, was missed, passed
    /// while something of the plan ran or waited, or was stood for by somebody's click.
    fn check_slots(&self, zone: &TimeZone, clock_was_touched: bool) {
        if clock_was_touched || matches!(self.timing.schedule, Schedule::Every { .. }) {
            return;
        }
        let Some(last) = self.history.last() else { return };
        let known = Past { since: self.since, ..Past::default() };
        let rhythm = self.id.rhythm(&self.timing, zone);
        let slots = rhythm.upcoming(&known, self.since, 10_000);
        let mut counted: BTreeMap<usize, u32> = BTreeMap::new();
        for slot in slots.into_iter().take_while(|slot| *slot <= last.queued_at) {
            let is_run = self.history.iter().any(|one| {
                let is_for_it = one.slot.is_some_and(|own| own.at == slot);
                is_for_it || (one.queued_at..=one.latest()).contains(&slot) && !one.is_live()
            });
            let missed = self.history.iter().position(|one| {
                one.missed
                    .as_ref()
                    .is_some_and(|missed| missed.from <= slot && slot <= one.queued_at)
            });
            let waits = last.is_live() && slot >= last.queued_at;
            if let Some(missed) = missed {
                *counted.entry(missed).or_default() += 1;
            }
            assert!(is_run || missed.is_some() || waits, "{slot} is lost");
        }
        for (position, most) in counted {
            let missed = self.history[position].missed.as_ref().expect("it was found");
            assert!(missed.count <= most, "{} are called missed of {most}", missed.count);
        }
    }
}

fn any_timing(random: &mut Random) -> Timing {
    let time = |random: &mut Random| TimeOfDay {
        hour: random.below(24) as u8,
        minute: random.below(60) as u8,
    };
    let days = |random: &mut Random| -> Vec<Weekday> {
        let first = *random.pick(&Weekday::ALL);
        Weekday::ALL.into_iter().filter(|day| *day == first || random.chance(2, 3)).collect()
    };
    let schedule = match random.below(6) {
        0 => Schedule::Manual,
        1 => Schedule::Every { count: 15 + random.below(200) as u32, unit: IntervalUnit::Minutes },
        2 => Schedule::every_hours(1 + random.below(50) as u32),
        3 => Schedule::Monthly {
            days: vec![-1, 1 + random.below(31) as i8],
            times: vec![time(random)],
        },
        4 => Schedule::Cron {
            line: format!("{} */{} * * *", random.below(60), 1 + random.below(12)),
        },
        _ => Schedule::Weekly { days: days(random), times: vec![time(random), time(random)] },
    };
    let window = random.chance(1, 3).then(|| Window {
        from: time(random),
        to: time(random),
        days: days(random),
    });
    let spread_minutes = if random.chance(1, 3) { random.below(120) as u32 } else { 0 };
    let timing = Timing { schedule, window, spread_minutes };
    assert!(schedule::is_possible(&timing), "{timing:?}");
    timing
}

fn any_zone(random: &mut Random) -> TimeZone {
    let names = ["UTC", "Europe/Berlin", "America/New_York", "America/Havana", "Asia/Kathmandu"];
    let name: &&str = random.pick(&names);
    TimeZone::get(name).expect("the zone is in the database")
}

fn operation(number: u64, now: Timestamp, why: Why) -> Operation {
    let name = format!("{number:012x}");
    let named = (name.as_str().into(), name.as_str().into());
    Operation::new(named, Task::Backup, ("blue".into(), "Blue".to_owned()), why, now)
}

fn problem(code: Code) -> Problem {
    Problem { code, ..crate::error::AppError::Cancelled.problem() }
}
