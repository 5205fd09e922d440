//! Flags of `backup`.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::Args;
use holdfast_engine::snapshot::GroupBy;

use crate::values::{self, TagList};

/// `holdfast backup`
#[derive(Debug, Args)]
pub(crate) struct BackupArguments {
    /// files and directories to back up; the command to run with --stdin-from-command
    #[arg(value_name = "FILE/DIR")]
    pub(crate) targets: Vec<OsString>,
    /// do not upload or write any data, just show what would be done
    #[arg(short = 'n', long)]
    pub(crate) dry_run: bool,
    #[command(flatten)]
    pub(crate) exclude: ExcludeArguments,
    #[command(flatten)]
    pub(crate) from: SourceArguments,
    #[command(flatten)]
    pub(crate) change: ChangeArguments,
    /// do not run scanner to estimate size of backup
    #[arg(long)]
    pub(crate) no_scan: bool,
    /// read n files concurrently (default: $RESTIC_READ_CONCURRENCY or the number of cores)
    #[arg(long, value_name = "n")]
    pub(crate) read_concurrency: Option<usize>,
    /// skip snapshot creation if identical to parent snapshot
    #[arg(long)]
    pub(crate) skip_if_unchanged: bool,
    /// set the hostname for the snapshot manually (default: $RESTIC_HOST)
    #[arg(short = 'H', long, value_name = "hostname")]
    pub(crate) host: Option<String>,
    /// what --host was called once
    #[arg(long, value_name = "hostname", hide = true)]
    pub(crate) hostname: Option<String>,
    /// add tags for the new snapshot in the format `tag[,tag,...]` (can be specified multiple
    /// times)
    #[arg(long = "tag", value_name = "tags", value_parser = values::tag_list)]
    pub(crate) tags: Vec<TagList>,
    /// time of the backup (ex. '2012-11-01 22:08:41') (default: now)
    #[arg(long, value_name = "time")]
    pub(crate) time: Option<String>,
    /// store the atime for all files and directories
    #[arg(long)]
    pub(crate) with_atime: bool,
    /// use the snapshot service of Windows; refused elsewhere
    #[arg(long, hide = true)]
    pub(crate) use_fs_snapshot: bool,
}

/// What to leave out.
#[derive(Debug, Args)]
pub(crate) struct ExcludeArguments {
    /// exclude a pattern (can be specified multiple times)
    #[arg(short = 'e', long = "exclude", value_name = "pattern")]
    pub(crate) patterns: Vec<String>,
    /// same as --exclude pattern but ignores the casing of filenames
    #[arg(long = "iexclude", value_name = "pattern")]
    pub(crate) insensitive_patterns: Vec<String>,
    /// read exclude patterns from a file (can be specified multiple times)
    #[arg(long = "exclude-file", value_name = "file")]
    pub(crate) files: Vec<PathBuf>,
    /// same as --exclude-file but ignores casing of filenames in patterns
    #[arg(long = "iexclude-file", value_name = "file")]
    pub(crate) insensitive_files: Vec<PathBuf>,
    /// excludes cache directories that are marked with a CACHEDIR.TAG file
    #[arg(long = "exclude-caches")]
    pub(crate) caches: bool,
    /// takes filename[:header], exclude contents of directories containing filename (except
    /// filename itself) if header of that file is as provided (can be specified multiple times)
    #[arg(long = "exclude-if-present", value_name = "filename[:header]")]
    pub(crate) if_present: Vec<String>,
    /// max size of the files to be backed up (allowed suffixes: k/K, m/M, g/G, t/T)
    #[arg(long = "exclude-larger-than", value_name = "size", value_parser = values::bytes)]
    pub(crate) larger_than: Option<u64>,
    /// exclude online-only files of cloud storages; refused where there are none
    #[arg(long = "exclude-cloud-files", hide = true)]
    pub(crate) cloud_files: bool,
    /// exclude other file systems, don't cross filesystem boundaries and subvolumes
    #[arg(short = 'x', long)]
    pub(crate) one_file_system: bool,
}

/// Where the list of sources, or the data itself, comes from.
#[derive(Debug, Args)]
pub(crate) struct SourceArguments {
    /// read the files to backup from file (can be combined with file args; can be specified
    /// multiple times)
    #[arg(long, value_name = "file")]
    pub(crate) files_from: Vec<OsString>,
    /// read the files to backup from file, separated by NUL
    #[arg(long, value_name = "file")]
    pub(crate) files_from_raw: Vec<OsString>,
    /// read the files to backup from file, each line verbatim
    #[arg(long, value_name = "file")]
    pub(crate) files_from_verbatim: Vec<OsString>,
    /// read backup from stdin
    #[arg(long)]
    pub(crate) stdin: bool,
    /// filename to use when reading from stdin
    #[arg(long, value_name = "filename", default_value = "stdin")]
    pub(crate) stdin_filename: OsString,
    /// interpret arguments as command to execute and store its stdout
    #[arg(long)]
    pub(crate) stdin_from_command: bool,
}

/// What tells a changed file.
#[derive(Debug, Args)]
pub(crate) struct ChangeArguments {
    /// force re-reading the source files/directories (overrides the "parent" flag)
    #[arg(short = 'f', long)]
    pub(crate) force: bool,
    /// group snapshots by host, paths and/or tags, separated by comma (disable grouping with '')
    /// (default host,paths)
    #[arg(short = 'g', long, value_name = "group")]
    pub(crate) group_by: Option<GroupBy>,
    /// ignore ctime changes when checking for modified files
    #[arg(long)]
    pub(crate) ignore_ctime: bool,
    /// ignore inode number and ctime changes when checking for modified files
    #[arg(long)]
    pub(crate) ignore_inode: bool,
    /// use this parent snapshot (default: latest snapshot in the group determined by --group-by
    /// and not newer than the timestamp determined by --time)
    #[arg(long, value_name = "snapshot")]
    pub(crate) parent: Option<String>,
}
