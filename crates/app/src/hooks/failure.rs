//! Why a hook did not get through, and whether trying again may help.
//!
//! No text in here holds a secret: what a server said is cleaned by [`HookFailure::without`], and
//! errors of libraries that name addresses never come in.

use std::error::Error;
use std::sync::Arc;

use super::secrets::HookKeys;

/// The cause of a failure, which several may hold.
pub(crate) type SharedCause = Arc<dyn Error + Send + Sync>;

/// Why a hook did not get through.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
#[expect(missing_docs, reason = "the text of each variant says it, and its fields name the thing")]
pub enum HookFailure {
    #[error("its {what} is not known")]
    SecretMissing { what: &'static str },
    #[error("the keychain did not give its secrets")]
    SecretsUnreachable { source: SharedCause },
    #[error("its address cannot be used")]
    AddressInvalid,
    #[error("the server answered {status}: {said}")]
    Refused { status: u16, said: String },
    #[error("the server sends its callers elsewhere, to {host}")]
    SentElsewhere { host: String },
    #[error("the server sends its callers round in circles")]
    SentInCircles,
    #[error("there was no answer within {seconds} seconds")]
    TimedOut { seconds: u16 },
    #[error("the server could not be reached")]
    Unreachable { source: SharedCause },
    #[error("the server is not trusted")]
    Untrusted { source: SharedCause },
    #[error("the mail server refused: {said}")]
    MailRefused { said: String, may_pass: bool },
    #[error("{address:?} is no e-mail address")]
    MailAddress { address: String },
    #[error("the program could not be started")]
    NotStarted { source: SharedCause },
    #[error("the program ended with {status}: {said}")]
    ProgramFailed { status: String, said: String },
    #[error("its template fails in line {line}: {said}")]
    TemplateFailed { line: usize, said: String },
    #[error("it was given up")]
    GivenUp,
}

impl HookFailure {
    /// True if it may go better by itself.
    pub(crate) fn may_pass(&self) -> bool {
        match self {
            Self::Refused { status, .. } => *status == 408 || *status == 429 || *status >= 500,
            Self::MailRefused { may_pass, .. } => *may_pass,
            Self::TimedOut { .. }
            | Self::Unreachable { .. }
            | Self::SecretsUnreachable { .. }
            | Self::ProgramFailed { .. } => true,
            _ => false,
        }
    }

    /// The same, with none of these secrets in what was said.
    pub(crate) fn without(self, keys: &HookKeys) -> Self {
        match self {
            Self::Refused { status, said } => Self::Refused { status, said: keys.hidden(&said) },
            Self::MailRefused { said, may_pass } => {
                Self::MailRefused { said: keys.hidden(&said), may_pass }
            }
            Self::ProgramFailed { status, said } => {
                Self::ProgramFailed { status, said: keys.hidden(&said) }
            }
            Self::SentElsewhere { host } => Self::SentElsewhere { host: keys.hidden(&host) },
            other => other,
        }
    }
}
