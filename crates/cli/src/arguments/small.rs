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
    /// repository format version to use, allowed values are a format version, 'latest' and
    /// 'stable'
    #[arg(long, value_name = "string", default_value = "stable")]
    pub(crate) repository_version: String,
    /// copy chunker parameters from the secondary repository (useful with the copy command)
    #[arg(long)]
    pub(crate) copy_chunker_params: bool,
    #[command(flatten)]
    pub(crate) source: SourceArguments,
}

/// `holdfast snapshots`
#[derive(Debug, Args)]
pub(crate) struct SnapshotsArguments {
    /// the snapshots to show (default: all)
    #[arg(value_name = "snapshotID")]
    pub(crate) snapshots: Vec<String>,
    /// use compact output format
    #[arg(short = 'c', long)]
    pub(crate) compact: bool,
    /// group snapshots by host, paths and/or tags, separated by comma
    #[arg(short = 'g', long, value_name = "group")]
    pub(crate) group_by: Option<GroupBy>,
    /// only show the last n snapshots for each host and path
    #[arg(long, value_name = "n")]
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
    /// print sizes in human readable format
    #[arg(long)]
    pub(crate) human_readable: bool,
    /// use a long listing format showing size and mode
    #[arg(short = 'l', long)]
    pub(crate) long: bool,
    /// output NCDU export format (pipe into 'ncdu -f -')
    #[arg(long)]
    pub(crate) ncdu: bool,
    /// include files in subfolders of the listed directories
    #[arg(long)]
    pub(crate) recursive: bool,
    /// reverse sorted output
    #[arg(long)]
    pub(crate) reverse: bool,
    /// sort output by
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
    /// the snapshots to check (default: all)
    #[arg(value_name = "snapshotID")]
    pub(crate) snapshots: Vec<String>,
    /// read all data blobs
    #[arg(long)]
    pub(crate) read_data: bool,
    /// read a subset of data packs, specified as 'n/t' for specific part, or either 'x%' or
    /// 'x.y%' or a size in bytes with suffixes k/K, m/M, g/G, t/T for a random subset
    #[arg(long, value_name = "subset")]
    pub(crate) read_data_subset: Option<String>,
    /// use existing cache, only read uncached data from repository
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
    /// remove all locks, even non-stale ones
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
    /// remove old cache directories
    #[arg(long)]
    pub(crate) cleanup: bool,
    /// max age in days for cache directories to be considered old
    #[arg(long, value_name = "days", default_value_t = MAX_AGE_DAYS)]
    pub(crate) max_age: u64,
    /// do not output the size of the cache directories
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
    /// the snapshots to count (default: all)
    #[arg(value_name = "snapshot ID")]
    pub(crate) snapshots: Vec<String>,
    /// counting mode: restore-size, files-by-contents, blobs-per-file or raw-data
    #[arg(long, value_name = "string", default_value = "restore-size")]
    pub(crate) mode: String,
    #[command(flatten)]
    pub(crate) filter: SnapshotFilterArguments,
}

/// `holdfast tag`
#[derive(Debug, Args)]
pub(crate) struct TagArguments {
    /// the snapshots to modify (default: all)
    #[arg(value_name = "snapshotID")]
    pub(crate) snapshots: Vec<String>,
    /// tags which will replace the existing tags in the format `tag[,tag,...]` (can be given
    /// multiple times)
    #[arg(long, value_name = "tags", value_parser = values::tag_list)]
    pub(crate) set: Vec<TagList>,
    /// tags which will be added to the existing tags in the format `tag[,tag,...]` (can be given
    /// multiple times)
    #[arg(long, value_name = "tags", value_parser = values::tag_list)]
    pub(crate) add: Vec<TagList>,
    /// tags which will be removed from the existing tags in the format `tag[,tag,...]` (can be
    /// given multiple times)
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
    /// print changes in metadata
    #[arg(long)]
    pub(crate) metadata: bool,
}

/// `holdfast find`
#[derive(Debug, Args)]
pub(crate) struct FindArguments {
    /// what to look for
    #[arg(value_name = "PATTERN")]
    pub(crate) patterns: Vec<String>,
    /// pattern is a blob-ID
    #[arg(long)]
    pub(crate) blob: bool,
    /// pattern is a tree-ID
    #[arg(long)]
    pub(crate) tree: bool,
    /// pattern is a pack-ID
    #[arg(long)]
    pub(crate) pack: bool,
    /// display the pack-ID the blobs belong to (with --blob or --tree)
    #[arg(long)]
    pub(crate) show_pack_id: bool,
    /// print sizes in human readable format
    #[arg(long)]
    pub(crate) human_readable: bool,
    /// ignore case for pattern
    #[arg(short = 'i', long)]
    pub(crate) ignore_case: bool,
    /// use a long listing format showing size and mode
    #[arg(short = 'l', long)]
    pub(crate) long: bool,
    /// newest modification date/time
    #[arg(short = 'N', long, value_name = "string")]
    pub(crate) newest: Option<String>,
    /// oldest modification date/time
    #[arg(short = 'O', long, value_name = "string")]
    pub(crate) oldest: Option<String>,
    /// reverse sort order oldest to newest
    #[arg(short = 'R', long)]
    pub(crate) reverse: bool,
    /// snapshot id to search in (can be given multiple times)
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
    /// set archive format
    #[arg(short = 'a', long, value_name = "format", default_value = "tar")]
    pub(crate) archive: ArchiveArgument,
    /// write the output to target path
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
