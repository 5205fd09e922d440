//! The `holdfast` program as a script sees it: exit codes, messages, texts, files.
//!
//! What is compared with restic is compared on Linux, where `scripts/get-peers` brings it.

mod backup;
mod bad_input;
#[cfg(target_os = "linux")]
mod caches;
#[cfg(target_os = "linux")]
mod chosen;
#[cfg(target_os = "linux")]
mod copies;
#[cfg(target_os = "linux")]
mod forget_policies;
#[cfg(unix)]
mod interrupt;
#[cfg(target_os = "linux")]
mod keys;
mod lists;
#[cfg(unix)]
mod locks;
#[cfg(unix)]
mod rates;
mod refused;
#[cfg(target_os = "linux")]
mod repair;
mod restore;
#[cfg(target_os = "linux")]
mod same_as_restic;
#[cfg(target_os = "linux")]
mod searched;
#[cfg(target_os = "linux")]
mod text_files;
mod world;
#[cfg(target_os = "linux")]
mod zips;
