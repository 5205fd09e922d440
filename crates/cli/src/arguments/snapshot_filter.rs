//! Flags that choose among snapshots.

use std::str::FromStr;

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

/// `--group-by`: what the snapshots of a group have in common.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct GroupByArgument {
    pub(crate) host: bool,
    pub(crate) paths: bool,
    pub(crate) tags: bool,
}

impl FromStr for GroupByArgument {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut group_by = Self { host: false, paths: false, tags: false };
        for word in text.split(',').filter(|word| !word.is_empty()) {
            match word {
                "host" | "hosts" => group_by.host = true,
                "path" | "paths" => group_by.paths = true,
                "tag" | "tags" => group_by.tags = true,
                _ => return Err(format!("unknown grouping option: {word:?}")),
            }
        }
        Ok(group_by)
    }
}

impl Default for GroupByArgument {
    fn default() -> Self {
        Self { host: true, paths: true, tags: false }
    }
}
