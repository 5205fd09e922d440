//! The history in a sled database.
//!
//! sled's own flush survives the end of the process and promises nothing over a power cut, so
//! [`make_durable`](OperationLog::make_durable) syncs its file as well.

use std::fs::{self, File, TryLockError};
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{LogError, MemoryLog, OperationLog};
use crate::api::{FindingGroup, LogLine, OperationId};
use crate::durable;
use crate::error::{AppError, Cause};
use crate::operation::Operation;

/// A history that can be used, and what was wrong with the one that was there.
pub(crate) struct Opened {
    pub(crate) log: Box<dyn OperationLog>,
    pub(crate) problems: Vec<AppError>,
    pub(crate) claim: Option<Claim>,
}

/// As long as this is held, no other process starts with the same history. Whoever stores the
/// history in memory only holds it too: two at a time would run the same plans.
#[derive(Debug)]
pub(crate) struct Claim {
    _file: File,
}

/// Opens the history in a folder. A damaged one is set aside; while none can be stored, memory
/// serves, and what is there stays as it is. Refuses while another process has it open.
pub(crate) fn open(folder: &Path, now: Timestamp) -> Result<Opened, AppError> {
    let claim = match claim(folder) {
        Ok(claim) => Some(claim),
        Err(TryLockError::WouldBlock) => return Err(AppError::AlreadyRunning),
        // Where files cannot be locked, nothing tells whether somebody else runs.
        Err(TryLockError::Error(error)) => return Ok(in_memory(None, vec![unwritable(error)])),
    };
    let error = match SledLog::open(folder) {
        Ok(log) => return Ok(Opened { log: Box::new(log), problems: Vec::new(), claim }),
        Err(error) => error,
    };
    if !is_damage(&error) {
        return Ok(in_memory(claim, vec![unwritable(error)]));
    }
    let kept_as = match set_aside(folder, now) {
        Ok(kept_as) => kept_as,
        Err(error) => return Ok(in_memory(claim, vec![unwritable(error)])),
    };
    let damaged = AppError::LogDamaged { kept_as, source: Box::new(error) };
    Ok(match SledLog::open(folder) {
        Ok(log) => Opened { log: Box::new(log), problems: vec![damaged], claim },
        Err(error) => in_memory(claim, vec![damaged, unwritable(error)]),
    })
}

/// True if what is there cannot be right; false if it could not be reached this time, as on a disk
/// that is full, denies access or fails.
fn is_damage(error: &sled::Error) -> bool {
    use io::ErrorKind::{InvalidData, NotADirectory, UnexpectedEof};
    match error {
        sled::Error::Io(error) => {
            matches!(error.kind(), InvalidData | NotADirectory | UnexpectedEof)
        }
        _ => true,
    }
}

fn claim(folder: &Path) -> Result<Claim, TryLockError> {
    let file = claim_file(folder).map_err(TryLockError::Error)?;
    file.try_lock()?;
    Ok(Claim { _file: file })
}

fn claim_file(folder: &Path) -> io::Result<File> {
    if let Some(parent) = folder.parent() {
        durable::make_folder(parent)?;
    }
    durable::create_options().truncate(false).open(folder.with_extension("lock"))
}

fn unwritable(error: impl Into<Cause>) -> AppError {
    AppError::LogUnwritable { source: error.into() }
}

fn in_memory(claim: Option<Claim>, problems: Vec<AppError>) -> Opened {
    Opened { log: Box::new(MemoryLog::default()), problems, claim }
}

fn set_aside(folder: &Path, now: Timestamp) -> io::Result<PathBuf> {
    let name = folder.file_name().unwrap_or_default().to_string_lossy();
    let name = format!("{name}.damaged-{}", now.strftime("%Y%m%d-%H%M%S"));
    let kept_as = durable::free_path(folder.parent().unwrap_or(folder), &name, "");
    fs::rename(folder, &kept_as)?;
    Ok(kept_as)
}

struct SledLog {
    folder: PathBuf,
    database: sled::Db,
    operations: sled::Tree,
    lines: sled::Tree,
    findings: sled::Tree,
    notes: sled::Tree,
}

impl SledLog {
    fn open(folder: &Path) -> Result<Self, sled::Error> {
        // sled answers some damage with a panic instead of an error.
        let opened = catch_unwind(AssertUnwindSafe(|| Self::open_whole(folder)));
        opened.unwrap_or_else(|_| {
            Err(sled::Error::Io(io::Error::new(io::ErrorKind::InvalidData, "sled panicked")))
        })
    }

    fn open_whole(folder: &Path) -> Result<Self, sled::Error> {
        if folder.exists() && !folder.is_dir() {
            return Err(sled::Error::Io(io::ErrorKind::NotADirectory.into()));
        }
        // sled makes its files as everybody makes files; so nobody else may look into the folder.
        durable::make_folder(folder)?;
        let database = sled::Config::new()
            .path(folder)
            .mode(sled::Mode::LowSpace)
            .cache_capacity(8 * 1024 * 1024)
            // What is stored is written out at once. A thread for it would wake a computer at rest once a
            // second; those that sled keeps for reading and writing do so in any case.
            .flush_every_ms(None)
            .open()?;
        let log = Self {
            folder: folder.to_owned(),
            operations: database.open_tree("operations")?,
            lines: database.open_tree("lines")?,
            findings: database.open_tree("findings")?,
            notes: database.open_tree("notes")?,
            database,
        };
        // Reads every page, so that damage shows now and not in the middle of a backup.
        for entry in log.operations.iter() {
            entry?;
        }
        log.check_begun()?;
        Ok(log)
    }

    /// Hands what was stored to the operating system, which keeps it when the process is killed.
    fn write_out(&self) -> Result<(), LogError> {
        self.database.flush().map(drop).map_err(|error| LogError::new("write", error))
    }

    /// sled takes a file that it cannot read anything of for a new one, and begins anew in silence.
    /// So a history is marked inside and beside the file, and the one without the other is damage.
    fn check_begun(&self) -> Result<(), sled::Error> {
        let mark = self.folder.join("begun");
        let is_marked = self.notes.get("begun")?.is_some();
        if mark.exists() && !is_marked {
            let lost = io::Error::new(io::ErrorKind::InvalidData, "the history was lost");
            return Err(sled::Error::Io(lost));
        }
        if !is_marked {
            self.notes.insert("begun", "")?;
            self.database.flush()?;
        }
        if !mark.exists() {
            durable::write_file(&mark, b"")?;
        }
        Ok(())
    }
}

impl OperationLog for SledLog {
    fn put(&self, operation: &Operation) -> Result<(), LogError> {
        put(&self.operations, operation.id.0.as_bytes(), operation)?;
        self.write_out()
    }

    fn all(&self) -> Result<Vec<Operation>, LogError> {
        read_all(self.operations.iter())
    }

    fn append(&self, operation: &OperationId, line: &LogLine) -> Result<(), LogError> {
        let number = self.database.generate_id().map_err(|error| LogError::new("write", error))?;
        let mut key = line_prefix(operation);
        key.extend_from_slice(&number.to_be_bytes());
        put(&self.lines, &key, line)?;
        self.write_out()
    }

    fn lines(&self, operation: &OperationId) -> Result<Vec<LogLine>, LogError> {
        read_all(self.lines.scan_prefix(line_prefix(operation)))
    }

    fn put_findings(
        &self,
        operation: &OperationId,
        findings: &[FindingGroup],
    ) -> Result<(), LogError> {
        put(&self.findings, operation.0.as_bytes(), &findings)?;
        self.write_out()
    }

    fn findings(&self, operation: &OperationId) -> Result<Vec<FindingGroup>, LogError> {
        let stored = self.findings.get(operation.0.as_bytes());
        let stored = stored.map_err(|error| LogError::new("read", error))?;
        Ok(stored.and_then(|json| understood(&json)).unwrap_or_default())
    }

    fn put_note(&self, name: &str, text: &str) -> Result<(), LogError> {
        self.notes.insert(name, text).map_err(|error| LogError::new("write", error))?;
        self.write_out()
    }

    fn note(&self, name: &str) -> Result<Option<String>, LogError> {
        let stored = self.notes.get(name).map_err(|error| LogError::new("read", error))?;
        Ok(stored.and_then(|text| String::from_utf8(text.to_vec()).ok()))
    }

    fn remove(&self, operation: &OperationId) -> Result<(), LogError> {
        let key = operation.0.as_bytes();
        let mut batch = sled::Batch::default();
        for line in self.lines.scan_prefix(line_prefix(operation)).keys() {
            batch.remove(line.map_err(|error| LogError::new("read", error))?);
        }
        self.lines
            .apply_batch(batch)
            .and_then(|()| self.findings.remove(key))
            .and_then(|_| self.operations.remove(key))
            .map(drop)
            .map_err(|error| LogError::new("write", error))
    }

    fn make_durable(&self) -> Result<(), LogError> {
        self.write_out()?;
        File::options()
            .read(true)
            .write(true)
            .open(self.folder.join("db"))
            .and_then(|file| file.sync_all())
            .and_then(|()| durable::sync_folder(&self.folder))
            .map_err(|error| LogError::new("sync", error))
    }
}

fn line_prefix(operation: &OperationId) -> Vec<u8> {
    let mut prefix = operation.0.as_bytes().to_vec();
    prefix.push(0);
    prefix
}

fn put<T: Serialize>(tree: &sled::Tree, key: &[u8], value: &T) -> Result<(), LogError> {
    let json = serde_json::to_vec(value).map_err(|error| LogError::new("write", error))?;
    tree.insert(key, json).map(drop).map_err(|error| LogError::new("write", error))
}

fn read_all<T: DeserializeOwned>(entries: sled::Iter) -> Result<Vec<T>, LogError> {
    let mut found = Vec::new();
    for entry in entries {
        let (_, json) = entry.map_err(|error| LogError::new("read", error))?;
        found.extend(understood(&json));
    }
    Ok(found)
}

fn understood<T: DeserializeOwned>(json: &[u8]) -> Option<T> {
    serde_json::from_slice(json).ok()
}

#[cfg(test)]
mod tests {
    use super::super::contract;
    use super::*;
    use crate::api::{Code, LogLevel};

    fn opened(folder: &Path) -> Opened {
        open(folder, Timestamp::UNIX_EPOCH).expect("nobody else has it open")
    }

    fn codes(opened: &Opened) -> Vec<Code> {
        opened.problems.iter().map(AppError::code).collect()
    }

    #[test]
    fn the_sled_store_keeps_the_contract() {
        let folder = tempfile::tempdir().expect("a folder");
        let history = folder.path().join("history");
        contract::holds(opened(&history).log.as_ref());
        contract::still_holds(opened(&history).log.as_ref());
    }

    #[test]
    fn a_damaged_history_is_set_aside_and_a_new_one_begun() {
        let folder = tempfile::tempdir().expect("a folder");
        let history = folder.path().join("history");
        contract::holds(opened(&history).log.as_ref());
        fs::write(history.join("db"), vec![0xa5; 4096]).expect("it is written");
        let reopened = opened(&history);
        assert_eq!(codes(&reopened), [Code::LogDamaged]);
        assert!(reopened.log.all().expect("it can be read").is_empty());
        assert!(folder.path().join("history.damaged-19700101-000000").is_dir());
    }

    #[test]
    fn a_history_that_cannot_be_reached_stays_as_it_is() {
        let folder = tempfile::tempdir().expect("a folder");
        let history = folder.path().join("history");
        contract::holds(opened(&history).log.as_ref());
        let (db, elsewhere) = (history.join("db"), folder.path().join("elsewhere"));
        fs::rename(&db, &elsewhere).expect("it is taken away");
        fs::create_dir(&db).expect("a folder in its place");
        let without = opened(&history);
        assert_eq!(codes(&without), [Code::LogUnwritable]);
        contract::holds(without.log.as_ref());
        drop(without);
        fs::remove_dir(&db).expect("it is empty");
        fs::rename(&elsewhere, &db).expect("it is brought back");
        contract::still_holds(opened(&history).log.as_ref());
    }

    #[test]
    fn a_history_that_another_process_has_open_is_refused_and_not_set_aside() {
        let folder = tempfile::tempdir().expect("a folder");
        let history = folder.path().join("history");
        let first = opened(&history);
        let second = open(&history, Timestamp::UNIX_EPOCH).err().expect("it refuses");
        assert_eq!(second.code(), Code::AlreadyRunning);
        contract::holds(first.log.as_ref());
    }

    #[test]
    fn what_was_said_is_on_the_disk_while_the_app_runs_though_no_thread_wakes_for_it() {
        let folder = tempfile::tempdir().expect("a folder");
        let log = SledLog::open(folder.path()).expect("it opens");
        let line = |at, text: &str| LogLine { at, level: LogLevel::Info, text: text.to_owned() };
        let id = OperationId("an-operation".to_owned());
        log.put_note("a note", "its text").expect("it is written");
        for said in [line(0, "one"), line(1, "and another at once")] {
            log.append(&id, &said).expect("it is written");
        }
        // What a process that is killed now leaves behind.
        let left = tempfile::tempdir().expect("a folder");
        for name in ["db", "conf", "begun"] {
            fs::copy(folder.path().join(name), left.path().join(name)).expect("it is there");
        }
        let again = SledLog::open(left.path()).expect("it opens");
        assert_eq!(again.lines(&id).expect("they can be read").len(), 2);
        assert_eq!(again.note("a note").expect("it can be read").as_deref(), Some("its text"));
    }

    #[test]
    fn a_record_that_cannot_be_understood_hides_no_other() {
        let folder = tempfile::tempdir().expect("a folder");
        let log = SledLog::open(folder.path()).expect("it opens");
        contract::holds(&log);
        let before = log.all().expect("it can be read").len();
        log.operations.insert("000000000000", b"{]").expect("it is written");
        assert_eq!(log.all().expect("it can be read").len(), before);
    }
}
