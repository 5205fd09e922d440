//! Our own locks, noted on this computer before they are stored.
//!
//! A process that is killed cannot remove its locks. The next one finds them here and removes
//! exactly those, by id, without having to guess. One small file per lock, named by its id; each
//! is durable before the lock is stored and goes after the lock has gone.

use std::collections::HashSet;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use parking_lot::Mutex;
use serde::{Deserialize, Serialize};

use super::LockFile;
use super::judge::{Here, is_left_behind, is_of_earlier_start};
use crate::id::{LockId, RawId};

/// A folder in which our own locks are noted.
#[derive(Debug)]
pub struct Journal {
    folder: PathBuf,
    /// Locks of this process that it could not remove and no longer holds.
    abandoned: Mutex<HashSet<LockId>>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Entry {
    repository: RawId,
    lock: LockId,
    content: LockFile,
}

impl Journal {
    /// The journal in this folder, which is made when it is first needed.
    #[must_use]
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self { folder: folder.into(), abandoned: Mutex::default() }
    }

    /// The folder.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Makes the folder, to find out early whether notes can be made.
    pub(super) fn prepare(&self) -> io::Result<()> {
        fs::create_dir_all(&self.folder)
    }

    /// Notes a lock that is about to be stored. Durable on return.
    pub(super) fn note(&self, repository: RawId, lock: LockId, file: &LockFile) -> io::Result<()> {
        let entry = Entry { repository, lock, content: file.clone() };
        let json = serde_json::to_vec(&entry).expect("strings and numbers become JSON");
        fs::create_dir_all(&self.folder)?;
        let temporary = self.folder.join(format!("{lock}.new"));
        let mut file = File::create(&temporary)?;
        file.write_all(&json)?;
        file.sync_all()?;
        drop(file);
        fs::rename(&temporary, self.path(lock))?;
        sync_folder(&self.folder)
    }

    /// Forgets a lock that is gone.
    pub(super) fn forget(&self, lock: LockId) {
        self.abandoned.lock().remove(&lock);
        // An entry that stays costs one removal of a lock that is not there.
        let _ = fs::remove_file(self.path(lock));
    }

    /// Marks a lock that this process could not remove and no longer holds.
    pub(super) fn abandon(&self, lock: LockId) {
        self.abandoned.lock().insert(lock);
    }

    /// The noted locks of a repository that nobody holds any more.
    pub(super) fn leftovers(&self, repository: RawId, here: &Here<'_>) -> Vec<LockId> {
        let Ok(entries) = fs::read_dir(&self.folder) else { return Vec::new() };
        let abandoned = self.abandoned.lock();
        let is_own_disk = here.probe.is_own_disk(&self.folder);
        let is_left = |file: &LockFile| {
            is_left_behind(file, here) || is_own_disk && is_of_earlier_start(file, here.identity)
        };
        entries
            .filter_map(|entry| read(&entry.ok()?.path()))
            .filter(|entry| entry.repository == repository)
            .filter(|entry| abandoned.contains(&entry.lock) || is_left(&entry.content))
            .map(|entry| entry.lock)
            .collect()
    }

    fn path(&self, lock: LockId) -> PathBuf {
        self.folder.join(format!("{lock}.json"))
    }
}

/// An entry; `None` for whatever else lies in the folder, half-written entries among it: their
/// locks were never stored.
fn read(path: &Path) -> Option<Entry> {
    let entry: Entry = serde_json::from_slice(&fs::read(path).ok()?).ok()?;
    let named = path.file_name()?.to_str()?.strip_suffix(".json")?.parse() == Ok(entry.lock);
    named.then_some(entry)
}

#[cfg(unix)]
fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

/// Windows makes renames durable with the file.
#[cfg(not(unix))]
fn sync_folder(_: &Path) -> io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identity::Identity;
    use crate::lock::fake::{FakeClock, FakeProbe, here, identity, lock_of};

    const REPOSITORY: RawId = RawId::from_bytes([7; 32]);
    const LOCK: LockId = LockId::from_bytes([1; 32]);

    fn journal() -> (tempfile::TempDir, Journal) {
        let folder = tempfile::tempdir().expect("a folder");
        let journal = Journal::new(folder.path().join("locks"));
        (folder, journal)
    }

    #[test]
    fn a_lock_of_a_process_that_ended_is_left_over_until_it_is_forgotten() {
        let (_folder, journal) = journal();
        let clock = FakeClock::at("2026-11-21T05:18:00Z");
        let mut old = identity();
        "before".clone_into(&mut old.session);
        old.pid = 99;
        journal.note(REPOSITORY, LOCK, &lock_of(&old, false, &clock)).expect("noted");
        let (ours, probe) = (identity(), FakeProbe::default());
        let here = here(&ours, &probe, &clock);
        assert_eq!(journal.leftovers(REPOSITORY, &here), [LOCK]);
        assert!(journal.leftovers(RawId::from_bytes([8; 32]), &here).is_empty());
        journal.forget(LOCK);
        assert!(journal.leftovers(REPOSITORY, &here).is_empty());
    }

    #[test]
    fn a_lock_of_an_earlier_start_is_left_over_even_if_the_computer_had_another_name_then() {
        let (_folder, journal) = journal();
        let clock = FakeClock::at("2026-11-21T05:18:00Z");
        let before = Identity {
            session: "before".to_owned(),
            hostname: "guest-17".to_owned(),
            boot_id: Some("an earlier start".to_owned()),
            ..identity()
        };
        journal.note(REPOSITORY, LOCK, &lock_of(&before, true, &clock)).expect("noted");
        let (ours, shared, own) =
            (identity(), FakeProbe::default(), FakeProbe::default().with_own_disks());
        // On a shared disk it may be the note of a computer that is a copy of this one.
        assert!(journal.leftovers(REPOSITORY, &here(&ours, &shared, &clock)).is_empty());
        assert_eq!(journal.leftovers(REPOSITORY, &here(&ours, &own, &clock)), [LOCK]);
    }

    #[test]
    fn locks_of_this_process_and_of_others_that_run_stay() {
        let (_folder, journal) = journal();
        let clock = FakeClock::at("2026-11-21T05:18:00Z");
        let ours = identity();
        let mut other = identity();
        "other".clone_into(&mut other.session);
        let probe = FakeProbe::default().with_process(other.pid, other.process_start);
        journal.note(REPOSITORY, LOCK, &lock_of(&ours, false, &clock)).expect("noted");
        let second = LockId::from_bytes([2; 32]);
        journal.note(REPOSITORY, second, &lock_of(&other, false, &clock)).expect("noted");
        let here = here(&ours, &probe, &clock);
        assert!(journal.leftovers(REPOSITORY, &here).is_empty());
        journal.abandon(LOCK);
        assert_eq!(journal.leftovers(REPOSITORY, &here), [LOCK]);
    }

    #[test]
    fn torn_and_foreign_files_are_passed_over() {
        let (_folder, journal) = journal();
        fs::create_dir_all(journal.folder()).expect("a folder");
        for name in ["x.json".to_owned(), format!("{LOCK}.json"), format!("{LOCK}.new")] {
            fs::write(journal.folder().join(name), b"{\"repository\":").expect("a file");
        }
        let clock = FakeClock::at("2026-11-21T05:18:00Z");
        let (ours, probe) = (identity(), FakeProbe::default());
        assert!(journal.leftovers(REPOSITORY, &here(&ours, &probe, &clock)).is_empty());
    }
}
