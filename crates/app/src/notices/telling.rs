//! Gathers the facts, shows what was decided, remembers it, and takes the person's answer.

use std::collections::HashMap;
use std::sync::Arc;

use jiff::Timestamp;

use super::facts::{Event, Facts, PlanFacts, RepositoryFacts};
use super::judge::{self, News};
use super::quiet;
use super::told::Book;
use crate::api::{
    AppEvent, Code, OperationId, OperationState, Problem, RepositoryId, Route, ServiceState,
    Trigger,
};
use crate::error::AppError;
use crate::health;
use crate::operation::Operation;
use crate::operation_log::OperationLog;
use crate::plan::Plan;
use crate::plans::Past;
use crate::ports::NoticeAction;
use crate::settings::RepositoryEntry;
use crate::state::State;

/// The name of the book in the operation log.
const NOTE: &str = "told";

/// What was told before, as the operation log has it.
pub(crate) fn remembered(log: &dyn OperationLog) -> Book {
    let stored = log.note(NOTE).ok().flatten();
    stored.map(|text| Book::from_text(&text)).unwrap_or_default()
}

impl State {
    /// Tells how an operation ended, if that is news, and whatever else there is to tell.
    pub(crate) fn tell_outcome(self: &Arc<Self>, operation: &Operation) {
        self.tell_news(Some(Event::Ended(Box::new(operation.view(None)))));
    }

    /// Tells what there is to tell now.
    pub(crate) fn tell_news(self: &Arc<Self>, event: Option<Event>) {
        // Held until all is shown, so that nothing is told by two at once.
        let mut book = self.told.lock();
        let facts = self.facts_to_tell(event);
        let verdict = judge::judge(&facts, &book);
        let before = book.clone();
        book.forget(&verdict.forget);
        for news in verdict.tell {
            if self.show(&news) {
                book.shown(&news, facts.now);
            } else {
                book.refused(&news, facts.now);
            }
        }
        if *book != before
            && let Some(text) = book.to_text()
        {
            // Told twice after a restart is better than never.
            let _ = self.log().put_note(NOTE, &text);
        }
    }

    fn facts_to_tell(&self, event: Option<Event>) -> Facts {
        let (now, file, past) = (self.now(), self.file(), self.past());
        let awaited = self.awaited_of_persons();
        let plans = file.plans.iter().map(|plan| self.plan_to_tell(plan, &past, now));
        let repositories = file.repositories.iter().map(|entry| {
            let awaits_person = awaited.get(&entry.id).cloned();
            self.repository_to_tell(entry, &past, awaits_person)
        });
        Facts {
            now,
            is_quiet: quiet::is_quiet(&file.settings.quiet_hours, now, &self.zone()),
            plans: plans.collect(),
            repositories: repositories.collect(),
            settings: file.settings,
            event,
        }
    }

    fn plan_to_tell(&self, plan: &Plan, past: &Past, now: Timestamp) -> PlanFacts {
        let facts = self.facts_of(&plan.repository);
        let past = self.plan_past(plan, past, &facts);
        let standing = health::standing(&past, now);
        let is_running = |backup: &&Operation| backup.state == OperationState::Running;
        let running = past.backups.iter().rev().find(is_running);
        let last = past.backups.iter().rev().find(|backup| !backup.is_live());
        PlanFacts {
            id: plan.id.clone(),
            name: plan.name.clone(),
            repository: plan.repository.clone(),
            never_runs: standing.never_runs,
            failed: standing.failed.map(|backup| backup.view(None)),
            overdue: standing.overdue,
            newest_good: standing.newest_good,
            age: standing.age,
            target: standing.target,
            working_since: running.and_then(|backup| backup.started_at),
            last: last.map(|backup| backup.view(None)),
        }
    }

    fn repository_to_tell(
        &self,
        entry: &RepositoryEntry,
        past: &Past,
        awaits_person: Option<Problem>,
    ) -> RepositoryFacts {
        use OperationState::{Failed, Succeeded, Warnings};
        let mut verifies = past.verifies_of(&entry.id);
        let verify = verifies.find(|one| matches!(one.state, Succeeded | Warnings | Failed));
        let damage = health::damaged(past.verifies_of(&entry.id));
        RepositoryFacts {
            id: entry.id.clone(),
            name: entry.name.clone(),
            awaits_person,
            verify: verify.map(|verify| verify.view(None)),
            damage: damage.map(|verify| verify.view(None)),
            hardly_any_room: self.hardly_any_room(&entry.id),
        }
    }

    /// What runs that the clock started wait for and only a person can give, by repository.
    fn awaited_of_persons(&self) -> HashMap<RepositoryId, Problem> {
        self.operations(|operations| {
            let waiting = operations
                .values()
                .filter(|one| one.state == OperationState::Queued && one.trigger.is_unattended());
            let awaited = waiting.filter_map(|one| {
                let reason = one.waiting_for.as_ref()?;
                let awaited = is_about_password(reason.code).then(|| reason.clone())?;
                Some((one.repository.clone(), awaited))
            });
            awaited.collect()
        })
    }

    /// Hands a notice over. False if that does not work.
    fn show(self: &Arc<Self>, news: &News) -> bool {
        let state = Arc::downgrade(self);
        let opens = news.notice.opens.clone();
        let (operation, repository) = (news.operation.clone(), news.repository.clone());
        let chosen = move |action| {
            let Some(state) = state.upgrade() else { return };
            state.chosen(action, &opens, operation.as_ref(), repository.as_ref());
        };
        let shown = self.ports.notifier.show(&news.notice, Arc::new(chosen));
        let is_shown = shown.is_ok();
        let service = match shown {
            Ok(()) => ServiceState::works(),
            Err(error) => {
                let source = Box::new(error);
                ServiceState::missing(AppError::NotificationsUnavailable { source }.problem())
            }
        };
        self.services.lock().notifications = service;
        is_shown
    }

    fn chosen(
        self: &Arc<Self>,
        action: NoticeAction,
        opens: &Route,
        operation: Option<&OperationId>,
        repository: Option<&RepositoryId>,
    ) {
        let to = match (action, operation, repository) {
            (NoticeAction::EnterPassword, _, Some(repository)) => {
                Some(Route::EnterPassword { repository: repository.clone() })
            }
            (NoticeAction::ShowDetails, Some(operation), _) => {
                Some(Route::Operation { operation: operation.clone() })
            }
            (NoticeAction::Retry | NoticeAction::UnlockAndRetry, ..) => None,
            _ => Some(opens.clone()),
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

/// True if the code says that a person has to give the password, or access to it.
fn is_about_password(code: Code) -> bool {
    use Code::{KeychainDenied, KeychainLocked, KeychainUnavailable, PasswordMissing};
    matches!(code, PasswordMissing | KeychainLocked | KeychainUnavailable | KeychainDenied)
}
