//! Repositories on a disk, made to be thrown away.

#[cfg(unix)]
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;

use holdfast_engine::backend::LocalBackend;
use holdfast_engine::key::KdfCost;
use holdfast_engine::lock::{LockContext, Observations};
use holdfast_engine::repository::{CreateOptions, Repository};
use holdfast_engine::secret::Password;
use holdfast_machine::{SystemClock, SystemProbe};
use jiff::tz::TimeZone;
use tempfile::TempDir;

use crate::tools::PASSWORD;

/// A repository in a folder of its own, which other users of the group may use as well.
pub struct TestRepository {
    folder: TempDir,
}

impl TestRepository {
    /// A new one.
    ///
    /// # Panics
    /// If it cannot be made.
    #[must_use]
    pub fn new() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let options =
            CreateOptions { kdf_cost: Some(KdfCost::least_for_tests()), ..Default::default() };
        Repository::create(
            Arc::new(LocalBackend::new(folder.path().join("repository"))),
            &Password::new(PASSWORD),
            &options,
            &holdfast_machine::identity("test"),
            &SystemClock,
            &TimeZone::UTC,
        )
        .expect("a repository");
        #[cfg(unix)]
        share(folder.path());
        Self { folder }
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> PathBuf {
        self.folder.path().join("repository")
    }

    /// A folder beside it, for whatever a test needs.
    #[must_use]
    pub fn beside(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The repository, opened by our engine.
    ///
    /// # Panics
    /// If it does not open.
    #[must_use]
    pub fn open(&self) -> Arc<Repository> {
        let backend = Arc::new(LocalBackend::new(self.path()));
        let repository = Repository::open(backend, &Password::new(PASSWORD), None);
        Arc::new(repository.expect("the repository opens"))
    }

    /// The names of the files of its locks.
    ///
    /// # Panics
    /// If the folder cannot be read.
    #[must_use]
    pub fn locks(&self) -> Vec<String> {
        let entries = std::fs::read_dir(self.path().join("locks")).expect("a folder of locks");
        let names = entries.map(|entry| entry.expect("an entry").file_name());
        names
            .map(|name| name.to_string_lossy().into_owned())
            .filter(|name| name.len() == 64)
            .collect()
    }
}

impl Default for TestRepository {
    fn default() -> Self {
        Self::new()
    }
}

/// What working with locks needs, of this real process on this real computer.
#[must_use]
pub fn lock_context() -> LockContext {
    LockContext {
        identity: Arc::new(holdfast_machine::identity("test")),
        clock: Arc::new(SystemClock),
        zone: holdfast_machine::local_zone(),
        probe: Arc::new(SystemProbe),
        journal: None,
        observations: Arc::new(Observations::default()),
    }
}

/// Lets the group read and write, which restic takes up for the files that it stores.
#[cfg(unix)]
fn share(folder: &Path) {
    use std::os::unix::fs::PermissionsExt;

    let is_folder = folder.is_dir();
    let mode = if is_folder { 0o2770 } else { 0o440 };
    std::fs::set_permissions(folder, std::fs::Permissions::from_mode(mode)).expect("permitted");
    if is_folder {
        for entry in std::fs::read_dir(folder).expect("a folder") {
            share(&entry.expect("an entry").path());
        }
    }
}
