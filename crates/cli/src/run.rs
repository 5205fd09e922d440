//! From a command line to an exit code.

use std::ffi::OsString;

use crate::arguments::{Arguments, NotACommand};
use crate::commands;
use crate::environment::Environment;
use crate::exit::{ExitStatus, Failure};
use crate::interrupt;
use crate::output::messages::ExitErrorMessage;
use crate::output::{Terminal, Verbosity};
use crate::session::Session;

/// Carries out a command line.
pub(crate) fn run(line: Vec<OsString>) -> ExitStatus {
    let is_json = Arguments::ask_for_json(&line);
    let arguments = match Arguments::read(line) {
        Ok(arguments) => arguments,
        Err(NotACommand::Help(text)) => {
            let terminal = Terminal::of_process(false, Verbosity::Normal);
            let _ = terminal.raw(text.as_bytes());
            terminal.flush();
            return ExitStatus::Success;
        }
        Err(NotACommand::Wrong(text)) => {
            let terminal = Terminal::of_process(is_json, Verbosity::Normal);
            return tell(&terminal, &Failure::plain(ExitStatus::Failed, text));
        }
    };
    let Arguments { global, command } = arguments;
    let Some(verbosity) = global.verbosity() else {
        let terminal = Terminal::of_process(global.json, Verbosity::Normal);
        let failure = "--quiet and --verbose cannot be specified at the same time";
        return tell(&terminal, &Failure::fatal(failure));
    };
    let terminal = Terminal::of_process(global.json, verbosity.into());
    let cancel = interrupt::listen();
    let environment = Environment::of_process();
    let global = match global.with_variables(&environment) {
        Ok(global) => global,
        Err(failure) => return tell(&terminal, &failure),
    };
    let session = Session::new(terminal, environment, global, cancel);

    let ended = commands::carry_out(&session, command);
    let ended = ended.and_then(|status| {
        // Work that changes something has succeeded whether or not its report was read.
        match session.terminal.finish() {
            Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
                Err(Failure::from(error))
            }
            _ => Ok(status),
        }
    });
    match ended {
        Ok(status) => status,
        Err(failure) if interrupt::was_seen() && failure.exit_status() == ExitStatus::Failed => {
            tell(&session.terminal, &failure.status(ExitStatus::Interrupted))
        }
        Err(failure) => tell(&session.terminal, &failure),
    }
}

/// Says why the command failed, in JSON if that was asked for.
fn tell(terminal: &Terminal, failure: &Failure) -> ExitStatus {
    let status = failure.exit_status();
    terminal.clear_status();
    if status == ExitStatus::OutputClosed {
        return status;
    }
    let message = failure.message();
    if terminal.is_json() {
        let code = status as u8;
        terminal.error_message(&ExitErrorMessage {
            message_type: "exit_error",
            code,
            message: &message,
        });
        return status;
    }
    terminal.warn(&message);
    for (number, detail) in failure.details().iter().enumerate() {
        let beginning = if number == 0 { "Details: " } else { "         " };
        terminal.warn(&format!("{beginning}{detail}"));
    }
    status
}
