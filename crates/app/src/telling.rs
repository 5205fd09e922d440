//! Notices on their way to the person, and the person's choices on their way back.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::Mutex;

use crate::api::{
    AppEvent, OperationId, OperationKind, PlanId, RepositoryId, Route, ServiceState, Trigger,
};
use crate::error::AppError;
use crate::notify::{self, Told};
use crate::operation::Operation;
use crate::operation_log::OperationLog;
use crate::ports::{Notice, NoticeAction};
use crate::settings::RepositoryEntry;
use crate::state::State;

impl State {
    /// Tells how a backup or a verify ended, if that is news.
    pub(crate) fn tell_outcome(self: &Arc<Self>, operation: &Operation) {
        let settings = self.file().settings;
        let view = operation.view(None);
        let notice = match (operation.task.kind(), &operation.plan) {
            (OperationKind::Verify, _) => notify::after_verify(&view, &settings),
            (OperationKind::Backup, Some((plan, _))) => {
                let told = self.told.of(self.log(), plan);
                let (notice, then) = notify::after_backup(&view, &told, &settings, self.now());
                self.told.remember(self.log(), plan, &told, &then);
                notice
            }
            _ => None,
        };
        if let Some(notice) = notice {
            self.tell(&notice, Some(operation.id.clone()), operation.repository.clone());
        }
    }

    /// Tells which plans are overdue, each once a day.
    pub(crate) fn tell_overdue(self: &Arc<Self>) {
        let (file, past) = (self.file(), self.past());
        for plan in &file.plans {
            let told = self.told.of(self.log(), &plan.id);
            let view = self.plan_view(plan, &past);
            let (notice, then) = notify::about_overdue(&view, &told, &file.settings, self.now());
            self.told.remember(self.log(), &plan.id, &told, &then);
            if let Some(notice) = notice {
                let last = view.last_run.map(|run| run.operation);
                self.tell(&notice, last, plan.repository.clone());
            }
        }
    }

    /// Tells that runs wait for a password: once, until one is entered.
    pub(crate) fn ask_for_password(self: &Arc<Self>, entry: &RepositoryEntry, reason: &AppError) {
        if !self.passwords_asked.lock().insert(entry.id.clone()) {
            return;
        }
        let settings = self.file().settings;
        let reason = reason.problem();
        let notice = notify::about_password(&entry.id, &entry.name, &reason, &settings);
        if let Some(notice) = notice {
            self.tell(&notice, None, entry.id.clone());
        }
    }

    /// From now on, a password that is missing is told again.
    pub(crate) fn password_found(&self, repository: &RepositoryId) {
        self.passwords_asked.lock().remove(repository);
    }

    /// Lets go what waited for a password.
    pub(crate) fn password_entered(self: &Arc<Self>, repository: &RepositoryId) {
        self.password_found(repository);
        self.pump();
    }

    /// Hands a notice over, and remembers whether that works at all.
    pub(crate) fn tell(
        self: &Arc<Self>,
        notice: &Notice,
        operation: Option<OperationId>,
        repository: RepositoryId,
    ) {
        let state = Arc::downgrade(self);
        let opens = notice.opens.clone();
        let chosen = move |action| {
            let Some(state) = state.upgrade() else { return };
            state.chosen(action, &opens, operation.as_ref(), &repository);
        };
        let shown = self.ports.notifier.show(notice, Arc::new(chosen));
        let service = match shown {
            Ok(()) => ServiceState::works(),
            Err(error) => {
                let source = Box::new(error);
                ServiceState::missing(AppError::NotificationsUnavailable { source }.problem())
            }
        };
        self.services.lock().notifications = service;
    }

    fn chosen(
        self: &Arc<Self>,
        action: NoticeAction,
        opens: &Route,
        operation: Option<&OperationId>,
        repository: &RepositoryId,
    ) {
        let to = match (action, operation) {
            (NoticeAction::EnterPassword, _) => {
                Some(Route::EnterPassword { repository: repository.clone() })
            }
            (NoticeAction::ShowDetails, Some(operation)) => {
                Some(Route::Operation { operation: operation.clone() })
            }
            (NoticeAction::Open | NoticeAction::ShowDetails, _) => Some(opens.clone()),
            (NoticeAction::Retry | NoticeAction::UnlockAndRetry, _) => None,
        };
        match (to, operation, opens) {
            (Some(to), ..) => self.send(AppEvent::Navigate { to }),
            // What failed knows which lock stood in its way.
            (None, Some(operation), _) => self.act(action, operation),
            (None, None, Route::Plan { plan }) => {
                // A plan that is gone by now needs no backup.
                let _ = self.run_plan(plan, Trigger::Manual);
            }
            (None, None, _) => {}
        }
    }
}

/// What the person was told about each plan: in the operation log, so that a restart repeats
/// nothing, and in memory, so that a log that cannot be written does not repeat it at every look
/// at the clock.
#[derive(Default)]
pub(crate) struct ToldBook {
    plans: Mutex<HashMap<PlanId, Told>>,
}

impl ToldBook {
    fn of(&self, log: &dyn OperationLog, plan: &PlanId) -> Told {
        if let Some(told) = self.plans.lock().get(plan) {
            return told.clone();
        }
        let stored = log.note(&note_name(plan)).ok().flatten();
        stored.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default()
    }

    fn remember(&self, log: &dyn OperationLog, plan: &PlanId, before: &Told, now: &Told) {
        if before == now {
            return;
        }
        self.plans.lock().insert(plan.clone(), now.clone());
        if let Ok(text) = serde_json::to_string(now) {
            // Told twice after a restart is better than never.
            let _ = log.put_note(&note_name(plan), &text);
        }
    }
}

fn note_name(plan: &PlanId) -> String {
    format!("told {plan}")
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::operation_log::{FullLog, MemoryLog};

    fn plan() -> PlanId {
        "photos".into()
    }

    fn overdue() -> Told {
        Told { overdue: Some(Timestamp::UNIX_EPOCH), ..Told::default() }
    }

    #[test]
    fn what_was_told_is_remembered_although_the_log_is_full() {
        let book = ToldBook::default();
        book.remember(&FullLog, &plan(), &Told::default(), &overdue());
        assert_eq!(book.of(&FullLog, &plan()), overdue());
    }

    #[test]
    fn what_was_told_is_remembered_after_a_restart() {
        let log = MemoryLog::default();
        ToldBook::default().remember(&log, &plan(), &Told::default(), &overdue());
        assert_eq!(ToldBook::default().of(&log, &plan()), overdue());
    }
}
