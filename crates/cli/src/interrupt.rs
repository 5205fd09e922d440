//! Ctrl-C and signals that ask to stop.
//!
//! The first asks the work to stop at the next safe place, so that no lock and no half file stay
//! behind. A second one stops at once; what that leaves behind, the next start cleans up.

use std::sync::atomic::{AtomicBool, Ordering};

use holdfast_engine::monitor::Cancellation;
use holdfast_machine::StopRequest;

use crate::exit::ExitStatus;
use crate::output::{Terminal, Verbosity};

static SEEN: AtomicBool = AtomicBool::new(false);

/// Begins to listen; what is returned is cancelled by the first signal.
pub(crate) fn listen() -> Cancellation {
    let cancel = Cancellation::default();
    let on_signal = cancel.clone();
    let handler = move |request| {
        if SEEN.swap(true, Ordering::SeqCst) {
            std::process::exit(ExitStatus::Interrupted as i32);
        }
        let terminal = Terminal::of_process(false, Verbosity::Normal);
        let signal = match request {
            StopRequest::Interrupt => "interrupt",
            StopRequest::Terminate => "terminated",
        };
        terminal.warn(&format!("signal {signal} received, cleaning up"));
        on_signal.cancel();
    };
    if holdfast_machine::on_stop_request(handler).is_err() {
        // Without a handler a signal ends the process at once. That is worse, but no reason to do
        // nothing at all.
        Terminal::of_process(false, Verbosity::Normal).warn("signals cannot be handled");
    }
    cancel
}

/// True once a signal came.
pub(crate) fn was_seen() -> bool {
    SEEN.load(Ordering::SeqCst)
}
