//! Flags of `forget`.

use clap::Args;
use holdfast_engine::snapshot::GroupBy;

use super::SnapshotFilterArguments;
use crate::values::{self, TagList};

/// `holdfast forget`
#[derive(Debug, Args)]
pub(crate) struct ForgetArguments {
    /// the snapshots to remove
    #[arg(value_name = "snapshot ID")]
    pub(crate) snapshots: Vec<String>,
    /// do not delete anything, just print what would be done
    #[arg(short = 'n', long)]
    pub(crate) dry_run: bool,
    /// only consider snapshots for this host (can be specified multiple times, use empty string
    /// to unset default value) (default: $RESTIC_HOST)
    #[arg(long = "host", value_name = "host")]
    hosts: Vec<String>,
    /// only consider snapshots including this (absolute) path (can be specified multiple times,
    /// snapshots must include all specified paths)
    #[arg(long = "path", value_name = "path")]
    paths: Vec<String>,
    /// only consider snapshots including tag[,tag,...] (can be specified multiple times)
    #[arg(long = "tag", value_name = "tag[,tag,...]", value_parser = values::tag_list)]
    tags: Vec<TagList>,
    /// use compact output format
    #[arg(short = 'c', long)]
    pub(crate) compact: bool,
    /// group snapshots by host, paths and/or tags, separated by comma (disable grouping with '')
    #[arg(short = 'g', long, value_name = "group")]
    pub(crate) group_by: Option<GroupBy>,
    #[command(flatten)]
    policy: PolicyArguments,
    #[command(flatten)]
    prune: PruneArguments,
}

/// What to keep: known so that it is refused by name until policies are there.
#[derive(Debug, Args)]
#[command(next_help_heading = "Not in this version yet")]
struct PolicyArguments {
    #[arg(short = 'l', long, value_name = "n")]
    keep_last: Option<String>,
    #[arg(short = 'H', long, value_name = "n")]
    keep_hourly: Option<String>,
    #[arg(short = 'd', long, value_name = "n")]
    keep_daily: Option<String>,
    #[arg(short = 'w', long, value_name = "n")]
    keep_weekly: Option<String>,
    #[arg(short = 'm', long, value_name = "n")]
    keep_monthly: Option<String>,
    #[arg(short = 'y', long, value_name = "n")]
    keep_yearly: Option<String>,
    #[arg(long, value_name = "duration")]
    keep_within: Option<String>,
    #[arg(long, value_name = "duration")]
    keep_within_hourly: Option<String>,
    #[arg(long, value_name = "duration")]
    keep_within_daily: Option<String>,
    #[arg(long, value_name = "duration")]
    keep_within_weekly: Option<String>,
    #[arg(long, value_name = "duration")]
    keep_within_monthly: Option<String>,
    #[arg(long, value_name = "duration")]
    keep_within_yearly: Option<String>,
    #[arg(long, value_name = "taglist")]
    keep_tag: Vec<String>,
    #[arg(long)]
    unsafe_allow_remove_all: bool,
}

/// How to free the space afterwards: refused likewise.
#[derive(Debug, Args)]
#[command(next_help_heading = "Not in this version yet")]
struct PruneArguments {
    #[arg(long)]
    prune: bool,
    #[arg(long, value_name = "limit")]
    max_unused: Option<String>,
    #[arg(long, value_name = "size")]
    max_repack_size: Option<String>,
    #[arg(long)]
    repack_cacheable_only: bool,
    #[arg(long)]
    repack_uncompressed: bool,
    #[arg(long, value_name = "below-limit")]
    repack_smaller_than: Option<String>,
}

impl ForgetArguments {
    /// Which of the given flags this version cannot honour yet.
    pub(crate) fn flags_of_later_versions(&self) -> Vec<&'static str> {
        let policy = &self.policy;
        let prune = &self.prune;
        let given = [
            ("--keep-last", policy.keep_last.is_some()),
            ("--keep-hourly", policy.keep_hourly.is_some()),
            ("--keep-daily", policy.keep_daily.is_some()),
            ("--keep-weekly", policy.keep_weekly.is_some()),
            ("--keep-monthly", policy.keep_monthly.is_some()),
            ("--keep-yearly", policy.keep_yearly.is_some()),
            ("--keep-within", policy.keep_within.is_some()),
            ("--keep-within-hourly", policy.keep_within_hourly.is_some()),
            ("--keep-within-daily", policy.keep_within_daily.is_some()),
            ("--keep-within-weekly", policy.keep_within_weekly.is_some()),
            ("--keep-within-monthly", policy.keep_within_monthly.is_some()),
            ("--keep-within-yearly", policy.keep_within_yearly.is_some()),
            ("--keep-tag", !policy.keep_tag.is_empty()),
            ("--unsafe-allow-remove-all", policy.unsafe_allow_remove_all),
            ("--prune", prune.prune),
            ("--max-unused", prune.max_unused.is_some()),
            ("--max-repack-size", prune.max_repack_size.is_some()),
            ("--repack-cacheable-only", prune.repack_cacheable_only),
            ("--repack-uncompressed", prune.repack_uncompressed),
            ("--repack-smaller-than", prune.repack_smaller_than.is_some()),
        ];
        given.into_iter().filter(|(_, given)| *given).map(|(flag, _)| flag).collect()
    }

    /// The flags that choose among snapshots.
    pub(crate) fn filter(&self) -> SnapshotFilterArguments {
        SnapshotFilterArguments {
            hosts: self.hosts.clone(),
            paths: self.paths.clone(),
            tags: self.tags.clone(),
        }
    }
}
