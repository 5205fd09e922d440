//! The desktop shell: wiring between the operating system, the app and the window.
//!
//! It decides nothing about backups. [`run`] gives the app its ports, answers the window's commands
//! by one call each, and shows what the app says in the window, the tray and notifications. A
//! service that the operating system lacks (tray, notifications, keychain) is reported to the app
//! and never stops the start.

mod commands;
mod events;
mod life;
#[cfg(target_os = "macos")]
mod menu_bar;
mod ports;
mod start;
mod tray;
mod window;

use holdfast_services::HIDDEN;
use tauri::{AppHandle, Manager, RunEvent, WindowEvent};

/// Runs the app until it is told to quit.
///
/// A second start shows the window of the first and ends.
pub fn run() {
    // `restic unlock` on this computer asks by SIGHUP whether the owner of a lock lives. Where the
    // signal cannot be caught, that ends a backup, and the next start cleans up.
    let _ = holdfast_machine::survive_hangups();
    let builder = tauri::Builder::default()
        .plugin(tauri_plugin_single_instance::init(|handle, arguments, _folder| {
            if !arguments.iter().any(|argument| argument == HIDDEN) {
                window::show(handle);
            }
        }))
        .manage(window::Place::default())
        .invoke_handler(commands::handler())
        // Tauri answers an error of its setup with a panic, which nobody sees.
        .setup(|tauri| match start::start(tauri) {
            Ok(()) => Ok(()),
            Err(error) => start::could_not_start(&error),
        })
        .on_window_event(|window, event| {
            if let WindowEvent::CloseRequested { api, .. } = event {
                api.prevent_close();
                life::window_closes(window.app_handle());
            }
        });
    #[cfg(target_os = "macos")]
    let builder = builder.menu(menu_bar::of).on_menu_event(menu_bar::chosen);
    let built = builder.build(tauri::generate_context!());
    match built {
        Ok(tauri) => tauri.run(happened),
        Err(error) => start::could_not_start(&error),
    }
}

#[allow(clippy::needless_pass_by_value, reason = "Tauri hands over the event itself")]
#[cfg_attr(not(target_os = "macos"), allow(unused_variables, reason = "only its dock needs it"))]
fn happened(handle: &AppHandle, event: RunEvent) {
    match event {
        // Without a window the app goes on in the tray; only `exit` with a code ends it.
        RunEvent::ExitRequested { code: None, api, .. } => api.prevent_exit(),
        // A click on the icon in the dock, which is there with and without a window.
        #[cfg(target_os = "macos")]
        RunEvent::Reopen { .. } => window::show(handle),
        _ => {}
    }
}
