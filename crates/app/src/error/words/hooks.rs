//! The words for hooks.

use super::super::AppError;
use super::{EARLIER_SAFE, NOTHING_CHANGED, Words, words};
use crate::api::ProblemAction::{OpenSettings, Retry, ShowDetails};
use crate::hooks::HookFailure;

pub(super) fn of_hooks(error: &AppError) -> Option<Words> {
    Some(match error {
        AppError::HookUnknown { .. } => words(
            "There is no such hook.",
            NOTHING_CHANGED,
            "It may have been removed.",
            &[OpenSettings],
        ),
        AppError::HookInvalid { flaw } => words(
            format!("The hook cannot work: {flaw}."),
            "Nobody would be told.",
            "Correct the hook.",
            &[OpenSettings],
        ),
        AppError::HookFailed { name, source } => words(
            format!("The hook \"{name}\" did not get through: {source}."),
            "Somebody who relies on it was not told. Backups are not touched by that.",
            advice(source),
            &[OpenSettings, ShowDetails],
        ),
        AppError::HookStopsBackup { name, source } => words(
            format!("Nothing was backed up, because the hook \"{name}\" failed: {source}."),
            format!("You chose that this plan does not run without it. {EARLIER_SAFE}"),
            advice(source),
            &[Retry, OpenSettings, ShowDetails],
        ),
        _ => return None,
    })
}

fn advice(failure: &HookFailure) -> &'static str {
    match failure {
        HookFailure::SecretMissing { .. } => "Enter it in the hook's settings.",
        HookFailure::SecretsUnreachable { .. } => "Unlock the keychain.",
        HookFailure::AddressInvalid | HookFailure::MailAddress { .. } => "Correct the address.",
        HookFailure::SentElsewhere { .. } | HookFailure::SentInCircles => {
            "If the server has moved and you trust its new place, enter the new address."
        }
        HookFailure::Refused { status: 401 | 403, .. } => "Check its token or address.",
        HookFailure::Refused { status: 404 | 410, .. } => {
            "Check the address: what it called is no longer there."
        }
        HookFailure::Refused { .. } | HookFailure::MailRefused { .. } => {
            "Check the hook's settings, and send a test."
        }
        HookFailure::TimedOut { .. } | HookFailure::Unreachable { .. } => {
            "Check the network and whether the server runs, then send a test."
        }
        HookFailure::Untrusted { .. } => {
            "Check that the address names the server that the certificate is for."
        }
        HookFailure::NotStarted { .. } => "Check that the program is there and can be run.",
        HookFailure::ProgramFailed { .. } => "Look at what the program printed.",
        HookFailure::TemplateFailed { .. } => "Correct the template.",
        HookFailure::GivenUp => "Nothing needs to be done; later news is told again.",
    }
}
