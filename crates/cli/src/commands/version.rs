//! `holdfast version`

use super::Ended;
use crate::exit::ExitStatus;
use crate::output::messages::VersionMessage;
use crate::session::Session;

/// The restic whose command line this is.
const RESTIC_VERSION: &str = "0.19.1";

/// What restic names its compiler by: programs expect the field and the words.
const COMPILER: &str = concat!("rust", env!("CARGO_PKG_RUST_VERSION"));

/// Says what program this is. The version in JSON is the one of restic that is spoken here,
/// because that is what programs ask for before they use a flag.
pub(crate) fn version(session: &Session) -> Ended {
    let (system, architecture) = (go_system(), go_architecture());
    if session.terminal.is_json() {
        session.terminal.message(&VersionMessage {
            message_type: "version",
            version: RESTIC_VERSION,
            program: crate::session::PROGRAM_VERSION,
            go_version: COMPILER,
            go_os: system,
            go_arch: architecture,
        })?;
    } else {
        let own = env!("CARGO_PKG_VERSION");
        session.terminal.line(&format!(
            "holdfast {own}, speaking restic {RESTIC_VERSION} compiled with {COMPILER} on \
             {system}/{architecture}"
        ))?;
    }
    Ok(ExitStatus::Success)
}

fn go_system() -> &'static str {
    match std::env::consts::OS {
        "macos" => "darwin",
        other => other,
    }
}

fn go_architecture() -> &'static str {
    match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        "x86" => "386",
        other => other,
    }
}
