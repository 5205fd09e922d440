//! Flags of `rewrite`.

use clap::Args;

use super::{PatternArguments, SnapshotFilterArguments};

/// `holdfast rewrite`
#[derive(Debug, Args)]
pub(crate) struct RewriteArguments {
    /// the snapshots to rewrite (default: all)
    #[arg(value_name = "snapshotID")]
    pub(crate) snapshots: Vec<String>,
    /// do not do anything, just print what would be done
    #[arg(short = 'n', long)]
    pub(crate) dry_run: bool,
    #[command(flatten)]
    pub(crate) patterns: PatternArguments,
    /// remove original snapshots after creating new ones
    #[arg(long)]
    pub(crate) forget: bool,
    /// replace hostname
    #[arg(long, value_name = "string")]
    pub(crate) new_host: Option<String>,
    /// replace time of the backup
    #[arg(long, value_name = "string")]
    pub(crate) new_time: Option<String>,
    /// create snapshot summary record if it does not exist
    #[arg(short = 's', long)]
    pub(crate) snapshot_summary: bool,
    #[command(flatten)]
    pub(crate) filter: SnapshotFilterArguments,
}
