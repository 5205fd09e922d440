//! What every command needs: terminal, environment, flags, who and when, and the repository.

use std::ffi::OsString;
use std::sync::Arc;

use holdfast_engine::backend::LocalBackend;
use holdfast_engine::identity::Identity;
use holdfast_engine::monitor::Cancellation;
use holdfast_engine::repository::{OpenError, Repository};
use holdfast_engine::text_file;
use holdfast_machine::SystemClock;
use jiff::tz::TimeZone;

use crate::arguments::{CompressionArgument, GlobalArguments};
use crate::environment::Environment;
use crate::exit::Failure;
use crate::explain;
use crate::location::Location;
use crate::output::{Terminal, Verbosity};
use crate::secrets::PasswordSource;
use crate::values;

/// How often a person may mistype the password.
const PASSWORD_TRIES: usize = 3;

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

    /// The location as it was given, and the storage there.
    pub(crate) fn location(&self) -> Result<(String, Arc<LocalBackend>), Failure> {
        let text = self.location_text()?;
        let Location::Local(path) = Location::parse(&text)?;
        Ok((text.to_string_lossy().into_owned(), Arc::new(LocalBackend::new(path))))
    }

    fn location_text(&self) -> Result<OsString, Failure> {
        let tiers = [(self.global.repo.clone(), self.global.repository_file.clone())];
        let of_variables = Environment::PREFIXES.map(|prefix| {
            let file = self.environment.get_os_from(prefix, "REPOSITORY_FILE");
            (self.environment.get_os_from(prefix, "REPOSITORY"), file.map(Into::into))
        });
        for (text, file) in tiers.into_iter().chain(of_variables) {
            match (text.filter(|text| !text.is_empty()), file) {
                (Some(_), Some(_)) => {
                    return Err(Failure::fatal(
                        "Options -r and --repository-file are mutually exclusive, please specify \
                         only one",
                    ));
                }
                (Some(text), None) => return Ok(text),
                (None, Some(file)) => {
                    let bytes = std::fs::read(&file).map_err(|error| {
                        Failure::fatal(format!("{} cannot be read", file.display()))
                            .advice("Check the path given to --repository-file.")
                            .cause(error)
                    })?;
                    return Ok(values::os_string(text_file::decoded(&bytes).trim_ascii()));
                }
                (None, None) => {}
            }
        }
        Err(Failure::fatal("Please specify repository location (-r or --repository-file)"))
    }

    /// Where the password comes from; standard input may be taken by data.
    pub(crate) fn password(&self, stdin_is_data: bool) -> Result<PasswordSource<'_>, Failure> {
        PasswordSource::find(&self.global, &self.environment, stdin_is_data)
    }

    /// Opens the repository.
    pub(crate) fn open(&self) -> Result<Arc<Repository>, Failure> {
        self.open_beside(false)
    }

    /// Opens the repository while standard input may be taken by data.
    pub(crate) fn open_beside(&self, stdin_is_data: bool) -> Result<Arc<Repository>, Failure> {
        self.compression()?;
        let (location, backend) = self.location()?;
        let source = self.password(stdin_is_data)?;
        let hint = self.global.key_hint.clone().or_else(|| self.environment.get("KEY_HINT"));
        let mut tries_left = if source.is_typed() { PASSWORD_TRIES } else { 1 };
        let repository = loop {
            tries_left -= 1;
            let password = source.read()?;
            match Repository::open(backend.clone(), &password, hint.as_deref()) {
                Ok(repository) => break repository,
                Err(OpenError::WrongPassword { .. }) if tries_left > 0 => {
                    self.terminal.warn("wrong password or no key found. Try again");
                }
                Err(error) => return Err(explain::opening(error, &location)),
            }
        };
        if self.terminal.is_terminal() {
            let id = repository.config().id.short();
            let version = repository.config().version;
            let compression = match version {
                1 => String::new(),
                _ => format!(", compression level {}", self.compression_name()),
            };
            let text = format!("repository {id} opened (version {version}{compression})");
            self.terminal.say(Verbosity::Normal, &text);
        }
        Ok(Arc::new(repository))
    }

    /// The compression that was asked for.
    pub(crate) fn compression(&self) -> Result<CompressionArgument, Failure> {
        if let Some(compression) = self.global.compression {
            return Ok(compression);
        }
        let Some(text) = self.environment.get("COMPRESSION") else {
            return Ok(CompressionArgument::Auto);
        };
        clap::ValueEnum::from_str(&text, false).map_err(|_| {
            Failure::fatal(format!(
                "invalid compression mode {text:?}, must be one of (auto|off|fastest|better|max)"
            ))
        })
    }

    fn compression_name(&self) -> String {
        let value = self.compression().ok().as_ref().and_then(clap::ValueEnum::to_possible_value);
        value.map(|value| value.get_name().to_owned()).unwrap_or_default()
    }
}
