//! The app as its callers see it: commands in, events out.
//!
//! Every command runs on a thread that may block, so that a slow disk or a hanging keychain never
//! holds up the caller's other work.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use holdfast_engine::secret::Password;
use tokio::sync::broadcast;

use crate::api::{
    AppEvent, DifferenceView, EntryView, ExcludePreset, FolderSize, FolderSuggestion, LockView,
    Moment, OperationDetail, OperationId, OperationView, OperationsQuery, Overview, PauseFor,
    PauseView, PlanDraft, PlanId, PlanView, PreviewId, Problem, RecoverySheet, RepositoryDraft,
    RepositoryId, RepositoryPatch, RepositoryProbe, RepositoryView, RestorePreview, RestoreRequest,
    RunStarted, SearchPage, SearchQuery, Settings, SettingsPatch, SnapshotView, Timing, Trigger,
    VerifyScope, VersionView,
};
use crate::error::AppError;
use crate::operation::Task;
use crate::plan;
use crate::ports::{Ports, ShellReport, Surroundings};
use crate::state::State;
use crate::timekeeping::LOOK_AT_REST;

/// The app. Clones are the same app.
#[derive(Clone)]
pub struct App {
    state: Arc<State>,
}

impl App {
    /// Runs `work` where it may block.
    pub(crate) async fn off<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Arc<State>) -> Result<T, AppError> + Send + 'static,
    ) -> Result<T, Problem> {
        let state = self.state.clone();
        match tokio::task::spawn_blocking(move || work(&state)).await {
            Ok(done) => done.map_err(Problem::from),
            Err(error) => Err(AppError::unexpected("the command broke off", error).problem()),
        }
    }

    /// Reads settings and history, settles what an earlier process left unfinished, and is ready.
    ///
    /// Damaged settings or a damaged history do not stop it; they are set aside and become
    /// problems of the overview. It must be called within a tokio runtime.
    pub async fn start(ports: Ports, surroundings: Surroundings) -> Result<Self, Problem> {
        let started = tokio::task::spawn_blocking(move || State::start(ports, surroundings)).await;
        let state = match started {
            Ok(started) => started?,
            Err(error) => return Err(AppError::unexpected("the start broke off", error).problem()),
        };
        let app = Self { state };
        app.look_around();
        Ok(app)
    }

    /// Everything that happens from now on. A listener that fell behind asks for the overview.
    #[must_use]
    pub fn subscribe(&self) -> broadcast::Receiver<AppEvent> {
        self.state.subscribe()
    }

    /// Looks at the clock when something is due and at least once a minute, for as long as it is
    /// polled.
    pub async fn keep_time(self) {
        while !self.state.is_closing.load(Ordering::Acquire) {
            self.tick().await;
            let until_next = self.off(|state| Ok(state.until_next_look())).await;
            tokio::time::sleep(until_next.unwrap_or(LOOK_AT_REST)).await;
        }
    }

    /// Looks at the clock once: starts what is due, tells what is overdue.
    pub async fn tick(&self) {
        // A tick that broke off is followed by the next one.
        let work = |state: &Arc<State>| {
            state.tick();
            Ok(())
        };
        let _ = self.off(work).await;
    }

    /// What the shell found.
    pub async fn report(&self, report: ShellReport) {
        let work = move |state: &Arc<State>| {
            state.take_report(report);
            Ok(())
        };
        let _ = self.off(work).await;
    }

    /// Stops what runs, at safe places, and returns once nothing runs and history is stored.
    pub async fn shut_down(&self) {
        // There is nobody left to tell.
        let work = |state: &Arc<State>| {
            state.shut_down();
            Ok(())
        };
        let _ = self.off(work).await;
    }

    /// Returns once nothing runs any more, for whoever has to wait for that.
    pub async fn settled(&self) {
        let work = |state: &Arc<State>| {
            state.wait_until_settled(Duration::MAX);
            Ok(())
        };
        let _ = self.off(work).await;
    }

    /// How everything is.
    pub async fn overview(&self) -> Result<Overview, Problem> {
        self.off(|state| Ok(state.overview())).await
    }

    /// The settings.
    pub async fn settings(&self) -> Result<Settings, Problem> {
        Ok(self.state.file().settings)
    }

    /// Changes settings; acts at once.
    pub async fn change_settings(&self, patch: SettingsPatch) -> Result<Settings, Problem> {
        self.off(move |state| state.change_settings(&patch)).await
    }

    /// The person's own folders.
    pub async fn suggest_sources(&self) -> Result<Vec<FolderSuggestion>, Problem> {
        self.off(|state| Ok(state.suggest_sources())).await
    }

    /// How much a folder holds.
    pub async fn measure_folder(&self, path: String) -> Result<FolderSize, Problem> {
        self.off(move |state| state.measure_folder(&path)).await
    }

    /// The presets for what to leave out.
    pub async fn exclude_presets(&self) -> Result<Vec<ExcludePreset>, Problem> {
        Ok(plan::presets())
    }

    /// What stands at a location, and whether the draft could be saved. An empty password is not
    /// tried.
    pub async fn probe_repository(
        &self,
        draft: RepositoryDraft,
    ) -> Result<RepositoryProbe, Problem> {
        self.off(move |state| Ok(state.probe_repository(&draft))).await
    }

    /// Creates or adopts a repository, after testing it.
    pub async fn add_repository(&self, draft: RepositoryDraft) -> Result<RepositoryView, Problem> {
        self.off(move |state| {
            let added = state.add_repository(&draft)?;
            state.fill_in_background(&added.id);
            Ok(added)
        })
        .await
    }

    /// Changes a repository's entry.
    pub async fn change_repository(
        &self,
        id: RepositoryId,
        patch: RepositoryPatch,
    ) -> Result<RepositoryView, Problem> {
        self.off(move |state| state.change_repository(&id, patch)).await
    }

    /// Forgets a repository's entry and its password. Its data stays. Refused while plans use it.
    pub async fn remove_repository(&self, id: RepositoryId) -> Result<(), Problem> {
        self.off(move |state| state.remove_repository(&id)).await
    }

    /// Takes a repository's password, once it was seen to open it.
    pub async fn enter_password(
        &self,
        id: RepositoryId,
        password: Password,
        remember: bool,
    ) -> Result<RepositoryView, Problem> {
        self.off(move |state| state.enter_password(&id, password, remember)).await
    }

    /// The locks that stand in a repository now.
    pub async fn repository_locks(&self, id: RepositoryId) -> Result<Vec<LockView>, Problem> {
        self.off(move |state| state.repository_locks(&id)).await
    }

    /// Removes locks by id, whatever their owners do: the person decided, having seen them.
    /// Recorded as an operation, which is returned.
    pub async fn unlock(
        &self,
        id: RepositoryId,
        locks: Vec<String>,
    ) -> Result<OperationView, Problem> {
        self.off(move |state| state.unlock(&id, &locks)).await
    }

    /// What is needed to restore without this computer.
    pub async fn recovery_sheet(&self, id: RepositoryId) -> Result<RecoverySheet, Problem> {
        self.off(move |state| state.recovery_sheet(&id)).await
    }

    /// Queues a verify.
    pub async fn verify_repository(
        &self,
        id: RepositoryId,
        scope: VerifyScope,
    ) -> Result<RunStarted, Problem> {
        let task = Task::Verify { scope };
        self.off(move |state| state.request(task, &id, None, Trigger::Manual)).await
    }

    /// Looks at a repository again: locks, snapshots, sizes, room.
    pub async fn refresh_repository(&self, id: RepositoryId) -> Result<RepositoryView, Problem> {
        self.off(move |state| {
            state.look(&id);
            state.fill_in_background(&id);
            state.repository_view(&id)
        })
        .await
    }

    /// Adds a plan. Its first run starts when it is due or asked for.
    pub async fn add_plan(&self, draft: PlanDraft) -> Result<PlanView, Problem> {
        self.off(move |state| state.add_plan(draft)).await
    }

    /// Changes a plan.
    pub async fn change_plan(&self, id: PlanId, draft: PlanDraft) -> Result<PlanView, Problem> {
        self.off(move |state| state.change_plan(&id, draft)).await
    }

    /// Removes a plan. Its snapshots stay.
    pub async fn remove_plan(&self, id: PlanId) -> Result<(), Problem> {
        self.off(move |state| state.remove_plan(&id)).await
    }

    /// Backs up now, or joins the run that is under way.
    pub async fn run_plan(&self, id: PlanId) -> Result<RunStarted, Problem> {
        self.off(move |state| state.run_plan(&id, Trigger::Manual)).await
    }

    /// Backs up all plans now. One that cannot be started keeps no other from it; the error is that
    /// of the first.
    pub async fn run_all(&self) -> Result<Vec<RunStarted>, Problem> {
        self.off(|state| {
            let plans = state.file().plans.into_iter();
            let asked: Vec<_> =
                plans.map(|plan| state.run_plan(&plan.id, Trigger::Manual)).collect();
            asked.into_iter().collect()
        })
        .await
    }

    /// The next five times at which a plan would be due with a timing: one that is there, or a
    /// new one.
    pub async fn upcoming_runs(
        &self,
        timing: Timing,
        plan: Option<PlanId>,
    ) -> Result<Vec<Moment>, Problem> {
        self.off(move |state| state.upcoming_runs(&timing, plan.as_ref())).await
    }

    /// What speaks against a draft, or against running it now.
    pub async fn check_plan(&self, draft: PlanDraft) -> Result<Vec<Problem>, Problem> {
        self.off(move |state| Ok(state.check_plan(draft))).await
    }

    /// The snapshots of a repository, or of one plan, the newest first.
    pub async fn snapshots(
        &self,
        repository: RepositoryId,
        plan: Option<PlanId>,
    ) -> Result<Vec<SnapshotView>, Problem> {
        self.off(move |state| state.snapshots(&repository, plan.as_ref())).await
    }

    /// The entries of a folder in a snapshot, folders first; `/` is the root.
    pub async fn snapshot_entries(
        &self,
        repository: RepositoryId,
        snapshot: String,
        path: String,
    ) -> Result<Vec<EntryView>, Problem> {
        self.off(move |state| state.snapshot_entries(&repository, &snapshot, &path)).await
    }

    /// Entries of all snapshots by name, as one types.
    pub async fn search(&self, query: SearchQuery) -> Result<SearchPage, Problem> {
        self.off(move |state| state.search(&query)).await
    }

    /// What stood at a path in the snapshots of a repository, the newest first; with a snapshot, in
    /// those of the same folders of the same computer.
    pub async fn file_versions(
        &self,
        repository: RepositoryId,
        path: String,
        like: Option<String>,
    ) -> Result<Vec<VersionView>, Problem> {
        self.off(move |state| state.file_versions(&repository, &path, like.as_deref())).await
    }

    /// What differs between two snapshots of a repository.
    pub async fn difference(
        &self,
        repository: RepositoryId,
        before: String,
        after: String,
    ) -> Result<DifferenceView, Problem> {
        self.off(move |state| state.difference(&repository, &before, &after)).await
    }

    /// The window no longer shows a snapshot that it read entries of.
    pub async fn leave_snapshot(&self, snapshot: String) -> Result<(), Problem> {
        self.off(move |state| {
            state.leave_snapshot(&snapshot);
            Ok(())
        })
        .await
    }

    /// Removes snapshots by id. Refused while one is being restored or shown.
    pub async fn forget_snapshots(
        &self,
        repository: RepositoryId,
        snapshots: Vec<String>,
    ) -> Result<RunStarted, Problem> {
        self.off(move |state| state.forget_snapshots(&repository, snapshots)).await
    }

    /// What a restore would do.
    pub async fn preview_restore(
        &self,
        request: RestoreRequest,
    ) -> Result<RestorePreview, Problem> {
        self.off(move |state| state.preview_restore(request)).await
    }

    /// Does exactly what a preview said, or refuses.
    pub async fn start_restore(&self, preview: PreviewId) -> Result<RunStarted, Problem> {
        self.off(move |state| state.start_restore(&preview)).await
    }

    /// Operations, the newest first.
    pub async fn operations(&self, query: OperationsQuery) -> Result<Vec<OperationView>, Problem> {
        self.off(move |state| Ok(state.matching(&query))).await
    }

    /// One operation with its log and findings.
    pub async fn operation_detail(&self, id: OperationId) -> Result<OperationDetail, Problem> {
        self.off(move |state| state.operation_detail(&id)).await
    }

    /// Stops an operation at the next safe place, or takes it from the queue.
    pub async fn cancel_operation(&self, id: OperationId) -> Result<(), Problem> {
        self.off(move |state| state.cancel(&id)).await
    }

    /// Stops everything that runs, each at the next safe place, and takes everything that waits
    /// from the queue.
    pub async fn stop_all(&self) -> Result<(), Problem> {
        self.off(|state| {
            state.stop_all();
            Ok(())
        })
        .await
    }

    /// From now on nothing starts by itself. What runs goes on, and what a person asks for starts.
    /// It outlasts a restart.
    pub async fn pause(&self, length: PauseFor) -> Result<PauseView, Problem> {
        self.off(move |state| Ok(state.start_pause(length))).await
    }

    /// Ends a pause; what became due meanwhile starts.
    pub async fn resume(&self) -> Result<(), Problem> {
        self.off(|state| {
            state.resume();
            Ok(())
        })
        .await
    }

    /// Does again what an operation tried.
    pub async fn retry_operation(&self, id: OperationId) -> Result<RunStarted, Problem> {
        self.off(move |state| state.retry(&id)).await
    }

    /// Removes the locks that stood in an operation's way, those proven dead, and tries it again.
    pub async fn unlock_and_retry(&self, id: OperationId) -> Result<RunStarted, Problem> {
        self.off(move |state| state.unlock_and_retry(&id)).await
    }

    /// Looks at the keychain and at every repository, in the background.
    fn look_around(&self) {
        let (state, at_work) = (self.state.clone(), self.state.works());
        tokio::task::spawn_blocking(move || {
            let _at_work = at_work;
            state.probe_services();
            state.pump();
            for entry in state.file().repositories {
                state.look_in_background(&entry.id);
            }
        });
    }
}
