//! Fakes and builders, for tests only.

pub mod backend_contract;
mod clock;
mod faulty;
mod repository;

pub use clock::FakeClock;
pub use faulty::FaultyBackend;
pub use repository::{NoProcesses, PASSWORD, TestRepository, identity};
