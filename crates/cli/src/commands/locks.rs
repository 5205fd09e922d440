//! `holdfast locks`: who holds the repository, and whether they live. Ours; restic has no such
//! command.

use holdfast_engine::lock::{self, JudgedLock, LockContent};
use serde::Serialize;

use super::Ended;
use crate::exit::ExitStatus;
use crate::explain;
use crate::locking;
use crate::session::Session;

/// A lock, for programs.
#[derive(Debug, Serialize)]
struct LockMessage {
    id: String,
    short_id: String,
    readable: bool,
    exclusive: Option<bool>,
    hostname: Option<String>,
    username: Option<String>,
    pid: Option<i64>,
    time: Option<String>,
    program_version: Option<String>,
    operation: Option<String>,
    /// `alive`, `dead` or `unknown`.
    state: &'static str,
    reasons: Vec<String>,
    silent_seconds: u64,
}

/// Shows all locks; takes none.
pub(crate) fn locks(session: &Session) -> Ended {
    let repository = session.open()?;
    let context = session.lock_context();
    let found = lock::list(&repository, &context).map_err(explain::reading)?;
    let terminal = &session.terminal;
    if terminal.is_json() {
        let messages: Vec<LockMessage> = found.iter().map(message).collect();
        terminal.message(&messages)?;
        return Ok(ExitStatus::Success);
    }
    if found.is_empty() {
        terminal.line("no locks: nobody is using the repository")?;
    }
    for judged in &found {
        for line in lines(judged) {
            terminal.line(&line)?;
        }
    }
    Ok(ExitStatus::Success)
}

fn message(judged: &JudgedLock) -> LockMessage {
    let file = judged.lock.file();
    LockMessage {
        id: judged.lock.id.to_string(),
        short_id: judged.lock.id.short(),
        readable: file.is_some(),
        exclusive: file.map(|file| file.exclusive),
        hostname: file.map(|file| file.hostname.clone()),
        username: file.map(|file| file.username.clone()),
        pid: file.map(|file| file.pid),
        time: file.map(|file| file.time.to_string()),
        program_version: file.and_then(|file| file.program_version.clone()),
        operation: file.and_then(|file| file.operation.clone()),
        state: locking::life(judged.verdict.life),
        reasons: judged.verdict.reasons.iter().map(ToString::to_string).collect(),
        silent_seconds: judged.verdict.silent_for.as_secs(),
    }
}

fn lines(judged: &JudgedLock) -> Vec<String> {
    let id = judged.lock.id.short();
    let life = locking::life(judged.verdict.life);
    let first = match &judged.lock.content {
        LockContent::Readable(file) => {
            let kind = if file.exclusive { "exclusive" } else { "shared" };
            let holder = locking::holder_of(judged);
            let program = file.program_version.as_deref().unwrap_or("restic");
            format!("{id}  {life}  {kind}  {holder}, {program}, since {}", file.time)
        }
        LockContent::Empty => format!("{id}  {life}  empty, locks nothing"),
        _ => format!("{id}  {life}  cannot be read"),
    };
    let mut lines = vec![first];
    lines.extend(judged.verdict.reasons.iter().map(|reason| format!("          {reason}")));
    lines
}
