//! The command line, and what a run writes where.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::error::BenchError;
use crate::inputs::Origins;
use crate::machine::Machine;
use crate::place::Place;
use crate::report;
use crate::results::Results;
use crate::rows::{self, ROWS};
use crate::scenarios::Bench;
use crate::tools::{Programs, Tool};
use crate::{held_open, measure};

#[derive(Debug, Parser)]
#[command(name = "holdfast-bench", about = "Measures Holdfast beside restic and rustic")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// measure
    Run(Box<RunArguments>),
    /// name the rows
    Rows,
    /// run one process and write down what it took
    #[command(hide = true)]
    Measure(measure::Told),
    /// hold a repository open, and back up at each line
    #[command(hide = true)]
    Hold(held_open::Told),
}

#[derive(Debug, clap::Args)]
struct RunArguments {
    /// only rows whose names hold one of these words
    #[arg(long, default_value = "")]
    rows: String,
    /// how often each row is measured
    #[arg(long, default_value_t = 3)]
    rounds: u64,
    /// the share of the inputs' full size, for a quick look
    #[arg(long, default_value_t = 1.0)]
    scale: f64,
    /// where the report goes, whether it is full or not; rows that are not measured now stay there
    #[arg(long)]
    into: Option<PathBuf>,
    /// where a full report goes
    #[arg(long)]
    full_report: PathBuf,
    /// where a report goes that is partial or of small inputs
    #[arg(long)]
    quick_report: PathBuf,
    /// the folder to work in
    #[arg(long, default_value = "/dev/shm")]
    work: PathBuf,
    /// the program `holdfast`
    #[arg(long)]
    holdfast: PathBuf,
    /// the program `restic`
    #[arg(long)]
    restic: PathBuf,
    /// the program `rustic`; without it its columns are empty
    #[arg(long)]
    rustic: Option<PathBuf>,
    /// what to say of ours beside its version, as the commit
    #[arg(long, default_value = "")]
    build: String,
    /// programs and libraries to back up
    #[arg(long, default_value = "/usr/lib")]
    usr_lib: PathBuf,
    /// small sources to back up
    #[arg(long)]
    sources: PathBuf,
}

/// The program.
#[must_use]
pub fn main() -> ExitCode {
    let done = match Arguments::parse().command {
        Command::Run(told) => run(*told),
        Command::Rows => {
            for row in ROWS {
                println!("{:22} {}", row.name, row.title);
            }
            Ok(())
        }
        Command::Measure(told) => measure::account(&told),
        Command::Hold(told) => held_open::serve(&told),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bench: {}", error.told());
            ExitCode::FAILURE
        }
    }
}

fn run(told: RunArguments) -> Result<(), BenchError> {
    let rows = rows::selected(&told.rows);
    if rows.is_empty() {
        return Err(BenchError::NoSuchRow(told.rows));
    }
    if told.rounds == 0 || !(told.scale > 0.0 && told.scale <= 1.0) {
        return Err(BenchError::Asked("there is at least one round, and a scale above 0 up to 1"));
    }
    let report = report_folder(&told, rows.len() == ROWS.len());
    let place = Place::make(&told.work)?;
    let programs = Programs { holdfast: told.holdfast, restic: told.restic, rustic: told.rustic };
    let mut versions = std::collections::BTreeMap::new();
    for tool in programs.tools() {
        let version = programs.version(tool)?;
        let build = if tool == Tool::Holdfast { format!(" {}", told.build) } else { String::new() };
        versions.insert(tool, (version + &build).trim().to_owned());
    }
    let machine = Machine::this_one(place.storage());
    let mut bench = Bench {
        place,
        programs,
        versions,
        origins: Origins { usr_lib: told.usr_lib, sources: told.sources },
        rounds: told.rounds,
        scale: told.scale,
        rows,
        day: jiff::Zoned::now().date().to_string(),
        results: Results { machine, rows: std::collections::BTreeMap::new() },
    };
    let earlier = match &told.into {
        Some(_) => Results::read(&report.join("results.json"))?,
        None => None,
    };
    bench.run(&mut |results| {
        let mut results = results.clone();
        if let Some(earlier) = earlier.clone() {
            results.keep(earlier, told.scale);
        }
        write(&report, &results, told.scale)
    })?;
    println!("bench: the report is in {}", report.display());
    Ok(())
}

/// Only a full report takes the place of the full report, unless somebody says where it goes.
fn report_folder(told: &RunArguments, has_all_rows: bool) -> PathBuf {
    let is_full = has_all_rows && told.scale >= 1.0 && told.rustic.is_some();
    match &told.into {
        Some(folder) => folder.clone(),
        None if is_full => told.full_report.clone(),
        None => told.quick_report.clone(),
    }
}

fn write(folder: &Path, results: &Results, scale: f64) -> Result<(), BenchError> {
    std::fs::create_dir_all(folder).map_err(BenchError::io("create", folder))?;
    let files = [
        ("results.json", results.to_json()),
        ("README.md", report::table(results, scale)),
        ("chart.svg", report::chart(results)),
    ];
    for (name, text) in files {
        let file = folder.join(name);
        std::fs::write(&file, text).map_err(BenchError::io("write", &file))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn goes_to(more: &[&str]) -> PathBuf {
        let given = "holdfast-bench run --full-report full --quick-report quick --holdfast h \
                     --restic r --sources s";
        let words = given.split_whitespace().chain(more.iter().copied());
        let Command::Run(told) = Arguments::parse_from(words).command else {
            panic!("a run was asked for")
        };
        let all = rows::selected(&told.rows).len() == ROWS.len();
        report_folder(&told, all)
    }

    #[test]
    fn only_a_full_report_takes_the_place_of_the_full_report_unless_asked() {
        let cases: [(&[&str], &str); 5] = [
            (&["--rustic", "x"], "full"),
            (&[], "quick"),
            (&["--rustic", "x", "--scale", "0.1"], "quick"),
            (&["--rustic", "x", "--rows", "list"], "quick"),
            (&["--rows", "list", "--into", "there"], "there"),
        ];
        for (more, folder) in cases {
            assert_eq!(goes_to(more), Path::new(folder), "{more:?}");
        }
    }
}
