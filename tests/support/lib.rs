//! What the journeys share: real programs, real repositories, real processes.

#[cfg(unix)]
pub mod peers;
#[cfg(unix)]
pub mod process;
pub mod repository;
pub mod tools;
#[cfg(target_os = "linux")]
pub mod trees;
