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
    /// Make the index anew from the packs
    #[command(after_help = INDEX_HELP)]
    Index(RepairIndexArguments),
    /// Save what is whole in damaged packs
    #[command(after_help = PACKS_HELP)]
    Packs(RepairPacksArguments),
    /// Make snapshots without what is lost
    #[command(after_help = SNAPSHOTS_HELP)]
    Snapshots(RepairSnapshotsArguments),
}

const INDEX_HELP: &str = "\
Makes the index say what the packs hold: packs that it does not name are added, those that are gone \
are left out, damaged index files are replaced. No pack is removed.";

const PACKS_HELP: &str = "\
Stores everything that is whole in the packs anew, then removes them. A copy of each is kept in the \
working folder. What is lost is told; back up again if its files are still on this computer.";

const SNAPSHOTS_HELP: &str = "\
Makes new snapshots without what is lost: parts of files, and folders. The index has to be right, so \
run `repair index` first. If the files are still on this computer, `backup` is the better repair: it \
stores what is missing, and older snapshots are whole again.";

/// `holdfast repair snapshots`
#[derive(Debug, Args)]
pub(crate) struct RepairSnapshotsArguments {
    /// which snapshots (all)
    #[arg(value_name = "snapshot ID")]
    pub(crate) snapshots: Vec<String>,
    /// change nothing, only say what would be
    #[arg(short = 'n', long)]
    pub(crate) dry_run: bool,
    /// remove the old snapshots once the new ones are stored
    #[arg(long)]
    pub(crate) forget: bool,
    #[command(flatten)]
    pub(crate) filter: SnapshotFilterArguments,
}

/// `holdfast repair index`
#[derive(Debug, Args)]
pub(crate) struct RepairIndexArguments {
    /// believe nothing of the index: read what every pack holds
    #[arg(long)]
    pub(crate) read_all_packs: bool,
}

/// `holdfast repair packs`
#[derive(Debug, Args)]
pub(crate) struct RepairPacksArguments {
    /// the packs, by their whole ids, as `holdfast check` names them
    #[arg(value_name = "packID")]
    pub(crate) packs: Vec<String>,
}
