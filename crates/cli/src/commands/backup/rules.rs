//! From flags to exclude rules.

use holdfast_engine::backup::exclude::{RuleError, Rules};

use crate::arguments::ExcludeArguments;
use crate::exit::{ExitStatus, Failure};
use crate::session::Session;

/// Compiles what is to be left out.
pub(super) fn rules(session: &Session, arguments: &ExcludeArguments) -> Result<Rules, Failure> {
    let mut rules = Rules::builder();
    for pattern in &arguments.patterns {
        rules.pattern(pattern);
    }
    for pattern in &arguments.insensitive_patterns {
        rules.pattern_ignoring_case(pattern);
    }
    let files = arguments.files.iter().map(|file| (file, false));
    for (file, ignore_case) in files.chain(arguments.insensitive_files.iter().map(|f| (f, true))) {
        let text = std::fs::read(file).map_err(|error| {
            let text =
                format!("failed to read patterns from file {:?}", file.display().to_string());
            Failure::plain(ExitStatus::Failed, text)
                .meaning("Nothing was backed up, because what to leave out is not known.")
                .advice("Check the path given to --exclude-file.")
                .cause(error)
        })?;
        rules.pattern_file(&text, ignore_case, &|name| session.environment.plain(name));
    }
    for marker in &arguments.if_present {
        rules.if_present(marker);
    }
    if arguments.caches {
        rules.caches();
    }
    if let Some(bytes) = arguments.larger_than {
        rules.larger_than(bytes);
    }
    if arguments.one_file_system {
        rules.one_file_system();
    }
    if arguments.cloud_files {
        rules.online_only();
    }
    rules.build().map_err(|error| match &error {
        RuleError::Malformed { pattern } => {
            Failure::fatal(format!("--exclude: invalid pattern(s) provided:\n{pattern}"))
        }
        _ => Failure::fatal(error.to_string()),
    })
}

/// The patterns that a snapshot records: those given one by one.
pub(super) fn recorded(arguments: &ExcludeArguments) -> Vec<String> {
    arguments.patterns.clone()
}
