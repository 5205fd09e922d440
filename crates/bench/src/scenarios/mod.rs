//! One scenario after the other: everything that is measured on one input or repository, in an
//! order that makes each thing once, and leaves nothing behind.

mod making;
mod restoring;
mod sources;

use std::collections::BTreeMap;
use std::path::PathBuf;

use crate::error::BenchError;
use crate::inputs::{Input, Origins};
use crate::place::Place;
use crate::results::{Amount, Results, RowResult, Run};
use crate::rows::{Kind, Row};
use crate::tools::{Programs, Repository, Tool, Work};
use crate::{files, machine, measure};

/// What everything here needs.
pub struct Bench {
    /// Where it works.
    pub place: Place,
    /// The programs.
    pub programs: Programs,
    /// What the programs say their versions are.
    pub versions: BTreeMap<Tool, String>,
    /// Where inputs are taken from.
    pub origins: Origins,
    /// How often each row is measured.
    pub rounds: u64,
    /// The share of the inputs' full size.
    pub scale: f64,
    /// The rows that are wanted.
    pub rows: Vec<&'static Row>,
    /// The day, as reports have it.
    pub day: String,
    /// What was measured so far.
    pub results: Results,
}

impl Bench {
    /// Measures all rows that are wanted; `keep` is told after each scenario, for the next may take
    /// long and fail. What fails or finds no room is a row that says so.
    ///
    /// # Errors
    /// When `keep` fails.
    pub fn run(
        &mut self,
        keep: &mut dyn FnMut(&Results) -> Result<(), BenchError>,
    ) -> Result<(), BenchError> {
        for input in Input::ALL {
            let rows = self.wanted(|row| row.input == Some(input) && is_backup(row.kind));
            self.scenario(&rows, |bench| sources::run(bench, input, &rows));
            keep(&self.results)?;
        }
        let rows = self.wanted(|row| is_reading(row.kind));
        self.scenario(&rows, |bench| restoring::run(bench, &rows));
        keep(&self.results)?;
        for row in self.wanted(|row| row.input.is_none()) {
            self.scenario(&[row], |bench| making::run(bench, row));
            keep(&self.results)?;
        }
        Ok(())
    }

    fn wanted(&self, fits: impl Fn(&Row) -> bool) -> Vec<&'static Row> {
        self.rows.iter().copied().filter(|row| fits(row)).collect()
    }

    fn scenario(
        &mut self,
        rows: &[&'static Row],
        measure: impl FnOnce(&mut Self) -> Result<(), BenchError>,
    ) {
        if rows.is_empty() {
            return;
        }
        let busy_share = machine::busy_share();
        for row in rows {
            println!("bench: {:22} {}", row.name, row.title);
            let result = RowResult {
                day: self.day.clone(),
                versions: self.versions.clone(),
                scale: self.scale,
                busy_share,
                ..RowResult::default()
            };
            self.results.rows.insert(row.name.to_owned(), result);
        }
        if let Err(error) = measure(self) {
            let reason = self.place.unnamed(&error.told());
            for row in rows {
                let result = self.results.rows.entry(row.name.to_owned()).or_default();
                if result.tools.is_empty() {
                    println!("bench: left out, {}: {reason}", row.title);
                    result.left_out = Some(reason.clone());
                }
            }
        }
    }

    /// Refuses a scenario for which there is no room.
    fn need_room(&self, bytes: u64) -> Result<(), BenchError> {
        let room = self.place.room_bytes()?;
        if bytes <= room {
            return Ok(());
        }
        // Rounded apart, so that what is needed never looks like what there is.
        let tenths = |hundred_megabytes: u64| hundred_megabytes as f64 / 10.0;
        let (needed, there) = (bytes.div_ceil(100_000_000), room / 100_000_000);
        Err(BenchError::NoRoom { needed: tenths(needed), there: tenths(there) })
    }

    /// Lets the tools take turns for as many rounds as were asked for. A tool that failed is not
    /// asked again.
    fn take_turns(
        &mut self,
        row: &Row,
        mut turn: impl FnMut(&mut Self, Tool, u64) -> Result<Run, BenchError>,
    ) {
        for round in 0..self.rounds {
            for tool in self.programs.tools() {
                self.one_turn(row, tool, |bench| turn(bench, tool, round));
            }
        }
    }

    fn one_turn(
        &mut self,
        row: &Row,
        tool: Tool,
        turn: impl FnOnce(&mut Self) -> Result<Run, BenchError>,
    ) {
        if self.result(row).tools.get(&tool).is_some_and(|runs| runs.failure.is_some()) {
            return;
        }
        let measured = turn(self);
        let place = &self.place;
        let measured = measured.map_err(|error| place.unnamed(&error.told()));
        let runs = self.result(row).tools.entry(tool).or_default();
        match measured {
            Ok(run) => {
                println!("  {:22} {:8} {:8.2} s", row.name, tool.name(), run.wall_seconds);
                runs.runs.push(run);
            }
            Err(said) => {
                println!("  {:22} {:8} {said}", row.name, tool.name());
                runs.failure = Some(said);
            }
        }
    }

    fn result(&mut self, row: &Row) -> &mut RowResult {
        self.results.rows.entry(row.name.to_owned()).or_default()
    }

    fn set_input(&mut self, rows: &[&Row], input: Amount) {
        for row in rows {
            self.result(row).input = Some(input);
        }
    }

    fn process(
        &self,
        tool: Tool,
        work: Work<'_>,
        repository: &Repository,
        cores: Option<u32>,
    ) -> Result<Run, BenchError> {
        let Some(program) = self.programs.path(tool) else {
            return Err(BenchError::NotDone(format!("there is no {}", tool.name())));
        };
        measure::run(&self.place, program, &tool.arguments(work, repository), cores)
    }

    /// The repository of this name, and a cache for this tool.
    fn repository(&self, name: &str, tool: Tool) -> Repository {
        Repository {
            folder: self.place.path(name),
            cache: self.place.path(&format!("cache-{}", tool.name())),
            is_ours_cached: false,
        }
    }

    /// Makes an empty repository. restic makes it, and every tool gets a copy: so all cut files in
    /// the same places, and take the same time to derive the key.
    fn make_empty(&self, name: &str) -> Result<Repository, BenchError> {
        self.place.remove(name)?;
        let repository = self.repository(name, Tool::Restic);
        self.process(Tool::Restic, Work::Init, &repository, None)?;
        Ok(repository)
    }

    /// A fresh copy of a repository for a tool that has never seen it.
    fn fresh_copy(&self, from: &str, tool: Tool) -> Result<Repository, BenchError> {
        let name = own(tool);
        self.place.remove(&name)?;
        let copy = self.repository(&name, tool);
        files::copy(&self.place.path(from), &copy.folder)?;
        self.place.new_folder(&format!("cache-{}", tool.name()))?;
        Ok(copy)
    }

    /// Backs up, and sees to it that there is a snapshot more.
    fn back_up(
        &self,
        tool: Tool,
        source: &std::path::Path,
        repository: &Repository,
        cores: Option<u32>,
    ) -> Result<Run, BenchError> {
        let before = snapshots_in(repository)?.len();
        let run = self.process(tool, Work::Backup(source), repository, cores)?;
        let after = snapshots_in(repository)?.len();
        if after == before + 1 {
            return Ok(run);
        }
        Err(BenchError::NotDone(format!("there were {before} snapshots and are {after}")))
    }
}

/// The name of a tool's own repository.
fn own(tool: Tool) -> String {
    format!("repository-{}", tool.name())
}

fn snapshots_in(repository: &Repository) -> Result<Vec<PathBuf>, BenchError> {
    files::entries(&repository.folder.join("snapshots"))
}

fn is_backup(kind: Kind) -> bool {
    use Kind::{Backup, Changed, OnCores, Unchanged, UnchangedHeldOpen};
    matches!(kind, Backup | Unchanged | UnchangedHeldOpen | Changed | OnCores(_))
}

fn is_reading(kind: Kind) -> bool {
    matches!(kind, Kind::Restore | Kind::RestoreOver | Kind::Check)
}
