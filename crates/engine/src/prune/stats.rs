//! The figures of a prune.

/// How many blobs, and how many bytes they take.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Tally {
    /// Number of blobs.
    pub blobs: u64,
    /// Number of their sealed bytes.
    pub bytes: u64,
}

impl Tally {
    pub(super) fn add(&mut self, bytes: u64) {
        self.blobs += 1;
        self.bytes += bytes;
    }
}

impl std::ops::AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        self.blobs += other.blobs;
        self.bytes += other.bytes;
    }
}

/// What there is, and what is to become of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PruneStats {
    /// Snapshots that were looked at.
    pub snapshots: usize,
    /// What they need, each blob once.
    pub used: Tally,
    /// Further copies of what they need.
    pub duplicates: Tally,
    /// What nothing needs, further copies among it.
    pub unused: Tally,
    /// Everything in the packs that are to be copied; their headers count in bytes, as for restic.
    pub to_repack: Tally,
    /// What is not copied of it.
    pub removed_by_repacking: Tally,
    /// What is in packs that nothing needs.
    pub to_remove: Tally,
    /// Bytes of blobs that are not compressed and could be.
    pub uncompressed_bytes: u64,
    /// Packs that hold nothing but what is needed.
    pub packs_used: usize,
    /// Packs that hold both.
    pub packs_partly_used: usize,
    /// Packs that nothing needs.
    pub packs_unused: usize,
    /// Packs that stay.
    pub packs_to_keep: usize,
    /// Packs to copy what is needed from.
    pub packs_to_repack: usize,
    /// Packs to remove.
    pub packs_to_remove: usize,
    /// Packs that no index file names, old enough to be removed, too.
    pub abandoned_packs: usize,
    /// Their size in bytes.
    pub abandoned_bytes: u64,
}

impl PruneStats {
    /// All blobs.
    #[must_use]
    pub fn total(&self) -> Tally {
        let mut total = self.used;
        total += self.unused;
        total
    }

    /// What goes, without packs that no index file names.
    #[must_use]
    pub fn pruned(&self) -> Tally {
        let mut pruned = self.removed_by_repacking;
        pruned += self.to_remove;
        pruned
    }

    /// What stays.
    #[must_use]
    pub fn remaining(&self) -> Tally {
        let (total, pruned) = (self.total(), self.pruned());
        Tally { blobs: total.blobs - pruned.blobs, bytes: total.bytes - pruned.bytes }
    }

    /// Bytes that nothing needs, and that stay.
    #[must_use]
    pub fn unused_bytes_after(&self) -> u64 {
        self.unused.bytes.saturating_sub(self.pruned().bytes)
    }
}
