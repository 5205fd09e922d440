//! Sources, and the storage they go to.

use super::Subject;
use crate::api::{CheckGroup, CheckId, CheckView, FixAction, Problem, Verdict};
use crate::doctor::readings::{
    PlacesReading, PlanReading, Reading, RepositoryReading, SourceReading, SourceState,
    StorageReading, Trial,
};
use crate::text::{bytes, counted, span};

/// An answer that takes longer is slow.
const SLOW_SECONDS: i64 = 2;

/// A storage's clock may be so far from ours, in minutes; further away locks are misjudged.
const CLOCK_WARN_MINUTES: i64 = 2;
const CLOCK_FAIL_MINUTES: i64 = 25;

/// With less room than this no backup is begun.
const ROOM_MIN: u64 = 64 * 1024 * 1024;

/// So many backups like the last ones should fit.
const BACKUPS_AHEAD: u64 = 10;

/// From so many hundredths of a limit on it is warned of.
const LIMIT_WARN_PERCENT: u64 = 90;

pub(super) fn of_plan(plan: &PlanReading) -> Vec<CheckView> {
    let about = Subject::plan(CheckGroup::Source, &plan.id, &plan.name);
    let edit = || Some(FixAction::EditPlan { plan: plan.id.clone() });
    let mut checks = match &plan.places {
        Reading::Known(places) => of_places(plan, places),
        Reading::CouldNotLook(why) => {
            vec![about.is(CheckId::SourceExists, Verdict::CouldNotLook, why)]
        }
    };
    checks.push(match plan.skipped {
        None => about.passes(CheckId::LastRunWhole, "Nothing was left out."),
        Some(count) => about
            .warns(CheckId::LastRunWhole, format!("{} could not be read.", counted(count, "item")))
            .fixed_by("Close the programs that use them, or exclude them.", edit()),
    });
    checks
}

fn of_places(plan: &PlanReading, places: &PlacesReading) -> Vec<CheckView> {
    let about = Subject::plan(CheckGroup::Source, &plan.id, &plan.name);
    let edit = || Some(FixAction::EditPlan { plan: plan.id.clone() });
    let mut checks = of_sources(plan, &places.sources);
    checks.push(match &places.repository_inside {
        None => about.passes(CheckId::RepositoryInside, "It lies elsewhere, or is excluded."),
        Some(folder) => about
            .fails(CheckId::RepositoryInside, format!("It lies in {}.", folder.display()))
            .fixed_by(
                "Exclude the backup location in the plan.",
                Some(FixAction::ExcludeRepository { plan: plan.id.clone() }),
            ),
    });
    checks.push(match &places.same_drive {
        None => about.passes(CheckId::OtherDrive, "It is."),
        Some(folder) => about
            .warns(CheckId::OtherDrive, format!("{} is on the same drive.", folder.display()))
            .fixed_by("Choose a backup location on another drive, too.", edit()),
    });
    checks
}

fn of_sources(plan: &PlanReading, sources: &[SourceReading]) -> Vec<CheckView> {
    let about = Subject::plan(CheckGroup::Source, &plan.id, &plan.name);
    let edit = || Some(FixAction::EditPlan { plan: plan.id.clone() });
    let named = |is: &dyn Fn(&SourceState) -> bool| {
        let found = sources.iter().filter(|source| is(&source.state));
        let paths: Vec<String> = found.map(|source| source.path.display().to_string()).collect();
        (!paths.is_empty()).then(|| paths.join(", "))
    };
    let all = counted(sources.len() as u64, "folder");
    let missing = named(&|state| *state == SourceState::Missing);
    let empty = named(&|state| *state == SourceState::Readable(Some(0)));
    let unreadable = named(&|state| matches!(state, SourceState::Unreadable(_)));
    let why = sources.iter().find_map(|source| match &source.state {
        SourceState::Unreadable(why) => Some(why.as_str()),
        _ => None,
    });
    vec![
        match missing {
            None => about.passes(CheckId::SourceExists, format!("{all} looked at.")),
            Some(paths) => about
                .fails(CheckId::SourceExists, format!("Not there: {paths}."))
                .fixed_by("Connect the drive that holds them, or correct the plan.", edit()),
        },
        match empty {
            None => about.passes(CheckId::SourceNotEmpty, "They are not."),
            Some(paths) if plan.has_snapshots => about
                .fails(CheckId::SourceNotEmpty, format!("Empty: {paths}."))
                .fixed_by("Connect the drive that holds them, or correct the plan.", edit()),
            Some(paths) => {
                about.is(CheckId::SourceNotEmpty, Verdict::Note, format!("Empty: {paths}."))
            }
        },
        match (unreadable, why) {
            (Some(paths), Some(why)) => about
                .fails(CheckId::SourceReadable, format!("Cannot be read: {paths} ({why})."))
                .fixed_by(access_words(), edit()),
            _ => about.passes(CheckId::SourceReadable, "They can."),
        },
    ]
}

/// How a person lets Holdfast read, on the system this is built for.
fn access_words() -> &'static str {
    if cfg!(target_os = "macos") {
        "Allow Holdfast in System Settings, Privacy & Security, Full Disk Access."
    } else if cfg!(windows) {
        "Start Holdfast as somebody who may read them, or correct their access rights."
    } else {
        "Allow yourself to read them, for example with chmod, or leave them out of the plan."
    }
}

pub(super) fn of_storage(repository: &RepositoryReading) -> Vec<CheckView> {
    let about = Subject::repository(CheckGroup::Destination, &repository.id, &repository.name);
    let storage = match &repository.storage {
        Reading::CouldNotLook(why) => {
            return vec![
                about
                    .fails(CheckId::Reachable, why)
                    .fixed_by("Check the drive, its cable or the network.", None),
            ];
        }
        Reading::Known(storage) => storage,
    };
    if let Some(Problem { title, advice, .. }) = &storage.away {
        return vec![about.is(CheckId::Reachable, Verdict::Note, title).fixed_by(advice, None)];
    }
    let took = storage.took;
    let mut checks = vec![match took.as_secs() {
        SLOW_SECONDS.. => about
            .warns(CheckId::Reachable, format!("A few questions took {}.", said(took)))
            .fixed_by("Check the drive, its cable or the network.", None),
        _ => about.passes(CheckId::Reachable, format!("In {} ms.", took.as_millis())),
    }];
    checks.push(room(about, repository, storage));
    checks.extend(limits(about, repository));
    checks.extend(of_trial(about, storage));
    checks
}

fn room(about: Subject<'_>, repository: &RepositoryReading, storage: &StorageReading) -> CheckView {
    let Some(free) = storage.free else {
        return about.is(CheckId::Room, Verdict::CouldNotLook, "The storage does not say.");
    };
    let next = repository.estimate.unwrap_or(0);
    let words = "Free up space there, or choose a larger drive.";
    let show = Some(FixAction::ShowRepository { repository: repository.id.clone() });
    let reading = match repository.estimate {
        Some(next) => format!("{} free; a backup stores up to {}.", bytes(free), bytes(next)),
        None => format!("{} free.", bytes(free)),
    };
    if free < next.max(ROOM_MIN) {
        about.fails(CheckId::Room, reading).fixed_by(words, show)
    } else if free < next.saturating_mul(BACKUPS_AHEAD) {
        about.warns(CheckId::Room, reading).fixed_by(words, show)
    } else {
        about.passes(CheckId::Room, reading)
    }
}

fn limits(about: Subject<'_>, repository: &RepositoryReading) -> Option<CheckView> {
    let Reading::Known(Ok(inside)) = &repository.inside else { return None };
    let limits = repository.limits;
    let snapshots = limits.snapshots_max.map(|most| {
        let reading = format!("{} of {most}", counted(inside.snapshots, "snapshot"));
        (inside.snapshots, most, reading)
    });
    let size = limits
        .bytes_max
        .map(|most| (inside.bytes, most, format!("{} of {}", bytes(inside.bytes), bytes(most))));
    let worst = |(is, most, _): &(u64, u64, String)| match (*is, *most) {
        (is, most) if is > most => 2,
        (is, most) if is.saturating_mul(100) > most.saturating_mul(LIMIT_WARN_PERCENT) => 1,
        _ => 0,
    };
    let all: Vec<_> = snapshots.into_iter().chain(size).collect();
    let grade = all.iter().map(worst).max()?;
    let reading = all.iter().map(|(_, _, reading)| reading.as_str()).collect::<Vec<_>>();
    let reading = format!("{}.", reading.join(", "));
    let words = "Keep fewer snapshots, or raise the limit.";
    let show = Some(FixAction::ShowRepository { repository: repository.id.clone() });
    Some(match grade {
        0 => about.passes(CheckId::Limits, reading),
        1 => about.warns(CheckId::Limits, reading).fixed_by(words, show),
        _ => about.fails(CheckId::Limits, reading).fixed_by(words, show),
    })
}

fn of_trial(about: Subject<'_>, storage: &StorageReading) -> Vec<CheckView> {
    if storage.read_only {
        return vec![
            about.fails(CheckId::Writable, "It is mounted read-only.").fixed_by(
                "Mount it so that it can be written, or check the drive for errors.",
                None,
            ),
        ];
    }
    let (is_listed, ahead, is_removed) = match &storage.trial {
        None => {
            return vec![about.is(CheckId::Writable, Verdict::CouldNotLook, "It was not tried.")];
        }
        Some(Trial::Refused(why)) => {
            return vec![
                about
                    .fails(CheckId::Writable, format!("A small file was refused: {why}."))
                    .fixed_by("Allow yourself to write there.", None),
            ];
        }
        Some(Trial::Written { is_listed, ahead, is_removed }) => (*is_listed, *ahead, *is_removed),
    };
    let off = format!("It is {} from this computer's.", said(ahead.abs()));
    let clocks = "Let both computers set their clocks by the network.";
    vec![
        about.passes(CheckId::Writable, "A small file was written."),
        match is_listed {
            true => about.passes(CheckId::ListAfterWrite, "It was."),
            false => about
                .warns(CheckId::ListAfterWrite, "A small file was written and not listed.")
                .fixed_by("Use a storage that lists what was written at once.", None),
        },
        match ahead.abs().as_mins() {
            CLOCK_FAIL_MINUTES.. => about.fails(CheckId::StoreClock, off).fixed_by(clocks, None),
            CLOCK_WARN_MINUTES.. => about.warns(CheckId::StoreClock, off).fixed_by(clocks, None),
            _ => about.passes(CheckId::StoreClock, off),
        },
        match is_removed {
            true => about.passes(CheckId::CanDelete, "A small file was removed."),
            false => about
                .warns(CheckId::CanDelete, "A small file could not be removed.")
                .fixed_by("Allow yourself to remove files there, or never free up space.", None),
        },
    ]
}

fn said(duration: jiff::SignedDuration) -> String {
    span(i64::try_from(duration.as_millis()).unwrap_or(i64::MAX))
}
