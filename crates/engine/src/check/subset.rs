//! Which packs a check reads back.

use std::str::FromStr;

use super::turn::{Share, Turn};
use crate::backend::Listed;

/// Packs are told apart by the first byte of their ids.
const PARTS_MAX: u16 = 256;

/// Which packs to read back.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub enum DataSubset {
    /// None: only the structure is verified.
    #[default]
    None,
    /// Every one.
    All,
    /// The `number`th of `of` parts, always the same packs; over time, all parts make a whole.
    Part {
        /// From 1 to `of`.
        number: u16,
        /// How many parts, at most 256.
        of: u16,
    },
    /// So many of a hundred, by count, chosen anew each time; at least one.
    Percent(f64),
    /// Until so many bytes are reached, chosen anew each time; at least one.
    Bytes(u64),
    /// Those whose turn it is. [`CheckOutcome::next_turn`](super::CheckOutcome::next_turn) says where
    /// the next check goes on.
    Turn {
        /// How far the reading has come.
        turn: Turn,
        /// How much to read.
        share: Share,
    },
}

/// The text is not a part of the data.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is neither a part (2/5), nor a percentage (2.5%), nor a size (500M)")]
pub struct DataSubsetError {
    /// The text.
    pub text: String,
}

impl FromStr for DataSubset {
    type Err = DataSubsetError;

    /// Reads what restic's `--read-data-subset` takes.
    fn from_str(text: &str) -> Result<Self, DataSubsetError> {
        let refused = || DataSubsetError { text: text.to_owned() };
        if let Some((number, of)) = text.split_once('/') {
            let number: u16 = number.parse().map_err(|_| refused())?;
            let of: u16 = of.parse().map_err(|_| refused())?;
            let is_valid = number > 0 && number <= of && of <= PARTS_MAX;
            return if is_valid { Ok(Self::Part { number, of }) } else { Err(refused()) };
        }
        if let Some(percent) = text.strip_suffix('%') {
            let percent: f64 = percent.parse().map_err(|_| refused())?;
            let is_valid = percent > 0.0 && percent <= 100.0;
            return if is_valid { Ok(Self::Percent(percent)) } else { Err(refused()) };
        }
        parse_bytes(text).filter(|bytes| *bytes > 0).map(Self::Bytes).ok_or_else(refused)
    }
}

/// A number of bytes with one of the letters K, M, G and T, or B, or none.
fn parse_bytes(text: &str) -> Option<u64> {
    let unit = text.chars().last()?;
    let shift = match unit.to_ascii_uppercase() {
        'B' | '0'..='9' => 0,
        'K' => 10,
        'M' => 20,
        'G' => 30,
        'T' => 40,
        _ => return None,
    };
    let number: u64 =
        text.strip_suffix(|c: char| c.is_ascii_alphabetic()).unwrap_or(text).parse().ok()?;
    number.checked_mul(1 << shift)
}

impl DataSubset {
    /// The packs to read, of all there are, and the next turn if there are turns.
    pub(super) fn choose(self, packs: Vec<Listed>) -> (Vec<Listed>, Option<Turn>) {
        if let Self::Turn { turn, share } = self {
            let (chosen, next) = turn.choose(share, packs);
            return (chosen, Some(next));
        }
        (self.choose_without_turns(packs), None)
    }

    fn choose_without_turns(self, packs: Vec<Listed>) -> Vec<Listed> {
        match self {
            Self::None | Self::Turn { .. } => Vec::new(),
            Self::All => packs,
            Self::Part { number, of } => {
                let is_chosen = |pack: &Listed| u16::from(pack.id.as_bytes()[0]) % of == number - 1;
                packs.into_iter().filter(is_chosen).collect()
            }
            Self::Percent(percent) => {
                let count = (packs.len() as f64 * percent / 100.0) as usize;
                let mut packs = shuffled(packs);
                packs.truncate(count.max(1));
                packs
            }
            Self::Bytes(bytes) => {
                let mut packs = shuffled(packs);
                let mut sum = 0;
                let is_enough = |pack: &Listed| {
                    let is_reached = sum >= bytes;
                    sum += pack.size;
                    is_reached
                };
                let count = packs.iter().position(is_enough).unwrap_or(packs.len());
                packs.truncate(count);
                packs
            }
        }
    }
}

/// The packs in an order that differs each time. Without random bytes they stay as they are: a
/// check of the wrong part is better than none.
fn shuffled(mut packs: Vec<Listed>) -> Vec<Listed> {
    for last in (1..packs.len()).rev() {
        let random = getrandom::u64().unwrap_or(last as u64);
        packs.swap(last, (random % (last as u64 + 1)) as usize);
    }
    packs
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::RawId;

    #[test]
    fn the_forms_that_restic_takes_are_read() {
        let check = |text: &str, expected| assert_eq!(text.parse().ok(), expected, "{text}");
        check("2/5", Some(DataSubset::Part { number: 2, of: 5 }));
        check("2.5%", Some(DataSubset::Percent(2.5)));
        check("100%", Some(DataSubset::Percent(100.0)));
        check("500M", Some(DataSubset::Bytes(500 << 20)));
        check("3g", Some(DataSubset::Bytes(3 << 30)));
        check("1000", Some(DataSubset::Bytes(1000)));
        for text in
            ["", "0/5", "6/5", "1/257", "1/0", "0%", "101%", "x%", "NaN%", "0", "-1", "5X", "M"]
        {
            check(text, None);
        }
    }

    #[test]
    fn the_parts_make_a_whole() {
        let packs: Vec<Listed> = (0..=255)
            .map(|first| Listed { id: RawId::from_bytes([first; 32]), size: 10 })
            .collect();
        for of in [1, 7, 256] {
            for number in 1..=of {
                let chosen = DataSubset::Part { number, of }.choose(packs.clone()).0;
                // restic's rule.
                assert!(
                    chosen.iter().all(|pack| u16::from(pack.id.as_bytes()[0]) % of == number - 1)
                );
            }
        }
        let part = |number| DataSubset::Part { number, of: 7 }.choose(packs.clone()).0;
        let mut all: Vec<Listed> = (1..=7).flat_map(part).collect();
        all.sort_by_key(|pack| pack.id);
        assert_eq!(all, packs);
        assert_eq!(DataSubset::Percent(0.001).choose(packs.clone()).0.len(), 1);
        assert_eq!(DataSubset::Percent(50.0).choose(packs.clone()).0.len(), 128);
        assert_eq!(DataSubset::Bytes(25).choose(packs.clone()).0.len(), 3);
        assert_eq!(DataSubset::Bytes(u64::MAX).choose(packs.clone()).0.len(), 256);
        assert!(DataSubset::Percent(50.0).choose(Vec::new()).0.is_empty());
    }
}
