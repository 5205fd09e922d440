//! The window's commands. Each is one call into the app, or into a port for what only the shell can
//! do; what they take and give is typed in `holdfast_app::api`.

mod doctor;
mod hooks;

use std::path::PathBuf;

use holdfast_app::App;
use holdfast_app::api::{
    DifferenceView, EntryView, ExcludePreset, FolderSize, FolderSuggestion, LockView, Moment,
    OperationDetail, OperationId, OperationView, OperationsQuery, Overview, PauseFor, PauseView,
    PlanDraft, PlanId, PlanView, PreviewId, Problem, RecoverySheet, RepositoryDraft, RepositoryId,
    RepositoryPatch, RepositoryProbe, RepositoryView, RestorePreview, RestoreRequest, Route,
    RunStarted, SearchPage, SearchQuery, Secret, Settings, SettingsPatch, SnapshotView, Timing,
    VerifyScope, VersionView,
};
use tauri::ipc::Invoke;
use tauri::{AppHandle, State, WebviewWindow};

use crate::{life, ports, window};

type Shared<'a> = State<'a, App>;
type Answer<T> = Result<T, Problem>;

/// All commands, for Tauri.
pub(crate) fn handler() -> impl Fn(Invoke) -> bool + Send + Sync + 'static {
    tauri::generate_handler![
        overview,
        settings,
        change_settings,
        suggest_sources,
        measure_folder,
        exclude_presets,
        probe_repository,
        add_repository,
        change_repository,
        remove_repository,
        enter_password,
        repository_locks,
        unlock,
        recovery_sheet,
        verify_repository,
        refresh_repository,
        add_plan,
        change_plan,
        remove_plan,
        run_plan,
        run_all,
        check_plan,
        upcoming_runs,
        snapshots,
        snapshot_entries,
        search,
        file_versions,
        difference,
        leave_snapshot,
        forget_snapshots,
        preview_restore,
        start_restore,
        operations,
        operation_detail,
        cancel_operation,
        stop_all,
        pause,
        resume,
        retry_operation,
        doctor::doctor,
        doctor::fix,
        hooks::hooks,
        hooks::add_hook,
        hooks::change_hook,
        hooks::remove_hook,
        hooks::render_hook,
        hooks::test_hook,
        wanted_place,
        choose_folder,
        show_in_folder,
        quit,
    ]
}

#[tauri::command]
async fn overview(app: Shared<'_>) -> Answer<Overview> {
    app.overview().await
}

#[tauri::command]
async fn settings(app: Shared<'_>) -> Answer<Settings> {
    app.settings().await
}

#[tauri::command]
async fn change_settings(app: Shared<'_>, patch: SettingsPatch) -> Answer<Settings> {
    app.change_settings(patch).await
}

#[tauri::command]
async fn suggest_sources(app: Shared<'_>) -> Answer<Vec<FolderSuggestion>> {
    app.suggest_sources().await
}

#[tauri::command]
async fn measure_folder(app: Shared<'_>, path: String) -> Answer<FolderSize> {
    app.measure_folder(path).await
}

#[tauri::command]
async fn exclude_presets(app: Shared<'_>) -> Answer<Vec<ExcludePreset>> {
    app.exclude_presets().await
}

#[tauri::command]
async fn probe_repository(app: Shared<'_>, draft: RepositoryDraft) -> Answer<RepositoryProbe> {
    app.probe_repository(draft).await
}

#[tauri::command]
async fn add_repository(app: Shared<'_>, draft: RepositoryDraft) -> Answer<RepositoryView> {
    app.add_repository(draft).await
}

#[tauri::command]
async fn change_repository(
    app: Shared<'_>,
    id: RepositoryId,
    patch: RepositoryPatch,
) -> Answer<RepositoryView> {
    app.change_repository(id, patch).await
}

#[tauri::command]
async fn remove_repository(app: Shared<'_>, id: RepositoryId) -> Answer<()> {
    app.remove_repository(id).await
}

#[tauri::command]
async fn enter_password(
    app: Shared<'_>,
    id: RepositoryId,
    password: Secret,
    remember: bool,
) -> Answer<RepositoryView> {
    app.enter_password(id, password.0, remember).await
}

#[tauri::command]
async fn repository_locks(app: Shared<'_>, id: RepositoryId) -> Answer<Vec<LockView>> {
    app.repository_locks(id).await
}

#[tauri::command]
async fn unlock(app: Shared<'_>, id: RepositoryId, lock_ids: Vec<String>) -> Answer<OperationView> {
    app.unlock(id, lock_ids).await
}

#[tauri::command]
async fn recovery_sheet(app: Shared<'_>, id: RepositoryId) -> Answer<RecoverySheet> {
    app.recovery_sheet(id).await
}

#[tauri::command]
async fn verify_repository(
    app: Shared<'_>,
    id: RepositoryId,
    scope: VerifyScope,
) -> Answer<RunStarted> {
    app.verify_repository(id, scope).await
}

#[tauri::command]
async fn refresh_repository(app: Shared<'_>, id: RepositoryId) -> Answer<RepositoryView> {
    app.refresh_repository(id).await
}

#[tauri::command]
async fn add_plan(app: Shared<'_>, draft: PlanDraft) -> Answer<PlanView> {
    app.add_plan(draft).await
}

#[tauri::command]
async fn change_plan(app: Shared<'_>, id: PlanId, draft: PlanDraft) -> Answer<PlanView> {
    app.change_plan(id, draft).await
}

#[tauri::command]
async fn remove_plan(app: Shared<'_>, id: PlanId) -> Answer<()> {
    app.remove_plan(id).await
}

#[tauri::command]
async fn run_plan(app: Shared<'_>, id: PlanId) -> Answer<RunStarted> {
    app.run_plan(id).await
}

#[tauri::command]
async fn run_all(app: Shared<'_>) -> Answer<Vec<RunStarted>> {
    app.run_all().await
}

#[tauri::command]
async fn check_plan(app: Shared<'_>, draft: PlanDraft) -> Answer<Vec<Problem>> {
    app.check_plan(draft).await
}

#[tauri::command]
async fn upcoming_runs(
    app: Shared<'_>,
    timing: Timing,
    plan: Option<PlanId>,
) -> Answer<Vec<Moment>> {
    app.upcoming_runs(timing, plan).await
}

#[tauri::command]
async fn snapshots(
    app: Shared<'_>,
    repository: RepositoryId,
    plan: Option<PlanId>,
) -> Answer<Vec<SnapshotView>> {
    app.snapshots(repository, plan).await
}

#[tauri::command]
async fn snapshot_entries(
    app: Shared<'_>,
    repository: RepositoryId,
    snapshot: String,
    path: String,
) -> Answer<Vec<EntryView>> {
    app.snapshot_entries(repository, snapshot, path).await
}

#[tauri::command]
async fn search(app: Shared<'_>, query: SearchQuery) -> Answer<SearchPage> {
    app.search(query).await
}

#[tauri::command]
async fn file_versions(
    app: Shared<'_>,
    repository: RepositoryId,
    path: String,
    like: Option<String>,
) -> Answer<Vec<VersionView>> {
    app.file_versions(repository, path, like).await
}

#[tauri::command]
async fn difference(
    app: Shared<'_>,
    repository: RepositoryId,
    before: String,
    after: String,
) -> Answer<DifferenceView> {
    app.difference(repository, before, after).await
}

#[tauri::command]
async fn leave_snapshot(app: Shared<'_>, snapshot: String) -> Answer<()> {
    app.leave_snapshot(snapshot).await
}

#[tauri::command]
async fn forget_snapshots(
    app: Shared<'_>,
    repository: RepositoryId,
    ids: Vec<String>,
) -> Answer<RunStarted> {
    app.forget_snapshots(repository, ids).await
}

#[tauri::command]
async fn preview_restore(app: Shared<'_>, request: RestoreRequest) -> Answer<RestorePreview> {
    app.preview_restore(request).await
}

#[tauri::command]
async fn start_restore(app: Shared<'_>, preview_id: PreviewId) -> Answer<RunStarted> {
    app.start_restore(preview_id).await
}

#[tauri::command]
async fn operations(app: Shared<'_>, query: OperationsQuery) -> Answer<Vec<OperationView>> {
    app.operations(query).await
}

#[tauri::command]
async fn operation_detail(app: Shared<'_>, id: OperationId) -> Answer<OperationDetail> {
    app.operation_detail(id).await
}

#[tauri::command]
async fn cancel_operation(app: Shared<'_>, id: OperationId) -> Answer<()> {
    app.cancel_operation(id).await
}

#[tauri::command]
async fn stop_all(app: Shared<'_>) -> Answer<()> {
    app.stop_all().await
}

#[tauri::command]
async fn pause(app: Shared<'_>, length: PauseFor) -> Answer<PauseView> {
    app.pause(length).await
}

#[tauri::command]
async fn resume(app: Shared<'_>) -> Answer<()> {
    app.resume().await
}

#[tauri::command]
async fn retry_operation(app: Shared<'_>, id: OperationId) -> Answer<RunStarted> {
    app.retry_operation(id).await
}

/// What somebody asked to see while there was no window.
#[tauri::command]
#[allow(clippy::needless_pass_by_value, reason = "Tauri hands over the state itself")]
fn wanted_place(place: State<'_, window::Place>) -> Option<Route> {
    place.take_wanted()
}

/// A folder that the person chooses in the system's own dialog.
#[tauri::command]
async fn choose_folder(
    window: WebviewWindow,
    title: String,
    start: Option<PathBuf>,
) -> Answer<Option<PathBuf>> {
    Ok(ports::choose_folder(&window, &title, start).await)
}

/// Shows a file or folder in the system's file manager.
#[tauri::command]
async fn show_in_folder(path: PathBuf) -> Answer<()> {
    ports::show_in_folder(path).await
}

#[tauri::command]
#[allow(clippy::needless_pass_by_value, reason = "Tauri hands over the handle itself")]
fn quit(handle: AppHandle) {
    life::quit(&handle);
}
