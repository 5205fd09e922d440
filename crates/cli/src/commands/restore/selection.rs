//! From pattern flags to what is restored.

use holdfast_engine::backup::exclude::PatternList;
use holdfast_engine::restore::{AttributeSelection, Selection};

use crate::arguments::RestorePatternArguments;
use crate::exit::Failure;
use crate::patterns::Patterns;

/// What the flags select.
pub(super) fn selection(flags: &RestorePatternArguments) -> Result<Selection, Failure> {
    let Patterns { exclude, include } = Patterns::read(&flags.entries)?;
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::arguments::PatternArguments;

    fn flags() -> RestorePatternArguments {
        RestorePatternArguments {
            entries: PatternArguments::default(),
            exclude_xattr: Vec::new(),
            include_xattr: Vec::new(),
        }
    }

    #[test]
    fn including_and_excluding_exclude_each_other() {
        let flags = |entries| RestorePatternArguments { entries, ..flags() };
        let include = || PatternArguments { include: vec!["a".into()], ..Default::default() };
        let one = flags(include());
        assert!(matches!(selection(&one), Ok(Selection::Include(lists)) if lists.len() == 1));
        let both = flags(PatternArguments { iexclude: vec!["b".into()], ..include() });
        assert!(selection(&both).expect_err("refused").message().contains("mutually exclusive"));
    }

    #[test]
    fn a_malformed_pattern_is_refused() {
        let entries = PatternArguments { exclude: vec!["[".into()], ..Default::default() };
        let flags = RestorePatternArguments { entries, ..flags() };
        assert!(selection(&flags).is_err());
    }
}
