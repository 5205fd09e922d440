//! Names as they are searched: folded, in blocks that are read from end to end.
//!
//! A million names are some twenty megabytes. To read them all takes less time than to keep an index
//! of their parts true, and finds any part of any name.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use memchr::memmem::Finder;

use super::bytes::{Reader, Writer};
use super::folder::FolderKey;

/// A block that holds so much is full.
const BLOCK_BYTES: usize = 128 << 10;

/// Ends a name in a block.
const END: u8 = 0;

/// A name as it is compared: small letters, and nothing of what is no text.
pub(super) fn folded(name: &[u8]) -> String {
    let text = String::from_utf8_lossy(name);
    let small = text.chars().flat_map(char::to_lowercase);
    small.map(|character| if character == '\0' { '\u{1}' } else { character }).collect()
}

/// Names of several folders.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Block {
    /// Each folder, and where its names end in the text.
    folders: Vec<(FolderKey, usize)>,
    /// Each name with [`END`] behind it.
    text: Vec<u8>,
}

impl Block {
    pub(super) fn is_full(&self) -> bool {
        self.text.len() >= BLOCK_BYTES
    }

    /// Adds a name of a folder.
    pub(super) fn add(&mut self, folder: &FolderKey, name: &[u8]) {
        self.text.extend_from_slice(folded(name).as_bytes());
        self.text.push(END);
        match self.folders.last_mut() {
            Some((last, end)) if last == folder => *end = self.text.len(),
            _ => self.folders.push((*folder, self.text.len())),
        }
    }

    pub(super) fn encode(&self) -> Vec<u8> {
        let mut all = Writer::default();
        all.number(self.folders.len() as u64);
        let mut end_before = 0;
        for (folder, end) in &self.folders {
            all.bytes.extend_from_slice(folder);
            all.number((end - end_before) as u64);
            end_before = *end;
        }
        all.string(&self.text);
        all.bytes
    }

    pub(super) fn decode(bytes: &[u8]) -> Option<Self> {
        let mut all = Reader::new(bytes);
        let mut end = 0usize;
        let mut folders = Vec::new();
        for _ in 0..all.count()? {
            let folder = all.array()?;
            end = end.checked_add(usize::try_from(all.number()?).ok()?)?;
            folders.push((folder, end));
        }
        let text = all.string()?.to_vec();
        let is_whole =
            all.is_at_end() && end == text.len() && text.last().is_none_or(|b| *b == END);
        is_whole.then_some(Self { folders, text })
    }
}

/// What is looked for: names that hold each of some words.
pub(super) struct Words {
    /// The longest first: it is met least often.
    words: Vec<String>,
    finders: Vec<Finder<'static>>,
}

impl Words {
    /// The words of a text; `None` if it has none.
    pub(super) fn of(text: &str) -> Option<Self> {
        let folded = folded(text.as_bytes());
        let mut words: Vec<String> = folded.split_whitespace().map(str::to_owned).collect();
        words.sort_by_key(|word| Reverse(word.len()));
        let finders = words.iter().map(|word| Finder::new(word.as_bytes()).into_owned()).collect();
        (!words.is_empty()).then_some(Self { words, finders })
    }

    /// True if a name that is folded has each word.
    pub(super) fn are_in(&self, name: &str) -> bool {
        self.words.iter().all(|word| name.contains(word.as_str()))
    }

    /// How far from what was meant a name is that has the words: 0 is the word itself.
    fn distance(&self, name: &[u8], at: usize) -> u8 {
        let word = self.words[0].as_bytes();
        match at {
            0 if name.len() == word.len() => 0,
            0 => 1,
            _ if !name[at - 1].is_ascii_alphanumeric() => 2,
            _ => 3,
        }
    }
}

/// A name that has the words, and the folder that it was once in. The best is the least.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Found {
    distance: u8,
    length: usize,
    pub(super) name: Vec<u8>,
    pub(super) folder: FolderKey,
}

/// The best of what is found, up to a number.
pub(super) struct Best {
    found: BinaryHeap<Found>,
    count_max: usize,
    /// How many names have the words, those included that are not among the best.
    pub(super) count: u64,
}

impl Best {
    pub(super) fn new(count_max: usize) -> Self {
        Self { found: BinaryHeap::new(), count_max, count: 0 }
    }

    /// Adds those of another search.
    pub(super) fn join(&mut self, other: Self) {
        self.count += other.count;
        self.found.extend(other.found);
        while self.found.len() > self.count_max {
            self.found.pop();
        }
    }

    /// The best first.
    pub(super) fn into_sorted(self) -> Vec<Found> {
        self.found.into_sorted_vec()
    }

    /// Looks through a block.
    pub(super) fn search(&mut self, block: &Block, words: &Words) {
        let [first, others @ ..] = words.finders.as_slice() else { return };
        let mut from = 0;
        while let Some(at) = first.find(&block.text[from..]).map(|at| from + at) {
            let start =
                memchr::memrchr(END, &block.text[from..at]).map_or(from, |end| from + end + 1);
            let end =
                memchr::memchr(END, &block.text[at..]).map_or(block.text.len(), |end| at + end);
            let name = &block.text[start..end];
            if others.iter().all(|word| word.find(name).is_some()) {
                self.take(block, name, start, words.distance(name, at - start));
            }
            from = (end + 1).min(block.text.len());
        }
    }

    fn take(&mut self, block: &Block, name: &[u8], start: usize, distance: u8) {
        self.count += 1;
        let is_full = self.found.len() >= self.count_max;
        let worst = self.found.peek().filter(|_| is_full);
        // Most of what a letter finds is no better than what there is.
        if worst.is_some_and(|worst| (worst.distance, worst.length) < (distance, name.len())) {
            return;
        }
        let folder = block.folders.partition_point(|(_, end)| *end <= start);
        let (folder, _) = block.folders[folder];
        self.found.push(Found { distance, length: name.len(), name: name.to_vec(), folder });
        if self.found.len() > self.count_max {
            self.found.pop();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn block(names: &[(u8, &str)]) -> Block {
        let mut block = Block::default();
        names.iter().for_each(|(folder, name)| block.add(&[*folder; 16], name.as_bytes()));
        block
    }

    fn found(block: &Block, text: &str, count_max: usize) -> Vec<(String, u8)> {
        let mut best = Best::new(count_max);
        best.search(block, &Words::of(text).expect("words"));
        let sorted = best.into_sorted().into_iter();
        sorted.map(|one| (String::from_utf8_lossy(&one.name).into(), one.folder[0])).collect()
    }

    #[test]
    fn the_name_that_is_most_like_what_was_asked_for_comes_first() {
        let names = [
            (1, "unreported"),
            (1, "annual report.pdf"),
            (2, "Report"),
            (2, "report-2025"),
            (2, "letter"),
            (3, "report"),
        ];
        let expected = [
            ("report".to_owned(), 2),
            ("report".to_owned(), 3),
            ("report-2025".to_owned(), 2),
            ("annual report.pdf".to_owned(), 1),
            ("unreported".to_owned(), 1),
        ];
        assert_eq!(found(&block(&names), "rePORT", 10), expected);
        assert_eq!(found(&block(&names), "report", 2), expected[..2]);
    }

    #[test]
    fn each_word_is_in_the_name_in_any_order() {
        let block = block(&[(1, "Tax 2024.pdf"), (1, "2024 taxes"), (1, "tax 2023"), (1, "2024")]);
        let names: Vec<String> =
            found(&block, "tax 2024", 9).into_iter().map(|one| one.0).collect();
        assert_eq!(names, ["2024 taxes", "tax 2024.pdf"]);
    }

    #[test]
    fn letters_are_alike_whatever_their_size() {
        assert_eq!(found(&block(&[(1, "ÜBER Straße")]), "über", 9).len(), 1);
        assert_eq!(Words::of(" \t").map(|_| ()), None);
    }

    #[test]
    fn a_block_comes_back_from_its_bytes_and_from_no_part_of_them() {
        let block = block(&[(1, "a"), (1, ""), (2, "b\0c")]);
        let bytes = block.encode();
        assert_eq!(Block::decode(&bytes), Some(block));
        for length in 0..bytes.len() {
            assert_eq!(Block::decode(&bytes[..length]), None, "{length}");
        }
    }
}
