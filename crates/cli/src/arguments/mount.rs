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
    /// allow other users to access the data in the mounted directory
    #[arg(long)]
    pub(crate) allow_other: bool,
    /// for 'allow-other', ignore Unix permissions and allow users to read all snapshot files
    #[arg(long)]
    pub(crate) no_default_permissions: bool,
    /// use 'root' as the owner of files and dirs
    #[arg(long)]
    pub(crate) owner_root: bool,
    /// set template for path names: %i and %I by short and long snapshot ID, %u by username, %h by
    /// hostname, %t by tags, %T by time (can be specified multiple times) (default: ids/%i,
    /// snapshots/%T, hosts/%h/%T, tags/%t/%T)
    #[arg(long, value_name = "template")]
    pub(crate) path_template: Vec<String>,
    /// set template to use for times: how "Mon Jan 2 15:04:05 -0700 MST 2006" is to be written
    #[arg(long, value_name = "template", default_value = "2006-01-02T15:04:05Z07:00")]
    pub(crate) time_template: String,
    #[command(flatten)]
    pub(crate) filter: SnapshotFilterArguments,
}
