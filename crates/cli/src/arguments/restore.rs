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
    /// the folder to restore to
    #[arg(short = 't', long, value_name = "string")]
    pub(crate) target: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) patterns: RestorePatternArguments,
    #[command(flatten)]
    pub(crate) filter: SnapshotFilterArguments,
    /// what becomes of files that are there already
    #[arg(long, value_name = "behavior", default_value = "always")]
    pub(crate) overwrite: OverwriteArgument,
    /// remove what the snapshot has not from the folders that are restored; `--dry-run -vv` says
    /// what that would be
    #[arg(long)]
    pub(crate) delete: bool,
    /// write nothing, only say what would be written
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// leave holes where content is zeros
    #[arg(long)]
    pub(crate) sparse: bool,
    /// read what was written once more, and compare
    #[arg(long)]
    pub(crate) verify: bool,
    /// give files to the user and group of the same name, not of the same number
    #[arg(long)]
    pub(crate) ownership_by_name: bool,
}

/// What to restore of the snapshot.
#[derive(Debug, Args)]
pub(crate) struct RestorePatternArguments {
    #[command(flatten)]
    pub(crate) entries: PatternArguments,
    /// leave these extended attributes out; may be repeated
    #[arg(long, value_name = "pattern")]
    pub(crate) exclude_xattr: Vec<String>,
    /// restore these extended attributes only; may be repeated
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
