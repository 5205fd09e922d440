//! Blobs of one pack that are worth reading in one go.

use crate::backend::{BackendError, FileKind, FileName};
use crate::blob::PackedBlob;
use crate::id::PackId;
use crate::repository::Repository;

/// What lies between two blobs that are needed is read along with them up to this many bytes; more
/// costs longer than asking twice.
const GAP_BYTES_MAX: u64 = 256 << 10;

/// The most that is read at once, unless a single blob is larger.
const RANGE_BYTES_MAX: u64 = 16 << 20;

/// Blobs that follow each other closely.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Range<'a> {
    /// In the order in which they lie in the pack.
    pub(crate) blobs: &'a [PackedBlob],
    start: u64,
    end: u64,
}

impl Range<'_> {
    /// Reads all of it into `out`.
    pub(crate) fn read(
        &self,
        repository: &Repository,
        pack: PackId,
        out: &mut Vec<u8>,
    ) -> Result<(), BackendError> {
        let length = (self.end - self.start) as usize;
        let file = FileName::new(FileKind::Pack, pack.0);
        repository.backend().read_range(file, self.start, length, out)
    }

    /// Where one of its blobs lies in what was read.
    pub(crate) fn of(&self, blob: &PackedBlob) -> std::ops::Range<usize> {
        let at = (u64::from(blob.location.offset) - self.start) as usize;
        at..at + blob.location.length as usize
    }
}

/// Groups blobs of one pack, which are sorted by their offsets. They may lie over each other: an
/// index can say anything.
pub(crate) fn ranges(blobs: &[PackedBlob]) -> impl Iterator<Item = Range<'_>> {
    let mut rest = blobs;
    std::iter::from_fn(move || {
        let first = rest.first()?;
        let start = u64::from(first.location.offset);
        let mut range_end = end(first);
        let mut count = 1;
        while let Some(blob) = rest.get(count) {
            let gap = u64::from(blob.location.offset).saturating_sub(range_end);
            if gap > GAP_BYTES_MAX || end(blob).saturating_sub(start) > RANGE_BYTES_MAX {
                break;
            }
            range_end = range_end.max(end(blob));
            count += 1;
        }
        let (blobs, after) = rest.split_at(count);
        rest = after;
        Some(Range { blobs, start, end: range_end })
    })
}

fn end(blob: &PackedBlob) -> u64 {
    u64::from(blob.location.offset) + u64::from(blob.location.length)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::blob::{BlobKind, BlobLocation};
    use crate::id::BlobId;

    fn blob(offset: u32, length: u32) -> PackedBlob {
        let location = BlobLocation {
            pack: PackId::from_bytes([0; 32]),
            offset,
            length,
            uncompressed_length: None,
        };
        PackedBlob { id: BlobId::of(&offset.to_le_bytes()), kind: BlobKind::Data, location }
    }

    #[test]
    fn blobs_that_lie_near_each_other_are_read_in_one_go() {
        let blobs = [
            blob(0, 100),
            blob(100, 50),
            blob(1000, 10),
            blob(2 << 20, 5),
            blob(2_200_000, 16 << 20),
        ];
        let found: Vec<usize> = ranges(&blobs).map(|range| range.blobs.len()).collect();
        assert_eq!(found, [3, 1, 1]);
        assert_eq!(ranges(&[]).count(), 0);
    }

    #[test]
    fn blobs_that_lie_over_each_other_are_all_within_what_is_read() {
        let blobs = [blob(10, 1000), blob(10, 5), blob(500, 20), blob(600, 900)];
        let all: Vec<Range<'_>> = ranges(&blobs).collect();
        assert_eq!(all.len(), 1);
        assert_eq!((all[0].start, all[0].end), (10, 1500));
        assert_eq!(blobs.map(|blob| all[0].of(&blob)), [0..1000, 0..5, 490..510, 590..1490]);
    }
}
