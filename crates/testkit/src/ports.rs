//! Ports in memory: a keychain, a notifier that records, drives that can be unplugged.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use holdfast_app::ports::{
    ActionChosen, Autostart, AutostartError, Notice, NoticeAction, Notifier, NotifyError,
    SecretError, SecretStore, Volume, Volumes,
};
use holdfast_engine::lock::{Process, ProcessProbe, Sighting};
use holdfast_engine::secret::Password;

fn hold<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// How a [`MemoryKeychain`] behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum KeychainMood {
    /// It works.
    #[default]
    Open,
    /// Nobody unlocked it.
    Locked,
    /// There is none.
    Absent,
}

/// A keychain in memory.
#[derive(Default)]
pub struct MemoryKeychain {
    entries: Mutex<BTreeMap<String, Password>>,
    mood: Mutex<KeychainMood>,
}

impl MemoryKeychain {
    /// Changes how it behaves.
    pub fn set_mood(&self, mood: KeychainMood) {
        *hold(&self.mood) = mood;
    }

    /// The names of its entries.
    #[must_use]
    pub fn names(&self) -> Vec<String> {
        hold(&self.entries).keys().cloned().collect()
    }

    fn check(&self) -> Result<(), SecretError> {
        match *hold(&self.mood) {
            KeychainMood::Open => Ok(()),
            KeychainMood::Locked => Err(SecretError::Locked),
            KeychainMood::Absent => Err(SecretError::Unavailable),
        }
    }
}

impl SecretStore for MemoryKeychain {
    fn get(&self, name: &str) -> Result<Option<Password>, SecretError> {
        self.check()?;
        Ok(hold(&self.entries).get(name).cloned())
    }

    fn set(&self, name: &str, secret: &Password) -> Result<(), SecretError> {
        self.check()?;
        hold(&self.entries).insert(name.to_owned(), secret.clone());
        Ok(())
    }

    fn delete(&self, name: &str) -> Result<(), SecretError> {
        self.check()?;
        hold(&self.entries).remove(name);
        Ok(())
    }
}

/// A notifier that remembers what it was to show.
#[derive(Default)]
pub struct RecordingNotifier {
    shown: Mutex<Vec<(Notice, ActionChosen)>>,
    refuses: AtomicBool,
}

impl RecordingNotifier {
    /// Everything shown so far.
    #[must_use]
    pub fn notices(&self) -> Vec<Notice> {
        hold(&self.shown).iter().map(|(notice, _)| notice.clone()).collect()
    }

    /// Shows nothing from now on, or everything again.
    pub fn refuse(&self, refuses: bool) {
        self.refuses.store(refuses, Ordering::Release);
    }

    /// Chooses an action of the last notice, as a person would.
    ///
    /// # Panics
    /// If nothing was shown.
    pub fn choose(&self, action: NoticeAction) {
        let chosen = hold(&self.shown).last().expect("a notice was shown").1.clone();
        chosen(action);
    }
}

impl Notifier for RecordingNotifier {
    fn show(&self, notice: &Notice, chosen: ActionChosen) -> Result<(), NotifyError> {
        if self.refuses.load(Ordering::Acquire) {
            return Err(NotifyError { source: "nobody shows notices here".into() });
        }
        hold(&self.shown).push((notice.clone(), chosen));
        Ok(())
    }
}

/// Start at login, remembered.
#[derive(Default)]
pub struct MemoryAutostart {
    enabled: Mutex<bool>,
}

impl Autostart for MemoryAutostart {
    fn is_enabled(&self) -> Result<bool, AutostartError> {
        Ok(*hold(&self.enabled))
    }

    fn set_enabled(&self, enabled: bool) -> Result<(), AutostartError> {
        *hold(&self.enabled) = enabled;
        Ok(())
    }
}

/// Drives mounted at folders; everything else lies on one large disk at `/`.
#[derive(Default)]
pub struct MemoryVolumes {
    drives: Mutex<BTreeMap<PathBuf, Volume>>,
    hanging: Mutex<Option<PathBuf>>,
    answering: Condvar,
}

impl MemoryVolumes {
    /// Mounts a drive at a folder.
    pub fn mount(&self, folder: &Path, free_bytes: u64, read_only: bool) {
        let volume = Volume { mounted_at: folder.to_owned(), free_bytes, read_only };
        hold(&self.drives).insert(folder.to_owned(), volume);
    }

    /// Unmounts it.
    pub fn unmount(&self, folder: &Path) {
        hold(&self.drives).remove(folder);
    }

    /// From now on a question about this folder hangs, as one to a server that is gone, until
    /// [`answer`](Self::answer).
    pub fn hang(&self, folder: &Path) {
        *hold(&self.hanging) = Some(folder.to_owned());
    }

    /// Answers every question that hangs.
    pub fn answer(&self) {
        *hold(&self.hanging) = None;
        self.answering.notify_all();
    }
}

impl Volumes for MemoryVolumes {
    fn of(&self, path: &Path) -> Result<Volume, std::io::Error> {
        let hangs = |silent: &mut Option<PathBuf>| {
            silent.as_ref().is_some_and(|folder| path.starts_with(folder))
        };
        drop(self.answering.wait_while(hold(&self.hanging), hangs));
        let drives = hold(&self.drives);
        let found = path.ancestors().find_map(|folder| drives.get(folder).cloned());
        Ok(found.unwrap_or_else(|| Volume {
            mounted_at: PathBuf::from("/"),
            free_bytes: 1_000_000_000_000,
            read_only: false,
        }))
    }
}

/// The processes of a computer on which everything can be seen.
#[derive(Default)]
pub struct MemoryProbe {
    processes: Mutex<HashMap<u32, Process>>,
}

impl MemoryProbe {
    /// A process ends.
    pub fn end(&self, pid: u32) {
        hold(&self.processes).remove(&pid);
    }

    /// A process runs.
    pub fn begin(&self, pid: u32, process: Process) {
        hold(&self.processes).insert(pid, process);
    }
}

impl ProcessProbe for MemoryProbe {
    fn process(&self, pid: u32) -> Sighting {
        hold(&self.processes).get(&pid).cloned().map_or(Sighting::Absent, Sighting::Present)
    }

    fn namesakes(&self, pid: u32) -> Option<Vec<Process>> {
        Some(hold(&self.processes).get(&pid).cloned().into_iter().collect())
    }

    fn knows_user(&self, _: &str, _: u32) -> bool {
        true
    }

    fn is_own_disk(&self, _: &Path) -> bool {
        true
    }
}
