//! A repository engine for restic's format.

pub mod backend;
pub mod backup;
pub mod blob;
pub mod check;
pub mod chunker;
pub mod clock;
pub mod codec;
pub mod config;
pub mod crypto;
pub mod forget;
pub mod id;
pub mod identity;
pub mod index;
mod json;
pub mod key;
pub mod listing;
pub mod lock;
pub mod monitor;
pub mod pack;
pub mod repository;
pub mod restore;
pub mod secret;
pub mod snapshot;
pub mod stats;
#[cfg(test)]
mod testing;
pub mod time;
pub mod tree;

/// What stands in the test kit and is used by our own tests names this crate from outside.
#[cfg(test)]
extern crate self as holdfast_engine;
