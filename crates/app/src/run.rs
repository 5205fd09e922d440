//! Runs: asked for, queued, performed on a thread of their own, and settled.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use holdfast_engine::manners;
use holdfast_engine::monitor::Cancellation;
use jiff::Timestamp;

use crate::again;
use crate::api::{
    AppEvent, Code, LogLevel, OperationId, OperationState, OperationSummary, PlanId, Problem,
    RepositoryId, RunStarted, Trigger,
};
use crate::error::{AppError, chain};
use crate::operation::{Operation, Task};
use crate::progress::Meter;
use crate::queue::{Access, Entry};
use crate::schedule;
use crate::state::{AtWork, Live, State};

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
struct Started {
    operation: OperationId,
    cancel: Cancellation,
    at_work: AtWork,
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
        trigger: Trigger,
    ) -> Result<RunStarted, AppError> {
        let plan = self.plan(id)?;
        let joined = self.queue.lock().of_plan(id).map(|entry| entry.operation.clone());
        if let Some(joined) = joined {
            if !is_scheduled(trigger) {
                self.hurry(&joined);
            }
            return self.join(&joined);
        }
        if self.repository(&plan.repository).is_err() {
            return Err(AppError::PlanWithoutRepository { plan: plan.name });
        }
        let is_first = self.backups_of(id).is_empty();
        let trigger = match trigger {
            Trigger::Manual if is_first => Trigger::FirstStart,
            other => other,
        };
        let plan_named = Some((plan.id, plan.name));
        self.request(Task::Backup, &plan.repository, plan_named, trigger)
    }

    /// Queues an operation.
    pub(crate) fn request(
        self: &Arc<Self>,
        task: Task,
        repository: &RepositoryId,
        plan: Option<(PlanId, String)>,
        trigger: Trigger,
    ) -> Result<RunStarted, AppError> {
        let operation = self.new_operation(task, repository, plan, trigger)?;
        self.record(&operation);
        if let Some(other) = self.enqueue(&operation) {
            // Somebody asked for the same plan between our look and now.
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
        trigger: Trigger,
    ) -> Result<Operation, AppError> {
        let entry = self.repository(repository)?;
        Ok(Operation {
            id: self.new_name().as_str().into(),
            run: self.new_name().as_str().into(),
            task,
            plan,
            repository: entry.id,
            repository_name: entry.name,
            state: OperationState::Queued,
            trigger,
            queued_at: self.now(),
            started_at: None,
            finished_at: None,
            waiting_for: None,
            waited_for: None,
            again: None,
            summary: None,
            problem: None,
            findings: 0,
        })
    }

    /// Puts an operation into the queue, unless one of its plan is there; that one is returned.
    pub(crate) fn enqueue(&self, operation: &Operation) -> Option<OperationId> {
        let plan = operation.plan.as_ref().map(|(id, _)| id.clone());
        let mut queue = self.queue.lock();
        let there = plan.as_ref().and_then(|plan| queue.of_plan(plan));
        if let Some(there) = there {
            return Some(there.operation.clone());
        }
        let access = match operation.task {
            Task::Restore => Access::Reader,
            _ => Access::Writer,
        };
        queue.push(Entry {
            operation: operation.id.clone(),
            repository: operation.repository.clone(),
            plan,
            access,
        });
        None
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

    /// Starts what may start, and says of the rest what it waits for.
    pub(crate) fn pump(self: &Arc<Self>) {
        if self.is_closing.load(Ordering::Acquire) {
            return;
        }
        let waiting = self.queue.lock().waiting().to_vec();
        let mut ready = HashSet::new();
        for entry in &waiting {
            match self.may_start(entry) {
                Ok(()) => {
                    ready.insert(entry.operation.clone());
                }
                Err(reason) => self.wait_for(&entry.operation, reason),
            }
        }
        let (started, blocked) = self.take_from_queue(&ready);
        for (waits, blocker) in blocked {
            self.wait_for(&waits, self.busy(&blocker).problem());
        }
        for started in started {
            self.begin(started);
        }
    }

    /// Moves what is ready from waiting to running, and names the rest of it with what is in its
    /// way. From here on it can be cancelled, and closing the app waits for it.
    fn take_from_queue(
        &self,
        ready: &HashSet<OperationId>,
    ) -> (Vec<Started>, Vec<(OperationId, OperationId)>) {
        let mut queue = self.queue.lock();
        if self.is_closing.load(Ordering::Acquire) {
            return (Vec::new(), Vec::new());
        }
        let waiting = queue.waiting().iter().map(|entry| entry.operation.clone());
        let held: HashSet<OperationId> = waiting.filter(|one| !ready.contains(one)).collect();
        let mut live = self.live.lock();
        let started = queue.start(&held).into_iter().map(|entry| {
            let cancel = Cancellation::default();
            live.insert(entry.operation.clone(), Live::new(cancel.clone()));
            Started { operation: entry.operation, cancel, at_work: self.works() }
        });
        let started = started.collect();
        let blocked = queue.waiting().iter().filter(|entry| ready.contains(&entry.operation));
        let blocked = blocked.filter_map(|entry| {
            Some((entry.operation.clone(), queue.blocker(entry)?.operation.clone()))
        });
        (started, blocked.collect())
    }

    fn may_start(self: &Arc<Self>, entry: &Entry) -> Result<(), Problem> {
        let (repository, operation) =
            (self.repository(&entry.repository), self.operation(&entry.operation));
        let (Ok(repository), Ok(operation)) = (repository, operation) else {
            // It starts, and fails with the reason.
            return Ok(());
        };
        if let Some(pause) = again::pause(&operation, self.now()) {
            return Err(pause);
        }
        let kind = operation.task.kind();
        self.check_answers(&repository).map_err(|error| error.awaited(kind))?;
        let checked = self.check_password(&repository);
        let is_scheduled = is_scheduled(operation.trigger);
        match &checked {
            Ok(()) => self.password_found(&repository.id),
            // Who asks for it can unlock the keychain now.
            Err(AppError::KeychainLocked) if !is_scheduled => return Ok(()),
            Err(reason) if is_scheduled => self.ask_for_password(&repository, reason),
            _ => {}
        }
        checked.map_err(Problem::from)
    }

    fn wait_for(&self, id: &OperationId, reason: Problem) {
        self.update(id, |operation| {
            // It may have been cancelled, or started by somebody else, since it was looked at.
            if operation.state == OperationState::Queued {
                operation.waiting_for = Some(reason);
            }
        });
    }

    fn busy(&self, blocker: &OperationId) -> AppError {
        let blocking = self.operation(blocker).ok();
        let name = blocking.as_ref().map(|one| one.repository_name.clone()).unwrap_or_default();
        let by = match blocking.and_then(|one| one.plan) {
            Some((_, plan)) => format!("\"{plan}\" is being backed up"),
            None => "another operation is running".to_owned(),
        };
        AppError::RepositoryBusy { name, by }
    }

    fn begin(self: &Arc<Self>, started: Started) {
        let Started { operation: id, cancel, at_work } = started;
        let now = self.now();
        self.update(&id, |operation| {
            operation.state = OperationState::Running;
            operation.started_at = Some(now);
            let waited = operation.waiting_for.take().map(|reason| reason.code);
            operation.waited_for = waited.filter(|code| *code != Code::RepositoryBusy);
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
            Task::Backup => self.back_up(job),
            Task::Restore => self.restore(job),
            Task::Verify { scope } => self.verify(job, *scope),
            Task::Forget { snapshots } => self.forget(job, snapshots),
            // Unlocking is done at once and never queued.
            Task::Unlock => Err(AppError::Unexpected { what: "unlock was queued", source: None }),
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
        }
        self.pump();
        self.look(&operation.repository);
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
            Err(error) if needs_password(&error) && is_scheduled(operation.trigger) => {
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

    pub(crate) fn finish_unstarted(&self, id: &OperationId, state: OperationState) {
        let now = self.now();
        self.update(id, |operation| {
            operation.state = state;
            operation.finished_at = Some(now);
            let waited = operation.waiting_for.take().map(|reason| reason.code);
            operation.waited_for = waited.filter(|code| *code != Code::RepositoryBusy);
        });
    }

    /// Looks at the clock: starts what is due, tells what is overdue, tries again what waits.
    pub(crate) fn tick(self: &Arc<Self>) {
        let now = self.now();
        let past = self.past();
        for plan in self.file().plans {
            if let Some(due) = self.due_since(&plan, &past) {
                let trigger = trigger_of(due, now);
                // A plan whose repository is gone says so in its own view.
                let _ = self.run_plan(&plan.id, trigger);
            }
        }
        self.pump();
        self.tell_overdue();
        self.look_again(now);
        self.changed();
    }

    /// How long the clock need not be looked at.
    pub(crate) fn until_next_look(&self) -> Duration {
        let (now, past) = (self.now(), self.past());
        let is_at_work = self.operations(|operations| operations.values().any(Operation::is_live));
        let plans = self.file().plans;
        let due = plans.iter().filter_map(|plan| self.next_run(plan, &past)).min();
        schedule::until_next_look(is_at_work, due, now)
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
        // What is not on the disk by now cannot be helped.
        let _ = self.log().make_durable();
    }
}

fn trigger_of(due: Timestamp, now: Timestamp) -> Trigger {
    if schedule::is_missed(due, now) { Trigger::Missed } else { Trigger::Scheduled }
}

/// True if the clock asked, and nobody who could enter a password.
fn is_scheduled(trigger: Trigger) -> bool {
    matches!(trigger, Trigger::Scheduled | Trigger::Missed)
}

/// True if a person has to give the password, or access to it.
fn needs_password(error: &AppError) -> bool {
    use AppError::{KeychainDenied, KeychainLocked, KeychainUnavailable, PasswordMissing};
    matches!(error, PasswordMissing { .. } | KeychainLocked | KeychainUnavailable | KeychainDenied)
}
