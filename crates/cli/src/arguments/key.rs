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
    /// Add a new key (password) to the repository; returns the new key ID
    Add(NewKeyArguments),
    /// List keys (passwords)
    List(KeyWords),
    /// Change key (password); creates a new key ID and removes the old key ID, returns new key ID
    Passwd(NewKeyArguments),
    /// Remove key ID (password) from the repository
    Remove(KeyWords),
}

/// What a new key is like.
#[derive(Debug, Args)]
pub(crate) struct NewKeyArguments {
    /// the username for new key
    #[arg(long, value_name = "string")]
    pub(crate) user: Option<String>,
    /// the hostname for new key
    #[arg(long, value_name = "string")]
    pub(crate) host: Option<String>,
    /// file from which to read the new password
    #[arg(long, value_name = "file")]
    pub(crate) new_password_file: Option<PathBuf>,
    /// add an empty password for the repository (insecure)
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
