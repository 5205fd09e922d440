//! A process that holds a repository open and backs up whenever it is told to, as the app does.
//!
//! It opens the repository and says `ready`; for each line that it reads it makes one backup, from
//! taking the lock to giving it back, and answers with a line of JSON: what that took.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use holdfast_engine::backup::{Backup, BackupOptions, Mode, Sources};
use holdfast_engine::lock::{self, AutoUnlock, LockContext, LockRequest};
use holdfast_engine::monitor::{Cancellation, Unwatched};
use holdfast_engine::repository::Repository;
use holdfast_machine::{SystemClock, SystemProbe};

use crate::error::BenchError;
use crate::measure;
use crate::place::Place;
use crate::results::Run;
use crate::{generated, machine};

/// What the process says when the repository is open.
const READY: &str = "ready";

/// What it is told.
#[derive(Debug, clap::Args)]
pub struct Told {
    /// the repository's folder
    repository: PathBuf,
    /// what to back up
    source: PathBuf,
}

/// The process itself.
///
/// # Errors
/// When the repository does not open, or a backup fails.
pub fn serve(told: &Told) -> Result<(), BenchError> {
    let holder = Holder::open(&told.repository)?;
    let answer = |text: &str| {
        let mut out = std::io::stdout().lock();
        let written = writeln!(out, "{text}").and_then(|()| out.flush());
        written.map_err(BenchError::io("answer on", "the output"))
    };
    answer(READY)?;
    for line in std::io::stdin().lock().lines() {
        line.map_err(BenchError::io("read", "the input"))?;
        let run = holder.back_up(&told.source)?;
        answer(&serde_json::to_string(&run).expect("numbers become JSON"))?;
    }
    Ok(())
}

struct Holder {
    repository: Arc<Repository>,
    context: LockContext,
}

impl Holder {
    fn open(folder: &Path) -> Result<Self, BenchError> {
        let repository = Arc::new(generated::open(folder)?);
        let context = LockContext {
            identity: Arc::new(holdfast_machine::identity("holdfast-bench")),
            clock: Arc::new(SystemClock),
            zone: holdfast_machine::local_zone(),
            probe: Arc::new(SystemProbe),
            journal: None,
            observations: Arc::default(),
        };
        Ok(Self { repository, context })
    }

    /// What the app does between *start* and *done*.
    fn back_up(&self, source: &Path) -> Result<Run, BenchError> {
        let (start, cpu) = (Instant::now(), measure::own_cpu_seconds());
        let cancel = Cancellation::default();
        let request = LockRequest {
            exclusive: false,
            wait: Duration::ZERO,
            auto_unlock: AutoUnlock::Own,
            operation: "backup".to_owned(),
        };
        let failed = |act| BenchError::engine(act);
        let lock = lock::acquire(&self.repository, &request, &self.context, &Unwatched, &cancel)
            .map_err(|error| failed("could not lock the repository")(error.into()))?;
        let mut index = self
            .repository
            .load_index(&cancel)
            .map_err(|error| failed("could not read the index")(error.into()))?;
        let options = BackupOptions::default();
        let backup = Backup {
            repository: &self.repository,
            mode: Mode::Store(&lock),
            identity: &self.context.identity,
            clock: &*self.context.clock,
            zone: &self.context.zone,
            options: &options,
        };
        let targets = [source.to_owned()];
        let sources = Sources::Paths { targets: &targets, working_folder: Path::new("/") };
        let outcome = backup
            .run(&mut index, sources, &Unwatched, &cancel)
            .map_err(|error| failed("could not back up")(error.into()))?;
        lock.release().map_err(|error| failed("could not give the lock back")(error.into()))?;
        if outcome.summary.files_new + outcome.summary.files_changed > 0 {
            return Err(BenchError::NotDone("files that did not change were read".to_owned()));
        }
        Ok(Run {
            wall_seconds: start.elapsed().as_secs_f64(),
            cpu_seconds: measure::own_cpu_seconds() - cpu,
            peak_bytes: machine::own_peak_bytes(),
        })
    }
}

/// Such a process, seen from the one that measures.
#[derive(Debug)]
pub struct HeldOpen {
    child: Child,
    told: Option<ChildStdin>,
    said: BufReader<ChildStdout>,
}

impl HeldOpen {
    /// Starts it, and returns when the repository is open.
    ///
    /// # Errors
    /// When it does not start or open.
    pub fn start(place: &Place, repository: &Path, source: &Path) -> Result<Self, BenchError> {
        let program = std::env::current_exe().map_err(BenchError::io("find", "this program"))?;
        let mut command = Command::new(&program);
        command.arg("hold").arg(repository).arg(source);
        measure::surroundings(&mut command, place);
        let started = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
        let mut child = started.map_err(|source| BenchError::Start { program, source })?;
        let told = child.stdin.take();
        let said = BufReader::new(child.stdout.take().expect("it was asked for"));
        let mut held = Self { child, told, said };
        match held.line()?.as_str() {
            READY => Ok(held),
            said => Err(held.failed(said)),
        }
    }

    /// One backup.
    ///
    /// # Errors
    /// When it fails.
    pub fn back_up(&mut self) -> Result<Run, BenchError> {
        if let Some(told) = &mut self.told {
            writeln!(told, "again").map_err(BenchError::io("tell", "the process"))?;
        }
        let line = self.line()?;
        serde_json::from_str(&line).map_err(|_| self.failed(&line))
    }

    fn line(&mut self) -> Result<String, BenchError> {
        let mut line = String::new();
        self.said.read_line(&mut line).map_err(BenchError::io("hear", "the process"))?;
        Ok(line.trim().to_owned())
    }

    fn failed(&self, said: &str) -> BenchError {
        BenchError::Failed {
            program: format!("the process that holds the repository open ({})", self.child.id()),
            status: "it did not answer".to_owned(),
            said: said.to_owned(),
        }
    }
}

impl Drop for HeldOpen {
    fn drop(&mut self) {
        // It ends when there is nothing more to read.
        self.told = None;
        if let Err(error) = self.child.wait() {
            eprintln!(
                "bench: the process that held the repository open is not to be found: {error}"
            );
        }
    }
}
