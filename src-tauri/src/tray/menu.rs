//! The tray's menu.

use holdfast_app::App;
use holdfast_app::api::{OperationId, PauseFor, Problem};
use tauri::async_runtime::spawn;
use tauri::menu::{MenuBuilder, MenuItem, MenuItemBuilder, SubmenuBuilder};
use tauri::{AppHandle, Manager, Wry};

use super::face::Face;
use crate::{life, ports, window};

const ALL: &str = "all";
const OPEN: &str = "open";
const QUIT: &str = "quit";
const PAUSE_HOUR: &str = "pause:hour";
const PAUSE_TOMORROW: &str = "pause:tomorrow";
const PAUSE_OPEN: &str = "pause:open";
const RESUME: &str = "resume";
const STOP_ALL: &str = "stop-all";
const PLAN: &str = "plan:";
const STOP: &str = "stop:";

/// A menu with the items that change while it stands.
pub(super) struct Menu {
    pub(super) whole: tauri::menu::Menu<Wry>,
    progress: Vec<(OperationId, MenuItem<Wry>)>,
}

impl Menu {
    /// The menu for a face.
    pub(super) fn of(handle: &AppHandle, face: &Face) -> tauri::Result<Self> {
        let said = |text: &str| MenuItemBuilder::new(literal(text)).enabled(false).build(handle);
        let mut menu = MenuBuilder::new(handle).item(&said(&face.sentence)?);
        if let Some(paused) = &face.paused {
            menu = menu.item(&said(paused)?);
        }
        menu = menu.separator();
        let mut progress = Vec::new();
        for (operation, line) in &face.running {
            let item = said(line)?;
            menu = menu.item(&item).text(format!("{STOP}{operation}"), "Stop");
            progress.push((operation.clone(), item));
        }
        if face.running.len() > 1 {
            menu = menu.text(STOP_ALL, "Stop all");
        }
        if !face.running.is_empty() {
            menu = menu.separator();
        }
        if !face.plans.is_empty() {
            let mut plans = SubmenuBuilder::new(handle, "Back up now").text(ALL, "All plans");
            plans = plans.separator();
            for (plan, name) in &face.plans {
                plans = plans.text(format!("{PLAN}{plan}"), literal(name));
            }
            menu = menu.item(&plans.build()?);
            menu = match &face.paused {
                Some(_) => menu.text(RESUME, "Resume"),
                None => {
                    let pause = SubmenuBuilder::new(handle, "Pause")
                        .text(PAUSE_HOUR, "For an hour")
                        .text(PAUSE_TOMORROW, "Until tomorrow")
                        .text(PAUSE_OPEN, "Until I resume");
                    menu.item(&pause.build()?)
                }
            };
        }
        let whole = menu.text(OPEN, "Open Holdfast").separator().text(QUIT, "Quit").build()?;
        Ok(Self { whole, progress })
    }

    /// Writes how far an operation is.
    pub(super) fn set_progress(&self, operation: &OperationId, line: &str) {
        for (_, item) in self.progress.iter().filter(|(id, _)| id == operation) {
            let _ = item.set_text(literal(line));
        }
    }
}

/// In a menu, `&` marks the letter of a shortcut.
fn literal(text: &str) -> String {
    text.replace('&', "&&")
}

/// Does what was chosen. What cannot even be started is told in a dialog; what goes wrong later is
/// told where every failure is: in the overview, the activity and a notification.
pub(super) fn chosen(handle: &AppHandle, item: &str) {
    let app = handle.state::<App>().inner().clone();
    match item {
        OPEN => window::show(handle),
        QUIT => life::quit(handle),
        PAUSE_HOUR => pause(app, PauseFor::Hour),
        PAUSE_TOMORROW => pause(app, PauseFor::UntilTomorrow),
        PAUSE_OPEN => pause(app, PauseFor::UntilResumed),
        RESUME => start(async move { app.resume().await }),
        STOP_ALL => start(async move { app.stop_all().await }),
        ALL => start(async move { app.run_all().await.map(drop) }),
        _ => {
            if let Some(plan) = item.strip_prefix(PLAN) {
                let plan = plan.into();
                start(async move { app.run_plan(plan).await.map(drop) });
            } else if let Some(operation) = item.strip_prefix(STOP) {
                let operation = operation.into();
                start(async move { app.cancel_operation(operation).await });
            }
        }
    }
}

fn pause(app: App, length: PauseFor) {
    start(async move { app.pause(length).await.map(drop) });
}

fn start(act: impl Future<Output = Result<(), Problem>> + Send + 'static) {
    spawn(async move {
        if let Err(problem) = act.await {
            ports::tell(&problem).await;
        }
    });
}
