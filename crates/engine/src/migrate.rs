//! Changes a repository to a newer format.
//!
//! The one change that there is makes a repository of format 1 one of format 2, which compresses. Only
//! the config is written anew, in one step that leaves the old one or the new one behind; it is never
//! removed first. What is stored already is read as before, and compressed whenever a prune copies
//! it.

use crate::backend::{BackendError, FileName};
use crate::check::{CheckOptions, check};
use crate::config::FORMAT_VERSIONS;
use crate::lock::{HeldLock, LockLost};
use crate::monitor::{Cancellation, Monitor};
use crate::repository::{ReadError, Repository};

/// A change to a newer format.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Migration {
    /// From format 1 to format 2.
    UpgradeToFormat2,
}

/// Why a repository was not changed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MigrationError {
    /// It is not one that can be changed so.
    #[error("repository has version {version}, only upgrades from version 1 are supported")]
    NotApplicable {
        /// Its format.
        version: u32,
    },
    /// Another program's setting in the repository would have to be honoured and cannot be.
    #[error(
        "the repository has the setting {setting:?} of another program, which cannot be honoured"
    )]
    ForeignSetting {
        /// The setting's name.
        setting: String,
    },
    /// It is damaged, and had better be repaired first.
    #[error("the repository has {errors} errors")]
    Damaged {
        /// How many problems there are.
        errors: u64,
    },
    /// It cannot be read.
    #[error("could not read the repository")]
    Read(#[source] ReadError),
    /// The new config would not be what it should be: the computer cannot be trusted.
    #[error("the new config did not read back as it was sealed, and was not stored")]
    Verification,
    /// The new config could not be stored, and does not show.
    #[error("could not store the new config")]
    Write(#[source] BackendError),
    /// The new config was stored, and the storage failed before it was durable.
    #[error("the new config was stored, and is not known to outlast a power cut")]
    NotDurable(#[source] BackendError),
    /// The new config was stored, and is not there as it was stored.
    #[error("the new config was stored and does not read back as it was")]
    ReadBack {
        /// Why it could not be read, if that is so.
        source: Option<ReadError>,
    },
    /// The lock was lost.
    #[error("the lock on the repository was lost")]
    LockLost(#[from] LockLost),
    /// Somebody asked to stop.
    #[error("stopped")]
    Cancelled,
}

impl From<ReadError> for MigrationError {
    fn from(error: ReadError) -> Self {
        match error {
            ReadError::Cancelled => Self::Cancelled,
            other => Self::Read(other),
        }
    }
}

impl Migration {
    /// All that there are.
    pub const ALL: [Self; 1] = [Self::UpgradeToFormat2];

    /// restic's name for it.
    ///
    /// ```
    /// use holdfast_engine::migrate::Migration;
    ///
    /// let migration = Migration::named("upgrade_repo_v2").expect("it is one");
    /// assert_eq!(migration.description(), "upgrade a repository to version 2");
    /// assert!(Migration::named("upgrade_repo_v99").is_none());
    /// ```
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::UpgradeToFormat2 => "upgrade_repo_v2",
        }
    }

    /// The one with this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|migration| migration.name() == name)
    }

    /// What it does, in restic's words.
    #[must_use]
    pub fn description(self) -> &'static str {
        match self {
            Self::UpgradeToFormat2 => "upgrade a repository to version 2",
        }
    }

    /// Why there is nothing for it to do, if there is not.
    #[must_use]
    pub fn obstacle(self, repository: &Repository) -> Option<String> {
        let version = repository.config().version;
        let is_done = version >= *FORMAT_VERSIONS.end();
        is_done.then(|| format!("repository is already upgraded to version {version}"))
    }

    /// Verifies the repository, and changes it. Whoever has it open has to open it again. The lock is
    /// an exclusive one: what others store meanwhile would be of the old format.
    ///
    /// # Errors
    /// When it is damaged, when the storage fails or cannot replace a file in one step, or when the
    /// lock does not hold. It is as it was, but for [`NotDurable`](MigrationError::NotDurable) and
    /// [`ReadBack`](MigrationError::ReadBack).
    pub fn apply(
        self,
        repository: &Repository,
        lock: &HeldLock,
        monitor: &dyn Monitor,
        cancel: &Cancellation,
    ) -> Result<(), MigrationError> {
        let config = repository.config();
        if let Some(setting) = config.foreign_setting() {
            return Err(MigrationError::ForeignSetting { setting: setting.to_owned() });
        }
        let version = config.version;
        if version != 1 {
            return Err(MigrationError::NotApplicable { version });
        }
        let checked = check(repository, &CheckOptions::default(), monitor, cancel)?;
        if !checked.is_sound() {
            return Err(MigrationError::Damaged { errors: checked.errors });
        }
        let mut new = config.clone();
        new.version = 2;
        let json = serde_json::to_vec(&new).expect("strings and numbers become JSON");
        let key = repository.master_key();
        let sealed = key.seal(&json);
        let again = key.open(&sealed).ok().and_then(|json| serde_json::from_slice(&json).ok());
        if again.as_ref() != Some(&new) {
            return Err(MigrationError::Verification);
        }
        if cancel.is_cancelled() {
            return Err(MigrationError::Cancelled);
        }
        lock.fence()?;
        store_config(repository, &sealed)
    }
}

/// Puts the config in the place of the old one, and tells whether it is there for good.
fn store_config(repository: &Repository, sealed: &[u8]) -> Result<(), MigrationError> {
    let backend = repository.backend();
    let is_there = || repository.read_raw(FileName::CONFIG).map(|stored| stored == sealed);
    if let Err(source) = backend.replace_config(sealed) {
        // It may be the answer alone that was lost.
        // A config that cannot be read is not known to be there.
        return Err(if is_there().unwrap_or(false) {
            MigrationError::NotDurable(source)
        } else {
            MigrationError::Write(source)
        });
    }
    backend.sync().map_err(MigrationError::NotDurable)?;
    match is_there() {
        Ok(true) => Ok(()),
        Ok(false) => Err(MigrationError::ReadBack { source: None }),
        Err(source) => Err(MigrationError::ReadBack { source: Some(source) }),
    }
}
