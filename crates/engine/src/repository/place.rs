//! What is found where a repository is, or is to be.

use super::KEYS_TRIED_MAX;
use super::error::{CreateError, OpenError};
use crate::backend::{Backend, BackendError, BackendErrorKind, FileKind, FileName};
use crate::crypto::MasterKey;
use crate::id::{KeyId, RawId};
use crate::key::{KeyError, KeyFile};
use crate::secret::Password;

pub(super) fn refuse_remains(backend: &dyn Backend) -> Result<(), CreateError> {
    let location = backend.location();
    let exists = |found| CreateError::Exists { location: location.clone(), found };
    match backend.read(FileName::CONFIG) {
        Ok(_) => return Err(exists(FileKind::Config)),
        Err(error) if is_absent(&error) => {}
        Err(source) => return Err(CreateError::Backend { location, source }),
    }
    for kind in [FileKind::Key, FileKind::Snapshot] {
        match backend.list(kind) {
            Ok(listed) if listed.is_empty() => {}
            Ok(_) => return Err(exists(kind)),
            Err(error) if is_absent(&error) => {}
            Err(source) => return Err(CreateError::Backend { location, source }),
        }
    }
    Ok(())
}

/// True if there is nothing at the place yet: a folder that is still to be made looks offline.
pub(super) fn is_absent(error: &BackendError) -> bool {
    matches!(error.kind, BackendErrorKind::NotFound)
        || matches!(error.kind, BackendErrorKind::Offline)
            && error.source.as_ref().is_some_and(|e| e.kind() == std::io::ErrorKind::NotFound)
}

pub(super) fn find_key(
    backend: &dyn Backend,
    password: &Password,
    hint: Option<&str>,
) -> Result<(KeyId, MasterKey), OpenError> {
    let location = backend.location();
    let failed = |source| OpenError::Backend { location: location.clone(), source };
    let mut keys = backend.list(FileKind::Key).map_err(failed)?;
    if keys.is_empty() {
        return Err(OpenError::NoKeys { location });
    }
    // Stable: the hinted key first, the others as the storage lists them.
    keys.sort_by_key(|file| !hint.is_some_and(|hint| file.id.to_string().starts_with(hint)));
    let (mut damaged, mut unreadable) = (None, None);
    for file in keys.iter().take(KEYS_TRIED_MAX) {
        let key_id = KeyId(file.id);
        let bytes = match backend.read(FileName::new(FileKind::Key, file.id)) {
            // Another client removed the key since it was listed.
            Err(error) if error.kind == BackendErrorKind::NotFound => continue,
            Err(error) if error.kind == BackendErrorKind::Offline => return Err(failed(error)),
            // Nor must one that cannot be read.
            Err(error) => {
                unreadable = Some(error);
                continue;
            }
            Ok(bytes) => bytes,
        };
        let opened = if RawId::of(&bytes) == file.id {
            KeyFile::from_json(&bytes).and_then(|key| key.open(password))
        } else {
            Err(KeyError::Invalid { reason: "its content does not match its name" })
        };
        match opened {
            Ok(master) => return Ok((key_id, master)),
            Err(KeyError::WrongPassword) => {}
            // One bad key file must not hide a good one behind it.
            Err(source) => damaged = Some((key_id, source)),
        }
    }
    if let Some(error) = unreadable {
        return Err(failed(error));
    }
    Err(match damaged {
        Some((key, source)) => OpenError::DamagedKey { location, key, source },
        None => OpenError::WrongPassword { location, keys: keys.len() },
    })
}
