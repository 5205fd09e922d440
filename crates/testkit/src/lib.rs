//! Fakes and builders, for tests only.

pub mod backend_contract;
mod cases;
mod clock;
#[cfg(target_os = "linux")]
pub mod compare;
mod confined;
mod faulty;
mod files;
#[cfg(feature = "world")]
pub mod loopback;
mod pausing;
#[cfg(feature = "world")]
mod ports;
pub mod random;
#[cfg(target_os = "linux")]
pub mod random_tree;
mod repository;
#[cfg(feature = "world")]
mod world;

pub use cases::{asked, named};
pub use clock::FakeClock;
pub use confined::{confined, most_memory_bytes};
pub use faulty::{ChangeFault, FaultyBackend, ReadFaults, copied};
pub use files::files_in;
pub use pausing::PausingBackend;
#[cfg(feature = "world")]
pub use ports::{
    KeychainMood, MemoryAutostart, MemoryKeychain, MemoryProbe, MemoryVolumes, RecordingNotifier,
};
pub use repository::{Letter, NoProcesses, PASSWORD, TestRepository, identity, letter};
#[cfg(feature = "world")]
pub use world::World;
