//! Reads packs back: the sum of the whole file, the header against the index, and every blob.
//!
//! Each pack is read once, from its beginning to its end, in pieces; so memory is bounded by the
//! number of threads and by the largest blob, whatever the size of the packs.

use std::sync::atomic::{AtomicUsize, Ordering};

use sha2::{Digest, Sha256};

use super::index::CheckedIndex;
use super::report::Report;
use crate::backend::{FileKind, FileName, Listed};
use crate::blob::PackedBlob;
use crate::id::{PackId, RawId};
use crate::monitor::{Cancellation, Event, FindingKind, Totals, with_causes};
use crate::repository::{ReadError, Repository};

const PIECE_BYTES: u64 = 8 << 20;

/// Reads the packs over all cores, and returns how many bytes they have.
pub(super) fn check(
    repository: &Repository,
    checked: &CheckedIndex,
    packs: &[Listed],
    report: &Report<'_>,
    cancel: &Cancellation,
) -> Result<u64, ReadError> {
    let bytes = packs.iter().map(|pack| pack.size).sum();
    let totals = Totals { files: packs.len() as u64, folders: 0, bytes, exact: true };
    report.event(Event::Total(totals));
    let next = AtomicUsize::new(0);
    let worker = || {
        let mut reader = PackReader { repository, checked, report, buffers: Buffers::default() };
        while let Some(pack) = packs.get(next.fetch_add(1, Ordering::Relaxed)) {
            if cancel.is_cancelled() {
                return;
            }
            reader.check(pack);
        }
    };
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        (0..threads.min(packs.len())).for_each(|_| drop(scope.spawn(worker)));
    });
    if cancel.is_cancelled() { Err(ReadError::Cancelled) } else { Ok(bytes) }
}

/// What one thread needs to read packs.
struct PackReader<'a> {
    repository: &'a Repository,
    checked: &'a CheckedIndex,
    report: &'a Report<'a>,
    buffers: Buffers,
}

#[derive(Default)]
struct Buffers {
    piece: Vec<u8>,
    /// What was read of the pack and is not done with.
    window: Vec<u8>,
    plain: Vec<u8>,
}

impl PackReader<'_> {
    /// Reads a pack, and once more if something is wrong with it: a disk or a line may err.
    fn check(&mut self, pack: &Listed) {
        let problems = self.problems(pack, true);
        if problems.is_empty() {
            return;
        }
        let id = PackId(pack.id);
        if self.problems(pack, false).is_empty() {
            let message =
                format!("pack {id} could only be read at the second try: {}", problems[0]);
            self.report.note(message);
            return;
        }
        for problem in problems {
            let message = format!("pack {id}: {problem}");
            self.report.broken_pack(id, FindingKind::Damaged, message);
        }
    }

    /// What is wrong with a pack.
    fn problems(&mut self, pack: &Listed, counts: bool) -> Vec<String> {
        let id = PackId(pack.id);
        let mut problems = Vec::new();
        let blobs = match self.repository.read_pack_header(id, pack.size) {
            Ok(blobs) => blobs,
            Err(error) => {
                problems.push(with_causes(&error));
                Vec::new()
            }
        };
        if problems.is_empty() {
            problems.extend(self.differs_from_index(id, &blobs));
        }
        match self.read_through(pack, &blobs, counts, &mut problems) {
            Ok(sum) if sum == pack.id => {}
            Ok(_) => problems.push("its content does not match its name".to_owned()),
            Err(error) => problems.push(with_causes(&error)),
        }
        problems
    }

    /// How the header differs from what the index says, if it does.
    fn differs_from_index(&self, id: PackId, blobs: &[PackedBlob]) -> Option<String> {
        let index = &self.checked.index;
        let is_known = |blob: &PackedBlob| {
            let places = index.locate_to_read(blob.kind, &blob.id);
            places.contains(&blob.location)
        };
        if let Some(blob) = blobs.iter().find(|blob| !is_known(blob)) {
            return Some(format!("the index does not know its {:?} blob {}", blob.kind, blob.id));
        }
        // What rustic says of the packs that it marked is not counted.
        let listed = self.checked.blob_counts.get(&id).copied();
        let listed = listed.or((!index.is_marked(&id)).then_some(0))?;
        (listed as usize != blobs.len())
            .then(|| format!("the index lists {listed} blobs in it, its header {}", blobs.len()))
    }

    /// Reads the whole pack, opens every blob on the way, and returns the sum of all bytes.
    fn read_through(
        &mut self,
        pack: &Listed,
        blobs: &[PackedBlob],
        counts: bool,
        problems: &mut Vec<String>,
    ) -> Result<RawId, ReadError> {
        let Buffers { piece, window, plain } = &mut self.buffers;
        let file = FileName::new(FileKind::Pack, pack.id);
        let mut sum = Sha256::new();
        let (mut read, mut window_start) = (0, 0);
        let (blobs, implausible): (Vec<&PackedBlob>, Vec<&PackedBlob>) =
            blobs.iter().partition(|blob| blob.has_plausible_length());
        for blob in implausible {
            let size = blob.location.plaintext_length();
            problems.push(format!("blob {} is said to have {size} bytes", blob.id));
        }
        let mut blobs = blobs.into_iter().peekable();
        window.clear();
        while read < pack.size {
            let length = (pack.size - read).min(PIECE_BYTES) as usize;
            self.repository
                .backend()
                .read_range(file, read, length, piece)
                .map_err(|source| ReadError::Backend { file, source })?;
            sum.update(&*piece);
            read += length as u64;
            if counts {
                self.report.event(Event::Bytes(length as u64));
            }
            if window.is_empty() {
                std::mem::swap(window, piece);
            } else {
                window.extend_from_slice(piece);
            }
            while let Some(blob) = blobs.next_if(|blob| end(blob) <= read) {
                let start = (u64::from(blob.location.offset) - window_start) as usize;
                let used = start + blob.location.length as usize;
                if let Err(error) = self.repository.open_blob(&window[start..used], blob, plain) {
                    problems.push(with_causes(&error));
                }
            }
            // Kept is what a blob begins in that is still to be opened.
            let next = blobs.peek().map_or(read, |blob| u64::from(blob.location.offset).min(read));
            window.drain(..(next - window_start) as usize);
            window_start = next;
        }
        Ok(RawId::from_bytes(sum.finalize().into()))
    }
}

fn end(blob: &PackedBlob) -> u64 {
    u64::from(blob.location.offset) + u64::from(blob.location.length)
}
