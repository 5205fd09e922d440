//! Journeys through the app with the real engine, on a clock that is moved by hand.

mod again;
mod backup;
mod catalogue;
mod doctor;
mod health;
mod hooks;
mod keychain;
mod kill;
mod locks;
mod notices;
mod own_files;
mod queue;
mod repositories;
mod restore;
mod schedule;

use holdfast_app::api::{OperationView, Trigger};

/// Operations in a few words: `backup missed succeeded`.
fn in_words(operations: &[OperationView]) -> Vec<String> {
    operations
        .iter()
        .map(|one| {
            let words = format!("{:?} {:?} {:?}", one.kind, one.trigger, one.state);
            words.to_lowercase()
        })
        .collect()
}

/// How many operations were started for a reason.
fn started(operations: &[OperationView], trigger: Trigger) -> usize {
    operations.iter().filter(|one| one.trigger == trigger).count()
}
