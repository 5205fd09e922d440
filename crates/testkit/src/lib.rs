//! Fakes and builders, for tests only.

mod clock;

pub use clock::FakeClock;
