//! How a backup is made.

use std::num::NonZeroUsize;

use jiff::Timestamp;

use super::exclude::Rules;
use crate::codec::Compression;
use crate::id::SnapshotId;
use crate::pack::PACK_BYTES_DEFAULT;
use crate::snapshot::{GroupBy, HOST_AND_PATHS};

/// How a backup is made. The default is restic's.
#[derive(Debug, Clone)]
pub struct BackupOptions {
    /// What is left out.
    pub rules: Rules,
    /// The patterns among the rules, as they are recorded in the snapshot.
    pub excludes: Vec<String>,
    /// Labels for the snapshot.
    pub tags: Vec<String>,
    /// The computer's name to record in place of the real one.
    pub hostname: Option<String>,
    /// The snapshot's time in place of the present.
    pub time: Option<Timestamp>,
    /// What it is compared with.
    pub parent: ParentChoice,
    /// What a snapshot must have in common with the new one to be the latest to compare with.
    pub parent_group: GroupBy,
    /// Store access times.
    pub with_atime: bool,
    /// Do not take a new time of metadata change for a change.
    pub ignore_ctime: bool,
    /// Do not take a new inode number, or time of metadata change, for a change.
    pub ignore_inode: bool,
    /// Write no snapshot if nothing differs from the parent.
    pub skip_if_unchanged: bool,
    /// How many files and folders are worked on at the same time; else as many as there are cores.
    /// More than that helps where the source is slow to answer, fewer where others need the computer.
    pub workers: Option<NonZeroUsize>,
    /// Read in turns, each as long as it pays: a spinning disk takes as long to move between two files
    /// as to read a megabyte. What was read is still worked on by all.
    pub reads_in_turns: bool,
    /// Whether the source is counted beside the backup, so that progress can tell what is left.
    pub scan: Scan,
    /// How hard to compress.
    pub compression: Compression,
    /// The size at which packs are closed, in bytes.
    pub pack_bytes: u32,
    /// Read every blob back before it is stored.
    pub extra_verify: bool,
}

impl Default for BackupOptions {
    fn default() -> Self {
        Self {
            rules: Rules::default(),
            excludes: Vec::new(),
            tags: Vec::new(),
            hostname: None,
            time: None,
            parent: ParentChoice::Latest,
            parent_group: HOST_AND_PATHS,
            with_atime: false,
            ignore_ctime: false,
            ignore_inode: false,
            skip_if_unchanged: false,
            workers: None,
            reads_in_turns: false,
            scan: Scan::default(),
            compression: Compression::default(),
            pack_bytes: PACK_BYTES_DEFAULT,
            extra_verify: true,
        }
    }
}

/// When the source is counted beside the backup. Until it is, the parent's totals stand in for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Scan {
    /// Never.
    Never,
    /// When there is no parent, or much to be read: a short backup would be over before the count.
    #[default]
    WhenLong,
    /// Always.
    Always,
}

/// Which snapshot a backup is compared with, so that unchanged files need not be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ParentChoice {
    /// The latest one of the same computer and paths.
    #[default]
    Latest,
    /// This one.
    This(SnapshotId),
    /// None: every file is read.
    None,
}
