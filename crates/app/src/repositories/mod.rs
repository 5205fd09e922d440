//! The repositories of this person: opened once, looked at often.

mod adding;
mod connection;
mod looking;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use holdfast_engine::backend::{Backend, BackendErrorKind, FileName};
use holdfast_engine::lock::{Journal, LockContext, Observations};
use holdfast_engine::repository::Repository;
use holdfast_engine::secret::Password;
use parking_lot::Mutex;

use crate::api::{
    AutoUnlock, Location, Problem, RepositoryId, RepositoryPatch, RepositoryView, ServiceState,
};
use crate::engine_work::{self, Named};
use crate::error::{AppError, Next};
use crate::plan;
use crate::settings::{AUTO_UNLOCK_MINUTES_MIN, LOCK_WAIT_MINUTES_MAX, RepositoryEntry};
use crate::state::State;
use connection::{Connections, is_connected};

pub(crate) use looking::{Facts, snapshot_view};

/// What is held of repositories while the app runs.
pub(crate) struct Repositories {
    opened: Mutex<HashMap<RepositoryId, Opened>>,
    facts: Mutex<HashMap<RepositoryId, Facts>>,
    observations: Mutex<HashMap<RepositoryId, Arc<Observations>>>,
    connections: Connections,
    /// Those that are being looked at in the background.
    looking: Mutex<HashSet<RepositoryId>>,
    journal: Arc<Journal>,
}

#[derive(Clone)]
struct Opened {
    repository: Arc<Repository>,
    /// The config's bytes: while they stand there, it is the same repository with the same key.
    config: Arc<Vec<u8>>,
}

impl Repositories {
    pub(crate) fn new(journal: Arc<Journal>) -> Self {
        Self {
            opened: Mutex::default(),
            facts: Mutex::default(),
            observations: Mutex::default(),
            connections: Connections::default(),
            looking: Mutex::default(),
            journal,
        }
    }

    fn forget(&self, id: &RepositoryId) {
        self.opened.lock().remove(id);
        self.facts.lock().remove(id);
        self.observations.lock().remove(id);
    }
}

/// A repository that can be worked on.
#[derive(Clone)]
pub(crate) struct Ready {
    pub(crate) entry: RepositoryEntry,
    pub(crate) named: Named,
    pub(crate) repository: Arc<Repository>,
}

impl State {
    /// Opens a repository, or takes it as it was opened before if it is still the same.
    pub(crate) fn open(&self, id: &RepositoryId) -> Result<Ready, AppError> {
        let entry = self.repository(id)?;
        let named = named(&entry);
        let storage = engine_work::storage(entry.path());
        self.check_connected(&entry)?;
        let config = storage.read(FileName::CONFIG).map_err(|error| {
            let is_gone = error.kind == BackendErrorKind::NotFound || !entry.path().exists();
            if is_gone { self.gone(&entry) } else { named.storage(error) }
        })?;
        if let Some(opened) = self.repositories.opened.lock().get(id)
            && *opened.config == config
        {
            let repository = opened.repository.clone();
            return Ok(Ready { entry, named, repository });
        }
        let password = self.secrets.password(&entry)?;
        let repository = open_with(storage, &password, &named)?;
        self.keep_opened(&entry, repository.clone(), config)?;
        Ok(Ready { entry, named, repository })
    }

    /// What locks of a repository are judged and taken with.
    pub(crate) fn lock_context(&self, id: &RepositoryId) -> LockContext {
        let mut observations = self.repositories.observations.lock();
        LockContext {
            identity: Arc::new(self.surroundings.identity.clone()),
            clock: self.ports.clock.clone(),
            zone: self.zone(),
            probe: self.ports.probe.clone(),
            journal: Some(self.repositories.journal.clone()),
            observations: observations.entry(id.clone()).or_default().clone(),
        }
    }

    /// Refuses a repository whose drive is not connected. Waits for as long as the drive takes to
    /// answer: for threads that are about to work with it anyway.
    pub(crate) fn check_connected(&self, entry: &RepositoryEntry) -> Result<(), AppError> {
        let is_there = is_connected(entry, self.ports.volumes.as_ref());
        if is_there { Ok(()) } else { Err(self.not_connected(entry)) }
    }

    /// The same for whoever has other things to do: refuses a drive that does not answer soon.
    pub(crate) fn check_answers(&self, entry: &RepositoryEntry) -> Result<(), AppError> {
        match self.repositories.connections.ask(entry, &self.ports.volumes) {
            Ok(true) => Ok(()),
            Ok(false) => Err(self.not_connected(entry)),
            Err(error) => Err(AppError::StorageOffline {
                location: entry.path().display().to_string(),
                source: Box::new(error),
            }),
        }
    }

    fn not_connected(&self, entry: &RepositoryEntry) -> AppError {
        AppError::DestinationNotConnected {
            name: entry.name.clone(),
            location: entry.path().to_owned(),
            snapshots: self.facts_of(&entry.id).snapshot_count(),
            awaited_by: None,
        }
    }

    /// Refuses a repository whose password is known to be out of reach.
    pub(crate) fn check_password(&self, entry: &RepositoryEntry) -> Result<(), AppError> {
        if self.repositories.opened.lock().contains_key(&entry.id) {
            return Ok(());
        }
        self.secrets.check(entry)
    }

    /// What it means that the drive is there and the repository is not.
    fn gone(&self, entry: &RepositoryEntry) -> AppError {
        let path = entry.path();
        if path.is_dir() {
            return AppError::NoRepository { location: path.display().to_string() };
        }
        AppError::DestinationMissing { name: entry.name.clone(), location: path.to_owned() }
    }

    fn keep_opened(
        &self,
        entry: &RepositoryEntry,
        repository: Arc<Repository>,
        config: Vec<u8>,
    ) -> Result<(), AppError> {
        let config_id = repository.config().id.to_string();
        if entry.config_id.as_ref().is_some_and(|known| *known != config_id) {
            let location = entry.path().display().to_string();
            return Err(AppError::RepositoryReplaced { location });
        }
        let opened = Opened { repository, config: Arc::new(config) };
        self.repositories.opened.lock().insert(entry.id.clone(), opened);
        Ok(())
    }

    /// Changes a repository's entry.
    pub(crate) fn change_repository(
        &self,
        id: &RepositoryId,
        patch: RepositoryPatch,
    ) -> Result<RepositoryView, AppError> {
        let RepositoryPatch { name, auto_unlock, lock_wait_minutes, limits } = patch;
        self.repository(id)?;
        self.edit(|file| {
            if let Some(name) = &name {
                let others = file.repositories.iter().filter(|other| other.id != *id);
                plan::check_name(name, others.map(|other| other.name.as_str()))?;
            }
            for entry in file.repositories.iter_mut().filter(|entry| entry.id == *id) {
                if let Some(name) = &name {
                    name.trim().clone_into(&mut entry.name);
                }
                if let Some(minutes) = lock_wait_minutes {
                    entry.lock_wait_minutes = minutes.min(LOCK_WAIT_MINUTES_MAX);
                }
                if let Some(limits) = limits {
                    entry.limits = limits;
                }
                if let Some(setting) = auto_unlock {
                    entry.auto_unlock = at_least_patient(setting);
                }
            }
            Ok(())
        })?;
        self.changed();
        self.repository_view(id)
    }

    /// Forgets a repository's entry and its password; never its data.
    pub(crate) fn remove_repository(&self, id: &RepositoryId) -> Result<(), AppError> {
        let entry = self.repository(id)?;
        let user = self.queue.lock().user_of(id).cloned();
        if let Some(user) = user {
            let with = self.busy_with(&user, Next::Refused);
            return Err(AppError::RepositoryBusy { name: entry.name, with });
        }
        self.edit(|file| {
            let users = file.plans.iter().filter(|plan| plan.repository == *id);
            let plans: Vec<String> = users.map(|plan| plan.name.clone()).collect();
            if !plans.is_empty() {
                return Err(AppError::RepositoryHasPlans { name: entry.name.clone(), plans });
            }
            file.repositories.retain(|other| other.id != *id);
            Ok(())
        })?;
        self.repositories.forget(id);
        self.shelf.clear(id);
        self.catalogues.forget(id, entry.config_id.as_deref());
        // The entry is gone already; a keychain that fails now leaves a secret nobody refers to.
        if let Err(error) = self.secrets.forget(&entry) {
            self.add_problem(error.problem());
        }
        self.changed();
        Ok(())
    }

    /// Takes a password, once it was seen to open the repository.
    pub(crate) fn enter_password(
        self: &Arc<Self>,
        id: &RepositoryId,
        password: Password,
        remember: bool,
    ) -> Result<RepositoryView, AppError> {
        if password.is_empty() {
            return Err(AppError::PasswordEmpty);
        }
        let entry = self.repository(id)?;
        self.check_connected(&entry)?;
        let named = named(&entry);
        let storage = engine_work::storage(entry.path());
        let config = storage.read(FileName::CONFIG).map_err(|error| named.storage(error))?;
        let repository = open_with(storage, &password, &named)?;
        self.keep_opened(&entry, repository, config)?;
        self.take_password(&entry, password, remember)?;
        self.look(id);
        // What waited for it goes on.
        self.pump();
        self.fill_in_background(id);
        self.repository_view(id)
    }

    /// Keeps a password that is known to be right. A keychain that fails is a problem to show and
    /// no reason to refuse: the password is kept until the app ends.
    fn take_password(
        &self,
        entry: &RepositoryEntry,
        password: Password,
        remember: bool,
    ) -> Result<(), AppError> {
        self.secrets.keep_for_session(&entry.id, password.clone());
        if !remember {
            return Ok(());
        }
        if let Err(error) = self.secrets.remember(entry, password) {
            // An entry that was there before is there still.
            self.keychain_failed(error.problem());
            return Ok(());
        }
        self.services.lock().keychain = ServiceState::works();
        self.edit(|file| {
            for kept in file.repositories.iter_mut().filter(|kept| kept.id == entry.id) {
                kept.password_in_keychain = true;
            }
            Ok(())
        })
    }

    fn keychain_failed(&self, problem: Problem) {
        self.services.lock().keychain = ServiceState::missing(problem);
    }
}

fn at_least_patient(setting: AutoUnlock) -> AutoUnlock {
    match setting {
        AutoUnlock::All { minutes } => {
            AutoUnlock::All { minutes: minutes.max(AUTO_UNLOCK_MINUTES_MIN) }
        }
        other => other,
    }
}

fn open_with(
    storage: Arc<dyn Backend>,
    password: &Password,
    named: &Named,
) -> Result<Arc<Repository>, AppError> {
    let opened = Repository::open(storage, password, None);
    opened.map(Arc::new).map_err(|error| named.open(error))
}

/// How errors call a repository.
pub(crate) fn named(entry: &RepositoryEntry) -> Named {
    let Location::Local { path } = &entry.location;
    Named { name: entry.name.clone(), location: path.clone() }
}
