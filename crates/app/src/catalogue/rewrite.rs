//! Writing a catalogue anew with the snapshots that are still there.
//!
//! What only removed snapshots had is found by going down from those that are left. The new file is
//! whole before it takes the old one's place.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use holdfast_engine::crypto::MasterKey;
use holdfast_engine::id::TreeId;

use super::fill::NewNames;
use super::folder::{FolderKey, key_in, mark_of, root_key};
use super::store::{Reading, Store, Writing};
use super::{Catalogue, CatalogueError, guarded, sealing_key};

/// So many folders are stored at once.
const FOLDERS_IN_TURN: usize = 2_000;

/// A folder, and the trees that stand there in a snapshot that is kept.
type Kept = (FolderKey, BTreeSet<[u8; 16]>);

impl Catalogue {
    /// Writes to `path`, where nothing stands, what is known of these snapshots and no other.
    ///
    /// # Errors
    /// When the one cannot be read or the other not written.
    pub fn rewrite(
        &self,
        path: &Path,
        master_key: &MasterKey,
        roots: &[TreeId],
    ) -> Result<(), CatalogueError> {
        guarded(|| {
            let new = Store::open(path, sealing_key(master_key), Some(self.store.salt))?;
            let old = self.store.read()?;
            let top = root_key(&self.store.salt);
            let mut open: Vec<Kept> = vec![(top, roots.iter().map(mark_of).collect())];
            while !open.is_empty() {
                new.write(|writing| self.copy_some(&old, writing, &mut open))?;
            }
            Ok(())
        })
    }

    fn copy_some(
        &self,
        old: &Reading<'_>,
        writing: &mut Writing<'_>,
        open: &mut Vec<Kept>,
    ) -> Result<(), CatalogueError> {
        let mut names = NewNames::begin(writing)?;
        for _ in 0..FOLDERS_IN_TURN {
            let Some((key, trees)) = open.pop() else { break };
            let Some(mut folder) = old.folder(&key)? else { continue };
            folder.keep(|mark| trees.contains(mark));
            for name in folder.names() {
                names.add(writing, &key, name)?;
            }
            let mut below: BTreeMap<&[u8], BTreeSet<[u8; 16]>> = BTreeMap::new();
            for (name, subtree) in folder.subfolders() {
                below.entry(name).or_default().insert(mark_of(&subtree));
            }
            let salt = &self.store.salt;
            open.extend(below.into_iter().map(|(name, trees)| (key_in(salt, &key, name), trees)));
            writing.put_folder(&key, &folder)?;
        }
        names.store(writing)
    }
}
