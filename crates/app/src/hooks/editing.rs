//! What a person does with hooks: sets them up, looks at what they would say, tries them.

use jiff::{SignedDuration, Timestamp};

use super::channel::{self, Trust};
use super::delivery::within;
use super::event::HookEvent;
use super::message::{Facts, Message};
use super::secrets::HookKeys;
use super::{Hook, HookFailure, TIMEOUT_SECONDS};
use crate::api::{
    Channel, HookDraft, HookId, HookOn, HookOutcome, HookPreview, HookScope, HookView, LastRun,
    OnHookFailure, OperationSummary, Trigger,
};
use crate::error::AppError;
use crate::operation::Task;
use crate::plan::{check_name, slug};
use crate::state::State;

/// What is wrong with a hook that a person entered.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
#[expect(missing_docs, reason = "the text of each variant says it")]
pub enum HookFlaw {
    #[error("it would tell nothing")]
    NothingToTell,
    #[error("it would tell of no plan and no repository")]
    NothingToTellOf,
    #[error("its time is not between 5 and 600 seconds")]
    Timeout,
    #[error("only one that tells that a backup begins can keep it from running")]
    CannotCancel,
    #[error("it names no program")]
    NoProgram,
    #[error("it writes to nobody")]
    NoReceiver,
    #[error("{name:?} cannot be the name of a header")]
    Header { name: String },
    #[error("its priority is not between {from} and {to}")]
    Priority { from: u8, to: u8 },
    #[error("{0}")]
    Channel(HookFailure),
}

impl State {
    /// All hooks, in the order they were made.
    pub(crate) fn hook_views(&self) -> Vec<HookView> {
        self.file().hooks.iter().map(|hook| self.hook_view(hook)).collect()
    }

    fn hook_view(&self, hook: &Hook) -> HookView {
        let mut secrets = hook.secrets.clone();
        let has_any = secrets.address.is_some() || secrets.token || !secrets.headers.is_empty();
        secrets.state = has_any.then(|| self.hook_secret_state(hook));
        HookView {
            id: hook.id.clone(),
            name: hook.name.clone(),
            on: hook.on.clone(),
            scope: hook.scope.clone(),
            to: hook.to.clone(),
            subject: hook.subject.clone(),
            template: hook.template.clone(),
            timeout_seconds: hook.timeout_seconds,
            on_failure: hook.on_failure,
            secrets,
            last: self.last_delivery(&hook.id),
        }
    }

    fn last_delivery(&self, id: &HookId) -> Option<LastRun> {
        self.operations(|operations| {
            let mut newest = operations.values().rev();
            let last =
                newest.find(|one| matches!(&one.task, Task::Hook { hook, .. } if hook == id))?;
            Some(LastRun {
                operation: last.id.clone(),
                state: last.state,
                at: last.latest().as_millisecond(),
            })
        })
    }

    /// Adds a hook.
    pub(crate) fn add_hook(&self, draft: &HookDraft) -> Result<HookView, AppError> {
        let mut random = [0; 2];
        getrandom::fill(&mut random)
            .map_err(|error| AppError::unexpected("there are no random numbers", error))?;
        let id = HookId(slug(&draft.name, random));
        self.save_hook(id, draft, HookKeys::default())
    }

    /// Changes a hook.
    pub(crate) fn change_hook(&self, id: &HookId, draft: &HookDraft) -> Result<HookView, AppError> {
        let before = self.hook(id)?;
        let keys = self.known_keys(&before)?;
        self.save_hook(id.clone(), draft, keys)
    }

    /// Removes a hook with its secrets.
    pub(crate) fn remove_hook(&self, id: &HookId) -> Result<(), AppError> {
        let hook = self.hook(id)?;
        self.secrets.forget_named(&hook.keychain_name(), hook.secrets_in_keychain)?;
        self.edit(|file| {
            file.hooks.retain(|hook| hook.id != *id);
            Ok(())
        })
    }

    /// What a hook would say of an event, with made-up figures.
    pub(crate) fn render_hook(&self, draft: &HookDraft, on: HookOn) -> HookPreview {
        let (message, problem) = match self.sample_message(draft, on) {
            Ok(message) => (message, None),
            Err(failure) => {
                let flaw = HookFlaw::Channel(failure);
                let message = Message { subject: String::new(), body: String::new() };
                (message, Some(AppError::HookInvalid { flaw }.problem()))
            }
        };
        HookPreview { subject: message.subject, body: message.body, problem }
    }

    /// Tells a hook something made up, once, and says what came of it.
    pub(crate) fn test_hook(
        &self,
        id: Option<&HookId>,
        draft: &HookDraft,
    ) -> Result<HookOutcome, AppError> {
        let known = match id {
            Some(id) => self.known_keys(&self.hook(id)?)?,
            None => HookKeys::default(),
        };
        let keys = known.with(&draft.secrets);
        check(draft, &keys)?;
        let on = draft.on.iter().next().copied().unwrap_or(HookOn::BackupFailed);
        let hook = hook_of("test".into(), draft);
        let began = self.now();
        let outcome = self
            .sending(&hook, &keys, on, &sample(on, began))
            .and_then(|sending| within(sending, Trust::Computer, &|| true));
        let took = self.now().duration_since(began).as_millis();
        let took_millis = u64::try_from(took).unwrap_or(0);
        Ok(match outcome {
            Ok(answer) => {
                let answer = answer.chars().take(ANSWER_CHARS_MAX).collect();
                HookOutcome { took_millis, answer, problem: None }
            }
            Err(source) => {
                let failed = AppError::HookFailed { name: draft.name.clone(), source };
                let problem = Some(failed.problem());
                HookOutcome { took_millis, answer: String::new(), problem }
            }
        })
    }

    /// Tries a hook as it is.
    pub(crate) fn try_hook(&self, id: &HookId) -> Result<(), AppError> {
        let hook = self.hook(id)?;
        let keys = self.known_keys(&hook)?;
        let on = hook.on.iter().next().copied().unwrap_or(HookOn::BackupFailed);
        let sending = self.sending(&hook, &keys, on, &sample(on, self.now()));
        let sent = sending.and_then(|sending| within(sending, Trust::Computer, &|| true));
        sent.map(drop).map_err(|source| AppError::HookFailed { name: hook.name, source })
    }

    fn sample_message(&self, draft: &HookDraft, on: HookOn) -> Result<Message, HookFailure> {
        let computer = &self.surroundings.identity.hostname;
        let facts = Facts::of(&sample(on, self.now()), on, computer, &self.zone());
        let is_json = channel::says_json(&draft.to);
        facts.message(draft.subject.as_deref(), draft.template.as_deref(), is_json)
    }

    fn hook(&self, id: &HookId) -> Result<Hook, AppError> {
        let hook = self.file().hooks.into_iter().find(|hook| hook.id == *id);
        hook.ok_or_else(|| AppError::HookUnknown { id: id.0.clone() })
    }

    fn known_keys(&self, hook: &Hook) -> Result<HookKeys, AppError> {
        let entry = self.secrets.named(&hook.keychain_name(), hook.secrets_in_keychain)?;
        Ok(entry.as_ref().map(HookKeys::of_entry).unwrap_or_default())
    }

    fn save_hook(
        &self,
        id: HookId,
        draft: &HookDraft,
        known: HookKeys,
    ) -> Result<HookView, AppError> {
        let others = self.file().hooks;
        let others = others.iter().filter(|other| other.id != id);
        check_name(&draft.name, others.map(|other| other.name.as_str()))?;
        let keys = known.with(&draft.secrets);
        check(draft, &keys)?;
        self.sample_message(draft, HookOn::BackupFailed)
            .map_err(|failure| AppError::HookInvalid { flaw: HookFlaw::Channel(failure) })?;
        let mut hook = hook_of(id, draft);
        hook.secrets = keys.view();
        if !keys.is_empty() {
            hook.secrets_in_keychain = self.secrets.keep_named(&hook.keychain_name(), keys.entry());
        }
        self.edit(|file| {
            match file.hooks.iter_mut().find(|known| known.id == hook.id) {
                Some(known) => *known = hook.clone(),
                None => file.hooks.push(hook.clone()),
            }
            Ok(())
        })?;
        Ok(self.hook_view(&hook))
    }
}

/// How much of an answer a person is shown.
const ANSWER_CHARS_MAX: usize = 500;

fn hook_of(id: HookId, draft: &HookDraft) -> Hook {
    let written = |text: &Option<String>| text.clone().filter(|text| !text.trim().is_empty());
    Hook {
        id,
        name: draft.name.trim().to_owned(),
        on: draft.on.clone(),
        scope: draft.scope.clone(),
        to: draft.to.clone(),
        subject: written(&draft.subject),
        template: written(&draft.template),
        timeout_seconds: draft.timeout_seconds,
        on_failure: draft.on_failure,
        secrets: Default::default(),
        secrets_in_keychain: false,
    }
}

fn check(draft: &HookDraft, keys: &HookKeys) -> Result<(), AppError> {
    flaw_of(draft, keys).map_or(Ok(()), |flaw| Err(AppError::HookInvalid { flaw }))
}

/// What is wrong with a draft, as far as can be seen without trying it.
fn flaw_of(draft: &HookDraft, keys: &HookKeys) -> Option<HookFlaw> {
    if draft.on.is_empty() {
        return Some(HookFlaw::NothingToTell);
    }
    let is_nothing = match &draft.scope {
        HookScope::Everything => false,
        HookScope::Plans { plans } => plans.is_empty(),
        HookScope::Repositories { repositories } => repositories.is_empty(),
    };
    if is_nothing {
        return Some(HookFlaw::NothingToTellOf);
    }
    if !TIMEOUT_SECONDS.contains(&draft.timeout_seconds) {
        return Some(HookFlaw::Timeout);
    }
    let tells_start =
        draft.on.contains(&HookOn::BackupStarted) || draft.on.contains(&HookOn::BackupMissed);
    if draft.on_failure == OnHookFailure::CancelRun && !tells_start {
        return Some(HookFlaw::CannotCancel);
    }
    let is_token = |name: &String| {
        !name.is_empty()
            && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
    };
    if let Some(name) = keys.headers.keys().find(|name| !is_token(name)) {
        return Some(HookFlaw::Header { name: name.clone() });
    }
    let of_channel = match &draft.to {
        Channel::Command { program, .. } if program.trim().is_empty() => Some(HookFlaw::NoProgram),
        Channel::Gotify { priority: 11.., .. } => Some(HookFlaw::Priority { from: 0, to: 10 }),
        Channel::Ntfy { priority: 0 | 6.. } => Some(HookFlaw::Priority { from: 1, to: 5 }),
        Channel::Mail { to, .. } if to.is_empty() => Some(HookFlaw::NoReceiver),
        Channel::Mail { from, to, .. } => {
            let failure = to.iter().chain([from]).find_map(|one| channel::mailbox(one).err());
            failure.map(HookFlaw::Channel)
        }
        _ => None,
    };
    of_channel.or_else(|| channel::check(&draft.to, keys).err().map(HookFlaw::Channel))
}

/// An event to show and to try hooks with.
fn sample(on: HookOn, now: Timestamp) -> HookEvent {
    let minutes = |count| SignedDuration::from_mins(count);
    let ago = |count| now.saturating_sub(minutes(count)).unwrap_or(now);
    let has_problem = matches!(on.signal(), super::event::Signal::Bad) || on == HookOn::Waiting;
    let problem = || {
        let (name, location) = ("Blue SSD".to_owned(), "/media/blue".into());
        let away = AppError::DestinationNotConnected {
            name,
            location,
            snapshots: Some(142),
            awaited_by: None,
        };
        away.problem()
    };
    HookEvent {
        names: vec![on],
        at: now,
        plan: Some(("documents".into(), "Documents".to_owned())),
        repository: ("blue".into(), "Blue SSD".to_owned()),
        run: Some("019d2a5b7c31".into()),
        trigger: Trigger::Manual,
        started: Some(ago(4)),
        finished: Some(now),
        summary: (!has_problem).then(|| OperationSummary {
            files_new: 12,
            files_changed: 3,
            files_unmodified: 4696,
            files: 4711,
            bytes: 12_345_678_901,
            added_bytes: 52_000_000,
            stored_bytes: 31_000_000,
            snapshot: Some("8c4f2a17d05e".to_owned()),
            ..OperationSummary::default()
        }),
        findings: 0,
        problem: has_problem.then(problem),
    }
}
