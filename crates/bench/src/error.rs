//! What stops a measurement.

use std::path::PathBuf;

/// Why there is no figure.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BenchError {
    /// The system failed.
    #[error("could not {act} {path}")]
    Io {
        /// What was attempted.
        act: &'static str,
        /// On what.
        path: PathBuf,
        /// The cause.
        source: std::io::Error,
    },
    /// A program could not be started.
    #[error("could not start {program}")]
    Start {
        /// Which.
        program: PathBuf,
        /// The cause.
        source: std::io::Error,
    },
    /// A program failed.
    #[error("{program} failed ({status}): {said}")]
    Failed {
        /// Which.
        program: String,
        /// How it ended.
        status: String,
        /// The end of what it said.
        said: String,
    },
    /// A program ended well and the work is not done.
    #[error("the work was not done: {0}")]
    NotDone(String),
    /// The working folder is too small.
    #[error("it needs {needed:.1} GB, and there is room for {there:.1} GB")]
    NoRoom {
        /// What it needs.
        needed: f64,
        /// What there is.
        there: f64,
    },
    /// The engine, as a library, failed.
    #[error("{act}: {said}")]
    Engine {
        /// What was attempted.
        act: &'static str,
        /// Its error and the causes.
        said: String,
    },
    /// Results of earlier do not read.
    #[error("{path} is not what an earlier run wrote")]
    Results {
        /// Which file.
        path: PathBuf,
        /// The cause.
        source: serde_json::Error,
    },
    /// Somebody else measures here.
    #[error("another benchmark runs in {0}")]
    Busy(PathBuf),
    /// Something there is not ours to remove.
    #[error("{0} is there and was not made by a benchmark")]
    Foreign(PathBuf),
    /// Nothing was asked for.
    #[error("no row is called like {0:?}; --list names them")]
    NoSuchRow(String),
    /// The arguments do not fit together.
    #[error("{0}")]
    Asked(&'static str),
}

impl BenchError {
    /// What an operation of the system came to, named.
    pub(crate) fn io(
        act: &'static str,
        path: impl Into<PathBuf>,
    ) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.into();
        move |source| Self::Io { act, path, source }
    }

    /// What the engine said.
    pub(crate) fn engine(act: &'static str) -> impl FnOnce(Box<dyn std::error::Error>) -> Self {
        move |error| Self::Engine { act, said: holdfast_engine::monitor::with_causes(&*error) }
    }

    /// The error and its causes, in one line.
    #[must_use]
    pub fn told(&self) -> String {
        holdfast_engine::monitor::with_causes(self)
    }
}
