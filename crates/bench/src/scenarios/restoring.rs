//! What is read of a repository of /usr/lib, which restic makes and all tools read: restores, and a
//! check of all data.

use super::Bench;
use crate::error::BenchError;
use crate::files;
use crate::inputs::Input;
use crate::results::{Amount, Run};
use crate::rows::{Kind, Row};
use crate::tools::{Tool, Work};

const REPOSITORY: &str = "repository-read";
const SOURCE: &str = "input-read";
const TARGET: &str = "restored";

/// Measures these rows.
pub(super) fn run(bench: &mut Bench, rows: &[&'static Row]) -> Result<(), BenchError> {
    let (itself, repository) = Input::UsrLib.room_bytes(&bench.origins, bench.scale)?;
    bench.need_room(itself + repository)?;
    let source = bench.place.path(SOURCE);
    Input::UsrLib.make(&bench.origins, bench.scale, &source)?;
    let amount = files::amount(&source)?;
    bench.set_input(rows, amount);
    let repository = bench.make_empty(REPOSITORY)?;
    bench.back_up(Tool::Restic, &source, &repository, None)?;
    // What is restored takes its room.
    bench.place.remove(SOURCE)?;
    for row in rows {
        match row.kind {
            Kind::Restore => bench.take_turns(row, |bench, tool, _| {
                bench.place.new_folder(TARGET)?;
                restore(bench, tool, amount)
            }),
            Kind::RestoreOver => restore_over(bench, row, amount)?,
            _ => bench.take_turns(row, |bench, tool, _| {
                bench.process(tool, Work::Check, &bench.repository(REPOSITORY, tool), None)
            }),
        }
    }
    bench.place.remove(TARGET)?;
    bench.place.remove(REPOSITORY)
}

/// Every tool restores over what restic restored, so that none meets its own.
fn restore_over(bench: &mut Bench, row: &Row, amount: Amount) -> Result<(), BenchError> {
    bench.place.new_folder(TARGET)?;
    restore(bench, Tool::Restic, amount)?;
    bench.take_turns(row, |bench, tool, _| restore(bench, tool, amount));
    Ok(())
}

fn restore(bench: &Bench, tool: Tool, amount: Amount) -> Result<Run, BenchError> {
    let target = bench.place.path(TARGET);
    let run =
        bench.process(tool, Work::Restore(&target), &bench.repository(REPOSITORY, tool), None)?;
    let restored = files::amount(&target)?;
    if restored == amount {
        return Ok(run);
    }
    Err(BenchError::NotDone(format!("{restored:?} was restored of {amount:?}")))
}
