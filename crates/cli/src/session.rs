//! What every command needs: terminal, environment, flags, who and when.

use holdfast_engine::identity::Identity;
use holdfast_engine::monitor::Cancellation;
use holdfast_machine::SystemClock;
use jiff::tz::TimeZone;

use crate::arguments::{CompressionArgument, GlobalArguments};
use crate::environment::Environment;
use crate::output::Terminal;

/// Name and version, as snapshots and locks record them.
pub(crate) const PROGRAM_VERSION: &str = concat!("holdfast ", env!("CARGO_PKG_VERSION"));

/// One start of the command.
pub(crate) struct Session {
    pub(crate) terminal: Terminal,
    pub(crate) environment: Environment,
    pub(crate) global: GlobalArguments,
    pub(crate) cancel: Cancellation,
    pub(crate) clock: SystemClock,
    pub(crate) zone: TimeZone,
    pub(crate) identity: Identity,
}

impl Session {
    /// Gathers what the commands need.
    pub(crate) fn new(
        terminal: Terminal,
        environment: Environment,
        global: GlobalArguments,
        cancel: Cancellation,
    ) -> Self {
        Self {
            terminal,
            environment,
            global,
            cancel,
            clock: SystemClock,
            zone: holdfast_machine::local_zone(),
            identity: holdfast_machine::identity(PROGRAM_VERSION),
        }
    }

    /// The compression that was asked for.
    pub(crate) fn compression(&self) -> CompressionArgument {
        self.global.compression.unwrap_or(CompressionArgument::Auto)
    }

    /// The same as its flag has it.
    pub(crate) fn compression_name(&self) -> String {
        let value = clap::ValueEnum::to_possible_value(&self.compression());
        value.map(|value| value.get_name().to_owned()).unwrap_or_default()
    }
}
