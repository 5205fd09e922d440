//! Plans, schedule, queue, operations, health and notices; no Tauri and no window.
//!
//! [`App`] is built with its [`Ports`](ports::Ports); commands go in, events come out.
//!
//! In reading order: `plan`, `schedule` and `decide` say what is due, `queue` whose turn it is, `waiting` what
//! it waits for, `pause` that nothing starts by itself, `run` does it, `again` tries again what may pass, `backing_up`, `restoring`, `upkeep` and
//! `unlock` are the work, `health` and `notices` judge what came of it. `state` holds it all; `settings`
//! and `operation_log` keep it.

mod activity;
mod again;
pub mod api;
mod app;
mod backing_up;
mod browse;
pub mod catalogue;
mod catalogues;
mod choices;
mod decide;
mod doctor;
mod durable;
mod engine_work;
pub mod error;
mod findings;
mod folders;
mod health;
mod hooks;
pub mod notices;
pub mod operation;
pub mod operation_log;
mod overview;
mod pause;
mod plan;
mod plans;
pub mod ports;
mod preflight;
mod progress;
mod queue;
mod recovery;
mod repositories;
mod restoring;
mod run;
mod schedule;
mod secrets;
mod settings;
mod snapshot_path;
mod state;
mod text;
mod timekeeping;
mod unlock;
mod upkeep;
mod versions;
mod waiting;

pub use app::App;
