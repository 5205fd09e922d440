//! The one view that says how everything is, derived anew each time.

use crate::api::{AppEvent, Concern, OperationKind, OperationState, OperationView, Overview};
use crate::health;
use crate::operation::Operation;
use crate::plans::Past;
use crate::settings::SettingsFile;
use crate::state::State;

/// How many of the last operations are shown.
const RECENT: usize = 8;

impl State {
    /// How everything is.
    pub(crate) fn overview(&self) -> Overview {
        let (file, past) = (self.file(), self.past());
        let plans: Vec<_> = file.plans.iter().map(|plan| self.plan_view(plan, &past)).collect();
        let (running, recent): (Vec<Operation>, Vec<Operation>) = self.operations(|operations| {
            let live = operations.values().filter(|one| one.is_live()).cloned().collect();
            // That a hook was told is beside the point, unless it was not.
            let is_shown = |one: &&Operation| {
                let is_told = one.task.kind() == OperationKind::Hook
                    && one.state == OperationState::Succeeded;
                !one.is_live() && !is_told
            };
            let ended = operations.values().rev().filter(is_shown);
            (live, ended.take(RECENT).cloned().collect())
        });
        Overview {
            health: health::worst(plans.iter().map(|plan| plan.health.state)),
            first_start: plans.is_empty() && recent.is_empty(),
            plans,
            repositories: file.repositories.iter().map(|entry| self.view_of(entry)).collect(),
            running: running.iter().map(|operation| self.operation_view(operation)).collect(),
            recent: recent.iter().map(|operation| self.operation_view(operation)).collect(),
            services: self.services.lock().clone(),
            problems: self.problems(),
            concerns: concerns(&file, &past),
            paused: self.paused().map(|pause| self.pause_view(&pause)),
        }
    }

    /// An operation with how far it is.
    pub(crate) fn operation_view(&self, operation: &Operation) -> OperationView {
        let progress = match operation.state {
            OperationState::Running => {
                self.live.lock().get(&operation.id).and_then(|live| live.progress.clone())
            }
            _ => None,
        };
        let waiting_for = operation.is_live().then(|| self.waits_for(operation)).flatten();
        OperationView { waiting_for, ..operation.view(progress) }
    }

    /// Tells that the settings changed.
    pub(crate) fn settings_changed(&self) {
        self.send(AppEvent::Settings { settings: self.file().settings });
        self.changed();
    }
}

fn concerns(file: &SettingsFile, past: &Past) -> Vec<Concern> {
    let damage = file
        .repositories
        .iter()
        .filter_map(|entry| health::damage_found(&entry.name, past.verifies_of(&entry.id)));
    let skipped = file
        .plans
        .iter()
        .filter_map(|plan| health::files_skipped(&plan.name, past.backups_of(&plan.id)));
    let mut concerns: Vec<Concern> = damage.chain(skipped).collect();
    concerns.sort_by_key(|concern| concern.kind);
    concerns
}
