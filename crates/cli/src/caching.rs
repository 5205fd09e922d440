//! Local copies of what is read often: where they lie, and when there are any.

use std::path::PathBuf;
use std::time::SystemTime;

use holdfast_engine::backend::{MAX_AGE_DAYS, cache_folders};
use holdfast_engine::clock::Clock;
use holdfast_engine::repository::Repository;
use holdfast_machine::Folders;

use crate::output::Verbosity;
use crate::session::Session;

impl Session {
    /// The folder that holds the caches of all repositories; `None` without a home folder.
    pub(crate) fn cache_base(&self) -> Option<PathBuf> {
        let asked = self.global.cache_dir.clone();
        let of_variable = || self.environment.get_os("CACHE_DIR").map(PathBuf::from);
        let of_user = || Folders::of_this_user().ok().map(|folders| folders.cache);
        asked.or_else(of_variable).or_else(of_user)
    }

    /// The time as files have it.
    pub(crate) fn file_time(&self) -> SystemTime {
        self.clock.now().into()
    }

    /// The repository with a cache, if it is worth one or one was asked for.
    pub(crate) fn cached(&self, repository: Repository) -> Repository {
        let is_asked_for = self.global.cache_dir.is_some();
        let is_worth_it = repository.backend().is_worth_caching() || is_asked_for;
        let base = self.cache_base().filter(|_| is_worth_it && !self.global.no_cache);
        let Some(base) = base else { return repository };
        let repository = repository.cached_in(&base, self.file_time());
        if self.global.cleanup_cache {
            self.remove_old_caches(&base);
        }
        repository
    }

    fn remove_old_caches(&self, base: &std::path::Path) {
        let now = self.file_time();
        let found = cache_folders(base).unwrap_or_default();
        let old: Vec<_> = found.iter().filter(|cache| cache.is_old(now, MAX_AGE_DAYS)).collect();
        if !old.is_empty() {
            let text = format!("removing {} old cache dirs from {}", old.len(), base.display());
            self.terminal.say(Verbosity::Normal, &text);
        }
        for cache in old {
            if let Err(error) = cache.remove() {
                self.terminal.warn(&format!("unable to remove {}: {error}", cache.repository));
            }
        }
    }
}
