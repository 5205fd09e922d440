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
    /// remove nothing, only say what would go
    #[arg(short = 'n', long)]
    pub(crate) dry_run: bool,
    /// only snapshots of this computer ($RESTIC_HOST; '' for any); may be repeated
    #[arg(long = "host", value_name = "host")]
    hosts: Vec<String>,
    /// only snapshots of this absolute path; if repeated, of all of them
    #[arg(long = "path", value_name = "path")]
    paths: Vec<String>,
    /// only snapshots that have all these tags; if repeated, all of one list
    #[arg(long = "tag", value_name = "tag[,tag,...]", value_parser = values::tag_list)]
    tags: Vec<TagList>,
    /// one line for each, without paths
    #[arg(short = 'c', long)]
    pub(crate) compact: bool,
    /// snapshots of the same host, paths or tags belong together; separated by commas, '' for all
    /// in one
    #[arg(short = 'g', long, value_name = "group")]
    pub(crate) group_by: Option<GroupBy>,
    #[command(flatten)]
    policy: PolicyArguments,
    /// free the space at once, if any snapshot went
    #[arg(long)]
    pub(crate) prune: bool,
    #[command(flatten)]
    pub(crate) prune_how: PruneHowArguments,
}

/// What to keep.
#[derive(Debug, Args)]
struct PolicyArguments {
    /// keep the newest n; `unlimited` keeps them all, here and below
    #[arg(short = 'l', long, value_name = "n", default_value = "0", hide_default_value = true)]
    keep_last: KeepCount,
    /// keep the newest of each of the last n hours that have any
    #[arg(short = 'H', long, value_name = "n", default_value = "0", hide_default_value = true)]
    keep_hourly: KeepCount,
    /// the same for days
    #[arg(short = 'd', long, value_name = "n", default_value = "0", hide_default_value = true)]
    keep_daily: KeepCount,
    /// the same for weeks
    #[arg(short = 'w', long, value_name = "n", default_value = "0", hide_default_value = true)]
    keep_weekly: KeepCount,
    /// the same for months
    #[arg(short = 'm', long, value_name = "n", default_value = "0", hide_default_value = true)]
    keep_monthly: KeepCount,
    /// the same for years
    #[arg(short = 'y', long, value_name = "n", default_value = "0", hide_default_value = true)]
    keep_yearly: KeepCount,
    /// keep all that are at most so much older than the newest, as 1y5m7d2h
    #[arg(long, value_name = "duration", default_value = "", hide_default_value = true)]
    keep_within: Period,
    /// within this time keep the newest of each hour
    #[arg(long, value_name = "duration", default_value = "", hide_default_value = true)]
    keep_within_hourly: Period,
    /// the same for days
    #[arg(long, value_name = "duration", default_value = "", hide_default_value = true)]
    keep_within_daily: Period,
    /// the same for weeks
    #[arg(long, value_name = "duration", default_value = "", hide_default_value = true)]
    keep_within_weekly: Period,
    /// the same for months
    #[arg(long, value_name = "duration", default_value = "", hide_default_value = true)]
    keep_within_monthly: Period,
    /// the same for years
    #[arg(long, value_name = "duration", default_value = "", hide_default_value = true)]
    keep_within_yearly: Period,
    /// keep what has all these tags; may be repeated
    #[arg(long = "keep-tag", value_name = "taglist", value_parser = values::tag_list)]
    keep_tags: Vec<TagList>,
    /// let a group lose its last snapshot
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
