//! A repository engine for restic's format.

pub mod backend;
pub mod blob;
pub mod clock;
pub mod crypto;
pub mod id;
pub mod identity;
pub mod monitor;
pub mod time;
pub mod tree;
