//! Hooks: telling programs and servers what happens, as a person set it up.
//!
//! What a hook does never harms a backup: it is told beside the work, for a limited time, with a
//! bounded list of what waits. The one exception is chosen for each hook: a backup that does not
//! run if the hook that tells of its beginning fails. What is secret of a hook is in the keychain,
//! and in no setting, log or error.
//!
//! In reading order: [`event`] says what is news, [`watch`] what of it no operation tells,
//! [`message`] what is said of it, [`channel`] how it is sent, [`outbox`] when; [`delivery`] does
//! it, [`editing`] is what the person changes.

mod channel;
mod commands;
mod delivery;
mod editing;
mod event;
mod failure;
#[cfg(test)]
mod loopback;
mod message;
mod outbox;
mod secrets;
mod watch;

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::api::{Channel, HookId, HookOn, HookScope, HookSecretsView, OnHookFailure};

pub(crate) use delivery::Hooks;
pub use editing::HookFlaw;
pub use failure::HookFailure;

/// A hook, as the settings file keeps it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Hook {
    pub(crate) id: HookId,
    pub(crate) name: String,
    pub(crate) on: BTreeSet<HookOn>,
    pub(crate) scope: HookScope,
    pub(crate) to: Channel,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) subject: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) template: Option<String>,
    pub(crate) timeout_seconds: u16,
    #[serde(default)]
    pub(crate) on_failure: OnHookFailure,
    /// What may be known of its secrets; they themselves are in the keychain.
    #[serde(default)]
    pub(crate) secrets: HookSecretsView,
    /// True if the keychain holds its secrets.
    #[serde(default)]
    pub(crate) secrets_in_keychain: bool,
}

/// How long one try may take, in seconds.
pub(crate) const TIMEOUT_SECONDS: std::ops::RangeInclusive<u16> = 5..=600;

impl Hook {
    /// The name of its secrets in the keychain.
    pub(crate) fn keychain_name(&self) -> String {
        format!("hook {}", self.id)
    }
}
