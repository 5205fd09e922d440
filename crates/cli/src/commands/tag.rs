//! `holdfast tag`

use std::sync::Arc;

use holdfast_engine::lock::HeldLock;
use holdfast_engine::monitor::{Event, Monitor};
use holdfast_engine::repository::Repository;
use holdfast_engine::tag::{self, TagChange, TagError, TagOutcome};

use super::Ended;
use crate::arguments::TagArguments;
use crate::exit::{ExitStatus, Failure};
use crate::output::messages::{TagChangedMessage, TagSummaryMessage};
use crate::output::{Terminal, Verbosity};
use crate::session::Session;
use crate::{explain, locking, values};

/// Changes tags.
pub(crate) fn tag(session: &Session, arguments: &TagArguments) -> Ended {
    let change = change(arguments)?;
    let repository = session.open()?;
    session.terminal.say(Verbosity::Normal, "create exclusive lock for repository");
    let lock = session.lock_to_write(&repository, true, "tag")?;
    let outcome = run(session, arguments, &repository, &change, &lock);
    locking::release(session, Some(lock));
    report(session, &outcome?)
}

fn change(arguments: &TagArguments) -> Result<TagChange, Failure> {
    let (set, add, remove) = (&arguments.set, &arguments.add, &arguments.remove);
    match (set.is_empty(), add.is_empty() && remove.is_empty()) {
        (true, true) => Err(Failure::fatal("nothing to do!")
            .advice("Say what to change by --set, --add or --remove.")),
        (false, false) => {
            Err(Failure::fatal("--set and --add/--remove cannot be given at the same time"))
        }
        (true, false) => {
            let (add, remove) = (values::flat_tags(add), values::flat_tags(remove));
            Ok(TagChange::Edit { add, remove })
        }
        (false, true) => Ok(match values::flat_tags(set) {
            // So restic has it: no tags to set are none, and nothing to do.
            tags if tags.is_empty() => TagChange::Edit { add: Vec::new(), remove: Vec::new() },
            tags => TagChange::Set(tags),
        }),
    }
}

fn run(
    session: &Session,
    arguments: &TagArguments,
    repository: &Arc<Repository>,
    change: &TagChange,
    lock: &HeldLock,
) -> Result<TagOutcome, Failure> {
    let all = session.load_snapshots(repository)?;
    let filter = session.filter(&arguments.filter);
    let chosen = session.chosen(&all, &arguments.snapshots, &filter).snapshots;
    let warnings = Warnings(&session.terminal);
    tag::tag(repository, &chosen, change, lock, &warnings, &session.cancel).map_err(failed)
}

fn report(session: &Session, outcome: &TagOutcome) -> Ended {
    let terminal = &session.terminal;
    let count = outcome.changed.len();
    for changed in &outcome.changed {
        let (old, new) = (changed.old, changed.new);
        if terminal.is_json() {
            terminal.message(&TagChangedMessage {
                message_type: "changed",
                old_snapshot_id: old.to_string(),
                new_snapshot_id: new.to_string(),
            })?;
        } else {
            let line = format!("old snapshot ID: {old} -> new snapshot ID: {new}");
            terminal.say(Verbosity::Verbose, &line);
        }
    }
    if terminal.is_json() {
        let message = TagSummaryMessage { message_type: "summary", changed_snapshots: count };
        terminal.message(&message)?;
    } else if count == 0 {
        terminal.say(Verbosity::Normal, "no snapshots were modified");
    } else {
        terminal.say(Verbosity::Normal, &format!("modified {count} snapshots"));
    }
    // As for restic, what could not be changed is a warning.
    Ok(ExitStatus::Success)
}

fn failed(error: TagError) -> Failure {
    match error {
        TagError::Cancelled { .. } => explain::cancelled(),
        error => Failure::fatal("the lock on the repository was lost")
            .meaning("Every snapshot is there, with its old tags or its new ones.")
            .advice("Run the command again when the other program is done.")
            .cause(error),
    }
}

struct Warnings<'a>(&'a Terminal);

impl Monitor for Warnings<'_> {
    fn event(&self, event: Event<'_>) {
        if let Event::Finding(finding) = event {
            let text = &finding.message;
            self.0.warn(&format!("unable to modify the tags for {text}, ignoring"));
        }
    }
}
