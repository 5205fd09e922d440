//! The plans of this person: made, changed, and seen with everything derived from them.

use std::collections::{HashMap, HashSet};
use std::path::Path;
use std::sync::Arc;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::api::{
    LastRun, Moment, OperationKind, OperationState, PlanDraft, PlanId, PlanView, Problem,
    RepositoryId, SnapshotView, Timing,
};
use crate::decide::{self, DutyId};
use crate::error::{AppError, Next};
use crate::health::{self, Held, PlanPast};
use crate::operation::{Operation, Task};
use crate::plan::{self, Plan};
use crate::preflight;
use crate::repositories::Facts;
use crate::schedule::{self, Rhythm};
use crate::state::State;

/// How many coming runs are shown.
const UPCOMING: usize = 5;

impl State {
    pub(crate) fn add_plan(&self, draft: PlanDraft) -> Result<PlanView, AppError> {
        self.check_draft(&draft, None)?;
        let mut random = [0u8; 2];
        getrandom::fill(&mut random)
            .map_err(|error| AppError::unexpected("there are no random numbers", error))?;
        let id: PlanId = plan::slug(&draft.name, random).as_str().into();
        let plan = Plan::new(id, self.now(), draft);
        self.edit(|file| {
            file.plans.push(plan.clone());
            Ok(())
        })?;
        self.changed();
        Ok(self.plan_view(&plan, &self.past()))
    }

    pub(crate) fn change_plan(
        self: &Arc<Self>,
        id: &PlanId,
        draft: PlanDraft,
    ) -> Result<PlanView, AppError> {
        let plan = self.plan(id)?;
        self.check_draft(&draft, Some(id))?;
        let plan = plan.edited(self.now(), draft);
        self.edit(|file| {
            for kept in file.plans.iter_mut().filter(|kept| kept.id == *id) {
                plan.clone_into(kept);
            }
            Ok(())
        })?;
        self.request_again(&plan)?;
        self.changed();
        Ok(self.plan_view(&plan, &self.past()))
    }

    /// Withdraws the run of a plan that waits and asks for it anew: the plan has moved.
    fn request_again(self: &Arc<Self>, plan: &Plan) -> Result<(), AppError> {
        let waiting = {
            let queue = self.queue.lock();
            queue.of_plan(&plan.id, OperationKind::Backup).map(|entry| entry.operation.clone())
        };
        let Some(waiting) = waiting else { return Ok(()) };
        let operation = self.operation(&waiting)?;
        // What runs already goes on where it began.
        if operation.repository != plan.repository && self.queue.lock().withdraw(&waiting) {
            self.finish_unstarted(&waiting, OperationState::Cancelled);
            let named = Some((plan.id.clone(), plan.name.clone()));
            self.request(Task::Backup, &plan.repository, named, operation.trigger)?;
        }
        Ok(())
    }

    /// Removes a plan, and takes from the queue what of it waits. Refused while something of it
    /// runs: to stop that is a decision of its own.
    pub(crate) fn remove_plan(&self, id: &PlanId) -> Result<(), AppError> {
        let plan = self.plan(id)?;
        let (running, waiting) = self.queue.lock().all_of_plan(id);
        if let Some(running) = running.first() {
            let with = self.busy_with(running, Next::Refused);
            return Err(AppError::PlanBusy { name: plan.name, with });
        }
        for operation in waiting {
            self.cancel(&operation)?;
        }
        self.edit(|file| {
            file.plans.retain(|plan| plan.id != *id);
            Ok(())
        })?;
        self.changed();
        Ok(())
    }

    /// What speaks against a draft, or against running it now. Its name is looked at when it is
    /// saved.
    pub(crate) fn check_plan(&self, draft: PlanDraft) -> Vec<Problem> {
        let wrong = plan::check_draft(&draft)
            .and_then(|()| self.check_timing(&draft.timing))
            .and_then(|()| preflight::rules(&draft.excludes).map(drop));
        if let Err(error) = wrong {
            return vec![error.problem()];
        }
        let Ok(entry) = self.repository(&draft.repository) else {
            return vec![AppError::RepositoryUnknown { id: draft.repository.0 }.problem()];
        };
        let plan = Plan::new("draft".into(), self.now(), draft);
        let mut problems = preflight::of_sources(&plan, &entry);
        problems.extend(self.check_connected(&entry).err());
        problems.extend(preflight::of_destination(&entry, self.ports.volumes.as_ref(), None));
        problems.iter().map(AppError::problem).collect()
    }

    fn check_draft(&self, draft: &PlanDraft, own: Option<&PlanId>) -> Result<(), AppError> {
        let file = self.file();
        let others = file.plans.iter().filter(|plan| Some(&plan.id) != own);
        plan::check_name(&draft.name, others.map(|plan| plan.name.as_str()))?;
        plan::check_draft(draft)?;
        self.check_timing(&draft.timing)?;
        preflight::rules(&draft.excludes)?;
        self.repository(&draft.repository).map(drop)
    }

    /// Refuses a timing that is none, and one that never comes.
    fn check_timing(&self, timing: &Timing) -> Result<(), AppError> {
        let is_possible = schedule::is_possible(timing) && !self.never_comes(timing);
        if is_possible { Ok(()) } else { Err(AppError::ScheduleInvalid) }
    }

    /// True if a timing is not by hand and comes in no year.
    pub(crate) fn never_comes(&self, timing: &Timing) -> bool {
        Rhythm::new(timing, "", &self.zone()).never_runs(self.now())
    }

    /// What is due of a plan now.
    pub(crate) fn due_now(&self, plan: &Plan, backups: &[Operation]) -> Option<schedule::Due> {
        rhythm(plan, &self.zone()).due(&due_past(plan, backups), self.now())
    }

    /// The backups of a plan, the oldest first.
    pub(crate) fn backups_of(&self, plan: &PlanId) -> Vec<Operation> {
        self.operations(|operations| {
            operations
                .values()
                .filter(|operation| operation.task == Task::Backup)
                .filter(|operation| operation.plan.as_ref().is_some_and(|(id, _)| id == plan))
                .cloned()
                .collect()
        })
    }

    /// What history says of every plan and repository, in one pass over it.
    pub(crate) fn past(&self) -> Past {
        self.operations(|operations| {
            let mut past = Past::default();
            for operation in operations.values() {
                past.take(operation);
            }
            past
        })
    }

    pub(crate) fn plan_view(&self, plan: &Plan, past: &Past) -> PlanView {
        let (now, zone) = (self.now(), self.zone());
        let backups = past.backups_of(&plan.id);
        let facts = self.facts_of(&plan.repository);
        let newest = facts.of_plan(&plan.id).next();
        let past = self.plan_past(plan, past, &facts);
        let upcoming: Vec<i64> = if past.has_repository {
            let upcoming = rhythm(plan, &zone).upcoming(&due_past(plan, backups), now, UPCOMING);
            upcoming.into_iter().map(Timestamp::as_millisecond).collect()
        } else {
            Vec::new()
        };
        let in_state = |state| {
            let found = backups.iter().rev().find(|backup| backup.state == state);
            found.map(|backup| backup.id.clone())
        };
        let summaries = backups.iter().rev().filter(|backup| backup.is_good_backup());
        let summary = summaries.filter_map(|backup| backup.summary.as_ref()).next();
        let draft = plan.draft();
        PlanView {
            id: plan.id.clone(),
            name: draft.name,
            repository: draft.repository,
            sources: draft.sources,
            excludes: draft.excludes,
            timing: draft.timing,
            health: health::plan_health(&past, now),
            last_run: backups.iter().rev().find(|backup| !backup.is_live()).map(last_run),
            next_run: upcoming.first().copied(),
            upcoming,
            days: health::day_cells(&past, now, &zone),
            size: newest.and_then(|seen| seen.bytes).or(summary.map(|summary| summary.bytes)),
            snapshot_count: facts
                .snapshots
                .is_some()
                .then(|| facts.of_plan(&plan.id).count() as u64),
            running: in_state(OperationState::Running),
            queued: in_state(OperationState::Queued),
        }
    }

    /// What a plan's health is derived from.
    pub(crate) fn plan_past<'a>(
        &self,
        plan: &'a Plan,
        past: &'a Past,
        facts: &Facts,
    ) -> PlanPast<'a> {
        PlanPast {
            id: &plan.id,
            name: &plan.name,
            timing: &plan.timing,
            since: plan.since(),
            backups: past.backups_of(&plan.id),
            held: held(plan, past, facts),
            has_repository: self.repository(&plan.repository).is_ok(),
        }
    }

    /// When a plan would run with another timing; a plan that is not made yet is made now.
    pub(crate) fn upcoming_runs(
        &self,
        timing: &Timing,
        plan: Option<&PlanId>,
    ) -> Result<Vec<Moment>, AppError> {
        self.check_timing(timing)?;
        let (now, zone) = (self.now(), self.zone());
        let upcoming = match plan {
            Some(id) => {
                let plan = self.plan(id)?;
                let draft = PlanDraft { timing: timing.clone(), ..plan.draft() };
                let edited = plan.edited(now, draft);
                let past = due_past(&edited, &self.backups_of(id));
                rhythm(&edited, &zone).upcoming(&past, now, UPCOMING)
            }
            None => {
                let past = schedule::Past { since: now, ..schedule::Past::default() };
                Rhythm::new(timing, "", &zone).upcoming(&past, now, UPCOMING)
            }
        };
        Ok(upcoming.into_iter().map(Timestamp::as_millisecond).collect())
    }
}

/// What history says of every plan and repository.
#[derive(Debug, Default)]
pub(crate) struct Past {
    /// The oldest first.
    backups: HashMap<PlanId, Vec<Operation>>,
    /// Snapshots that this app removed.
    removed: HashMap<RepositoryId, HashSet<String>>,
    /// Verifies that ended, the oldest first.
    verifies: HashMap<RepositoryId, Vec<Operation>>,
}

impl Past {
    fn take(&mut self, operation: &Operation) {
        let repository = || operation.repository.clone();
        match (&operation.task, &operation.plan) {
            (Task::Backup, Some((plan, _))) => {
                self.backups.entry(plan.clone()).or_default().push(operation.clone());
            }
            (Task::Forget { snapshots }, _) if operation.state == OperationState::Succeeded => {
                let removed = self.removed.entry(repository()).or_default();
                removed.extend(snapshots.iter().cloned());
            }
            (Task::Verify { .. }, _) if !operation.is_live() => {
                self.verifies.entry(repository()).or_default().push(operation.clone());
            }
            _ => {}
        }
    }

    /// The backups of a plan, the oldest first.
    pub(crate) fn backups_of(&self, plan: &PlanId) -> &[Operation] {
        self.backups.get(plan).map(Vec::as_slice).unwrap_or_default()
    }

    /// What decides when a plan is due.
    pub(crate) fn of_backups(&self, plan: &Plan) -> schedule::Past {
        due_past(plan, self.backups_of(&plan.id))
    }

    /// The verifies of a repository that ended, the newest first.
    pub(crate) fn verifies_of(&self, id: &RepositoryId) -> impl Iterator<Item = &Operation> {
        self.verifies.get(id).into_iter().flatten().rev()
    }
}

/// The rhythm of a plan's backups.
fn rhythm<'a>(plan: &'a Plan, zone: &'a TimeZone) -> Rhythm<'a> {
    DutyId::Backup(plan.id.clone()).rhythm(&plan.timing, zone)
}

/// What is known of the plan's snapshots in its repository.
fn held(plan: &Plan, past: &Past, facts: &Facts) -> Held {
    let moment = |seen: &SnapshotView| Timestamp::from_millisecond(seen.time).ok();
    let seen = facts.of_plan(&plan.id);
    Held {
        repository: plan.repository.clone(),
        seen_at: facts.seen_at,
        seen: seen.filter_map(|one| Some((one.id.clone(), moment(one)?))).collect(),
        removed: past.removed.get(&plan.repository).cloned().unwrap_or_default(),
    }
}

fn last_run(backup: &Operation) -> LastRun {
    LastRun {
        operation: backup.id.clone(),
        state: backup.state,
        at: backup.latest().as_millisecond(),
    }
}

/// What the backups of a plan, the oldest first, say about when it is due. Those that went to
/// another repository, before the plan was moved, say nothing.
fn due_past(plan: &Plan, backups: &[Operation]) -> schedule::Past {
    let there = |backup: &&Operation| backup.repository == plan.repository;
    decide::past_of(plan.since(), backups.iter().rev().filter(there))
}

/// True if `inner` is `outer` or lies in it.
pub(crate) fn lies_in(inner: &Path, outer: &Path) -> bool {
    let real = |path: &Path| path.canonicalize().unwrap_or_else(|_| path.to_owned());
    real(inner).starts_with(real(outer))
}
