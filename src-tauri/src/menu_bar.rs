//! The menu bar of macOS.
//!
//! That of Tauri ends the process at once when *Quit* is chosen. This one stops what runs at a safe
//! place first, and holds what the keyboard shortcuts of text fields need.

use tauri::menu::{Menu, MenuBuilder, MenuEvent, MenuItemBuilder, SubmenuBuilder};
use tauri::{AppHandle, Wry};

use crate::life;

/// No item of the tray's menu is called so: events of both menus go to both.
const QUIT: &str = "menu bar: quit";

/// The whole menu bar.
pub(crate) fn of(handle: &AppHandle) -> tauri::Result<Menu<Wry>> {
    let quit =
        MenuItemBuilder::with_id(QUIT, "Quit Holdfast").accelerator("Cmd+Q").build(handle)?;
    let app = SubmenuBuilder::new(handle, "Holdfast")
        .about(None)
        .separator()
        .hide()
        .hide_others()
        .show_all()
        .separator()
        .item(&quit)
        .build()?;
    let edit = SubmenuBuilder::new(handle, "Edit")
        .undo()
        .redo()
        .separator()
        .cut()
        .copy()
        .paste()
        .select_all()
        .build()?;
    let window = SubmenuBuilder::new(handle, "Window").minimize().close_window().build()?;
    MenuBuilder::new(handle).item(&app).item(&edit).item(&window).build()
}

/// Does what was chosen in it.
#[allow(clippy::needless_pass_by_value, reason = "Tauri hands over the event itself")]
pub(crate) fn chosen(handle: &AppHandle, event: MenuEvent) {
    if event.id().as_ref() == QUIT {
        life::quit(handle);
    }
}
