//! The `holdfast` command: restic's command line on Holdfast's engine.

mod arguments;
mod environment;
mod exit;
mod location;
mod values;

fn main() {}
