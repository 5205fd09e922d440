//! Passwords: in the keychain, or in memory until the app ends.
//!
//! A keychain can hang, for as long as nobody unlocks it. It is asked on a thread of its own, and
//! waited for a limited time; while one question hangs, no second one is asked.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;
use std::time::Duration;

use holdfast_engine::secret::Password;
use parking_lot::Mutex;

use crate::api::{RepositoryId, SecretState};
use crate::error::AppError;
use crate::ports::{SecretError, SecretStore};
use crate::settings::RepositoryEntry;

/// How long somebody may take to unlock the keychain before the app goes on without.
const PATIENCE: Duration = Duration::from_secs(30);

/// Where passwords come from and go to.
pub(crate) struct Secrets {
    store: Arc<dyn SecretStore>,
    /// Questions are asked one after the other.
    turn: Mutex<()>,
    /// True while a question is not answered.
    is_hanging: Arc<AtomicBool>,
    session: Mutex<HashMap<RepositoryId, Password>>,
    /// Secrets of other things than repositories, by their names in the keychain.
    named: Mutex<HashMap<String, Password>>,
    /// Repositories whose entry could not be read when it was last tried.
    locked: Mutex<HashMap<RepositoryId, SecretState>>,
}

impl Secrets {
    pub(crate) fn new(store: Arc<dyn SecretStore>) -> Self {
        Self {
            store,
            turn: Mutex::default(),
            is_hanging: Arc::default(),
            session: Mutex::default(),
            named: Mutex::default(),
            locked: Mutex::default(),
        }
    }

    /// Finds out whether there is a keychain, without reading anything from it.
    pub(crate) fn probe(&self) -> Result<(), AppError> {
        self.ask(|store| store.get("probe").map(drop)).map_err(AppError::from)
    }

    /// The password of a repository.
    pub(crate) fn password(&self, entry: &RepositoryEntry) -> Result<Password, AppError> {
        if let Some(password) = self.session.lock().get(&entry.id) {
            return Ok(password.clone());
        }
        let missing = || AppError::PasswordMissing { name: entry.name.clone() };
        if !entry.password_in_keychain {
            return Err(missing());
        }
        let name = entry.keychain_name();
        let found = self.ask(move |store| store.get(&name));
        let state = match &found {
            Ok(Some(_)) => None,
            Ok(None) => Some(SecretState::Missing),
            Err(_) => Some(SecretState::Locked),
        };
        match state {
            Some(state) => self.locked.lock().insert(entry.id.clone(), state),
            None => self.locked.lock().remove(&entry.id),
        };
        found?.ok_or_else(missing)
    }

    /// Refuses a repository whose password is known to be out of reach, without asking.
    pub(crate) fn check(&self, entry: &RepositoryEntry) -> Result<(), AppError> {
        match self.state(entry) {
            SecretState::Stored | SecretState::Session => Ok(()),
            SecretState::Missing => Err(AppError::PasswordMissing { name: entry.name.clone() }),
            SecretState::Locked => Err(AppError::KeychainLocked),
        }
    }

    /// Keeps a password until the app ends.
    pub(crate) fn keep_for_session(&self, id: &RepositoryId, password: Password) {
        self.session.lock().insert(id.clone(), password);
    }

    /// Stores a password in the keychain.
    pub(crate) fn remember(
        &self,
        entry: &RepositoryEntry,
        password: Password,
    ) -> Result<(), AppError> {
        let name = entry.keychain_name();
        self.ask(move |store| store.set(&name, &password))?;
        self.session.lock().remove(&entry.id);
        self.locked.lock().remove(&entry.id);
        Ok(())
    }

    /// Forgets a password, in memory and in the keychain.
    pub(crate) fn forget(&self, entry: &RepositoryEntry) -> Result<(), AppError> {
        self.session.lock().remove(&entry.id);
        self.locked.lock().remove(&entry.id);
        if entry.password_in_keychain {
            let name = entry.keychain_name();
            self.ask(move |store| store.delete(&name))?;
        }
        Ok(())
    }

    /// Where the password of a repository is, as far as is known without asking.
    pub(crate) fn state(&self, entry: &RepositoryEntry) -> SecretState {
        if self.session.lock().contains_key(&entry.id) {
            SecretState::Session
        } else if entry.password_in_keychain {
            self.locked.lock().get(&entry.id).copied().unwrap_or(SecretState::Stored)
        } else {
            SecretState::Missing
        }
    }

    /// The secret of this name, if there is one: kept until the app ends, or in the keychain.
    pub(crate) fn named(
        &self,
        name: &str,
        is_in_keychain: bool,
    ) -> Result<Option<Password>, AppError> {
        if let Some(secret) = self.named.lock().get(name) {
            return Ok(Some(secret.clone()));
        }
        if !is_in_keychain {
            return Ok(None);
        }
        let name = name.to_owned();
        Ok(self.ask(move |store| store.get(&name))?)
    }

    /// Where the secret of this name is, as far as is known without asking.
    pub(crate) fn named_state(&self, name: &str, is_in_keychain: bool) -> SecretState {
        if self.named.lock().contains_key(name) {
            SecretState::Session
        } else if is_in_keychain {
            SecretState::Stored
        } else {
            SecretState::Missing
        }
    }

    /// Keeps a secret in the keychain, or until the app ends if that cannot be; true if the
    /// keychain has it.
    pub(crate) fn keep_named(&self, name: &str, secret: Password) -> bool {
        let (asked, stored) = (name.to_owned(), secret.clone());
        let is_in_keychain = self.ask(move |store| store.set(&asked, &stored)).is_ok();
        let mut named = self.named.lock();
        match is_in_keychain {
            true => named.remove(name),
            false => named.insert(name.to_owned(), secret),
        };
        is_in_keychain
    }

    /// Forgets a secret, in memory and in the keychain.
    pub(crate) fn forget_named(&self, name: &str, is_in_keychain: bool) -> Result<(), AppError> {
        self.named.lock().remove(name);
        if is_in_keychain {
            let name = name.to_owned();
            self.ask(move |store| store.delete(&name))?;
        }
        Ok(())
    }

    fn ask<T: Send + 'static>(
        &self,
        question: impl FnOnce(&dyn SecretStore) -> Result<T, SecretError> + Send + 'static,
    ) -> Result<T, SecretError> {
        let _turn = self.turn.try_lock_for(PATIENCE).ok_or(SecretError::Locked)?;
        if self.is_hanging.load(Ordering::Acquire) {
            return Err(SecretError::Locked);
        }
        let (store, is_hanging) = (self.store.clone(), self.is_hanging.clone());
        let (answer, answered) = mpsc::sync_channel(1);
        is_hanging.store(true, Ordering::Release);
        let asked = std::thread::Builder::new().name("keychain".to_owned()).spawn(move || {
            let found = question(store.as_ref());
            is_hanging.store(false, Ordering::Release);
            // Whoever asked may have given up.
            let _ = answer.send(found);
        });
        if let Err(error) = asked {
            self.is_hanging.store(false, Ordering::Release);
            return Err(SecretError::Failed { source: Box::new(error) });
        }
        answered.recv_timeout(PATIENCE).unwrap_or(Err(SecretError::Locked))
    }
}

impl From<SecretError> for AppError {
    fn from(error: SecretError) -> Self {
        match error {
            SecretError::Unavailable => Self::KeychainUnavailable,
            SecretError::Locked => Self::KeychainLocked,
            SecretError::Denied => Self::KeychainDenied,
            SecretError::Failed { source } => Self::KeychainFailed { source },
        }
    }
}
