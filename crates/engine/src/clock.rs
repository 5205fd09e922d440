//! Time as an argument.

use std::time::Duration;

use jiff::Timestamp;

/// The clocks of a computer. Tests move theirs by hand.
pub trait Clock: Send + Sync {
    /// What the wall clock shows.
    fn now(&self) -> Timestamp;
    /// Time since some fixed moment, standing still while the computer sleeps.
    fn awake(&self) -> Duration;
    /// Time since some fixed moment, going on while the computer sleeps.
    fn elapsed(&self) -> Duration;
    /// Returns after `duration`, or earlier.
    fn sleep(&self, duration: Duration);
}
