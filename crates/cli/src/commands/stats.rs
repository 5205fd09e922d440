//! `holdfast stats`

use holdfast_engine::stats::{self, Stats, StatsMode};

use super::Ended;
use crate::arguments::StatsArguments;
use crate::exit::{ExitStatus, Failure};
use crate::output::messages::StatsMessage;
use crate::output::{Verbosity, format};
use crate::session::Session;
use crate::{explain, locking};

/// Counts what snapshots hold.
pub(crate) fn stats(session: &Session, arguments: &StatsArguments) -> Ended {
    let mode: StatsMode = arguments.mode.parse().map_err(|_| {
        let mode = &arguments.mode;
        if mode == "debug" {
            let text = "the counting mode \"debug\" is not in this version of holdfast";
            return Failure::plain(ExitStatus::Failed, text)
                .advice("restic's own `stats --mode debug` works on the same repository.");
        }
        let text = format!(
            "unknown counting mode: {mode} (use the -h flag to get a list of supported modes)"
        );
        Failure::plain(ExitStatus::Failed, text)
    })?;
    let repository = session.open()?;
    let lock = session.lock_to_read(&repository, "stats")?;
    let counted = count(session, arguments, &repository, mode);
    locking::release(session, lock);
    let (snapshots, counted) = counted?;
    if session.terminal.is_json() {
        session.terminal.message(&message(&counted, snapshots))?;
        return Ok(ExitStatus::Success);
    }
    session.terminal.line(&format!("Stats in {} mode:", arguments.mode))?;
    for (label, value) in lines(&counted, snapshots) {
        session.terminal.line(&format!("{label:>24}:  {value}"))?;
    }
    Ok(ExitStatus::Success)
}

fn count(
    session: &Session,
    arguments: &StatsArguments,
    repository: &std::sync::Arc<holdfast_engine::repository::Repository>,
    mode: StatsMode,
) -> Result<(u64, Stats), Failure> {
    let all = session.load_snapshots(repository)?;
    let index = repository.load_index(&session.cancel).map_err(explain::reading)?;
    session.terminal.say(Verbosity::Normal, "scanning...");
    let filter = session.filter(&arguments.filter);
    let chosen = session.chosen(&all, &arguments.snapshots, &filter).snapshots;
    let trees: Vec<_> = chosen.iter().map(|(_, snapshot)| snapshot.tree).collect();
    let counted = stats::stats(repository, &index, &trees, mode, &session.cancel);
    Ok((trees.len() as u64, counted.map_err(explain::reading)?))
}

fn message(counted: &Stats, snapshots: u64) -> StatsMessage {
    StatsMessage {
        total_size: counted.bytes,
        total_uncompressed_size: counted.uncompressed_bytes,
        compression_ratio: counted.compression_ratio().unwrap_or_default(),
        compression_progress: counted.compression_progress().unwrap_or_default(),
        compression_space_saving: counted.compression_space_saving().unwrap_or_default(),
        total_file_count: counted.files,
        total_blob_count: counted.blobs,
        snapshots_count: snapshots,
    }
}

fn lines(counted: &Stats, snapshots: u64) -> Vec<(&'static str, String)> {
    let size = |bytes| format!("{:<5}", format::bytes(bytes));
    let mut lines = vec![("Snapshots processed", snapshots.to_string())];
    if counted.blobs > 0 {
        lines.push(("Total Blob Count", counted.blobs.to_string()));
    }
    if counted.files > 0 {
        lines.push(("Total File Count", counted.files.to_string()));
    }
    if counted.uncompressed_bytes > 0 {
        lines.push(("Total Uncompressed Size", size(counted.uncompressed_bytes)));
    }
    lines.push(("Total Size", size(counted.bytes)));
    if let Some(progress) = counted.compression_progress() {
        lines.push(("Compression Progress", format!("{progress:.2}%")));
    }
    if let Some(ratio) = counted.compression_ratio() {
        lines.push(("Compression Ratio", format!("{ratio:.2}x")));
    }
    if let Some(saving) = counted.compression_space_saving() {
        lines.push(("Compression Space Saving", format!("{saving:.2}%")));
    }
    lines
}
