//! Why a repository could not be made, opened, read or written.

use crate::backend::{BackendError, FileKind, FileName};
use crate::blob::BlobKind;
use crate::codec::CodecError;
use crate::id::{BlobId, KeyId, PackId, TreeId};
use crate::key::KeyError;
use crate::pack::HeaderError;
use crate::tree::TreeError;

/// Why a repository was not made. Nothing that was there before has been changed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CreateError {
    /// There is one already, or the remains of one.
    #[error("there is a repository at {location} already: it has a {found} file")]
    Exists {
        /// Where.
        location: String,
        /// What was found.
        found: FileKind,
    },
    /// This engine does not write that format.
    #[error("format {version} is not one that can be created")]
    UnknownFormat {
        /// The version asked for.
        version: u32,
    },
    /// The storage failed.
    #[error("could not create a repository at {location}")]
    Backend {
        /// Where.
        location: String,
        /// The cause.
        source: BackendError,
    },
    /// The operating system has no random bytes.
    #[error("could not make a key")]
    Random {
        /// The cause.
        #[source]
        source: getrandom::Error,
    },
}

/// Why a repository could not be opened. Nothing has been changed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// There is no config.
    #[error("there is no repository at {location}")]
    NoRepository {
        /// Where.
        location: String,
    },
    /// No key file opens with this password.
    #[error("the password opens none of the {keys} keys of the repository at {location}")]
    WrongPassword {
        /// Where.
        location: String,
        /// How many keys there are.
        keys: usize,
    },
    /// There is a config but no key at all.
    #[error("the repository at {location} has no keys")]
    NoKeys {
        /// Where.
        location: String,
    },
    /// A newer program made it.
    #[error("the repository at {location} has format {version}, which is newer than this program")]
    NewerFormat {
        /// Where.
        location: String,
        /// Its version.
        version: u32,
    },
    /// The config is damaged.
    #[error("the config of the repository at {location} is damaged: {reason}")]
    DamagedConfig {
        /// Where.
        location: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// A key file is damaged, and none before it opened.
    #[error("key {key} of the repository at {location} is damaged")]
    DamagedKey {
        /// Where.
        location: String,
        /// Which key.
        key: KeyId,
        /// The cause.
        source: KeyError,
    },
    /// The storage failed.
    #[error("could not open the repository at {location}")]
    Backend {
        /// Where.
        location: String,
        /// The cause.
        source: BackendError,
    },
}

/// Why something in the repository could not be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReadError {
    /// The storage failed.
    #[error("could not read {file}")]
    Backend {
        /// Which file.
        file: FileName,
        /// The cause.
        source: BackendError,
    },
    /// A kind of file could not be listed.
    #[error("could not list the {kind} files")]
    List {
        /// Which kind.
        kind: FileKind,
        /// The cause.
        source: BackendError,
    },
    /// The content is not what its name says: it was changed, cut short or swapped.
    #[error("{file} is damaged: its content does not match its name")]
    WrongContent {
        /// Which file.
        file: FileName,
    },
    /// The content was not sealed with this repository's key.
    #[error("{file} is damaged or belongs to another repository: its seal does not match")]
    BrokenSeal {
        /// Which file.
        file: FileName,
    },
    /// The content cannot be unwrapped.
    #[error("{file} is damaged")]
    Codec {
        /// Which file.
        file: FileName,
        /// The cause.
        source: CodecError,
    },
    /// The content is not the JSON that its kind has.
    #[error("{file} does not hold what a {} should", file.kind)]
    Json {
        /// Which file.
        file: FileName,
        /// The cause.
        source: serde_json::Error,
    },
    /// A pack's header cannot be believed.
    #[error("pack {pack} is damaged")]
    Header {
        /// Which pack.
        pack: PackId,
        /// The cause.
        source: HeaderError,
    },
    /// No pack is known to hold the blob.
    #[error("{kind:?} blob {id} is in no known pack")]
    MissingBlob {
        /// Which kind.
        kind: BlobKind,
        /// Which blob.
        id: BlobId,
    },
    /// A pack does not hold the blob that the index says it does.
    #[error("{kind:?} blob {id} in pack {pack} is damaged: {reason}")]
    DamagedBlob {
        /// Which kind.
        kind: BlobKind,
        /// Which blob.
        id: BlobId,
        /// Where it should be.
        pack: PackId,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// A tree's content is not a tree.
    #[error("tree {id} is damaged")]
    Tree {
        /// Which tree.
        id: TreeId,
        /// The cause.
        source: TreeError,
    },
    /// Somebody asked to stop.
    #[error("stopped")]
    Cancelled,
}

/// Why something could not be stored.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WriteError {
    /// The storage failed.
    #[error("could not store a {kind} file")]
    Backend {
        /// Which kind.
        kind: FileKind,
        /// The cause.
        source: BackendError,
    },
    /// What was about to be stored did not read back as it should: the computer's memory or
    /// processor cannot be trusted.
    #[error("a {kind} file did not read back as it was written, and was not stored")]
    Verification {
        /// Which kind.
        kind: FileKind,
    },
}

/// Why a prefix names no file.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FindError {
    /// No file's name starts with it.
    #[error("no {kind} file has an id that starts with {prefix:?}")]
    None {
        /// Which kind.
        kind: FileKind,
        /// The prefix.
        prefix: String,
    },
    /// More than one does.
    #[error("{count} {kind} files have ids that start with {prefix:?}")]
    Several {
        /// Which kind.
        kind: FileKind,
        /// The prefix.
        prefix: String,
        /// How many.
        count: usize,
    },
    /// The files could not be listed.
    #[error(transparent)]
    Read(#[from] ReadError),
}
