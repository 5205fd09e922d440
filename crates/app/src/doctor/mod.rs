//! The doctor: why a backup would fail or be worth nothing, found before it happens.
//!
//! [`look`] gathers readings and changes nothing but a small file that it writes, lists and
//! removes; [`judge`] says what they mean, purely; [`report`] writes it down without secrets. What
//! is looked at before each backup is in `preflight`, and the doctor asks the same questions there.
//! It never walks through a source.

mod judge;
mod look;
mod readings;
mod report;

use std::sync::Arc;

use crate::api::{
    AppEvent, DoctorReport, FixAction, PlanId, Problem, Route, SettingsPatch, Trigger, VerifyScope,
};
use crate::app::App;
use crate::error::AppError;
use crate::operation::Task;
use crate::plan::{self, Plan};
use crate::preflight;
use crate::state::State;

impl App {
    /// Looks at everything that could keep backups from being made or from being worth something.
    pub async fn doctor(&self) -> Result<DoctorReport, Problem> {
        self.off(|state| Ok(state.doctor())).await
    }

    /// Does what the doctor offers, or shows where a person can do it.
    pub async fn fix(&self, action: FixAction) -> Result<(), Problem> {
        self.off(move |state| state.fix(action)).await
    }
}

impl State {
    fn doctor(self: &Arc<Self>) -> DoctorReport {
        let (at, began) = (self.now(), self.ports.clock.elapsed());
        let readings = self.readings();
        let checks = judge::judge(&readings);
        let text = report::text(&checks, &self.hidden(), &readings.app.version, at, &self.zone());
        let took = self.ports.clock.elapsed().saturating_sub(began);
        DoctorReport {
            at: at.as_millisecond(),
            took_millis: u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
            checks,
            text,
        }
    }

    fn hidden(&self) -> report::Hidden {
        let first = self.surroundings.personal_folders.first();
        let home = first.and_then(|(_, folder)| folder.parent());
        report::Hidden {
            home: home.map(std::path::Path::to_owned),
            user: self.surroundings.identity.username.clone(),
            computer: self.surroundings.identity.hostname.clone(),
        }
    }

    fn fix(self: &Arc<Self>, action: FixAction) -> Result<(), AppError> {
        match action {
            FixAction::ExcludeRepository { plan } => self.exclude_repository(&plan),
            FixAction::Unlock { repository, locks } => self.unlock(&repository, &locks).map(drop),
            FixAction::Verify { repository } => {
                let task = Task::Verify { scope: VerifyScope::Structure };
                self.request(task, &repository, None, Trigger::Manual).map(drop)
            }
            FixAction::Run { plan } => self.run_plan(&plan, Trigger::Manual).map(drop),
            FixAction::StartAtLogin => {
                let patch =
                    SettingsPatch { start_at_login: Some(true), ..SettingsPatch::default() };
                self.change_settings(&patch).map(drop)
            }
            FixAction::TestHook { hook } => self.try_hook(&hook),
            FixAction::EditPlan { plan } => {
                self.plan(&plan)?;
                self.lead_to(Route::Plan { plan })
            }
            FixAction::ShowRepository { repository } => {
                self.repository(&repository)?;
                self.lead_to(Route::Repository { repository })
            }
            FixAction::EnterPassword { repository } => {
                self.repository(&repository)?;
                self.lead_to(Route::EnterPassword { repository })
            }
            FixAction::OpenSettings => self.lead_to(Route::Settings),
        }
    }

    fn lead_to(&self, to: Route) -> Result<(), AppError> {
        self.send(AppEvent::Navigate { to });
        Ok(())
    }

    /// Leaves the repository out of the plan that it lies in.
    fn exclude_repository(self: &Arc<Self>, id: &PlanId) -> Result<(), AppError> {
        let plan = self.plan(id)?;
        let entry = self.repository(&plan.repository)?;
        let mut draft = plan.draft();
        draft.excludes.patterns.push(plan::pattern_of(entry.path()));
        let changed = Plan::new(id.clone(), self.now(), draft.clone());
        if let Some(folder) = preflight::repository_inside(&changed, &entry) {
            // The repository is the folder itself: there is nothing to leave out.
            let repository = entry.path().to_owned();
            return Err(AppError::RepositoryInsideSource { folder, repository });
        }
        self.change_plan(id, draft).map(drop)
    }
}
