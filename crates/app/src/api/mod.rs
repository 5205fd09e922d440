//! What crosses the line between the app and a window: the only JSON that leaves.
//!
//! The TypeScript in `ui/src/api/generated.ts` is made from these types by
//! `cargo run -p holdfast-app --bin generate-types`, and a test fails while it is not fresh.
//!
//! Keys are camelCase, moments are milliseconds since 1970, sizes are bytes. A state is a word the
//! window translates; text for people stands only in [`Problem`], logs and findings.

mod doctor;
mod event;
mod hooks;
mod operation;
mod overview;
mod plan;
mod problem;
mod repository;
mod restore;
mod search;
mod settings;
mod snapshot;
mod timing;
pub mod typescript;

use std::fmt;

use holdfast_engine::secret::Password;
use serde::{Deserialize, Deserializer, Serialize};
use ts_rs::TS;

pub use doctor::{
    CheckGroup, CheckId, CheckView, DoctorReport, FixAction, FixView, Limits, Verdict,
};
pub use event::{AppEvent, Route};
pub use hooks::{
    Channel, HookDraft, HookOn, HookOutcome, HookPreview, HookScope, HookSecrets, HookSecretsView,
    HookView, MailSecurity, OnHookFailure, WebMethod,
};
pub use operation::{
    FindingExample, FindingGroup, LogLevel, LogLine, MissedRuns, OperationDetail, OperationKind,
    OperationState, OperationSummary, OperationView, OperationsQuery, Progress, ProgressPhase,
    RunStarted, Trigger,
};
pub use overview::{
    Concern, ConcernKind, HealthState, Overview, PauseFor, PauseView, ServiceState, Services,
};
pub use plan::{
    DayCell, DayState, ExcludePreset, Excludes, FolderKind, FolderSize, FolderSuggestion, LastRun,
    PlanDraft, PlanHealth, PlanView,
};
pub use problem::{Code, Problem, ProblemAction};
pub use repository::{
    AutoUnlock, LastVerify, Light, Lights, Location, LockVerdict, LockView, ProbeState,
    RecoverySheet, RepositoryDraft, RepositoryPatch, RepositoryProbe, RepositoryView, SecretState,
    VerifyScope,
};
pub use restore::{
    OnConflict, RestoreAction, RestoreDestination, RestoreEntry, RestorePreview, RestoreRequest,
};
pub use search::{
    DifferenceView, DifferingEntry, EntryChange, SearchHit, SearchPage, SearchQuery, VersionView,
};
pub use settings::{QuietHours, Settings, SettingsPatch, Theme};
pub use snapshot::{EntryKind, EntryView, SnapshotView};
pub use timing::{IntervalUnit, Schedule, TimeOfDay, Timing, Weekday, Window};

/// Milliseconds since 1970-01-01T00:00:00Z.
pub type Moment = i64;

/// A number of bytes.
pub type Bytes = u64;

macro_rules! name_type {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(
            Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, TS,
        )]
        #[serde(transparent)]
        pub struct $name(pub String);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                Self(text.to_owned())
            }
        }
    };
}

name_type! {
    /// Names a plan, for as long as it exists.
    PlanId
}
name_type! {
    /// Names a repository in this app's settings. Not the id in the repository's config: that one
    /// is known only once the repository was opened.
    RepositoryId
}
name_type! {
    /// Names an operation, for ever. Later operations have greater names.
    OperationId
}
name_type! {
    /// Names a run: everything one trigger started.
    RunId
}
name_type! {
    /// Names a restore preview until it is applied or replaced.
    PreviewId
}
name_type! {
    /// Names one of the exclude presets that come with the app.
    ExcludePresetId
}

name_type! {
    /// Names a hook, for as long as it exists.
    HookId
}

/// A password on its way in. It cannot be printed, and is wiped when dropped.
#[derive(Clone)]
pub struct Secret(pub Password);

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(|text| Self(Password::new(text)))
    }
}
