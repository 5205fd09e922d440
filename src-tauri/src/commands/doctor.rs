//! Commands for the doctor.

use holdfast_app::api::{DoctorReport, FixAction};

use super::{Answer, Shared};

#[tauri::command]
pub(crate) async fn doctor(app: Shared<'_>) -> Answer<DoctorReport> {
    app.doctor().await
}

#[tauri::command]
pub(crate) async fn fix(app: Shared<'_>, action: FixAction) -> Answer<()> {
    app.fix(action).await
}
