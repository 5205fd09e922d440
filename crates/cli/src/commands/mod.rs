//! The commands, one module each.

mod backup;
mod cache;
mod cat;
mod check;
mod copy;
mod diff;
mod dump;
mod find;
mod forget;
mod generate;
mod init;
mod key;
mod list;
mod locks;
mod ls;
mod migrate;
mod mount;
mod prune;
mod recover;
mod repair;
mod restore;
mod rewrite;
mod snapshots;
mod stats;
mod tag;
mod unlock;
mod version;
mod work;

use crate::arguments::{Command, RepairCommand};
use crate::exit::{ExitStatus, Failure};
use crate::session::Session;

/// How a command ended.
pub(crate) type Ended = Result<ExitStatus, Failure>;

/// Carries out a command.
pub(crate) fn carry_out(session: &Session, command: Command) -> Ended {
    match command {
        Command::Backup(arguments) => backup::backup(session, &arguments),
        Command::Cache(arguments) => cache::cache(session, &arguments),
        Command::Cat(arguments) => cat::cat(session, &arguments),
        Command::Check(arguments) => check::check(session, &arguments),
        Command::Copy(arguments) => copy::copy(session, &arguments),
        Command::Diff(arguments) => diff::diff(session, &arguments),
        Command::Dump(arguments) => dump::dump(session, &arguments),
        Command::Find(arguments) => find::find(session, &arguments),
        Command::Forget(arguments) => forget::forget(session, &arguments),
        Command::Generate(arguments) => generate::generate(session, &arguments),
        Command::Init(arguments) => init::init(session, &arguments),
        Command::Key(arguments) => key::key(session, &arguments.command),
        Command::List(arguments) => list::list(session, &arguments),
        Command::Locks(_) => locks::locks(session),
        Command::Ls(arguments) => ls::ls(session, &arguments),
        Command::Migrate(arguments) => migrate::migrate(session, &arguments),
        Command::Mount(arguments) => mount::mount(session, &arguments),
        Command::Prune(arguments) => prune::prune(session, &arguments),
        Command::RebuildIndex(arguments) => {
            let warning = "Command \"rebuild-index\" is deprecated, Use \"repair index\" instead";
            session.terminal.warn(warning);
            repair::repair(session, &RepairCommand::Index(arguments))
        }
        Command::Recover => recover::recover(session),
        Command::Repair(arguments) => repair::repair(session, &arguments.command),
        Command::Restore(arguments) => restore::restore(session, &arguments),
        Command::Rewrite(arguments) => rewrite::rewrite(session, &arguments),
        Command::Snapshots(arguments) => snapshots::snapshots(session, &arguments),
        Command::Stats(arguments) => stats::stats(session, &arguments),
        Command::Tag(arguments) => tag::tag(session, &arguments),
        Command::Unlock(arguments) => unlock::unlock(session, &arguments),
        Command::Version => version::version(session),
    }
}
