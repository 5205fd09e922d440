//! Whether a repository's drive is there, asked so that a drive that hangs holds up nobody else.
//!
//! A network drive whose server is gone answers no question for minutes. So each is asked on a
//! thread of its own and waited for a short time; while one question hangs, no second one is asked
//! of that drive.

use std::collections::HashSet;
use std::io;
use std::sync::Arc;
use std::sync::mpsc;
use std::time::Duration;

use parking_lot::Mutex;

use crate::api::RepositoryId;
use crate::ports::Volumes;
use crate::settings::RepositoryEntry;

/// How long a drive may take to answer before everything else goes on without it.
const PATIENCE: Duration = Duration::from_secs(1);

/// Questions to drives.
#[derive(Default)]
pub(crate) struct Connections {
    /// Whose drives have not answered yet.
    silent: Arc<Mutex<HashSet<RepositoryId>>>,
}

impl Connections {
    /// True if the drive is there, an error if it does not say so in time.
    pub(super) fn ask(
        &self,
        entry: &RepositoryEntry,
        volumes: &Arc<dyn Volumes>,
    ) -> io::Result<bool> {
        let no_answer = || io::Error::from(io::ErrorKind::TimedOut);
        if !self.silent.lock().insert(entry.id.clone()) {
            return Err(no_answer());
        }
        let (answer, answered) = mpsc::sync_channel(1);
        let (asked, volumes, silent) = (entry.clone(), volumes.clone(), self.silent.clone());
        let spawned = std::thread::Builder::new().name("drive".to_owned()).spawn(move || {
            let found = is_connected(&asked, volumes.as_ref());
            silent.lock().remove(&asked.id);
            // Whoever asked may have given up.
            let _ = answer.send(found);
        });
        if let Err(error) = spawned {
            self.silent.lock().remove(&entry.id);
            return Err(error);
        }
        answered.recv_timeout(PATIENCE).map_err(|_| no_answer())
    }
}

/// True if the drive of a repository is there, whatever is on it.
///
/// A folder alone proves nothing: where a drive is not mounted, its mount point is an empty folder
/// of the system's disk.
pub(super) fn is_connected(entry: &RepositoryEntry, volumes: &dyn Volumes) -> bool {
    let path = entry.path();
    if path.join("config").exists() {
        return true;
    }
    match (&entry.mounted_at, volumes.of(path)) {
        (Some(expected), Ok(volume)) => volume.mounted_at == *expected,
        (Some(_), Err(_)) => false,
        (None, volume) => volume.is_ok() || path.exists(),
    }
}
