//! Packs that are being filled.
//!
//! Of each kind of blob two packs are open at a time, and chance decides which of them a blob goes
//! to. Whoever sees the sizes of a pack's blobs in order cannot tell the order of a file's chunks
//! from them, and so not the polynomial that cut it (restic #5291).

use parking_lot::Mutex;

use crate::blob::BlobKind;
use crate::id::BlobId;
use crate::pack::PackBuilder;

/// Open packs of one kind.
const OPEN_PACKS: usize = 2;

/// The open packs of one kind of blob.
pub(crate) struct Packer {
    kind: BlobKind,
    pack_bytes: usize,
    open: [Mutex<Option<PackBuilder>>; OPEN_PACKS],
}

/// Memory of packs that were stored, for the next ones: asking the operating system for fresh pages
/// costs about as much time as copying a pack.
#[derive(Default)]
pub(crate) struct SpareBuffers(Mutex<Vec<Vec<u8>>>);

/// More than this many are never of use.
const SPARE_BUFFERS_MAX: usize = 2;

impl SpareBuffers {
    /// Takes the memory of a pack that was stored.
    pub(crate) fn give(&self, buffer: Vec<u8>) {
        let mut spare = self.0.lock();
        if spare.len() < SPARE_BUFFERS_MAX {
            spare.push(buffer);
        }
    }

    fn take(&self, capacity: usize) -> Vec<u8> {
        self.0.lock().pop().unwrap_or_else(|| Vec::with_capacity(capacity))
    }
}

/// A sealed blob on its way into a pack.
pub(crate) struct Sealed<'a> {
    pub(crate) id: BlobId,
    pub(crate) bytes: &'a [u8],
    pub(crate) uncompressed_length: Option<u32>,
}

impl Packer {
    /// Packs of blobs of this kind that are closed when they reach `pack_bytes`.
    pub(crate) fn new(kind: BlobKind, pack_bytes: u32) -> Self {
        let open = std::array::from_fn(|_| Mutex::new(None));
        Self { kind, pack_bytes: pack_bytes as usize, open }
    }

    /// Adds a blob; returns the pack if that filled it.
    pub(crate) fn add(&self, blob: &Sealed<'_>, spare: &SpareBuffers) -> Option<PackBuilder> {
        // A blob that fills a pack by itself gets one of its own.
        if blob.bytes.len() >= self.pack_bytes {
            let mut alone = PackBuilder::with_capacity(blob.bytes.len() + 128);
            alone.add(self.kind, blob.id, blob.bytes, blob.uncompressed_length);
            return Some(alone);
        }
        let chance = getrandom::u32().unwrap_or_default() as usize % OPEN_PACKS;
        let mut open = self.open[chance].lock();
        let capacity = self.pack_bytes + self.pack_bytes / 8;
        let pack = open.get_or_insert_with(|| PackBuilder::in_buffer(spare.take(capacity)));
        pack.add(self.kind, blob.id, blob.bytes, blob.uncompressed_length);
        let is_full = pack.bytes() >= self.pack_bytes || pack.is_header_full();
        if is_full { open.take() } else { None }
    }

    /// Takes what is left: one pack where that is enough.
    pub(crate) fn take_rest(&self) -> Vec<PackBuilder> {
        let taken = self.open.iter().filter_map(|open| open.lock().take());
        let mut rest: Vec<PackBuilder> = taken.filter(|pack| !pack.is_empty()).collect();
        if let [first, second] = rest.as_mut_slice()
            && first.bytes() + second.bytes() < self.pack_bytes
            && first.has_room_for_header_of(second)
        {
            first.append(second);
            rest.pop();
        }
        rest
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::blob::PackedBlob;
    use crate::crypto::MasterKey;

    fn sealed(id: BlobId, bytes: &[u8]) -> Sealed<'_> {
        Sealed { id, bytes, uncompressed_length: None }
    }

    #[test]
    fn no_pack_tells_in_which_order_its_blobs_came() {
        let packer = Packer::new(BlobKind::Data, 1000);
        let ids: Vec<_> = (0..2000_u32).map(|n| BlobId::of(&n.to_le_bytes())).collect();
        let spare = SpareBuffers::default();
        let full = ids.iter().filter_map(|id| packer.add(&sealed(*id, &[1; 9]), &spare));
        let packs: Vec<_> =
            full.collect::<Vec<_>>().into_iter().chain(packer.take_rest()).collect();
        assert!(packs.len() > 10);
        let key = MasterKey::generate().expect("chance");
        for pack in packs.into_iter().filter(|pack| pack.bytes() >= 1000) {
            let blobs = pack.finish(&key).blobs;
            let number = |blob: &PackedBlob| ids.iter().position(|id| *id == blob.id);
            let numbers: Vec<_> = blobs.iter().filter_map(number).collect();
            // With one pack open at a time, all would be neighbours. By chance about half are.
            let neighbours = numbers.windows(2).filter(|pair| pair[0] + 1 == pair[1]).count();
            assert!(neighbours < numbers.len() * 3 / 4, "{neighbours} of {}", numbers.len());
        }
    }

    #[test]
    fn what_is_left_goes_into_one_pack_if_it_fits() {
        let packer = Packer::new(BlobKind::Data, 1000);
        for n in 0..10u32 {
            packer.add(&sealed(BlobId::of(&n.to_le_bytes()), &[1; 50]), &SpareBuffers::default());
        }
        let rest = packer.take_rest();
        assert_eq!(rest.iter().map(PackBuilder::bytes).collect::<Vec<_>>(), [500]);
        assert!(packer.take_rest().is_empty());
    }

    #[test]
    fn what_is_left_stays_apart_if_one_header_could_not_name_it_all() {
        let packer = Packer::new(BlobKind::Data, 128 << 20);
        for n in 0..420_000u32 {
            let blob = Sealed {
                uncompressed_length: Some(1),
                ..sealed(BlobId::of(&n.to_le_bytes()), b"")
            };
            assert!(packer.add(&blob, &SpareBuffers::default()).is_none());
        }
        assert_eq!(packer.take_rest().len(), 2);
    }

    #[test]
    fn a_blob_as_large_as_a_pack_is_alone_in_it() {
        let packer = Packer::new(BlobKind::Data, 1000);
        packer.add(&sealed(BlobId::of(b"small"), &[1; 50]), &SpareBuffers::default());
        let alone = packer
            .add(&sealed(BlobId::of(b"large"), &[1; 1000]), &SpareBuffers::default())
            .expect("full");
        assert_eq!(alone.bytes(), 1000);
    }
}
