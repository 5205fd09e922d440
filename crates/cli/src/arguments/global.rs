//! Flags of every command.

use std::ffi::OsString;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use clap::{Args, ValueEnum};

use crate::values;

/// Flags of every command.
#[derive(Debug, Args)]
#[command(next_help_heading = "Global Flags")]
pub(crate) struct GlobalArguments {
    /// repository to backup to or restore from (default: $RESTIC_REPOSITORY)
    #[arg(short, long, global = true, value_name = "repository")]
    pub(crate) repo: Option<OsString>,
    /// file to read the repository location from (default: $RESTIC_REPOSITORY_FILE)
    #[arg(long, global = true, value_name = "file")]
    pub(crate) repository_file: Option<PathBuf>,
    /// file to read the repository password from (default: $RESTIC_PASSWORD_FILE)
    #[arg(short, long, global = true, value_name = "file")]
    pub(crate) password_file: Option<PathBuf>,
    /// shell command to obtain the repository password from (default: $RESTIC_PASSWORD_COMMAND)
    #[arg(long, global = true, value_name = "command")]
    pub(crate) password_command: Option<String>,
    /// use an empty password for the repository, must be passed to every command (insecure)
    #[arg(long, global = true)]
    pub(crate) insecure_no_password: bool,
    /// key ID of key to try decrypting first (default: $RESTIC_KEY_HINT)
    #[arg(long, global = true, value_name = "key")]
    pub(crate) key_hint: Option<String>,

    /// set output mode to JSON for commands that support it
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// do not output comprehensive progress report
    #[arg(short, long, global = true)]
    pub(crate) quiet: bool,
    /// be verbose (specify multiple times or a level using --verbose=n, max level/times is 2)
    #[arg(short, long, global = true, value_name = "n", num_args = 0..=1, require_equals = true,
          default_missing_value = "+", action = clap::ArgAction::Append)]
    pub(crate) verbose: Vec<VerboseStep>,

    /// do not lock the repository, this allows some operations on read-only repositories
    #[arg(long, global = true)]
    pub(crate) no_lock: bool,
    /// retry to lock the repository if it is already locked, takes a value like 5m or 2h
    /// (default: no retries)
    #[arg(long, global = true, value_name = "duration", value_parser = values::duration)]
    pub(crate) retry_lock: Option<Duration>,
    /// which locks of dead processes to remove when they are in the way: off, own (those that
    /// this computer left behind, proven dead), all or all=30m (also other computers' locks
    /// that have shown no sign of life for so long, at least 30m) (default: own)
    #[arg(long, global = true, value_name = "which")]
    pub(crate) auto_unlock: Option<AutoUnlockArgument>,

    /// compression mode (only available for repository format version 2)
    /// (default: $RESTIC_COMPRESSION or auto)
    #[arg(long, global = true, value_name = "mode")]
    pub(crate) compression: Option<CompressionArgument>,
    /// set target pack size in MiB, created pack files may be larger
    /// (default: $RESTIC_PACK_SIZE or 16)
    #[arg(long, global = true, value_name = "size")]
    pub(crate) pack_size: Option<u32>,
    /// skip additional verification of data before upload
    #[arg(long, global = true)]
    pub(crate) no_extra_verify: bool,

    /// set the cache directory (default: $RESTIC_CACHE_DIR or the system's); a repository in a folder
    /// has a cache only if this is given
    #[arg(long, global = true, value_name = "directory")]
    pub(crate) cache_dir: Option<PathBuf>,
    /// auto remove old cache directories
    #[arg(long, global = true)]
    pub(crate) cleanup_cache: bool,
    /// do not use a local cache
    #[arg(long, global = true)]
    pub(crate) no_cache: bool,
    /// limits downloads to a maximum rate in KiB/s. (default: unlimited)
    #[arg(long, global = true, value_name = "rate")]
    pub(crate) limit_download: Option<u64>,
    /// limits uploads to a maximum rate in KiB/s. (default: unlimited)
    #[arg(long, global = true, value_name = "rate")]
    pub(crate) limit_upload: Option<u64>,
    /// set extended option (key=value, can be specified multiple times); none concerns local
    /// repositories
    #[arg(short, long, global = true, value_name = "key=value")]
    pub(crate) option: Vec<String>,

    #[command(flatten)]
    pub(crate) network: NetworkArguments,
}

/// Flags that only concern storages over a network.
#[derive(Debug, Args)]
#[command(next_help_heading = "Global Flags (without effect on local repositories)")]
pub(crate) struct NetworkArguments {
    /// file to load root certificates from
    #[arg(long, global = true, value_name = "file")]
    pub(crate) cacert: Option<PathBuf>,
    /// set a http user agent for outgoing http requests
    #[arg(long, global = true, value_name = "string")]
    pub(crate) http_user_agent: Option<String>,
    /// skip TLS certificate verification when connecting to the repository (insecure)
    #[arg(long, global = true)]
    pub(crate) insecure_tls: bool,
    /// duration after which to retry stuck requests
    #[arg(long, global = true, value_name = "duration", value_parser = values::duration)]
    pub(crate) stuck_request_timeout: Option<Duration>,
    /// path to a file containing PEM encoded TLS client certificate and private key
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
