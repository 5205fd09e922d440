//! Flags that choose among the entries of a snapshot.

use std::path::PathBuf;

use clap::Args;

/// `--exclude` and `--include`, and where else patterns come from.
#[derive(Debug, Default, Args)]
pub(crate) struct PatternArguments {
    /// exclude a pattern (can be specified multiple times)
    #[arg(short = 'e', long, value_name = "pattern")]
    pub(crate) exclude: Vec<String>,
    /// read exclude patterns from a file (can be specified multiple times)
    #[arg(long, value_name = "file")]
    pub(crate) exclude_file: Vec<PathBuf>,
    /// same as --exclude pattern but ignores the casing of filenames
    #[arg(long, value_name = "pattern")]
    pub(crate) iexclude: Vec<String>,
    /// same as --exclude-file but ignores casing of filenames in patterns
    #[arg(long, value_name = "file")]
    pub(crate) iexclude_file: Vec<PathBuf>,
    /// include a pattern (can be specified multiple times)
    #[arg(short = 'i', long, value_name = "pattern")]
    pub(crate) include: Vec<String>,
    /// read include patterns from a file (can be specified multiple times)
    #[arg(long, value_name = "file")]
    pub(crate) include_file: Vec<PathBuf>,
    /// same as --include pattern but ignores the casing of filenames
    #[arg(long, value_name = "pattern")]
    pub(crate) iinclude: Vec<String>,
    /// same as --include-file but ignores casing of filenames in patterns
    #[arg(long, value_name = "file")]
    pub(crate) iinclude_file: Vec<PathBuf>,
}
