//! Flags of every command.

use std::ffi::OsString;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use clap::{Args, ValueEnum};

use crate::environment::Environment;
use crate::exit::Failure;
use crate::values::{self, WholeNumber};

/// Flags of every command.
#[derive(Debug, Args)]
#[command(next_help_heading = "Global Flags")]
pub(crate) struct GlobalArguments {
    /// where the repository is ($RESTIC_REPOSITORY)
    #[arg(short, long, global = true, value_name = "repository")]
    pub(crate) repo: Option<OsString>,
    /// a file that says where it is ($RESTIC_REPOSITORY_FILE)
    #[arg(long, global = true, value_name = "file")]
    pub(crate) repository_file: Option<PathBuf>,
    /// a file that holds the password ($RESTIC_PASSWORD_FILE)
    #[arg(short, long, global = true, value_name = "file")]
    pub(crate) password_file: Option<PathBuf>,
    /// a command that prints the password ($RESTIC_PASSWORD_COMMAND)
    #[arg(long, global = true, value_name = "command")]
    pub(crate) password_command: Option<String>,
    /// the password is empty: whoever has the repository can read it
    #[arg(long, global = true)]
    pub(crate) insecure_no_password: bool,
    /// the key that is tried first ($RESTIC_KEY_HINT)
    #[arg(long, global = true, value_name = "key")]
    pub(crate) key_hint: Option<String>,

    /// answer in JSON
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// say only results and problems
    #[arg(short, long, global = true)]
    pub(crate) quiet: bool,
    /// say more; twice, or =2, names every file
    #[arg(short, long, global = true, value_name = "n", num_args = 0..=1, require_equals = true,
          default_missing_value = "+", action = clap::ArgAction::Append)]
    pub(crate) verbose: Vec<VerboseStep>,

    /// take no lock: for reading where nothing can be written
    #[arg(long, global = true)]
    pub(crate) no_lock: bool,
    /// how long to wait for others, as 5m or 2h (not at all)
    #[arg(long, global = true, value_name = "duration", value_parser = values::duration)]
    pub(crate) retry_lock: Option<Duration>,
    /// which locks of dead processes to remove when they are in the way: off, own (those that
    /// this computer left behind, proven dead), all or all=30m (also other computers' locks
    /// that have shown no sign of life for so long, at least 30m) (default: own)
    #[arg(long, global = true, value_name = "which")]
    pub(crate) auto_unlock: Option<AutoUnlockArgument>,

    /// how hard to compress ($RESTIC_COMPRESSION, or auto); nothing is compressed in format 1
    #[arg(long, global = true, value_name = "mode")]
    pub(crate) compression: Option<CompressionArgument>,
    /// about how large packs are, in MiB ($RESTIC_PACK_SIZE, or 16)
    #[arg(long, global = true, value_name = "size")]
    pub(crate) pack_size: Option<u32>,
    /// do not read back what was sealed before it is stored
    #[arg(long, global = true)]
    pub(crate) no_extra_verify: bool,

    /// where this computer keeps what makes it quicker ($RESTIC_CACHE_DIR, or the system's place);
    /// for a repository in a folder only if this is given
    #[arg(long, global = true, value_name = "directory")]
    pub(crate) cache_dir: Option<PathBuf>,
    /// remove what was not used for a month from there
    #[arg(long, global = true)]
    pub(crate) cleanup_cache: bool,
    /// keep nothing on this computer, and use nothing of it
    #[arg(long, global = true)]
    pub(crate) no_cache: bool,
    /// read no faster than this, in KiB/s
    #[arg(long, global = true, value_name = "rate")]
    pub(crate) limit_download: Option<u64>,
    /// store no faster than this, in KiB/s
    #[arg(long, global = true, value_name = "rate")]
    pub(crate) limit_upload: Option<u64>,
    /// a setting of the storage; a repository in a folder has none
    #[arg(short, long, global = true, value_name = "key=value")]
    pub(crate) option: Vec<String>,

    #[command(flatten)]
    pub(crate) network: NetworkArguments,
}

/// Flags that only concern storages over a network.
#[derive(Debug, Args)]
#[command(next_help_heading = "Global Flags (without effect on local repositories)")]
pub(crate) struct NetworkArguments {
    /// certificates to trust instead of the system's
    #[arg(long, global = true, value_name = "file")]
    pub(crate) cacert: Option<PathBuf>,
    /// what to call ourselves in requests
    #[arg(long, global = true, value_name = "string")]
    pub(crate) http_user_agent: Option<String>,
    /// believe any certificate (insecure)
    #[arg(long, global = true)]
    pub(crate) insecure_tls: bool,
    /// when a request counts as stuck and is made again
    #[arg(long, global = true, value_name = "duration", value_parser = values::duration)]
    pub(crate) stuck_request_timeout: Option<Duration>,
    /// a PEM file with the certificate and key that prove who we are
    #[arg(long, global = true, value_name = "file")]
    pub(crate) tls_client_cert: Option<PathBuf>,
}

/// One use of `--verbose`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum VerboseStep {
    /// One level more.
    More,
    /// This level.
    Level(u8),
}

impl FromStr for VerboseStep {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "+" => Ok(Self::More),
            _ => text.parse().map(Self::Level).map_err(|_| "a number is expected".to_owned()),
        }
    }
}

/// `--compression`
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum CompressionArgument {
    Auto,
    Off,
    Fastest,
    Better,
    Max,
}

impl FromStr for CompressionArgument {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        <Self as ValueEnum>::from_str(text, false).map_err(|_| {
            let modes = Self::value_variants().iter().filter_map(ValueEnum::to_possible_value);
            let names: Vec<_> = modes.map(|mode| mode.get_name().to_owned()).collect();
            let names = names.join("|");
            format!("invalid compression mode {text:?}, must be one of ({names})")
        })
    }
}

/// `--auto-unlock`
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum AutoUnlockArgument {
    /// Remove none.
    Off,
    /// Remove what this computer left behind and is proven dead.
    Own,
    /// Remove also what has shown no sign of life for so long.
    All(Duration),
}

/// The least time without a sign of life after which a lock may count as dead.
const SILENCE_MIN: Duration = Duration::from_secs(30 * 60);

impl FromStr for AutoUnlockArgument {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "off" => return Ok(Self::Off),
            "own" => return Ok(Self::Own),
            "all" => return Ok(Self::All(SILENCE_MIN)),
            _ => {}
        }
        let Some(silence) = text.strip_prefix("all=") else {
            return Err("off, own, all or all=30m is expected".to_owned());
        };
        let silence = values::duration(silence)?;
        if silence < SILENCE_MIN {
            return Err("a lock that showed a sign of life in the last 30m may be alive; \
                        give 30m or more"
                .to_owned());
        }
        Ok(Self::All(silence))
    }
}

impl GlobalArguments {
    /// With what variables say where there is no flag.
    pub(crate) fn with_variables(mut self, environment: &Environment) -> Result<Self, Failure> {
        let both = &Environment::PREFIXES;
        if self.compression.is_none() {
            self.compression = environment.value(both, "COMPRESSION")?;
        }
        if self.pack_size.is_none() {
            let size = environment.value::<WholeNumber<u32>>(both, "PACK_SIZE")?;
            self.pack_size = size.map(|size| size.0);
        }
        if self.auto_unlock.is_none() {
            // restic has no such flag, so no variable of its name either.
            self.auto_unlock = environment.value(&["HOLDFAST_"], "AUTO_UNLOCK")?;
        }
        Ok(self)
    }

    /// How much to say: 0 quiet, 1 normal, 2 and 3 more; `None` if told both to be quiet and not.
    pub(crate) fn verbosity(&self) -> Option<u8> {
        let level = self.verbose.iter().fold(0, |level: u8, step| match step {
            VerboseStep::More => level.saturating_add(1),
            VerboseStep::Level(level) => *level,
        });
        match (self.quiet, level) {
            (true, 0) => Some(0),
            (true, _) => None,
            (false, level) => Some(level.min(2) + 1),
        }
    }
}
