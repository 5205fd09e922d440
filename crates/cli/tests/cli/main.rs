//! The `holdfast` program as a script sees it: exit codes, messages, texts, files.

mod backup;
mod bad_input;
#[cfg(unix)]
mod caches;
#[cfg(unix)]
mod chosen;
#[cfg(unix)]
mod copies;
#[cfg(unix)]
mod forget_policies;
#[cfg(unix)]
mod interrupt;
#[cfg(unix)]
mod keys;
mod lists;
#[cfg(unix)]
mod locks;
#[cfg(unix)]
mod rates;
#[cfg(unix)]
mod repair;
mod restore;
#[cfg(unix)]
mod same_as_restic;
#[cfg(unix)]
mod searched;
#[cfg(unix)]
mod text_files;
mod world;
#[cfg(unix)]
mod zips;
