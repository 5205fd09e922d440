//! What closing the window means, and how the app ends.

use std::time::Duration;

use holdfast_app::App;
use rfd::{AsyncMessageDialog, MessageButtons, MessageDialogResult};
use tauri::async_runtime::spawn;
use tauri::{AppHandle, Manager};

use crate::{tray, window};

/// How long what runs may take to reach a safe place. A backup that does not is the same as one
/// that was killed, which costs nothing but the work since its last index.
const LONGEST_GOODBYE: Duration = Duration::from_secs(30);

/// The person closed the window: the app stays in the tray, or ends if that was chosen. Where
/// there is no tray to come back from, the person is asked.
pub(crate) fn window_closes(handle: &AppHandle) {
    let handle = handle.clone();
    spawn(async move {
        let app = handle.state::<App>().inner().clone();
        let stays = app.settings().await.map_or(true, |settings| settings.close_to_tray);
        if !stays {
            quit(&handle);
        } else if tray::is_visible(&handle).await || wants_to_keep_running(&handle).await {
            window::hide(&handle);
        } else {
            quit(&handle);
        }
    });
}

async fn wants_to_keep_running(handle: &AppHandle) -> bool {
    let (keep, quit) = ("Keep running", "Quit");
    let mut dialog = AsyncMessageDialog::new()
        .set_title("Keep backing up?")
        .set_description(
            "This desktop shows no tray icons. Holdfast can go on without its window; start it \
             again to see it. If it quits, no backup starts until then.",
        )
        .set_buttons(MessageButtons::OkCancelCustom(keep.into(), quit.into()));
    if let Some(window) = handle.get_webview_window(window::LABEL) {
        dialog = dialog.set_parent(&window);
    }
    match dialog.show().await {
        MessageDialogResult::Custom(answer) => answer != quit,
        answer => answer != MessageDialogResult::Cancel,
    }
}

/// Stops what runs at a safe place, and ends.
pub(crate) fn quit(handle: &AppHandle) {
    let handle = handle.clone();
    spawn(async move {
        window::hide(&handle);
        let app = handle.state::<App>().inner().clone();
        let stopped = tokio::time::timeout(LONGEST_GOODBYE, app.shut_down()).await;
        handle.exit(i32::from(stopped.is_err()));
    });
}

/// Ends in order when the session does, or when a terminal says so.
#[cfg(unix)]
pub(crate) fn end_with_the_session(handle: &AppHandle) {
    use tokio::signal::unix::{SignalKind, signal};

    let handle = handle.clone();
    spawn(async move {
        let (Ok(mut interrupt), Ok(mut terminate)) =
            (signal(SignalKind::interrupt()), signal(SignalKind::terminate()))
        else {
            return;
        };
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
        quit(&handle);
    });
}

/// Ends in order when a terminal says so; Windows ends its sessions through the window.
#[cfg(windows)]
pub(crate) fn end_with_the_session(handle: &AppHandle) {
    let handle = handle.clone();
    spawn(async move {
        if tokio::signal::ctrl_c().await.is_ok() {
            quit(&handle);
        }
    });
}
