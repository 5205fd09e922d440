//! Flags of `rewrite`.

use clap::Args;

use super::{PatternArguments, SnapshotFilterArguments};

const HELP: &str = "\
Makes new snapshots from old ones: without what is excluded, or with only what is included, or with \
another host or time. The new ones are tagged `rewrite`, unless --forget removes the old ones. The data \
stays in the repository until `prune` removes what no snapshot needs.";

/// `holdfast rewrite`
#[derive(Debug, Args)]
#[command(after_help = HELP)]
pub(crate) struct RewriteArguments {
    /// which snapshots (all)
    #[arg(value_name = "snapshotID")]
    pub(crate) snapshots: Vec<String>,
    /// change nothing, only say what would be
    #[arg(short = 'n', long)]
    pub(crate) dry_run: bool,
    #[command(flatten)]
    pub(crate) patterns: PatternArguments,
    /// remove the old snapshots once the new ones are stored
    #[arg(long)]
    pub(crate) forget: bool,
    /// give them this host name
    #[arg(long, value_name = "string")]
    pub(crate) new_host: Option<String>,
    /// give them this time
    #[arg(long, value_name = "string")]
    pub(crate) new_time: Option<String>,
    /// count what they hold if that is not in them
    #[arg(short = 's', long)]
    pub(crate) snapshot_summary: bool,
    #[command(flatten)]
    pub(crate) filter: SnapshotFilterArguments,
}
