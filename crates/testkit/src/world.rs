//! A computer with a person's folders, a drive and the app, in a temporary folder.
//!
//! The engine is the real one; only the clock and the operating system's services are not.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use holdfast_app::App;
use holdfast_app::api::{
    Excludes, FolderKind, Location, OperationId, OperationState, OperationView, OperationsQuery,
    PlanDraft, PlanId, Problem, RepositoryDraft, RepositoryId, Secret, Timing,
};
use holdfast_app::ports::{Notice, Ports, Surroundings};
use holdfast_engine::backend::LocalBackend;
use holdfast_engine::identity::Identity;
use holdfast_engine::key::KdfCost;
use holdfast_engine::lock::Process;
use holdfast_engine::repository::{CreateOptions, Repository};
use holdfast_engine::secret::Password;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use tokio::runtime::Runtime;

use crate::ports::{
    MemoryAutostart, MemoryKeychain, MemoryProbe, MemoryVolumes, RecordingNotifier,
};
use crate::{FakeClock, PASSWORD};

/// A computer with an app on it.
pub struct World {
    folder: PathBuf,
    /// Removes the folder at the end, if the world made it.
    _removed: Option<tempfile::TempDir>,
    runtime: Runtime,
    app: Option<App>,
    session: u32,
    /// The clock.
    pub clock: Arc<FakeClock>,
    /// The keychain.
    pub keychain: Arc<MemoryKeychain>,
    /// What the person was told.
    pub notifier: Arc<RecordingNotifier>,
    /// The drives.
    pub volumes: Arc<MemoryVolumes>,
    /// The processes.
    pub probe: Arc<MemoryProbe>,
    /// The names of the threads that let other programs go first so far.
    pub stepped_aside: Arc<Mutex<Vec<String>>>,
}

impl World {
    /// A computer whose clock shows this local time, such as `2026-03-27 09:00`, in Berlin. The
    /// app runs, and knows neither plan nor repository.
    #[must_use]
    pub fn at(local: &str) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().to_owned();
        Self::in_folder(path, Some(folder), local)
    }

    /// The same in a folder that another process may know.
    #[must_use]
    pub fn shared(folder: &Path, local: &str) -> Self {
        Self::in_folder(folder.to_owned(), None, local)
    }

    fn in_folder(folder: PathBuf, removed: Option<tempfile::TempDir>, local: &str) -> Self {
        let clock = Arc::new(FakeClock::default());
        clock.set_now(moment(local));
        let probe = Arc::new(MemoryProbe::default());
        let mut world = Self {
            folder,
            _removed: removed,
            runtime: Runtime::new().expect("a runtime"),
            app: None,
            session: 0,
            clock,
            keychain: Arc::default(),
            notifier: Arc::default(),
            volumes: Arc::default(),
            probe,
            stepped_aside: Arc::default(),
        };
        world.connect_drive();
        fs::create_dir_all(world.documents()).expect("a folder");
        world.write("letter.txt", "Dear Anna");
        world.start();
        world
    }

    /// The same, with one repository on the drive and one plan for the documents.
    #[must_use]
    pub fn with_plan(local: &str, timing: impl Into<Timing>) -> Self {
        let world = Self::at(local);
        let repository = world.add_repository();
        world.add_plan(&repository, timing);
        world
    }

    /// Starts the app; the one that ran before is left as if it had been killed.
    ///
    /// # Panics
    /// If it does not start.
    pub fn start(&mut self) {
        self.try_start().expect("the app starts");
    }

    /// Starts the app, which may refuse.
    #[expect(clippy::result_large_err, reason = "it is made once, when a test ends anyway")]
    pub fn try_start(&mut self) -> Result<(), Problem> {
        self.kill();
        self.session += 1;
        let process = Process { start: Some(1), started_at: None, program: None };
        self.probe.begin(self.identity().pid, process);
        self.app = Some(self.start_another()?);
        Ok(())
    }

    /// Starts an app beside the one that runs, with the same folders, which may refuse.
    #[expect(clippy::result_large_err, reason = "it is made once, when a test ends anyway")]
    pub fn start_another(&self) -> Result<App, Problem> {
        let ports = Ports {
            clock: self.clock.clone(),
            secrets: self.keychain.clone(),
            notifier: self.notifier.clone(),
            autostart: Arc::new(MemoryAutostart::default()),
            volumes: self.volumes.clone(),
            probe: self.probe.clone(),
        };
        let stepped_aside = self.stepped_aside.clone();
        let surroundings = Surroundings {
            identity: self.identity(),
            zone: Arc::new(berlin),
            config_folder: self.path("config"),
            state_folder: self.path("state"),
            step_aside: Arc::new(move || {
                let name = std::thread::current().name().unwrap_or_default().to_owned();
                stepped_aside.lock().expect("no panic").push(name);
            }),
            personal_folders: vec![(FolderKind::Documents, self.documents())],
        };
        self.runtime.block_on(App::start(ports, surroundings))
    }

    /// Ends the app without a word.
    pub fn kill(&mut self) {
        if let Some(app) = self.app.take() {
            // A thread cannot be killed, and one that works holds the history open.
            self.runtime.block_on(app.settled());
        }
        self.probe.end(self.identity().pid);
        // What runs in the background holds the history open until it is done.
        let old = std::mem::replace(&mut self.runtime, Runtime::new().expect("a runtime"));
        drop(old);
    }

    /// Who the app is.
    #[must_use]
    pub fn identity(&self) -> Identity {
        Identity {
            hostname: "mac-mini".to_owned(),
            username: "anna".to_owned(),
            uid: 1000,
            gid: 1000,
            // Each start is another process, also in another process that shares the folder.
            pid: std::process::id() + self.session,
            machine_id: Some("machine".to_owned()),
            boot_id: Some("boot".to_owned()),
            pid_namespace: Some(1),
            process_start: Some(1),
            session: format!("session {} of {}", self.session, std::process::id()),
            program_version: "holdfast test".to_owned(),
        }
    }

    /// The app.
    ///
    /// # Panics
    /// If it was killed.
    #[must_use]
    pub fn app(&self) -> &App {
        self.app.as_ref().expect("the app runs")
    }

    /// Waits for a command of the app.
    pub fn ask<T>(&self, command: impl Future<Output = T>) -> T {
        self.runtime.block_on(command)
    }

    /// Asks the app for something in the midst of its work: as soon as so much time has passed.
    pub fn ask_after<F>(&self, time: Duration, command: impl FnOnce(App) -> F + Send + 'static)
    where
        F: Future,
    {
        let (app, runtime) = (self.app().clone(), self.runtime.handle().clone());
        self.clock.after(time, move || {
            runtime.block_on(command(app));
        });
    }

    /// A path in the world's folder.
    #[must_use]
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// The person's documents.
    #[must_use]
    pub fn documents(&self) -> PathBuf {
        self.path("home/Documents")
    }

    /// Where the drive is mounted.
    #[must_use]
    pub fn drive(&self) -> PathBuf {
        self.path("media/blue")
    }

    /// Where the repository is.
    #[must_use]
    pub fn location(&self) -> PathBuf {
        self.drive().join("backup")
    }

    /// Writes one of the documents.
    ///
    /// # Panics
    /// If it cannot be written.
    pub fn write(&self, name: &str, content: &str) {
        let path = self.documents().join(name);
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).expect("a folder");
        }
        fs::write(path, content).expect("a document");
    }

    /// Connects the drive.
    ///
    /// # Panics
    /// If the file system does not play along.
    pub fn connect_drive(&self) {
        let unplugged = self.path("unplugged");
        fs::create_dir_all(self.path("media")).expect("a folder");
        if unplugged.exists() {
            fs::rename(&unplugged, self.drive()).expect("the drive is connected");
        } else {
            fs::create_dir_all(self.drive()).expect("a folder");
        }
        self.volumes.mount(&self.drive(), 100_000_000_000, false);
    }

    /// Unplugs it.
    ///
    /// # Panics
    /// If the file system does not play along.
    pub fn unplug_drive(&self) {
        fs::rename(self.drive(), self.path("unplugged")).expect("the drive is unplugged");
        self.volumes.unmount(&self.drive());
    }

    /// What a person enters for the repository on the drive.
    #[must_use]
    pub fn repository_draft(&self, create: bool, remember: bool) -> RepositoryDraft {
        RepositoryDraft {
            name: "Blue".to_owned(),
            location: Location::Local { path: text(&self.location()) },
            password: Secret(Password::new(PASSWORD)),
            create,
            remember,
        }
    }

    /// Makes the repository on the drive, with a password that is cheap to derive a key from, and
    /// adds it to the app.
    ///
    /// # Panics
    /// If the app refuses.
    pub fn add_repository(&self) -> RepositoryId {
        self.make_and_add(self.repository_draft(false, true), &self.location())
    }

    /// Mounts another drive, called `name`, and makes a repository at its root.
    ///
    /// # Panics
    /// If the app refuses.
    pub fn add_repository_on(&self, name: &str) -> RepositoryId {
        let drive = self.path("media").join(name);
        fs::create_dir_all(&drive).expect("a folder");
        self.volumes.mount(&drive, 100_000_000_000, false);
        let mut draft = self.repository_draft(false, true);
        name.clone_into(&mut draft.name);
        draft.location = Location::Local { path: text(&drive) };
        self.make_and_add(draft, &drive)
    }

    /// Makes another plan of the documents, with a name of its own.
    ///
    /// # Panics
    /// If the app refuses.
    pub fn add_plan_called(
        &self,
        name: &str,
        repository: &RepositoryId,
        timing: impl Into<Timing>,
    ) -> PlanId {
        let draft = PlanDraft { name: name.to_owned(), ..self.plan_draft(repository, timing) };
        self.ask(self.app().add_plan(draft)).expect("it is made").id
    }

    fn make_and_add(&self, draft: RepositoryDraft, folder: &Path) -> RepositoryId {
        let storage = Arc::new(LocalBackend::new(folder));
        let options = CreateOptions {
            kdf_cost: Some(KdfCost::least_for_tests()),
            ..CreateOptions::default()
        };
        let (password, identity) = (Password::new(PASSWORD), self.identity());
        Repository::create(storage, &password, &options, &identity, &*self.clock, &berlin())
            .expect("it is made");
        self.ask(self.app().add_repository(draft)).expect("it is adopted").id
    }

    /// What a person enters for a plan of the documents.
    #[must_use]
    pub fn plan_draft(&self, repository: &RepositoryId, timing: impl Into<Timing>) -> PlanDraft {
        PlanDraft {
            name: "Documents".to_owned(),
            repository: repository.clone(),
            sources: vec![text(&self.documents())],
            excludes: Excludes::default(),
            timing: timing.into(),
        }
    }

    /// Makes a plan of the documents.
    ///
    /// # Panics
    /// If the app refuses.
    pub fn add_plan(&self, repository: &RepositoryId, timing: impl Into<Timing>) -> PlanId {
        let draft = self.plan_draft(repository, timing);
        self.ask(self.app().add_plan(draft)).expect("it is made").id
    }

    /// The only plan.
    ///
    /// # Panics
    /// If there is none.
    #[must_use]
    pub fn plan(&self) -> holdfast_app::api::PlanView {
        let overview = self.ask(self.app().overview()).expect("an overview");
        overview.plans.into_iter().next().expect("a plan")
    }

    /// The only repository.
    ///
    /// # Panics
    /// If there is none.
    #[must_use]
    pub fn repository(&self) -> holdfast_app::api::RepositoryView {
        let overview = self.ask(self.app().overview()).expect("an overview");
        overview.repositories.into_iter().next().expect("a repository")
    }

    /// Backs the plan up a moment later, and waits for the end: of two snapshots one is the later.
    pub fn back_up(&self) -> OperationView {
        self.clock.advance(Duration::from_millis(200));
        let started = self.ask(self.app().run_plan(self.plan().id)).expect("it is queued");
        self.ended(&started.operation)
    }

    /// Waits until an operation has ended.
    ///
    /// # Panics
    /// If it is unknown.
    pub fn ended(&self, id: &OperationId) -> OperationView {
        let mut events = self.app().subscribe();
        self.runtime.block_on(async {
            loop {
                let detail = self.app().operation_detail(id.clone()).await.expect("it is known");
                if !is_live(detail.operation.state) {
                    self.app().settled().await;
                    return detail.operation;
                }
                // Whatever happened, it is looked at again.
                let _ = events.recv().await;
            }
        })
    }

    /// Lets the app look at the clock, and waits until nothing runs.
    pub fn tick(&self) {
        self.runtime.block_on(async {
            self.app().tick().await;
            self.app().settled().await;
        });
    }

    /// Lets time pass with the app awake, looking at the clock every so often.
    pub fn pass(&self, whole: Duration, every: Duration) {
        let mut passed = Duration::ZERO;
        while passed < whole {
            self.clock.advance(every);
            passed += every;
            self.tick();
        }
    }

    /// Puts the computer to sleep until a local time, and lets the app look at the clock.
    pub fn sleep_until(&self, local: &str) {
        let now = holdfast_engine::clock::Clock::now(&*self.clock);
        let asleep = moment(local).duration_since(now).unsigned_abs();
        self.clock.stand_by(asleep);
        self.tick();
    }

    /// All operations, the oldest first.
    ///
    /// # Panics
    /// If the app refuses.
    #[must_use]
    pub fn operations(&self) -> Vec<OperationView> {
        let query = OperationsQuery { limit: 500, ..OperationsQuery::default() };
        let mut found = self.ask(self.app().operations(query)).expect("operations");
        found.reverse();
        found
    }

    /// What the person was told, title by title.
    #[must_use]
    pub fn told(&self) -> Vec<String> {
        self.notifier.notices().into_iter().map(|notice: Notice| notice.title).collect()
    }
}

fn is_live(state: OperationState) -> bool {
    matches!(state, OperationState::Queued | OperationState::Running)
}

fn berlin() -> TimeZone {
    TimeZone::get("Europe/Berlin").expect("the zone is in the database")
}

fn moment(local: &str) -> Timestamp {
    let local: jiff::civil::DateTime = local.parse().expect("a date and time");
    berlin().to_timestamp(local).expect("a moment")
}

fn text(path: &Path) -> String {
    path.display().to_string()
}
