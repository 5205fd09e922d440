//! Decides what becomes of each pack.

use std::cmp::Ordering;
use std::collections::HashMap;

use super::mark::Marks;
use super::{PruneError, PruneOptions, PruneStats, Tally};
use crate::blob::BlobKind;
use crate::id::PackId;
use crate::index::{Index, PackSummary, Place};

/// Small packs are copied together only if there are so many of them (restic's figure).
const SMALL_PACKS_MIN: usize = 10;

/// No pack of this size is small unless others are far larger, in bytes (restic's figure).
const SMALL_BASE_BYTES: u64 = 4 << 20;

/// What becomes of a pack.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    /// It stays as it is.
    Keep,
    /// What is needed of it is copied, and it goes.
    Repack,
    /// It goes.
    Remove,
    /// It is gone already, and nothing needs it.
    Forget,
}

/// What was decided.
pub(super) struct Decided {
    pub(super) stats: PruneStats,
    /// By the numbers of the index's packs.
    pub(super) fates: Vec<Fate>,
    /// How many blobs are to be copied from each pack that is to be repacked.
    pub(super) needed: HashMap<PackId, u64>,
}

/// What a pack holds.
#[derive(Debug, Clone, Copy, Default)]
struct Facts {
    used: Tally,
    unused: Tally,
    has_data: bool,
    has_trees: bool,
    uncompressed_data: Tally,
    uncompressed_trees: Tally,
    /// Missing, or not of the size that the index says.
    is_lost: bool,
}

/// Decides. Of blobs that lie in several places, the marks are taken from all but the best one.
pub(super) fn decide(
    index: &Index,
    marks: &mut Marks,
    sizes: &HashMap<PackId, u64>,
    format_version: u32,
    options: &PruneOptions,
) -> Result<Decided, PruneError> {
    let packs: Vec<&PackSummary> = index.packs().collect();
    let mut stats = PruneStats::default();
    let mut facts: Vec<Facts> = packs
        .iter()
        .map(|pack| {
            let is_lost = sizes.get(&pack.id) != Some(&pack.file_bytes());
            Facts { is_lost, ..Facts::default() }
        })
        .collect();
    tally(index, marks, &mut facts, &mut stats);
    let deciding = Deciding { packs: &packs, sizes, format_version, options };
    let mut fates = deciding.whole_packs(&facts, &mut stats)?;
    deciding.repacks(&facts, &mut fates, &mut stats);
    for ((pack, fate), facts) in packs.iter().zip(&fates).zip(&facts) {
        stats.note(*fate, facts, pack);
        let is_compressible = format_version >= 2 && *fate == Fate::Keep;
        if is_compressible {
            stats.uncompressed_bytes += facts.uncompressed_data.bytes;
            stats.uncompressed_bytes += facts.uncompressed_trees.bytes;
        }
    }
    let all = packs.iter().zip(&fates).zip(&facts);
    let repacked = all.filter(|((_, fate), _)| **fate == Fate::Repack);
    let needed = repacked.map(|((pack, _), facts)| (pack.id, facts.used.blobs)).collect();
    Ok(Decided { stats, fates, needed })
}

/// Counts what is needed in each pack, and chooses among copies.
fn tally(index: &Index, marks: &mut Marks, facts: &mut [Facts], stats: &mut PruneStats) {
    // First what there is one copy of, so that it is known then which packs are mostly needed.
    for_each_blob(index, |copies| match copies {
        [only] if marks.is_used(only.number) => facts[only.pack as usize].count(only, true),
        [first, ..] if marks.is_used(first.number) => {}
        _ => copies.iter().for_each(|place| facts[place.pack as usize].count(place, false)),
    });
    let unique: Vec<Facts> = facts.to_vec();
    for_each_blob(index, |copies| {
        if copies.len() < 2 || !marks.is_used(copies[0].number) {
            return;
        }
        let best = copies.iter().max_by(|a, b| {
            let of = |place: &Place| &unique[place.pack as usize];
            of(a).compare_as_home(of(b)).then(b.number.cmp(&a.number))
        });
        let kept = best.map(|place| place.number);
        for place in copies {
            let is_kept = Some(place.number) == kept;
            facts[place.pack as usize].count(place, is_kept);
            if !is_kept {
                marks.unmark(place.number);
                stats.duplicates.add(place.length.into());
            }
        }
    });
}

/// Calls `visit` with all entries of each blob. The index is one segment, so they follow each other.
fn for_each_blob(index: &Index, mut visit: impl FnMut(&[Place])) {
    let mut copies: Vec<Place> = Vec::new();
    for place in index.places() {
        if !place.is_copy && !copies.is_empty() {
            visit(&copies);
            copies.clear();
        }
        copies.push(place);
    }
    if !copies.is_empty() {
        visit(&copies);
    }
}

impl Facts {
    fn count(&mut self, place: &Place, is_used: bool) {
        let bytes = place.length.into();
        let tally = if is_used { &mut self.used } else { &mut self.unused };
        tally.add(bytes);
        match place.kind {
            BlobKind::Data => self.has_data = true,
            BlobKind::Tree => self.has_trees = true,
        }
        match (place.is_compressed, place.kind) {
            (true, _) => {}
            (false, BlobKind::Data) => self.uncompressed_data.add(bytes),
            (false, BlobKind::Tree) => self.uncompressed_trees.add(bytes),
        }
    }

    fn bytes(&self) -> u64 {
        self.used.bytes + self.unused.bytes
    }

    /// Greater is the pack that a blob with several copies had better stay in: one that is whole, and
    /// that holds less that nothing needs.
    fn compare_as_home(&self, other: &Self) -> Ordering {
        let unused_share = |facts: &Self| (facts.unused.bytes, facts.bytes().max(1));
        let (ours, theirs) = (unused_share(self), unused_share(other));
        let shares = (u128::from(theirs.0) * u128::from(ours.1))
            .cmp(&(u128::from(ours.0) * u128::from(theirs.1)));
        other.is_lost.cmp(&self.is_lost).then(shares)
    }
}

struct Deciding<'a> {
    packs: &'a [&'a PackSummary],
    sizes: &'a HashMap<PackId, u64>,
    format_version: u32,
    options: &'a PruneOptions,
}

impl Deciding<'_> {
    /// What becomes of packs that are needed wholly or not at all. Refuses if one that is needed is
    /// not as it should be.
    fn whole_packs(
        &self,
        facts: &[Facts],
        stats: &mut PruneStats,
    ) -> Result<Vec<Fate>, PruneError> {
        let mut fates = Vec::with_capacity(facts.len());
        for (pack, facts) in self.packs.iter().zip(facts) {
            stats.used += facts.used;
            stats.unused += facts.unused;
            let is_needed = facts.used.blobs > 0;
            let counter = match (is_needed, facts.unused.blobs > 0) {
                (true, false) => &mut stats.packs_used,
                (true, true) => &mut stats.packs_partly_used,
                (false, _) => &mut stats.packs_unused,
            };
            *counter += 1;
            let id = pack.id;
            fates.push(match (is_needed, self.sizes.get(&id)) {
                (true, None) => return Err(PruneError::MissingPack { id }),
                (true, Some(actual)) if *actual != pack.file_bytes() => {
                    let expected = pack.file_bytes();
                    return Err(PruneError::WrongSize { id, actual: *actual, expected });
                }
                (true, Some(_)) => Fate::Keep,
                (false, None) => Fate::Forget,
                (false, Some(_)) => Fate::Remove,
            });
        }
        Ok(fates)
    }

    /// Chooses the packs to copy from.
    fn repacks(&self, facts: &[Facts], fates: &mut [Fate], stats: &mut PruneStats) {
        let small = self.small_limit(facts);
        let mut candidates = self.candidates(facts, fates, small);
        candidates.sort_by(|a, b| order(&facts[*a], &facts[*b], small));

        let gone = |facts: &Facts, fate: Fate| match fate {
            Fate::Remove | Fate::Forget => facts.unused.bytes,
            Fate::Keep | Fate::Repack => 0,
        };
        let freed: u64 = facts.iter().zip(&*fates).map(|(facts, fate)| gone(facts, *fate)).sum();
        let mut unused = stats.unused.bytes - freed;
        let tolerated = self.options.max_unused.bytes(stats.used.bytes);
        let limit = match self.options.max_repack_bytes {
            _ if self.options.remove_index_first => 0,
            limit => limit.unwrap_or(u64::MAX),
        };
        let mut repacked = 0;
        for number in candidates {
            let facts = &facts[number];
            let pack_bytes = self.packs[number].file_bytes();
            if repacked + pack_bytes > limit {
                continue;
            }
            let is_wanted = self.is_must(facts) || facts.bytes() < small || unused > tolerated;
            if is_wanted {
                fates[number] = Fate::Repack;
                repacked += pack_bytes;
                unused -= facts.unused.bytes;
            }
        }
    }

    /// Packs that are smaller than this had better be copied together.
    fn small_limit(&self, facts: &[Facts]) -> u64 {
        let mut sizes: Vec<u64> =
            facts.iter().filter(|facts| facts.used.blobs > 0).map(Facts::bytes).collect();
        sizes.sort_unstable();
        let third_percentile = sizes.get(sizes.len() * 3 / 100).copied().unwrap_or(0);
        let automatic = SMALL_BASE_BYTES.max(third_percentile) / 5 * 4;
        self.options.repack_smaller_than.unwrap_or(automatic)
    }

    /// What could be copied from: packs that hold something that nothing needs, and small ones, if
    /// there are enough of these to be worth the work.
    fn candidates(&self, facts: &[Facts], fates: &[Fate], small: u64) -> Vec<usize> {
        let is_allowed = |facts: &Facts| !(self.options.cacheable_only && facts.has_data);
        let kept = (0..facts.len()).filter(|n| fates[*n] == Fate::Keep && is_allowed(&facts[*n]));
        let (mut partly, whole): (Vec<usize>, Vec<usize>) =
            kept.partition(|n| facts[*n].unused.blobs > 0 || self.is_must(&facts[*n]));
        let whole_and_small: Vec<usize> =
            whole.into_iter().filter(|n| facts[*n].bytes() < small).collect();
        if whole_and_small.len() >= SMALL_PACKS_MIN {
            partly.extend(whole_and_small);
        }
        partly
    }

    /// Packs that no tolerance keeps: a reader fetches whole packs of trees, so these had better hold
    /// nothing else.
    fn is_must(&self, facts: &Facts) -> bool {
        let is_mixed = facts.has_data && facts.has_trees;
        let compresses = self.format_version >= 2;
        (facts.has_trees && (is_mixed || facts.unused.blobs > 0))
            || (compresses && facts.uncompressed_trees.blobs > 0)
            || (compresses && self.options.repack_uncompressed && facts.uncompressed_data.blobs > 0)
    }
}

/// Packs with trees first, then small ones, then those that hold the largest share of what nothing
/// needs (restic's order).
fn order(a: &Facts, b: &Facts, small: u64) -> Ordering {
    let rank = |facts: &Facts| match facts {
        facts if facts.has_trees => 0,
        facts if facts.bytes() < small => 1,
        _ => 2,
    };
    let share = |x: &Facts, y: &Facts| u128::from(x.unused.bytes) * u128::from(y.bytes());
    rank(a).cmp(&rank(b)).then_with(|| share(b, a).cmp(&share(a, b)))
}

impl PruneStats {
    fn note(&mut self, fate: Fate, facts: &Facts, pack: &PackSummary) {
        match fate {
            Fate::Keep => self.packs_to_keep += 1,
            Fate::Repack => {
                self.packs_to_repack += 1;
                let blobs = facts.used.blobs + facts.unused.blobs;
                self.to_repack += Tally { blobs, bytes: pack.file_bytes() };
                self.removed_by_repacking += facts.unused;
            }
            Fate::Remove | Fate::Forget => {
                self.packs_to_remove += usize::from(fate == Fate::Remove);
                self.to_remove += facts.unused;
            }
        }
    }
}
