//! What the app knows while it runs, and the one place where that changes.
//!
//! Settings and history are written through: what a method returned is on the disk, or its error
//! says why not. Every change is followed by an event.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use holdfast_engine::lock::Journal;
use holdfast_engine::monitor::Cancellation;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use parking_lot::{Condvar, Mutex};
use tokio::sync::broadcast;

use crate::api::{
    AppEvent, LogLevel, LogLine, OperationId, OperationState, PlanId, Problem, Progress,
    RepositoryId, ServiceState, Services,
};
use crate::browse::Shelf;
use crate::catalogues::Catalogues;
use crate::durable;
use crate::error::AppError;
use crate::hooks::Hooks;
use crate::notices;
use crate::operation::{Names, Operation, Task};
use crate::operation_log::{self, Claim, OperationLog};
use crate::pause::Pause;
use crate::plan::Plan;
use crate::ports::{Ports, Surroundings};
use crate::progress::Meter;
use crate::queue::Queue;
use crate::repositories::Repositories;
use crate::restoring::Previews;
use crate::secrets::Secrets;
use crate::settings::{RepositoryEntry, SettingsFile, SettingsStore};
use crate::timekeeping::Rest;

/// How many events wait for a slow listener before it misses some.
const EVENTS_KEPT: usize = 256;

/// How many operations history holds.
const OPERATIONS_KEPT: usize = 5000;

/// Everything the app holds.
pub(crate) struct State {
    pub(crate) ports: Ports,
    pub(crate) surroundings: Surroundings,
    pub(crate) secrets: Secrets,
    pub(crate) repositories: Repositories,
    pub(crate) previews: Previews,
    pub(crate) shelf: Shelf,
    pub(crate) catalogues: Catalogues,
    pub(crate) queue: Mutex<Queue>,
    pub(crate) live: Mutex<HashMap<OperationId, Live>>,
    workers: Arc<Workers>,
    pub(crate) services: Mutex<Services>,
    pub(crate) is_closing: AtomicBool,
    pub(crate) pause: Mutex<Option<Pause>>,
    store: SettingsStore,
    settings: Mutex<SettingsFile>,
    log: Box<dyn OperationLog>,
    /// Dropped after the log is closed.
    _claim: Option<Claim>,
    /// Held from the change of an operation until it is stored and told, so that no older state of
    /// it overtakes a newer one.
    recording: Mutex<()>,
    history: Mutex<History>,
    /// How often settings, history or what is seen of repositories changed.
    changes: AtomicU64,
    pub(crate) rest: Mutex<Rest>,
    problems: Mutex<VecDeque<Problem>>,
    pub(crate) told: Mutex<notices::Book>,
    pub(crate) hooks: Hooks,
    events: broadcast::Sender<AppEvent>,
}

/// A running operation.
#[derive(Clone)]
pub(crate) struct Live {
    pub(crate) cancel: Cancellation,
    pub(crate) progress: Option<Progress>,
    /// What watches its work, once that began.
    pub(crate) meter: Option<Arc<Meter>>,
}

impl Live {
    pub(crate) fn new(cancel: Cancellation) -> Self {
        Self { cancel, progress: None, meter: None }
    }
}

/// Threads that work: operations, and what follows them.
#[derive(Default)]
struct Workers {
    count: Mutex<usize>,
    ended: Condvar,
}

/// A thread that works. It does not keep the state alive.
pub(crate) struct AtWork(Arc<Workers>);

impl Drop for AtWork {
    fn drop(&mut self) {
        *self.0.count.lock() -= 1;
        self.0.ended.notify_all();
    }
}

struct History {
    operations: BTreeMap<OperationId, Operation>,
    names: Names,
}

impl State {
    /// Reads settings and history. What an earlier process left unfinished is settled: what ran
    /// was interrupted, what waited waits again.
    pub(crate) fn start(ports: Ports, surroundings: Surroundings) -> Result<Arc<Self>, AppError> {
        let now = ports.clock.now();
        // First of all, so that a second app with the same files touches none of them.
        let opened = operation_log::open(&surroundings.state_folder.join("history"), now)?;
        let store = SettingsStore::new(surroundings.config_folder.clone());
        let (settings, damage) = store.load(now)?;
        let problems = damage.into_iter().chain(opened.problems).map(Problem::from).collect();
        let operations: BTreeMap<_, _> = match opened.log.all() {
            Ok(all) => all.into_iter().map(|one| (one.id.clone(), one)).collect(),
            Err(_) => BTreeMap::new(),
        };
        let told = notices::remembered(opened.log.as_ref());
        let names = Names::after(operations.keys().next_back());
        let (events, _) = broadcast::channel(EVENTS_KEPT);
        let works = ServiceState::works;
        let services = Services {
            keychain: works(),
            notifications: works(),
            tray: works(),
            autostart: works(),
        };
        let journal_folder = surroundings.state_folder.join("locks");
        // Who takes a lock says if there is none.
        let _ = durable::make_folder(&journal_folder);
        let journal = Arc::new(Journal::new(journal_folder));
        let state = Arc::new(Self {
            secrets: Secrets::new(ports.secrets.clone()),
            repositories: Repositories::new(journal),
            previews: Previews::default(),
            shelf: Shelf::default(),
            catalogues: Catalogues::new(surroundings.state_folder.join("catalogue")),
            queue: Mutex::default(),
            live: Mutex::default(),
            workers: Arc::default(),
            services: Mutex::new(services),
            is_closing: AtomicBool::new(false),
            pause: Mutex::new(Pause::stored_in(opened.log.as_ref())),
            store,
            settings: Mutex::new(settings),
            log: opened.log,
            _claim: opened.claim,
            recording: Mutex::default(),
            history: Mutex::new(History { operations, names }),
            changes: AtomicU64::default(),
            rest: Mutex::default(),
            problems: Mutex::new(problems),
            told: Mutex::new(told),
            hooks: Hooks::default(),
            events,
            ports,
            surroundings,
        });
        state.settle_unfinished(now);
        state.drop_old_history();
        Ok(state)
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.ports.clock.now()
    }

    pub(crate) fn zone(&self) -> TimeZone {
        (self.surroundings.zone)()
    }

    /// The settings file as it is now.
    pub(crate) fn file(&self) -> SettingsFile {
        self.settings.lock().clone()
    }

    /// Changes the settings file. Nothing changes unless the new one is on the disk.
    pub(crate) fn edit<T>(
        &self,
        change: impl FnOnce(&mut SettingsFile) -> Result<T, AppError>,
    ) -> Result<T, AppError> {
        let mut settings = self.settings.lock();
        let mut changed = settings.clone();
        let answer = change(&mut changed)?;
        if changed != *settings {
            let edited = self.store.save(&changed, self.now())?;
            *settings = changed;
            self.count_change();
            if let Some(edited) = edited {
                self.add_problem(edited.problem());
            }
        }
        Ok(answer)
    }

    pub(crate) fn plan(&self, id: &PlanId) -> Result<Plan, AppError> {
        let settings = self.settings.lock();
        let plan = settings.plans.iter().find(|plan| plan.id == *id);
        plan.cloned().ok_or_else(|| AppError::PlanUnknown { id: id.0.clone() })
    }

    pub(crate) fn repository(&self, id: &RepositoryId) -> Result<RepositoryEntry, AppError> {
        let settings = self.settings.lock();
        let repository = settings.repositories.iter().find(|repository| repository.id == *id);
        repository.cloned().ok_or_else(|| AppError::RepositoryUnknown { id: id.0.clone() })
    }

    /// A name for a new operation or run.
    pub(crate) fn new_name(&self) -> String {
        let now = self.now();
        self.history.lock().names.next(now)
    }

    /// Stores an operation as it is now, and tells about it. What ended is made durable.
    pub(crate) fn record(&self, operation: &Operation) {
        let turn = self.recording.lock();
        self.history.lock().operations.insert(operation.id.clone(), operation.clone());
        self.keep_and_tell(operation);
        drop(turn);
        self.changed();
    }

    /// Changes a recorded operation, and returns it as it is then.
    pub(crate) fn update(
        &self,
        id: &OperationId,
        change: impl FnOnce(&mut Operation),
    ) -> Option<Operation> {
        let turn = self.recording.lock();
        let changed = {
            let mut history = self.history.lock();
            let operation = history.operations.get_mut(id)?;
            let before = operation.clone();
            change(operation);
            if *operation == before {
                return Some(before);
            }
            operation.clone()
        };
        self.keep_and_tell(&changed);
        drop(turn);
        self.changed();
        Some(changed)
    }

    /// How often settings, history or what is seen of repositories changed so far.
    pub(crate) fn changes(&self) -> u64 {
        self.changes.load(Ordering::Relaxed)
    }

    /// Counts a change: what was decided before it need not hold any more.
    pub(crate) fn count_change(&self) {
        self.changes.fetch_add(1, Ordering::Relaxed);
    }

    fn keep_and_tell(&self, operation: &Operation) {
        self.count_change();
        let mut stored = self.log.put(operation);
        if !operation.is_live() {
            stored = stored.and_then(|()| self.log.make_durable());
        }
        if let Err(error) = stored {
            // History is worth less than the backup it is about: it goes on.
            self.add_problem(AppError::LogUnwritable { source: Box::new(error) }.problem());
        }
        let progress = self.live.lock().get(&operation.id).and_then(|live| live.progress.clone());
        self.send(AppEvent::Operation { operation: Box::new(operation.view(progress)) });
    }

    pub(crate) fn operation(&self, id: &OperationId) -> Result<Operation, AppError> {
        let history = self.history.lock();
        let operation = history.operations.get(id);
        operation.cloned().ok_or_else(|| AppError::OperationUnknown { id: id.0.clone() })
    }

    /// Runs `look` on all operations, the oldest first.
    pub(crate) fn operations<T>(
        &self,
        look: impl FnOnce(&BTreeMap<OperationId, Operation>) -> T,
    ) -> T {
        look(&self.history.lock().operations)
    }

    /// Counts a thread that works, until the answer is dropped.
    pub(crate) fn works(&self) -> AtWork {
        *self.workers.count.lock() += 1;
        AtWork(self.workers.clone())
    }

    /// Returns once nothing works any more, or after so long.
    pub(crate) fn wait_until_settled(&self, patience: Duration) {
        let mut count = self.workers.count.lock();
        while *count > 0 {
            if self.workers.ended.wait_for(&mut count, patience).timed_out() {
                break;
            }
        }
    }

    /// Adds a line to an operation's log.
    pub(crate) fn note(&self, id: &OperationId, level: LogLevel, text: impl Into<String>) {
        let line = LogLine { at: self.now().as_millisecond(), level, text: text.into() };
        if let Err(error) = self.log.append(id, &line) {
            self.add_problem(AppError::LogUnwritable { source: Box::new(error) }.problem());
        }
    }

    pub(crate) fn log(&self) -> &dyn OperationLog {
        self.log.as_ref()
    }

    /// Problems of the app itself.
    pub(crate) fn problems(&self) -> Vec<Problem> {
        self.problems.lock().iter().cloned().collect()
    }

    /// Adds a problem of the app itself, in the place of an earlier one of its kind.
    pub(crate) fn add_problem(&self, problem: Problem) {
        let mut problems = self.problems.lock();
        match problems.iter_mut().find(|known| known.code == problem.code) {
            Some(known) => *known = problem,
            None => problems.push_back(problem),
        }
    }

    pub(crate) fn subscribe(&self) -> broadcast::Receiver<AppEvent> {
        self.events.subscribe()
    }

    pub(crate) fn send(&self, event: AppEvent) {
        // Without a listener there is nobody to tell.
        let _ = self.events.send(event);
    }

    /// Tells that the overview changed.
    pub(crate) fn changed(&self) {
        if self.events.receiver_count() > 0 {
            self.send(AppEvent::Overview { overview: Box::new(self.overview()) });
        }
    }

    fn settle_unfinished(&self, now: Timestamp) {
        let unfinished: Vec<Operation> = self.operations(|operations| {
            operations.values().filter(|operation| operation.is_live()).cloned().collect()
        });
        for mut operation in unfinished {
            let waited = operation.state == OperationState::Queued;
            if waited && self.can_wait_again(&operation) {
                self.enqueue(&operation);
                continue;
            }
            operation.state = OperationState::Interrupted;
            operation.finished_at = Some(now);
            operation.problem = Some(AppError::Interrupted.problem());
            self.note(&operation.id, LogLevel::Error, "Holdfast ended before this was done");
            self.record(&operation);
        }
    }

    /// Restores are not among them: their previews ended with the process that made them.
    fn can_wait_again(&self, operation: &Operation) -> bool {
        let known = self.repository(&operation.repository).is_ok();
        known
            && match (&operation.task, &operation.plan) {
                // A plan that was moved to another repository meanwhile is due there anew.
                (Task::Backup, Some((plan, _))) => {
                    self.plan(plan).is_ok_and(|plan| plan.repository == operation.repository)
                }
                (Task::Verify { .. } | Task::Forget { .. }, _) => true,
                _ => false,
            }
    }

    fn drop_old_history(&self) {
        let old: Vec<OperationId> = {
            let mut history = self.history.lock();
            let excess = history.operations.len().saturating_sub(OPERATIONS_KEPT);
            let old: Vec<_> = history.operations.keys().take(excess).cloned().collect();
            for id in &old {
                history.operations.remove(id);
            }
            old
        };
        for id in old {
            // One that stays is tried again at the next start.
            let _ = self.log.remove(&id);
        }
    }
}
