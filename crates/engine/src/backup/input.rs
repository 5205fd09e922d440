//! What is cut into chunks: a file, read around its holes, or a stream.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::ops::Range;

use super::source::data_ranges;
use crate::chunker::CHUNK_BYTES_MIN;

/// A chunk of zeros, which is what a hole is cut into.
pub(super) static ZEROS: &[u8] = &[0; CHUNK_BYTES_MIN];

/// How much is read at a time.
const READ_BYTES: usize = 1 << 20;

/// Bytes from the first to the last.
pub(super) struct Input<'a> {
    reader: Bytes<'a>,
    position: u64,
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
        Self { reader: Bytes::Stream(stream), position: 0, holes: [].into() }
    }

    /// The rest of a file that had this size when it was opened, from `position` on.
    pub(super) fn of_file(file: File, size: u64, position: u64) -> Self {
        // Where the holes cannot be found, they are read as what they are: zeros.
        let data = data_ranges(&file, size).unwrap_or_default();
        let holes = data.map(|data| holes_between(&data, size)).unwrap_or_default();
        Self { reader: Bytes::File(file), position, holes: holes.into() }
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

    /// Appends some more bytes; 0 at the end.
    pub(super) fn read_more(&mut self, buffer: &mut Vec<u8>) -> io::Result<usize> {
        while self.holes.front().is_some_and(|hole| hole.end <= self.position) {
            self.holes.pop_front();
        }
        let mut limit = READ_BYTES as u64;
        if let Some(hole) = self.holes.front() {
            if hole.contains(&self.position) {
                let zeros = (hole.end - self.position).min(limit) as usize;
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
        while input.read_more(&mut read).expect("read") > 0 {}
        assert!(read == whole);
    }
}
