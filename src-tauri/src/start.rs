//! The start: ports, app, tray, window, in this order.

use std::error::Error;

use holdfast_app::App;
use holdfast_app::api::Problem;
use holdfast_services::{HIDDEN, LoginItem};
use tauri::Manager;
use tauri::async_runtime::{block_on, spawn};

use crate::{events, life, tray, window};

/// Why the app did not start.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StartError {
    #[error("the app has no place for its settings")]
    NoFolders(#[from] holdfast_machine::NoHomeFolder),
    #[error("{}", spoken(.0))]
    App(Box<Problem>),
}

/// The sentences of a problem.
fn spoken(problem: &Problem) -> String {
    let sentences = [&problem.title, &problem.meaning, &problem.advice];
    let said: Vec<&str> =
        sentences.iter().map(|one| one.as_str()).filter(|one| !one.is_empty()).collect();
    said.join(" ")
}

/// Brings everything up.
pub(crate) fn start(tauri: &tauri::App) -> Result<(), StartError> {
    let handle = tauri.handle();
    let program = concat!("holdfast ", env!("CARGO_PKG_VERSION"));
    let surroundings = holdfast_services::surroundings(program)?;
    let ports = holdfast_services::ports(LoginItem::of_this_program());
    let app = block_on(App::start(ports, surroundings))
        .map_err(|problem| StartError::App(Box::new(problem)))?;
    tauri.manage(app.clone());
    life::end_with_the_session(handle);
    events::forward(handle, &app);
    tray::raise(handle, &app);
    if !std::env::args_os().any(|argument| argument == HIDDEN) {
        window::show(handle);
    }
    spawn(app.keep_time());
    Ok(())
}

/// Tells the person, in a dialog where there can be one, and ends with a failure.
pub(crate) fn could_not_start(error: &(dyn Error + 'static)) -> ! {
    tell("Holdfast did not start", &cause(error));
    std::process::exit(1)
}

/// Tells the person that the window cannot be shown. Backups go on without it.
pub(crate) fn could_not_show(error: &(dyn Error + 'static)) {
    let text = format!("{}\n\nBackups go on as planned.", cause(error));
    tell("Holdfast cannot show its window", &text);
}

fn cause(error: &(dyn Error + 'static)) -> String {
    let mut deepest = error;
    while let Some(source) = deepest.source() {
        deepest = source;
    }
    deepest.to_string()
}

fn tell(title: &str, text: &str) {
    rfd::MessageDialog::new()
        .set_level(rfd::MessageLevel::Error)
        .set_title(title)
        .set_description(text)
        .show();
}
