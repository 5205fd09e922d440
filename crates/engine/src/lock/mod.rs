//! Claims on a repository: who works on it, and whether they still live.
//!
//! The protocol is restic's, so that both honour each other's locks: a lock is a file that others
//! see; a shared one tolerates shared ones, an exclusive one tolerates none; whoever finds a
//! conflicting one after storing theirs withdraws. On top of that this module guarantees:
//!
//! * **Nothing alive is removed.** [`judge`] calls a lock dead only on proof, [`acquire`] removes
//!   only what is dead (or what the user's setting says, after half an hour of silence at least),
//!   by id, judged twice, and only when it stands in the way. No process is ever signalled.
//! * **Nothing of ours is left behind.** Each lock is noted in a [`Journal`] on this computer before
//!   it is stored; what a killed process left is removed by id at the next start.
//! * **Nothing is committed under a lock that was lost.** [`HeldLock::fence`] looks before every
//!   step that cannot be undone. A computer that slept or lost its network takes its lock again and
//!   tells the work to check what it relied on, instead of failing or going on blindly.
//!
//! [`list`] shows all locks with what is known of their owners; [`unlock`], [`unlock_stale`] and
//! [`unlock_all`] remove them by a person's decision.

mod acquire;
mod claim;
mod error;
mod file;
mod held;
mod journal;
mod judge;
mod observe;
mod probe;
mod storage_clock;
mod text;
pub mod timing;
mod unlock;

#[cfg(test)]
pub(crate) mod fake;
#[cfg(test)]
mod tests;

pub use acquire::{AutoUnlock, LockRequest, acquire};
pub use error::{LockError, LockLost, RemovedLock, UnlockError};
pub use file::LockFile;
pub use held::HeldLock;
pub use journal::Journal;
pub use judge::{Here, Life, Observation, Reason, Verdict, judge};
pub use observe::{JudgedLock, LockContent, LockContext, Observations, StoredLock, list};
pub use probe::{Process, ProcessProbe, Sighting};
pub use unlock::{UnlockPreview, unlock, unlock_all, unlock_stale};
