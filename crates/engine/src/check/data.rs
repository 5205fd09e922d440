//! Reads packs back: the sum of the whole file, the header against the index, and every blob.
//!
//! Each pack is read once, from its beginning to its end, in pieces of whole blobs; so memory is
//! bounded by the number of threads and by the largest blob, whatever the size of the packs. The sum
//! of the file goes on while its blobs are hashed.

use std::sync::atomic::{AtomicUsize, Ordering};

use super::index::CheckedIndex;
use super::report::Report;
use crate::backend::{FileKind, FileName, Listed};
use crate::blob::PackedBlob;
use crate::id::{PackId, RawId};
use crate::manners;
use crate::monitor::{Cancellation, Event, FindingKind, Totals, with_causes};
use crate::repository::{Beside, Contents, ReadError, Repository};
use crate::sum::Sum;

/// Most bytes of a piece, unless one blob has more.
const PIECE_BYTES_MAX: u64 = 4 << 20;

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
    // The large ones first, so that all cores are busy to the end.
    let mut packs: Vec<&Listed> = packs.iter().collect();
    packs.sort_by_key(|pack| std::cmp::Reverse(pack.size));
    let next = AtomicUsize::new(0);
    let worker = || {
        let mut reader = PackReader { repository, checked, report, buffers: Buffers::default() };
        while let Some(&pack) = packs.get(next.fetch_add(1, Ordering::Relaxed)) {
            if cancel.is_cancelled() {
                return;
            }
            reader.check(pack);
        }
    };
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        (0..threads.min(packs.len())).for_each(|_| drop(scope.spawn(manners::as_here(worker))));
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
    contents: Contents,
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
        let Buffers { piece, contents } = &mut self.buffers;
        let file = FileName::new(FileKind::Pack, pack.id);
        let (blobs, implausible): (Vec<&PackedBlob>, Vec<&PackedBlob>) =
            blobs.iter().partition(|blob| blob.has_plausible_length());
        for blob in implausible {
            let size = blob.location.plaintext_length();
            problems.push(format!("blob {} is said to have {size} bytes", blob.id));
        }
        let (mut sum, mut whole) = (Sum::new(), None);
        let mut blobs = blobs.as_slice();
        let mut read = 0;
        while whole.is_none() {
            let (count, piece_end) = next_piece(blobs, read, pack.size);
            let length = (piece_end - read) as usize;
            self.repository
                .backend()
                .read_range(file, read, length, piece)
                .map_err(|source| ReadError::Backend { file, source })?;
            if counts {
                self.report.event(Event::Bytes(length as u64));
            }
            let in_piece = blobs.split_off(..count).expect("so many were counted");
            let in_piece: Vec<_> =
                in_piece.iter().map(|blob| (*blob, sealed(blob, piece, read))).collect();
            let mut to_open = in_piece.as_slice();
            let is_last = piece_end == pack.size;
            let mut beside = Some(Beside { sum: &mut sum, more: piece, is_last });
            while beside.is_some() || !to_open.is_empty() {
                let (opened, ended) =
                    self.repository.open_together(to_open, beside.take(), contents);
                whole = whole.or(ended);
                to_open = &to_open[opened..];
                let broken = contents.each().filter_map(Result::err);
                problems.extend(broken.map(|error| with_causes(error)));
            }
            read = piece_end;
        }
        Ok(whole.expect("the sum ended with the last piece"))
    }
}

/// How many blobs are read next, and where their piece of the pack ends.
fn next_piece(blobs: &[&PackedBlob], start: u64, size: u64) -> (usize, u64) {
    let piece_end = size.min(start + PIECE_BYTES_MAX);
    let Some(first) = blobs.first() else { return (0, piece_end) };
    let first_start = u64::from(first.location.offset);
    if first_start > start && end(first) > piece_end {
        // What lies before it is no blob, or one that is passed over.
        return (0, piece_end.min(first_start));
    }
    let after_first = blobs[1..].iter().take_while(|blob| end(blob) <= piece_end).count();
    let last = blobs[after_first];
    if after_first + 1 == blobs.len() && end(last) <= piece_end {
        // The header follows.
        return (blobs.len(), piece_end);
    }
    (after_first + 1, end(last))
}

/// The blob's bytes in a piece that begins at `start`.
fn sealed<'a>(blob: &PackedBlob, piece: &'a [u8], start: u64) -> &'a [u8] {
    let from = (u64::from(blob.location.offset) - start) as usize;
    &piece[from..from + blob.location.length as usize]
}

fn end(blob: &PackedBlob) -> u64 {
    u64::from(blob.location.offset) + u64::from(blob.location.length)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::blob::{BlobKind, BlobLocation};
    use crate::id::BlobId;

    /// Blobs behind each other, of these lengths.
    fn blobs(lengths: &[u32]) -> Vec<PackedBlob> {
        let mut offset = 0;
        let blob = |length: &u32| {
            let pack = PackId::of(b"any");
            let location =
                BlobLocation { pack, offset, length: *length, uncompressed_length: None };
            offset += length;
            PackedBlob { id: BlobId::of(b"any"), kind: BlobKind::Data, location }
        };
        lengths.iter().map(blob).collect()
    }

    #[test]
    fn pieces_make_up_the_pack_and_hold_whole_blobs() {
        const MIB: u32 = 1 << 20;
        for lengths in [
            &[][..],
            &[100, 32, 32],
            &[MIB; 20],
            &[9 * MIB, 3 * MIB, MIB, 1, 4 * MIB, 4 * MIB + 1, 32],
            &[4 * MIB],
        ] {
            for header in [0, 60, 5 * u64::from(MIB)] {
                // Any of them may be passed over because its length is not plausible.
                for left_out in 0..=lengths.len() {
                    let mut all = blobs(lengths);
                    let size = all.last().map_or(0, end) + header;
                    if left_out < all.len() {
                        all.remove(left_out);
                    }
                    let all: Vec<_> = all.iter().collect();
                    let (mut left, mut read) = (all.as_slice(), 0);
                    while read < size {
                        let (count, piece_end) = next_piece(left, read, size);
                        assert!(piece_end > read && piece_end <= size, "{lengths:?}");
                        let few = count <= 1 || piece_end - read <= PIECE_BYTES_MAX;
                        assert!(few, "{lengths:?}");
                        for blob in left.split_off(..count).expect("so many are left") {
                            let start = u64::from(blob.location.offset);
                            assert!(start >= read && end(blob) <= piece_end, "{lengths:?}");
                        }
                        read = piece_end;
                    }
                    assert!(left.is_empty(), "{lengths:?} without {left_out}");
                }
            }
        }
    }
}
