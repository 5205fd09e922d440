//! Programs that speak restic's command line: two versions of restic, and Holdfast.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use crate::tools::{PASSWORD, holdfast, restic_new, restic_old};

/// Which program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Peer {
    /// Today's restic.
    ResticNew,
    /// Debian 12's restic.
    ResticOld,
    /// Ours.
    Holdfast,
}

/// What a backup told at its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BackupSummary {
    /// Blobs of files that were new.
    pub data_blobs: u64,
    /// Trees that were new.
    pub tree_blobs: u64,
    /// Files that are as the parent's.
    pub files_unmodified: u64,
    /// Files there are.
    pub files: u64,
    /// The snapshot's id, perhaps shortened.
    pub snapshot: String,
}

/// A program at work on a repository, in a time zone.
#[derive(Debug, Clone)]
pub struct Worker {
    /// Which program.
    pub peer: Peer,
    /// Where the repository is.
    pub repository: PathBuf,
    /// The zone that it believes to be in.
    pub zone: String,
}

impl Worker {
    /// The program, on this repository.
    #[must_use]
    pub fn new(peer: Peer, repository: impl Into<PathBuf>, zone: &str) -> Self {
        Self { peer, repository: repository.into(), zone: zone.to_owned() }
    }

    /// The command with these arguments, ready to be started.
    #[must_use]
    pub fn command(&self, arguments: &[&str]) -> Command {
        let program = match self.peer {
            Peer::ResticNew => restic_new(),
            Peer::ResticOld => restic_old(),
            Peer::Holdfast => holdfast(),
        };
        let mut command = Command::new(program);
        command
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", self.repository.with_extension("home"))
            .env("TZ", &self.zone)
            .env("RESTIC_PASSWORD", PASSWORD)
            .env("RESTIC_REPOSITORY", &self.repository)
            .args(arguments)
            .stdin(Stdio::null());
        if self.peer != Peer::Holdfast {
            command.arg("--no-cache");
        }
        command
    }

    /// What the command says; it has to succeed.
    ///
    /// # Panics
    /// If it does not.
    #[track_caller]
    pub fn run(&self, arguments: &[&str]) -> String {
        self.succeed(&mut self.command(arguments))
    }

    /// Stores what is in `folder`, from within.
    ///
    /// # Panics
    /// If it does not succeed without a warning.
    #[track_caller]
    pub fn backup(&self, folder: &Path, arguments: &[&str]) -> BackupSummary {
        let arguments = [&["backup", ".", "--json"], arguments].concat();
        let text = self.succeed(self.command(&arguments).current_dir(folder));
        summary(&text)
    }

    /// Restores a snapshot.
    ///
    /// # Panics
    /// If it does not succeed without a warning.
    #[track_caller]
    pub fn restore(&self, snapshot: &str, target: &Path) {
        let target = target.to_str().expect("a plain path");
        self.run(&["restore", snapshot, "--target", target]);
    }

    /// Verifies the repository and all of its data.
    ///
    /// # Panics
    /// If anything is wrong.
    #[track_caller]
    pub fn check(&self) {
        self.run(&["check", "--read-data"]);
    }

    #[track_caller]
    fn succeed(&self, command: &mut Command) -> String {
        let output = command.output().expect("the program starts");
        assert_success(self.peer, &output);
        String::from_utf8_lossy(&output.stdout).into_owned()
    }
}

/// Fails with everything that the program said, unless it succeeded.
///
/// # Panics
/// Unless it did.
#[track_caller]
pub fn assert_success(peer: Peer, output: &Output) {
    let (said, complained) =
        (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{peer:?}: {}\n{said}\n{complained}", output.status);
}

/// What the last line of a backup's messages tells.
///
/// # Panics
/// If it is not a summary.
#[must_use]
#[track_caller]
pub fn summary(messages: &str) -> BackupSummary {
    let last = messages.lines().last().unwrap_or_default();
    let json: serde_json::Value = serde_json::from_str(last).expect("the last line is JSON");
    assert_eq!(json["message_type"], "summary", "{last}");
    let number = |key: &str| json[key].as_u64().unwrap_or_else(|| panic!("{key}: {last}"));
    BackupSummary {
        data_blobs: number("data_blobs"),
        tree_blobs: number("tree_blobs"),
        files_unmodified: number("files_unmodified"),
        files: number("total_files_processed"),
        snapshot: json["snapshot_id"].as_str().expect("an id").to_owned(),
    }
}
