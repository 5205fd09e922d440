//! Flags that choose among snapshots.

use clap::Args;

use crate::values::{self, TagList};

/// `--host`, `--tag` and `--path`.
#[derive(Debug, Args)]
pub(crate) struct SnapshotFilterArguments {
    /// only snapshots of this computer ($RESTIC_HOST; '' for any); may be repeated
    #[arg(short = 'H', long = "host", value_name = "host")]
    pub(crate) hosts: Vec<String>,
    /// only snapshots of this absolute path; if repeated, of all of them
    #[arg(long = "path", value_name = "path")]
    pub(crate) paths: Vec<String>,
    /// only snapshots that have all these tags; if repeated, all of one list
    #[arg(long = "tag", value_name = "tag[,tag,...]", value_parser = values::tag_list)]
    pub(crate) tags: Vec<TagList>,
}
