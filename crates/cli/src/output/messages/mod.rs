//! The JSON messages that programs read: restic's names, order and omissions.
//!
//! What restic leaves out when it is zero is left out here too. `message_type` comes first where
//! it does in restic.

mod backup;
mod restore;

pub(crate) use backup::{
    BackupErrorMessage, BackupStatusMessage, BackupSummaryMessage, ErrorText, ScanFinished,
    VerboseBackupMessage,
};
pub(crate) use restore::{
    RestoreCounts, RestoreStatusMessage, RestoreSummaryMessage, VerboseRestoreMessage,
};

use holdfast_engine::id::SnapshotId;
use holdfast_engine::snapshot::Snapshot;
use serde::{Serialize, Serializer};

/// The last word of a command that failed.
#[derive(Debug, Serialize)]
pub(crate) struct ExitErrorMessage<'a> {
    pub(crate) message_type: &'static str,
    pub(crate) code: u8,
    pub(crate) message: &'a str,
}

/// `init`
#[derive(Debug, Serialize)]
pub(crate) struct InitializedMessage<'a> {
    pub(crate) message_type: &'static str,
    pub(crate) id: String,
    pub(crate) repository: &'a str,
}

/// `version`
#[derive(Debug, Serialize)]
pub(crate) struct VersionMessage<'a> {
    pub(crate) message_type: &'static str,
    pub(crate) version: &'a str,
    /// Not restic's: whose format and command line this is.
    pub(crate) program: &'a str,
    pub(crate) go_version: &'a str,
    pub(crate) go_os: &'a str,
    pub(crate) go_arch: &'a str,
}

/// `check`
#[derive(Debug, Serialize)]
pub(crate) struct CheckSummaryMessage {
    pub(crate) message_type: &'static str,
    pub(crate) num_errors: u64,
    /// `null` if there are none.
    pub(crate) broken_packs: Option<Vec<String>>,
    pub(crate) suggest_repair_index: bool,
    pub(crate) suggest_prune: bool,
}

/// An error that `check` found.
#[derive(Debug, Serialize)]
pub(crate) struct CheckErrorMessage {
    pub(crate) message_type: &'static str,
    pub(crate) message: String,
}

/// `stats`
#[derive(Debug, Default, Serialize)]
pub(crate) struct StatsMessage {
    pub(crate) total_size: u64,
    #[serde(skip_serializing_if = "is_zero")]
    pub(crate) total_uncompressed_size: u64,
    #[serde(skip_serializing_if = "is_zero_float", serialize_with = "go_float")]
    pub(crate) compression_ratio: f64,
    #[serde(skip_serializing_if = "is_zero_float", serialize_with = "go_float")]
    pub(crate) compression_progress: f64,
    #[serde(skip_serializing_if = "is_zero_float", serialize_with = "go_float")]
    pub(crate) compression_space_saving: f64,
    #[serde(skip_serializing_if = "is_zero")]
    pub(crate) total_file_count: u64,
    #[serde(skip_serializing_if = "is_zero")]
    pub(crate) total_blob_count: u64,
    pub(crate) snapshots_count: u64,
}

/// `tag`: a snapshot that was replaced
#[derive(Debug, Serialize)]
pub(crate) struct TagChangedMessage {
    pub(crate) message_type: &'static str,
    pub(crate) old_snapshot_id: String,
    pub(crate) new_snapshot_id: String,
}

/// `tag`, at the end
#[derive(Debug, Serialize)]
pub(crate) struct TagSummaryMessage {
    pub(crate) message_type: &'static str,
    pub(crate) changed_snapshots: usize,
}

/// `diff`: an entry that differs
#[derive(Debug, Serialize)]
pub(crate) struct DiffChangeMessage {
    pub(crate) message_type: &'static str,
    pub(crate) path: String,
    pub(crate) modifier: String,
}

/// `diff`, at the end
#[derive(Debug, Serialize)]
pub(crate) struct DiffStatisticsMessage<'a> {
    pub(crate) message_type: &'static str,
    pub(crate) source_snapshot: &'a str,
    pub(crate) target_snapshot: &'a str,
    pub(crate) changed_files: u64,
    pub(crate) added: DiffCountsMessage,
    pub(crate) removed: DiffCountsMessage,
}

/// What only one of two snapshots has.
#[derive(Debug, Serialize)]
pub(crate) struct DiffCountsMessage {
    pub(crate) files: u64,
    pub(crate) dirs: u64,
    pub(crate) others: u64,
    pub(crate) data_blobs: u64,
    pub(crate) tree_blobs: u64,
    pub(crate) bytes: u64,
}

/// A snapshot as restic shows it: as it is stored, and its id.
pub(crate) fn snapshot_object(id: SnapshotId, snapshot: &Snapshot) -> String {
    let stored = snapshot.to_json();
    let stored = String::from_utf8_lossy(&stored);
    let fields = stored.strip_suffix('}').unwrap_or(&stored);
    format!(r#"{fields},"id":"{id}","short_id":"{}"}}"#, id.short())
}

fn is_zero(number: &u64) -> bool {
    *number == 0
}

fn is_zero_float(number: &f64) -> bool {
    *number == 0.0
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes fields by reference")]
fn is_false(flag: &bool) -> bool {
    !*flag
}

/// Whole numbers without a fraction, as Go writes them.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes fields by reference")]
fn go_float<S: Serializer>(number: &f64, serializer: S) -> Result<S::Ok, S::Error> {
    if number.fract() == 0.0 && number.abs() < 1e15 {
        serializer.serialize_i64(*number as i64)
    } else {
        serializer.serialize_f64(*number)
    }
}

#[cfg(test)]
mod tests;
