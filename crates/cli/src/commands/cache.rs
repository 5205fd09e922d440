//! `holdfast cache`

use holdfast_engine::backend::{CacheFolder, cache_folders};

use super::Ended;
use crate::arguments::CacheArguments;
use crate::exit::{ExitStatus, Failure};
use crate::output::table::Table;
use crate::output::{Verbosity, format};
use crate::session::Session;

/// Lists caches, or removes those that are old.
pub(crate) fn cache(session: &Session, arguments: &CacheArguments) -> Ended {
    if !arguments.words.is_empty() {
        return Err(Failure::fatal(
            "the cache command expects no arguments, only options - please see `holdfast help \
             cache` for usage and flags",
        ));
    }
    if session.global.no_cache {
        return Err(Failure::fatal("Refusing to do anything, the cache is disabled"));
    }
    let base = session.cache_base().ok_or_else(|| {
        Failure::fatal("there is no home folder to look for a cache in")
            .advice("Name the folder by --cache-dir.")
    })?;
    let caches = cache_folders(&base).map_err(|error| {
        Failure::fatal(format!("{} cannot be read", base.display()))
            .meaning("Nothing was removed.")
            .cause(error)
    })?;
    let is_old = |cache: &CacheFolder| cache.is_old(session.file_time(), arguments.max_age);
    if arguments.cleanup {
        let old: Vec<_> = caches.into_iter().filter(is_old).collect();
        return clean_up(session, &old);
    }
    let say = |text: &str| session.terminal.say(Verbosity::Normal, text);
    if caches.is_empty() {
        say(&format!("no cache dirs found, basedir is {}", base.display()));
        return Ok(ExitStatus::Success);
    }
    let mut table = Table::default();
    ["Repo ID", "Last Used", "Old"].into_iter().for_each(|column| table.column(column));
    if !arguments.no_size {
        table.column("Size");
    }
    for cache in &caches {
        let age = format!("{} days ago", cache.age_days(session.file_time()));
        let old = if is_old(cache) { "yes" } else { "" };
        let id = cache.repository.to_string()[..10].to_owned();
        let mut row = vec![vec![id], vec![age], vec![old.to_owned()]];
        if !arguments.no_size {
            row.push(vec![format!("{:>11}", format::bytes(cache.bytes()))]);
        }
        table.row(row);
    }
    table.footer(format!("{} cache dirs in {}", caches.len(), base.display()));
    table.lines().iter().for_each(|line| say(line));
    Ok(ExitStatus::Success)
}

fn clean_up(session: &Session, old: &[CacheFolder]) -> Ended {
    let say = |text: &str| session.terminal.say(Verbosity::Normal, text);
    if old.is_empty() {
        say("no old cache dirs found");
        return Ok(ExitStatus::Success);
    }
    say(&format!("remove {} old cache directories", old.len()));
    for cache in old {
        cache.remove().map_err(|error| {
            Failure::fatal(format!("cache {} could not be removed", cache.repository))
                .meaning("It is only a copy; nothing relies on it.")
                .cause(error)
        })?;
    }
    Ok(ExitStatus::Success)
}
