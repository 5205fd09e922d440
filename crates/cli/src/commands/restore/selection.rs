//! From pattern flags to what is restored.

use std::ffi::{OsStr, OsString};
use std::path::PathBuf;

use holdfast_engine::backup::exclude::{PatternList, read_patterns};
use holdfast_engine::restore::{AttributeSelection, Selection};

use crate::arguments::RestorePatternArguments;
use crate::exit::{ExitStatus, Failure};

/// What the flags select.
pub(super) fn selection(flags: &RestorePatternArguments) -> Result<Selection, Failure> {
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
    match (include.is_empty(), exclude.is_empty()) {
        (true, true) => Ok(Selection::All),
        (false, true) => Ok(Selection::Include(include)),
        (true, false) => Ok(Selection::Exclude(exclude)),
        (false, false) => {
            Err(Failure::fatal("exclude and include patterns are mutually exclusive"))
        }
    }
}

/// Which extended attributes the flags select.
pub(super) fn attributes(flags: &RestorePatternArguments) -> Result<AttributeSelection, Failure> {
    let compiled = |name: &str, patterns: &[String]| {
        PatternList::compile(patterns, false).map_err(|error| {
            Failure::fatal(format!("--{name}: invalid pattern(s) provided")).cause(error)
        })
    };
    match (flags.include_xattr.as_slice(), flags.exclude_xattr.as_slice()) {
        ([], []) => Ok(AttributeSelection::All),
        (include, []) => Ok(AttributeSelection::Include(compiled("include-xattr", include)?)),
        ([], exclude) => Ok(AttributeSelection::Exclude(compiled("exclude-xattr", exclude)?)),
        _ => Err(Failure::fatal("exclude and include xattr patterns are mutually exclusive")),
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
            Failure::fatal(format!("--{name}: invalid pattern(s) provided")).cause(error)
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
            .meaning("Nothing was restored, because what to restore is not known.")
            .cause(error)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flags() -> RestorePatternArguments {
        RestorePatternArguments {
            exclude: Vec::new(),
            exclude_file: Vec::new(),
            iexclude: Vec::new(),
            iexclude_file: Vec::new(),
            include: Vec::new(),
            include_file: Vec::new(),
            iinclude: Vec::new(),
            iinclude_file: Vec::new(),
            exclude_xattr: Vec::new(),
            include_xattr: Vec::new(),
        }
    }

    #[test]
    fn including_and_excluding_exclude_each_other() {
        let one = RestorePatternArguments { include: vec!["a".into()], ..flags() };
        assert!(matches!(selection(&one), Ok(Selection::Include(lists)) if lists.len() == 1));
        let both = RestorePatternArguments { iexclude: vec!["b".into()], ..one };
        assert!(selection(&both).expect_err("refused").message().contains("mutually exclusive"));
    }

    #[test]
    fn a_malformed_pattern_is_refused() {
        let flags = RestorePatternArguments { exclude: vec!["[".into()], ..flags() };
        assert!(selection(&flags).is_err());
    }
}
