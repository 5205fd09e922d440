//! Flags of `restore`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::{PatternArguments, SnapshotFilterArguments};

/// `holdfast restore`
#[derive(Debug, Args)]
pub(crate) struct RestoreArguments {
    /// the snapshot, `latest`, or one of them with a folder: `latest:/etc`
    #[arg(value_name = "snapshotID")]
    pub(crate) snapshots: Vec<String>,
    /// directory to extract data to
    #[arg(short = 't', long, value_name = "string")]
    pub(crate) target: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) patterns: RestorePatternArguments,
    #[command(flatten)]
    pub(crate) filter: SnapshotFilterArguments,
    /// overwrite behavior
    #[arg(long, value_name = "behavior", default_value = "always")]
    pub(crate) overwrite: OverwriteArgument,
    /// delete files from target directory if they do not exist in snapshot. Use '--dry-run -vv'
    /// to check what would be deleted
    #[arg(long)]
    pub(crate) delete: bool,
    /// do not write any data, just show what would be done
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// restore files as sparse
    #[arg(long)]
    pub(crate) sparse: bool,
    /// verify restored files content
    #[arg(long)]
    pub(crate) verify: bool,
    /// restore file ownership by user name and group name (except POSIX ACLs)
    #[arg(long)]
    pub(crate) ownership_by_name: bool,
}

/// What to restore of the snapshot.
#[derive(Debug, Args)]
pub(crate) struct RestorePatternArguments {
    #[command(flatten)]
    pub(crate) entries: PatternArguments,
    /// exclude xattr by pattern (can be specified multiple times)
    #[arg(long, value_name = "pattern")]
    pub(crate) exclude_xattr: Vec<String>,
    /// include xattr by pattern (can be specified multiple times)
    #[arg(long, value_name = "pattern")]
    pub(crate) include_xattr: Vec<String>,
}

/// `--overwrite`
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum OverwriteArgument {
    Always,
    IfChanged,
    IfNewer,
    Never,
}
