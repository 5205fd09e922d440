//! Searching names in all snapshots at once.

use std::collections::{HashMap, HashSet};

use holdfast_engine::id::TreeId;

use super::folder::{Entry, FolderKey};
use super::looking::Folders;
use super::names::{Best, Found, Words, folded};
use super::{Catalogue, CatalogueError, guarded};

/// How many of the names that have the words are looked up: what is left out by a filter is taken
/// from the rest of these.
const CANDIDATES_MAX: usize = 5000;

/// No folder lies deeper, see [`super::fill`].
const DEPTH_MAX: usize = 2048;

/// An entry whose name was searched for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hit {
    /// Its path.
    pub path: Vec<u8>,
    /// What it is in the newest snapshot that has it.
    pub entry: Entry,
    /// That snapshot's place in the list that was asked about.
    pub snapshot: usize,
}

/// What a search found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Hits {
    /// Those whose names are most like what was asked for, first.
    pub hits: Vec<Hit>,
    /// True if there are more.
    pub has_more: bool,
}

impl Catalogue {
    /// Entries whose names hold each word of `text`, in snapshots with these topmost trees, the
    /// newest first; up to `count_max` of those that `is_wanted`. Only what is filled is searched.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn search(
        &self,
        folders: &Folders<'_>,
        text: &str,
        roots: &[TreeId],
        count_max: usize,
        is_wanted: &dyn Fn(&Entry) -> bool,
    ) -> Result<Hits, CatalogueError> {
        let Some(words) = Words::of(text) else { return Ok(Hits::default()) };
        let best = guarded(|| self.best(&words))?;
        let found_count = best.count;
        let candidates = best.into_sorted();
        let looked_at_all = found_count == candidates.len() as u64;
        let mut lookup = Lookup { folders, roots, numbers: HashMap::new() };
        let (mut hits, mut told) = (Vec::new(), HashSet::new());
        for found in candidates {
            for hit in lookup.hits(&words, &found) {
                if hits.len() == count_max {
                    return Ok(Hits { hits, has_more: true });
                }
                if is_wanted(&hit.entry) && told.insert(hit.path.clone()) {
                    hits.push(hit);
                }
            }
        }
        if folders.reading()?.is_none() {
            return Err(CatalogueError::Damaged);
        }
        Ok(Hits { hits, has_more: !looked_at_all })
    }

    /// Looks through all names, on two threads.
    fn best(&self, words: &Words) -> Result<Best, CatalogueError> {
        let half = |turn| {
            let mut best = Best::new(CANDIDATES_MAX);
            let reading = self.store.read()?;
            reading.each_block((turn, 2), |block| best.search(block, words))?;
            Ok(best)
        };
        std::thread::scope(|scope| {
            let other = scope.spawn(|| guarded(|| half(1)));
            let mut best = half(0)?;
            best.join(other.join().unwrap_or(Err(CatalogueError::Damaged))?);
            Ok(best)
        })
    }
}

/// Finds out where a name is now.
struct Lookup<'a> {
    folders: &'a Folders<'a>,
    roots: &'a [TreeId],
    /// Which of a folder's trees stands in a snapshot.
    numbers: HashMap<(FolderKey, usize), Option<u32>>,
}

impl Lookup<'_> {
    /// The entries of a folder that go by a name when it is folded, from the newest snapshot of
    /// each.
    fn hits(&mut self, words: &Words, found: &Found) -> Vec<Hit> {
        let Some(folder) = self.folders.folder(&found.folder) else { return Vec::new() };
        let is_meant = |name: &&[u8]| {
            let folded = folded(name);
            folded.as_bytes() == found.name && words.are_in(&folded)
        };
        let mut hits = Vec::new();
        for name in folder.names().filter(is_meant) {
            let newest = (0..self.roots.len()).find_map(|at| {
                let number = self.number_in(&found.folder, at, 0)?;
                Some((at, folder.entry(number, name)?))
            });
            if let Some((snapshot, entry)) = newest
                && let Some(mut path) = self.path_of(&found.folder)
            {
                path.push(b'/');
                path.extend_from_slice(name);
                hits.push(Hit { path, entry: entry.clone(), snapshot });
            }
        }
        hits
    }

    fn number_in(&mut self, key: &FolderKey, at: usize, depth: usize) -> Option<u32> {
        if let Some(number) = self.numbers.get(&(*key, at)) {
            return *number;
        }
        let number = self.look_for_number(key, at, depth);
        self.numbers.insert((*key, at), number);
        number
    }

    fn look_for_number(&mut self, key: &FolderKey, at: usize, depth: usize) -> Option<u32> {
        let folder = self.folders.folder(key)?;
        if *key == self.folders.top() {
            return folder.number_of(&self.roots[at]);
        }
        if depth > DEPTH_MAX {
            return None;
        }
        let parent = self.folders.folder(&folder.parent)?;
        let number = self.number_in(&folder.parent, at, depth + 1)?;
        folder.number_of(&parent.entry(number, &folder.name)?.subtree?)
    }

    fn path_of(&self, key: &FolderKey) -> Option<Vec<u8>> {
        let (mut key, mut names) = (*key, Vec::new());
        while key != self.folders.top() {
            let folder = self.folders.folder(&key)?;
            names.push(folder.name.clone());
            key = folder.parent;
            if names.len() > DEPTH_MAX {
                return None;
            }
        }
        names.reverse();
        Some(names.iter().flat_map(|name| [b"/", &**name].concat()).collect())
    }
}
