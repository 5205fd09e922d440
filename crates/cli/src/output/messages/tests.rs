//! What restic 0.19.1 was seen to write, made again from its values.

use super::*;

fn json<T: Serialize>(message: &T) -> String {
    serde_json::to_string(message).expect("messages have text keys only")
}

#[test]
fn the_last_word_is_an_exit_error() {
    let message = ExitErrorMessage {
        message_type: "exit_error",
        code: 12,
        message: "Fatal: wrong password or no key found",
    };
    assert_eq!(
        json(&message),
        r#"{"message_type":"exit_error","code":12,"message":"Fatal: wrong password or no key found"}"#
    );
}

#[test]
fn init_names_the_repository() {
    let message = InitializedMessage {
        message_type: "initialized",
        id: "ab".repeat(32),
        repository: "/srv/r",
    };
    let expected = format!(
        r#"{{"message_type":"initialized","id":"{}","repository":"/srv/r"}}"#,
        "ab".repeat(32)
    );
    assert_eq!(json(&message), expected);
}

fn status() -> BackupStatusMessage {
    BackupStatusMessage {
        message_type: "status",
        seconds_elapsed: 0,
        seconds_remaining: 0,
        percent_done: 0.0,
        total_files: 1,
        files_done: 0,
        total_bytes: 0,
        bytes_done: 0,
        error_count: 0,
        current_files: vec!["/stdin".to_owned()],
    }
}

#[test]
fn a_status_leaves_zeros_out() {
    assert_eq!(
        json(&status()),
        r#"{"message_type":"status","percent_done":0,"total_files":1,"current_files":["/stdin"]}"#
    );
}

#[test]
fn a_status_has_its_keys_in_order() {
    let message = BackupStatusMessage {
        seconds_elapsed: 1,
        seconds_remaining: 35,
        percent_done: 0.028_257_265_349_308_572,
        total_files: 3067,
        files_done: 269,
        total_bytes: 1_250_011_371,
        bytes_done: 35_321_903,
        error_count: 2,
        current_files: vec!["/a".to_owned(), "/b".to_owned()],
        ..status()
    };
    assert_eq!(
        json(&message),
        concat!(
            r#"{"message_type":"status","seconds_elapsed":1,"seconds_remaining":35,"#,
            r#""percent_done":0.028257265349308572,"total_files":3067,"files_done":269,"#,
            r#""total_bytes":1250011371,"bytes_done":35321903,"error_count":2,"#,
            r#""current_files":["/a","/b"]}"#
        )
    );
}

#[test]
fn a_finding_is_an_error_message() {
    let message = BackupErrorMessage {
        message_type: "error",
        error: ErrorText { message: "open s4/x/no: permission denied".to_owned() },
        during: "archival",
        item: "/s4/x/no".to_owned(),
    };
    assert_eq!(
        json(&message),
        concat!(
            r#"{"message_type":"error","error":{"message":"open s4/x/no: permission denied"},"#,
            r#""during":"archival","item":"/s4/x/no"}"#
        )
    );
}

#[test]
fn the_scan_is_a_verbose_status() {
    let scan = ScanFinished { seconds: 0.005_584_65, files: 2, bytes: 3_000_006 };
    assert_eq!(
        json(&VerboseBackupMessage::from(scan)),
        concat!(
            r#"{"message_type":"verbose_status","action":"scan_finished","item":"","#,
            r#""duration":0.00558465,"data_size":3000006,"data_size_in_repo":0,"#,
            r#""metadata_size":0,"metadata_size_in_repo":0,"total_files":2}"#
        )
    );
}

fn summary() -> BackupSummaryMessage {
    BackupSummaryMessage {
        message_type: "summary",
        files_new: 0,
        files_changed: 1,
        files_unmodified: 2,
        dirs_new: 0,
        dirs_changed: 0,
        dirs_unmodified: 2,
        data_blobs: 0,
        tree_blobs: 0,
        data_added: 0,
        data_added_packed: 0,
        total_files_processed: 2,
        total_bytes_processed: 3_000_006,
        total_duration: 0.668_558_159,
        backup_start: "2026-11-21T09:00:30.641788028Z".to_owned(),
        backup_end: "2026-11-21T09:00:31.310346195Z".to_owned(),
        snapshot_id: None,
        dry_run: true,
    }
}

#[test]
fn a_summary_names_the_snapshot_only_if_there_is_one() {
    let beginning = concat!(
        r#"{"message_type":"summary","files_new":0,"files_changed":1,"files_unmodified":2,"#,
        r#""dirs_new":0,"dirs_changed":0,"dirs_unmodified":2,"data_blobs":0,"tree_blobs":0,"#,
        r#""data_added":0,"data_added_packed":0,"total_files_processed":2,"#,
        r#""total_bytes_processed":3000006,"total_duration":0.668558159,"#,
        r#""backup_start":"2026-11-21T09:00:30.641788028Z","#,
        r#""backup_end":"2026-11-21T09:00:31.310346195Z""#,
    );
    assert_eq!(json(&summary()), format!(r#"{beginning},"dry_run":true}}"#));
    let saved =
        BackupSummaryMessage { snapshot_id: Some("f00d".to_owned()), dry_run: false, ..summary() };
    assert_eq!(json(&saved), format!(r#"{beginning},"snapshot_id":"f00d"}}"#));
}

#[test]
fn restore_counts_leave_zeros_out() {
    let counts = RestoreCounts {
        total_files: 2,
        files_restored: 2,
        files_skipped: 2,
        files_deleted: 1,
        bytes_skipped: 3_000_010,
        ..RestoreCounts::default()
    };
    let message = RestoreSummaryMessage { message_type: "summary", seconds_elapsed: 0, counts };
    assert_eq!(
        json(&message),
        concat!(
            r#"{"message_type":"summary","total_files":2,"files_restored":2,"files_skipped":2,"#,
            r#""files_deleted":1,"bytes_skipped":3000010}"#
        )
    );
    let message = RestoreStatusMessage {
        message_type: "status",
        seconds_elapsed: 1,
        percent_done: 1.0,
        counts: RestoreCounts { total_files: 3, total_bytes: 9, ..RestoreCounts::default() },
    };
    assert_eq!(
        json(&message),
        concat!(
            r#"{"message_type":"status","seconds_elapsed":1,"percent_done":1,"#,
            r#""total_files":3,"total_bytes":9}"#
        )
    );
}

#[test]
fn statistics_have_what_their_mode_counts() {
    let message = StatsMessage {
        total_size: 3_000_010,
        total_file_count: 4,
        snapshots_count: 1,
        ..StatsMessage::default()
    };
    assert_eq!(
        json(&message),
        r#"{"total_size":3000010,"total_file_count":4,"snapshots_count":1}"#
    );
    let message = StatsMessage {
        total_size: 3_001_090,
        total_uncompressed_size: 3_001_672,
        compression_ratio: 1.000_193_929_538_934_2,
        compression_progress: 100.0,
        compression_space_saving: 0.019_389_193_756_014_222,
        total_blob_count: 6,
        snapshots_count: 1,
        ..StatsMessage::default()
    };
    assert_eq!(
        json(&message),
        concat!(
            r#"{"total_size":3001090,"total_uncompressed_size":3001672,"#,
            r#""compression_ratio":1.0001939295389342,"compression_progress":100,"#,
            r#""compression_space_saving":0.019389193756014222,"total_blob_count":6,"#,
            r#""snapshots_count":1}"#
        )
    );
}

#[test]
fn a_check_without_broken_packs_says_null() {
    let message = CheckSummaryMessage {
        message_type: "summary",
        num_errors: 0,
        broken_packs: None,
        suggest_repair_index: false,
        suggest_prune: false,
    };
    assert_eq!(
        json(&message),
        concat!(
            r#"{"message_type":"summary","num_errors":0,"broken_packs":null,"#,
            r#""suggest_repair_index":false,"suggest_prune":false}"#
        )
    );
}
