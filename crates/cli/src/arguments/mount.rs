//! Flags of `mount`.

use std::path::PathBuf;

use clap::Args;

use super::SnapshotFilterArguments;

/// `holdfast mount`
#[derive(Debug, Args)]
pub(crate) struct MountArguments {
    /// the folder to show the repository in
    #[arg(value_name = "mountpoint")]
    pub(crate) folders: Vec<PathBuf>,
    /// let other users in, too
    #[arg(long)]
    pub(crate) allow_other: bool,
    /// and let them read everything, whatever its permissions say
    #[arg(long)]
    pub(crate) no_default_permissions: bool,
    /// show everything as root's
    #[arg(long)]
    pub(crate) owner_root: bool,
    /// a path to show each snapshot at, with %i and %I for its short and long id, %u for the user,
    /// %h for the computer, %t for tags and %T for the time; may be repeated (ids/%i, snapshots/%T,
    /// hosts/%h/%T and tags/%t/%T)
    #[arg(long, value_name = "template")]
    pub(crate) path_template: Vec<String>,
    /// how %T looks: write "Mon Jan 2 15:04:05 -0700 MST 2006" the way times are to be written
    #[arg(long, value_name = "template", default_value = "2006-01-02T15:04:05Z07:00")]
    pub(crate) time_template: String,
    #[command(flatten)]
    pub(crate) filter: SnapshotFilterArguments,
}
