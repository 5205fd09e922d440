//! Where the app meets the engine: its errors become ours, and ours name places and people.

use std::path::Path;
use std::sync::Arc;

use holdfast_engine::backend::{BackendError, BackendErrorKind, LocalBackend};
use holdfast_engine::backup::{BackupError, StoreError};
use holdfast_engine::lock::{
    AutoUnlock as EngineAutoUnlock, JudgedLock, Life, LockError, RemovedLock, UnlockError,
};
use holdfast_engine::repository::{CreateError, OpenError, ReadError, WriteError};

use crate::api::{AutoUnlock, LockVerdict, LockView};
use crate::error::{AppError, Cause};

/// A storage that is a folder of this computer.
pub(crate) fn storage(path: &Path) -> Arc<LocalBackend> {
    Arc::new(LocalBackend::new(path))
}

/// What an error of the storage means for a repository.
pub(crate) fn storage_error(name: &str, location: &str, error: BackendError) -> AppError {
    let location = location.to_owned();
    match error.kind {
        BackendErrorKind::Full => {
            AppError::DestinationFull { name: name.to_owned(), free: None, needed: None }
        }
        BackendErrorKind::Offline => AppError::StorageOffline { location, source: error.into() },
        BackendErrorKind::Denied => AppError::StorageDenied { location, source: error.into() },
        _ => AppError::StorageFailed { location, source: error.into() },
    }
}

/// Names a repository in errors.
#[derive(Debug, Clone)]
pub(crate) struct Named {
    pub(crate) name: String,
    pub(crate) location: String,
}

impl Named {
    pub(crate) fn storage(&self, error: BackendError) -> AppError {
        storage_error(&self.name, &self.location, error)
    }

    fn damaged(&self, error: impl Into<Cause>) -> AppError {
        AppError::RepositoryDamaged { location: self.location.clone(), source: error.into() }
    }

    pub(crate) fn open(&self, error: OpenError) -> AppError {
        let location = self.location.clone();
        match error {
            OpenError::NoRepository { .. } => AppError::NoRepository { location },
            OpenError::WrongPassword { .. } => AppError::WrongPassword { location },
            OpenError::NewerFormat { version, .. } => AppError::NewerFormat { location, version },
            OpenError::Backend { source, .. } => self.storage(source),
            other => self.damaged(other),
        }
    }

    pub(crate) fn create(&self, error: CreateError) -> AppError {
        match error {
            CreateError::Exists { .. } => {
                AppError::RepositoryExists { location: self.location.clone() }
            }
            CreateError::Backend { source, .. } => self.storage(source),
            other => AppError::unexpected("could not create the repository", other),
        }
    }

    pub(crate) fn read(&self, error: ReadError) -> AppError {
        match error {
            ReadError::Cancelled => AppError::Cancelled,
            ReadError::Backend { source, .. } if source.kind == BackendErrorKind::NotFound => {
                self.damaged(source)
            }
            ReadError::Backend { source, .. } | ReadError::List { source, .. } => {
                self.storage(source)
            }
            other => self.damaged(other),
        }
    }

    pub(crate) fn write(&self, error: WriteError) -> AppError {
        match error {
            WriteError::Backend { source, .. } => self.storage(source),
            other => AppError::unexpected("this computer cannot be trusted", other),
        }
    }

    pub(crate) fn backup(&self, error: BackupError) -> AppError {
        match error {
            BackupError::Cancelled => AppError::Cancelled,
            BackupError::NothingThere | BackupError::Empty => {
                AppError::NothingToBackUp { source: error.into() }
            }
            BackupError::ForeignSetting { .. } => {
                AppError::ForeignSettings { location: self.location.clone(), source: error.into() }
            }
            BackupError::Read(source) => self.read(source),
            BackupError::Store(source) => self.store(source),
            other => AppError::unexpected("could not make the backup", other),
        }
    }

    fn store(&self, error: StoreError) -> AppError {
        match error {
            StoreError::Write(source) => self.write(source),
            StoreError::Lock(source) => {
                AppError::LockLost { name: self.name.clone(), source: source.into() }
            }
            other => AppError::unexpected("could not store the backup", other),
        }
    }

    pub(crate) fn lock(&self, error: LockError, waited_minutes: u64) -> AppError {
        match error {
            LockError::Cancelled => AppError::Cancelled,
            LockError::Held { locks, .. } => {
                let first = locks.first();
                AppError::RepositoryLocked {
                    name: self.name.clone(),
                    holder: first.map_or_else(|| "another program".to_owned(), holder),
                    dead: first.is_some_and(|lock| lock.verdict.life == Life::Dead),
                    waited_minutes,
                }
            }
            LockError::Read(source) => self.read(source),
            LockError::Write(source) => self.write(source),
            other => AppError::LockLost { name: self.name.clone(), source: other.into() },
        }
    }

    pub(crate) fn unlock(&self, error: UnlockError) -> AppError {
        match error {
            UnlockError::Read(source) => self.read(source),
            UnlockError::Remove { source, .. } => self.storage(source),
            other => AppError::unexpected("could not remove the lock", other),
        }
    }
}

/// Who holds a lock, in a few words.
pub(crate) fn holder(lock: &JudgedLock) -> String {
    let Some(file) = lock.lock.file() else { return "a lock that cannot be read".to_owned() };
    let doing = file.operation.as_deref().map(|word| format!(", {word}")).unwrap_or_default();
    format!("{} on {} (process {}{doing})", file.username, file.hostname, file.pid)
}

/// Whose lock was removed, in a few words.
pub(crate) fn former_holder(removed: &RemovedLock) -> String {
    match &removed.file {
        Some(file) => format!("{} on {} (process {})", file.username, file.hostname, file.pid),
        None => "an unknown owner".to_owned(),
    }
}

/// A lock as the window sees it.
pub(crate) fn lock_view(judged: &JudgedLock) -> LockView {
    let file = judged.lock.file();
    LockView {
        id: judged.lock.id.to_string(),
        exclusive: file.is_none_or(|file| file.exclusive),
        hostname: file.map(|file| file.hostname.clone()).unwrap_or_default(),
        username: file.map(|file| file.username.clone()).unwrap_or_default(),
        pid: file.map_or(0, |file| file.pid),
        created: file.map_or(0, |file| file.time.timestamp().as_millisecond()),
        program: file.and_then(|file| file.program_version.clone()),
        operation: file.and_then(|file| file.operation.clone()),
        ours: judged.ours,
        verdict: match judged.verdict.life {
            Life::Alive => LockVerdict::Alive,
            Life::Dead => LockVerdict::Dead,
            Life::Unknown => LockVerdict::Unknown,
        },
        reasons: judged.verdict.reasons.iter().map(ToString::to_string).collect(),
        readable: file.is_some(),
    }
}

/// The setting in the engine's terms.
pub(crate) fn auto_unlock(setting: AutoUnlock) -> EngineAutoUnlock {
    match setting {
        AutoUnlock::Off => EngineAutoUnlock::Off,
        AutoUnlock::Own => EngineAutoUnlock::Own,
        AutoUnlock::All { minutes } => EngineAutoUnlock::All {
            silent_for: std::time::Duration::from_secs(u64::from(minutes) * 60),
        },
    }
}
