//! Whether a repository's drive is there, asked so that a drive that hangs holds up nobody else.
//!
//! A network drive whose server is gone answers no question for minutes. So each question is asked on
//! a thread of its own and waited for a short time. Whoever asks while one is open shares its answer;
//! once somebody waited in vain, nobody waits for it again.

use std::collections::HashMap;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::{Condvar, Mutex};

use crate::api::RepositoryId;
use crate::ports::Volumes;
use crate::settings::RepositoryEntry;

/// How long a drive may take to answer before everything else goes on without it.
const PATIENCE: Duration = Duration::from_secs(1);

/// Questions to drives.
#[derive(Default)]
pub(crate) struct Connections {
    open: Arc<Mutex<HashMap<RepositoryId, Arc<Question>>>>,
}

/// A question, and who waits for its answer.
#[derive(Default)]
struct Question {
    answer: Mutex<Answer>,
    answered: Condvar,
}

#[derive(Default, Clone, Copy, PartialEq)]
enum Answer {
    #[default]
    Awaited,
    /// Somebody waited in vain.
    Late,
    IsThere(bool),
}

impl Connections {
    /// True if the drive is there, an error if it does not say so in time.
    pub(super) fn ask(
        &self,
        entry: &RepositoryEntry,
        volumes: &Arc<dyn Volumes>,
    ) -> io::Result<bool> {
        let question = self.question(entry, volumes)?;
        let mut answer = question.answer.lock();
        let is_awaited = |answer: &mut Answer| *answer == Answer::Awaited;
        question.answered.wait_while_for(&mut answer, is_awaited, PATIENCE);
        match *answer {
            Answer::IsThere(is_there) => Ok(is_there),
            Answer::Awaited | Answer::Late => {
                *answer = Answer::Late;
                Err(io::ErrorKind::TimedOut.into())
            }
        }
    }

    /// The question that is open, or a new one.
    fn question(
        &self,
        entry: &RepositoryEntry,
        volumes: &Arc<dyn Volumes>,
    ) -> io::Result<Arc<Question>> {
        let mut open = self.open.lock();
        if let Some(question) = open.get(&entry.id) {
            return Ok(question.clone());
        }
        let question = Arc::new(Question::default());
        let (asked, volumes) = (entry.clone(), volumes.clone());
        let (to_answer, all) = (question.clone(), self.open.clone());
        std::thread::Builder::new().name("drive".to_owned()).spawn(move || {
            let is_there = is_connected(&asked, volumes.as_ref());
            all.lock().remove(&asked.id);
            *to_answer.answer.lock() = Answer::IsThere(is_there);
            to_answer.answered.notify_all();
        })?;
        open.insert(entry.id.clone(), question.clone());
        Ok(question)
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

#[cfg(test)]
mod tests {
    use std::path::{Path, PathBuf};
    use std::sync::mpsc::{Receiver, Sender, channel};

    use super::*;
    use crate::api::{AutoUnlock, Location};
    use crate::ports::Volume;

    /// A drive that says when it is asked, and answers when it is told to.
    struct Slow {
        asked: Sender<()>,
        told: Mutex<Receiver<()>>,
    }

    impl Volumes for Slow {
        fn of(&self, _: &Path) -> io::Result<Volume> {
            self.asked.send(()).expect("the test waits");
            self.told.lock().recv().expect("the test tells");
            Ok(Volume { mounted_at: PathBuf::from("/media/blue"), free_bytes: 0, read_only: false })
        }
    }

    fn on_a_drive() -> RepositoryEntry {
        RepositoryEntry {
            id: "blue".into(),
            name: "Blue".into(),
            location: Location::Local { path: "/media/blue/backup".into() },
            config_id: None,
            format_version: None,
            mounted_at: Some("/media/blue".into()),
            password_in_keychain: false,
            auto_unlock: AutoUnlock::Off,
            lock_wait_minutes: 30,
            limits: Default::default(),
        }
    }

    #[test]
    fn whoever_asks_while_a_question_is_open_shares_its_answer() {
        let (asked, was_asked) = channel();
        let (tell, told) = channel();
        let volumes: Arc<dyn Volumes> = Arc::new(Slow { asked, told: Mutex::new(told) });
        let connections = Connections::default();
        let entry = on_a_drive();
        std::thread::scope(|scope| {
            let first = scope.spawn(|| connections.ask(&entry, &volumes));
            was_asked.recv().expect("it is asked");
            let second = scope.spawn(|| connections.ask(&entry, &volumes));
            // Held by the list, the thread that asks, the first and the second.
            let askers = || connections.open.lock().values().map(Arc::strong_count).sum::<usize>();
            while askers() < 4 {
                std::thread::yield_now();
            }
            tell.send(()).expect("the drive listens");
            for asker in [first, second] {
                assert!(asker.join().expect("it does not panic").expect("it answers"));
            }
        });
    }
}
