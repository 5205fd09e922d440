//! Flags of `key`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

/// `holdfast key`
#[derive(Debug, Args)]
#[command(arg_required_else_help = true)]
pub(crate) struct KeyArguments {
    #[command(subcommand)]
    pub(crate) command: KeyCommand,
}

/// What to do with keys.
#[derive(Debug, Subcommand)]
pub(crate) enum KeyCommand {
    /// Add a password; the ones before stay
    Add(NewKeyArguments),
    /// List who can open the repository
    List(KeyWords),
    /// Replace the password in use by another
    Passwd(NewKeyArguments),
    /// Remove a password, but not the one in use
    Remove(KeyWords),
}

/// What a new key is like.
#[derive(Debug, Args)]
pub(crate) struct NewKeyArguments {
    /// whose it is
    #[arg(long, value_name = "string")]
    pub(crate) user: Option<String>,
    /// of which computer
    #[arg(long, value_name = "string")]
    pub(crate) host: Option<String>,
    /// a file that holds the new password
    #[arg(long, value_name = "file")]
    pub(crate) new_password_file: Option<PathBuf>,
    /// the new password is empty: whoever has the repository can read it
    #[arg(long)]
    pub(crate) new_insecure_no_password: bool,
    #[arg(hide = true)]
    pub(crate) words: Vec<String>,
}

/// The words after `list` and `remove`.
#[derive(Debug, Args)]
pub(crate) struct KeyWords {
    /// the key to remove
    #[arg(value_name = "ID")]
    pub(crate) words: Vec<String>,
}
