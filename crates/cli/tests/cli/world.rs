//! A folder with a repository and a source, and the program to run on them.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::Arc;

use holdfast_engine::backend::LocalBackend;
use holdfast_engine::key::KdfCost;
use holdfast_engine::repository::{CreateOptions, Repository};
use holdfast_engine::secret::Password;
use holdfast_machine::SystemClock;
use jiff::tz::TimeZone;
use serde_json::Value;

/// The password of every repository here.
pub(crate) const PASSWORD: &str = "correct horse battery staple";

/// Everything that a test touches; gone when dropped.
pub(crate) struct World {
    folder: tempfile::TempDir,
}

/// What came of a run of the program.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl World {
    /// With a source and no repository.
    pub(crate) fn without_repository() -> Self {
        let world = Self { folder: tempfile::tempdir().expect("a temporary folder") };
        world.write("source/a.txt", b"first");
        world.write("source/folder/b.bin", &[7; 100_000]);
        world
    }

    /// With a source and an empty repository whose key costs next to nothing to derive.
    pub(crate) fn new() -> Self {
        let world = Self::without_repository();
        world.create_repository();
        world
    }

    /// The open repository, for tests that have to tamper with it.
    pub(crate) fn create_repository(&self) -> Repository {
        self.create_repository_in("repository")
    }

    /// The same in another folder.
    pub(crate) fn create_repository_in(&self, name: &str) -> Repository {
        let options =
            CreateOptions { kdf_cost: Some(KdfCost::least_for_tests()), ..Default::default() };
        Repository::create(
            Arc::new(LocalBackend::new(self.path(name))),
            &Password::new(PASSWORD),
            &options,
            &holdfast_machine::identity("test"),
            &SystemClock,
            &TimeZone::UTC,
        )
        .expect("an empty folder")
    }

    /// A path in the world.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes a file, and the folders that it lies in.
    pub(crate) fn write(&self, name: &str, content: &[u8]) {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().expect("it lies in a folder")).expect("made");
        std::fs::write(path, content).expect("written");
    }

    /// The program, to be run in the world's folder, in an environment without surprises.
    pub(crate) fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new(program);
        for (name, _) in std::env::vars_os() {
            let name = name.to_string_lossy();
            if name.starts_with("RESTIC_") || name.starts_with("HOLDFAST_") {
                command.env_remove(&*name);
            }
        }
        command
            .current_dir(self.folder.path())
            .env("RESTIC_REPOSITORY", "repository")
            .env("RESTIC_PASSWORD", PASSWORD)
            .env("RESTIC_CACHE_DIR", self.path("cache"))
            .env("HOLDFAST_STATE_DIR", self.path("state"))
            .env("TZ", "UTC")
            .stdin(Stdio::null());
        command
    }

    /// `holdfast` with these words.
    pub(crate) fn holdfast(&self, words: &[&str]) -> Command {
        let mut command = self.command(env!("CARGO_BIN_EXE_holdfast"));
        command.args(words);
        command
    }

    /// Runs `holdfast`; the words are separated by blanks.
    pub(crate) fn run(&self, line: &str) -> Ran {
        let words: Vec<&str> = line.split(' ').collect();
        Ran::of(&self.holdfast(&words).output().expect("holdfast starts"))
    }

    /// The names of the files of one kind in the repository.
    pub(crate) fn files(&self, kind: &str) -> Vec<PathBuf> {
        files_below(&self.path("repository").join(kind))
    }
}

#[cfg(target_os = "linux")]
impl World {
    /// restic itself with these words.
    pub(crate) fn restic(&self, words: &[&str]) -> Command {
        let standard = concat!(env!("CARGO_MANIFEST_DIR"), "/../../target/peers/usr/bin/restic");
        let restic =
            std::env::var_os("HOLDFAST_RESTIC_NEW").map_or_else(|| standard.into(), PathBuf::from);
        assert!(restic.is_file(), "{} is missing: scripts/get-peers", restic.display());
        let mut command = self.command(restic);
        command.args(words);
        command
    }

    /// Runs restic itself; the words are separated by blanks.
    pub(crate) fn run_restic(&self, line: &str) -> Ran {
        let words: Vec<&str> = line.split(' ').collect();
        Ran::of(&self.restic(&words).output().expect("restic starts"))
    }
}

impl Ran {
    /// What a finished process left.
    pub(crate) fn of(output: &Output) -> Self {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Self {
            code: output.status.code().unwrap_or(-1),
            out: text(&output.stdout),
            err: text(&output.stderr),
        }
    }

    /// Standard output, after a run that succeeded.
    #[track_caller]
    pub(crate) fn success(self) -> String {
        assert_eq!(self.code, 0, "{}{}", self.out, self.err);
        self.out
    }

    /// Standard error, after a run that ended with this code and whose first line says so.
    #[track_caller]
    pub(crate) fn failure(self, code: i32, first_line: &str) -> String {
        assert_eq!(self.code, code, "{}{}", self.out, self.err);
        assert!(self.err.lines().any(|line| line.starts_with(first_line)), "{}", self.err);
        self.err
    }

    /// The JSON messages of standard output, after a run that succeeded.
    #[track_caller]
    pub(crate) fn messages(self) -> Vec<Value> {
        let out = self.success();
        out.lines().map(|line| serde_json::from_str(line).expect("a message")).collect()
    }
}

/// All files below a folder; none if it is not there.
pub(crate) fn files_below(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).into_iter().flatten() {
        let path = entry.expect("readable").path();
        if path.is_dir() {
            found.extend(files_below(&path));
        } else {
            found.push(path);
        }
    }
    found.sort();
    found
}
