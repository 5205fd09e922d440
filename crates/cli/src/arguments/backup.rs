//! Flags of `backup`.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::Args;
use holdfast_engine::snapshot::GroupBy;

use crate::values::{self, TagList};

/// `holdfast backup`
#[derive(Debug, Args)]
pub(crate) struct BackupArguments {
    /// what to back up; with --stdin-from-command, the command and its arguments
    #[arg(value_name = "FILE/DIR")]
    pub(crate) targets: Vec<OsString>,
    /// store nothing, only say what would be stored
    #[arg(short = 'n', long)]
    pub(crate) dry_run: bool,
    #[command(flatten)]
    pub(crate) exclude: ExcludeArguments,
    #[command(flatten)]
    pub(crate) from: SourceArguments,
    #[command(flatten)]
    pub(crate) change: ChangeArguments,
    /// do not count files beforehand; there is no time left to show then
    #[arg(long)]
    pub(crate) no_scan: bool,
    /// how many files are read at a time ($RESTIC_READ_CONCURRENCY; as many as there are cores)
    #[arg(long, value_name = "n")]
    pub(crate) read_concurrency: Option<usize>,
    /// make no snapshot if nothing changed since the parent
    #[arg(long)]
    pub(crate) skip_if_unchanged: bool,
    /// the computer's name in the snapshot ($RESTIC_HOST)
    #[arg(short = 'H', long, value_name = "hostname")]
    pub(crate) host: Option<String>,
    /// what --host was called once
    #[arg(long, value_name = "hostname", hide = true)]
    pub(crate) hostname: Option<String>,
    /// tags of the snapshot, separated by commas; may be repeated
    #[arg(long = "tag", value_name = "tags", value_parser = values::tag_list)]
    pub(crate) tags: Vec<TagList>,
    /// the snapshot's time, as '2026-03-27 09:00:00' (now)
    #[arg(long, value_name = "time")]
    pub(crate) time: Option<String>,
    /// store when files were last read, too
    #[arg(long)]
    pub(crate) with_atime: bool,
    /// use the snapshot service of Windows; refused elsewhere
    #[arg(long, hide = true)]
    pub(crate) use_fs_snapshot: bool,
}

/// What to leave out.
#[derive(Debug, Args)]
pub(crate) struct ExcludeArguments {
    /// leave out what matches; may be repeated
    #[arg(short = 'e', long = "exclude", value_name = "pattern")]
    pub(crate) patterns: Vec<String>,
    /// the same, whatever the case of letters
    #[arg(long = "iexclude", value_name = "pattern")]
    pub(crate) insensitive_patterns: Vec<String>,
    /// leave out what matches a line of this file; may be repeated
    #[arg(long = "exclude-file", value_name = "file")]
    pub(crate) files: Vec<PathBuf>,
    /// the same, whatever the case of letters
    #[arg(long = "iexclude-file", value_name = "file")]
    pub(crate) insensitive_files: Vec<PathBuf>,
    /// leave out folders that a CACHEDIR.TAG marks as caches
    #[arg(long = "exclude-caches")]
    pub(crate) caches: bool,
    /// of folders that hold a file of this name (that begins with the header, if there is one)
    /// store only that file; may be repeated
    #[arg(long = "exclude-if-present", value_name = "filename[:header]")]
    pub(crate) if_present: Vec<String>,
    /// leave out files that are larger; k, m, g and t stand for powers of 1024
    #[arg(long = "exclude-larger-than", value_name = "size", value_parser = values::bytes)]
    pub(crate) larger_than: Option<u64>,
    /// exclude online-only files of cloud storages; refused where there are none
    #[arg(long = "exclude-cloud-files", hide = true)]
    pub(crate) cloud_files: bool,
    /// stay on the file system of each source
    #[arg(short = 'x', long)]
    pub(crate) one_file_system: bool,
}

/// Where the list of sources, or the data itself, comes from.
#[derive(Debug, Args)]
pub(crate) struct SourceArguments {
    /// also back up what this file lists, a pattern in each line; may be repeated
    #[arg(long, value_name = "file")]
    pub(crate) files_from: Vec<OsString>,
    /// the same, with names as they are and a NUL behind each
    #[arg(long, value_name = "file")]
    pub(crate) files_from_raw: Vec<OsString>,
    /// the same, with each line a name as it is
    #[arg(long, value_name = "file")]
    pub(crate) files_from_verbatim: Vec<OsString>,
    /// store what comes from standard input as a file
    #[arg(long)]
    pub(crate) stdin: bool,
    /// what that file is called
    #[arg(long, value_name = "filename", default_value = "stdin")]
    pub(crate) stdin_filename: OsString,
    /// run a command and store what it prints; no snapshot if it fails
    #[arg(long)]
    pub(crate) stdin_from_command: bool,
}

/// What tells a changed file.
#[derive(Debug, Args)]
pub(crate) struct ChangeArguments {
    /// read every file again, as if there were no parent
    #[arg(short = 'f', long)]
    pub(crate) force: bool,
    /// snapshots of the same host, paths or tags belong together; separated by commas, '' for all
    /// in one (host,paths)
    #[arg(short = 'g', long, value_name = "group")]
    pub(crate) group_by: Option<GroupBy>,
    /// a file whose metadata alone was touched is unchanged
    #[arg(long)]
    pub(crate) ignore_ctime: bool,
    /// so is one that got another inode; for some network drives
    #[arg(long)]
    pub(crate) ignore_inode: bool,
    /// what to compare with (the newest snapshot of the group of --group-by that is no newer than
    /// --time)
    #[arg(long, value_name = "snapshot")]
    pub(crate) parent: Option<String>,
}
