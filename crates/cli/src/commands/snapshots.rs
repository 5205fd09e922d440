//! `holdfast snapshots`

use holdfast_engine::snapshot::{self, GroupBy, GroupKey, HOST_AND_PATHS};

use super::Ended;
use crate::arguments::SnapshotsArguments;
use crate::exit::{ExitStatus, Failure};
use crate::output::messages::snapshot_object;
use crate::output::table::Table;
use crate::output::{format, to_json};
use crate::selection::Stored;
use crate::session::Session;

/// Lists snapshots. It takes no lock: nothing but snapshots is read, and one that is removed meanwhile
/// is listed as it was, or not at all.
pub(crate) fn snapshots(session: &Session, arguments: &SnapshotsArguments) -> Ended {
    if arguments.last {
        session.terminal.warn_of_old_flag("last", "use --latest 1");
    }
    let repository = session.open()?;
    let all = session.load_snapshots(&repository)?;
    let filter = session.filter(&arguments.filter);
    let mut chosen = session.chosen(&all, &arguments.snapshots, &filter).snapshots;
    chosen.sort_by(|(_, a), (_, b)| a.time.cmp_moment(&b.time));
    // As for restic, 0 is as good as none.
    let latest = if arguments.last { Some(1) } else { arguments.latest };
    if let Some(count) = latest.filter(|count| *count > 0) {
        let by = arguments.group_by.unwrap_or(HOST_AND_PATHS);
        chosen = snapshot::latest_of_each_group(&chosen, by, count);
    }
    let chosen: Vec<Stored> =
        chosen.into_iter().map(|stored| sorted(stored, arguments.group_by)).collect();
    show(session, arguments, &chosen.iter().collect::<Vec<_>>())?;
    Ok(if all.unreadable.is_empty() { ExitStatus::Success } else { ExitStatus::Failed })
}

/// The snapshot as restic shows it, which sorts paths, and tags if they are grouped by.
pub(super) fn sorted((id, snapshot): &Stored, by: Option<GroupBy>) -> Stored {
    let mut snapshot = snapshot.clone();
    snapshot.paths.sort_unstable();
    if by.is_some_and(|by| by.tags) {
        snapshot.tags.sort_unstable();
    }
    (*id, snapshot)
}

fn show(
    session: &Session,
    arguments: &SnapshotsArguments,
    chosen: &[&Stored],
) -> Result<(), Failure> {
    let by = arguments.group_by.filter(|by| *by != GroupBy::default());
    let Some(by) = by else {
        return if session.terminal.is_json() {
            Ok(session.terminal.line(&format!("[{}]", objects(chosen)))?)
        } else {
            show_table(session, arguments.compact, chosen)
        };
    };
    let groups = snapshot::group_by(chosen.iter().copied(), by);
    if session.terminal.is_json() {
        let groups: Vec<String> = groups
            .iter()
            .map(|group| {
                let key = key_object(&group.key);
                format!(r#"{{"group_key":{key},"snapshots":[{}]}}"#, objects(&group.snapshots))
            })
            .collect();
        return Ok(session.terminal.line(&format!("[{}]", groups.join(",")))?);
    }
    for group in &groups {
        if let Some(title) = title(&group.key) {
            session.terminal.line(&title)?;
        }
        show_table(session, arguments.compact, &group.snapshots)?;
    }
    Ok(())
}

fn objects(snapshots: &[&Stored]) -> String {
    let objects = snapshots.iter().map(|(id, snapshot)| snapshot_object(*id, snapshot));
    objects.collect::<Vec<_>>().join(",")
}

fn key_object(key: &GroupKey) -> String {
    to_json(&serde_json::json!({
        "hostname": key.hostname.as_deref().unwrap_or_default(),
        "paths": key.paths,
        "tags": key.tags.as_ref().filter(|tags| !tags.is_empty()),
    }))
}

/// What stands above a group that is told from others.
pub(super) fn title(key: &GroupKey) -> Option<String> {
    let mut parts = Vec::new();
    if let Some(host) = &key.hostname {
        parts.push(format!("host [{host}]"));
    }
    for (name, list) in [("tags", &key.tags), ("paths", &key.paths)] {
        if let Some(list) = list.as_ref().filter(|list| !list.is_empty()) {
            parts.push(format!("{name} [{}]", list.join(", ")));
        }
    }
    (!parts.is_empty()).then(|| format!("snapshots for ({}):", parts.join(", ")))
}

fn show_table(session: &Session, compact: bool, snapshots: &[&Stored]) -> Result<(), Failure> {
    if snapshots.is_empty() {
        return Ok(());
    }
    for line in table(session, compact, snapshots, None).lines() {
        session.terminal.line(&line)?;
    }
    Ok(())
}

/// The table of snapshots, with the reasons to keep each if there are any.
pub(super) fn table(
    session: &Session,
    compact: bool,
    snapshots: &[&Stored],
    reasons: Option<&[Vec<String>]>,
) -> Table {
    // As for restic, the compact table has no room for reasons.
    let reasons = reasons.filter(|_| !compact);
    let mut table = Table::default();
    table.column("ID");
    table.column("Time");
    if compact {
        table.column("Host");
        table.column("Tags  ");
    } else {
        table.column("Host      ");
        table.column("Tags      ");
        if reasons.is_some() {
            table.column("Reasons");
        }
        table.column("Paths");
    }
    let has_sizes = snapshots.iter().any(|(_, snapshot)| snapshot.summary.is_some());
    if has_sizes {
        table.column("Size");
    }
    for (number, (id, snapshot)) in snapshots.iter().enumerate() {
        if !compact && snapshot.paths.len() > 1 {
            table.separate_rows();
        }
        let time = format::local_time(&snapshot.time, &session.zone);
        let mut row = vec![vec![id.short()], vec![time], vec![snapshot.hostname.clone()]];
        if compact {
            row.push(snapshot.tags.clone());
        } else {
            row.push(vec![snapshot.tags.join(",")]);
            row.extend(reasons.map(|reasons| reasons[number].clone()));
            row.push(snapshot.paths.clone());
        }
        if has_sizes {
            let size = snapshot.summary.as_ref().map(|summary| summary.total_bytes_processed);
            row.push(vec![size.map(format::bytes).unwrap_or_default()]);
        }
        table.row(row);
    }
    table.footer(format!("Timestamps shown in {}", zone_name(session)));
    table.footer(format!("{} snapshots", snapshots.len()));
    table
}

/// What restic calls the zone: that of `TZ`, which it takes for UTC if it is empty.
fn zone_name(session: &Session) -> String {
    let Some(name) = session.environment.plain("TZ".as_ref()) else {
        return "local time".to_owned();
    };
    let name = name.to_string_lossy();
    match name.strip_prefix(':').unwrap_or(&name) {
        "" => "UTC".to_owned(),
        "/etc/localtime" => "local time".to_owned(),
        name => name.to_owned(),
    }
}
