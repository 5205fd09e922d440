//! The `holdfast` command: restic's command line on Holdfast's engine.

mod access;
mod arguments;
mod caching;
mod commands;
mod environment;
mod exit;
mod explain;
mod interrupt;
mod location;
mod locking;
mod output;
mod patterns;
mod run;
mod secrets;
mod selection;
mod session;
mod storing;
mod values;

use std::process::ExitCode;

fn main() -> ExitCode {
    run::run(std::env::args_os().collect()).into()
}
