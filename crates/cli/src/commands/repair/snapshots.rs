//! `holdfast repair snapshots`

use holdfast_engine::rewrite::{SnapshotChange, TreeChange};

use crate::arguments::RepairSnapshotsArguments;
use crate::commands::Ended;
use crate::commands::rewrite::{Work, run};
use crate::session::Session;

/// Makes new snapshots without what is lost.
pub(super) fn repair(session: &Session, arguments: &RepairSnapshotsArguments) -> Ended {
    let change = SnapshotChange { trees: TreeChange::Repair, ..SnapshotChange::none("repaired") };
    let (dry_run, forget) = (arguments.dry_run, arguments.forget);
    let (ids, filter) = (&arguments.snapshots, &arguments.filter);
    run(session, &Work { change, dry_run, forget, ids, filter, operation: "repair snapshots" })
}
