//! Telling hooks what happened: beside the work, one after the other, each within its time.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{RecvTimeoutError, sync_channel};
use std::time::Duration;

use jiff::Timestamp;
use parking_lot::Mutex;

use super::channel::{self, Sending, Trust};
use super::event::HookEvent;
use super::message::Facts;
use super::outbox::{Delivery, Outbox};
use super::secrets::HookKeys;
use super::watch::{self, WatchBook};
use super::{Hook, HookFailure};
use crate::api::{HookOn, LogLevel, OnHookFailure, OperationState, SecretState};
use crate::error::AppError;
use crate::operation::{Operation, Task};
use crate::run::Job;
use crate::state::State;

/// What hooks have to do.
#[derive(Default)]
pub(crate) struct Hooks {
    outbox: Mutex<Outbox>,
    /// True while a thread delivers.
    is_working: AtomicBool,
    book: Mutex<Option<WatchBook>>,
}

/// Where the book of what was told lies in the operation log.
const BOOK: &str = "hooks told";

/// A try that does not end in its time is left to itself after so much more.
const GRACE: Duration = Duration::from_secs(2);

/// While a try goes on, it is looked so often whether it is still wanted.
const LOOKED_AT_EVERY: Duration = Duration::from_millis(50);

impl State {
    /// Tells hooks what became of an operation.
    pub(crate) fn fire_outcome(self: &Arc<Self>, operation: &Operation) {
        if let Some(event) = HookEvent::of(operation, self.now()) {
            self.fire(event, |_| true);
        }
    }

    /// Tells hooks that a backup begins. Those that may keep it from running are told now, before
    /// anything else happens; the error is that of the first that failed.
    pub(crate) fn fire_start(self: &Arc<Self>, job: &Job<'_>) -> Result<(), AppError> {
        let Some(event) = HookEvent::of(job.operation, self.now()) else { return Ok(()) };
        let decides = |hook: &Hook| hook.on_failure == OnHookFailure::CancelRun;
        let hooks = self.file().hooks.into_iter().filter(decides);
        for hook in hooks.filter(|hook| event.is_in(&hook.scope)) {
            let Some(on) = event.known_as(&hook.on) else { continue };
            let delivery = Delivery::new(hook.id.clone(), on, Arc::new(event.clone()));
            let began = self.now();
            let is_wanted = || !job.cancel.is_cancelled();
            let outcome = self.try_once(&hook, on, &event, &is_wanted);
            let is_cancelled = job.cancel.is_cancelled();
            self.record_delivery(&hook, &delivery, began, &outcome);
            if let Err(source) = outcome {
                return Err(match is_cancelled {
                    true => AppError::Cancelled,
                    false => AppError::HookStopsBackup { name: hook.name, source },
                });
            }
        }
        // One that is tried again begins for the second time.
        if job.operation.again.is_none() {
            self.fire(event, |hook| !decides(hook));
        }
        Ok(())
    }

    /// Tells hooks what no operation tells.
    pub(crate) fn fire_changes(self: &Arc<Self>) {
        let file = self.file();
        if file.hooks.is_empty() {
            return;
        }
        let past = self.past();
        let plans: Vec<_> = file.plans.iter().map(|plan| self.plan_view(plan, &past)).collect();
        let repositories: Vec<_> =
            file.repositories.iter().map(|entry| self.view_of(entry)).collect();
        let mut kept = self.hooks.book.lock();
        let book = kept.take().unwrap_or_else(|| self.stored_book());
        let (events, then) = watch::news(&plans, &repositories, &book, self.now());
        if then != book
            && let Ok(text) = serde_json::to_string(&then)
        {
            // Told twice after a restart is better than never.
            let _ = self.log().put_note(BOOK, &text);
        }
        *kept = Some(then);
        drop(kept);
        for event in events {
            self.fire(event, |_| true);
        }
    }

    fn stored_book(&self) -> WatchBook {
        let stored = self.log().note(BOOK).ok().flatten();
        stored.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default()
    }

    fn fire(self: &Arc<Self>, event: HookEvent, is_wanted: impl Fn(&Hook) -> bool) {
        let event = Arc::new(event);
        for hook in self.file().hooks.iter().filter(|hook| event.is_in(&hook.scope)) {
            let Some(on) = event.known_as(&hook.on).filter(|_| is_wanted(hook)) else { continue };
            let delivery = Delivery::new(hook.id.clone(), on, event.clone());
            let gone = self.hooks.outbox.lock().push(delivery);
            self.record_given_up(gone);
        }
        self.deliver_hooks();
    }

    /// Sends what is due, on a thread of its own.
    pub(crate) fn deliver_hooks(self: &Arc<Self>) {
        let is_due = self.hooks.outbox.lock().next_at().is_some_and(|at| at <= self.now());
        let is_closing = self.is_closing.load(Ordering::Acquire);
        if !is_due || is_closing || self.hooks.is_working.swap(true, Ordering::AcqRel) {
            return;
        }
        let (state, at_work) = (self.clone(), self.works());
        let spawned = std::thread::Builder::new().name("hooks".to_owned()).spawn(move || {
            state.deliver_all();
            state.hooks.is_working.store(false, Ordering::Release);
            // What came in after the last look would wait for the next one.
            state.deliver_hooks();
            drop(state);
            drop(at_work);
        });
        if spawned.is_err() {
            // Without a thread now, there may be one at the next tick.
            self.hooks.is_working.store(false, Ordering::Release);
        }
    }

    /// When the next delivery is due.
    pub(crate) fn next_delivery(&self) -> Option<Timestamp> {
        self.hooks.outbox.lock().next_at()
    }

    /// Records what cannot be told any more because the app ends.
    pub(crate) fn give_up_hooks(&self) {
        let waiting = self.hooks.outbox.lock().drain();
        self.record_given_up(waiting);
    }

    fn deliver_all(&self) {
        while !self.is_closing.load(Ordering::Acquire) {
            let due = self.hooks.outbox.lock().take_due(self.now());
            let Some(delivery) = due else { return };
            self.deliver(&delivery);
        }
    }

    fn deliver(&self, delivery: &Delivery) {
        let hooks = self.file().hooks;
        // One that was removed has nobody to tell.
        let Some(hook) = hooks.into_iter().find(|hook| hook.id == delivery.hook) else { return };
        let began = self.now();
        let is_wanted = || !self.is_closing.load(Ordering::Acquire);
        let outcome = self.try_once(&hook, delivery.on, &delivery.event, &is_wanted);
        match &outcome {
            Err(failure) if failure.may_pass() => {
                let given_up = self.hooks.outbox.lock().put_back(delivery.clone(), self.now());
                let is_this = given_up.as_ref().is_some_and(|one| one.is(delivery));
                if is_this {
                    self.record_delivery(&hook, delivery, began, &outcome);
                } else {
                    self.record_given_up(given_up);
                }
            }
            _ => self.record_delivery(&hook, delivery, began, &outcome),
        }
    }

    fn try_once(
        &self,
        hook: &Hook,
        on: HookOn,
        event: &HookEvent,
        is_wanted: &dyn Fn() -> bool,
    ) -> Result<String, HookFailure> {
        let keys = self.hook_keys(hook)?;
        let sending = self.sending(hook, &keys, on, event)?;
        within(sending, Trust::Computer, is_wanted)
    }

    /// The secrets of a hook.
    pub(super) fn hook_keys(&self, hook: &Hook) -> Result<HookKeys, HookFailure> {
        let entry = self.secrets.named(&hook.keychain_name(), hook.secrets_in_keychain);
        let entry =
            entry.map_err(|error| HookFailure::SecretsUnreachable { source: Arc::new(error) })?;
        Ok(entry.as_ref().map(HookKeys::of_entry).unwrap_or_default())
    }

    /// Where the secrets of a hook are, as far as is known without asking.
    pub(super) fn hook_secret_state(&self, hook: &Hook) -> SecretState {
        self.secrets.named_state(&hook.keychain_name(), hook.secrets_in_keychain)
    }

    /// What is sent of an event.
    pub(super) fn sending(
        &self,
        hook: &Hook,
        keys: &HookKeys,
        on: HookOn,
        event: &HookEvent,
    ) -> Result<Sending, HookFailure> {
        let facts = Facts::of(event, on, &self.surroundings.identity.hostname, &self.zone());
        let is_json = channel::says_json(&hook.to);
        let message = facts.message(hook.subject.as_deref(), hook.template.as_deref(), is_json)?;
        Ok(Sending {
            to: hook.to.clone(),
            keys: keys.clone(),
            variables: facts.variables(),
            message,
            signal: on.signal(),
            run: event.run.as_ref().map(|run| run.0.clone()),
            timeout: Duration::from_secs(u64::from(hook.timeout_seconds)),
            now: self.now(),
        })
    }

    fn record_delivery(
        &self,
        hook: &Hook,
        delivery: &Delivery,
        began: Timestamp,
        outcome: &Result<String, HookFailure>,
    ) {
        let mut operation = self.delivery_operation(&hook.name, delivery);
        operation.started_at = Some(began);
        let answer = outcome.as_ref().map(|answer| answer.trim().to_owned());
        let (level, text) = match &answer {
            Ok(answer) if answer.is_empty() => (LogLevel::Info, "Told".to_owned()),
            Ok(answer) => (LogLevel::Info, format!("Told; the answer was: {answer}")),
            Err(failure) => (LogLevel::Error, crate::error::chain(failure)),
        };
        self.note(&operation.id, level, text);
        operation.state = match outcome {
            Ok(_) => OperationState::Succeeded,
            Err(HookFailure::GivenUp) => OperationState::Interrupted,
            Err(_) => OperationState::Failed,
        };
        if let Err(failure) = outcome {
            let (name, source) = (hook.name.clone(), failure.clone());
            operation.problem = Some(AppError::HookFailed { name, source }.problem());
        }
        self.record(&operation);
    }

    fn record_given_up(&self, given_up: impl IntoIterator<Item = Delivery>) {
        let hooks = self.file().hooks;
        for delivery in given_up {
            let Some(hook) = hooks.iter().find(|hook| hook.id == delivery.hook) else { continue };
            self.record_delivery(hook, &delivery, self.now(), &Err(HookFailure::GivenUp));
        }
    }

    fn delivery_operation(&self, name: &str, delivery: &Delivery) -> Operation {
        let event = &delivery.event;
        let id = self.new_name();
        let run = event.run.clone().unwrap_or_else(|| id.as_str().into());
        let task =
            Task::Hook { hook: delivery.hook.clone(), name: name.to_owned(), on: delivery.on };
        let id = id.as_str().into();
        let repository = event.repository.clone();
        Operation {
            plan: event.plan.clone(),
            finished_at: Some(self.now()),
            ..Operation::new((id, run), task, repository, event.trigger, event.at)
        }
    }
}

/// Sends on a thread of its own and waits for the answer, no longer than it may take and is
/// wanted. A server that never ends cannot be made to; it costs a thread until it does.
pub(super) fn within(
    sending: Sending,
    trust: Trust,
    is_wanted: &dyn Fn() -> bool,
) -> Result<String, HookFailure> {
    let patience = sending.timeout + GRACE;
    let seconds = u16::try_from(sending.timeout.as_secs()).unwrap_or(u16::MAX);
    let (tell, told) = sync_channel(1);
    let send = move || {
        // Whoever asked may wait no longer.
        let _ = tell.send(channel::send(&sending, &trust));
    };
    let spawned = std::thread::Builder::new().name("hook".to_owned()).spawn(send);
    spawned.map_err(|error| HookFailure::NotStarted { source: Arc::new(error) })?;
    for _ in 0..=patience.as_millis() / LOOKED_AT_EVERY.as_millis() {
        match told.recv_timeout(LOOKED_AT_EVERY) {
            Ok(outcome) => return outcome,
            Err(RecvTimeoutError::Timeout) if is_wanted() => {}
            Err(_) => return Err(HookFailure::GivenUp),
        }
    }
    Err(HookFailure::TimedOut { seconds })
}
