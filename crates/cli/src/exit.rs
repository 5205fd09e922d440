//! How the command ends: restic's exit codes, and failures told in three parts.
//!
//! A [`Failure`] says what happened, what it means for the data and what to do. Where programs
//! that drive restic look for its words, the first line has them.

use std::error::Error;
use std::process::ExitCode;

/// The exit codes of restic.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ExitStatus {
    /// All is well.
    Success = 0,
    /// It failed.
    Failed = 1,
    /// The snapshot lacks what could not be read; or not all snapshots could be removed.
    Incomplete = 3,
    /// There is no repository.
    NoRepository = 10,
    /// The repository is locked by somebody else.
    Locked = 11,
    /// The password opens no key.
    WrongPassword = 12,
    /// Stopped by Ctrl-C or a signal.
    Interrupted = 130,
    /// Nobody reads the output any more; what a shell sees of a process that SIGPIPE ended.
    OutputClosed = 141,
}

impl From<ExitStatus> for ExitCode {
    fn from(status: ExitStatus) -> Self {
        Self::from(status as u8)
    }
}

/// Why the command did not do what it was asked to.
#[derive(Debug)]
pub(crate) struct Failure {
    status: ExitStatus,
    happened: String,
    meaning: Option<String>,
    advice: Option<String>,
    cause: Option<Box<dyn Error + Send + Sync>>,
}

impl Failure {
    /// A failure with restic's `Fatal: ` before its text.
    pub(crate) fn fatal(happened: impl AsRef<str>) -> Self {
        Self::plain(ExitStatus::Failed, format!("Fatal: {}", happened.as_ref()))
    }

    /// A failure with exactly this text.
    pub(crate) fn plain(status: ExitStatus, happened: impl Into<String>) -> Self {
        Self { status, happened: happened.into(), meaning: None, advice: None, cause: None }
    }

    /// The output was closed: nothing to say, and nobody to say it to.
    pub(crate) fn output_closed() -> Self {
        Self::plain(ExitStatus::OutputClosed, "the output was closed")
    }

    /// With another exit code.
    pub(crate) fn status(mut self, status: ExitStatus) -> Self {
        self.status = status;
        self
    }

    /// What it means for the data.
    pub(crate) fn meaning(mut self, meaning: impl Into<String>) -> Self {
        self.meaning = Some(meaning.into());
        self
    }

    /// What to do.
    pub(crate) fn advice(mut self, advice: impl Into<String>) -> Self {
        self.advice = Some(advice.into());
        self
    }

    /// The cause, for the details.
    pub(crate) fn cause(mut self, cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        self.cause = Some(cause.into());
        self
    }

    /// The exit code.
    pub(crate) fn exit_status(&self) -> ExitStatus {
        self.status
    }

    /// What happened, what it means and what to do; one line each.
    pub(crate) fn message(&self) -> String {
        let parts = [Some(&self.happened), self.meaning.as_ref(), self.advice.as_ref()];
        parts.into_iter().flatten().map(String::as_str).collect::<Vec<_>>().join("\n")
    }

    /// The chain of causes, outermost first, each said once.
    pub(crate) fn details(&self) -> Vec<String> {
        let mut said = vec![self.happened.clone()];
        let mut next: Option<&(dyn Error + 'static)> =
            self.cause.as_deref().map(|cause| cause as &(dyn Error + 'static));
        while let Some(cause) = next {
            let text = cause.to_string();
            if !said.iter().any(|earlier| earlier.ends_with(&text)) {
                said.push(text);
            }
            next = cause.source();
        }
        said.split_off(1)
    }
}

impl From<std::io::Error> for Failure {
    /// Of writing the output; everything else that can fail says more about itself.
    fn from(error: std::io::Error) -> Self {
        if error.kind() == std::io::ErrorKind::BrokenPipe {
            return Self::output_closed();
        }
        Self::fatal("could not write the output").cause(error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("could not read pack 1234")]
    struct Outer(#[source] std::io::Error);

    #[test]
    fn a_failure_is_told_in_three_lines_and_its_details() {
        let failure = Failure::fatal("no space left")
            .meaning("No snapshot was written.")
            .advice("Make room and try again.")
            .cause(Outer(std::io::Error::other("disk on fire")));
        assert_eq!(
            failure.message(),
            "Fatal: no space left\nNo snapshot was written.\nMake room and try again."
        );
        assert_eq!(failure.details(), ["could not read pack 1234", "disk on fire"]);
    }

    #[test]
    fn a_closed_output_is_no_error_of_ours() {
        let closed = std::io::Error::from(std::io::ErrorKind::BrokenPipe);
        assert_eq!(Failure::from(closed).exit_status(), ExitStatus::OutputClosed);
    }
}
