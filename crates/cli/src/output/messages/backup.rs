//! Messages of `backup`.

use serde::Serialize;

use super::{go_float, is_false, is_zero};

/// How far a backup is.
#[derive(Debug, Serialize)]
pub(crate) struct BackupStatusMessage {
    pub(crate) message_type: &'static str,
    #[serde(skip_serializing_if = "is_zero")]
    pub(crate) seconds_elapsed: u64,
    #[serde(skip_serializing_if = "is_zero")]
    pub(crate) seconds_remaining: u64,
    #[serde(serialize_with = "go_float")]
    pub(crate) percent_done: f64,
    #[serde(skip_serializing_if = "is_zero")]
    pub(crate) total_files: u64,
    #[serde(skip_serializing_if = "is_zero")]
    pub(crate) files_done: u64,
    #[serde(skip_serializing_if = "is_zero")]
    pub(crate) total_bytes: u64,
    #[serde(skip_serializing_if = "is_zero")]
    pub(crate) bytes_done: u64,
    #[serde(skip_serializing_if = "is_zero")]
    pub(crate) error_count: u64,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) current_files: Vec<String>,
}

/// A problem that did not stop the backup or restore.
#[derive(Debug, Serialize)]
pub(crate) struct BackupErrorMessage {
    pub(crate) message_type: &'static str,
    pub(crate) error: ErrorText,
    pub(crate) during: &'static str,
    pub(crate) item: String,
}

/// What went wrong.
#[derive(Debug, Serialize)]
pub(crate) struct ErrorText {
    pub(crate) message: String,
}

/// What became of a file or folder, with `-vv`.
#[derive(Debug, Serialize)]
pub(crate) struct VerboseBackupMessage {
    pub(crate) message_type: &'static str,
    pub(crate) action: &'static str,
    pub(crate) item: String,
    #[serde(serialize_with = "go_float")]
    pub(crate) duration: f64,
    pub(crate) data_size: u64,
    pub(crate) data_size_in_repo: u64,
    pub(crate) metadata_size: u64,
    pub(crate) metadata_size_in_repo: u64,
    pub(crate) total_files: u64,
}

/// What the scan found.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ScanFinished {
    pub(crate) seconds: f64,
    pub(crate) files: u64,
    pub(crate) bytes: u64,
}

impl From<ScanFinished> for VerboseBackupMessage {
    fn from(scan: ScanFinished) -> Self {
        Self {
            message_type: "verbose_status",
            action: "scan_finished",
            item: String::new(),
            duration: scan.seconds,
            data_size: scan.bytes,
            data_size_in_repo: 0,
            metadata_size: 0,
            metadata_size_in_repo: 0,
            total_files: scan.files,
        }
    }
}

/// What a backup did.
#[derive(Debug, Serialize)]
pub(crate) struct BackupSummaryMessage {
    pub(crate) message_type: &'static str,
    pub(crate) files_new: u64,
    pub(crate) files_changed: u64,
    pub(crate) files_unmodified: u64,
    pub(crate) dirs_new: u64,
    pub(crate) dirs_changed: u64,
    pub(crate) dirs_unmodified: u64,
    pub(crate) data_blobs: u64,
    pub(crate) tree_blobs: u64,
    pub(crate) data_added: u64,
    pub(crate) data_added_packed: u64,
    pub(crate) total_files_processed: u64,
    pub(crate) total_bytes_processed: u64,
    #[serde(serialize_with = "go_float")]
    pub(crate) total_duration: f64,
    pub(crate) backup_start: String,
    pub(crate) backup_end: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) snapshot_id: Option<String>,
    #[serde(skip_serializing_if = "is_false")]
    pub(crate) dry_run: bool,
}
