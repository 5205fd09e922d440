//! The one view that says how everything is.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::{Moment, OperationId, OperationView, PlanView, Problem, RepositoryView};

/// Everything the first screen shows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct Overview {
    /// The worst of all plans.
    pub health: HealthState,
    /// All plans, in the order they were made.
    pub plans: Vec<PlanView>,
    /// All repositories, in the order they were added.
    pub repositories: Vec<RepositoryView>,
    /// What runs or waits in the queue, the oldest first.
    pub running: Vec<OperationView>,
    /// The last eight operations, the newest first.
    pub recent: Vec<OperationView>,
    /// What the operating system offers.
    pub services: Services,
    /// Problems of the app itself that the person should know of: settings or history set aside.
    ///
    /// Added to what was agreed: both have no plan or repository to be shown at.
    pub problems: Vec<Problem>,
    /// What is wrong although it leaves every plan as protected as it is, the gravest first.
    pub concerns: Vec<Concern>,
    /// True until there was a first plan.
    pub first_start: bool,
    /// Whether everything that starts by itself is paused.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub paused: Option<PauseView>,
}

/// While it lasts, nothing starts by itself.
#[serde_with::skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(optional_fields)]
pub struct PauseView {
    /// When it began.
    pub since: Moment,
    /// When it ends by itself; absent until somebody resumes.
    pub until: Option<Moment>,
    /// The same in words.
    pub problem: Problem,
}

/// For how long a person pauses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub enum PauseFor {
    /// An hour.
    Hour,
    /// Until the next morning.
    UntilTomorrow,
    /// Until somebody resumes.
    UntilResumed,
}

/// How a plan is, or all of them. Derived, never stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub enum HealthState {
    /// The newest good snapshot is young enough.
    Protected,
    /// The newest good snapshot is older than the plan's target.
    Overdue,
    /// The last run failed.
    Failing,
    /// There is no snapshot yet.
    NeverBackedUp,
    /// It will go on by itself once something is there again.
    Waiting,
    /// There are no plans.
    NoPlans,
}

/// Something that the newest good snapshots do not show.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct Concern {
    /// What it is.
    pub kind: ConcernKind,
    /// Name of the plan whose items were skipped, or of the repository that is damaged.
    pub name: String,
    /// How many items, or how many problems.
    pub count: u64,
    /// The operation that found it.
    pub operation: OperationId,
}

/// Sorts of concerns, the gravest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub enum ConcernKind {
    /// The last verify found problems.
    DamageFound,
    /// The last backup could not read everything.
    FilesSkipped,
}

/// What the operating system offers, and what it does not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct Services {
    /// Where passwords are kept.
    pub keychain: ServiceState,
    /// Native notifications.
    pub notifications: ServiceState,
    /// The icon in the tray.
    pub tray: ServiceState,
    /// Start at login.
    pub autostart: ServiceState,
}

/// Whether a service of the operating system can be used.
#[serde_with::skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(optional_fields)]
pub struct ServiceState {
    /// True while it works.
    pub available: bool,
    /// Why not, and what can be done.
    pub problem: Option<Problem>,
}

impl ServiceState {
    /// It works.
    #[must_use]
    pub fn works() -> Self {
        Self { available: true, problem: None }
    }

    /// It does not.
    #[must_use]
    pub fn missing(problem: Problem) -> Self {
        Self { available: false, problem: Some(problem) }
    }
}
