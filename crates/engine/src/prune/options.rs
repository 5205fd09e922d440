//! What a prune keeps, and what it copies.

use std::str::FromStr;
use std::time::Duration;

use crate::codec::Compression;
use crate::id::SnapshotId;
use crate::pack::PACK_BYTES_DEFAULT;

/// How old a pack that no index file names must be before it is removed. A program that writes
/// without locks (rustic does) may still be about to name it.
const UNINDEXED_AGE_MIN: Duration = Duration::from_secs(48 * 60 * 60);

/// How a prune is made.
#[derive(Debug, Clone)]
pub struct PruneOptions {
    /// How much that nothing needs may stay.
    pub max_unused: MaxUnused,
    /// Copy packs of at most so many bytes in all; `None` for no limit.
    pub max_repack_bytes: Option<u64>,
    /// Copy packs that are smaller than this together; `None` to decide by the size of the others.
    pub repack_smaller_than: Option<u64>,
    /// Copy packs of trees only.
    pub cacheable_only: bool,
    /// Copy, and compress on the way, packs that hold uncompressed data.
    pub repack_uncompressed: bool,
    /// How blobs are compressed that were not.
    pub compression: Compression,
    /// The size of new packs, in bytes.
    pub pack_bytes: u32,
    /// Read back what is sealed anew before it is stored.
    pub extra_verify: bool,
    /// How old packs that no index file names must be to be removed.
    pub unindexed_age_min: Duration,
    /// Remove the index files that change, and the packs, before their successors are stored: for a
    /// storage so full that it does not even take an index file. Stopped in between, the repository
    /// needs [`repair index`](crate::repair) before it can be used. Nothing is copied then.
    pub remove_index_first: bool,
    /// Only plan: nothing is stored, and carrying the plan out is refused.
    pub dry_run: bool,
    /// Snapshots to plan without, as if they were removed already. Only for a dry run.
    pub assume_forgotten: Vec<SnapshotId>,
}

impl Default for PruneOptions {
    fn default() -> Self {
        Self {
            max_unused: MaxUnused::default(),
            max_repack_bytes: None,
            repack_smaller_than: None,
            cacheable_only: false,
            repack_uncompressed: false,
            compression: Compression::Auto,
            pack_bytes: PACK_BYTES_DEFAULT,
            extra_verify: true,
            unindexed_age_min: UNINDEXED_AGE_MIN,
            remove_index_first: false,
            dry_run: false,
            assume_forgotten: Vec::new(),
        }
    }
}

/// How much that nothing needs may stay in packs that hold something needed as well.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum MaxUnused {
    /// So many bytes.
    Bytes(u64),
    /// So much of what the repository holds afterwards, in percent.
    Percent(f64),
    /// Any amount: only packs go that nothing needs at all.
    Unlimited,
}

impl Default for MaxUnused {
    /// restic's figure.
    fn default() -> Self {
        Self::Percent(5.0)
    }
}

impl MaxUnused {
    /// The same in bytes, when so many are used.
    #[must_use]
    pub fn bytes(self, used_bytes: u64) -> u64 {
        match self {
            Self::Bytes(bytes) => bytes,
            Self::Unlimited => u64::MAX,
            #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "saturates")]
            Self::Percent(percent) => (percent / (100.0 - percent) * used_bytes as f64) as u64,
        }
    }
}

/// The text is no limit of unused data.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("invalid limit of unused data: {text}")]
pub struct MaxUnusedError {
    /// The text.
    pub text: String,
}

impl FromStr for MaxUnused {
    type Err = MaxUnusedError;

    /// Reads `unlimited`, a percentage below 100 as in `5%`, or bytes with restic's suffixes.
    fn from_str(text: &str) -> Result<Self, MaxUnusedError> {
        let failed = || MaxUnusedError { text: text.to_owned() };
        let text = text.trim();
        if text == "unlimited" {
            return Ok(Self::Unlimited);
        }
        if let Some(percent) = text.strip_suffix('%') {
            let percent: f64 = percent.parse().map_err(|_| failed())?;
            return (0.0..100.0)
                .contains(&percent)
                .then_some(Self::Percent(percent))
                .ok_or_else(failed);
        }
        let (digits, shift) = match text.char_indices().next_back() {
            Some((at, 'k' | 'K')) => (&text[..at], 10),
            Some((at, 'm' | 'M')) => (&text[..at], 20),
            Some((at, 'g' | 'G')) => (&text[..at], 30),
            Some((at, 't' | 'T')) => (&text[..at], 40),
            Some((at, 'b' | 'B')) => (&text[..at], 0),
            _ => (text, 0),
        };
        let number: u64 = digits.parse().map_err(|_| failed())?;
        number.checked_mul(1 << shift).map(Self::Bytes).ok_or_else(failed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_is_given_in_percent_in_bytes_or_not_at_all() {
        let read = |text: &str| text.parse::<MaxUnused>();
        assert_eq!(read("5%"), Ok(MaxUnused::Percent(5.0)));
        assert_eq!(read("0"), Ok(MaxUnused::Bytes(0)));
        assert_eq!(read("10M"), Ok(MaxUnused::Bytes(10 << 20)));
        assert_eq!(read("unlimited"), Ok(MaxUnused::Unlimited));
        for text in ["", "100%", "-1%", "5 %x", "many", "99999999999999T"] {
            assert!(read(text).is_err(), "{text}");
        }
    }

    #[test]
    fn percent_are_of_what_is_there_afterwards() {
        assert_eq!(MaxUnused::Percent(50.0).bytes(100), 100);
        assert_eq!(MaxUnused::Percent(5.0).bytes(95), 5);
    }
}
