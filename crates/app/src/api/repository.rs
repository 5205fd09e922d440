//! Repositories as the window sees them.

use serde::{Deserialize, Serialize, Serializer};
use ts_rs::TS;

use super::{Bytes, Limits, Moment, OperationId, OperationState, Problem, RepositoryId, Secret};

/// A repository with everything known of it.
#[serde_with::skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(optional_fields)]
pub struct RepositoryView {
    /// Its name for programs.
    pub id: RepositoryId,
    /// Its name for people.
    pub name: String,
    /// Where it is.
    pub location: Location,
    /// Version of its format, once it was opened.
    pub format_version: Option<u32>,
    /// What happens to locks in the way.
    pub auto_unlock: AutoUnlock,
    /// How long an operation waits for somebody else's lock.
    pub lock_wait_minutes: u32,
    /// What the person wants to be warned of.
    pub limits: Limits,
    /// Bytes stored, when last looked.
    pub size: Option<Bytes>,
    /// Bytes that can still be stored, when last looked.
    pub free_space: Option<Bytes>,
    /// Number of snapshots, when last looked.
    pub snapshot_count: Option<u64>,
    /// Locks that stood in it when last looked.
    pub locks: Vec<LockView>,
    /// Where its password is.
    pub secret: SecretState,
    /// How verifying last ended.
    pub last_verify: Option<LastVerify>,
    /// What is wrong with it.
    pub problem: Option<Problem>,
    /// Three states in a word each.
    pub lights: Lights,
}

/// Where a repository is.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(tag = "type", rename_all = "camelCase")]
pub enum Location {
    /// A folder.
    Local {
        /// Its absolute path.
        path: String,
    },
}

/// What happens to a lock that stands in the way of an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, TS)]
#[serde(tag = "type", rename_all = "camelCase", deny_unknown_fields)]
pub enum AutoUnlock {
    /// Nothing.
    Off,
    /// It is removed if this computer left it behind and its owner is proven dead.
    #[default]
    Own,
    /// It is removed as well if it is another computer's and showed no sign of life for long.
    All {
        /// How long, 30 or more.
        minutes: u32,
    },
}

/// Where the password of a repository is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub enum SecretState {
    /// In the keychain.
    Stored,
    /// In memory until the app ends.
    Session,
    /// Nowhere: it has to be entered.
    Missing,
    /// In a keychain that is locked.
    Locked,
}

/// How verifying last ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct LastVerify {
    /// Which operation.
    pub operation: OperationId,
    /// How it ended.
    pub state: OperationState,
    /// When it ended.
    pub at: Moment,
}

/// A repository in three words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct Lights {
    /// Room at the destination.
    pub space: Light,
    /// Age and outcome of the last verify.
    pub verify: Light,
    /// Locks.
    pub lock: Light,
}

/// One small light.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub enum Light {
    /// As it should be.
    Good,
    /// Look at it when there is time.
    Attention,
    /// Look at it now.
    Failed,
    /// Not known.
    Unknown,
}

/// A lock in a repository: who holds it and whether its owner lives.
#[serde_with::skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(optional_fields)]
pub struct LockView {
    /// Its id: 64 hexadecimal digits.
    pub id: String,
    /// True if it admits no other.
    pub exclusive: bool,
    /// The owner's computer.
    pub hostname: String,
    /// The owner's user.
    pub username: String,
    /// The owner's process.
    pub pid: i64,
    /// When it was made or refreshed.
    pub created: Moment,
    /// The owner's program, if it says so.
    pub program: Option<String>,
    /// What the owner does, if it says so.
    pub operation: Option<String>,
    /// True if this app holds it now.
    pub ours: bool,
    /// Whether its owner lives.
    pub verdict: LockVerdict,
    /// Why that is known, in sentences.
    pub reasons: Vec<String>,
    /// False if it could not be read; then nothing above but the id and the moment is known.
    pub readable: bool,
}

/// Whether a lock's owner lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub enum LockVerdict {
    /// It does.
    Alive,
    /// It does not: that is proven.
    Dead,
    /// It cannot be told from here.
    Unknown,
}

/// What a person enters to add a repository. It only comes in: the password is never sent back.
#[derive(Clone, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct RepositoryDraft {
    /// Its name for people.
    pub name: String,
    /// Where it is.
    pub location: Location,
    /// Its password.
    #[ts(type = "string")]
    pub password: Secret,
    /// True to make a new one; false to adopt one that is there.
    pub create: bool,
    /// True to store the password in the keychain; false to keep it until the app ends.
    pub remember: bool,
}

/// What is to change of a repository's entry. What is absent stays.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[ts(optional_fields)]
pub struct RepositoryPatch {
    /// Its name for people.
    pub name: Option<String>,
    /// What happens to locks in the way.
    pub auto_unlock: Option<AutoUnlock>,
    /// How long an operation waits for somebody else's lock.
    pub lock_wait_minutes: Option<u32>,
    /// What the person wants to be warned of.
    pub limits: Option<Limits>,
}

/// What stands at a location.
#[serde_with::skip_serializing_none]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
#[ts(optional_fields)]
pub struct RepositoryProbe {
    /// What stands there.
    pub state: ProbeState,
    /// Version of the repository's format, once it was opened.
    pub format_version: Option<u32>,
    /// Whether the password opens it; absent without a password or a repository.
    pub opens: Option<bool>,
    /// Bytes that can be stored there.
    pub free_space: Option<Bytes>,
    /// Whether it can be written to.
    pub writable: Option<bool>,
    /// Number of snapshots in it, once it was opened.
    pub snapshot_count: Option<u64>,
    /// Why the draft cannot be saved as it is.
    pub problem: Option<Problem>,
}

/// What stands at a location.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub enum ProbeState {
    /// Nothing; a folder can be made.
    Absent,
    /// An empty folder.
    Empty,
    /// A folder with other things in it.
    Occupied,
    /// A repository.
    Repository,
    /// It cannot be looked at.
    Unreachable,
}

/// How much verifying reads.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, TS)]
#[serde(tag = "type", rename_all = "camelCase", deny_unknown_fields)]
pub enum VerifyScope {
    /// What refers to what; no file contents.
    Structure,
    /// The structure and some of the contents.
    Subset {
        /// How much of it, more than 0 and up to 100.
        percent: f64,
    },
    /// The structure and all contents.
    All,
}

/// All that is needed to restore without this computer. Shown once asked for, never kept.
#[derive(Clone, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct RecoverySheet {
    /// Where the repository is.
    pub location: String,
    /// The password, which leaves here and nowhere else.
    #[serde(serialize_with = "revealed")]
    #[ts(type = "string")]
    pub password: Secret,
    /// What to do, in order.
    pub steps: Vec<String>,
}

fn revealed<S: Serializer>(secret: &Secret, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(secret.0.expose())
}
