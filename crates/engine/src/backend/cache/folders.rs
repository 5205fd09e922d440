//! The caches that there are: one folder for each repository.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use crate::id::RawId;

/// A cache that was not used for so many days is old, unless it is said otherwise (restic's figure).
pub const MAX_AGE_DAYS: u64 = 30;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// The cache of one repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CacheFolder {
    /// The id of the repository.
    pub repository: RawId,
    /// When the cache was last used.
    pub used: SystemTime,
    path: PathBuf,
}

/// All caches below a folder, the one that was used longest ago first. Whatever else lies there is
/// passed over.
///
/// # Errors
/// When the folder is there and cannot be read.
pub fn cache_folders(base: &Path) -> io::Result<Vec<CacheFolder>> {
    let entries = match fs::read_dir(base) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        read => read?,
    };
    let mut found = Vec::new();
    for entry in entries {
        let entry = entry?;
        let Some(repository) = entry.file_name().to_str().and_then(|name| name.parse().ok()) else {
            continue;
        };
        let metadata = entry.metadata()?;
        if metadata.is_dir() {
            found.push(CacheFolder { repository, used: metadata.modified()?, path: entry.path() });
        }
    }
    found.sort_by_key(|cache| (cache.used, cache.repository));
    Ok(found)
}

impl CacheFolder {
    /// How long ago it was used, in whole days.
    #[must_use]
    pub fn age_days(&self, now: SystemTime) -> u64 {
        now.duration_since(self.used).unwrap_or_default().as_secs() / DAY.as_secs()
    }

    /// True if it was not used for more than so many days.
    #[must_use]
    pub fn is_old(&self, now: SystemTime, max_age_days: u64) -> bool {
        let max_age = DAY.saturating_mul(u32::try_from(max_age_days).unwrap_or(u32::MAX));
        now.duration_since(self.used).unwrap_or_default() > max_age
    }

    /// How many bytes its files have.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        bytes_below(&self.path)
    }

    /// Removes it. Whoever uses it at the moment fetches what it needs from the storage.
    ///
    /// # Errors
    /// When something of it stays.
    pub fn remove(&self) -> io::Result<()> {
        fs::remove_dir_all(&self.path)
    }
}

/// Links are not followed, and what goes meanwhile counts nothing.
fn bytes_below(folder: &Path) -> u64 {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries
        .filter_map(|entry| Some((entry.path(), entry.metadata().ok()?)))
        .map(|(path, metadata)| match metadata.is_dir() {
            true => bytes_below(&path),
            false => metadata.len(),
        })
        .sum()
}
