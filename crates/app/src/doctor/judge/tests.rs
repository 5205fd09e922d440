//! Each check with what makes it pass, warn and fail.

use jiff::{SignedDuration, Timestamp};

use super::*;
use crate::api::{Light, Limits, LockVerdict, LockView, OperationState, ServiceState, Services};
use crate::doctor::readings::*;
use crate::error::AppError;

const NOW: i64 = 1_774_600_000;
const GB: u64 = 1_000_000_000;

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(seconds).expect("a moment")
}

fn healthy() -> Readings {
    let works = ServiceState::works;
    let sources = vec![SourceReading {
        path: "/home/anna/Mail".into(),
        state: SourceState::Readable(Some(7)),
    }];
    let trial = Trial::Written { is_listed: true, ahead: SignedDuration::ZERO, is_removed: true };
    Readings {
        plans: vec![PlanReading {
            id: "mail".into(),
            name: "Mail".into(),
            places: Reading::Known(PlacesReading {
                sources,
                repository_inside: None,
                same_drive: None,
            }),
            skipped: None,
            has_snapshots: true,
            never_runs: false,
        }],
        repositories: vec![RepositoryReading {
            id: "blue".into(),
            name: "Blue".into(),
            storage: Reading::Known(StorageReading {
                away: None,
                took: SignedDuration::from_millis(12),
                read_only: false,
                free: Some(500 * GB),
                trial: Some(trial),
            }),
            inside: Reading::Known(Ok(InsideReading {
                looked_at: at(NOW),
                format: 2,
                locks: Vec::new(),
                snapshots: 142,
                newest: Some(at(NOW - 3600)),
                bytes: 80 * GB,
                index_problem: None,
                unnamed: (0, 0),
            })),
            limits: Limits { snapshots_max: Some(200), bytes_max: None },
            estimate: Some(GB),
            verify: Light::Good,
        }],
        computer: ComputerReading {
            now: at(NOW),
            own_free: Some(100 * GB),
            services: Services {
                keychain: works(),
                notifications: works(),
                tray: works(),
                autostart: works(),
            },
            starts_at_login: true,
            has_schedules: true,
        },
        app: AppReading {
            version: "holdfast 0.1.0".into(),
            problems: Vec::new(),
            interrupted: 0,
            hooks: vec![HookReading {
                id: "phone".into(),
                name: "Phone".into(),
                last: Some((OperationState::Succeeded, None)),
            }],
        },
    }
}

type Change = fn(&mut Readings);

fn verdict(change: Change, id: CheckId) -> Option<Verdict> {
    let mut readings = healthy();
    change(&mut readings);
    judge(&readings).iter().find(|check| check.id == id).map(|check| check.verdict)
}

fn check(table: &[(&str, Change, CheckId, Verdict)]) {
    for (name, change, id, expected) in table {
        assert_eq!(verdict(*change, *id), Some(*expected), "{name}");
    }
}

fn source(readings: &mut Readings) -> &mut SourceReading {
    &mut places(readings).sources[0]
}

fn places(readings: &mut Readings) -> &mut PlacesReading {
    match &mut readings.plans[0].places {
        Reading::Known(places) => places,
        Reading::CouldNotLook(_) => panic!("it was looked at"),
    }
}

fn storage(readings: &mut Readings) -> &mut StorageReading {
    match &mut readings.repositories[0].storage {
        Reading::Known(storage) => storage,
        Reading::CouldNotLook(_) => panic!("it was looked at"),
    }
}

fn inside(readings: &mut Readings) -> &mut InsideReading {
    match &mut readings.repositories[0].inside {
        Reading::Known(Ok(inside)) => inside,
        _ => panic!("it was opened"),
    }
}

fn tried(readings: &mut Readings, is_listed: bool, ahead_minutes: i64, is_removed: bool) {
    let ahead = SignedDuration::from_mins(ahead_minutes);
    storage(readings).trial = Some(Trial::Written { is_listed, ahead, is_removed });
}

fn locked(readings: &mut Readings, verdict: LockVerdict, minutes_old: i64) {
    inside(readings).locks = vec![LockView {
        id: "ab".repeat(32),
        exclusive: true,
        hostname: "nas".into(),
        username: "ben".into(),
        pid: 1,
        created: (NOW - minutes_old * 60) * 1000,
        program: None,
        operation: None,
        ours: false,
        verdict,
        reasons: Vec::new(),
        readable: true,
    }];
}

fn problem() -> crate::api::Problem {
    AppError::KeychainLocked.problem()
}

#[test]
fn where_everything_is_well_nothing_warns() {
    let checks = judge(&healthy());
    let bad: Vec<_> = checks.iter().filter(|check| check.verdict < Verdict::Note).collect();
    assert!(bad.is_empty(), "{bad:?}");
    assert!(checks.iter().filter(|check| check.verdict == Verdict::Pass).count() >= 25);
}

#[test]
fn sources() {
    use CheckId::*;
    use Verdict::*;
    check(&[
        ("gone", |r| source(r).state = SourceState::Missing, SourceExists, Fail),
        ("emptied", |r| source(r).state = SourceState::Readable(Some(0)), SourceNotEmpty, Fail),
        (
            "empty from the start",
            |r| {
                source(r).state = SourceState::Readable(Some(0));
                r.plans[0].has_snapshots = false;
            },
            SourceNotEmpty,
            Note,
        ),
        ("a file", |r| source(r).state = SourceState::Readable(None), SourceNotEmpty, Pass),
        (
            "denied",
            |r| source(r).state = SourceState::Unreadable("permission denied".into()),
            SourceReadable,
            Fail,
        ),
        ("items left out", |r| r.plans[0].skipped = Some(3), LastRunWhole, Warn),
        (
            "the repository in it",
            |r| places(r).repository_inside = Some("/home/anna".into()),
            RepositoryInside,
            Fail,
        ),
        ("one drive", |r| places(r).same_drive = Some("/home/anna".into()), OtherDrive, Warn),
        (
            "no answer",
            |r| r.plans[0].places = Reading::CouldNotLook("no answer".into()),
            SourceExists,
            CouldNotLook,
        ),
    ]);
}

#[test]
fn destinations() {
    use CheckId::*;
    use Verdict::*;
    check(&[
        (
            "no answer",
            |r| r.repositories[0].storage = Reading::CouldNotLook("no answer".into()),
            Reachable,
            Fail,
        ),
        ("away", |r| storage(r).away = Some(problem()), Reachable, Note),
        ("slow", |r| storage(r).took = SignedDuration::from_secs(3), Reachable, Warn),
        ("read-only", |r| storage(r).read_only = true, Writable, Fail),
        ("refused", |r| storage(r).trial = Some(Trial::Refused("no".into())), Writable, Fail),
        ("not tried", |r| storage(r).trial = None, Writable, CouldNotLook),
        ("full", |r| storage(r).free = Some(GB - 1), Room, Fail),
        ("nearly full", |r| storage(r).free = Some(9 * GB), Room, Warn),
        ("roomy", |r| storage(r).free = Some(10 * GB), Room, Pass),
        (
            "little room before the first backup",
            |r| {
                storage(r).free = Some(10_000_000);
                r.repositories[0].estimate = None;
            },
            Room,
            Fail,
        ),
        ("unknown room", |r| storage(r).free = None, Room, CouldNotLook),
        ("under the limit", |_| {}, Limits, Pass),
        ("near the limit", |r| inside(r).snapshots = 181, Limits, Warn),
        ("over the limit", |r| inside(r).snapshots = 201, Limits, Fail),
        ("too large", |r| r.repositories[0].limits.bytes_max = Some(70 * GB), Limits, Fail),
        ("not listed", |r| tried(r, false, 0, true), ListAfterWrite, Warn),
        ("clock off", |r| tried(r, true, -3, true), StoreClock, Warn),
        ("clock far off", |r| tried(r, true, 26, true), StoreClock, Fail),
        ("append-only", |r| tried(r, true, 0, false), CanDelete, Warn),
    ]);
    let none: Change = |readings| readings.repositories[0].limits = crate::api::Limits::default();
    assert_eq!(verdict(none, Limits), None, "who set no limit is told nothing of it");
}

#[test]
fn repositories() {
    use CheckId::*;
    use Verdict::*;
    check(&[
        (
            "locked keychain",
            |r| r.repositories[0].inside = Reading::Known(Err(problem())),
            Opens,
            Fail,
        ),
        (
            "drive away",
            |r| {
                let away = AppError::DestinationNotConnected {
                    name: "Blue".into(),
                    location: "/media/blue".into(),
                    snapshots: None,
                    awaited_by: None,
                };
                r.repositories[0].inside = Reading::Known(Err(away.problem()));
            },
            Opens,
            CouldNotLook,
        ),
        ("old format", |r| inside(r).format = 1, Format, Note),
        ("dead lock", |r| locked(r, LockVerdict::Dead, 1), Locks, Warn),
        ("unclear lock, old", |r| locked(r, LockVerdict::Unknown, 31), Locks, Fail),
        ("unclear lock, young", |r| locked(r, LockVerdict::Unknown, 5), Locks, Pass),
        ("living lock", |r| locked(r, LockVerdict::Alive, 90), Locks, Pass),
        ("index torn", |r| inside(r).index_problem = Some("torn".into()), Index, Fail),
        ("some uploads", |r| inside(r).unnamed = (2, 32_000_000), Uploads, Note),
        ("many uploads", |r| inside(r).unnamed = (90, 2 * GB), Uploads, Warn),
        ("never verified", |r| r.repositories[0].verify = Light::Unknown, Verified, Note),
        ("long ago", |r| r.repositories[0].verify = Light::Attention, Verified, Warn),
        ("damaged", |r| r.repositories[0].verify = Light::Failed, Verified, Fail),
    ]);
}

#[test]
fn computer_and_app() {
    use CheckId::*;
    use Verdict::*;
    check(&[
        ("little room", |r| r.computer.own_free = Some(GB / 2), OwnRoom, Warn),
        ("clock behind", |r| inside(r).newest = Some(at(NOW + 400)), SystemClock, Fail),
        (
            "no keychain",
            |r| r.computer.services.keychain = ServiceState::missing(problem()),
            Keychain,
            Warn,
        ),
        (
            "no notices",
            |r| r.computer.services.notifications = ServiceState::missing(problem()),
            Notifications,
            Warn,
        ),
        ("no tray", |r| r.computer.services.tray = ServiceState::missing(problem()), Tray, Warn),
        ("not at login", |r| r.computer.starts_at_login = false, Autostart, Warn),
        (
            "not at login, and nothing to start for",
            |r| {
                r.computer.starts_at_login = false;
                r.computer.has_schedules = false;
            },
            Autostart,
            Note,
        ),
        ("settings set aside", |r| r.app.problems = vec![problem()], OwnFiles, Warn),
        ("cut off once", |r| r.app.interrupted = 1, LastStart, Note),
        ("cut off often", |r| r.app.interrupted = 3, LastStart, Warn),
        ("the version", |_| {}, Version, Note),
        ("never runs", |r| r.plans[0].never_runs = true, Schedules, Fail),
        (
            "hook down",
            |r| r.app.hooks[0].last = Some((OperationState::Failed, Some(problem()))),
            Hooks,
            Warn,
        ),
        ("hook unused", |r| r.app.hooks[0].last = None, Hooks, Note),
    ]);
}

#[test]
fn the_worst_comes_first_and_whatever_is_wrong_says_what_helps() {
    let mut readings = healthy();
    source(&mut readings).state = SourceState::Missing;
    storage(&mut readings).read_only = true;
    inside(&mut readings).index_problem = Some("torn".into());
    readings.app.interrupted = 9;
    readings.computer.starts_at_login = false;
    let checks = judge(&readings);
    assert!(checks.is_sorted_by_key(|check| check.verdict));
    for check in checks.iter().filter(|check| check.verdict <= Verdict::Warn) {
        let fix = check.fix.as_ref().unwrap_or_else(|| panic!("{:?} has no fix", check.id));
        for part in [&check.reading, &check.why, &fix.words] {
            assert!(part.ends_with('.') && !part.contains('!'), "{part}");
        }
    }
}
