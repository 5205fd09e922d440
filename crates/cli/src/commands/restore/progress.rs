//! Shows a restore while it runs.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use holdfast_engine::clock::Clock;
use holdfast_engine::monitor::{
    Change, Event, Finding, FindingKind, Item, ItemKind, Monitor, Phase, Totals,
};
use holdfast_engine::restore::Destination;
use parking_lot::Mutex;

use crate::output::messages::{
    BackupErrorMessage, ErrorText, RestoreCounts, RestoreStatusMessage, VerboseRestoreMessage,
};
use crate::output::{Estimate, Verbosity, format};
use crate::session::Session;

/// Counts what happens, for whoever looks.
pub(super) struct RestoreProgress<'a> {
    session: &'a Session,
    target: PathBuf,
    began: Duration,
    restored: AtomicU64,
    skipped: AtomicU64,
    removed: AtomicU64,
    bytes: AtomicU64,
    skipped_bytes: AtomicU64,
    verified_bytes: AtomicU64,
    is_verifying: AtomicBool,
    totals: Mutex<Totals>,
    estimate: Mutex<Estimate>,
}

impl<'a> RestoreProgress<'a> {
    pub(super) fn new(session: &'a Session, destination: &Destination) -> Self {
        let target = match destination {
            Destination::Folder(target) => target.clone(),
            _ => PathBuf::new(),
        };
        Self {
            session,
            target,
            began: session.clock.awake(),
            restored: AtomicU64::new(0),
            skipped: AtomicU64::new(0),
            removed: AtomicU64::new(0),
            bytes: AtomicU64::new(0),
            skipped_bytes: AtomicU64::new(0),
            verified_bytes: AtomicU64::new(0),
            is_verifying: AtomicBool::new(false),
            totals: Mutex::default(),
            estimate: Mutex::default(),
        }
    }

    pub(super) fn elapsed(&self) -> Duration {
        self.session.clock.awake().saturating_sub(self.began)
    }

    /// Entries and bytes that were found in the snapshot.
    pub(super) fn known(&self) -> (u64, u64) {
        let totals = *self.totals.lock();
        (totals.files + totals.folders, totals.bytes)
    }

    /// Shows how far it is.
    pub(super) fn show(&self) {
        let elapsed = self.elapsed();
        let counts = self.counts();
        let terminal = &self.session.terminal;
        if terminal.is_json() {
            let share = match counts.total_bytes {
                0 => 0.0,
                total => (counts.bytes_restored as f64 / total as f64).min(1.0),
            };
            return terminal.passing_message(&RestoreStatusMessage {
                message_type: "status",
                seconds_elapsed: elapsed.as_secs(),
                percent_done: share,
                counts,
            });
        }
        if self.is_verifying.load(Relaxed) {
            let verified = format::bytes(self.verified_bytes.load(Relaxed));
            let line = format!("[{}] verified {verified}", format::seconds(elapsed.as_secs()));
            return terminal.status(&[line]);
        }
        let bytes = format::bytes;
        let mut line = format!(
            "[{}] {}  {} files/dirs {}, total {} files/dirs {}",
            format::seconds(elapsed.as_secs()),
            format::percent(counts.bytes_restored, counts.total_bytes),
            counts.files_restored,
            bytes(counts.bytes_restored),
            counts.total_files,
            bytes(counts.total_bytes)
        );
        if counts.files_skipped > 0 {
            let skipped = bytes(counts.bytes_skipped);
            line.push_str(&format!(", skipped {} files/dirs {skipped}", counts.files_skipped));
        }
        if terminal.is_terminal() {
            let mut estimate = self.estimate.lock();
            estimate.note(elapsed, counts.bytes_restored);
            if let Some(left) = estimate.seconds_left(counts.total_bytes).filter(|left| *left > 0) {
                line.push_str(&format!(", ETA {}", format::seconds(left)));
            }
            if let Some(speed) = estimate.bytes_per_second() {
                line.push_str(&format!(", {}/s", bytes(speed as u64)));
            }
        }
        terminal.status(&[line]);
    }

    fn counts(&self) -> RestoreCounts {
        let (files, bytes) = self.known();
        let files_skipped = self.skipped.load(Relaxed);
        let bytes_skipped = self.skipped_bytes.load(Relaxed);
        let bytes_restored = self.bytes.load(Relaxed);
        RestoreCounts {
            total_files: files.saturating_sub(files_skipped),
            files_restored: self.restored.load(Relaxed),
            files_skipped,
            files_deleted: self.removed.load(Relaxed),
            total_bytes: bytes.saturating_sub(bytes_skipped),
            bytes_restored,
            bytes_skipped,
        }
    }

    /// Says what became of an entry, with `-vv`.
    pub(super) fn tell(&self, action: &'static str, item: &str, kind: ItemKind, size: u64) {
        let terminal = &self.session.terminal;
        if terminal.verbosity() < Verbosity::VeryVerbose {
            return;
        }
        if terminal.is_json() {
            return terminal.passing_message(&VerboseRestoreMessage {
                message_type: "verbose_status",
                action,
                item: item.to_owned(),
                size,
            });
        }
        let size = match kind {
            ItemKind::File => format!(" with size {}", format::bytes(size)),
            _ => String::new(),
        };
        terminal.say(Verbosity::VeryVerbose, &format!("{action:<9} {item}{size}"));
    }

    fn finished(&self, item: &Item<'_>) {
        let path = format::snapshot_path(item.path);
        match item.change {
            Change::Removed => {
                self.removed.fetch_add(1, Relaxed);
                // Named by where it was, for it is in no snapshot.
                let inside = item.path.strip_prefix("/").unwrap_or(item.path);
                let path = self.target.join(inside).display().to_string();
                self.tell("deleted", &path, ItemKind::Other, 0);
            }
            Change::Unmodified | Change::Skipped => {
                self.skipped.fetch_add(1, Relaxed);
                self.skipped_bytes.fetch_add(item.bytes, Relaxed);
                self.tell("unchanged", &path, item.kind, item.bytes);
            }
            Change::Changed if item.kind != ItemKind::Folder => {
                self.restored.fetch_add(1, Relaxed);
                self.tell("updated", &path, item.kind, item.bytes);
            }
            _ => {
                self.restored.fetch_add(1, Relaxed);
                self.tell("restored", &path, item.kind, item.bytes);
            }
        }
    }

    fn finding(&self, finding: &Finding) {
        let item = finding.path.as_ref().map(|path| path.display().to_string());
        let item = item.unwrap_or_default();
        let terminal = &self.session.terminal;
        if finding.kind == FindingKind::Note {
            return terminal.warn(&format!("warning: {item}: {}", finding.message));
        }
        if terminal.is_json() {
            terminal.error_message(&BackupErrorMessage {
                message_type: "error",
                error: ErrorText { message: finding.message.clone() },
                during: "restore",
                item,
            });
        } else if item.is_empty() {
            terminal.warn(&format!("ignoring error: {}", finding.message));
        } else {
            terminal.warn(&format!("ignoring error for {item}: {}", finding.message));
        }
    }
}

impl Monitor for RestoreProgress<'_> {
    fn event(&self, event: Event<'_>) {
        match event {
            Event::Phase(Phase::Verifying) => self.is_verifying.store(true, Relaxed),
            Event::Total(totals) => *self.totals.lock() = totals,
            Event::Bytes(bytes) if self.is_verifying.load(Relaxed) => {
                self.verified_bytes.fetch_add(bytes, Relaxed);
            }
            Event::Bytes(bytes) => {
                self.bytes.fetch_add(bytes, Relaxed);
            }
            Event::ItemFinished(item) => self.finished(&item),
            Event::Finding(finding) => self.finding(finding),
            _ => {}
        }
    }
}
