//! Hooks as the window sees them: whom to tell of what, and how.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::{HookId, LastRun, PlanId, Problem, RepositoryId, Secret, SecretState};

/// What a person enters for a hook.
#[derive(Clone, Deserialize, TS)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[ts(optional_fields)]
pub struct HookDraft {
    /// What it is called.
    pub name: String,
    /// What it tells.
    pub on: BTreeSet<HookOn>,
    /// Of which plans or repositories.
    pub scope: HookScope,
    /// Whom it tells, without what is secret of it.
    pub to: Channel,
    /// The title, as a template; the app's own words if absent.
    #[serde(default)]
    pub subject: Option<String>,
    /// The message, as a template; the app's own words if absent.
    #[serde(default)]
    pub template: Option<String>,
    /// How long one try may take, 5 to 600 seconds.
    pub timeout_seconds: u16,
    /// What becomes of the backup if the hook fails.
    pub on_failure: OnHookFailure,
    /// What is secret of it. What is absent stays as it is.
    #[serde(default)]
    pub secrets: HookSecrets,
}

/// The secret parts of a hook, on their way in. They are kept in the keychain.
#[derive(Clone, Default, Deserialize, TS)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
#[ts(optional_fields)]
pub struct HookSecrets {
    /// The address to call, where the address itself is what lets one in.
    #[ts(type = "string")]
    pub address: Option<Secret>,
    /// A token, or the password of a mail server.
    #[ts(type = "string")]
    pub token: Option<Secret>,
    /// Headers to send along, by name.
    #[ts(type = "{ [key in string]: string }")]
    pub headers: Option<BTreeMap<String, Secret>>,
}

/// What a hook can tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub enum HookOn {
    /// A backup begins.
    BackupStarted,
    /// A backup succeeded.
    BackupSucceeded,
    /// A backup made a snapshot without everything.
    BackupWarnings,
    /// A backup failed.
    BackupFailed,
    /// A backup begins that was missed while the computer slept or the app was off.
    BackupMissed,
    /// A plan is overdue; again each day while it is.
    Overdue,
    /// A plan that failed or was overdue is protected again.
    Recovered,
    /// A plan waits for something; told once.
    Waiting,
    /// A verify found nothing wrong.
    VerifySucceeded,
    /// A verify failed or found damage.
    VerifyFailed,
    /// Clean-up succeeded.
    CleanupSucceeded,
    /// Clean-up failed.
    CleanupFailed,
    /// Retention succeeded.
    RetentionSucceeded,
    /// Retention failed.
    RetentionFailed,
    /// A restore drill proved a repository restorable.
    DrillSucceeded,
    /// A restore drill failed.
    DrillFailed,
    /// A copy to another repository succeeded.
    CopySucceeded,
    /// A copy to another repository failed.
    CopyFailed,
    /// A restore is done.
    RestoreSucceeded,
    /// A restore failed, or not everything was restored.
    RestoreFailed,
    /// A lock was removed.
    Unlocked,
    /// Somebody else's lock kept an operation from its work.
    Locked,
    /// A plan's sources changed in a way that holds back what would remove snapshots.
    GuardTripped,
    /// A repository's storage is nearly full.
    SpaceLow,
    /// Anything of the above that failed.
    AnyFailure,
}

/// Of which plans or repositories a hook tells.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "type", rename_all = "camelCase", deny_unknown_fields)]
pub enum HookScope {
    /// Of all.
    Everything,
    /// Of what is done for these plans.
    Plans {
        /// Which.
        plans: BTreeSet<PlanId>,
    },
    /// Of what is done on these repositories.
    Repositories {
        /// Which.
        repositories: BTreeSet<RepositoryId>,
    },
}

/// Whom a hook tells.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "type", rename_all = "camelCase", deny_unknown_fields)]
#[ts(optional_fields)]
pub enum Channel {
    /// A program of this computer, run without a shell. The message is its input.
    Command {
        /// Which program.
        program: String,
        /// Its arguments, handed over as they are.
        arguments: Vec<String>,
        /// The folder it runs in.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        folder: Option<String>,
    },
    /// Any web server. The address is secret.
    Webhook {
        /// How it is called.
        method: WebMethod,
        /// What the message is, such as `application/json`.
        content_type: String,
    },
    /// A check of healthchecks.io, or of a server like it. The address is secret.
    Healthchecks,
    /// A webhook of Slack, or of what understands the same. The address is secret.
    Slack,
    /// A webhook of Discord. The address is secret.
    Discord,
    /// A chat of Telegram. The bot's token is secret.
    Telegram {
        /// The chat.
        chat: String,
        /// A server of one's own.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        server: Option<String>,
    },
    /// A Gotify server. The application's token is secret.
    Gotify {
        /// The server.
        server: String,
        /// How urgent its messages are, 0 to 10.
        priority: u8,
    },
    /// A topic of ntfy. Its address is secret, and so is the token if there is one.
    Ntfy {
        /// How urgent its messages are, 1 to 5.
        priority: u8,
    },
    /// E-mail. The password is secret.
    Mail {
        /// Who writes.
        from: String,
        /// Who is written to.
        to: Vec<String>,
        /// The mail server.
        server: String,
        /// Its port.
        port: u16,
        /// How the connection is kept private.
        security: MailSecurity,
        /// Who logs in; nobody if absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        user: Option<String>,
    },
}

/// How a web server is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "UPPERCASE")]
pub enum WebMethod {
    /// Without a message.
    Get,
    /// With one.
    Post,
    /// With one.
    Put,
}

/// How a connection to a mail server is kept private.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub enum MailSecurity {
    /// TLS from the first byte (port 465).
    Tls,
    /// TLS before anything is said; nothing is sent without it (port 587).
    StartTls,
    /// Not at all: anybody on the way can read it (port 25).
    None,
}

/// What becomes of a backup if a hook fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub enum OnHookFailure {
    /// Nothing.
    #[default]
    Ignore,
    /// It does not run. Only for hooks that tell that a backup begins.
    CancelRun,
}

/// A hook as it is.
#[serde_with::skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(optional_fields)]
pub struct HookView {
    /// Its name for programs.
    pub id: HookId,
    /// What it is called.
    pub name: String,
    /// What it tells.
    pub on: BTreeSet<HookOn>,
    /// Of which plans or repositories.
    pub scope: HookScope,
    /// Whom it tells.
    pub to: Channel,
    /// The title, as a template.
    pub subject: Option<String>,
    /// The message, as a template.
    pub template: Option<String>,
    /// How long one try may take.
    pub timeout_seconds: u16,
    /// What becomes of the backup if the hook fails.
    pub on_failure: OnHookFailure,
    /// What is kept in the keychain, without what it is.
    pub secrets: HookSecretsView,
    /// Its last delivery.
    pub last: Option<LastRun>,
}

/// Which secrets of a hook there are.
#[serde_with::skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase", default)]
#[ts(optional_fields)]
pub struct HookSecretsView {
    /// The server of the address, without the rest.
    pub address: Option<String>,
    /// True if there is a token or a password.
    pub token: bool,
    /// The names of the headers.
    pub headers: Vec<String>,
    /// Where they are kept.
    pub state: Option<SecretState>,
}

/// What a hook would say, with made-up figures.
#[serde_with::skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(optional_fields)]
pub struct HookPreview {
    /// The title.
    pub subject: String,
    /// The message.
    pub body: String,
    /// What is wrong with a template.
    pub problem: Option<Problem>,
}

/// What became of a test of a hook.
#[serde_with::skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(optional_fields)]
pub struct HookOutcome {
    /// How long it took.
    pub took_millis: u64,
    /// How the answer begins.
    pub answer: String,
    /// Why it failed.
    pub problem: Option<Problem>,
}
