//! The keys of a repository: listed, added, removed.
//!
//! Every key file holds the same master key. So whoever had a password and a copy of its key file can
//! open the repository for ever; removing a key keeps out those who come later.

use jiff::tz::TimeZone;

use super::{KEYS_TRIED_MAX, ReadError, Repository, WriteError};
use crate::backend::{BackendError, FileKind, FileName};
use crate::clock::Clock;
use crate::id::KeyId;
use crate::identity::Identity;
use crate::key::{KdfCost, KeyError, KeyFile};
use crate::secret::Password;
use crate::time::Time;

/// A key that is to be added.
///
/// ```
/// use holdfast_engine::key::KdfCost;
/// use holdfast_engine::repository::NewKey;
/// use holdfast_engine::secret::Password;
///
/// let test = holdfast_testkit::letter().test;
/// let password = Password::new("another one");
/// let new = NewKey {
///     password: &password,
///     cost: Some(KdfCost::least_for_tests()),
///     identity: &test.context.identity,
///     clock: &*test.clock,
///     zone: &test.context.zone,
/// };
/// let key = test.repository.add_key(&new)?;
/// assert_eq!(test.repository.keys()?.len(), 2);
/// test.repository.remove_key(key)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy)]
pub struct NewKey<'a> {
    /// What is to open the repository.
    pub password: &'a Password,
    /// The cost of deriving the key; else what takes this computer half a second.
    pub cost: Option<KdfCost>,
    /// Whose it is.
    pub identity: &'a Identity,
    /// What time it is.
    pub clock: &'a dyn Clock,
    /// The zone that the key is dated in.
    pub zone: &'a TimeZone,
}

/// Why the keys were not changed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeyChangeError {
    /// The operating system has no random bytes.
    #[error("could not make a key")]
    Random {
        /// The cause.
        #[source]
        source: getrandom::Error,
    },
    /// The new key could not be stored.
    #[error("could not store the new key")]
    Write(#[from] WriteError),
    /// The new key was stored, and could not be read again.
    #[error("could not read the new key")]
    Read(#[from] ReadError),
    /// The new key does not open with its password as it was read back. It was taken away again.
    #[error("the new key does not open with its password")]
    Verification {
        /// What is wrong with it.
        source: KeyError,
    },
    /// More keys than are tried when the repository is opened.
    #[error("there are {count} keys already, and only {KEYS_TRIED_MAX} are ever tried")]
    TooMany {
        /// How many there are.
        count: usize,
    },
    /// The key is the one that opened the repository.
    #[error("the key is the one in use")]
    InUse,
    /// The key could not be removed.
    #[error("could not remove key {}", id.short())]
    Remove {
        /// Which key.
        id: KeyId,
        /// The cause.
        source: BackendError,
    },
}

impl Repository {
    /// All keys.
    ///
    /// # Errors
    /// When the storage cannot be listed.
    pub fn keys(&self) -> Result<Vec<StoredKey>, ReadError> {
        let mut listed = self.list(FileKind::Key)?;
        listed.sort_unstable_by_key(|file| file.id);
        let ids = listed.into_iter().map(|file| KeyId(file.id));
        Ok(ids.map(|id| StoredKey { id, file: self.key_file(id) }).collect())
    }

    fn key_file(&self, id: KeyId) -> Result<KeyFile, KeyFileError> {
        Ok(KeyFile::from_json(&self.read_raw(FileName::new(FileKind::Key, id.0))?)?)
    }

    /// Adds a key, so that its password opens the repository as well. It is read back from the storage
    /// and opened before this returns, which takes about a second.
    ///
    /// # Errors
    /// See [`KeyChangeError`]. The keys that were there still open the repository.
    pub fn add_key(&self, new: &NewKey<'_>) -> Result<KeyId, KeyChangeError> {
        let count = self.list(FileKind::Key)?.len();
        if count >= KEYS_TRIED_MAX {
            return Err(KeyChangeError::TooMany { count });
        }
        let cost = new.cost.unwrap_or_else(|| KdfCost::calibrate(new.clock));
        let created = Time::from_timestamp(new.clock.now(), new.zone).to_string();
        let key = KeyFile::new(self.master_key(), new.password, cost, new.identity, created)
            .map_err(|source| KeyChangeError::Random { source })?;
        let json = serde_json::to_vec(&key).expect("strings and numbers become JSON");
        let id = KeyId::of(&json);
        if let Err(error) = self.store_key(id, &json, new.password) {
            // A storage may have kept it all the same. Nobody expects it to open anything.
            let _ = self.remove_key_file(id);
            return Err(error);
        }
        Ok(id)
    }

    fn store_key(&self, id: KeyId, json: &[u8], password: &Password) -> Result<(), KeyChangeError> {
        let failed = |source| WriteError::Backend { kind: FileKind::Key, source };
        self.backend().write(FileName::new(FileKind::Key, id.0), &[json]).map_err(failed)?;
        self.backend().sync().map_err(failed)?;
        self.verify_key(id, password)
    }

    fn verify_key(&self, id: KeyId, password: &Password) -> Result<(), KeyChangeError> {
        let bytes = self.read_raw(FileName::new(FileKind::Key, id.0))?;
        let opened = KeyFile::from_json(&bytes).and_then(|key| key.open(password));
        let master = opened.map_err(|source| KeyChangeError::Verification { source })?;
        if master.to_json() == self.master_key().to_json() {
            Ok(())
        } else {
            let source = KeyError::Invalid { reason: "it seals another master key" };
            Err(KeyChangeError::Verification { source })
        }
    }

    /// Removes a key. Its password opens the repository no more.
    ///
    /// # Errors
    /// When it is the key that opened the repository, or cannot be removed.
    pub fn remove_key(&self, id: KeyId) -> Result<(), KeyChangeError> {
        if id == self.key_id() {
            return Err(KeyChangeError::InUse);
        }
        self.remove_key_file(id)
    }

    /// Puts a key with a new password in the place of the one that opened the repository. The old one
    /// goes only after the new one was opened.
    ///
    /// # Errors
    /// See [`KeyChangeError`]. At least one of the two passwords opens the repository.
    pub fn replace_key(&self, new: &NewKey<'_>) -> Result<KeyId, KeyChangeError> {
        let id = self.add_key(new)?;
        self.remove_key_file(self.key_id())?;
        Ok(id)
    }

    fn remove_key_file(&self, id: KeyId) -> Result<(), KeyChangeError> {
        let backend = self.backend();
        backend
            .remove(FileName::new(FileKind::Key, id.0))
            .and_then(|()| backend.sync())
            .map_err(|source| KeyChangeError::Remove { id, source })
    }
}

/// A key of a repository.
#[derive(Debug)]
pub struct StoredKey {
    /// Its id.
    pub id: KeyId,
    /// What its file says, or why it cannot be read.
    pub file: Result<KeyFile, KeyFileError>,
}

/// Why a key file cannot be shown.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeyFileError {
    /// It cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// It is not a key file.
    #[error(transparent)]
    Invalid(#[from] KeyError),
}
