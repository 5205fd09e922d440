//! The flags of `generate`.

use std::path::PathBuf;

use clap::Args;

/// `holdfast generate`
#[derive(Debug, Args)]
pub(crate) struct GenerateArguments {
    /// where completions for bash go (`-` is standard output)
    #[arg(long, value_name = "file")]
    pub(crate) bash_completion: Option<PathBuf>,
    /// the same for fish
    #[arg(long, value_name = "file")]
    pub(crate) fish_completion: Option<PathBuf>,
    /// the folder that manual pages go to
    #[arg(long, value_name = "directory")]
    pub(crate) man: Option<PathBuf>,
    /// completions for PowerShell
    #[arg(long, value_name = "file")]
    pub(crate) powershell_completion: Option<PathBuf>,
    /// completions for zsh
    #[arg(long, value_name = "file")]
    pub(crate) zsh_completion: Option<PathBuf>,
}
