//! Runs: asked for, queued, performed on a thread of their own, and settled.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use holdfast_engine::manners;
use holdfast_engine::monitor::Cancellation;

use crate::api::{
    AppEvent, LogLevel, OperationId, OperationKind, OperationState, OperationSummary, PlanId,
    Problem, RepositoryId, RunStarted, Trigger,
};
use crate::error::{AppError, chain};
use crate::operation::{Operation, Task, Why};
use crate::progress::Meter;
use crate::queue::Entry;
use crate::state::{AtWork, State};

/// What an operation did. A problem makes it one that finished with warnings, or one that failed.
#[derive(Debug)]
pub(crate) struct Done {
    pub(crate) summary: OperationSummary,
    pub(crate) problem: Option<AppError>,
    pub(crate) is_failure: bool,
}

/// How an operation ended.
struct Ending {
    state: OperationState,
    summary: Option<OperationSummary>,
    problem: Option<Problem>,
}

/// An operation whose turn came.
pub(crate) struct Started {
    pub(crate) operation: OperationId,
    pub(crate) cancel: Cancellation,
    pub(crate) at_work: AtWork,
}

/// A running operation, as its work sees it.
pub(crate) struct Job<'a> {
    pub(crate) operation: &'a Operation,
    pub(crate) meter: &'a Meter,
    pub(crate) cancel: &'a Cancellation,
}

/// How long closing waits for work to reach a safe place.
const CLOSING_PATIENCE: Duration = Duration::from_secs(60);

impl State {
    /// Queues a plan's backup, or joins the one that runs or waits.
    pub(crate) fn run_plan(
        self: &Arc<Self>,
        id: &PlanId,
        why: impl Into<Why>,
    ) -> Result<RunStarted, AppError> {
        let why = why.into();
        let plan = self.plan(id)?;
        let there = OperationKind::Backup;
        let joined = self.queue.lock().of_plan(id, there).map(|entry| entry.operation.clone());
        if let Some(joined) = joined {
            if !why.trigger.is_unattended() {
                self.hurry(&joined);
            }
            return self.join(&joined);
        }
        if self.repository(&plan.repository).is_err() {
            return Err(AppError::PlanWithoutRepository { plan: plan.name });
        }
        let backups = self.backups_of(id);
        let why = match why.trigger {
            Trigger::Manual if backups.is_empty() => Trigger::FirstStart.into(),
            _ => why,
        };
        // Whoever asks just before the clock does has the run that is due.
        let why = match self.due_now(&plan, &backups) {
            Some(due) => Why { trigger: why.trigger, ..due.into() },
            None => why,
        };
        let plan_named = Some((plan.id, plan.name));
        self.request(Task::Backup, &plan.repository, plan_named, why)
    }

    /// Queues an operation.
    pub(crate) fn request(
        self: &Arc<Self>,
        task: Task,
        repository: &RepositoryId,
        plan: Option<(PlanId, String)>,
        why: impl Into<Why>,
    ) -> Result<RunStarted, AppError> {
        let operation = self.new_operation(task, repository, plan, why)?;
        self.record(&operation);
        if let Some(other) = self.enqueue(&operation) {
            // It is under way already.
            self.finish_unstarted(&operation.id, OperationState::Cancelled);
            return self.join(&other);
        }
        self.pump();
        Ok(RunStarted { operation: operation.id, joined: false, since: None, progress: None })
    }

    pub(crate) fn new_operation(
        &self,
        task: Task,
        repository: &RepositoryId,
        plan: Option<(PlanId, String)>,
        why: impl Into<Why>,
    ) -> Result<Operation, AppError> {
        let entry = self.repository(repository)?;
        let names = (self.new_name().as_str().into(), self.new_name().as_str().into());
        let named = (entry.id, entry.name);
        Ok(Operation { plan, ..Operation::new(names, task, named, why, self.now()) })
    }

    /// Puts an operation into the queue, unless one that serves as well is there; that one is
    /// returned.
    pub(crate) fn enqueue(&self, operation: &Operation) -> Option<OperationId> {
        self.queue.lock().push(Entry::of(operation))
    }

    pub(crate) fn join(&self, id: &OperationId) -> Result<RunStarted, AppError> {
        let operation = self.operation(id)?;
        let progress = self.live.lock().get(id).and_then(|live| live.progress.clone());
        let since = operation.started_at.unwrap_or(operation.queued_at);
        Ok(RunStarted {
            operation: operation.id,
            joined: true,
            since: Some(since.as_millisecond()),
            progress,
        })
    }

    /// Performs an operation whose turn came, on a thread of its own.
    pub(crate) fn begin(self: &Arc<Self>, started: Started) {
        let Started { operation: id, cancel, at_work } = started;
        let now = self.now();
        self.update(&id, |operation| {
            operation.state = OperationState::Running;
            operation.started_at = Some(now);
            operation.end_of_waiting();
        });
        let (state, name) = (self.clone(), id.clone());
        let spawned = std::thread::Builder::new().name("operation".to_owned()).spawn(move || {
            state.perform(&name, &cancel);
            drop(state);
            drop(at_work);
        });
        if let Err(error) = spawned {
            let error = AppError::unexpected("could not start a thread", error);
            self.settle(&id, Err(error), None);
        }
    }

    fn perform(self: &Arc<Self>, id: &OperationId, cancel: &Cancellation) {
        let Ok(operation) = self.operation(id) else { return };
        let meter = Arc::new(self.meter(id));
        if let Some(live) = self.live.lock().get_mut(id) {
            live.meter = Some(meter.clone());
        }
        let outcome = self.work_apart(&Job { operation: &operation, meter: &meter, cancel });
        self.settle(id, outcome, Some(&meter));
    }

    /// Works in a thread of its own: one that stepped aside cannot come back, and hands it on to those
    /// that it starts, but what comes after this operation may be in a hurry.
    fn work_apart(self: &Arc<Self>, job: &Job<'_>) -> Result<Done, AppError> {
        // Somebody waits for a restore; for everything else, nobody does.
        let steps_aside = self.file().settings.step_aside && job.operation.task != Task::Restore;
        let work = || {
            if steps_aside {
                manners::take_on(self.surroundings.step_aside.clone());
            }
            self.work(job)
        };
        std::thread::scope(|scope| {
            let thread = std::thread::Builder::new().name("work".to_owned());
            let thread = thread
                .spawn_scoped(scope, work)
                .map_err(|error| AppError::unexpected("could not start a thread", error))?;
            // A defect in one operation must not take the app with it, nor leave the queue stuck.
            thread.join().unwrap_or_else(|_| {
                Err(AppError::Unexpected { what: "the operation broke off", source: None })
            })
        })
    }

    fn meter(self: &Arc<Self>, id: &OperationId) -> Meter {
        let (state, id) = (Arc::downgrade(self), id.clone());
        let shown = move |progress: crate::api::Progress| {
            let Some(state) = state.upgrade() else { return };
            if let Some(live) = state.live.lock().get_mut(&id) {
                live.progress = Some(progress.clone());
            }
            let progress = Box::new(progress);
            state.send(AppEvent::Progress { operation: id.clone(), progress });
        };
        Meter::new(self.ports.clock.clone(), Box::new(shown))
    }

    fn work(self: &Arc<Self>, job: &Job<'_>) -> Result<Done, AppError> {
        match &job.operation.task {
            Task::Backup => {
                self.fire_start(job)?;
                self.back_up(job)
            }
            Task::Restore => self.restore(job),
            Task::Verify { scope } => self.verify(job, *scope),
            Task::Forget { snapshots } => self.forget(job, snapshots),
            // Unlocking is done at once and never queued.
            Task::Unlock => Err(AppError::Unexpected { what: "unlock was queued", source: None }),
            // Hooks have a list of their own.
            Task::Hook { .. } => {
                Err(AppError::Unexpected { what: "a hook was queued", source: None })
            }
        }
    }

    fn settle(
        self: &Arc<Self>,
        id: &OperationId,
        outcome: Result<Done, AppError>,
        meter: Option<&Meter>,
    ) {
        let (count, groups) = meter
            .map(|meter| meter.findings(|findings| (findings.count(), findings.groups())))
            .unwrap_or_default();
        if !groups.is_empty() {
            // What cannot be remembered was still counted.
            let _ = self.log().put_findings(id, &groups);
        }
        let Ok(operation) = self.operation(id) else { return };
        if let Err(error) = &outcome
            && self.wait_to_try_again(&operation, error)
        {
            self.pump();
            self.look(&operation.repository);
            return;
        }
        self.note_outcome(id, &outcome);
        let ending = self.ending(&operation, outcome);
        let now = self.now();
        self.live.lock().remove(id);
        self.queue.lock().finished(id);
        let ended = self.update(id, |operation| {
            operation.findings = count;
            operation.finished_at = Some(now);
            operation.state = ending.state;
            operation.summary = ending.summary;
            operation.problem = ending.problem;
        });
        if let Some(operation) = ended {
            self.tell_outcome(&operation);
            self.fire_outcome(&operation);
            self.fire_changes();
        }
        self.pump();
        self.look(&operation.repository);
        // What was seen may end trouble, or be some.
        self.tell_news(None);
        self.fill_in_background(&operation.repository);
    }

    /// What an outcome makes of an operation.
    fn ending(&self, operation: &Operation, outcome: Result<Done, AppError>) -> Ending {
        let is_closing = self.is_closing.load(Ordering::Acquire);
        let interrupted =
            |problem| Ending { state: OperationState::Interrupted, summary: None, problem };
        match outcome {
            Ok(Done { summary, problem, is_failure }) => Ending {
                state: match (&problem, is_failure) {
                    (_, true) => OperationState::Failed,
                    (Some(_), false) => OperationState::Warnings,
                    (None, false) => OperationState::Succeeded,
                },
                summary: Some(summary),
                problem: problem.map(Problem::from),
            },
            // Who quits the app wants the backup all the same: it is due again at the next start.
            Err(AppError::Cancelled) if is_closing => {
                interrupted(Some(AppError::Interrupted.problem()))
            }
            Err(AppError::Cancelled) => {
                Ending { state: OperationState::Cancelled, summary: None, problem: None }
            }
            // Nothing was done yet, and the next one waits for the password.
            Err(error) if needs_password(&error) && operation.trigger.is_unattended() => {
                interrupted(Some(error.problem()))
            }
            Err(error) => match self.lost_drive(operation) {
                // A drive that was unplugged in the middle is waited for, like one that was not
                // there.
                Some(lost) => {
                    interrupted(Some(Problem { details: Some(chain(&error)), ..lost.problem() }))
                }
                None => Ending {
                    state: OperationState::Failed,
                    summary: None,
                    problem: Some(error.problem()),
                },
            },
        }
    }

    pub(crate) fn lost_drive(&self, operation: &Operation) -> Option<AppError> {
        let entry = self.repository(&operation.repository).ok()?;
        self.check_connected(&entry).err()
    }

    fn note_outcome(&self, id: &OperationId, outcome: &Result<Done, AppError>) {
        match outcome {
            Ok(Done { problem: None, .. }) => self.note(id, LogLevel::Info, "Done"),
            Ok(Done { problem: Some(problem), .. }) => {
                self.note(id, LogLevel::Warning, format!("Done, but {problem}"));
            }
            Err(AppError::Cancelled) => self.note(id, LogLevel::Warning, "Stopped"),
            Err(error) => self.note(id, LogLevel::Error, chain(error)),
        }
    }

    /// Stops an operation at the next safe place, or takes it from the queue.
    pub(crate) fn cancel(&self, id: &OperationId) -> Result<(), AppError> {
        self.operation(id)?;
        let is_withdrawn = {
            // Held for both, for it may just be on its way from the one to the other.
            let mut queue = self.queue.lock();
            let is_withdrawn = queue.withdraw(id);
            if let Some(live) = self.live.lock().get(id) {
                live.cancel.cancel();
            }
            is_withdrawn
        };
        if is_withdrawn {
            self.finish_unstarted(id, OperationState::Cancelled);
        }
        Ok(())
    }

    /// Stops everything that runs, and takes everything that waits from the queue: what waits first,
    /// so that none of it starts in the place of what was stopped.
    pub(crate) fn stop_all(&self) {
        let withdrawn = {
            let mut queue = self.queue.lock();
            let withdrawn = queue.withdraw_all();
            for live in self.live.lock().values() {
                live.cancel.cancel();
            }
            withdrawn
        };
        for id in withdrawn {
            self.finish_unstarted(&id, OperationState::Cancelled);
        }
    }

    pub(crate) fn finish_unstarted(&self, id: &OperationId, state: OperationState) {
        let now = self.now();
        self.update(id, |operation| {
            operation.state = state;
            operation.finished_at = Some(now);
            operation.end_of_waiting();
        });
    }

    /// Stops what runs, and returns once nothing does.
    pub(crate) fn shut_down(&self) {
        {
            // Whatever comes to its turn does so before this or not at all.
            let _queue = self.queue.lock();
            self.is_closing.store(true, Ordering::Release);
            for one in self.live.lock().values() {
                one.cancel.cancel();
            }
        }
        self.wait_until_settled(CLOSING_PATIENCE);
        self.give_up_hooks();
        // What is not on the disk by now cannot be helped.
        let _ = self.log().make_durable();
    }
}

/// True if a person has to give the password, or access to it.
fn needs_password(error: &AppError) -> bool {
    use AppError::{KeychainDenied, KeychainLocked, KeychainUnavailable, PasswordMissing};
    matches!(error, PasswordMissing { .. } | KeychainLocked | KeychainUnavailable | KeychainDenied)
}
