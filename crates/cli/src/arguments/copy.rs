//! Flags of `copy`, and of whatever else reads from a second repository.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::Args;

use super::SnapshotFilterArguments;

/// `holdfast copy`
#[derive(Debug, Args)]
pub(crate) struct CopyArguments {
    /// which snapshots (all)
    #[arg(value_name = "snapshotID")]
    pub(crate) snapshots: Vec<String>,
    #[command(flatten)]
    pub(crate) source: SourceArguments,
    #[command(flatten)]
    pub(crate) filter: SnapshotFilterArguments,
}

/// The repository to read from.
#[derive(Debug, Default, Args)]
pub(crate) struct SourceArguments {
    /// where the other repository is ($RESTIC_FROM_REPOSITORY)
    #[arg(long, value_name = "repository")]
    pub(crate) from_repo: Option<OsString>,
    /// a file that says where it is ($RESTIC_FROM_REPOSITORY_FILE)
    #[arg(long, value_name = "file")]
    pub(crate) from_repository_file: Option<PathBuf>,
    /// a file that holds its password ($RESTIC_FROM_PASSWORD_FILE)
    #[arg(long, value_name = "file")]
    pub(crate) from_password_file: Option<PathBuf>,
    /// a command that prints its password ($RESTIC_FROM_PASSWORD_COMMAND)
    #[arg(long, value_name = "command")]
    pub(crate) from_password_command: Option<String>,
    /// its key that is tried first ($RESTIC_FROM_KEY_HINT)
    #[arg(long, value_name = "string")]
    pub(crate) from_key_hint: Option<String>,
    /// its password is empty
    #[arg(long)]
    pub(crate) from_insecure_no_password: bool,
}
