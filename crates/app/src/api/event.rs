//! What the app tells a window without being asked.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::{OperationId, OperationView, Overview, PlanId, Progress, RepositoryId, Settings};

/// Something changed.
///
/// An `overview` follows every change of what it shows; `progress` comes a few times a second
/// while something runs; an `operation` comes at each change of state.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(tag = "type", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum AppEvent {
    /// Everything the first screen shows.
    Overview {
        /// As it is now.
        overview: Box<Overview>,
    },
    /// A running operation got further.
    Progress {
        /// Which.
        operation: OperationId,
        /// How far.
        progress: Box<Progress>,
    },
    /// An operation changed its state.
    Operation {
        /// As it is now.
        operation: Box<OperationView>,
    },
    /// The settings changed.
    Settings {
        /// As they are now.
        settings: Settings,
    },
    /// Show something: a notification or the tray asked for it.
    Navigate {
        /// What.
        to: Route,
    },
}

/// A place in the window.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "type", rename_all = "camelCase")]
pub enum Route {
    /// The first screen.
    Overview,
    /// A plan.
    Plan {
        /// Which.
        plan: PlanId,
    },
    /// A repository.
    Repository {
        /// Which.
        repository: RepositoryId,
    },
    /// A repository, asking for its password.
    EnterPassword {
        /// Which.
        repository: RepositoryId,
    },
    /// An operation.
    Operation {
        /// Which.
        operation: OperationId,
    },
    /// The settings.
    Settings,
}
