//! Flags that choose among the entries of a snapshot.

use std::path::PathBuf;

use clap::Args;

/// `--exclude` and `--include`, and where else patterns come from.
#[derive(Debug, Default, Args)]
pub(crate) struct PatternArguments {
    /// leave out what matches; may be repeated
    #[arg(short = 'e', long, value_name = "pattern")]
    pub(crate) exclude: Vec<String>,
    /// leave out what matches a line of this file; may be repeated
    #[arg(long, value_name = "file")]
    pub(crate) exclude_file: Vec<PathBuf>,
    /// the same, whatever the case of letters
    #[arg(long, value_name = "pattern")]
    pub(crate) iexclude: Vec<String>,
    /// the same, whatever the case of letters
    #[arg(long, value_name = "file")]
    pub(crate) iexclude_file: Vec<PathBuf>,
    /// only what matches; may be repeated
    #[arg(short = 'i', long, value_name = "pattern")]
    pub(crate) include: Vec<String>,
    /// only what matches a line of this file; may be repeated
    #[arg(long, value_name = "file")]
    pub(crate) include_file: Vec<PathBuf>,
    /// the same, whatever the case of letters
    #[arg(long, value_name = "pattern")]
    pub(crate) iinclude: Vec<String>,
    /// the same, whatever the case of letters
    #[arg(long, value_name = "file")]
    pub(crate) iinclude_file: Vec<PathBuf>,
}
