//! How each sort of hook is told: what is sent where, and the sending.
//!
//! [`requests`] is pure; the others touch the world, for a limited time, and hold at most
//! [`ANSWER_BYTES_MAX`] of what comes back.

mod command;
mod mail;
mod requests;
mod web;

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use rustls::pki_types::CertificateDer;

use super::event::Signal;
use super::failure::HookFailure;
use super::message::Message;
use super::secrets::HookKeys;
use crate::api::Channel;

pub(crate) use mail::mailbox;
pub(crate) use requests::{check, host_of, says_json};

/// How much of an answer is read.
pub(crate) const ANSWER_BYTES_MAX: usize = 64 * 1024;

/// One message on its way.
#[derive(Clone)]
pub(crate) struct Sending {
    pub(crate) to: Channel,
    pub(crate) keys: HookKeys,
    pub(crate) message: Message,
    pub(crate) signal: Signal,
    /// Names the run that it is about.
    pub(crate) run: Option<String>,
    /// What a program finds in its environment.
    pub(crate) variables: Vec<(&'static str, String)>,
    pub(crate) timeout: Duration,
    pub(crate) now: Timestamp,
}

/// Whose certificates are believed.
#[derive(Debug, Clone)]
pub(crate) enum Trust {
    /// Those that the computer believes.
    Computer,
    /// These alone.
    #[cfg_attr(not(test), expect(dead_code, reason = "tests bring an authority of their own"))]
    Only(Arc<Vec<CertificateDer<'static>>>),
}

/// Sends a message once, and returns what was answered.
pub(crate) fn send(sending: &Sending, trust: &Trust) -> Result<String, HookFailure> {
    let answer = match &sending.to {
        Channel::Command { program, arguments, folder } => {
            command::run(program, arguments, folder.as_deref(), sending)
        }
        Channel::Mail { .. } => mail::send(sending, trust),
        _ => requests::request(sending)
            .and_then(|request| web::call(&request, sending.timeout, trust)),
    };
    answer
        .map(|answer| sending.keys.hidden(&answer))
        .map_err(|failure| failure.without(&sending.keys))
}
