//! The system's own dialogs and its file manager.

use std::path::PathBuf;

use holdfast_app::api::{Code, Problem};
use tauri::WebviewWindow;
use tauri::async_runtime::spawn_blocking;

/// Lets the person choose a folder. `None` if nothing was chosen.
pub(crate) async fn choose_folder(
    window: &WebviewWindow,
    title: &str,
    start: Option<PathBuf>,
) -> Option<PathBuf> {
    let mut dialog = rfd::AsyncFileDialog::new()
        .set_parent(window)
        .set_title(title)
        .set_can_create_directories(true);
    if let Some(start) = start {
        dialog = dialog.set_directory(start);
    }
    let chosen = dialog.pick_folder().await?;
    Some(chosen.path().to_owned())
}

/// Tells what went wrong where no window may be.
pub(crate) async fn tell(problem: &Problem) {
    let text = [problem.meaning.as_str(), problem.advice.as_str()].join(" ");
    rfd::AsyncMessageDialog::new()
        .set_level(rfd::MessageLevel::Warning)
        .set_title(&problem.title)
        .set_description(text.trim())
        .show()
        .await;
}

/// Shows a file or folder in the system's file manager.
pub(crate) async fn show_in_folder(path: PathBuf) -> Result<(), Problem> {
    let shown = spawn_blocking(move || tauri_plugin_opener::reveal_item_in_dir(&path)).await;
    let details = match shown {
        Ok(Ok(())) => return Ok(()),
        Ok(Err(error)) => error.to_string(),
        Err(error) => error.to_string(),
    };
    Err(Problem {
        code: Code::Unexpected,
        title: "The folder could not be shown.".into(),
        meaning: "Nothing was changed.".into(),
        advice: "Open it in your file manager.".into(),
        actions: Vec::new(),
        details: Some(details),
    })
}
