//! What is to be backed up: arguments, lists in files, standard input or a command.

use std::ffi::{OsStr, OsString};
use std::io::Read;
use std::path::PathBuf;

use holdfast_engine::text_file;

use crate::arguments::BackupArguments;
use crate::exit::{ExitStatus, Failure};
use crate::session::Session;
use crate::values;

/// What a backup reads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Input {
    /// Files and folders that are there.
    Paths {
        targets: Vec<PathBuf>,
        /// How many were named that are not there.
        missing: usize,
    },
    /// Standard input, stored under this path.
    Stdin { path: PathBuf },
    /// What a command writes, stored under this path.
    Command { path: PathBuf, words: Vec<OsString> },
}

impl Input {
    /// True if something that was asked for is not there.
    pub(super) fn lacks_something(&self) -> bool {
        matches!(self, Self::Paths { missing, .. } if *missing > 0)
    }

    /// True if some of it lies on a disk that spins, as far as the first that is named tell.
    pub(super) fn is_on_spinning_disk(&self) -> bool {
        const LOOKED_AT_MAX: usize = 32;
        match self {
            Self::Paths { targets, .. } => {
                targets.iter().take(LOOKED_AT_MAX).any(|target| holdfast_machine::spins(target))
            }
            Self::Stdin { .. } | Self::Command { .. } => false,
        }
    }

    /// The name that a stream is stored under.
    pub(super) fn stream_name(&self) -> Option<String> {
        match self {
            Self::Paths { .. } => None,
            Self::Stdin { path } | Self::Command { path, .. } => {
                Some(path.display().to_string().trim_start_matches('/').to_owned())
            }
        }
    }
}

/// True if a list of names comes from standard input, so that the password cannot.
pub(super) fn read_stdin_for_names(arguments: &BackupArguments) -> bool {
    let from = &arguments.from;
    let mut lists = from.files_from.iter().chain(&from.files_from_verbatim);
    lists.any(|file| file == "-") || from.files_from_raw.iter().any(|file| file == "-")
}

/// Finds out what to back up.
pub(super) fn input(session: &Session, arguments: &BackupArguments) -> Result<Input, Failure> {
    let from = &arguments.from;
    let has_lists = !(from.files_from.is_empty()
        && from.files_from_verbatim.is_empty()
        && from.files_from_raw.is_empty());
    if from.stdin || from.stdin_from_command {
        if has_lists {
            return Err(Failure::fatal("--stdin and --files-from cannot be used together"));
        }
        let path = PathBuf::from(&from.stdin_filename);
        if from.stdin_from_command {
            if arguments.targets.is_empty() {
                return Err(Failure::fatal("nothing to backup, please specify a command"));
            }
            return Ok(Input::Command { path, words: arguments.targets.clone() });
        }
        if !arguments.targets.is_empty() {
            return Err(Failure::fatal(
                "--stdin was specified and files/dirs were listed as arguments",
            ));
        }
        return Ok(Input::Stdin { path });
    }
    if arguments.targets.is_empty() && !has_lists {
        return Err(Failure::fatal("nothing to backup, please specify source files/dirs"));
    }
    paths(session, listed(session, arguments)?)
}

/// Leaves out what is not there, saying so in restic's words.
fn paths(session: &Session, named: Vec<PathBuf>) -> Result<Input, Failure> {
    if named.is_empty() {
        return Err(Failure::fatal("nothing to backup, please specify source files/dirs"));
    }
    let is_missing = |path: &PathBuf| {
        path.symlink_metadata().is_err_and(|error| error.kind() == std::io::ErrorKind::NotFound)
    };
    let (missing, targets): (Vec<_>, Vec<_>) = named.into_iter().partition(is_missing);
    for path in &missing {
        session.terminal.warn(&format!("{} does not exist, skipping", path.display()));
    }
    if targets.is_empty() {
        return Err(Failure::fatal("all source directories/files do not exist")
            .meaning("No snapshot was written. Earlier snapshots are unharmed.")
            .advice("Check the paths; if they are on a drive, connect it."));
    }
    Ok(Input::Paths { targets, missing: missing.len() })
}

fn listed(session: &Session, arguments: &BackupArguments) -> Result<Vec<PathBuf>, Failure> {
    let from = &arguments.from;
    let mut paths = Vec::new();
    for file in &from.files_from {
        for pattern in lines(&read_text(file)?) {
            let pattern = pattern.trim_ascii();
            if !pattern.is_empty() && !pattern.starts_with(b"#") {
                expand(session, &values::os_string(pattern), &mut paths)?;
            }
        }
    }
    for file in &from.files_from_verbatim {
        let text = read_text(file)?;
        let names = lines(&text).filter(|line| !line.is_empty());
        paths.extend(names.map(|line| PathBuf::from(values::os_string(line))));
    }
    for file in &from.files_from_raw {
        let bytes = read(file)?;
        if bytes.is_empty() {
            continue;
        }
        let Some(names) = bytes.strip_suffix(b"\0") else {
            return Err(Failure::fatal("--files-from-raw: trailing zero byte missing"));
        };
        for name in names.split(|byte| *byte == 0) {
            if name.is_empty() {
                return Err(Failure::fatal("--files-from-raw: empty filename in listing"));
            }
            paths.push(values::os_string(name).into());
        }
    }
    paths.extend(arguments.targets.iter().map(PathBuf::from));
    Ok(paths)
}

fn lines(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    text.split(|byte| *byte == b'\n').map(|line| line.strip_suffix(b"\r").unwrap_or(line))
}

/// The text of a list, whatever editor wrote it. What comes from standard input is taken as it is.
fn read_text(file: &OsStr) -> Result<Vec<u8>, Failure> {
    let bytes = read(file)?;
    Ok(if file == "-" { bytes } else { text_file::decoded(&bytes) })
}

fn read(file: &OsStr) -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::new();
    let read = if file == "-" {
        std::io::stdin().lock().read_to_end(&mut bytes).map(|_| bytes)
    } else {
        std::fs::read(file)
    };
    read.map_err(|error| {
        let text = format!("could not read the list of files {}", file.display());
        Failure::plain(ExitStatus::Failed, text).meaning("Nothing was backed up.").cause(error)
    })
}

/// Adds what a pattern matches; a name without wildcards stands for itself.
fn expand(session: &Session, pattern: &OsStr, out: &mut Vec<PathBuf>) -> Result<(), Failure> {
    let text = pattern.to_string_lossy();
    let before = out.len();
    if text.contains(['*', '?', '[']) {
        let matches = glob::glob(&text).map_err(|error| {
            Failure::fatal(format!("pattern {text:?} in the list of files is not well formed"))
                .cause(error)
        })?;
        out.extend(matches.filter_map(Result::ok));
    } else if PathBuf::from(pattern).symlink_metadata().is_ok() {
        out.push(pattern.into());
    }
    if out.len() == before {
        let text = format!("pattern {text:?} does not match any files, skipping");
        session.terminal.warn(&text);
    }
    Ok(())
}
