//! Reads sources and stores them as a snapshot.

pub mod exclude;
pub mod source;
