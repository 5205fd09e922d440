//! Journeys through real parts. Every tool that is missing fails a test and says how to get it.

#[cfg(target_os = "linux")]
mod compare;
#[cfg(target_os = "linux")]
mod copy;
#[cfg(target_os = "linux")]
mod crash;
#[cfg(target_os = "linux")]
mod drivers;
#[cfg(target_os = "linux")]
mod exclude;
#[cfg(target_os = "linux")]
mod hammer;
#[cfg(target_os = "linux")]
mod interop;
#[cfg(target_os = "linux")]
mod locks;
#[cfg(target_os = "linux")]
mod mount;
#[cfg(target_os = "linux")]
mod prune;
#[cfg(target_os = "linux")]
mod repair;
#[cfg(target_os = "linux")]
mod restore;
