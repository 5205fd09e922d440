//! The app as its callers see it: commands in, events out.

use std::sync::Arc;

use holdfast_engine::secret::Password;
use tokio::sync::broadcast;

use crate::api::{
    AppEvent, Code, EntryView, ExcludePreset, FolderSize, FolderSuggestion, LockView,
    OperationDetail, OperationId, OperationView, OperationsQuery, Overview, PlanDraft, PlanId,
    PlanView, PreviewId, Problem, RecoverySheet, RepositoryDraft, RepositoryId, RepositoryPatch,
    RepositoryProbe, RepositoryView, RestorePreview, RestoreRequest, RunStarted, Settings,
    SettingsPatch, SnapshotView, VerifyScope,
};
use crate::ports::{Ports, ShellReport, Surroundings};

/// The app. Clones are the same app.
#[derive(Clone)]
pub struct App {
    inner: Arc<Inner>,
}

struct Inner {
    events: broadcast::Sender<AppEvent>,
    #[expect(dead_code, reason = "used from the next commit on")]
    ports: Ports,
    #[expect(dead_code, reason = "used from the next commit on")]
    surroundings: Surroundings,
}

/// How many events wait for a slow listener before it misses some.
const EVENTS_KEPT: usize = 256;

fn unfinished<T>() -> Result<T, Problem> {
    Err(Problem {
        code: Code::Unexpected,
        title: "This part of the app is not there yet.".into(),
        meaning: String::new(),
        advice: String::new(),
        actions: Vec::new(),
        details: None,
    })
}

impl App {
    /// Reads settings and history, settles what an earlier process left unfinished, and is ready.
    ///
    /// Damaged settings or a damaged history do not stop it; they are set aside and become
    /// problems of the overview. It must be called within a tokio runtime.
    pub async fn start(ports: Ports, surroundings: Surroundings) -> Result<Self, Problem> {
        let (events, _) = broadcast::channel(EVENTS_KEPT);
        Ok(Self { inner: Arc::new(Inner { events, ports, surroundings }) })
    }

    /// Everything that happens from now on. A listener that fell behind asks for the overview.
    #[must_use]
    pub fn subscribe(&self) -> broadcast::Receiver<AppEvent> {
        self.inner.events.subscribe()
    }

    /// Looks at the clock every 20 seconds, for as long as it is polled.
    pub async fn keep_time(self) {}

    /// Looks at the clock once: starts what is due, tells what is overdue.
    pub async fn tick(&self) {}

    /// What the shell found.
    pub async fn report(&self, _report: ShellReport) {}

    /// Stops what runs, at safe places, and returns once nothing runs and history is stored.
    pub async fn shut_down(&self) {}

    /// How everything is.
    pub async fn overview(&self) -> Result<Overview, Problem> {
        unfinished()
    }

    /// The settings.
    pub async fn settings(&self) -> Result<Settings, Problem> {
        unfinished()
    }

    /// Changes settings; acts at once.
    pub async fn change_settings(&self, _patch: SettingsPatch) -> Result<Settings, Problem> {
        unfinished()
    }

    /// The person's own folders.
    pub async fn suggest_sources(&self) -> Result<Vec<FolderSuggestion>, Problem> {
        unfinished()
    }

    /// How much a folder holds.
    pub async fn measure_folder(&self, _path: String) -> Result<FolderSize, Problem> {
        unfinished()
    }

    /// The presets for what to leave out.
    pub async fn exclude_presets(&self) -> Result<Vec<ExcludePreset>, Problem> {
        unfinished()
    }

    /// What stands at a location, and whether the draft could be saved. An empty password is not
    /// tried.
    pub async fn probe_repository(
        &self,
        _draft: RepositoryDraft,
    ) -> Result<RepositoryProbe, Problem> {
        unfinished()
    }

    /// Creates or adopts a repository, after testing it.
    pub async fn add_repository(&self, _draft: RepositoryDraft) -> Result<RepositoryView, Problem> {
        unfinished()
    }

    /// Changes a repository's entry.
    pub async fn change_repository(
        &self,
        _id: RepositoryId,
        _patch: RepositoryPatch,
    ) -> Result<RepositoryView, Problem> {
        unfinished()
    }

    /// Forgets a repository's entry and its password. Its data stays. Refused while plans use it.
    pub async fn remove_repository(&self, _id: RepositoryId) -> Result<(), Problem> {
        unfinished()
    }

    /// Takes a repository's password, once it was seen to open it.
    pub async fn enter_password(
        &self,
        _id: RepositoryId,
        _password: Password,
        _remember: bool,
    ) -> Result<RepositoryView, Problem> {
        unfinished()
    }

    /// The locks that stand in a repository now.
    pub async fn repository_locks(&self, _id: RepositoryId) -> Result<Vec<LockView>, Problem> {
        unfinished()
    }

    /// Removes locks by id, whatever their owners do: the person decided, having seen them.
    /// Recorded as an operation, which is returned.
    pub async fn unlock(
        &self,
        _id: RepositoryId,
        _locks: Vec<String>,
    ) -> Result<OperationView, Problem> {
        unfinished()
    }

    /// What is needed to restore without this computer.
    pub async fn recovery_sheet(&self, _id: RepositoryId) -> Result<RecoverySheet, Problem> {
        unfinished()
    }

    /// Queues a verify.
    pub async fn verify_repository(
        &self,
        _id: RepositoryId,
        _scope: VerifyScope,
    ) -> Result<RunStarted, Problem> {
        unfinished()
    }

    /// Looks at a repository again: locks, snapshots, sizes, room.
    pub async fn refresh_repository(&self, _id: RepositoryId) -> Result<RepositoryView, Problem> {
        unfinished()
    }

    /// Adds a plan. Its first run starts when it is due or asked for.
    pub async fn add_plan(&self, _draft: PlanDraft) -> Result<PlanView, Problem> {
        unfinished()
    }

    /// Changes a plan.
    pub async fn change_plan(&self, _id: PlanId, _draft: PlanDraft) -> Result<PlanView, Problem> {
        unfinished()
    }

    /// Removes a plan. Its snapshots stay.
    pub async fn remove_plan(&self, _id: PlanId) -> Result<(), Problem> {
        unfinished()
    }

    /// Backs up now, or joins the run that is under way.
    pub async fn run_plan(&self, _id: PlanId) -> Result<RunStarted, Problem> {
        unfinished()
    }

    /// Backs up all plans now.
    pub async fn run_all(&self) -> Result<Vec<RunStarted>, Problem> {
        unfinished()
    }

    /// What speaks against a draft, or against running it now.
    pub async fn check_plan(&self, _draft: PlanDraft) -> Result<Vec<Problem>, Problem> {
        unfinished()
    }

    /// The snapshots of a repository, or of one plan, the newest first.
    pub async fn snapshots(
        &self,
        _repository: RepositoryId,
        _plan: Option<PlanId>,
    ) -> Result<Vec<SnapshotView>, Problem> {
        unfinished()
    }

    /// The entries of a folder in a snapshot, folders first; `/` is the root.
    pub async fn snapshot_entries(
        &self,
        _repository: RepositoryId,
        _snapshot: String,
        _path: String,
    ) -> Result<Vec<EntryView>, Problem> {
        unfinished()
    }

    /// Removes snapshots by id. Refused while one is being restored.
    pub async fn forget_snapshots(
        &self,
        _repository: RepositoryId,
        _snapshots: Vec<String>,
    ) -> Result<RunStarted, Problem> {
        unfinished()
    }

    /// What a restore would do.
    pub async fn preview_restore(
        &self,
        _request: RestoreRequest,
    ) -> Result<RestorePreview, Problem> {
        unfinished()
    }

    /// Does exactly what a preview said, or refuses.
    pub async fn start_restore(&self, _preview: PreviewId) -> Result<RunStarted, Problem> {
        unfinished()
    }

    /// Operations, the newest first.
    pub async fn operations(&self, _query: OperationsQuery) -> Result<Vec<OperationView>, Problem> {
        unfinished()
    }

    /// One operation with its log and findings.
    pub async fn operation_detail(&self, _id: OperationId) -> Result<OperationDetail, Problem> {
        unfinished()
    }

    /// Stops an operation at the next safe place, or takes it from the queue.
    pub async fn cancel_operation(&self, _id: OperationId) -> Result<(), Problem> {
        unfinished()
    }

    /// Does again what an operation tried.
    pub async fn retry_operation(&self, _id: OperationId) -> Result<RunStarted, Problem> {
        unfinished()
    }
}
