//! All that the notices look at.
//!
//! Every field is a fact that some row of the table needs; none has a default, so that nobody can
//! ask what there is to tell without having looked at all of it.

use jiff::{SignedDuration, Timestamp};

use crate::api::{Bytes, OperationView, PlanId, Problem, RepositoryId, Settings};

/// What is so at one moment.
#[derive(Debug, Clone)]
pub(crate) struct Facts {
    pub(crate) now: Timestamp,
    /// True while the person does not want to be disturbed.
    pub(crate) is_quiet: bool,
    pub(crate) settings: Settings,
    pub(crate) plans: Vec<PlanFacts>,
    pub(crate) repositories: Vec<RepositoryFacts>,
    /// What happened just now, if that is why somebody looks.
    pub(crate) event: Option<Event>,
}

/// What is so of a plan.
#[derive(Debug, Clone)]
pub(crate) struct PlanFacts {
    pub(crate) id: PlanId,
    pub(crate) name: String,
    pub(crate) repository: RepositoryId,
    /// Why it can never run, if it cannot.
    pub(crate) never_runs: Option<Problem>,
    /// Its newest backup, if that failed and no snapshot was made since.
    pub(crate) failed: Option<OperationView>,
    /// Why it is overdue, if it is.
    pub(crate) overdue: Option<Problem>,
    /// When the newest good snapshot was made.
    pub(crate) newest_good: Option<Timestamp>,
    /// How long there has been no new snapshot.
    pub(crate) age: SignedDuration,
    /// How old the newest good snapshot may become.
    pub(crate) target: SignedDuration,
    /// Since when a backup of it runs, if one does.
    pub(crate) working_since: Option<Timestamp>,
    /// Its last backup that ended, whatever became of it.
    pub(crate) last: Option<OperationView>,
}

/// What is so of a repository.
#[derive(Debug, Clone)]
pub(crate) struct RepositoryFacts {
    pub(crate) id: RepositoryId,
    pub(crate) name: String,
    /// What runs that the clock started wait for and only a person can give: a password.
    pub(crate) awaits_person: Option<Problem>,
    /// The newest verify that came to an end, good or bad.
    pub(crate) verify: Option<OperationView>,
    /// The verify that found damage, unless a later one found none.
    pub(crate) damage: Option<OperationView>,
    /// What is left, if that is too little.
    pub(crate) hardly_any_room: Option<Bytes>,
}

/// What is told because it happened, and not because it is so.
#[derive(Debug, Clone)]
pub(crate) enum Event {
    /// An operation ended.
    Ended(Box<OperationView>),
    /// Auto Unlock removed locks of these owners.
    Unlocked {
        /// The operation that says so.
        operation: Box<OperationView>,
        /// In words.
        whose: String,
    },
}
