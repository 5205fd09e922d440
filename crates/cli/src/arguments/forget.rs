//! Flags of `forget`.

use clap::Args;
use holdfast_engine::forget::{KeepCount, PerUnit, Period, RetentionPolicy};
use holdfast_engine::snapshot::GroupBy;

use super::{PruneHowArguments, SnapshotFilterArguments};
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
    /// automatically run the 'prune' command if snapshots have been removed
    #[arg(long)]
    pub(crate) prune: bool,
    #[command(flatten)]
    pub(crate) prune_how: PruneHowArguments,
}

/// What to keep.
#[derive(Debug, Args)]
struct PolicyArguments {
    /// keep the last n snapshots (use 'unlimited' to keep all snapshots)
    #[arg(short = 'l', long, value_name = "n", default_value = "0", hide_default_value = true)]
    keep_last: KeepCount,
    /// keep the last n hourly snapshots (use 'unlimited' to keep all hourly snapshots)
    #[arg(short = 'H', long, value_name = "n", default_value = "0", hide_default_value = true)]
    keep_hourly: KeepCount,
    /// keep the last n daily snapshots (use 'unlimited' to keep all daily snapshots)
    #[arg(short = 'd', long, value_name = "n", default_value = "0", hide_default_value = true)]
    keep_daily: KeepCount,
    /// keep the last n weekly snapshots (use 'unlimited' to keep all weekly snapshots)
    #[arg(short = 'w', long, value_name = "n", default_value = "0", hide_default_value = true)]
    keep_weekly: KeepCount,
    /// keep the last n monthly snapshots (use 'unlimited' to keep all monthly snapshots)
    #[arg(short = 'm', long, value_name = "n", default_value = "0", hide_default_value = true)]
    keep_monthly: KeepCount,
    /// keep the last n yearly snapshots (use 'unlimited' to keep all yearly snapshots)
    #[arg(short = 'y', long, value_name = "n", default_value = "0", hide_default_value = true)]
    keep_yearly: KeepCount,
    /// keep snapshots that are newer than duration (eg. 1y5m7d2h) relative to the latest snapshot
    #[arg(long, value_name = "duration", default_value = "", hide_default_value = true)]
    keep_within: Period,
    /// keep hourly snapshots that are newer than duration (eg. 1y5m7d2h) relative to the latest
    /// snapshot
    #[arg(long, value_name = "duration", default_value = "", hide_default_value = true)]
    keep_within_hourly: Period,
    /// keep daily snapshots that are newer than duration (eg. 1y5m7d2h) relative to the latest
    /// snapshot
    #[arg(long, value_name = "duration", default_value = "", hide_default_value = true)]
    keep_within_daily: Period,
    /// keep weekly snapshots that are newer than duration (eg. 1y5m7d2h) relative to the latest
    /// snapshot
    #[arg(long, value_name = "duration", default_value = "", hide_default_value = true)]
    keep_within_weekly: Period,
    /// keep monthly snapshots that are newer than duration (eg. 1y5m7d2h) relative to the latest
    /// snapshot
    #[arg(long, value_name = "duration", default_value = "", hide_default_value = true)]
    keep_within_monthly: Period,
    /// keep yearly snapshots that are newer than duration (eg. 1y5m7d2h) relative to the latest
    /// snapshot
    #[arg(long, value_name = "duration", default_value = "", hide_default_value = true)]
    keep_within_yearly: Period,
    /// keep snapshots with this taglist (can be specified multiple times)
    #[arg(long = "keep-tag", value_name = "taglist", value_parser = values::tag_list)]
    keep_tags: Vec<TagList>,
    /// allow deleting all snapshots of a snapshot group
    #[arg(long)]
    unsafe_allow_remove_all: bool,
}

impl ForgetArguments {
    /// What is to be kept.
    pub(crate) fn policy(&self) -> RetentionPolicy {
        let policy = &self.policy;
        RetentionPolicy {
            last: policy.keep_last,
            newest_of: PerUnit {
                hourly: policy.keep_hourly,
                daily: policy.keep_daily,
                weekly: policy.keep_weekly,
                monthly: policy.keep_monthly,
                yearly: policy.keep_yearly,
            },
            within: policy.keep_within,
            newest_within: PerUnit {
                hourly: policy.keep_within_hourly,
                daily: policy.keep_within_daily,
                weekly: policy.keep_within_weekly,
                monthly: policy.keep_within_monthly,
                yearly: policy.keep_within_yearly,
            },
            tags: policy.keep_tags.iter().map(|list| list.0.clone()).collect(),
        }
    }

    /// True if a group may lose its last snapshot.
    pub(crate) fn may_remove_all(&self) -> bool {
        self.policy.unsafe_allow_remove_all
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
