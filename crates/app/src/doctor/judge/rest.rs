//! What is in a repository, this computer, and Holdfast itself.

use super::Subject;
use crate::api::{
    CheckGroup, CheckId, CheckView, Code, FixAction, Light, LockVerdict, LockView, OperationState,
    ServiceState, Verdict,
};
use crate::doctor::readings::{InsideReading, Reading, Readings, RepositoryReading};
use crate::text::{bytes, counted};

/// The newest format that is written.
const FORMAT: u32 = 2;

/// An exclusive lock that is older has stood in the way of somebody.
const LOCK_OLD_MINUTES: i64 = 30;

/// Unfinished uploads of more bytes than this are worth to be removed.
const UPLOADS_WARN_BYTES: u64 = 1_000_000_000;

/// History and settings want at least this much room.
const OWN_ROOM_BYTES: u64 = 1_000_000_000;

/// A newest snapshot may be so far in the future before the clock is wrong.
const FUTURE_MINUTES: i64 = 5;

/// From so many in a week on, operations that were cut off are no accident.
const INTERRUPTED_WARN: u64 = 3;

pub(super) fn of_inside(repository: &RepositoryReading) -> Vec<CheckView> {
    let about = Subject::repository(CheckGroup::Repository, &repository.id, &repository.name);
    let id = || repository.id.clone();
    let mut checks = match &repository.inside {
        Reading::CouldNotLook(why) => vec![about.is(CheckId::Opens, Verdict::CouldNotLook, why)],
        Reading::Known(Ok(inside)) => of_opened(about, repository, inside),
        Reading::Known(Err(problem)) => {
            let is_away =
                matches!(problem.code, Code::DestinationNotConnected | Code::StorageOffline);
            let wants_password = matches!(
                problem.code,
                Code::PasswordMissing | Code::WrongPassword | Code::KeychainLocked
            );
            let action = wants_password.then(|| FixAction::EnterPassword { repository: id() });
            let verdict = if is_away { Verdict::CouldNotLook } else { Verdict::Fail };
            vec![
                about.is(CheckId::Opens, verdict, &problem.title).fixed_by(&problem.advice, action),
            ]
        }
    };
    let verify = Some(FixAction::Verify { repository: id() });
    checks.push(match repository.verify {
        Light::Good => about.passes(CheckId::Verified, "Nothing was wrong."),
        Light::Failed => about
            .fails(CheckId::Verified, "The last one failed or found damage.")
            .fixed_by("Look at what it found, then verify again.", verify),
        Light::Attention => about
            .warns(CheckId::Verified, "That was long ago, or it did not finish.")
            .fixed_by("Verify it.", verify),
        _ => about
            .is(CheckId::Verified, Verdict::Note, "It never was.")
            .fixed_by("Verify it.", verify),
    });
    checks
}

fn of_opened(
    about: Subject<'_>,
    repository: &RepositoryReading,
    inside: &InsideReading,
) -> Vec<CheckView> {
    let (packs, size) = inside.unnamed;
    let unnamed = format!("{} with {} that no index names.", counted(packs, "pack"), bytes(size));
    let show = || Some(FixAction::ShowRepository { repository: repository.id.clone() });
    let mut checks = vec![
        about.passes(CheckId::Opens, format!("{}.", counted(inside.snapshots, "snapshot"))),
        match inside.format {
            FORMAT => about.passes(CheckId::Format, format!("Version {FORMAT}.")),
            older => about
                .is(
                    CheckId::Format,
                    Verdict::Note,
                    format!("Version {older}, without compression."),
                )
                .fixed_by("Upgrade it when no older program uses it.", None)
                .with_command("holdfast migrate upgrade_repo_v2".to_owned()),
        },
        of_locks(about, repository, inside),
    ];
    if let Some(why) = &inside.index_problem {
        checks.push(
            about
                .fails(CheckId::Index, format!("It cannot be read: {why}."))
                .fixed_by("Rebuild it from the packs.", None)
                .with_command("holdfast repair index".to_owned()),
        );
        return checks;
    }
    checks.push(about.passes(CheckId::Index, "It can."));
    checks.push(match size {
        _ if packs == 0 => about.passes(CheckId::Uploads, "None."),
        UPLOADS_WARN_BYTES.. => about.warns(CheckId::Uploads, unnamed).fixed_by(
            "The next backup takes over what it needs; free up space afterwards.",
            show(),
        ),
        _ => about.is(CheckId::Uploads, Verdict::Note, unnamed),
    });
    checks
}

fn of_locks(
    about: Subject<'_>,
    repository: &RepositoryReading,
    inside: &InsideReading,
) -> CheckView {
    let others: Vec<&LockView> = inside.locks.iter().filter(|lock| !lock.ours).collect();
    let dead: Vec<&LockView> =
        others.iter().copied().filter(|lock| lock.verdict == LockVerdict::Dead).collect();
    if let Some(first) = dead.first() {
        let locks = dead.iter().map(|lock| lock.id.clone()).collect();
        let whose = format!("{} left one behind that nobody holds.", first.hostname);
        return about.warns(CheckId::Locks, whose).fixed_by(
            "Remove it.",
            Some(FixAction::Unlock { repository: repository.id.clone(), locks }),
        );
    }
    let unclear = others.iter().find(|lock| lock.exclusive && lock.verdict == LockVerdict::Unknown);
    match (unclear, others.len() as u64) {
        (Some(lock), _) if inside.age_minutes(lock) >= LOCK_OLD_MINUTES => about
            .fails(
                CheckId::Locks,
                format!("{} holds one alone, and shows no sign of life.", lock.hostname),
            )
            .fixed_by(
                "If that computer does nothing with it, remove it.",
                Some(FixAction::ShowRepository { repository: repository.id.clone() }),
            ),
        (_, 0) => about.passes(CheckId::Locks, "None."),
        (_, count) => about.passes(CheckId::Locks, format!("{count} in use.")),
    }
}

pub(super) fn of_computer(readings: &Readings) -> Vec<CheckView> {
    let about = Subject::of(CheckGroup::Computer);
    let computer = &readings.computer;
    let newest = readings.repositories.iter().filter_map(|repository| match &repository.inside {
        Reading::Known(Ok(inside)) => inside.newest,
        _ => None,
    });
    let ahead = newest.max().map_or(0, |newest| newest.duration_since(computer.now).as_mins());
    let mut checks = vec![
        match computer.own_free {
            None => about.is(CheckId::OwnRoom, Verdict::CouldNotLook, "The disk does not say."),
            Some(free) if free < OWN_ROOM_BYTES => about
                .warns(CheckId::OwnRoom, format!("{} free.", bytes(free)))
                .fixed_by("Free up space on this computer's disk.", None),
            Some(free) => about.passes(CheckId::OwnRoom, format!("{} free.", bytes(free))),
        },
        if ahead >= FUTURE_MINUTES {
            about
                .fails(
                    CheckId::SystemClock,
                    format!(
                        "The newest snapshot is {} ahead of it.",
                        counted(ahead.unsigned_abs(), "minute")
                    ),
                )
                .fixed_by("Let this computer set its clock by the network.", None)
        } else {
            about.passes(CheckId::SystemClock, "No snapshot is younger than now.")
        },
    ];
    let services = &computer.services;
    let listed = [
        (CheckId::Keychain, &services.keychain),
        (CheckId::Notifications, &services.notifications),
        (CheckId::Tray, &services.tray),
    ];
    checks.extend(listed.map(|(id, service)| of_service(about, id, service)));
    checks.push(match (&services.autostart.problem, computer.starts_at_login) {
        (Some(problem), _) => {
            about.warns(CheckId::Autostart, &problem.title).fixed_by(&problem.advice, None)
        }
        (None, false) if computer.has_schedules => about
            .warns(CheckId::Autostart, "It does not.")
            .fixed_by("Start Holdfast at login.", Some(FixAction::StartAtLogin)),
        (None, false) => about.is(CheckId::Autostart, Verdict::Note, "It does not."),
        (None, true) => about.passes(CheckId::Autostart, "It does."),
    });
    checks
}

fn of_service(about: Subject<'_>, id: CheckId, service: &ServiceState) -> CheckView {
    match &service.problem {
        None => about.passes(id, "It works."),
        Some(problem) => about.warns(id, &problem.title).fixed_by(&problem.advice, None),
    }
}

pub(super) fn of_app(readings: &Readings) -> Vec<CheckView> {
    let about = Subject::of(CheckGroup::App);
    let app = &readings.app;
    let mut checks = vec![about.is(CheckId::Version, Verdict::Note, &app.version)];
    match app.problems.first() {
        None => checks.push(about.passes(CheckId::OwnFiles, "They are.")),
        Some(_) => checks.extend(app.problems.iter().map(|problem| {
            about
                .warns(CheckId::OwnFiles, &problem.title)
                .fixed_by(&problem.advice, Some(FixAction::OpenSettings))
        })),
    }
    let cut_off = counted(app.interrupted, "operation");
    checks.push(match app.interrupted {
        0 => about.passes(CheckId::LastStart, "In the last week all did."),
        INTERRUPTED_WARN.. => about
            .warns(CheckId::LastStart, format!("{cut_off} of the last week did not."))
            .fixed_by("Let the computer run until backups are done; look at Activity.", None),
        _ => about.is(
            CheckId::LastStart,
            Verdict::Note,
            format!("{cut_off} of the last week did not."),
        ),
    });
    checks.extend(readings.plans.iter().map(|plan| {
        let about = Subject::plan(CheckGroup::App, &plan.id, &plan.name);
        match plan.never_runs {
            false => about.passes(CheckId::Schedules, "It can."),
            true => about.fails(CheckId::Schedules, "It never comes to a time to run.").fixed_by(
                "Choose another schedule or repository.",
                Some(FixAction::EditPlan { plan: plan.id.clone() }),
            ),
        }
    }));
    checks.extend(app.hooks.iter().map(|hook| {
        let about = Subject { name: Some(&hook.name), ..about };
        let test = Some(FixAction::TestHook { hook: hook.id.clone() });
        match &hook.last {
            None => about.is(CheckId::Hooks, Verdict::Note, "It had nothing to tell yet."),
            Some((OperationState::Failed, problem)) => {
                let title = problem.as_ref().map_or("The last time it did not.", |one| &one.title);
                let advice = problem.as_ref().map_or("Send a test.", |one| &one.advice);
                about.warns(CheckId::Hooks, title).fixed_by(advice, test)
            }
            Some(_) => about.passes(CheckId::Hooks, "The last time it did."),
        }
    }));
    checks
}
