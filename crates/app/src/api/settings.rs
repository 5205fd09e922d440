//! Settings as the window sees them.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::TimeOfDay;

/// What a person chose for the app as a whole.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase", default)]
pub struct Settings {
    /// Start when the person logs in.
    pub start_at_login: bool,
    /// Closing the window leaves the app in the tray.
    pub close_to_tray: bool,
    /// All but restores let other programs go first.
    pub step_aside: bool,
    /// Tell about a failed backup.
    pub notify_on_failure: bool,
    /// Tell about a plan that is overdue, once a day at most.
    pub notify_on_overdue: bool,
    /// Tell when a plan that failed or was overdue is protected again.
    pub notify_on_recovery: bool,
    /// Tell about every backup that succeeded.
    pub notify_on_success: bool,
    /// When nothing is told that can wait.
    pub quiet_hours: QuietHours,
    /// Colours.
    pub theme: Theme,
}

/// Hours of each day in which a person does not want to be disturbed, by the computer's own clock.
/// They may pass midnight.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase", default)]
pub struct QuietHours {
    /// Whether there are any.
    pub on: bool,
    /// When they begin.
    pub from: TimeOfDay,
    /// When they end.
    pub to: TimeOfDay,
}

impl Default for QuietHours {
    fn default() -> Self {
        let at = |hour| TimeOfDay { hour, minute: 0 };
        Self { on: false, from: at(22), to: at(7) }
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            start_at_login: false,
            close_to_tray: true,
            step_aside: true,
            notify_on_failure: true,
            notify_on_overdue: true,
            notify_on_recovery: true,
            notify_on_success: false,
            quiet_hours: QuietHours::default(),
            theme: Theme::System,
        }
    }
}

/// What is to change of the settings. What is absent stays.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[ts(optional_fields)]
pub struct SettingsPatch {
    /// Start when the person logs in.
    pub start_at_login: Option<bool>,
    /// Closing the window leaves the app in the tray.
    pub close_to_tray: Option<bool>,
    /// All but restores let other programs go first.
    pub step_aside: Option<bool>,
    /// Tell about a failed backup.
    pub notify_on_failure: Option<bool>,
    /// Tell about a plan that is overdue.
    pub notify_on_overdue: Option<bool>,
    /// Tell when a plan is protected again.
    pub notify_on_recovery: Option<bool>,
    /// Tell about every backup that succeeded.
    pub notify_on_success: Option<bool>,
    /// When nothing is told that can wait.
    pub quiet_hours: Option<QuietHours>,
    /// Colours.
    pub theme: Option<Theme>,
}

/// Colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub enum Theme {
    /// As the system has it.
    System,
    /// Light.
    Light,
    /// Dark.
    Dark,
}
