//! What a policy keeps and removes, group by group, and how that is shown.

use holdfast_engine::clock::Clock;
use holdfast_engine::forget::{self, Decision};
use holdfast_engine::id::SnapshotId;
use holdfast_engine::snapshot::{self, GroupBy, GroupKey, HOST_AND_PATHS, SnapshotFilter};

use crate::arguments::ForgetArguments;
use crate::commands::snapshots::{sorted, table, title};
use crate::exit::{ExitStatus, Failure};
use crate::output::messages::snapshot_object;
use crate::output::{Verbosity, to_json};
use crate::selection::Stored;
use crate::session::Session;

/// What is to be removed.
pub(super) struct Choice {
    /// By id.
    pub(super) ids: Vec<SnapshotId>,
    /// How that came about; empty if the ids were given.
    pub(super) groups: Vec<Group>,
}

/// What a policy decided over a group.
pub(super) struct Group {
    key: GroupKey,
    /// Newest first, with the reasons.
    kept: Vec<(Stored, Vec<String>)>,
    /// Newest first.
    removed: Vec<Stored>,
}

/// Applies the policy of the command line. A group that would lose everything is refused before
/// anything is removed.
pub(super) fn by_policy(
    session: &Session,
    arguments: &ForgetArguments,
    filter: &SnapshotFilter,
    snapshots: &[&Stored],
) -> Result<Choice, Failure> {
    let policy = arguments.policy();
    if policy.is_empty() {
        if !arguments.may_remove_all() {
            return Err(Failure::fatal("no policy was specified, no snapshots will be removed")
                .advice("Say what to keep, such as --keep-daily 7, or give the ids to remove."));
        }
        if filter.hosts.is_empty() && filter.tags.is_empty() && filter.paths.is_empty() {
            return Err(Failure::fatal(
                "--unsafe-allow-remove-all is not allowed unless a snapshot filter option is \
                 specified",
            )
            .meaning("No snapshot was removed."));
        }
    }
    let line = format!("Applying Policy: {policy}");
    session.terminal.say(Verbosity::Normal, &line);
    let by = arguments.group_by.unwrap_or(HOST_AND_PATHS);
    let mut choice = Choice { ids: Vec::new(), groups: Vec::new() };
    for group in snapshot::group_by(snapshots.iter().copied(), by) {
        let now = session.clock.now();
        let decision = forget::apply(&policy, &group.snapshots, now, &session.zone);
        if decision.kept.is_empty() && !arguments.may_remove_all() {
            return Err(refusal(&group.key));
        }
        choice.ids.extend(decision.removed.iter().map(|(id, _)| *id));
        choice.groups.push(Group::new(group.key, &decision, by));
    }
    Ok(choice)
}

fn refusal(key: &GroupKey) -> Failure {
    let mut parts = Vec::new();
    parts.extend(key.hostname.as_ref().map(|host| format!("host {host}")));
    for (name, list) in [("path", &key.paths), ("tags", &key.tags)] {
        let list = list.as_ref().filter(|list| !list.is_empty());
        parts.extend(list.map(|list| format!("{name} [{}]", list.join(" "))));
    }
    let text = format!("refusing to delete last snapshot of snapshot group {:?}", parts.join(", "));
    Failure::plain(ExitStatus::Failed, text)
        .meaning("No snapshot was removed.")
        .advice("Keep something of it, or say --unsafe-allow-remove-all if that is meant.")
}

impl Group {
    fn new(key: GroupKey, decision: &Decision<'_>, by: GroupBy) -> Self {
        let kept = decision.kept.iter().map(|kept| {
            let reasons = kept.reasons.iter().map(ToString::to_string).collect();
            (sorted(kept.snapshot, Some(by)), reasons)
        });
        let removed = decision.removed.iter().map(|stored| sorted(stored, Some(by)));
        Self { key, kept: kept.collect(), removed: removed.collect() }
    }

    /// The group as restic's JSON has it.
    fn object(&self) -> String {
        let objects = |list: &mut dyn Iterator<Item = &Stored>| -> String {
            let objects: Vec<String> =
                list.map(|(id, snapshot)| snapshot_object(*id, snapshot)).collect();
            array(&objects)
        };
        let reasons = self.kept.iter().map(|((id, snapshot), reasons)| {
            let snapshot = snapshot_object(*id, snapshot);
            format!(r#"{{"snapshot":{snapshot},"matches":{}}}"#, to_json(reasons))
        });
        let reasons: Vec<String> = reasons.collect();
        let tags = self.key.tags.as_ref().filter(|tags| !tags.is_empty());
        format!(
            r#"{{"tags":{},"host":{},"paths":{},"keep":{},"remove":{},"reasons":{}}}"#,
            to_json(&tags),
            to_json(&self.key.hostname.as_deref().unwrap_or_default()),
            to_json(&self.key.paths),
            objects(&mut self.kept.iter().map(|(stored, _)| stored)),
            objects(&mut self.removed.iter()),
            array(&reasons)
        )
    }
}

/// Objects as an array; `null` where there are none, as Go has it.
fn array(objects: &[String]) -> String {
    if objects.is_empty() { "null".to_owned() } else { format!("[{}]", objects.join(",")) }
}

impl Choice {
    /// Shows what stays and what goes, oldest first.
    pub(super) fn show(
        &self,
        session: &Session,
        arguments: &ForgetArguments,
    ) -> Result<(), Failure> {
        let terminal = &session.terminal;
        if terminal.is_json() || terminal.verbosity() == Verbosity::Quiet {
            return Ok(());
        }
        for group in &self.groups {
            if let Some(title) = title(&group.key) {
                terminal.say(Verbosity::Verbose, &title);
            }
            let (kept, reasons): (Vec<&Stored>, Vec<Vec<String>>) =
                group.kept.iter().rev().map(|(stored, why)| (stored, why.clone())).unzip();
            show_list(session, arguments.compact, "keep", &kept, Some(&reasons))?;
            let removed: Vec<&Stored> = group.removed.iter().rev().collect();
            show_list(session, arguments.compact, "remove", &removed, None)?;
        }
        Ok(())
    }

    /// The same for programs.
    pub(super) fn show_json(&self, session: &Session) -> Result<(), Failure> {
        if session.terminal.is_json() && !self.groups.is_empty() {
            let groups: Vec<String> = self.groups.iter().map(Group::object).collect();
            session.terminal.line(&array(&groups))?;
        }
        Ok(())
    }
}

fn show_list(
    session: &Session,
    compact: bool,
    verb: &str,
    snapshots: &[&Stored],
    reasons: Option<&[Vec<String>]>,
) -> Result<(), Failure> {
    if snapshots.is_empty() {
        return Ok(());
    }
    session.terminal.line(&format!("{verb} {} snapshots:", snapshots.len()))?;
    for line in table(session, compact, snapshots, reasons).lines() {
        session.terminal.line(&line)?;
    }
    session.terminal.line("")?;
    Ok(())
}
