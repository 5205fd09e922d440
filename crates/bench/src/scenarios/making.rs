//! Work on repositories that are made for it: prune, many snapshots, a large index.

use std::fs::{self, File};
use std::path::Path;

use holdfast_testkit::random::Random;

use super::{Bench, own, snapshots_in};
use crate::error::BenchError;
use crate::inputs::as_bytes;
use crate::rows::{Kind, Row};
use crate::tools::{Repository, Tool, Work};
use crate::{files, generated};

const REPOSITORY: &str = "repository-made";
const SOURCE: &str = "input-made";

const MIB: usize = 1 << 20;

/// Files of a MiB in the repository that is pruned.
const FILES_TO_PRUNE: f64 = 2000.0;

/// How much larger than what is needed a pruned repository may be.
const SLACK: f64 = 1.03;

/// Measures this row.
pub(super) fn run(bench: &mut Bench, row: &'static Row) -> Result<(), BenchError> {
    match row.kind {
        Kind::Prune => prune(bench, row)?,
        Kind::List => list(bench, row)?,
        _ => index(bench, row)?,
    }
    bench.place.remove(REPOSITORY)
}

fn list(bench: &mut Bench, row: &'static Row) -> Result<(), BenchError> {
    let count = as_bytes(5000.0 * bench.scale).max(1);
    bench.need_room(100_000_000)?;
    one_small_snapshot(bench)?;
    generated::add_snapshots(&bench.place.path(REPOSITORY), count)?;
    bench.take_turns(row, |bench, tool, _| {
        let repository = bench.repository(REPOSITORY, tool);
        let run = bench.process(tool, Work::Snapshots, &repository, None)?;
        let lines = fs::read_to_string(bench.place.output()).unwrap_or_default().lines().count();
        if (lines as u64) < count {
            return Err(BenchError::NotDone(format!("{lines} lines tell of {count} snapshots")));
        }
        Ok(run)
    });
    Ok(())
}

/// The backup of a folder with one file needs the whole index, and almost nothing else.
fn index(bench: &mut Bench, row: &'static Row) -> Result<(), BenchError> {
    let blobs = 10e6 * bench.scale;
    // An entry takes about 60 bytes in the repository, and in each tool's cache.
    bench.need_room(as_bytes(blobs * 60.0 * 4.0) + 100_000_000)?;
    one_small_snapshot(bench)?;
    let folder = bench.place.path(REPOSITORY);
    generated::add_index(&folder, as_bytes(blobs))?;
    for tool in bench.programs.tools() {
        bench.place.new_folder(&format!("cache-{}", tool.name()))?;
    }
    let source = bench.place.path(SOURCE);
    let is_cached = row.kind == Kind::IndexCached;
    let repository = |bench: &Bench, tool| Repository {
        is_ours_cached: true,
        ..bench.repository(REPOSITORY, tool)
    };
    if is_cached {
        for tool in bench.programs.tools() {
            bench.back_up(tool, &source, &repository(bench, tool), None)?;
        }
    }
    bench.take_turns(row, |bench, tool, _| {
        if !is_cached {
            bench.place.new_folder(&format!("cache-{}", tool.name()))?;
        }
        bench.back_up(tool, &source, &repository(bench, tool), None)
    });
    for tool in bench.programs.tools() {
        bench.place.new_folder(&format!("cache-{}", tool.name()))?;
    }
    bench.place.remove(SOURCE)
}

fn one_small_snapshot(bench: &Bench) -> Result<(), BenchError> {
    let repository = bench.make_empty(REPOSITORY)?;
    let source = bench.place.new_folder(SOURCE)?;
    let file = source.join("letter.txt");
    fs::write(&file, "Dear reader").map_err(BenchError::io("write", &file))?;
    bench.back_up(Tool::Restic, &source, &repository, None)?;
    Ok(())
}

/// Four fifths of the data are needed as they lie. The last fifth was stored by a snapshot that is
/// forgotten, and another needs half of it, here and there: so it is to be repacked.
fn prune(bench: &mut Bench, row: &'static Row) -> Result<(), BenchError> {
    let files = as_bytes(FILES_TO_PRUNE * bench.scale).max(10);
    bench.need_room(files * MIB as u64 * 3)?;
    let repository = bench.make_empty(REPOSITORY)?;
    let source = bench.place.new_folder(SOURCE)?;
    let kept = files * 4 / 5;
    random_files(&source, 0..kept)?;
    bench.back_up(Tool::Restic, &source, &repository, None)?;
    let before = snapshots_in(&repository)?;
    random_files(&source, kept..files)?;
    bench.back_up(Tool::Restic, &source, &repository, None)?;
    let added = snapshots_in(&repository)?.into_iter().find(|file| !before.contains(file));
    let forgotten = added.and_then(|file| Some(file.file_name()?.to_str()?.to_owned()));
    let forgotten = forgotten.unwrap_or_default();
    for number in (kept..files).step_by(2) {
        let file = source.join(number.to_string());
        fs::remove_file(&file).map_err(BenchError::io("remove", &file))?;
    }
    bench.back_up(Tool::Restic, &source, &repository, None)?;
    let needed = files::amount(&source)?.bytes;
    bench.place.remove(SOURCE)?;
    bench.take_turns(row, |bench, tool, _| {
        let repository = bench.fresh_copy(REPOSITORY, tool)?;
        let run = bench.process(tool, Work::ForgetAndPrune(&forgotten), &repository, None);
        let left = files::amount(&repository.folder.join("data"))?.bytes;
        bench.place.remove(&own(tool))?;
        let run = run?;
        if left as f64 > needed as f64 * SLACK || left < needed {
            return Err(BenchError::NotDone(format!("{left} bytes are left, {needed} are needed")));
        }
        Ok(run)
    });
    Ok(())
}

fn random_files(folder: &Path, numbers: std::ops::Range<u64>) -> Result<(), BenchError> {
    use std::io::Write;
    for number in numbers {
        let path = folder.join(number.to_string());
        let content = Random::new(10_000 + number).bytes(MIB);
        File::create(&path)
            .and_then(|mut file| file.write_all(&content))
            .map_err(BenchError::io("write", &path))?;
    }
    Ok(())
}
