//! What is measured, row by row, and what is to be reached.

use crate::inputs::Input;

/// A figure of ours that must not be exceeded.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Bound {
    /// Memory at the most.
    PeakBytes(u64),
    /// The size of our repository by that of restic's.
    RepositoryByRestics(f64),
    /// Time.
    Seconds(f64),
    /// Memory at the most, by the number of blobs.
    PeakBytesPerBlob(f64),
}

/// What a row's processes do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A first backup into an empty repository.
    Backup,
    /// The same again, with nothing changed.
    Unchanged,
    /// The same in a process that holds the repository open.
    UnchangedHeldOpen,
    /// The same with one per cent changed.
    Changed,
    /// A first backup on so many cores.
    OnCores(u32),
    /// A restore into nothing.
    Restore,
    /// A restore over the same.
    RestoreOver,
    /// A check that reads all data.
    Check,
    /// A snapshot forgotten, and what only it needed removed.
    Prune,
    /// All snapshots listed.
    List,
    /// Opened, and the index read from the repository.
    IndexCold,
    /// Opened, and the index read from the cache.
    IndexCached,
}

/// A row of the table.
#[derive(Debug, Clone, Copy)]
pub struct Row {
    /// What it is called on the command line and in `results.json`.
    pub name: &'static str,
    /// What it is called in the table.
    pub title: &'static str,
    /// The work.
    pub kind: Kind,
    /// What it is done on, if that is files.
    pub input: Option<Input>,
    /// How many times as long as ours restic is to take at least.
    pub restic_floor: Option<f64>,
    /// The same of rustic.
    pub rustic_floor: Option<f64>,
    /// What else is to be kept.
    pub bounds: &'static [Bound],
}

const fn row(name: &'static str, title: &'static str, kind: Kind) -> Row {
    Row { name, title, kind, input: None, restic_floor: None, rustic_floor: None, bounds: &[] }
}

impl Row {
    const fn on(self, input: Input) -> Self {
        Self { input: Some(input), ..self }
    }

    const fn floors(self, restic: f64, rustic: f64) -> Self {
        Self { restic_floor: Some(restic), rustic_floor: Some(rustic), ..self }
    }

    const fn within(self, bounds: &'static [Bound]) -> Self {
        Self { bounds, ..self }
    }

    const fn restic_floor(self, restic: f64) -> Self {
        Self { restic_floor: Some(restic), ..self }
    }
}

/// The row with this name.
#[must_use]
pub fn named(name: &str) -> Option<&'static Row> {
    ROWS.iter().find(|row| row.name == name)
}

/// The rows whose name holds one of the words, which commas or spaces divide; all for no word.
#[must_use]
pub fn selected(words: &str) -> Vec<&'static Row> {
    let words: Vec<&str> = words.split([',', ' ']).filter(|word| !word.is_empty()).collect();
    let fits = |row: &&Row| words.is_empty() || words.iter().any(|word| row.name.contains(word));
    ROWS.iter().filter(fits).collect()
}

const MB: u64 = 1_000_000;
const IN_256_MB: &[Bound] = &[Bound::PeakBytes(256 * MB)];

/// Every row, as the table has them.
pub const ROWS: &[Row] = &[
    row("backup-random", "backup, 2 GB of random bytes", Kind::Backup)
        .on(Input::Random)
        .floors(3.5, 2.5)
        .within(IN_256_MB),
    row("backup-usr-lib", "backup, /usr/lib", Kind::Backup)
        .on(Input::UsrLib)
        .floors(3.0, 2.4)
        .within(&[Bound::RepositoryByRestics(1.01)]),
    row("backup-sources", "backup, small sources", Kind::Backup)
        .on(Input::Sources)
        .floors(2.5, 4.5),
    row("backup-tiny", "backup, 1 M tiny files", Kind::Backup).on(Input::Tiny).floors(3.0, 4.0),
    row("backup-image", "backup, 20 GB disk image", Kind::Backup).on(Input::Image),
    row("unchanged-random", "unchanged, random bytes", Kind::Unchanged).on(Input::Random),
    row("unchanged-usr-lib", "unchanged, /usr/lib", Kind::Unchanged).on(Input::UsrLib),
    row("unchanged-sources", "unchanged, small sources", Kind::Unchanged)
        .on(Input::Sources)
        .floors(3.0, 2.5),
    row("unchanged-tiny", "unchanged, 1 M tiny files", Kind::Unchanged).on(Input::Tiny),
    row("unchanged-image", "unchanged, disk image", Kind::Unchanged).on(Input::Image),
    row(
        "open-unchanged-sources",
        "unchanged, small sources, ours held open",
        Kind::UnchangedHeldOpen,
    )
    .on(Input::Sources)
    .restic_floor(10.0),
    row(
        "open-unchanged-tiny",
        "unchanged, 1 M tiny files, ours held open",
        Kind::UnchangedHeldOpen,
    )
    .on(Input::Tiny)
    .restic_floor(10.0)
    .within(&[Bound::Seconds(3.0)]),
    row("changed-random", "1 % changed, random bytes", Kind::Changed).on(Input::Random),
    row("changed-usr-lib", "1 % changed, /usr/lib", Kind::Changed).on(Input::UsrLib),
    row("changed-sources", "1 % changed, small sources", Kind::Changed).on(Input::Sources),
    row("changed-tiny", "1 % changed, 1 M tiny files", Kind::Changed).on(Input::Tiny),
    row("changed-image", "1 % changed, disk image", Kind::Changed).on(Input::Image),
    row("restore-usr-lib", "restore, /usr/lib", Kind::Restore)
        .on(Input::UsrLib)
        .floors(3.0, 2.0)
        .within(IN_256_MB),
    row("restore-over-usr-lib", "restore over an equal tree", Kind::RestoreOver)
        .on(Input::UsrLib)
        .floors(3.0, 2.0),
    row("check-usr-lib", "check with all data", Kind::Check).on(Input::UsrLib).floors(1.7, 1.6),
    row("prune", "forget and prune, a fifth to repack", Kind::Prune).floors(4.0, 3.0),
    row("list", "list 5,000 snapshots", Kind::List).floors(5.0, 3.0),
    row("index-cold", "open and index 10 M blobs", Kind::IndexCold)
        .floors(3.0, 2.0)
        .within(&[Bound::PeakBytesPerBlob(40.0)]),
    row("index-cached", "open and index 10 M blobs, cached", Kind::IndexCached)
        .within(&[Bound::Seconds(1.0), Bound::PeakBytesPerBlob(40.0)]),
    row("cores-1-random", "backup, random bytes, on 1 core", Kind::OnCores(1)).on(Input::Random),
    row("cores-2-random", "backup, random bytes, on 2 cores", Kind::OnCores(2)).on(Input::Random),
    row("cores-1-usr-lib", "backup, /usr/lib, on 1 core", Kind::OnCores(1)).on(Input::UsrLib),
    row("cores-2-usr-lib", "backup, /usr/lib, on 2 cores", Kind::OnCores(2)).on(Input::UsrLib),
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_row_has_a_name_of_its_own() {
        let names: BTreeSet<&str> = ROWS.iter().map(|row| row.name).collect();
        assert_eq!(names.len(), ROWS.len());
    }

    #[test]
    fn rows_are_selected_by_parts_of_their_names() {
        let names = |words| selected(words).iter().map(|row| row.name).collect::<Vec<_>>();
        assert_eq!(names("list, prune"), ["prune", "list"]);
        assert_eq!(names("cores random"), {
            let fits = |row: &&Row| row.name.contains("cores") || row.name.contains("random");
            ROWS.iter().filter(fits).map(|row| row.name).collect::<Vec<_>>()
        });
        assert_eq!(names("").len(), ROWS.len());
        assert!(names("nonsense").is_empty());
    }

    #[test]
    fn every_input_is_measured_new_unchanged_and_changed() {
        for input in Input::ALL {
            for kind in [Kind::Backup, Kind::Unchanged, Kind::Changed] {
                let fits = |row: &&Row| row.input == Some(input) && row.kind == kind;
                assert_eq!(ROWS.iter().filter(fits).count(), 1, "{input:?} {kind:?}");
            }
        }
    }
}
