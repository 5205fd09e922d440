//! Finds cuts, in four places at once.
//!
//! Where a cut is allowed at all, the fingerprint depends on nothing but the 64 bytes before it:
//! the byte that restic puts in front of every chunk has left the window by then, and nothing
//! before the shortest chunk's last 64 bytes has to be looked at. So a stretch can be divided into
//! lanes that are worked through side by side, which hides how long each step waits for the last.

use super::{CHUNK_BYTES_MAX, CHUNK_BYTES_MIN, Polynomial};

const WINDOW_BYTES: usize = 64;
const DEGREE: u32 = 53;
const CUT_MASK: u64 = (1 << 20) - 1;
const LANES: usize = 4;
/// Long enough that filling the windows of the lanes costs little, short enough that little is
/// searched in vain behind a cut.
const LANE_BYTES_MAX: usize = 8 << 10;

/// Finds where chunks end, for one polynomial.
///
/// ```
/// use holdfast_engine::chunker::{ChunkFinder, Polynomial};
///
/// let finder = ChunkFinder::new(Polynomial::random()?);
/// let file = vec![0; 3 << 20];
/// let lengths: Vec<usize> = finder.chunk_lengths(&file).collect();
/// assert_eq!(lengths.iter().sum::<usize>(), file.len());
/// assert!(lengths.iter().all(|length| *length <= 8 << 20));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct ChunkFinder {
    /// What reduces the eight bits that a step shifts over the polynomial's degree.
    reduction: Box<[u64; 256]>,
    /// What a byte that leaves the window has contributed, one step later.
    departure: Box<[u64; 256]>,
}

/// How far the search for the end of the current chunk has come.
#[derive(Debug, Clone, Copy, Default)]
pub struct CutSearch {
    searched: usize,
}

impl std::fmt::Debug for ChunkFinder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The tables give the polynomial away, which is secret.
        f.write_str("ChunkFinder")
    }
}

impl ChunkFinder {
    /// A finder of the cuts that `polynomial` makes.
    #[must_use]
    pub fn new(polynomial: Polynomial) -> Self {
        let mut reduction = Box::new([0; 256]);
        let mut departure = Box::new([0; 256]);
        for byte in 0..256 {
            let high = (byte as u64) << DEGREE;
            reduction[byte] = high | remainder(high, polynomial.bits());
        }
        for byte in 0..256 {
            let mut digest = byte as u64;
            for _ in 0..WINDOW_BYTES {
                digest = digest << 8 ^ reduction[usize::from((digest >> (DEGREE - 8)) as u8)];
            }
            departure[byte] = digest;
        }
        Self { reduction, departure }
    }

    /// The length of the chunk that `data` begins with; `None` if more data has to tell.
    ///
    /// `data` begins where the chunk begins and may go on behind it; `is_end` says that the file
    /// ends where it does. Called again for the same chunk, with more data behind the same, the
    /// search goes on where it stopped. `search` is ready for the next chunk once a cut is found.
    /// At the end of a file there is no chunk of length 0.
    #[must_use]
    pub fn find_cut(&self, search: &mut CutSearch, data: &[u8], is_end: bool) -> Option<usize> {
        let end = data.len().min(CHUNK_BYTES_MAX);
        let mut from = search.searched.max(CHUNK_BYTES_MIN - 1);
        while from < end {
            let span = (end - from).min(LANES * LANE_BYTES_MAX);
            if let Some(cut) = self.search_span(data, from, span) {
                *search = CutSearch::default();
                return Some(cut);
            }
            from += span;
        }
        if data.len() >= CHUNK_BYTES_MAX {
            *search = CutSearch::default();
            return Some(CHUNK_BYTES_MAX);
        }
        if is_end {
            *search = CutSearch::default();
            return Some(data.len()).filter(|length| *length > 0);
        }
        search.searched = from;
        None
    }

    /// The lengths of the chunks of a whole file.
    pub fn chunk_lengths<'a>(&'a self, file: &'a [u8]) -> impl Iterator<Item = usize> + 'a {
        let mut rest = file;
        std::iter::from_fn(move || {
            let length = self.find_cut(&mut CutSearch::default(), rest, true)?;
            rest = &rest[length..];
            Some(length)
        })
    }

    /// The first cut behind one of the `span` bytes from `from` on. `from` is at least
    /// [`WINDOW_BYTES`].
    fn search_span(&self, data: &[u8], from: usize, span: usize) -> Option<usize> {
        let lane_bytes = span / LANES;
        if lane_bytes < WINDOW_BYTES {
            return self.search_rest(data, from, span);
        }
        let in_lanes = lane_bytes * LANES;
        self.search_lanes(data, from, lane_bytes)
            .or_else(|| self.search_rest(data, from + in_lanes, span - in_lanes))
    }

    /// As [`search_span`](Self::search_span), in one lane.
    fn search_rest(&self, data: &[u8], from: usize, span: usize) -> Option<usize> {
        let bytes = &data[from - WINDOW_BYTES..from + span];
        let digest = self.digest_of(&bytes[..WINDOW_BYTES]);
        self.search_one(digest, bytes).map(|at| from + at + 1)
    }

    /// As [`search_span`](Self::search_span), for [`LANES`] stretches of `length` bytes.
    fn search_lanes(&self, data: &[u8], from: usize, length: usize) -> Option<usize> {
        let lane = |nth: usize| {
            let start = from + nth * length;
            &data[start - WINDOW_BYTES..start + length]
        };
        let lanes: [&[u8]; LANES] = std::array::from_fn(lane);
        let mut digests = self.digests_of(&lanes);
        let found = self.first_in_lanes(&mut digests, &lanes, length)?;
        // What an earlier lane still has in front of it comes first in the file.
        for (earlier, (bytes, digest)) in lanes.iter().zip(digests).enumerate().take(found.lane) {
            if let Some(at) = self.search_one(digest, &bytes[found.at + 1..]) {
                return Some(from + earlier * length + found.at + 1 + at + 1);
            }
        }
        Some(from + found.lane * length + found.at + 1)
    }

    /// Steps all lanes until one of them finds a cut.
    #[inline]
    fn first_in_lanes(
        &self,
        digests: &mut [u64; LANES],
        lanes: &[&[u8]; LANES],
        length: usize,
    ) -> Option<Found> {
        let [a, b, c, d] = lanes.map(|lane| &lane[WINDOW_BYTES..][..length]);
        let [ga, gb, gc, gd] = lanes.map(|lane| &lane[..length]);
        let [mut da, mut db, mut dc, mut dd] = *digests;
        for at in 0..length {
            da = self.step(da, ga[at], a[at]);
            db = self.step(db, gb[at], b[at]);
            dc = self.step(dc, gc[at], c[at]);
            dd = self.step(dd, gd[at], d[at]);
            if da & CUT_MASK == 0 || db & CUT_MASK == 0 || dc & CUT_MASK == 0 || dd & CUT_MASK == 0
            {
                *digests = [da, db, dc, dd];
                let lane = digests.iter().position(|digest| digest & CUT_MASK == 0)?;
                return Some(Found { lane, at });
            }
        }
        None
    }

    /// Where in `bytes`, which begin with the window that `digest` is of, the first cut is.
    fn search_one(&self, mut digest: u64, bytes: &[u8]) -> Option<usize> {
        let leaving = bytes.iter();
        let entering = bytes.get(WINDOW_BYTES..)?.iter();
        for (at, (gone, come)) in leaving.zip(entering).enumerate() {
            digest = self.step(digest, *gone, *come);
            if digest & CUT_MASK == 0 {
                return Some(at);
            }
        }
        None
    }

    /// The digest after one byte has left the window and another has entered it.
    #[inline(always)]
    fn step(&self, digest: u64, gone: u8, come: u8) -> u64 {
        let shifted = digest << 8 ^ self.reduction[usize::from((digest >> (DEGREE - 8)) as u8)];
        shifted ^ (self.departure[usize::from(gone)] ^ u64::from(come))
    }

    /// The digest of a full window.
    fn digest_of(&self, window: &[u8]) -> u64 {
        window.iter().fold(0, |digest, byte| self.enter(digest, *byte))
    }

    /// The digests of the windows that the lanes begin with.
    fn digests_of(&self, lanes: &[&[u8]; LANES]) -> [u64; LANES] {
        let windows = lanes.map(|lane| &lane[..WINDOW_BYTES]);
        let mut digests = [0; LANES];
        for at in 0..WINDOW_BYTES {
            for (digest, window) in digests.iter_mut().zip(windows) {
                *digest = self.enter(*digest, window[at]);
            }
        }
        digests
    }

    #[inline(always)]
    fn enter(&self, digest: u64, come: u8) -> u64 {
        let reduced = self.reduction[usize::from((digest >> (DEGREE - 8)) as u8)];
        digest << 8 ^ reduced ^ u64::from(come)
    }
}

/// A cut that was found.
struct Found {
    lane: usize,
    /// How many bytes of the lane came before the last byte of the chunk.
    at: usize,
}

/// `value mod polynomial`, over GF(2).
fn remainder(mut value: u64, polynomial: u64) -> u64 {
    while let Some(degree) = value.checked_ilog2().filter(|degree| *degree >= DEGREE) {
        value ^= polynomial << (degree - DEGREE);
    }
    value
}
