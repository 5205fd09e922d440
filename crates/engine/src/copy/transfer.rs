//! Reads blobs where they lie in packs, and hands them to the store of the destination.

use std::sync::atomic::{AtomicUsize, Ordering};

use crossbeam_channel::Sender;

use super::need::kind_of;
use super::{CopyError, Work};
use crate::backend::BackendErrorKind;
use crate::blob::PackedBlob;
use crate::id::PackId;
use crate::monitor::{Event, Phase, Totals};
use crate::pack::FinishedPack;
use crate::repository::{ReadError, Repository};
use crate::store::{Frame, Sealer, Store, ranges};

/// Blobs that are copied together; shared by all threads.
pub(super) struct Transfer<'a> {
    work: &'a Work<'a>,
    /// The blobs of each pack, in the order in which they lie there.
    packs: Vec<(PackId, &'a [PackedBlob])>,
    next: AtomicUsize,
}

impl<'a> Transfer<'a> {
    /// `needed` is sorted by pack and offset.
    pub(super) fn new(work: &'a Work<'_>, needed: &'a [PackedBlob]) -> Self {
        let of_one_pack = |a: &PackedBlob, b: &PackedBlob| a.location.pack == b.location.pack;
        let packs = needed.chunk_by(of_one_pack).map(|blobs| (blobs[0].location.pack, blobs));
        Self { work, packs: packs.collect(), next: AtomicUsize::new(0) }
    }

    /// Tells how much there is to do.
    pub(super) fn announce(&self) {
        let monitor = self.work.watch.monitor;
        let bytes = self.packs.iter().map(|(_, blobs)| size(blobs)).sum();
        let totals = Totals { files: self.packs.len() as u64, folders: 0, bytes, exact: true };
        monitor.event(Event::Phase(Phase::Working));
        monitor.event(Event::Total(totals));
    }

    /// What one thread does.
    pub(super) fn work(&self, full: &Sender<FinishedPack>) -> Result<(), CopyError> {
        let (source, store) = (self.work.copy.source, self.work.store);
        let sealer = store.sealer()?;
        let keeps_frames = self.work.copy.destination.config().version >= 2;
        let mut copier = Copier {
            source,
            store,
            work: self.work,
            keeps_frames,
            sealer,
            range: Vec::new(),
            frame: Vec::new(),
            plain: Vec::new(),
        };
        while let Some((pack, blobs)) = self.packs.get(self.next.fetch_add(1, Ordering::Relaxed)) {
            self.work.check_cancelled()?;
            copier.copy(*pack, blobs, full)?;
            self.work.watch.monitor.event(Event::Bytes(size(blobs)));
        }
        Ok(())
    }
}

fn size(blobs: &[PackedBlob]) -> u64 {
    blobs.iter().map(|blob| u64::from(blob.location.length)).sum()
}

/// One thread's tools.
struct Copier<'a> {
    source: &'a Repository,
    store: &'a Store<'a>,
    work: &'a Work<'a>,
    /// True if the destination takes compressed blobs.
    keeps_frames: bool,
    sealer: Sealer,
    range: Vec<u8>,
    frame: Vec<u8>,
    plain: Vec<u8>,
}

impl Copier<'_> {
    fn copy(
        &mut self,
        pack: PackId,
        blobs: &[PackedBlob],
        full: &Sender<FinishedPack>,
    ) -> Result<(), CopyError> {
        let is_plausible =
            |a: &PackedBlob, b: &PackedBlob| a.has_plausible_length() == b.has_plausible_length();
        // What cannot be is not asked of the storage; it may lie right in another pack.
        for blobs in blobs.chunk_by(is_plausible) {
            for range in ranges(blobs) {
                let is_read = range.blobs[0].has_plausible_length()
                    && range.read(self.source, pack, &mut self.range).is_ok();
                for blob in range.blobs {
                    let opened = is_read && self.open(range.of(blob), blob).is_ok();
                    if !opened && !self.read_again(blob)? {
                        continue;
                    }
                    self.store(blob, opened, full)?;
                }
            }
        }
        Ok(())
    }

    /// Opens a blob of what was read, and sees that it is what it should be.
    fn open(&mut self, at: std::ops::Range<usize>, blob: &PackedBlob) -> Result<(), ReadError> {
        let sealed = &self.range[at];
        if self.keeps_frames && blob.location.uncompressed_length.is_some() {
            return self.source.open_compressed_blob(
                sealed,
                blob,
                &mut self.frame,
                &mut self.plain,
            );
        }
        self.source.open_blob(sealed, blob, &mut self.plain)
    }

    /// Reads a blob by itself, from any pack that has it; false if none has. What the storage says
    /// when it is gone altogether ends the copy.
    fn read_again(&mut self, blob: &PackedBlob) -> Result<bool, CopyError> {
        match self.source.read_blob(self.work.index, blob.kind, blob.id) {
            Ok(plain) => {
                self.plain = plain;
                Ok(true)
            }
            Err(ReadError::Backend { file, source })
                if source.kind == BackendErrorKind::Offline =>
            {
                Err(CopyError::Source { source: ReadError::Backend { file, source } })
            }
            Err(error) => {
                self.work.fail(kind_of(&error), "", &error);
                Ok(false)
            }
        }
    }

    /// Stores the blob that was opened; as it is compressed if it `has_frame` and is.
    fn store(
        &mut self,
        blob: &PackedBlob,
        has_frame: bool,
        full: &Sender<FinishedPack>,
    ) -> Result<(), CopyError> {
        let PackedBlob { id, kind, location } = *blob;
        match location.uncompressed_length.filter(|_| has_frame && self.keeps_frames) {
            Some(uncompressed_length) => {
                let frame = Frame { kind, id, bytes: &self.frame, uncompressed_length };
                self.store.add_frame(frame, &mut self.sealer, full)?;
            }
            None => drop(self.store.add(kind, id, &self.plain, &mut self.sealer, full)?),
        }
        Ok(())
    }
}
