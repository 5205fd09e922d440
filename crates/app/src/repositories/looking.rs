//! What is known of a repository from looking at it: snapshots, size, room and locks.

use std::sync::Arc;

use holdfast_engine::backend::FileKind;
use holdfast_engine::lock;
use holdfast_engine::snapshot::Snapshot;
use jiff::{SignedDuration, Timestamp};

use super::Ready;
use crate::api::{
    Bytes, Code, LastVerify, Light, Lights, LockVerdict, LockView, OperationKind, OperationState,
    PlanId, Problem, RepositoryId, RepositoryView, SecretState, SnapshotView,
};
use crate::engine_work;
use crate::error::AppError;
use crate::operation::Operation;
use crate::plan;
use crate::settings::RepositoryEntry;
use crate::state::State;

/// What the last look showed. What could not be seen stays as it was seen before.
#[derive(Debug, Clone, Default)]
pub(crate) struct Facts {
    /// The newest first.
    pub(crate) snapshots: Option<Vec<SnapshotView>>,
    pub(crate) size: Option<Bytes>,
    pub(crate) free: Option<Bytes>,
    pub(crate) locks: Option<Vec<LockView>>,
    pub(crate) format_version: Option<u32>,
    pub(crate) problem: Option<Problem>,
    pub(crate) looked_at: Option<Timestamp>,
    /// When the last look began that saw everything.
    pub(crate) seen_at: Option<Timestamp>,
}

impl Facts {
    pub(crate) fn snapshot_count(&self) -> Option<u64> {
        self.snapshots.as_ref().map(|snapshots| snapshots.len() as u64)
    }

    /// The snapshots of a plan, the newest first.
    pub(crate) fn of_plan<'a>(
        &'a self,
        plan: &'a PlanId,
    ) -> impl Iterator<Item = &'a SnapshotView> {
        let snapshots = self.snapshots.iter().flatten();
        snapshots.filter(|snapshot| snapshot.plan.as_ref() == Some(plan))
    }
}

/// A repository that nothing was done with is looked at so often.
const LOOKED_AT_EVERY: SignedDuration = SignedDuration::from_mins(60);

/// A keychain that was locked is asked again so often: it may ask the person in turn.
const UNLOCKED_WITHIN: SignedDuration = SignedDuration::from_mins(10);

/// Less than this free is worth a look.
const FREE_ATTENTION: Bytes = 5_000_000_000;
/// Less than this free is too little for most backups.
const FREE_FAILED: Bytes = 200_000_000;
/// A verify older than this is worth a look.
const VERIFY_ATTENTION_DAYS: i64 = 45;

impl State {
    /// Looks at a repository again, and remembers what it saw.
    pub(crate) fn look(&self, id: &RepositoryId) {
        let began = self.now();
        let seen = self.open(id).and_then(|ready| self.seen(&ready));
        self.remember_seen(id, began, seen);
    }

    fn remember_seen(&self, id: &RepositoryId, began: Timestamp, seen: Result<Facts, AppError>) {
        let mut all = self.repositories.facts.lock();
        let facts = all.entry(id.clone()).or_default();
        match seen {
            // Two may look at once, and the one that began first ends last.
            Ok(_) if facts.seen_at.is_some_and(|newer| newer > began) => {}
            Ok(seen) => *facts = Facts { seen_at: Some(began), ..seen },
            Err(error) => facts.problem = Some(error.problem()),
        }
        facts.looked_at = Some(self.now());
        drop(all);
        self.count_change();
        self.changed();
    }

    /// Looks at a repository on a thread of its own, unless one looks already; what waited for it
    /// starts afterwards.
    pub(crate) fn look_in_background(self: &Arc<Self>, id: &RepositoryId) {
        if !self.repositories.looking.lock().insert(id.clone()) {
            return;
        }
        let (state, looked_at, at_work) = (self.clone(), id.clone(), self.works());
        let spawned = std::thread::Builder::new().name("look".to_owned()).spawn(move || {
            // A look at a drive that does not answer would never end.
            match state.repository(&looked_at).and_then(|entry| state.check_answers(&entry)) {
                Ok(()) => state.look(&looked_at),
                Err(error) => state.remember_seen(&looked_at, state.now(), Err(error)),
            }
            state.repositories.looking.lock().remove(&looked_at);
            state.pump();
            state.fill_in_background(&looked_at);
            drop(state);
            drop(at_work);
        });
        if spawned.is_err() {
            // Without a thread now, there may be one at the next tick.
            self.repositories.looking.lock().remove(id);
        }
    }

    fn seen(&self, ready: &Ready) -> Result<Facts, AppError> {
        let repository = &ready.repository;
        let read = |error| ready.named.read(error);
        let snapshots = self.shelf.snapshots(ready)?;
        let mut snapshots: Vec<SnapshotView> = snapshots
            .iter()
            .map(|(id, snapshot)| snapshot_view(&id.to_string(), snapshot))
            .collect();
        snapshots.reverse();
        let mut size = 0;
        for kind in FileKind::LISTED {
            let files = repository.list(kind).map_err(read)?;
            size += files.iter().map(|file| file.size).sum::<u64>();
        }
        let free = repository.backend().free_bytes().map_err(|error| ready.named.storage(error))?;
        Ok(Facts {
            snapshots: Some(snapshots),
            size: Some(size),
            free,
            locks: Some(self.locks(ready)?),
            format_version: Some(repository.config().version),
            problem: None,
            looked_at: None,
            seen_at: None,
        })
    }

    /// Looks at the repositories whose drives came or went, at those not looked at for long, and
    /// at those whose keychain was locked: it may be open by now.
    pub(crate) fn look_again(self: &Arc<Self>, now: Timestamp) {
        for entry in self.file().repositories {
            let (problem, looked_at) = {
                let all = self.repositories.facts.lock();
                let facts = all.get(&entry.id);
                let problem = facts.and_then(|facts| facts.problem.as_ref());
                (problem.map(|problem| problem.code), facts.and_then(|facts| facts.looked_at))
            };
            let away = [Code::DestinationNotConnected, Code::StorageOffline];
            let was_away = problem.is_some_and(|code| away.contains(&code));
            let is_away = self.check_answers(&entry).is_err();
            let is_locked = self.secrets.state(&entry) == SecretState::Locked;
            let every = if is_locked { UNLOCKED_WITHIN } else { LOOKED_AT_EVERY };
            let is_old = looked_at.is_none_or(|at| now.duration_since(at) > every);
            let is_idle = is_locked || self.queue.lock().user_of(&entry.id).is_none();
            if was_away != is_away || (is_old && !is_away && is_idle) {
                self.look_in_background(&entry.id);
            }
        }
    }

    /// The locks that stand in a repository now.
    pub(crate) fn repository_locks(&self, id: &RepositoryId) -> Result<Vec<LockView>, AppError> {
        let locks = self.locks(&self.open(id)?)?;
        let seen = Some(locks.clone());
        let before = {
            let mut all = self.repositories.facts.lock();
            std::mem::replace(&mut all.entry(id.clone()).or_default().locks, seen.clone())
        };
        // A window that asks at each change must not be told of a change each time it asks.
        if before != seen {
            self.changed();
        }
        Ok(locks)
    }

    fn locks(&self, ready: &Ready) -> Result<Vec<LockView>, AppError> {
        let context = self.lock_context(&ready.entry.id);
        let locks = lock::list(&ready.repository, &context);
        let locks = locks.map_err(|error| ready.named.read(error))?;
        Ok(locks.iter().map(engine_work::lock_view).collect())
    }

    /// What was seen of a repository when last looked.
    pub(crate) fn facts_of(&self, id: &RepositoryId) -> Facts {
        self.repositories.facts.lock().get(id).cloned().unwrap_or_default()
    }

    /// A repository with everything known of it.
    pub(crate) fn repository_view(&self, id: &RepositoryId) -> Result<RepositoryView, AppError> {
        Ok(self.view_of(&self.repository(id)?))
    }

    pub(crate) fn view_of(&self, entry: &RepositoryEntry) -> RepositoryView {
        let facts = self.facts_of(&entry.id);
        let last_verify = self.last_verify(&entry.id);
        let lights = Lights {
            space: space_light(facts.free),
            verify: verify_light(last_verify.as_ref(), self.now()),
            lock: lock_light(facts.locks.as_deref()),
        };
        RepositoryView {
            id: entry.id.clone(),
            name: entry.name.clone(),
            location: entry.location.clone(),
            format_version: facts.format_version.or(entry.format_version),
            auto_unlock: entry.auto_unlock,
            lock_wait_minutes: entry.lock_wait_minutes,
            limits: entry.limits,
            size: facts.size,
            free_space: facts.free,
            snapshot_count: facts.snapshot_count(),
            locks: facts.locks.unwrap_or_default(),
            secret: self.secrets.state(entry),
            last_verify,
            problem: facts.problem,
            lights,
        }
    }

    /// What is left on a repository's storage, if that is too little.
    pub(crate) fn hardly_any_room(&self, id: &RepositoryId) -> Option<Bytes> {
        let free = self.facts_of(id).free;
        free.filter(|_| space_light(free) == Light::Failed)
    }

    fn last_verify(&self, id: &RepositoryId) -> Option<LastVerify> {
        let is_verify = |operation: &&Operation| {
            operation.repository == *id
                && operation.task.kind() == OperationKind::Verify
                && !operation.is_live()
        };
        self.operations(|operations| {
            operations.values().rev().find(is_verify).map(|operation| LastVerify {
                operation: operation.id.clone(),
                state: operation.state,
                at: operation.latest().as_millisecond(),
            })
        })
    }
}

fn space_light(free: Option<Bytes>) -> Light {
    match free {
        None => Light::Unknown,
        Some(..FREE_FAILED) => Light::Failed,
        Some(..FREE_ATTENTION) => Light::Attention,
        Some(_) => Light::Good,
    }
}

fn verify_light(last: Option<&LastVerify>, now: Timestamp) -> Light {
    let Some(last) = last else { return Light::Unknown };
    match last.state {
        OperationState::Failed => Light::Failed,
        OperationState::Succeeded => {
            let age_days = (now.as_millisecond() - last.at) / 86_400_000;
            if age_days > VERIFY_ATTENTION_DAYS { Light::Attention } else { Light::Good }
        }
        _ => Light::Attention,
    }
}

fn lock_light(locks: Option<&[LockView]>) -> Light {
    let Some(locks) = locks else { return Light::Unknown };
    let foreign = locks.iter().filter(|lock| !lock.ours);
    let worst = foreign.map(|lock| match (lock.verdict, lock.exclusive) {
        (LockVerdict::Dead, _) => 2,
        (LockVerdict::Unknown, true) => 2,
        _ => 1,
    });
    match worst.max() {
        None => Light::Good,
        Some(1) => Light::Attention,
        Some(_) => Light::Failed,
    }
}

/// A snapshot as the window sees it.
pub(crate) fn snapshot_view(id: &str, snapshot: &Snapshot) -> SnapshotView {
    let plan = snapshot.tags.iter().find_map(|tag| plan::plan_of_tag(tag));
    let summary = snapshot.summary.as_ref();
    let optional = |text: &String| (!text.is_empty()).then(|| text.clone());
    SnapshotView {
        id: id.to_owned(),
        short_id: id.chars().take(8).collect(),
        time: snapshot.time.timestamp().as_millisecond(),
        hostname: snapshot.hostname.clone(),
        username: snapshot.username.clone(),
        paths: snapshot.paths.clone(),
        tags: snapshot
            .tags
            .iter()
            .filter(|tag| plan::plan_of_tag(tag).is_none())
            .cloned()
            .collect(),
        plan,
        files: summary.map(|summary| summary.total_files_processed),
        bytes: summary.map(|summary| summary.total_bytes_processed),
        added_bytes: summary.map(|summary| summary.data_added),
        parent: snapshot.parent.map(|parent| parent.to_string()),
        program: optional(&snapshot.program_version),
    }
}
