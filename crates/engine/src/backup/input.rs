//! What is cut into chunks: a file, read around its holes, or a stream.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::ops::Range;

use super::source::data_ranges;
use crate::chunker::CHUNK_BYTES_MIN;

/// A chunk of zeros, which is what a hole is cut into.
pub(super) static ZEROS: &[u8] = &[0; CHUNK_BYTES_MIN];

/// How much is read at a time, unless more is asked for.
const READ_BYTES: usize = 1 << 20;

/// How much of a hole is read at a time while a chunk may end at any byte.
const HOLE_BYTES: usize = 4 << 10;

/// Bytes from the first to the last.
pub(super) struct Input<'a> {
    reader: Bytes<'a>,
    position: u64,
    read_bytes: usize,
    /// The file's holes that are still ahead, ascending; the last one ends at the file's end or
    /// before.
    holes: std::collections::VecDeque<Range<u64>>,
}

enum Bytes<'a> {
    File(File),
    Stream(&'a mut (dyn Read + Send)),
}

impl<'a> Input<'a> {
    /// A stream.
    pub(super) fn of_stream(stream: &'a mut (dyn Read + Send)) -> Self {
        Self {
            reader: Bytes::Stream(stream),
            position: 0,
            read_bytes: READ_BYTES,
            holes: [].into(),
        }
    }

    /// The rest of a file that had this size when it was opened, from `position` on.
    pub(super) fn of_file(file: File, size: u64, position: u64) -> Self {
        // Where the holes cannot be found, they are read as what they are: zeros.
        let data = data_ranges(&file, size).unwrap_or_default();
        let holes = data.map(|data| holes_between(&data, size)).unwrap_or_default();
        Self { reader: Bytes::File(file), position, read_bytes: READ_BYTES, holes: holes.into() }
    }

    /// Has so much be read at a time.
    pub(super) fn reads_at_a_time(&mut self, bytes: usize) {
        self.read_bytes = bytes;
    }

    /// Passes over a chunk of zeros without reading it, if all of it lies in a hole. Right only at
    /// the start of a chunk: there, a minimum of zeros is always cut off.
    pub(super) fn skip_zero_chunk(&mut self) -> bool {
        let end = self.position + CHUNK_BYTES_MIN as u64;
        let is_hole =
            self.holes.front().is_some_and(|hole| hole.contains(&self.position) && end <= hole.end);
        if is_hole {
            self.position = end;
        }
        is_hole
    }

    /// Appends some more bytes; 0 at the end. `begun` of those in the buffer belong to the chunk that
    /// is not cut yet.
    pub(super) fn read_more(&mut self, buffer: &mut Vec<u8>, begun: usize) -> io::Result<usize> {
        while self.holes.front().is_some_and(|hole| hole.end <= self.position) {
            self.holes.pop_front();
        }
        let mut limit = self.read_bytes as u64;
        if let Some(hole) = self.holes.front() {
            if hole.contains(&self.position) {
                // Zeros are cut as soon as a chunk may end. Given in portions that end there, soon
                // none is left, and what follows of the hole is passed over chunk by chunk.
                let wanted = CHUNK_BYTES_MIN.saturating_sub(begun).max(HOLE_BYTES) as u64;
                let zeros = (hole.end - self.position).min(wanted) as usize;
                buffer.resize(buffer.len() + zeros, 0);
                self.position += zeros as u64;
                return Ok(zeros);
            }
            limit = limit.min(hole.start - self.position);
        }
        let read = match &mut self.reader {
            Bytes::Stream(stream) => stream.take(limit).read_to_end(buffer)?,
            Bytes::File(file) => {
                if !self.holes.is_empty() || file.stream_position()? != self.position {
                    file.seek(SeekFrom::Start(self.position))?;
                }
                file.take(limit).read_to_end(buffer)?
            }
        };
        self.position += read as u64;
        Ok(read)
    }
}

/// What lies between the ranges of data, up to `size`.
fn holes_between(data: &[Range<u64>], size: u64) -> Vec<Range<u64>> {
    let starts = std::iter::once(0).chain(data.iter().map(|range| range.end));
    let ends = data.iter().map(|range| range.start).chain([size]);
    starts.zip(ends).filter(|(start, end)| start < end).map(|(start, end)| start..end).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chunker::{ChunkFinder, CutSearch, Polynomial};
    use holdfast_testkit::random::Random;
    use std::io::Write as _;

    #[test]
    fn holes_are_what_data_leaves() {
        let check = |data: &[(u64, u64)], holes: &[(u64, u64)]| {
            let data: Vec<_> = data.iter().map(|(start, end)| *start..*end).collect();
            let found = holes_between(&data, 10);
            let found: Vec<_> = found.iter().map(|hole| (hole.start, hole.end)).collect();
            assert_eq!(found, holes);
        };
        check(&[], &[(0, 10)]);
        check(&[(0, 10)], &[]);
        check(&[(2, 4), (6, 8)], &[(0, 2), (4, 6), (8, 10)]);
    }

    #[test]
    fn a_file_with_holes_reads_as_it_would_without() {
        let mut file = tempfile::tempfile().expect("a file");
        let size = 5 << 20;
        file.set_len(size).expect("resized");
        for at in [0u64, (1 << 20) + 17, 4 << 20] {
            file.seek(SeekFrom::Start(at)).expect("in range");
            file.write_all(b"some data").expect("written");
        }
        let mut whole = Vec::new();
        file.seek(SeekFrom::Start(0)).expect("in range");
        file.read_to_end(&mut whole).expect("read");
        file.seek(SeekFrom::Start(0)).expect("in range");
        let mut input = Input::of_file(file, size, 0);
        let mut read = Vec::new();
        while input.read_more(&mut read, 0).expect("read") > 0 {}
        assert!(read == whole);
    }

    /// The lengths of the chunks that the file is cut into, and how many bytes were read for them.
    fn cut(file: File, size: u64, finder: &ChunkFinder) -> (Vec<usize>, usize) {
        let mut input = Input::of_file(file, size, 0);
        let (mut search, mut buffer) = (CutSearch::default(), Vec::new());
        let (mut lengths, mut read, mut is_end) = (Vec::new(), 0, false);
        loop {
            if let Some(length) = finder.find_cut(&mut search, &buffer, is_end) {
                buffer.drain(..length);
                lengths.push(length);
            } else if is_end {
                return (lengths, read);
            } else if buffer.is_empty() && input.skip_zero_chunk() {
                lengths.push(CHUNK_BYTES_MIN);
            } else {
                let begun = buffer.len();
                let more = input.read_more(&mut buffer, begun).expect("read");
                (read, is_end) = (read + more, more == 0);
            }
        }
    }

    #[test]
    fn holes_are_cut_as_zeros_are_and_hardly_read_wherever_they_begin() {
        const HOLE: usize = 20 << 20;
        let finder = ChunkFinder::new(Polynomial::random().expect("chance"));
        let mut random = Random::new(7);
        for data in [4096, 700_000, 1_500_001, 5 << 20] {
            let bytes = random.bytes(data);
            let mut file = tempfile::tempfile().expect("a file");
            let mut whole = Vec::new();
            for _ in 0..2 {
                whole.extend_from_slice(&bytes);
                whole.resize(whole.len() + HOLE, 0);
                file.write_all(&bytes).expect("written");
                file.seek(SeekFrom::Start(whole.len() as u64)).expect("in range");
            }
            file.set_len(whole.len() as u64).expect("resized");
            let has_holes = data_ranges(&file, whole.len() as u64).is_ok_and(|it| it.is_some());
            let (lengths, read) = cut(file, whole.len() as u64, &finder);
            assert_eq!(lengths, finder.chunk_lengths(&whole).collect::<Vec<_>>());
            // Beside the data, the zeros up to the end of its last chunk and one chunk of them.
            let most = 2 * (data + 2 * CHUNK_BYTES_MIN + 64 * HOLE_BYTES);
            assert!(!has_holes || read < most, "{read} bytes were read where there are {data}");
        }
    }
}
