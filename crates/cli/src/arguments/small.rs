//! Flags of the commands that have few.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use holdfast_engine::backend::MAX_AGE_DAYS;
use holdfast_engine::snapshot::GroupBy;

use super::{SnapshotFilterArguments, SourceArguments};
use crate::values::{self, TagList};

/// `holdfast init`
#[derive(Debug, Args)]
pub(crate) struct InitArguments {
    /// the format: 1, 2, `stable` or `latest`
    #[arg(long, value_name = "string", default_value = "stable")]
    pub(crate) repository_version: String,
    /// cut files as the repository of the --from flags does, so that copies take no more space
    #[arg(long)]
    pub(crate) copy_chunker_params: bool,
    #[command(flatten)]
    pub(crate) source: SourceArguments,
}

/// `holdfast snapshots`
#[derive(Debug, Args)]
pub(crate) struct SnapshotsArguments {
    /// which snapshots (all)
    #[arg(value_name = "snapshotID")]
    pub(crate) snapshots: Vec<String>,
    /// one line for each, without paths
    #[arg(short = 'c', long)]
    pub(crate) compact: bool,
    /// show snapshots of the same host, paths or tags together; separated by commas
    #[arg(short = 'g', long, value_name = "group")]
    pub(crate) group_by: Option<GroupBy>,
    /// only the newest n of each group, or of each host and paths
    #[arg(long, value_name = "n", value_parser = values::count_max)]
    pub(crate) latest: Option<usize>,
    /// what --latest 1 was called once
    #[arg(long, hide = true)]
    pub(crate) last: bool,
    #[command(flatten)]
    pub(crate) filter: SnapshotFilterArguments,
}

/// `holdfast ls`
#[derive(Debug, Args)]
pub(crate) struct LsArguments {
    /// the snapshot, then the absolute folders to list
    #[arg(value_name = "snapshotID [dir...]")]
    pub(crate) words: Vec<String>,
    /// sizes in KiB, MiB and so on
    #[arg(long)]
    pub(crate) human_readable: bool,
    /// with permissions, owner, size and time
    #[arg(short = 'l', long)]
    pub(crate) long: bool,
    /// for `ncdu -f -`
    #[arg(long)]
    pub(crate) ncdu: bool,
    /// with everything below the folders
    #[arg(long)]
    pub(crate) recursive: bool,
    /// the other way round
    #[arg(long)]
    pub(crate) reverse: bool,
    /// by what to sort
    #[arg(short = 's', long, value_name = "mode", default_value = "name")]
    pub(crate) sort: SortArgument,
    #[command(flatten)]
    pub(crate) filter: SnapshotFilterArguments,
}

/// `--sort`
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum SortArgument {
    Name,
    Size,
    #[value(alias = "mtime")]
    Time,
    Atime,
    Ctime,
    Extension,
}

/// `holdfast check`
#[derive(Debug, Args)]
pub(crate) struct CheckArguments {
    /// which snapshots (all)
    #[arg(value_name = "snapshotID")]
    pub(crate) snapshots: Vec<String>,
    /// read all content back and verify it
    #[arg(long)]
    pub(crate) read_data: bool,
    /// read part of the content back: the n-th of t parts as 'n/t', or a share ('2.5%') or a size
    /// ('5g') by chance
    #[arg(long, value_name = "subset")]
    pub(crate) read_data_subset: Option<String>,
    /// read what this computer keeps of the repository from there
    #[arg(long)]
    pub(crate) with_cache: bool,
    /// what no check does any more
    #[arg(long, hide = true)]
    pub(crate) check_unused: bool,
    #[command(flatten)]
    pub(crate) filter: SnapshotFilterArguments,
}

/// `holdfast unlock`
#[derive(Debug, Args)]
pub(crate) struct UnlockArguments {
    /// the locks to remove, by id (ours: as `holdfast locks` shows them); refused for those that
    /// are alive
    #[arg(value_name = "lock ID")]
    pub(crate) locks: Vec<String>,
    /// remove all locks, of the living, too
    #[arg(long)]
    pub(crate) remove_all: bool,
}

/// `holdfast locks`
#[derive(Debug, Args)]
pub(crate) struct LocksArguments {}

/// `holdfast list`
#[derive(Debug, Args)]
pub(crate) struct ListArguments {
    /// blobs, packs, index, snapshots, keys or locks
    #[arg(value_name = "blobs|packs|index|snapshots|keys|locks")]
    pub(crate) kinds: Vec<String>,
}

/// `holdfast cache`
#[derive(Debug, Args)]
pub(crate) struct CacheArguments {
    /// remove what was not used for so long
    #[arg(long)]
    pub(crate) cleanup: bool,
    /// for how many days
    #[arg(long, value_name = "days", default_value_t = MAX_AGE_DAYS)]
    pub(crate) max_age: u64,
    /// do not add sizes up
    #[arg(long)]
    pub(crate) no_size: bool,
    #[arg(hide = true)]
    pub(crate) words: Vec<String>,
}

/// `holdfast cat`
#[derive(Debug, Args)]
pub(crate) struct CatArguments {
    /// what to print: masterkey, config, pack ID, blob ID, snapshot ID, index ID, key ID,
    /// lock ID, tree snapshot:subfolder
    #[arg(value_name = "kind [ID]")]
    pub(crate) words: Vec<String>,
}

/// `holdfast stats`
#[derive(Debug, Args)]
pub(crate) struct StatsArguments {
    /// which snapshots (all)
    #[arg(value_name = "snapshot ID")]
    pub(crate) snapshots: Vec<String>,
    /// what to count: restore-size, files-by-contents, blobs-per-file or raw-data
    #[arg(long, value_name = "string", default_value = "restore-size")]
    pub(crate) mode: String,
    #[command(flatten)]
    pub(crate) filter: SnapshotFilterArguments,
}

/// `holdfast tag`
#[derive(Debug, Args)]
pub(crate) struct TagArguments {
    /// which snapshots (all)
    #[arg(value_name = "snapshotID")]
    pub(crate) snapshots: Vec<String>,
    /// have these tags and no others; separated by commas, may be repeated
    #[arg(long, value_name = "tags", value_parser = values::tag_list)]
    pub(crate) set: Vec<TagList>,
    /// have these tags, too
    #[arg(long, value_name = "tags", value_parser = values::tag_list)]
    pub(crate) add: Vec<TagList>,
    /// do not have these tags
    #[arg(long, value_name = "tags", value_parser = values::tag_list)]
    pub(crate) remove: Vec<TagList>,
    #[command(flatten)]
    pub(crate) filter: SnapshotFilterArguments,
}

/// `holdfast diff`
#[derive(Debug, Args)]
pub(crate) struct DiffArguments {
    /// the two snapshots, each perhaps with a folder in it: `latest:/etc`
    #[arg(value_name = "snapshotID snapshotID")]
    pub(crate) snapshots: Vec<String>,
    /// also tell where only metadata differs
    #[arg(long)]
    pub(crate) metadata: bool,
}

/// `holdfast find`
#[derive(Debug, Args)]
pub(crate) struct FindArguments {
    /// what to look for
    #[arg(value_name = "PATTERN")]
    pub(crate) patterns: Vec<String>,
    /// look for blobs of files, by id
    #[arg(long)]
    pub(crate) blob: bool,
    /// look for trees, by id
    #[arg(long)]
    pub(crate) tree: bool,
    /// look for what packs hold, by id
    #[arg(long)]
    pub(crate) pack: bool,
    /// also say in which pack each of them is
    #[arg(long)]
    pub(crate) show_pack_id: bool,
    /// sizes in KiB, MiB and so on
    #[arg(long)]
    pub(crate) human_readable: bool,
    /// whatever the case of letters
    #[arg(short = 'i', long)]
    pub(crate) ignore_case: bool,
    /// with permissions, owner, size and time
    #[arg(short = 'l', long)]
    pub(crate) long: bool,
    /// changed at this time at the latest
    #[arg(short = 'N', long, value_name = "string")]
    pub(crate) newest: Option<String>,
    /// changed at this time or later
    #[arg(short = 'O', long, value_name = "string")]
    pub(crate) oldest: Option<String>,
    /// oldest snapshots first
    #[arg(short = 'R', long)]
    pub(crate) reverse: bool,
    /// only in this snapshot; may be repeated
    #[arg(short = 's', long = "snapshot", value_name = "id")]
    pub(crate) snapshots: Vec<String>,
    #[command(flatten)]
    pub(crate) filter: SnapshotFilterArguments,
}

/// `holdfast dump`
#[derive(Debug, Args)]
pub(crate) struct DumpArguments {
    /// the snapshot, then the file or folder in it; `/` for everything
    #[arg(value_name = "snapshotID file")]
    pub(crate) words: Vec<OsString>,
    /// what a folder becomes
    #[arg(short = 'a', long, value_name = "format", default_value = "tar")]
    pub(crate) archive: ArchiveArgument,
    /// write to this file instead of standard output
    #[arg(short = 't', long, value_name = "path")]
    pub(crate) target: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) filter: SnapshotFilterArguments,
}

/// `--archive`
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ArchiveArgument {
    Tar,
    Zip,
}
