//! Flags of `repair`.

use clap::{Args, Subcommand};

use super::SnapshotFilterArguments;

/// `holdfast repair`
#[derive(Debug, Args)]
#[command(arg_required_else_help = true)]
pub(crate) struct RepairArguments {
    #[command(subcommand)]
    pub(crate) command: RepairCommand,
}

/// What to repair.
#[derive(Debug, Subcommand)]
pub(crate) enum RepairCommand {
    /// Build a new index
    Index(RepairIndexArguments),
    /// Salvage damaged pack files
    Packs(RepairPacksArguments),
    /// Repair snapshots
    #[command(after_help = SNAPSHOTS_HELP)]
    Snapshots(RepairSnapshotsArguments),
}

const SNAPSHOTS_HELP: &str = "\
Makes new snapshots without what is lost: parts of files, and folders. The index has to be right, so \
run `repair index` first. If the files are still on this computer, `backup` is the better repair: it \
stores what is missing, and older snapshots are whole again.";

/// `holdfast repair snapshots`
#[derive(Debug, Args)]
pub(crate) struct RepairSnapshotsArguments {
    /// the snapshots to repair (default: all)
    #[arg(value_name = "snapshot ID")]
    pub(crate) snapshots: Vec<String>,
    /// do not do anything, just print what would be done
    #[arg(short = 'n', long)]
    pub(crate) dry_run: bool,
    /// remove original snapshots after creating new ones
    #[arg(long)]
    pub(crate) forget: bool,
    #[command(flatten)]
    pub(crate) filter: SnapshotFilterArguments,
}

/// `holdfast repair index`
#[derive(Debug, Args)]
pub(crate) struct RepairIndexArguments {
    /// read all pack files to generate new index from scratch
    #[arg(long)]
    pub(crate) read_all_packs: bool,
}

/// `holdfast repair packs`
#[derive(Debug, Args)]
pub(crate) struct RepairPacksArguments {
    /// the packs, by their whole ids, as `holdfast check` names them
    #[arg(value_name = "packIDs...")]
    pub(crate) packs: Vec<String>,
}
