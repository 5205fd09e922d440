//! `holdfast generate`

use std::fs;
use std::path::{Path, PathBuf};

use clap_complete::Shell;

use super::Ended;
use crate::arguments::{Arguments, GenerateArguments};
use crate::exit::{ExitStatus, Failure};
use crate::session::Session;

/// Writes manual pages and what shells complete commands by.
pub(crate) fn generate(session: &Session, arguments: &GenerateArguments) -> Ended {
    let completions = [
        (Shell::Bash, &arguments.bash_completion),
        (Shell::Fish, &arguments.fish_completion),
        (Shell::PowerShell, &arguments.powershell_completion),
        (Shell::Zsh, &arguments.zsh_completion),
    ];
    let wanted: Vec<(Shell, &PathBuf)> =
        completions.into_iter().filter_map(|(shell, path)| Some((shell, path.as_ref()?))).collect();
    if wanted.is_empty() && arguments.man.is_none() {
        let text = "nothing to do, please specify at least one output file/dir";
        return Err(Failure::fatal(text));
    }
    let to_output = wanted.iter().filter(|(_, path)| is_output(path)).count();
    if to_output > 1 {
        return Err(Failure::fatal("the generate command can only output one file to stdout"));
    }
    for (shell, path) in wanted {
        let mut text = Vec::new();
        clap_complete::generate(shell, &mut Arguments::described(), "holdfast", &mut text);
        if is_output(path) {
            session.terminal.raw(&text)?;
        } else {
            fs::write(path, text).map_err(|error| cannot_write(path, &error))?;
            session
                .terminal
                .line(&format!("writing {shell} completion file to {}", path.display()))?;
        }
    }
    if let Some(folder) = &arguments.man {
        clap_mangen::generate_to(Arguments::described(), folder)
            .map_err(|error| cannot_write(folder, &error))?;
        session.terminal.line(&format!("writing man pages to directory {}", folder.display()))?;
    }
    Ok(ExitStatus::Success)
}

fn is_output(path: &Path) -> bool {
    path.as_os_str() == "-"
}

fn cannot_write(path: &Path, error: &std::io::Error) -> Failure {
    Failure::fatal(format!("cannot write {}: {error}", path.display()))
}
