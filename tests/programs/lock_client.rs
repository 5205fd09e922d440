//! A client of a repository that only locks: `lock-client FOLDER VERB ...`.
//!
//! `hold shared|exclusive [off|own|all] [JOURNAL]` takes a lock, answers `held ID REMOVED` or
//! `refused LIFE: REASON`, and then answers each line `fence`; it releases at the end of its input.
//! `list` prints each lock with the verdict, `unlock` removes the stale ones. `age MINUTES` stores
//! each lock anew as it would be had it been stored so much earlier.
#![allow(clippy::print_stdout)]

use std::io::{BufRead, Write};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use holdfast_engine::backend::{FileKind, FileName, LocalBackend};
use holdfast_engine::lock::{
    AutoUnlock, HeldLock, Journal, JudgedLock, LockContext, LockError, LockLost, LockRequest,
    acquire, list, timing, unlock_stale,
};
use holdfast_engine::monitor::{Cancellation, Unwatched};
use holdfast_engine::repository::Repository;
use holdfast_engine::secret::Password;
use holdfast_tests::repository::lock_context;
use holdfast_tests::tools::PASSWORD;

fn main() {
    holdfast_machine::survive_hangups().expect("signals can be handled");
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [folder, verb, rest @ ..] = arguments.as_slice() else { panic!("FOLDER VERB") };
    let backend = Arc::new(LocalBackend::new(folder.as_str()));
    let repository = Repository::open(backend, &Password::new(PASSWORD), None);
    let repository = Arc::new(repository.expect("the repository opens"));
    let context = lock_context();
    match verb.as_str() {
        "hold" => hold(&repository, context, rest),
        "list" => {
            let locks = list(&repository, &context).expect("locks");
            locks.iter().for_each(|lock| answer(&verdict(lock)));
        }
        "unlock" => {
            let preview = unlock_stale(&repository, &context).expect("locks");
            let removed = preview.apply(&repository, &context).expect("removed");
            answer(&format!("removed {}", removed.len()));
        }
        "age" => age(&repository, rest),
        other => panic!("no such verb: {other}"),
    }
}

fn hold(repository: &Arc<Repository>, mut context: LockContext, options: &[String]) {
    let option = |position: usize| options.get(position).map(String::as_str);
    context.journal = option(2).map(|folder| Arc::new(Journal::new(folder)));
    let request = LockRequest {
        exclusive: option(0) == Some("exclusive"),
        wait: Duration::ZERO,
        auto_unlock: match option(1) {
            Some("own") => AutoUnlock::Own,
            Some("all") => AutoUnlock::All { silent_for: timing::SILENCE_MIN },
            _ => AutoUnlock::Off,
        },
        operation: "test".to_owned(),
    };
    match acquire(repository, &request, &context, &Unwatched, &Cancellation::default()) {
        Ok(held) => serve(held),
        Err(LockError::Held { locks, .. }) => {
            answer(&format!("refused {}", locks.first().map(verdict).unwrap_or_default()));
        }
        Err(error) => panic!("{error:?}"),
    }
}

fn serve(held: HeldLock) {
    let id = held.id().expect("it was just taken");
    answer(&format!("held {id} {}", held.removed().len()));
    for line in std::io::stdin().lock().lines() {
        match line.expect("text").as_str() {
            "fence" => answer(&match held.fence() {
                Ok(()) => "stands".to_owned(),
                Err(LockLost::Reacquired { generation }) => format!("reacquired {generation}"),
                Err(lost) => format!("{lost}"),
            }),
            accepted => held.accept(accepted.parse().expect("a generation")),
        }
    }
    held.release().expect("released");
}

fn age(repository: &Repository, options: &[String]) {
    let minutes: u64 = options.first().and_then(|text| text.parse().ok()).expect("minutes");
    let age = Duration::from_secs(60 * minutes);
    for listed in repository.list(FileKind::Lock).expect("locks") {
        let json = repository.read_file(FileKind::Lock, listed.id).expect("a lock");
        let mut lock: serde_json::Value = serde_json::from_slice(&json).expect("JSON");
        let stored: jiff::Timestamp =
            lock["time"].as_str().and_then(|text| text.parse().ok()).expect("a time");
        lock["time"] = (stored - age).to_string().into();
        let json = serde_json::to_vec(&lock).expect("JSON");
        let id = repository.write_file(FileKind::Lock, &json).expect("stored");
        let folder = Path::new(&repository.location()).join("locks");
        let file = std::fs::File::options().write(true).open(folder.join(id.to_string()));
        file.and_then(|file| file.set_modified(SystemTime::now() - age)).expect("dated back");
        repository.backend().remove(FileName::new(FileKind::Lock, listed.id)).expect("removed");
        answer(&format!("aged {id}"));
    }
}

fn verdict(judged: &JudgedLock) -> String {
    let reasons: Vec<String> = judged.verdict.reasons.iter().map(ToString::to_string).collect();
    format!("{:?}: {}", judged.verdict.life, reasons.join("; "))
}

fn answer(text: &str) {
    println!("{text}");
    std::io::stdout().flush().expect("somebody listens");
}
