//! The flags of every command: restic's, and ours.
//!
//! Parsing follows the library that restic uses: global flags stand before or after the command,
//! the last one of a repeated flag counts, a value may begin with a dash, and a switch may be
//! written `--json=true`.

mod backup;
mod copy;
mod explain;
mod forget;
mod generate;
mod global;
mod key;
mod migrate;
mod mount;
mod patterns;
mod prune;
mod repair;
mod restore;
mod rewrite;
mod small;
mod snapshot_filter;

use std::ffi::OsString;

use clap::{ArgAction, CommandFactory, FromArgMatches, Parser, Subcommand};

pub(crate) use backup::{BackupArguments, ExcludeArguments};
pub(crate) use copy::{CopyArguments, SourceArguments};
pub(crate) use explain::NotACommand;
use explain::explain;
pub(crate) use forget::ForgetArguments;
pub(crate) use generate::GenerateArguments;
pub(crate) use global::{AutoUnlockArgument, CompressionArgument, GlobalArguments};
pub(crate) use key::{KeyArguments, KeyCommand, KeyWords, NewKeyArguments};
pub(crate) use migrate::MigrateArguments;
pub(crate) use mount::MountArguments;
pub(crate) use patterns::PatternArguments;
pub(crate) use prune::{PruneArguments, PruneHowArguments};
pub(crate) use repair::{
    RepairArguments, RepairCommand, RepairIndexArguments, RepairPacksArguments,
    RepairSnapshotsArguments,
};
pub(crate) use restore::{OverwriteArgument, RestoreArguments, RestorePatternArguments};
pub(crate) use rewrite::RewriteArguments;
pub(crate) use small::{
    ArchiveArgument, CacheArguments, CatArguments, CheckArguments, DiffArguments, DumpArguments,
    FindArguments, InitArguments, ListArguments, LocksArguments, LsArguments, SnapshotsArguments,
    SortArgument, StatsArguments, TagArguments, UnlockArguments,
};
pub(crate) use snapshot_filter::SnapshotFilterArguments;

/// A command line.
#[derive(Debug, Parser)]
#[command(
    name = "holdfast",
    bin_name = "holdfast",
    about = "Back up files to encrypted repositories that any restic can read",
    after_help = "Every flag can also be given by a variable RESTIC_… or HOLDFAST_… where restic \
                  has one; HOLDFAST_… wins.",
    disable_version_flag = true
)]
pub(crate) struct Arguments {
    /// Flags of every command.
    #[command(flatten)]
    pub(crate) global: GlobalArguments,
    /// The command.
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Store a snapshot of files and folders
    Backup(Box<BackupArguments>),
    /// Show or tidy what this computer keeps of repositories to be quicker
    Cache(CacheArguments),
    /// Print what is stored in the repository as it is
    Cat(CatArguments),
    /// Look for damage, on request in every byte
    Check(CheckArguments),
    /// Take snapshots over from another repository
    Copy(CopyArguments),
    /// Tell what changed between two snapshots
    Diff(DiffArguments),
    /// Write a file of a snapshot, or an archive of a folder, to standard output
    Dump(DumpArguments),
    /// Find files by name, or where a blob, tree or pack is used
    Find(FindArguments),
    /// Remove snapshots, those named or those a policy no longer keeps
    Forget(Box<ForgetArguments>),
    /// Write manual pages, and completions for bash, fish, zsh and PowerShell
    Generate(GenerateArguments),
    /// Make a new, empty repository
    Init(InitArguments),
    /// Add, change and remove passwords
    Key(KeyArguments),
    /// List ids of what is stored
    List(ListArguments),
    /// Show who holds locks, whether they are alive, and why that is known
    Locks(LocksArguments),
    /// List the files of a snapshot
    Ls(LsArguments),
    /// Bring a repository to a newer format
    Migrate(MigrateArguments),
    /// Show all snapshots as folders
    Mount(MountArguments),
    /// Free the space that no snapshot needs any more
    Prune(PruneArguments),
    /// What `repair index` was called once
    #[command(hide = true)]
    RebuildIndex(RepairIndexArguments),
    /// Make a snapshot of the folders that no snapshot has any more
    Recover,
    /// Save what can be saved of a damaged repository
    Repair(RepairArguments),
    /// Bring files back from a snapshot
    Restore(Box<RestoreArguments>),
    /// Make new snapshots from old ones without what is not wanted
    Rewrite(Box<RewriteArguments>),
    /// List the snapshots
    Snapshots(SnapshotsArguments),
    /// Count how much snapshots hold
    Stats(StatsArguments),
    /// Change the tags of snapshots
    Tag(TagArguments),
    /// Remove locks whose owners are dead
    Unlock(UnlockArguments),
    /// Say which version this is
    Version,
}

impl Arguments {
    /// The commands and flags as a library of their own writes them down.
    pub(crate) fn described() -> clap::Command {
        Self::command()
    }

    /// True if an answer in JSON is asked for, also by a line that is not understood.
    pub(crate) fn ask_for_json(line: &[OsString]) -> bool {
        let mut flags = line.iter().take_while(|word| *word != "--");
        flags.any(|word| word == "--json" || word == "--json=true")
    }

    /// Reads a command line, the program's name first.
    pub(crate) fn read(line: Vec<OsString>) -> Result<Self, NotACommand> {
        let command = as_restic_parses(Self::command());
        let line = with_plain_switches(line, &command);
        command
            .try_get_matches_from(line)
            .and_then(|matches| Self::from_arg_matches(&matches))
            .map_err(|error| explain(&error))
    }
}

/// Lets values begin with a dash and repeated flags override each other, in every command.
fn as_restic_parses(command: clap::Command) -> clap::Command {
    let command = command.args_override_self(true).mut_args(|arg| {
        let takes_value = matches!(arg.get_action(), ArgAction::Set | ArgAction::Append);
        let optional = arg.get_num_args().is_some_and(|count| count.min_values() == 0);
        if takes_value && !arg.is_positional() && !optional {
            arg.allow_hyphen_values(true)
        } else {
            arg
        }
    });
    let names: Vec<String> =
        command.get_subcommands().map(|command| command.get_name().to_owned()).collect();
    names.into_iter().fold(command, |command, name| command.mut_subcommand(name, as_restic_parses))
}

/// Turns `--switch=true` into `--switch` and leaves `--switch=false` out.
fn with_plain_switches(line: Vec<OsString>, command: &clap::Command) -> Vec<OsString> {
    let mut all = vec![command];
    all.extend(command.get_subcommands());
    let is_switch = |name: &str| {
        all.iter().flat_map(|command| command.get_arguments()).any(|arg| {
            matches!(arg.get_action(), ArgAction::SetTrue) && arg.get_long() == Some(name)
        })
    };
    let mut rest_is_plain = false;
    line.into_iter()
        .filter_map(|word| {
            let text = word.to_str().unwrap_or_default();
            rest_is_plain |= text == "--";
            let switch = text.strip_prefix("--").and_then(|text| text.split_once('='));
            match switch {
                Some((name, "true" | "1" | "t")) if !rest_is_plain && is_switch(name) => {
                    Some(OsString::from(format!("--{name}")))
                }
                Some((name, "false" | "0" | "f")) if !rest_is_plain && is_switch(name) => None,
                _ => Some(word),
            }
        })
        .collect()
}

#[cfg(test)]
mod tests;
