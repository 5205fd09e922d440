//! Verifies a repository: that everything a snapshot needs is there, and, if asked, that all of it
//! or a part of it still reads back as what it was.
//!
//! Problems are collected, not stopped at, so that one report tells the whole damage. Nothing is
//! changed. Damaged and hostile content becomes a finding, never a panic.

mod data;
mod index;
mod report;
mod structure;
mod subset;
#[cfg(test)]
mod tests;
mod turn;

use std::collections::HashSet;

pub use subset::{DataSubset, DataSubsetError};
pub use turn::{Share, Turn, TurnError};

use crate::backend::FileKind;
use crate::id::{PackId, SnapshotId};
use crate::monitor::{Cancellation, Event, Finding, Monitor, Phase};
use crate::repository::{ReadError, Repository};

use report::Report;

/// Packs by id.
type PackSet = HashSet<PackId>;

/// What to verify.
#[derive(Debug, Clone, Default)]
pub struct CheckOptions {
    /// Only what these snapshots need; everything if `None`.
    pub snapshots: Option<Vec<SnapshotId>>,
    /// Which packs to read back.
    pub data: DataSubset,
}

/// What a check found.
#[derive(Debug, Default)]
pub struct CheckOutcome {
    /// The first problems, in the order in which they were met; see [`errors`](Self::errors) for how
    /// many there were.
    pub findings: Vec<Finding>,
    /// How many problems there are.
    pub errors: u64,
    /// How many remarks there are: duplicates, packs that nothing refers to.
    pub notes: u64,
    /// Packs that are missing or damaged.
    pub broken_packs: Vec<PackId>,
    /// True if rebuilding the index would help.
    pub suggests_index_repair: bool,
    /// True if pruning would help.
    pub suggests_prune: bool,
    /// How many snapshots were verified.
    pub snapshots: usize,
    /// How many different trees they have.
    pub trees: usize,
    /// How many packs the index knows.
    pub packs: usize,
    /// How many packs were read back.
    pub packs_read: usize,
    /// Their size in bytes.
    pub bytes_read: u64,
    /// How far the reading has come, if it goes by turns.
    pub next_turn: Option<Turn>,
}

impl CheckOutcome {
    /// True if no problem was found.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        self.errors == 0
    }
}

/// Verifies a repository. The caller holds a lock, or accepts that what other programs store
/// meanwhile may look like damage.
///
/// # Errors
/// When the storage cannot even be listed, or when asked to stop. All else is a finding.
///
/// ```
/// use holdfast_engine::check::{CheckOptions, DataSubset, check};
/// use holdfast_engine::monitor::{Cancellation, Unwatched};
///
/// let letter = holdfast_testkit::letter();
/// let options = CheckOptions { data: DataSubset::All, ..CheckOptions::default() };
/// let cancel = Cancellation::default();
/// let outcome = check(&letter.test.repository, &options, &Unwatched, &cancel)?;
/// assert!(outcome.is_sound());
/// assert_eq!((outcome.snapshots, outcome.packs_read), (1, 2));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn check(
    repository: &Repository,
    options: &CheckOptions,
    monitor: &dyn Monitor,
    cancel: &Cancellation,
) -> Result<CheckOutcome, ReadError> {
    let report = Report::new(monitor);
    monitor.event(Event::Phase(Phase::Preparing));
    // Snapshots first: whatever a snapshot in this list needs was in the index before it.
    let roots = structure::load_roots(repository, options.snapshots.as_deref(), &report, cancel)?;
    let mut checked = index::load(repository, &report, cancel)?;
    let listed = repository.list(FileKind::Pack)?;
    let mut present = index::compare_with_files(&mut checked, &listed, &report);

    monitor.event(Event::Phase(Phase::Working));
    let is_partial = options.snapshots.is_some() && options.data != DataSubset::None;
    let needs_packs = is_partial || checked.index.marked_packs().next().is_some();
    let structure =
        structure::check(repository, &checked.index, &roots, needs_packs, &report, cancel)?;

    monitor.event(Event::Phase(Phase::Verifying));
    if let Some(needed) = &structure.packs {
        present.extend(index::needed_marked(&checked.index, needed, &listed, &report));
    }
    let candidates = present.into_iter().filter(|pack| match &structure.packs {
        Some(needed) if is_partial => needed.contains(&PackId(pack.id)),
        _ => true,
    });
    let (chosen, next_turn) = options.data.choose(candidates.collect());
    let bytes_read = data::check(repository, &checked, &chosen, &report, cancel)?;

    Ok(CheckOutcome {
        snapshots: roots.len(),
        trees: structure.trees,
        packs: checked.index.packs().count(),
        packs_read: chosen.len(),
        bytes_read,
        next_turn,
        ..report.into_outcome()
    })
}
