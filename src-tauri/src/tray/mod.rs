//! The tray: an icon by health and a menu, drawn from the app's overview.
//!
//! A desktop without a tray is told to the app, which shows it; nothing else depends on it.

mod face;
#[cfg(target_os = "linux")]
mod host;
mod menu;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Mutex, PoisonError};

use face::{Face, Mood};
use holdfast_app::App;
use holdfast_app::api::{Code, OperationId, Overview, Problem, Progress};
use holdfast_app::ports::ShellReport;
use tauri::async_runtime::spawn;
use tauri::image::Image;
use tauri::tray::{TrayIcon, TrayIconBuilder};
use tauri::{AppHandle, Manager, Wry, include_image};

use menu::Menu;

/// The icon that stands, with what it shows.
struct Tray {
    icon: TrayIcon<Wry>,
    shown: Mutex<Option<Shown>>,
}

struct Shown {
    face: Face,
    overview: Overview,
    menu: Menu,
}

/// Sets up the icon, and tells the app whether anybody can see it.
pub(crate) fn raise(handle: &AppHandle, app: &App) {
    // Where the library for tray icons is missing, the attempt panics.
    let made = catch_unwind(AssertUnwindSafe(|| {
        let builder = TrayIconBuilder::with_id("holdfast")
            .icon(drawing(Mood::Calm))
            .icon_as_template(cfg!(target_os = "macos"))
            .tooltip("Holdfast")
            .show_menu_on_left_click(true)
            .on_menu_event(|handle, event| menu::chosen(handle, event.id().as_ref()));
        builder.build(handle)
    }));
    let icon = match made {
        Ok(Ok(icon)) => icon,
        Ok(Err(error)) => return report(app, Err(error.to_string())),
        Err(_) => return report(app, Err("the library for tray icons is missing".into())),
    };
    handle.manage(Tray { icon, shown: Mutex::default() });
    #[cfg(target_os = "linux")]
    {
        let app = app.clone();
        host::watch(move |presence| report(&app, presence));
    }
    #[cfg(not(target_os = "linux"))]
    report(app, Ok(()));

    let (handle, app) = (handle.clone(), app.clone());
    spawn(async move {
        if let Ok(overview) = app.overview().await {
            show_overview(&handle, &overview);
        }
    });
}

/// Whether the person can see the icon now.
pub(crate) async fn is_visible(handle: &AppHandle) -> bool {
    if handle.try_state::<Tray>().is_none() {
        return false;
    }
    #[cfg(target_os = "linux")]
    return tauri::async_runtime::spawn_blocking(host::is_present).await.unwrap_or(false);
    #[cfg(not(target_os = "linux"))]
    true
}

/// Draws how everything is.
pub(crate) fn show_overview(handle: &AppHandle, overview: &Overview) {
    let Some(tray) = handle.try_state::<Tray>() else { return };
    let face = Face::of(overview);
    let mut shown = tray.shown.lock().unwrap_or_else(PoisonError::into_inner);
    let before = shown.as_ref().map(|shown| &shown.face);
    if before == Some(&face) {
        return;
    }
    if before.map(|before| before.mood) != Some(face.mood) {
        let _ = tray
            .icon
            .set_icon_with_as_template(Some(drawing(face.mood)), cfg!(target_os = "macos"));
    }
    let _ = tray.icon.set_tooltip(Some(&face.sentence));
    let Ok(menu) = Menu::of(handle, &face) else { return };
    let _ = tray.icon.set_menu(Some(menu.whole.clone()));
    *shown = Some(Shown { face, overview: overview.clone(), menu });
}

/// Writes how far an operation is into its line of the menu.
pub(crate) fn show_progress(handle: &AppHandle, operation: &OperationId, progress: &Progress) {
    let Some(tray) = handle.try_state::<Tray>() else { return };
    let mut shown = tray.shown.lock().unwrap_or_else(PoisonError::into_inner);
    let Some(shown) = shown.as_mut() else { return };
    let Some(view) = shown.overview.running.iter().find(|one| &one.id == operation) else { return };
    let line = face::progress_line(view, Some(progress));
    let Some(place) = shown.face.running.iter_mut().find(|(id, _)| id == operation) else { return };
    if place.1 != line {
        shown.menu.set_progress(operation, &line);
        place.1 = line;
    }
}

fn report(app: &App, presence: Result<(), String>) {
    let app = app.clone();
    let report = match presence {
        Ok(()) => ShellReport::TrayShown,
        Err(details) => ShellReport::TrayMissing(Problem {
            code: Code::TrayUnavailable,
            title: "This desktop shows no tray icons.".into(),
            meaning: "Backups run all the same while Holdfast does.".into(),
            advice: "Start Holdfast again to see its window, or add a tray to your desktop \
                     (on GNOME: the AppIndicator extension)."
                .into(),
            actions: Vec::new(),
            details: Some(details),
        }),
    };
    spawn(async move { app.report(report).await });
}

/// The drawing for a mood.
#[cfg(not(target_os = "macos"))]
fn drawing(mood: Mood) -> Image<'static> {
    match mood {
        Mood::Calm => include_image!("icons/tray/calm.png"),
        Mood::Running => include_image!("icons/tray/running.png"),
        Mood::Attention => include_image!("icons/tray/attention.png"),
        Mood::Failed => include_image!("icons/tray/failed.png"),
    }
}

/// The drawing for a mood, which macOS colours as its menu bar is.
#[cfg(target_os = "macos")]
fn drawing(mood: Mood) -> Image<'static> {
    match mood {
        Mood::Calm => include_image!("icons/tray/calm-template.png"),
        Mood::Running => include_image!("icons/tray/running-template.png"),
        Mood::Attention => include_image!("icons/tray/attention-template.png"),
        Mood::Failed => include_image!("icons/tray/failed-template.png"),
    }
}
