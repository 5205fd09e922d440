//! Plans, schedule, queue, operations, health and notices; no Tauri and no window.
//!
//! [`App`] is built with its [`Ports`](ports::Ports); commands go in, events come out.

pub mod api;
mod app;
pub mod ports;

pub use app::App;
