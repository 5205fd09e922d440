//! Claims on a repository: who works on it, and whether they still live.

mod probe;

pub use probe::{Process, ProcessProbe, Sighting};
