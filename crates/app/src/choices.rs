//! The person's choices for the app as a whole, and the services they depend on.

use crate::api::{ServiceState, Settings, SettingsPatch};
use crate::error::AppError;
use crate::ports::ShellReport;
use crate::state::State;

impl State {
    /// Changes settings. Start at login is changed with the system first: a setting that says
    /// what is not so is worse than a refusal.
    pub(crate) fn change_settings(&self, patch: &SettingsPatch) -> Result<Settings, AppError> {
        if let Some(enabled) = patch.start_at_login {
            let set = self.ports.autostart.set_enabled(enabled);
            set.map_err(|error| AppError::AutostartUnavailable { source: Box::new(error) })?;
        }
        let settings = self.edit(|file| {
            file.settings = patched(&file.settings, patch);
            Ok(file.settings.clone())
        })?;
        self.settings_changed();
        Ok(settings)
    }

    /// Finds out what the operating system offers.
    pub(crate) fn probe_services(&self) {
        let keychain = match self.secrets.probe() {
            Ok(()) => ServiceState::works(),
            Err(error) => ServiceState::missing(error.problem()),
        };
        let (autostart, enabled) = match self.ports.autostart.is_enabled() {
            Ok(enabled) => (ServiceState::works(), Some(enabled)),
            Err(error) => {
                let source = Box::new(error);
                let problem = AppError::AutostartUnavailable { source }.problem();
                (ServiceState::missing(problem), None)
            }
        };
        let notifications = match self.ports.notifier.presence() {
            Ok(()) => ServiceState::works(),
            Err(error) => {
                let source = Box::new(error);
                ServiceState::missing(AppError::NotificationsUnavailable { source }.problem())
            }
        };
        {
            let mut services = self.services.lock();
            services.keychain = keychain;
            services.notifications = notifications;
            services.autostart = autostart;
        }
        if let Some(enabled) = enabled {
            // Somebody may have changed it outside the app; what is so counts.
            let kept = self.edit(|file| {
                file.settings.start_at_login = enabled;
                Ok(())
            });
            if let Err(error) = kept {
                self.add_problem(error.problem());
            }
        }
        self.changed();
    }

    /// Takes what the shell found.
    pub(crate) fn take_report(&self, report: ShellReport) {
        self.services.lock().tray = match report {
            ShellReport::TrayShown => ServiceState::works(),
            ShellReport::TrayMissing(problem) => ServiceState::missing(problem),
        };
        self.changed();
    }
}

fn patched(settings: &Settings, patch: &SettingsPatch) -> Settings {
    let SettingsPatch {
        start_at_login,
        close_to_tray,
        step_aside,
        notify_on_failure,
        notify_on_overdue,
        notify_on_recovery,
        notify_on_success,
        quiet_hours,
        theme,
    } = patch;
    Settings {
        start_at_login: start_at_login.unwrap_or(settings.start_at_login),
        close_to_tray: close_to_tray.unwrap_or(settings.close_to_tray),
        step_aside: step_aside.unwrap_or(settings.step_aside),
        notify_on_failure: notify_on_failure.unwrap_or(settings.notify_on_failure),
        notify_on_overdue: notify_on_overdue.unwrap_or(settings.notify_on_overdue),
        notify_on_recovery: notify_on_recovery.unwrap_or(settings.notify_on_recovery),
        notify_on_success: notify_on_success.unwrap_or(settings.notify_on_success),
        quiet_hours: quiet_hours.unwrap_or(settings.quiet_hours),
        theme: theme.unwrap_or(settings.theme),
    }
}
