//! The system's keychain: Secret Service, macOS's Keychain, Windows' Credential Manager.
//!
//! The store is opened when it is first needed and again after it was missing, so that a keychain
//! that starts after the app is found; see docs/decisions/0004. A locked one blocks its caller
//! until somebody unlocks it: requests are made one at a time, so that one question is asked and
//! not ten.

use std::sync::{Arc, Mutex, PoisonError};

use holdfast_app::ports::{SecretError, SecretStore};
use holdfast_engine::secret::Password;
use keyring_core::api::CredentialStore;
use keyring_core::{Entry, Error};

/// The owner of all our entries.
const SERVICE: &str = "io.github.holdfast-backup.holdfast";

/// The keychain of the person who is logged in.
#[derive(Default)]
pub struct SystemKeychain {
    store: Mutex<Option<Arc<CredentialStore>>>,
}

impl SystemKeychain {
    /// Acts on one entry; a store that failed is opened anew the next time.
    fn with<T>(
        &self,
        name: &str,
        act: impl FnOnce(&Entry) -> Result<T, Error>,
    ) -> Result<T, SecretError> {
        let mut kept = self.store.lock().unwrap_or_else(PoisonError::into_inner);
        let store = match kept.take() {
            Some(store) => store,
            None => open().map_err(|_| SecretError::Unavailable)?,
        };
        let label = format!("Holdfast: {name}");
        let wording = [("label", label.as_str())].into();
        // Only the Secret Service has labels.
        let modifiers = cfg!(target_os = "linux").then_some(&wording);
        let entry = store.build(SERVICE, name, modifiers).map_err(reason)?;
        let done = act(&entry).map_err(reason);
        if !matches!(done, Err(SecretError::Failed { .. })) {
            *kept = Some(store);
        }
        done
    }
}

impl SecretStore for SystemKeychain {
    fn get(&self, name: &str) -> Result<Option<Password>, SecretError> {
        self.with(name, |entry| match entry.get_password() {
            Ok(secret) => Ok(Some(Password::new(secret))),
            Err(Error::NoEntry) => Ok(None),
            Err(error) => Err(error),
        })
    }

    fn set(&self, name: &str, secret: &Password) -> Result<(), SecretError> {
        self.with(name, |entry| entry.set_password(secret.expose()))
    }

    fn delete(&self, name: &str) -> Result<(), SecretError> {
        self.with(name, |entry| match entry.delete_credential() {
            Err(Error::NoEntry) => Ok(()),
            done => done,
        })
    }
}

/// A keychain that will not show its items is locked on Linux; elsewhere the system asked the
/// person by itself, and the answer was no.
fn reason(error: Error) -> SecretError {
    match error {
        Error::NoStorageAccess(_) if cfg!(target_os = "linux") => SecretError::Locked,
        Error::NoStorageAccess(_) => SecretError::Denied,
        error => SecretError::Failed { source: Box::new(error) },
    }
}

#[cfg(target_os = "linux")]
fn open() -> Result<Arc<CredentialStore>, Error> {
    Ok(zbus_secret_service_keyring_store::Store::new()?)
}

#[cfg(target_os = "macos")]
fn open() -> Result<Arc<CredentialStore>, Error> {
    Ok(apple_native_keyring_store::keychain::Store::new()?)
}

#[cfg(windows)]
fn open() -> Result<Arc<CredentialStore>, Error> {
    Ok(windows_native_keyring_store::Store::new()?)
}
