//! Backups of one input: new, on fewer cores, unchanged, changed.

use std::path::Path;

use super::{Bench, own};
use crate::error::BenchError;
use crate::files;
use crate::held_open::HeldOpen;
use crate::inputs::Input;
use crate::rows::{Kind, Row};
use crate::tools::Tool;

const EMPTY: &str = "repository-empty";

/// Measures these rows, which are all of this input.
pub(super) fn run(
    bench: &mut Bench,
    input: Input,
    rows: &[&'static Row],
) -> Result<(), BenchError> {
    let (itself, repository) = input.room_bytes(&bench.origins, bench.scale)?;
    bench.need_room(itself + repository * bench.programs.tools().len() as u64)?;
    let name = format!("input-{}", input.name());
    let source = bench.place.path(&name);
    input.make(&bench.origins, bench.scale, &source)?;
    bench.set_input(rows, files::amount(&source)?);
    bench.make_empty(EMPTY)?;
    on_cores(bench, &source, rows);
    first(bench, &source, rows);
    if rows.iter().any(|row| needs_a_first(row.kind)) {
        unchanged(bench, &source, rows)?;
        changed(bench, input, &source, rows);
    }
    for tool in bench.programs.tools() {
        bench.place.remove(&own(tool))?;
    }
    bench.place.remove(&name)
}

fn needs_a_first(kind: Kind) -> bool {
    matches!(kind, Kind::Unchanged | Kind::UnchangedHeldOpen | Kind::Changed)
}

fn of_kind(rows: &[&'static Row], kind: Kind) -> Option<&'static Row> {
    rows.iter().find(|row| row.kind == kind).copied()
}

/// One core and several take turns as the tools do.
fn on_cores(bench: &mut Bench, source: &Path, rows: &[&'static Row]) {
    let of_cores: Vec<(&Row, u32)> = rows
        .iter()
        .filter_map(
            |row| if let Kind::OnCores(cores) = row.kind { Some((*row, cores)) } else { None },
        )
        .collect();
    for _ in 0..bench.rounds {
        for tool in bench.programs.tools() {
            for (row, cores) in &of_cores {
                bench.one_turn(row, tool, |bench| {
                    let repository = bench.fresh_copy(EMPTY, tool)?;
                    bench.back_up(tool, source, &repository, Some(*cores))
                });
            }
        }
    }
}

/// First backups. If only later ones are wanted there is one, which is not measured.
fn first(bench: &mut Bench, source: &Path, rows: &[&'static Row]) {
    let Some(row) = of_kind(rows, Kind::Backup) else { return };
    bench.take_turns(row, |bench, tool, _| {
        let repository = bench.fresh_copy(EMPTY, tool)?;
        bench.back_up(tool, source, &repository, None)
    });
    for tool in bench.programs.tools() {
        let repository = bench.repository(&own(tool), tool).folder;
        let bytes = files::amount(&repository).ok().map(|amount| amount.bytes);
        if let Some(runs) = bench.result(row).tools.get_mut(&tool) {
            runs.repository_bytes = bytes;
        }
    }
}

fn unchanged(bench: &mut Bench, source: &Path, rows: &[&'static Row]) -> Result<(), BenchError> {
    if of_kind(rows, Kind::Backup).is_none() {
        for tool in bench.programs.tools() {
            let repository = bench.fresh_copy(EMPTY, tool)?;
            bench.back_up(tool, source, &repository, None)?;
        }
    }
    if let Some(row) = of_kind(rows, Kind::Unchanged) {
        bench.take_turns(row, |bench, tool, _| again(bench, tool, source));
    }
    let Some(row) = of_kind(rows, Kind::UnchangedHeldOpen) else { return Ok(()) };
    let repository = bench.place.path(&own(Tool::Holdfast));
    let mut held = HeldOpen::start(&bench.place, &repository, source)?;
    bench.take_turns(row, |bench, tool, _| match tool {
        Tool::Holdfast => held.back_up(),
        _ => again(bench, tool, source),
    });
    Ok(())
}

fn changed(bench: &mut Bench, input: Input, source: &Path, rows: &[&'static Row]) {
    let Some(row) = of_kind(rows, Kind::Changed) else { return };
    let mut last = None;
    bench.take_turns(row, |bench, tool, round| {
        // All tools meet the same change.
        if last != Some(round) {
            last = Some(round);
            input.change(source, round)?;
        }
        again(bench, tool, source)
    });
}

fn again(bench: &Bench, tool: Tool, source: &Path) -> Result<crate::results::Run, BenchError> {
    bench.back_up(tool, source, &bench.repository(&own(tool), tool), None)
}
