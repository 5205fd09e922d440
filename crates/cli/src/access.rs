//! How the repositories of a command line are named and opened.
//!
//! Most commands have one. A copy has a second, which it reads from; its flags begin with `--from-`
//! and its variables with `FROM_`.

use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::Arc;

use holdfast_engine::backend::{Backend, LocalBackend, Rates, ThrottledBackend};
use holdfast_engine::repository::{OpenError, Repository};
use holdfast_engine::text_file;
use holdfast_machine::SystemClock;

use crate::arguments::{GlobalArguments, SourceArguments};
use crate::environment::Environment;
use crate::exit::Failure;
use crate::location::Location;
use crate::output::Verbosity;
use crate::secrets::PasswordSource;
use crate::session::Session;
use crate::{explain, values};

/// How often a person may mistype the password.
const PASSWORD_TRIES: usize = 3;

/// What a command line says about one repository.
#[derive(Debug, Clone, Default)]
pub(crate) struct Access {
    pub(crate) repo: Option<OsString>,
    pub(crate) repository_file: Option<PathBuf>,
    pub(crate) password_file: Option<PathBuf>,
    pub(crate) password_command: Option<String>,
    pub(crate) insecure_no_password: bool,
    pub(crate) key_hint: Option<String>,
    pub(crate) role: Role,
}

/// Which repository it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Role {
    /// The one that the command works on.
    #[default]
    Own,
    /// The one that a copy reads from.
    Source,
}

impl Role {
    /// The variable of this name.
    pub(crate) fn variable(self, name: &str) -> String {
        match self {
            Self::Own => name.to_owned(),
            Self::Source => format!("FROM_{name}"),
        }
    }

    /// The flag of this name.
    pub(crate) fn flag(self, name: &str) -> String {
        match self {
            Self::Own => format!("--{name}"),
            Self::Source => format!("--from-{name}"),
        }
    }

    /// The variable of this name with its prefix; without one, the flag that it stands for.
    pub(crate) fn name_of(self, name: &str, prefix: Option<&str>) -> String {
        match prefix {
            Some(prefix) => format!("{prefix}{}", self.variable(name)),
            None => self.flag(&name.to_lowercase().replace('_', "-")),
        }
    }

    /// What a person is asked for a password with.
    pub(crate) fn prompt(self) -> &'static str {
        match self {
            Self::Own => "enter password for repository: ",
            Self::Source => "enter password for source repository: ",
        }
    }

    fn is_missing(self) -> &'static str {
        match self {
            Self::Own => "Please specify repository location (-r or --repository-file)",
            Self::Source => {
                "Please specify a source repository location (--from-repo or \
                 --from-repository-file)"
            }
        }
    }

    fn is_given_twice(self) -> &'static str {
        match self {
            Self::Own => {
                "Options -r and --repository-file are mutually exclusive, please specify only one"
            }
            Self::Source => {
                "Options --from-repo and --from-repository-file are mutually exclusive, please \
                 specify only one"
            }
        }
    }
}

impl From<&GlobalArguments> for Access {
    fn from(global: &GlobalArguments) -> Self {
        Self {
            repo: global.repo.clone(),
            repository_file: global.repository_file.clone(),
            password_file: global.password_file.clone(),
            password_command: global.password_command.clone(),
            insecure_no_password: global.insecure_no_password,
            key_hint: global.key_hint.clone(),
            role: Role::Own,
        }
    }
}

impl From<&SourceArguments> for Access {
    fn from(source: &SourceArguments) -> Self {
        Self {
            repo: source.from_repo.clone(),
            repository_file: source.from_repository_file.clone(),
            password_file: source.from_password_file.clone(),
            password_command: source.from_password_command.clone(),
            insecure_no_password: source.from_insecure_no_password,
            key_hint: source.from_key_hint.clone(),
            role: Role::Source,
        }
    }
}

impl Access {
    /// The location as it was given.
    pub(crate) fn location(&self, environment: &Environment) -> Result<OsString, Failure> {
        let tiers = [(self.repo.clone(), self.repository_file.clone(), None)];
        let (location, file) =
            (self.role.variable("REPOSITORY"), self.role.variable("REPOSITORY_FILE"));
        let of_variables = Environment::PREFIXES.map(|prefix| {
            let file = environment.get_os_from(prefix, &file);
            (environment.get_os_from(prefix, &location), file.map(Into::into), Some(prefix))
        });
        for (text, file, prefix) in tiers.into_iter().chain(of_variables) {
            match (text.filter(|text| !text.is_empty()), file) {
                (Some(_), Some(_)) => return Err(Failure::fatal(self.role.is_given_twice())),
                (Some(text), None) => return Ok(text),
                (None, Some(file)) => {
                    let bytes = std::fs::read(&file).map_err(|error| {
                        let by = self.role.name_of("REPOSITORY_FILE", prefix);
                        Failure::fatal(format!("{} cannot be read", file.display()))
                            .advice(format!("Check the path given by {by}."))
                            .cause(error)
                    })?;
                    return Ok(values::os_string(text_file::decoded(&bytes).trim_ascii()));
                }
                (None, None) => {}
            }
        }
        Err(Failure::fatal(self.role.is_missing()))
    }
}

impl Session {
    /// The location as it was given, and the storage there.
    pub(crate) fn location(&self) -> Result<(String, Arc<dyn Backend>), Failure> {
        self.location_of(&Access::from(&self.global))
    }

    fn location_of(&self, access: &Access) -> Result<(String, Arc<dyn Backend>), Failure> {
        let text = access.location(&self.environment)?;
        let Location::Local(path) = Location::parse(&text)?;
        let backend = self.limited(Arc::new(LocalBackend::new(path)));
        Ok((text.to_string_lossy().into_owned(), backend))
    }

    /// The storage with the rates that were asked for.
    fn limited(&self, backend: Arc<dyn Backend>) -> Arc<dyn Backend> {
        let bytes =
            |kib: Option<u64>| kib.filter(|kib| *kib > 0).map(|kib| kib.saturating_mul(1024));
        let rates = Rates {
            upload_bytes_per_second: bytes(self.global.limit_upload),
            download_bytes_per_second: bytes(self.global.limit_download),
        };
        if rates == Rates::default() {
            return backend;
        }
        let cancel = self.cancel.clone();
        Arc::new(ThrottledBackend::new(backend, rates, Arc::new(SystemClock), cancel))
    }

    /// Where the password comes from.
    pub(crate) fn password(&self) -> Result<PasswordSource<'_>, Failure> {
        PasswordSource::find(&Access::from(&self.global), &self.environment, false)
    }

    /// Opens the repository.
    pub(crate) fn open(&self) -> Result<Arc<Repository>, Failure> {
        self.open_beside(false)
    }

    /// Opens the repository itself, without local copies of anything.
    pub(crate) fn open_past_cache(&self) -> Result<Arc<Repository>, Failure> {
        self.open_at(&Access::from(&self.global), false, false)
    }

    /// Opens the repository while standard input may be taken by data.
    pub(crate) fn open_beside(&self, stdin_is_data: bool) -> Result<Arc<Repository>, Failure> {
        self.open_at(&Access::from(&self.global), stdin_is_data, true)
    }

    /// Opens the repository that a copy reads from.
    pub(crate) fn open_source(&self, source: &SourceArguments) -> Result<Arc<Repository>, Failure> {
        self.open_at(&Access::from(source), false, true)
    }

    fn open_at(
        &self,
        access: &Access,
        stdin_is_data: bool,
        may_cache: bool,
    ) -> Result<Arc<Repository>, Failure> {
        let (location, backend) = self.location_of(access)?;
        let source = PasswordSource::find(access, &self.environment, stdin_is_data)?;
        let hint = access.role.variable("KEY_HINT");
        let hint = access.key_hint.clone().or_else(|| self.environment.get(&hint));
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
        let repository = if may_cache { self.cached(repository) } else { repository };
        Ok(Arc::new(repository))
    }
}
