//! A source, a repository of it made by a real restic, and a target.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use holdfast_engine::monitor::{Cancellation, Unwatched};
use holdfast_engine::restore::{
    Destination, PreviewAction, PreviewTotals, Restore, RestoreOptions, RestoreOutcome,
};
use holdfast_engine::snapshot;
use holdfast_tests::repository::TestRepository;
use holdfast_tests::tools::{PASSWORD, restic_new};
use holdfast_tests::trees::Findings;

/// A source, a repository and a target.
pub(super) struct World {
    repository: TestRepository,
}

impl World {
    /// A repository with a backup of what `fill` makes, by today's restic.
    pub(super) fn new(fill: impl FnOnce(&Path)) -> Self {
        Self::made_by(&restic_new(), fill)
    }

    /// The same, by this restic.
    pub(super) fn made_by(restic: &Path, fill: impl FnOnce(&Path)) -> Self {
        let world = Self { repository: TestRepository::new() };
        fs::create_dir(world.source()).expect("folder");
        fill(&world.source());
        let output = Command::new(restic)
            .args(["--no-cache", "backup", ".", "-r"])
            .arg(world.repository())
            .current_dir(world.source())
            .env("RESTIC_PASSWORD", PASSWORD)
            .output()
            .expect("restic runs");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        world
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.repository.beside(name)
    }

    pub(super) fn repository(&self) -> PathBuf {
        self.repository.path()
    }

    pub(super) fn source(&self) -> PathBuf {
        self.path("source")
    }

    pub(super) fn target(&self) -> PathBuf {
        self.path("target")
    }

    /// Everything, to the target.
    pub(super) fn options(&self) -> RestoreOptions {
        RestoreOptions::new(Destination::Folder(self.target()))
    }

    /// Restores and expects no finding.
    pub(super) fn restore(&self, options: &RestoreOptions) -> RestoreOutcome {
        let findings = Findings::default();
        let outcome = self.restore_with(options, &findings);
        let findings = findings.take();
        assert!(findings.is_empty(), "{findings:?}");
        outcome
    }

    pub(super) fn restore_with(
        &self,
        options: &RestoreOptions,
        findings: &Findings,
    ) -> RestoreOutcome {
        self.with(options, |restore| {
            restore.run(findings, &Cancellation::default()).expect("restores")
        })
    }

    /// What a thorough preview shows, in numbers and one by one.
    pub(super) fn preview(
        &self,
        options: &RestoreOptions,
    ) -> (PreviewTotals, Vec<(PathBuf, PreviewAction)>) {
        let mut seen = Vec::new();
        let mut see = |location: &Path, action| seen.push((location.to_owned(), action));
        let totals = self.with(options, |restore| {
            restore
                .preview(true, &Unwatched, &Cancellation::default(), &mut |entry| {
                    see(entry.location, entry.action);
                })
                .expect("previews")
        });
        (totals, seen)
    }

    fn with<T>(&self, options: &RestoreOptions, act: impl FnOnce(&Restore<'_>) -> T) -> T {
        let repository = self.repository.open();
        let index = repository.load_index(&Cancellation::default()).expect("an index");
        let snapshots = snapshot::load_all(&repository, &Unwatched).expect("snapshots");
        let tree = snapshots.last().expect("a snapshot").1.tree;
        act(&Restore { repository: &repository, index: &index, tree, options })
    }
}
