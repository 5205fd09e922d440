//! Plans, schedule, queue, operations, health and notices; no Tauri and no window.

pub mod api;
