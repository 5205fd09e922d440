//! The one window: made when it is first wanted, hidden when it is closed, and unmade when nobody
//! wanted it for some time.
//!
//! A hidden window keeps a whole web browser alive, most of what the app takes of the memory. Made
//! anew it stands where it stood. One that holds what a person typed or chose and did not use yet
//! is only hidden.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use holdfast_app::api::Route;
use parking_lot::Mutex;
use tauri::async_runtime::spawn;
use tauri::utils::config::WindowConfig;
use tauri::webview::{NewWindowResponse, PageLoadEvent};
use tauri::{AppHandle, Manager, Url, WebviewUrl, WebviewWindow, WebviewWindowBuilder};

/// The name of the window in `tauri.conf.json`.
pub(crate) const LABEL: &str = "main";

/// How long a hidden window is kept: whoever closed it by mistake finds it as it was.
const KEPT_HIDDEN: Duration = Duration::from_secs(5 * 60);

/// Asks the page whether it holds anything that would be lost with it; see `state/unsaved.ts`.
const HOLDS_UNSAVED: &str = "Boolean(window.holdsUnsaved && window.holdsUnsaved())";

/// What outlives the window.
#[derive(Default)]
pub(crate) struct Place {
    /// Where the window that was unmade stood: the part of its address after `#`.
    last: Mutex<Option<String>>,
    /// What the next window is to show first, asked for while there was none.
    wanted: Mutex<Option<Route>>,
    /// Counts how often the window was shown or hidden.
    turns: AtomicU64,
}

impl Place {
    /// What the window is to show first; a second question has no answer.
    pub(crate) fn take_wanted(&self) -> Option<Route> {
        self.wanted.lock().take()
    }
}

/// Brings the window to the front, making it if there is none yet.
pub(crate) fn show(handle: &AppHandle) {
    let handle = handle.clone();
    handle.state::<Place>().turns.fetch_add(1, Ordering::AcqRel);
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

/// Brings the window to the front at a place. A window that is there hears of the place by the
/// app's event; one that is to be made asks for it.
pub(crate) fn show_at(handle: &AppHandle, place: &Route) {
    if handle.get_webview_window(LABEL).is_none() {
        *handle.state::<Place>().wanted.lock() = Some(place.clone());
    }
    show(handle);
}

/// Hides the window. What it shows stays as it is, for some time.
pub(crate) fn hide(handle: &AppHandle) {
    let Some(window) = handle.get_webview_window(LABEL) else { return };
    let _ = window.hide();
    let turn = handle.state::<Place>().turns.fetch_add(1, Ordering::AcqRel) + 1;
    let handle = handle.clone();
    spawn(async move {
        tokio::time::sleep(KEPT_HIDDEN).await;
        if handle.state::<Place>().turns.load(Ordering::Acquire) == turn {
            unmake_unless_it_holds_something(&window, turn);
        }
    });
}

fn unmake_unless_it_holds_something(window: &WebviewWindow, turn: u64) {
    let hidden = window.clone();
    // A page that does not answer is left alone.
    let _ = window.eval_with_callback(HOLDS_UNSAVED, move |answer| {
        let place = hidden.state::<Place>();
        if answer != "false" || place.turns.load(Ordering::Acquire) != turn {
            return;
        }
        *place.last.lock() = hidden.url().ok().and_then(|url| url.fragment().map(str::to_owned));
        let _ = hidden.destroy();
    });
}

/// Makes the window. It becomes visible with its first page, so that nobody sees it white.
fn make(handle: &AppHandle) {
    let Some(mut config) = config(handle).cloned() else { return };
    if let Some(place) = handle.state::<Place>().last.lock().take() {
        config.url = WebviewUrl::App(format!("index.html#{place}").into());
    }
    let made = WebviewWindowBuilder::from_config(handle, &config).and_then(|builder| {
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
