//! Reading a repository back part by part, so that every pack has its turn.
//!
//! Packs are read in the order of their ids, which is by chance, and each check goes on behind the
//! pack that the last one ended with. So all that a caller has to remember between two checks is one
//! id. A new pack takes its place among the others: it is read at the latest when the order has been
//! gone through once since it came. Nothing is skipped when packs come and go, and none is read twice
//! before all others were read.

use std::fmt;
use std::str::FromStr;

use crate::backend::Listed;
use crate::id::PackId;

/// How far the reading has come. A caller keeps the one that a check returns, as text if it likes,
/// and gives it to the next.
///
/// ```
/// use holdfast_engine::check::Turn;
///
/// let turn = Turn::default();
/// assert_eq!(turn.to_string().parse(), Ok(turn));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Turn {
    /// How often all packs have been gone through. When it grows, every pack that was there when it
    /// last grew has been read since.
    pub rounds: u64,
    /// The pack that was read last in this round.
    after: Option<PackId>,
}

/// How much is read in one turn: at least one pack, and none twice. A pack that was found damaged
/// or could not be read has had its turn as well; it is told of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Share {
    /// The so manieth part of all bytes: as many checks read everything.
    OneOf(u32),
    /// So many bytes.
    Bytes(u64),
}

/// The text is not one that a [`Turn`] was written as.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} does not tell how far the reading of a repository has come")]
pub struct TurnError {
    /// The text.
    pub text: String,
}

impl fmt::Display for Turn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.rounds)?;
        self.after.map_or(Ok(()), |pack| write!(f, ":{pack}"))
    }
}

impl FromStr for Turn {
    type Err = TurnError;

    fn from_str(text: &str) -> Result<Self, TurnError> {
        let refused = || TurnError { text: text.to_owned() };
        let (rounds, after) = match text.split_once(':') {
            Some((rounds, pack)) => (rounds, Some(pack.parse().map_err(|_| refused())?)),
            None => (text, None),
        };
        Ok(Self { rounds: rounds.parse().map_err(|_| refused())?, after })
    }
}

impl Turn {
    /// The packs whose turn it is, and how far that comes.
    pub(super) fn choose(self, share: Share, mut packs: Vec<Listed>) -> (Vec<Listed>, Self) {
        packs.sort_unstable_by_key(|pack| pack.id);
        let all_bytes: u64 = packs.iter().map(|pack| pack.size).sum();
        let wanted = match share {
            Share::OneOf(parts) => all_bytes.div_ceil(u64::from(parts.max(1))),
            Share::Bytes(bytes) => bytes,
        };
        let is_read = |pack: &Listed| self.after.is_some_and(|after| pack.id <= after.0);
        let start = packs.partition_point(is_read);
        packs.rotate_left(start);
        let left_in_round = packs.len() - start;
        let (mut bytes, mut count) = (0, 0);
        while count < packs.len() && (count == 0 || bytes < wanted) {
            bytes += packs[count].size;
            count += 1;
        }
        packs.truncate(count);
        let ends_round = count >= left_in_round;
        // At the very end the next round begins anew, and not behind the last pack.
        let last = packs.last().filter(|_| count != left_in_round);
        let after = last.map(|pack| PackId(pack.id));
        (packs, Self { rounds: self.rounds + u64::from(ends_round), after })
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use super::*;
    use crate::id::RawId;

    fn pack(number: u64, size: u64) -> Listed {
        Listed { id: RawId::of(&number.to_le_bytes()), size }
    }

    fn packs(count: u64) -> Vec<Listed> {
        (0..count).map(|number| pack(number, 1 + number % 7)).collect()
    }

    #[test]
    fn as_many_checks_as_there_are_parts_read_every_pack_and_none_twice() {
        for (count, parts) in [(1, 4), (3, 4), (50, 4), (1000, 7), (1000, 1)] {
            let packs = packs(count);
            let (mut turn, mut read, mut checks) = (Turn::default(), BTreeSet::new(), 0);
            while turn.rounds == 0 {
                let chosen;
                (chosen, turn) = turn.choose(Share::OneOf(parts), packs.clone());
                let new = chosen.iter().filter(|pack| read.insert(pack.id)).count();
                assert!(new == chosen.len() || turn.rounds > 0, "read twice in one round");
                checks += 1;
            }
            assert_eq!(read.len() as u64, count, "{count} packs in {parts} parts");
            assert!(turn.rounds == 1 && checks <= parts, "{checks} checks for {parts} parts");
        }
    }

    #[test]
    fn every_pack_has_its_turn_while_others_come_and_go() {
        let mut random = 1u64;
        let mut chance = |of: u64| {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (random >> 33) % of
        };
        const PARTS: u32 = 8;
        let (mut there, mut next_number) = (BTreeMap::new(), 0);
        // When each pack came, or was last read.
        let mut waiting: BTreeMap<RawId, u32> = BTreeMap::new();
        let mut turn = Turn::default();
        for week in 0..400 {
            for _ in 0..chance(12) {
                let new = pack(next_number, 1 + chance(20));
                next_number += 1;
                there.insert(new.id, new);
                waiting.insert(new.id, week);
            }
            for _ in 0..chance(11) {
                let count = there.len() as u64;
                if let Some(id) = (count > 0).then(|| chance(count) as usize) {
                    let id = *there.keys().nth(id).expect("so many");
                    there.remove(&id);
                    waiting.remove(&id);
                }
            }
            // The state goes through its text every time, as it does between two starts.
            turn = turn.to_string().parse().expect("its own text");
            let (chosen, next) =
                turn.choose(Share::OneOf(PARTS), there.values().copied().collect());
            let ids: BTreeSet<RawId> = chosen.iter().map(|pack| pack.id).collect();
            assert_eq!(ids.len(), chosen.len(), "a pack is read twice at once");
            assert_eq!(chosen.is_empty(), there.is_empty());
            for id in ids {
                waiting.insert(id, week);
            }
            turn = next;
            let longest = waiting.values().map(|since| week - since).max().unwrap_or(0);
            assert!(longest <= 2 * PARTS, "a pack has waited for {longest} weeks");
        }
        assert!(turn.rounds > 30, "{turn:?}");
    }

    #[test]
    fn a_pack_that_is_gone_takes_nothing_with_it() {
        let all = packs(40);
        let (first, turn) = Turn::default().choose(Share::Bytes(30), all.clone());
        let last = first.last().expect("some").id;
        let rest: Vec<Listed> = all.into_iter().filter(|pack| pack.id != last).collect();
        let (second, _) = turn.choose(Share::Bytes(u64::MAX), rest.clone());
        assert_eq!(second.len(), rest.len());
        let read = first.len() - 1;
        let sorted: Vec<RawId> =
            rest.iter().map(|pack| pack.id).collect::<BTreeSet<_>>().into_iter().collect();
        assert_eq!(second[0].id, sorted[read]);
    }

    #[test]
    fn nothing_to_read_is_a_round_and_nonsense_is_no_turn() {
        let (chosen, turn) = Turn::default().choose(Share::OneOf(4), Vec::new());
        assert_eq!((chosen.len(), turn), (0, Turn { rounds: 1, after: None }));
        for text in ["", "x", "1:", "1:zz", "-1", "1:2:3"] {
            assert!(text.parse::<Turn>().is_err(), "{text}");
        }
    }
}
