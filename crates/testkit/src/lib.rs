//! Fakes and builders, for tests only.

pub mod backend_contract;
mod clock;
#[cfg(target_os = "linux")]
pub mod compare;
mod faulty;
pub mod random;
#[cfg(target_os = "linux")]
pub mod random_tree;
mod repository;

pub use clock::FakeClock;
pub use faulty::FaultyBackend;
pub use repository::{NoProcesses, PASSWORD, TestRepository, identity};
