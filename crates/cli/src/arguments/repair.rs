//! Flags of `repair`.

use clap::{Args, Subcommand};

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
