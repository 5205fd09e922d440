//! Holdfast's window and tray.
#![cfg_attr(not(debug_assertions), windows_subsystem = "windows")]

fn main() {
    holdfast_desktop::run();
}
