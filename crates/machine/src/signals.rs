//! Being asked to stop, and not being asked.
//!
//! On Unix, restic finds out whether a lock's owner lives by sending it SIGHUP. A program that
//! holds locks must therefore survive that signal, as restic itself does, or `restic unlock` on the
//! same computer would end a running backup.

use std::io;

/// How somebody asks this process to stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StopRequest {
    /// A person at the terminal, by Ctrl-C; on Windows also whoever ends the session.
    Interrupt,
    /// Another program, by SIGTERM.
    Terminate,
}

/// Has `act` called on another thread whenever somebody asks this process to stop: by Ctrl-C, or
/// on Unix by SIGTERM. From then on SIGHUP is received and has no effect.
///
/// # Errors
/// When the operating system does not allow it, or it was done before.
pub fn on_stop_request(act: impl Fn(StopRequest) + Send + 'static) -> io::Result<()> {
    system::listen(act)
}

/// Has SIGHUP received without effect, for a process that others stop by other means.
///
/// # Errors
/// When the operating system does not allow it.
pub fn survive_hangups() -> io::Result<()> {
    system::survive_hangups()
}

#[cfg(unix)]
mod system {
    use std::io;
    use std::sync::Arc;
    use std::sync::atomic::AtomicBool;

    use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
    use signal_hook::iterator::Signals;

    use super::StopRequest;

    pub(super) fn listen(act: impl Fn(StopRequest) + Send + 'static) -> io::Result<()> {
        survive_hangups()?;
        let mut signals = Signals::new([SIGINT, SIGTERM])?;
        let thread = std::thread::Builder::new().name("signals".to_owned());
        thread.spawn(move || {
            signals.forever().for_each(|signal| match signal {
                SIGTERM => act(StopRequest::Terminate),
                _ => act(StopRequest::Interrupt),
            });
        })?;
        Ok(())
    }

    /// A handler rather than "ignore": programs that this one starts would inherit the latter.
    pub(super) fn survive_hangups() -> io::Result<()> {
        signal_hook::flag::register(SIGHUP, Arc::new(AtomicBool::new(false)))?;
        Ok(())
    }

    #[cfg(test)]
    mod tests {
        #[test]
        fn a_hangup_does_not_end_the_process() {
            super::survive_hangups().expect("allowed");
            signal_hook::low_level::raise(signal_hook::consts::SIGHUP).expect("a signal");
        }
    }
}

#[cfg(not(unix))]
mod system {
    use std::io;

    use super::StopRequest;

    pub(super) fn listen(act: impl Fn(StopRequest) + Send + 'static) -> io::Result<()> {
        ctrlc::set_handler(move || act(StopRequest::Interrupt)).map_err(io::Error::other)
    }

    pub(super) fn survive_hangups() -> io::Result<()> {
        Ok(())
    }
}
