//! Messages of `restore`.

use serde::Serialize;

use super::{go_float, is_zero};

/// How far a restore is.
#[derive(Debug, Serialize)]
pub(crate) struct RestoreStatusMessage {
    pub(crate) message_type: &'static str,
    #[serde(skip_serializing_if = "is_zero")]
    pub(crate) seconds_elapsed: u64,
    #[serde(serialize_with = "go_float")]
    pub(crate) percent_done: f64,
    #[serde(flatten)]
    pub(crate) counts: RestoreCounts,
}

/// What a restore did.
#[derive(Debug, Serialize)]
pub(crate) struct RestoreSummaryMessage {
    pub(crate) message_type: &'static str,
    #[serde(skip_serializing_if = "is_zero")]
    pub(crate) seconds_elapsed: u64,
    #[serde(flatten)]
    pub(crate) counts: RestoreCounts,
}

/// Files include folders and everything else, as in restic.
#[derive(Debug, Clone, Copy, Default, Serialize)]
pub(crate) struct RestoreCounts {
    #[serde(skip_serializing_if = "is_zero")]
    pub(crate) total_files: u64,
    #[serde(skip_serializing_if = "is_zero")]
    pub(crate) files_restored: u64,
    #[serde(skip_serializing_if = "is_zero")]
    pub(crate) files_skipped: u64,
    #[serde(skip_serializing_if = "is_zero")]
    pub(crate) files_deleted: u64,
    #[serde(skip_serializing_if = "is_zero")]
    pub(crate) total_bytes: u64,
    #[serde(skip_serializing_if = "is_zero")]
    pub(crate) bytes_restored: u64,
    #[serde(skip_serializing_if = "is_zero")]
    pub(crate) bytes_skipped: u64,
}

/// What became of a file or folder, with `-vv`.
#[derive(Debug, Serialize)]
pub(crate) struct VerboseRestoreMessage {
    pub(crate) message_type: &'static str,
    pub(crate) action: &'static str,
    pub(crate) item: String,
    pub(crate) size: u64,
}
