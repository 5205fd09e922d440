//! The flags of `generate`.

use std::path::PathBuf;

use clap::Args;

/// `holdfast generate`
#[derive(Debug, Args)]
pub(crate) struct GenerateArguments {
    /// write bash completion file (`-` for stdout)
    #[arg(long, value_name = "file")]
    pub(crate) bash_completion: Option<PathBuf>,
    /// write fish completion file (`-` for stdout)
    #[arg(long, value_name = "file")]
    pub(crate) fish_completion: Option<PathBuf>,
    /// write man pages to directory
    #[arg(long, value_name = "directory")]
    pub(crate) man: Option<PathBuf>,
    /// write powershell completion file (`-` for stdout)
    #[arg(long, value_name = "file")]
    pub(crate) powershell_completion: Option<PathBuf>,
    /// write zsh completion file (`-` for stdout)
    #[arg(long, value_name = "file")]
    pub(crate) zsh_completion: Option<PathBuf>,
}
