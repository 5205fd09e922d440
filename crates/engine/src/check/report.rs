//! Collects what a check finds, from all its threads.

use std::collections::BTreeSet;
use std::path::PathBuf;

use parking_lot::Mutex;

use super::CheckOutcome;
use crate::id::PackId;
use crate::monitor::{Event, Finding, FindingKind, Monitor};

/// How many findings are kept. A lost index makes millions, which tell no more than these.
const FINDINGS_MAX: usize = 10_000;

/// What was found so far.
pub(super) struct Report<'a> {
    monitor: &'a dyn Monitor,
    outcome: Mutex<CheckOutcome>,
    broken_packs: Mutex<BTreeSet<PackId>>,
}

impl<'a> Report<'a> {
    pub(super) fn new(monitor: &'a dyn Monitor) -> Self {
        Self { monitor, outcome: Mutex::default(), broken_packs: Mutex::default() }
    }

    /// Records a problem.
    pub(super) fn error(&self, kind: FindingKind, message: String) {
        self.add(Finding { kind, path: None, during: "check", message });
    }

    /// Records a problem with an entry of a snapshot.
    pub(super) fn error_at(&self, kind: FindingKind, path: PathBuf, message: String) {
        self.add(Finding { kind, path: Some(path), during: "check", message });
    }

    /// Records something that is as it may be, but could be better.
    pub(super) fn note(&self, message: String) {
        self.add(Finding { kind: FindingKind::Note, path: None, during: "check", message });
    }

    /// Records a problem with a pack.
    pub(super) fn broken_pack(&self, pack: PackId, kind: FindingKind, message: String) {
        self.broken_packs.lock().insert(pack);
        self.error(kind, message);
    }

    pub(super) fn suggest_index_repair(&self) {
        self.outcome.lock().suggests_index_repair = true;
    }

    pub(super) fn suggest_prune(&self) {
        self.outcome.lock().suggests_prune = true;
    }

    pub(super) fn event(&self, event: Event<'_>) {
        self.monitor.event(event);
    }

    pub(super) fn into_outcome(self) -> CheckOutcome {
        let broken_packs = self.broken_packs.into_inner().into_iter().collect();
        CheckOutcome { broken_packs, ..self.outcome.into_inner() }
    }

    fn add(&self, finding: Finding) {
        self.monitor.event(Event::Finding(&finding));
        let mut outcome = self.outcome.lock();
        match finding.kind {
            FindingKind::Note => outcome.notes += 1,
            _ => outcome.errors += 1,
        }
        if outcome.findings.len() < FINDINGS_MAX {
            outcome.findings.push(finding);
        }
    }
}
