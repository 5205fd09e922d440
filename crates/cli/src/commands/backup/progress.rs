//! Shows a backup while it runs.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use holdfast_engine::clock::Clock;
use holdfast_engine::monitor::{
    Change, Event, Finding, FindingKind, Item, ItemKind, Monitor, Totals,
};
use parking_lot::Mutex;

use crate::output::messages::{
    BackupErrorMessage, BackupStatusMessage, ErrorText, ScanFinished, VerboseBackupMessage,
};
use crate::output::{Estimate, Verbosity, format};
use crate::session::Session;

/// More files than this are not shown at once.
const CURRENT_SHOWN_MAX: usize = 8;

/// Counts what happens, for whoever looks.
pub(super) struct BackupProgress<'a> {
    session: &'a Session,
    began: Duration,
    files: AtomicU64,
    bytes: AtomicU64,
    errors: AtomicU64,
    totals: Mutex<Totals>,
    current: Mutex<BTreeSet<String>>,
    estimate: Mutex<Estimate>,
}

impl<'a> BackupProgress<'a> {
    pub(super) fn new(session: &'a Session) -> Self {
        Self {
            session,
            began: session.clock.awake(),
            files: AtomicU64::new(0),
            bytes: AtomicU64::new(0),
            errors: AtomicU64::new(0),
            totals: Mutex::default(),
            current: Mutex::default(),
            estimate: Mutex::default(),
        }
    }

    /// Shows how far it is.
    pub(super) fn show(&self) {
        let elapsed = self.elapsed();
        let totals = *self.totals.lock();
        let (files, bytes) = (self.files.load(Relaxed), self.bytes.load(Relaxed));
        let errors = self.errors.load(Relaxed);
        let current: Vec<String> =
            self.current.lock().iter().take(CURRENT_SHOWN_MAX).cloned().collect();
        let (speed, left) = {
            let mut estimate = self.estimate.lock();
            estimate.note(elapsed, bytes);
            (estimate.bytes_per_second(), estimate.seconds_left(totals.bytes))
        };
        let left = left.filter(|_| totals.bytes > 0);
        if self.session.terminal.is_json() {
            let share = match totals.bytes {
                0 => 0.0,
                total => (bytes as f64 / total as f64).min(1.0),
            };
            return self.session.terminal.passing_message(&BackupStatusMessage {
                message_type: "status",
                seconds_elapsed: elapsed.as_secs(),
                seconds_remaining: left.unwrap_or(0),
                percent_done: share,
                total_files: totals.files,
                files_done: files,
                total_bytes: totals.bytes,
                bytes_done: bytes,
                error_count: errors,
                current_files: current,
            });
        }
        let mut line = format!("[{}] ", format::seconds(elapsed.as_secs()));
        let done = format!("{files} files {}", format::bytes(bytes));
        if totals.bytes == 0 {
            line.push_str(&format!("{done}, {errors} errors"));
        } else {
            let (total_files, total) = (totals.files, format::bytes(totals.bytes));
            let percent = format::percent(bytes, totals.bytes);
            line.push_str(&format!(
                "{percent}  {done}, total {total_files} files {total}, {errors} errors"
            ));
        }
        if let Some(left) = left.filter(|left| *left > 0) {
            line.push_str(&format!(" ETA {}", format::seconds(left)));
        }
        if let Some(speed) = speed.filter(|_| self.session.terminal.is_terminal()) {
            line.push_str(&format!(", {}/s", format::bytes(speed as u64)));
        }
        let lines: Vec<String> = std::iter::once(line).chain(current).collect();
        self.session.terminal.status(&lines);
    }

    /// Tells that the one stream to be stored failed.
    pub(super) fn stream_failed(&self, item: &str, error: &std::io::Error) {
        if self.session.terminal.is_json() {
            self.error_message(format!("failed to save {item}: {error}"), item.to_owned());
        }
    }

    fn elapsed(&self) -> Duration {
        self.session.clock.awake().saturating_sub(self.began)
    }

    fn totals(&self, totals: Totals) {
        *self.totals.lock() = totals;
        let terminal = &self.session.terminal;
        if !totals.exact || terminal.verbosity() < Verbosity::Verbose {
            return;
        }
        let seconds = self.elapsed().as_secs_f64();
        if terminal.is_json() {
            if terminal.verbosity() >= Verbosity::VeryVerbose {
                let scan = ScanFinished { seconds, files: totals.files, bytes: totals.bytes };
                terminal.passing_message(&VerboseBackupMessage::from(scan));
            }
            return;
        }
        let (files, bytes) = (totals.files, format::bytes(totals.bytes));
        let text = format!("scan finished in {seconds:.3}s: {files} files, {bytes}");
        terminal.say(Verbosity::Verbose, &text);
    }

    fn finding(&self, finding: &Finding) {
        let item = finding.path.as_ref().map(|path| path.display().to_string());
        let item = item.unwrap_or_default();
        let text = if item.is_empty() || finding.message.contains(&item) {
            finding.message.clone()
        } else {
            format!("{} {item}: {}", finding.during, finding.message)
        };
        if finding.kind == FindingKind::Note {
            return self.session.terminal.warn(&format!("warning: {text}"));
        }
        self.errors.fetch_add(1, Relaxed);
        if self.session.terminal.is_json() {
            self.error_message(text, item);
        } else {
            self.session.terminal.warn(&format!("error: {text}"));
        }
    }

    fn error_message(&self, message: String, item: String) {
        self.session.terminal.error_message(&BackupErrorMessage {
            message_type: "error",
            error: ErrorText { message },
            during: "archival",
            item,
        });
    }

    fn finished(&self, item: &Item<'_>) {
        if item.kind == ItemKind::File {
            self.files.fetch_add(1, Relaxed);
        }
        let path = format::snapshot_path(item.path);
        self.current.lock().remove(&path);
        let terminal = &self.session.terminal;
        if terminal.verbosity() < Verbosity::VeryVerbose || item.kind == ItemKind::Other {
            return;
        }
        let is_folder = item.kind == ItemKind::Folder;
        if terminal.is_json() {
            let end = if is_folder && !path.ends_with('/') { "/" } else { "" };
            terminal.passing_message(&verbose_message(item, format!("{path}{end}")));
        } else {
            let name = format::shown_path(item.path, is_folder);
            terminal.say(Verbosity::VeryVerbose, &verbose_line(item, &name));
        }
    }
}

impl Monitor for BackupProgress<'_> {
    fn event(&self, event: Event<'_>) {
        match event {
            Event::Parent(parent) => {
                let text = match parent {
                    Some(parent) => format!("using parent snapshot {}", parent.short()),
                    None => "no parent snapshot found, will read all files".to_owned(),
                };
                self.session.terminal.say(Verbosity::Normal, &text);
            }
            Event::Total(totals) => self.totals(totals),
            Event::ItemStarted { path } => {
                self.current.lock().insert(format::snapshot_path(path));
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

fn verbose_message(item: &Item<'_>, name: String) -> VerboseBackupMessage {
    let is_unchanged = item.change == Change::Unmodified;
    VerboseBackupMessage {
        message_type: "verbose_status",
        action: match item.change {
            Change::New => "new",
            Change::Unmodified => "unchanged",
            _ => "modified",
        },
        item: name,
        duration: if is_unchanged { 0.0 } else { item.duration.as_secs_f64() },
        data_size: item.added_bytes,
        data_size_in_repo: item.stored_bytes,
        metadata_size: item.tree_bytes,
        metadata_size_in_repo: item.tree_stored_bytes,
        total_files: 0,
    }
}

fn verbose_line(item: &Item<'_>, name: &str) -> String {
    let verb = match item.change {
        Change::New => "new      ",
        Change::Unmodified => return format!("unchanged {name}"),
        _ => "modified ",
    };
    let metadata = match item.kind {
        ItemKind::Folder => format!(", {} metadata", format::bytes(item.tree_bytes)),
        _ => String::new(),
    };
    format!(
        "{verb} {name}, saved in {:.3}s ({} added, {} stored{metadata})",
        item.duration.as_secs_f64(),
        format::bytes(item.added_bytes),
        format::bytes(item.stored_bytes)
    )
}
