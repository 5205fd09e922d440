//! Commands for hooks.

use holdfast_app::api::{HookDraft, HookId, HookOn, HookOutcome, HookPreview, HookView};

use super::{Answer, Shared};

#[tauri::command]
pub(crate) async fn hooks(app: Shared<'_>) -> Answer<Vec<HookView>> {
    app.hooks().await
}

#[tauri::command]
pub(crate) async fn add_hook(app: Shared<'_>, draft: HookDraft) -> Answer<HookView> {
    app.add_hook(draft).await
}

#[tauri::command]
pub(crate) async fn change_hook(app: Shared<'_>, id: HookId, draft: HookDraft) -> Answer<HookView> {
    app.change_hook(id, draft).await
}

#[tauri::command]
pub(crate) async fn remove_hook(app: Shared<'_>, id: HookId) -> Answer<()> {
    app.remove_hook(id).await
}

#[tauri::command]
pub(crate) async fn render_hook(
    app: Shared<'_>,
    draft: HookDraft,
    on: HookOn,
) -> Answer<HookPreview> {
    app.render_hook(draft, on).await
}

#[tauri::command]
pub(crate) async fn test_hook(
    app: Shared<'_>,
    id: Option<HookId>,
    draft: HookDraft,
) -> Answer<HookOutcome> {
    app.test_hook(id, draft).await
}
