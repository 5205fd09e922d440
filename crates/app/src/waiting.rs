//! What each operation in the queue waits for, and the start of what waits for nothing more.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use holdfast_engine::monitor::Cancellation;

use crate::again;
use crate::api::{Code, OperationId, OperationKind, OperationState, Problem};
use crate::error::{AppError, BusyWith, Next};
use crate::operation::Operation;
use crate::queue::{Entry, InTheWay};
use crate::run::Started;
use crate::state::{Live, State};
use crate::text::time;

impl State {
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
        for (waits, in_the_way) in blocked {
            // How far that is changes all the time, and is added for whoever looks.
            let busy = BusyWith { percent: None, ..self.busy_until_its_turn(&in_the_way) };
            self.wait_for(&waits, self.busy_repository(&waits, busy).problem());
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
    ) -> (Vec<Started>, Vec<(OperationId, InTheWay)>) {
        let now = self.now();
        let mut queue = self.queue.lock();
        if self.is_closing.load(Ordering::Acquire) {
            return (Vec::new(), Vec::new());
        }
        let waiting = queue.waiting().iter().map(|entry| entry.operation.clone());
        let held: HashSet<OperationId> = waiting.filter(|one| !ready.contains(one)).collect();
        let mut live = self.live.lock();
        let started = queue.start(held, now).into_iter().map(|entry| {
            let cancel = Cancellation::default();
            live.insert(entry.operation.clone(), Live::new(cancel.clone()));
            Started { operation: entry.operation, cancel, at_work: self.works() }
        });
        let started = started.collect();
        let blocked = queue.waiting().iter().filter_map(|entry| {
            let in_the_way = queue.in_the_way(&entry.operation, now)?;
            Some((entry.operation.clone(), in_the_way))
        });
        (started, blocked.collect())
    }

    /// Refuses what waits for something else than its turn.
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
        let is_unattended = operation.trigger.is_unattended();
        if is_unattended && let Some(pause) = self.paused() {
            return Err(self.pause_problem(&pause));
        }
        let kind = operation.task.kind();
        self.check_answers(&repository).map_err(|error| error.awaited(kind))?;
        match self.check_password(&repository) {
            // Who asks for it can unlock the keychain now.
            Err(AppError::KeychainLocked) if !is_unattended => Ok(()),
            checked => checked.map_err(Problem::from),
        }
    }

    fn wait_for(&self, id: &OperationId, reason: Problem) {
        self.update(id, |operation| {
            if operation.state == OperationState::Queued {
                operation.waiting_for = Some(reason);
            }
        });
    }

    /// What a waiting operation waits for, as it is at this moment.
    pub(crate) fn waits_for(&self, operation: &Operation) -> Option<Problem> {
        let reason = operation.waiting_for.clone()?;
        if reason.code != Code::RepositoryBusy {
            return Some(reason);
        }
        let in_the_way = self.queue.lock().in_the_way(&operation.id, self.now());
        let Some(in_the_way) = in_the_way else { return Some(reason) };
        let busy = self.busy_until_its_turn(&in_the_way);
        Some(self.busy_repository(&operation.id, busy).problem())
    }

    fn busy_repository(&self, waits: &OperationId, with: BusyWith) -> AppError {
        let name = self.operation(waits).map(|one| one.repository_name).unwrap_or_default();
        AppError::RepositoryBusy { name, with }
    }

    fn busy_until_its_turn(&self, in_the_way: &InTheWay) -> BusyWith {
        let next = Next::Starts { after_others: in_the_way.others };
        self.busy_with(&in_the_way.operation, next)
    }

    /// What an operation does, since when, and how far it is.
    pub(crate) fn busy_with(&self, id: &OperationId, next: Next) -> BusyWith {
        let operation = self.operation(id).ok();
        let (now, zone) = (self.now(), self.zone());
        let began = operation.as_ref().and_then(|one| one.started_at);
        let since = began.map(|at| time(at, now, &zone));
        let live = self.live.lock().get(id).and_then(|live| live.progress.clone());
        BusyWith {
            what: operation.map_or_else(|| "another operation".to_owned(), |one| in_words(&one)),
            since,
            percent: live.and_then(|progress| progress.percent()),
            next,
        }
    }
}

/// An operation as the subject of a sentence.
fn in_words(operation: &Operation) -> String {
    match (operation.task.kind(), &operation.plan) {
        (OperationKind::Backup, Some((_, plan))) => format!("the backup of \"{plan}\""),
        (OperationKind::Backup, None) => "a backup".to_owned(),
        (OperationKind::Restore, _) => "a restore".to_owned(),
        (OperationKind::Verify, _) => "verifying it".to_owned(),
        (OperationKind::Unlock, _) => "removing locks".to_owned(),
        (OperationKind::Forget | OperationKind::Retention, _) => "removing snapshots".to_owned(),
        (OperationKind::Cleanup, _) => "freeing space".to_owned(),
        (OperationKind::Drill, _) => "a restore drill".to_owned(),
        (OperationKind::Copy, _) => "copying snapshots".to_owned(),
        (OperationKind::Hook, _) => "telling a hook".to_owned(),
    }
}
