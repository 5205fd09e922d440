//! The app's commands for hooks.

use crate::api::{HookDraft, HookId, HookOn, HookOutcome, HookPreview, HookView, Problem};
use crate::app::App;

impl App {
    /// All hooks, in the order they were made.
    pub async fn hooks(&self) -> Result<Vec<HookView>, Problem> {
        self.off(|state| Ok(state.hook_views())).await
    }

    /// Adds a hook. What is secret of it goes into the keychain.
    pub async fn add_hook(&self, draft: HookDraft) -> Result<HookView, Problem> {
        self.off(move |state| state.add_hook(&draft)).await
    }

    /// Changes a hook. Secrets that are absent stay, those that are empty go.
    pub async fn change_hook(&self, id: HookId, draft: HookDraft) -> Result<HookView, Problem> {
        self.off(move |state| state.change_hook(&id, &draft)).await
    }

    /// Removes a hook with its secrets.
    pub async fn remove_hook(&self, id: HookId) -> Result<(), Problem> {
        self.off(move |state| state.remove_hook(&id)).await
    }

    /// What a hook would say, with made-up figures.
    pub async fn render_hook(&self, draft: HookDraft, on: HookOn) -> Result<HookPreview, Problem> {
        self.off(move |state| Ok(state.render_hook(&draft, on))).await
    }

    /// Tells a hook something made up, once. Secrets that are absent are those of the hook `id`.
    pub async fn test_hook(
        &self,
        id: Option<HookId>,
        draft: HookDraft,
    ) -> Result<HookOutcome, Problem> {
        self.off(move |state| state.test_hook(id.as_ref(), &draft)).await
    }
}
