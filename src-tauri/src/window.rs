//! The one window: made when it is first wanted, hidden when it is closed.

use tauri::utils::config::WindowConfig;
use tauri::webview::{NewWindowResponse, PageLoadEvent};
use tauri::{AppHandle, Manager, Url, WebviewWindowBuilder};

/// The name of the window in `tauri.conf.json`.
pub(crate) const LABEL: &str = "main";

/// Brings the window to the front, making it if there is none yet.
pub(crate) fn show(handle: &AppHandle) {
    let handle = handle.clone();
    // Windows are made on the main thread; who asks may be on any.
    let _ = handle.clone().run_on_main_thread(move || match handle.get_webview_window(LABEL) {
        Some(window) => {
            let _ = window.show();
            let _ = window.unminimize();
            let _ = window.set_focus();
        }
        None => make(&handle),
    });
}

/// Hides the window. What it shows stays as it is.
pub(crate) fn hide(handle: &AppHandle) {
    if let Some(window) = handle.get_webview_window(LABEL) {
        let _ = window.hide();
    }
}

/// Makes the window. It becomes visible with its first page, so that nobody sees it white.
fn make(handle: &AppHandle) {
    let Some(config) = config(handle) else { return };
    let made = WebviewWindowBuilder::from_config(handle, config).and_then(|builder| {
        builder
            .on_navigation(is_own)
            .on_new_window(|_, _| NewWindowResponse::Deny)
            .on_page_load(|window, page| {
                if page.event() == PageLoadEvent::Finished {
                    let _ = window.show();
                    let _ = window.set_focus();
                }
            })
            .build()
    });
    if let Err(error) = made {
        crate::start::could_not_show(&error);
    }
}

fn config(handle: &AppHandle) -> Option<&WindowConfig> {
    handle.config().app.windows.iter().find(|window| window.label == LABEL)
}

/// The window shows what is built into the program and nothing else.
fn is_own(address: &Url) -> bool {
    let of_the_tools = cfg!(debug_assertions) && address.host_str() == Some("localhost");
    address.scheme() == "tauri" || address.host_str() == Some("tauri.localhost") || of_the_tools
}
