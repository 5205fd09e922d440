//! The `holdfast` command: restic's command line on Holdfast's engine.

mod arguments;
mod commands;
mod environment;
mod exit;
mod explain;
mod interrupt;
mod location;
mod output;
mod run;
mod secrets;
mod session;
mod values;

use std::process::ExitCode;

fn main() -> ExitCode {
    run::run(std::env::args_os().collect()).into()
}
