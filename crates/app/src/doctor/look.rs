//! Looking: every question asked at the same time, each on a thread of its own, and none waited for
//! for longer than ten seconds.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, sync_channel};
use std::time::Duration;

use holdfast_engine::backend::FileKind;
use holdfast_engine::monitor::Cancellation;
use jiff::{SignedDuration, Timestamp};

use super::readings::{
    AppReading, ComputerReading, HookReading, InsideReading, PlacesReading, PlanReading, Reading,
    Readings, RepositoryReading, SourceReading, SourceState, StorageReading, Trial,
};
use crate::api::{OperationState, Problem, Schedule};
use crate::error::{AppError, chain};
use crate::hooks::Hook;
use crate::operation::{Operation, Task};
use crate::plan::Plan;
use crate::plans::Past;
use crate::ports::Volumes;
use crate::preflight;
use crate::settings::{RepositoryEntry, SettingsFile};
use crate::state::State;

/// How long one question may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// How far back interrupted operations are counted.
const WEEK: SignedDuration = SignedDuration::from_hours(7 * 24);

impl State {
    /// Looks at everything.
    pub(super) fn readings(self: &Arc<Self>) -> Readings {
        let (file, past) = (self.file(), self.past());
        // All are asked before any is waited for.
        let sources: Vec<_> = file.plans.iter().map(|plan| self.ask_places(&file, plan)).collect();
        let places: Vec<_> = file.repositories.iter().map(|entry| self.ask_place(entry)).collect();
        self.probe_services();
        let plans = file.plans.iter().zip(sources);
        let repositories = file.repositories.iter().zip(places);
        Readings {
            plans: plans
                .map(|(plan, sources)| self.plan_reading(&file, &past, plan, answer(&sources)))
                .collect(),
            repositories: repositories
                .map(|(entry, (storage, inside))| {
                    let (storage, inside) = (answer(&storage), answer(&inside));
                    self.repository_reading(&file, &past, entry, storage, inside)
                })
                .collect(),
            computer: self.computer_reading(&file),
            app: self.app_reading(&file),
        }
    }

    fn ask_places(&self, file: &SettingsFile, plan: &Plan) -> Receiver<PlacesReading> {
        let entry = file.repositories.iter().find(|entry| entry.id == plan.repository).cloned();
        let (plan, volumes) = (plan.clone(), self.ports.volumes.clone());
        asked(move || places_reading(&plan, entry.as_ref(), volumes.as_ref()))
    }

    fn ask_place(
        self: &Arc<Self>,
        entry: &RepositoryEntry,
    ) -> (Receiver<StorageReading>, Receiver<Result<InsideReading, Problem>>) {
        let (state, id) = (self.clone(), entry.clone());
        let storage = asked(move || state.storage_reading(&id));
        let (state, id) = (self.clone(), entry.clone());
        let inside = asked(move || state.inside_reading(&id));
        (storage, inside)
    }

    fn plan_reading(
        &self,
        file: &SettingsFile,
        past: &Past,
        plan: &Plan,
        places: Reading<PlacesReading>,
    ) -> PlanReading {
        let is_known = file.repositories.iter().any(|entry| entry.id == plan.repository);
        let view = self.plan_view(plan, past);
        let last = past.backups_of(&plan.id).iter().rev().find(|one| one.is_good_backup());
        PlanReading {
            id: plan.id.clone(),
            name: plan.name.clone(),
            places,
            skipped: last.map(|last| last.findings).filter(|count| *count > 0),
            has_snapshots: view.snapshot_count.unwrap_or(0) > 0,
            never_runs: !is_known || self.never_comes(&plan.timing),
        }
    }

    fn repository_reading(
        &self,
        file: &SettingsFile,
        past: &Past,
        entry: &RepositoryEntry,
        storage: Reading<StorageReading>,
        inside: Reading<Result<InsideReading, Problem>>,
    ) -> RepositoryReading {
        let view = self.view_of(entry);
        let plans = file.plans.iter().filter(|plan| plan.repository == entry.id);
        let estimates = plans.filter_map(|plan| preflight::estimate(past.backups_of(&plan.id)));
        RepositoryReading {
            id: entry.id.clone(),
            name: entry.name.clone(),
            storage,
            inside,
            limits: entry.limits,
            estimate: estimates.reduce(u64::saturating_add),
            verify: view.lights.verify,
        }
    }

    fn storage_reading(&self, entry: &RepositoryEntry) -> StorageReading {
        let clock = self.ports.clock.as_ref();
        let began = clock.elapsed();
        let away = self.check_connected(entry).err().map(Problem::from);
        let volume = self.ports.volumes.of(entry.path()).ok();
        let read_only = volume.as_ref().is_some_and(|volume| volume.read_only);
        let listed = std::fs::read_dir(entry.path()).map(Iterator::count);
        let took = clock.elapsed().saturating_sub(began);
        let can_try = away.is_none() && !read_only && listed.is_ok();
        StorageReading {
            away,
            took: SignedDuration::try_from(took).unwrap_or(SignedDuration::MAX),
            read_only,
            free: volume.map(|volume| volume.free_bytes),
            trial: can_try.then(|| trial(entry.path(), self.now())),
        }
    }

    fn inside_reading(&self, entry: &RepositoryEntry) -> Result<InsideReading, Problem> {
        let ready = self.open(&entry.id).map_err(Problem::from)?;
        let repository = &ready.repository;
        let began = self.now();
        // Snapshots, sizes and locks are looked at as always, and the window sees them, too.
        self.look(&entry.id);
        let facts = self.facts_of(&entry.id);
        if let Some(problem) = facts.problem.filter(|_| facts.seen_at.is_none_or(|at| at < began)) {
            return Err(problem);
        }
        let newest = facts.snapshots.iter().flatten().map(|snapshot| snapshot.time).max();
        let index = repository.load_index(&Cancellation::default());
        let packs = repository.list(FileKind::Pack);
        let packs = packs.map_err(|error| ready.named.read(error).problem())?;
        let (index_problem, unnamed) = match index {
            Ok(index) => {
                let named: HashSet<_> = index.packs().map(|pack| pack.id.to_string()).collect();
                let unnamed = packs.iter().filter(|pack| !named.contains(&pack.id.to_string()));
                let sum = |(count, size), pack: &holdfast_engine::backend::Listed| {
                    (count + 1, size + pack.size)
                };
                (None, unnamed.fold((0, 0), sum))
            }
            Err(error) => (Some(chain(&error)), (0, 0)),
        };
        Ok(InsideReading {
            looked_at: self.now(),
            format: repository.config().version,
            locks: facts.locks.unwrap_or_default(),
            snapshots: facts.snapshots.map_or(0, |snapshots| snapshots.len() as u64),
            newest: newest.and_then(|millis| Timestamp::from_millisecond(millis).ok()),
            bytes: facts.size.unwrap_or(0),
            index_problem,
            unnamed,
        })
    }

    fn computer_reading(&self, file: &SettingsFile) -> ComputerReading {
        let own = self.ports.volumes.of(&self.surroundings.state_folder).ok();
        let is_scheduled = |plan: &Plan| plan.timing.schedule != Schedule::Manual;
        ComputerReading {
            now: self.now(),
            own_free: own.map(|volume| volume.free_bytes),
            services: self.services.lock().clone(),
            starts_at_login: file.settings.start_at_login,
            has_schedules: file.plans.iter().any(is_scheduled),
        }
    }

    fn app_reading(&self, file: &SettingsFile) -> AppReading {
        let now = self.now();
        let is_cut_off = |one: &&Operation| {
            let is_recent = now.duration_since(one.latest()) < WEEK;
            // Hooks that were given up at the end cost nothing.
            let is_work = !matches!(one.task, Task::Hook { .. });
            one.state == OperationState::Interrupted && is_recent && is_work
        };
        let interrupted =
            self.operations(|operations| operations.values().filter(is_cut_off).count());
        AppReading {
            version: self.surroundings.identity.program_version.clone(),
            problems: self.problems(),
            interrupted: interrupted as u64,
            hooks: file.hooks.iter().map(|hook| self.hook_reading(hook)).collect(),
        }
    }

    fn hook_reading(&self, hook: &Hook) -> HookReading {
        let is_its =
            |one: &&Operation| matches!(&one.task, Task::Hook { hook: id, .. } if *id == hook.id);
        let last = self.operations(|operations| {
            let last = operations.values().rev().find(is_its)?;
            Some((last.state, last.problem.clone()))
        });
        HookReading { id: hook.id.clone(), name: hook.name.clone(), last }
    }
}

/// Asks on a thread of its own.
fn asked<T: Send + 'static>(question: impl FnOnce() -> T + Send + 'static) -> Receiver<T> {
    let (tell, told) = sync_channel(1);
    // Without a thread there is no answer, which is said like any other one that is missing.
    let _ = std::thread::Builder::new().name("doctor".to_owned()).spawn(move || {
        // Whoever asked may wait no longer.
        let _ = tell.send(question());
    });
    told
}

fn answer<T>(asked: &Receiver<T>) -> Reading<T> {
    match asked.recv_timeout(PATIENCE) {
        Ok(known) => Reading::Known(known),
        Err(_) => {
            let seconds = PATIENCE.as_secs();
            Reading::CouldNotLook(format!("There was no answer within {seconds} seconds."))
        }
    }
}

fn places_reading(
    plan: &Plan,
    entry: Option<&RepositoryEntry>,
    volumes: &dyn Volumes,
) -> PlacesReading {
    let drive_of = |path: &Path| volumes.of(path).map(|volume| volume.mounted_at).ok();
    let there = entry.and_then(|entry| drive_of(entry.path()));
    let is_there = |source: &&PathBuf| there.is_some() && drive_of(source) == there;
    PlacesReading {
        sources: plan.sources.iter().map(|source| source_reading(source)).collect(),
        repository_inside: entry.and_then(|entry| preflight::repository_inside(plan, entry)),
        same_drive: plan.sources.iter().find(is_there).cloned(),
    }
}

fn source_reading(path: &Path) -> SourceReading {
    let state = match preflight::source_entries(path) {
        Ok(entries) => SourceState::Readable(entries),
        Err(AppError::SourceMissing { .. }) => SourceState::Missing,
        Err(AppError::SourceUnreadable { source, .. }) => {
            SourceState::Unreadable(chain(source.as_ref()))
        }
        Err(other) => SourceState::Unreadable(chain(&other)),
    };
    SourceReading { path: path.to_owned(), state }
}

/// Writes a small file beside the repository's own, lists it and removes it. No program takes its
/// name for one of theirs.
fn trial(folder: &Path, now: Timestamp) -> Trial {
    let made = tempfile::Builder::new().prefix(".holdfast-test-").tempfile_in(folder);
    let file = match made {
        Ok(file) => file,
        Err(error) => return Trial::Refused(error.to_string()),
    };
    let name = file.path().file_name().map(std::ffi::OsStr::to_owned);
    let listed = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let is_listed = listed.map(|entry| entry.file_name()).any(|known| Some(known) == name);
    let time = file.as_file().metadata().and_then(|metadata| metadata.modified());
    let time = time.ok().and_then(|time| Timestamp::try_from(time).ok());
    let ahead = time.map_or(SignedDuration::ZERO, |time| time.duration_since(now));
    Trial::Written { is_listed, ahead, is_removed: file.close().is_ok() }
}
