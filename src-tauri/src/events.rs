//! What the app says, carried to the window and the tray.

use holdfast_app::App;
use holdfast_app::api::AppEvent;
use tauri::async_runtime::spawn;
use tauri::{AppHandle, Emitter};
use tokio::sync::broadcast::error::RecvError;

use crate::{tray, window};

/// The event's name in the window.
const EVENT: &str = "holdfast";

/// Carries events for as long as the app lives.
pub(crate) fn forward(handle: &AppHandle, app: &App) {
    let mut events = app.subscribe();
    let (handle, app) = (handle.clone(), app.clone());
    spawn(async move {
        loop {
            match events.recv().await {
                Ok(event) => carry(&handle, &event),
                // Whoever fell behind learns how everything is now.
                Err(RecvError::Lagged(_)) => {
                    if let Ok(overview) = app.overview().await {
                        carry(&handle, &AppEvent::Overview { overview: Box::new(overview) });
                    }
                }
                Err(RecvError::Closed) => return,
            }
        }
    });
}

fn carry(handle: &AppHandle, event: &AppEvent) {
    match event {
        AppEvent::Overview { overview } => tray::show_overview(handle, overview),
        AppEvent::Progress { operation, progress } => {
            tray::show_progress(handle, operation, progress);
        }
        AppEvent::Navigate { to } => window::show_at(handle, to),
        _ => {}
    }
    // A window that is not there hears nothing, and asks when it comes.
    let _ = handle.emit(EVENT, event);
}
