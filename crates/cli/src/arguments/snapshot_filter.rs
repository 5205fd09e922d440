//! Flags that choose among snapshots.

use clap::Args;

use crate::values::{self, TagList};

/// `--host`, `--tag` and `--path`.
#[derive(Debug, Args)]
pub(crate) struct SnapshotFilterArguments {
    /// only consider snapshots for this host (can be specified multiple times, use empty string
    /// to unset default value) (default: $RESTIC_HOST)
    #[arg(short = 'H', long = "host", value_name = "host")]
    pub(crate) hosts: Vec<String>,
    /// only consider snapshots including this (absolute) path (can be specified multiple times,
    /// snapshots must include all specified paths)
    #[arg(long = "path", value_name = "path")]
    pub(crate) paths: Vec<String>,
    /// only consider snapshots including tag[,tag,...] (can be specified multiple times)
    #[arg(long = "tag", value_name = "tag[,tag,...]", value_parser = values::tag_list)]
    pub(crate) tags: Vec<TagList>,
}
