//! The catalogues of this person's repositories: opened when somebody looks, filled in the background.
//!
//! They are filled after each look at a repository that shows a snapshot they do not know, the newest
//! first. Filling stops while an operation works on the repository or waits for it, and in a pause;
//! it waits while the window asks for something. It has no lock, for it changes nothing. Where a
//! catalogue cannot be had, everything goes on without it.

use std::collections::{HashMap, HashSet};
use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use holdfast_engine::id::{SnapshotId, TreeId};
use holdfast_engine::manners;
use holdfast_engine::repository::ReadError;
use parking_lot::{Condvar, Mutex};

use crate::api::RepositoryId;
use crate::browse::RepositorySource;
use crate::catalogue::{Catalogue, CatalogueError, FillError};
use crate::durable;
use crate::error::AppError;
use crate::repositories::Ready;
use crate::state::State;

/// A catalogue that is larger is written anew with the newest half of its snapshots.
const BYTES_MAX: u64 = 512 << 20;

/// Snapshots older than all it knows are added until it is this large.
const BYTES_WITH_OLDER_MAX: u64 = BYTES_MAX / 4 * 3;

/// So many removed snapshots are kept in any case before it is written anew.
const REMOVED_KEPT: usize = 10;

/// Catalogues, and how far they are.
pub(crate) struct Catalogues {
    folder: PathBuf,
    open: Mutex<HashMap<RepositoryId, Arc<Catalogue>>>,
    /// Those that are being filled.
    filling: Mutex<HashSet<RepositoryId>>,
    /// Snapshots that need not be looked at again: they are known, or cannot be.
    settled: Mutex<HashMap<RepositoryId, HashSet<SnapshotId>>>,
    asking: Arc<Asking>,
}

/// How many questions of the window are being answered.
#[derive(Default)]
struct Asking {
    count: Mutex<usize>,
    ended: Condvar,
}

/// A question that is being answered.
pub(crate) struct Asked(Arc<Asking>);

impl Drop for Asked {
    fn drop(&mut self) {
        *self.0.count.lock() -= 1;
        self.0.ended.notify_all();
    }
}

/// How a filling ended.
enum Filled {
    /// There is nothing more to do now.
    Settled,
    /// Something else came first.
    Stopped,
}

impl Catalogues {
    pub(crate) fn new(folder: PathBuf) -> Self {
        Self {
            folder,
            open: Mutex::default(),
            filling: Mutex::default(),
            settled: Mutex::default(),
            asking: Arc::default(),
        }
    }

    /// Filling waits until the answer is dropped.
    pub(crate) fn ask(&self) -> Asked {
        *self.asking.count.lock() += 1;
        Asked(self.asking.clone())
    }

    fn wait_while_asked(&self) {
        let mut count = self.asking.count.lock();
        self.asking.ended.wait_while(&mut count, |count| *count > 0);
    }

    /// The catalogue of a repository, if there can be one. One that is of no use is begun anew.
    pub(crate) fn of(&self, ready: &Ready) -> Option<Arc<Catalogue>> {
        let mut open = self.open.lock();
        if let Some(catalogue) = open.get(&ready.entry.id) {
            return Some(catalogue.clone());
        }
        durable::make_folder(&self.folder).ok()?;
        let (path, key) = (self.path_of(ready), ready.repository.master_key());
        let opened = match Catalogue::open(&path, key) {
            Err(error) if error.is_damage() => {
                fs::remove_file(&path).ok()?;
                Catalogue::open(&path, key)
            }
            opened => opened,
        };
        let catalogue = Arc::new(opened.ok()?);
        if catalogue.root_count().is_ok_and(|count| count == 0) {
            // Whatever was known is known no more.
            self.settled.lock().remove(&ready.entry.id);
        }
        open.insert(ready.entry.id.clone(), catalogue.clone());
        Some(catalogue)
    }

    /// Named by the repository's config: what is in it belongs to that, whatever it is called here.
    fn path_of(&self, ready: &Ready) -> PathBuf {
        self.path_named(&ready.repository.config().id.to_string())
    }

    fn path_named(&self, config_id: &str) -> PathBuf {
        self.folder.join(format!("{config_id}.redb"))
    }

    /// Closes those that nobody uses.
    pub(crate) fn close_unused(&self) {
        let mut open = self.open.lock();
        let is_unused = |catalogue: &Arc<Catalogue>| Arc::strong_count(catalogue) == 1;
        let unused: Vec<_> =
            open.iter().filter(|(_, one)| is_unused(one)).map(|(id, _)| id.clone()).collect();
        for id in unused {
            close(open.remove(&id));
        }
    }

    /// Throws away what turned out to be of no use. It is filled again after the next look.
    pub(crate) fn discard(&self, ready: &Ready) {
        let mut open = self.open.lock();
        close(open.remove(&ready.entry.id));
        self.settled.lock().remove(&ready.entry.id);
        // What stays is found to be damaged when it is opened next.
        let _ = fs::remove_file(self.path_of(ready));
    }

    /// Removes what is known of a repository that is no longer one of this person's.
    pub(crate) fn forget(&self, id: &RepositoryId, config_id: Option<&str>) {
        close(self.open.lock().remove(id));
        self.settled.lock().remove(id);
        if let Some(config_id) = config_id {
            // It is a cache: what cannot be removed harms nobody.
            let _ = fs::remove_file(self.path_named(config_id));
        }
    }

    fn is_settled<'a>(
        &self,
        id: &RepositoryId,
        mut snapshots: impl Iterator<Item = &'a str>,
    ) -> bool {
        let settled = self.settled.lock();
        let settled = settled.get(id);
        let is_one = |one: SnapshotId| settled.is_some_and(|settled| settled.contains(&one));
        snapshots.all(|one| one.parse().is_ok_and(is_one))
    }

    fn settle(&self, id: &RepositoryId, snapshot: SnapshotId) {
        self.settled.lock().entry(id.clone()).or_default().insert(snapshot);
    }

    /// Writes a catalogue anew with these snapshots.
    fn rewrite(
        &self,
        ready: &Ready,
        catalogue: Arc<Catalogue>,
        roots: &[TreeId],
    ) -> Result<(), CatalogueError> {
        let path = self.path_of(ready);
        let beside = path.with_extension("new");
        // What a rewriting left that was interrupted.
        let _ = fs::remove_file(&beside);
        let key = ready.repository.master_key();
        let written = catalogue.rewrite(&beside, key, roots);
        let mut open = self.open.lock();
        open.remove(&ready.entry.id);
        close(Some(catalogue));
        // Where an open file cannot be replaced, the old one stays until next time.
        let replaced = written.is_ok() && fs::rename(&beside, &path).is_ok();
        if !replaced {
            let _ = fs::remove_file(&beside);
        }
        written
    }
}

impl State {
    /// Fills the catalogue of a repository on a thread of its own, if a snapshot was seen that it
    /// may not know.
    pub(crate) fn fill_in_background(self: &Arc<Self>, id: &RepositoryId) {
        if !self.wants_filling(id) || !self.catalogues.filling.lock().insert(id.clone()) {
            return;
        }
        let (state, filled, at_work) = (self.clone(), id.clone(), self.works());
        let spawned = std::thread::Builder::new().name("catalogue".to_owned()).spawn(move || {
            if state.file().settings.step_aside {
                manners::take_on(state.surroundings.step_aside.clone());
            }
            // Without a catalogue, what is asked for is read from the repository.
            while matches!(state.fill(&filled), Ok(Filled::Stopped)) && state.may_fill(&filled) {}
            state.catalogues.filling.lock().remove(&filled);
            state.catalogues.close_unused();
            drop(state);
            drop(at_work);
        });
        if spawned.is_err() {
            // There may be a thread after the next look.
            self.catalogues.filling.lock().remove(id);
        }
    }

    fn wants_filling(&self, id: &RepositoryId) -> bool {
        let seen = self.facts_of(id).snapshots.unwrap_or_default();
        let seen = seen.iter().map(|snapshot| snapshot.id.as_str());
        self.may_fill(id) && !self.catalogues.is_settled(id, seen)
    }

    /// True if nothing else comes first.
    fn may_fill(&self, id: &RepositoryId) -> bool {
        let is_wanted = !self.is_closing.load(Ordering::Acquire) && self.paused().is_none();
        is_wanted && self.queue.lock().user_of(id).is_none()
    }

    fn fill(&self, id: &RepositoryId) -> Result<Filled, AppError> {
        let ready = self.open(id)?;
        let snapshots = self.shelf.snapshots(&ready)?;
        let Some(catalogue) = self.catalogues.of(&ready) else { return Ok(Filled::Settled) };
        let roots: Vec<TreeId> = snapshots.iter().rev().map(|(_, one)| one.tree).collect();
        let ids = snapshots.iter().rev().map(|(id, _)| *id);
        let Ok(known) = catalogue.filled(&roots) else {
            self.catalogues.discard(&ready);
            return Ok(Filled::Settled);
        };
        let source = RepositorySource::fresh(&self.shelf, &ready);
        let may_go_on = || {
            self.catalogues.wait_while_asked();
            self.may_fill(id)
        };
        let is_older = |at: usize| known[..at].iter().any(|is_known| *is_known);
        for (at, (snapshot, root)) in ids.zip(&roots).enumerate() {
            let is_left_out = is_older(at) && catalogue.size() > BYTES_WITH_OLDER_MAX;
            if known[at] || is_left_out {
                self.catalogues.settle(id, snapshot);
                continue;
            }
            match catalogue.fill(*root, &source, BYTES_MAX, &may_go_on) {
                Ok(()) => {}
                Err(FillError::Stopped) => return Ok(Filled::Stopped),
                Err(FillError::Read(ReadError::Backend { .. } | ReadError::List { .. })) => {
                    return Ok(Filled::Settled);
                }
                Err(FillError::Catalogue(CatalogueError::Full)) => {
                    let kept = known_of(&roots, &catalogue).unwrap_or_default();
                    let half = &kept[..kept.len() / 2];
                    let is_smaller = !kept.is_empty()
                        && self.catalogues.rewrite(&ready, catalogue, half).is_ok();
                    if is_smaller {
                        // Again, with the room that there is now.
                        return Ok(Filled::Stopped);
                    }
                    // It is too large by itself.
                    self.catalogues.settle(id, snapshot);
                    return Ok(Filled::Settled);
                }
                Err(FillError::Catalogue(error)) => {
                    if error.is_damage() {
                        self.catalogues.discard(&ready);
                    }
                    return Ok(Filled::Settled);
                }
                // What cannot be read is not tried again until the app starts anew.
                Err(_) => {}
            }
            self.catalogues.settle(id, snapshot);
        }
        self.drop_removed(&ready, catalogue, &roots);
        Ok(Filled::Settled)
    }

    /// Gives back the room of snapshots that are gone, once there are enough of them.
    fn drop_removed(&self, ready: &Ready, catalogue: Arc<Catalogue>, roots: &[TreeId]) {
        let (Ok(kept), Ok(all)) = (known_of(roots, &catalogue), catalogue.root_count()) else {
            return;
        };
        let distinct: HashSet<_> = kept.iter().collect();
        if all.saturating_sub(distinct.len()) > REMOVED_KEPT + kept.len() / 4 {
            // What cannot be written anew now stays as it is.
            let _ = self.catalogues.rewrite(ready, catalogue, &kept);
        }
    }
}

/// Closes a catalogue, unless somebody looks into it: then it is closed after that.
fn close(catalogue: Option<Arc<Catalogue>>) {
    if let Some(last) = catalogue.and_then(Arc::into_inner) {
        last.close();
    }
}

fn known_of(roots: &[TreeId], catalogue: &Catalogue) -> Result<Vec<TreeId>, CatalogueError> {
    let known = catalogue.filled(roots)?;
    Ok(roots.iter().zip(known).filter(|(_, is_known)| *is_known).map(|(root, _)| *root).collect())
}
