//! Tests that try cases by number: how many, and which of them failed.

use std::panic::{AssertUnwindSafe, catch_unwind};

/// How many cases to try: the environment says so, or as many as usual.
///
/// # Panics
/// If the environment says something that is no number.
#[must_use]
pub fn asked(variable: &str, usual: u64) -> u64 {
    let text = std::env::var(variable).ok();
    text.map_or(usual, |text| text.parse().expect("the number of cases is a number"))
}

/// Does what a case is about. If it panics, the message begins with the case's name.
///
/// # Panics
/// If that does.
pub fn named<T>(case: &str, act: impl FnOnce() -> T) -> T {
    catch_unwind(AssertUnwindSafe(act)).unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<String>().cloned();
        let text = text.or_else(|| panic.downcast_ref::<&str>().map(ToString::to_string));
        panic!("{case}: {}", text.unwrap_or_default())
    })
}
