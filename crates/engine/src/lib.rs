//! A repository engine for restic's format: it reads and writes what restic does, byte for byte, and
//! works beside it on the same repository at the same time.
//!
//! A repository is a set of files in a [`backend`]: one config, keys that a password opens, packs of
//! sealed blobs, index files that tell which pack has which blob, snapshots that name the root of a
//! tree, and locks. Files are named by the sum of their content and never changed.
//!
//! What makes it safe is an order. Packs are stored before the index files that name them, and index
//! files before the snapshot that needs them; what is removed goes the other way round. Each step is
//! durable before the next begins, so whoever stops at any point leaves a whole repository behind.
//!
//! The engine works on threads of its own, reads no clock, no environment and no home directory (it
//! is given them), and prints nothing: it tells a [`monitor::Monitor`].
//!
//! ```
//! use std::sync::Arc;
//!
//! use holdfast_engine::backend::MemoryBackend;
//! use holdfast_testkit::TestRepository;
//!
//! let test = TestRepository::create(Arc::new(MemoryBackend::new()));
//! let source = tempfile::tempdir()?;
//! std::fs::write(source.path().join("letter.txt"), "Dear reader")?;
//!
//! let outcome = test.backup(source.path())?;
//! assert_eq!(test.contents(outcome.tree)["/letter.txt"], b"Dear reader");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Read on in this order: [`id`], [`backend`], [`crypto`], [`config`], [`key`], [`chunker`],
//! [`blob`], [`pack`], [`index`], [`tree`], [`snapshot`], [`repository`]; then what works on it:
//! [`lock`], [`backup`], [`restore`], [`check`], [`forget`], [`prune`], [`repair`], [`rewrite`],
//! [`recover`], [`migrate`], [`copy`], [`tag`], [`listing`], [`find`], [`diff`], [`dump`], [`stats`].

pub mod backend;
pub mod backup;
pub mod blob;
pub mod check;
pub mod chunker;
pub mod clock;
pub mod codec;
pub mod config;
pub mod copy;
pub mod crypto;
pub mod diff;
pub mod dump;
pub mod find;
pub mod forget;
pub mod id;
pub mod identity;
pub mod index;
mod json;
pub mod key;
pub mod listing;
pub mod lock;
pub mod manners;
pub mod migrate;
pub mod monitor;
pub mod mount;
pub mod pack;
pub mod prune;
mod rearrange;
pub mod recover;
pub mod repair;
pub mod repository;
pub mod restore;
pub mod rewrite;
pub mod secret;
pub mod snapshot;
pub mod stats;
pub(crate) mod store;
pub mod storing;
mod sum;
pub mod tag;
#[cfg(test)]
mod testing;
pub mod text_file;
pub mod time;
pub mod tree;
#[cfg(any(windows, test))]
mod windows;

/// What stands in the test kit and is used by our own tests names this crate from outside.
#[cfg(test)]
extern crate self as holdfast_engine;
