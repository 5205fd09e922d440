//! Work over all cores that fills packs, while full ones are stored.

use crossbeam_channel::Sender;
use parking_lot::Mutex;

use super::{Fence, Store, StoreError};
use crate::manners;
use crate::pack::FinishedPack;

impl Store<'_> {
    /// Runs `work` on a thread for each core, stores the packs that it fills, and makes everything
    /// durable when all are done.
    ///
    /// # Errors
    /// The first failure of any thread; the others stop then.
    pub(crate) fn run<E: From<StoreError> + Send>(
        &self,
        fence: Fence<'_>,
        work: &(dyn Fn(&Sender<FinishedPack>) -> Result<(), E> + Sync),
    ) -> Result<(), E> {
        let (full, packs) = crossbeam_channel::bounded(1);
        let failure: Mutex<Option<E>> = Mutex::new(None);
        // The first cause is the one that counts: what follows is its echo.
        let note = |result: Result<(), E>| {
            if let Err(error) = result {
                failure.lock().get_or_insert(error);
                self.stop();
            }
        };
        std::thread::scope(|scope| {
            for _ in 0..self.uploaders() {
                let (packs, note) = (packs.clone(), &note);
                let upload = move || note(self.upload(&packs, fence).map_err(E::from));
                scope.spawn(manners::as_here(upload));
            }
            drop(packs);
            let threads = std::thread::available_parallelism().map_or(1, usize::from);
            let workers: Vec<_> = (0..threads)
                .map(|_| {
                    let (full, note) = (full.clone(), &note);
                    scope.spawn(manners::as_here(move || note(work(&full))))
                })
                .collect();
            for worker in workers {
                if let Err(panic) = worker.join() {
                    std::panic::resume_unwind(panic);
                }
            }
            if failure.lock().is_none() {
                note(self.take_rest().map_err(E::from).and_then(|rest| {
                    let send = |pack| full.send(pack).map_err(|_| StoreError::Stopped.into());
                    rest.into_iter().try_for_each(send)
                }));
            }
            drop(full);
        });
        match failure.into_inner() {
            Some(error) => Err(error),
            None => Ok(self.flush(fence)?),
        }
    }
}
