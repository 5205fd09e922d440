//! From pattern flags to compiled patterns.

use std::ffi::{OsStr, OsString};
use std::path::PathBuf;

use holdfast_engine::backup::exclude::{PatternList, RuleError, read_patterns};

use crate::arguments::PatternArguments;
use crate::exit::{ExitStatus, Failure};

/// What flags say of entries; lists that are asked one by one.
pub(crate) struct Patterns {
    pub(crate) exclude: Vec<PatternList>,
    pub(crate) include: Vec<PatternList>,
}

impl Patterns {
    /// Compiles what the flags and the files that they name hold.
    pub(crate) fn read(flags: &PatternArguments) -> Result<Self, Failure> {
        let exclude = lists(
            "exclude",
            (&flags.exclude, &flags.exclude_file),
            (&flags.iexclude, &flags.iexclude_file),
        )?;
        let include = lists(
            "include",
            (&flags.include, &flags.include_file),
            (&flags.iinclude, &flags.iinclude_file),
        )?;
        Ok(Self { exclude, include })
    }
}

/// Patterns from the command line, and files with more of them.
type Given<'a> = (&'a [String], &'a [PathBuf]);

fn lists(name: &str, exact: Given<'_>, folded: Given<'_>) -> Result<Vec<PatternList>, Failure> {
    let mut lists = Vec::new();
    for ((patterns, files), ignores_case) in [(exact, false), (folded, true)] {
        let mut all: Vec<Vec<u8>> =
            patterns.iter().map(|pattern| pattern.clone().into_bytes()).collect();
        for file in files {
            all.extend(read_patterns(&read(file)?, &variable));
        }
        let list = PatternList::compile(&all, ignores_case).map_err(|error| {
            let RuleError::Malformed { pattern } = &error else {
                return Failure::fatal(error.to_string());
            };
            Failure::fatal(format!("--{name}: invalid pattern(s) provided:\n{pattern}"))
        })?;
        if !list.is_empty() {
            lists.push(list);
        }
    }
    Ok(lists)
}

fn variable(name: &OsStr) -> Option<OsString> {
    std::env::var_os(name)
}

fn read(file: &PathBuf) -> Result<Vec<u8>, Failure> {
    std::fs::read(file).map_err(|error| {
        let text = format!("failed to read patterns from file {:?}", file.display().to_string());
        Failure::plain(ExitStatus::Failed, text)
            .meaning("Nothing was done, because what is meant is not known.")
            .cause(error)
    })
}
