//! The programs that are compared, and what each is told to do.
//!
//! Each does the same work with the options that mean the same; where their defaults differ in what
//! is *done*, the comments say which was chosen. How it is done (number of threads, sizes of packs,
//! caches) is each program's own default.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde::{Deserialize, Serialize};

use crate::error::BenchError;

/// The password of every repository here.
pub const PASSWORD: &str = "correct horse battery staple";

/// A program.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Tool {
    /// Ours.
    Holdfast,
    /// The reference.
    Restic,
    /// The other one in Rust.
    Rustic,
}

/// Something to do with a repository.
#[derive(Debug, Clone, Copy)]
pub enum Work<'a> {
    /// Make one.
    Init,
    /// Back a folder or a file up.
    Backup(&'a Path),
    /// Write the latest snapshot into a folder, whatever is there.
    Restore(&'a Path),
    /// Verify everything, the data too.
    Check,
    /// Remove this snapshot and everything that only it needed.
    ForgetAndPrune(&'a str),
    /// List all snapshots.
    Snapshots,
}

/// Where the programs are.
#[derive(Debug, Clone)]
pub struct Programs {
    /// Ours.
    pub holdfast: PathBuf,
    /// restic.
    pub restic: PathBuf,
    /// rustic; it can be left out.
    pub rustic: Option<PathBuf>,
}

/// A repository and what a program keeps beside it.
#[derive(Debug, Clone)]
pub struct Repository {
    /// Its folder.
    pub folder: PathBuf,
    /// Where the program keeps its copies of it.
    pub cache: PathBuf,
    /// Give ours a cache too. Of a repository in a folder it keeps none unless told to; the others
    /// always do.
    pub is_ours_cached: bool,
}

impl Tool {
    /// All of them, in the order in which they take turns.
    pub const ALL: [Self; 3] = [Self::Holdfast, Self::Restic, Self::Rustic];

    /// The program's name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Holdfast => "holdfast",
            Self::Restic => "restic",
            Self::Rustic => "rustic",
        }
    }

    /// What it is told.
    #[must_use]
    pub fn arguments(self, work: Work<'_>, repository: &Repository) -> Vec<OsString> {
        let mut told: Vec<OsString> = vec!["-r".into(), repository.folder.clone().into()];
        if self != Self::Holdfast || repository.is_ours_cached {
            told.extend(["--cache-dir".into(), repository.cache.clone().into()]);
        }
        match self {
            Self::Rustic => told.extend(as_rustic(work)),
            Self::Holdfast | Self::Restic => told.extend(as_restic(work)),
        }
        told
    }
}

impl Programs {
    /// The tools that there are.
    #[must_use]
    pub fn tools(&self) -> Vec<Tool> {
        Tool::ALL.into_iter().filter(|tool| self.path(*tool).is_some()).collect()
    }

    /// Where a program is.
    #[must_use]
    pub fn path(&self, tool: Tool) -> Option<&Path> {
        match tool {
            Tool::Holdfast => Some(&self.holdfast),
            Tool::Restic => Some(&self.restic),
            Tool::Rustic => self.rustic.as_deref(),
        }
    }

    /// What a program says its version is.
    ///
    /// # Errors
    /// When it does not start.
    pub fn version(&self, tool: Tool) -> Result<String, BenchError> {
        let Some(program) = self.path(tool) else { return Ok(String::new()) };
        let word = if tool == Tool::Rustic { "--version" } else { "version" };
        let said = Command::new(program).arg(word).output();
        let said = said
            .map_err(|source| BenchError::Start { program: program.to_owned(), source })?
            .stdout;
        let text = String::from_utf8_lossy(&said);
        Ok(version_in(&text).unwrap_or_else(|| "unknown".to_owned()))
    }
}

/// The first word that begins with a digit, or with v and a digit.
fn version_in(text: &str) -> Option<String> {
    let words = text.split([' ', ',', '\n']).map(|word| word.trim_start_matches('v'));
    words
        .filter(|word| word.starts_with(|first: char| first.is_ascii_digit()))
        .map(str::to_owned)
        .next()
}

fn as_restic(work: Work<'_>) -> Vec<OsString> {
    let told = match work {
        Work::Init => vec!["init".into()],
        Work::Backup(source) => vec!["backup".into(), source.into()],
        // What is there is compared by content, which is the default.
        Work::Restore(target) => {
            vec!["restore".into(), "latest".into(), "--target".into(), target.into()]
        }
        Work::Check => vec!["check".into(), "--read-data".into()],
        Work::ForgetAndPrune(snapshot) => {
            vec![
                "forget".into(),
                snapshot.into(),
                "--prune".into(),
                "--max-unused".into(),
                "0".into(),
            ]
        }
        Work::Snapshots => return vec!["snapshots".into()],
    };
    [told, vec![OsString::from("-q")]].concat()
}

fn as_rustic(work: Work<'_>) -> Vec<OsString> {
    match work {
        Work::Init => vec!["init".into()],
        Work::Backup(source) => vec!["backup".into(), source.into()],
        // By default it trusts sizes and times; restic compares the content.
        Work::Restore(target) => {
            vec!["restore".into(), "--verify-existing".into(), "latest".into(), target.into()]
        }
        Work::Check => vec!["check".into(), "--read-data".into()],
        // By default it removes nothing for a day, repacks no more than a tenth, and repacks what
        // is smaller than its own size of packs.
        Work::ForgetAndPrune(snapshot) => [
            "forget",
            snapshot,
            "--prune",
            "--instant-delete",
            "--max-unused",
            "0%",
            "--max-repack",
            "unlimited",
            "--no-resize",
        ]
        .map(OsString::from)
        .to_vec(),
        // By default it shows snapshots of the same tree as one.
        Work::Snapshots => vec!["snapshots".into(), "--all".into()],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(tool: Tool, is_ours_cached: bool) -> String {
        let repository = Repository { folder: "/r".into(), cache: "/c".into(), is_ours_cached };
        let told = tool.arguments(Work::Check, &repository);
        told.iter().map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn each_is_told_the_same_in_its_own_words() {
        assert_eq!(told(Tool::Holdfast, false), "-r /r check --read-data -q");
        assert_eq!(told(Tool::Holdfast, true), "-r /r --cache-dir /c check --read-data -q");
        assert_eq!(told(Tool::Restic, false), "-r /r --cache-dir /c check --read-data -q");
        assert_eq!(told(Tool::Rustic, false), "-r /r --cache-dir /c check --read-data");
    }

    #[test]
    fn a_version_is_found_in_what_a_program_says() {
        let said = "restic 0.19.1 compiled with go1.26 on linux/amd64";
        assert_eq!(version_in(said).as_deref(), Some("0.19.1"));
        assert_eq!(version_in("rustic v0.11.4").as_deref(), Some("0.11.4"));
        assert_eq!(version_in("holdfast 0.1.0, reads\n").as_deref(), Some("0.1.0"));
        assert_eq!(version_in("none"), None);
    }
}
