//! A zip archive, entry by entry, to a stream that cannot be gone back in.
//!
//! Sizes and sums stand behind each content, and once more in the directory at the end; where they
//! or the archive are too large for the old form, in the fields of zip64. The choices are those of
//! Go's `archive/zip`, so that what restic and this write differs in the compressed bytes only.
//!
//! The directory is kept in memory until the end: some hundred bytes for each entry.

use std::io::{self, Write};

use flate2::{Compress, Compression, Crc, FlushCompress, Status};

use super::Archive;
use crate::time::Time;
use crate::tree::{Node, NodeKind, mode};

const LOCAL_HEADER: u32 = 0x0403_4b50;
const DESCRIPTOR: u32 = 0x0807_4b50;
const DIRECTORY_HEADER: u32 = 0x0201_4b50;
const DIRECTORY_END: u32 = 0x0605_4b50;
const DIRECTORY_END_64: u32 = 0x0606_4b50;
const DIRECTORY_LOCATOR_64: u32 = 0x0706_4b50;

const VERSION: u16 = 20;
const VERSION_64: u16 = 45;
/// What follows are modes of Unix.
const MADE_ON_UNIX: u16 = 3 << 8;
const HAS_DESCRIPTOR: u16 = 0x8;
const IS_UNICODE: u16 = 0x800;
const STORED: u16 = 0;
const DEFLATED: u16 = 8;
const EXTRA_TIME: u16 = 0x5455;
const EXTRA_64: u16 = 1;

const BUFFER_BYTES: usize = 64 << 10;

/// Writes an archive.
pub(super) struct ZipWriter<'a> {
    out: &'a mut dyn Write,
    /// How many bytes were written.
    offset: u64,
    entry: Option<Entry>,
    directory: Vec<u8>,
    entries: u64,
    crc: Crc,
    deflate: Compress,
    buffer: Vec<u8>,
}

/// An entry of the archive.
#[derive(Debug, Clone, Default)]
struct Entry {
    name: Vec<u8>,
    flags: u16,
    method: u16,
    dos_time: u16,
    dos_date: u16,
    extra: Vec<u8>,
    attributes: u32,
    offset: u64,
    crc: u32,
    compressed_bytes: u64,
    bytes: u64,
}

impl<'a> ZipWriter<'a> {
    pub(super) fn new(out: &'a mut dyn Write) -> Self {
        Self {
            out,
            offset: 0,
            entry: None,
            directory: Vec::new(),
            entries: 0,
            crc: Crc::new(),
            deflate: Compress::new(Compression::default(), false),
            buffer: Vec::with_capacity(BUFFER_BYTES),
        }
    }

    fn put(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.offset += bytes.len() as u64;
        self.out.write_all(bytes)
    }

    /// Compresses `bytes`, and what is held back as well if they are the last.
    fn deflate(&mut self, mut bytes: &[u8], flush: FlushCompress) -> io::Result<u64> {
        let mut written = 0;
        loop {
            self.buffer.clear();
            let before = self.deflate.total_in();
            let status = self.deflate.compress_vec(bytes, &mut self.buffer, flush)?;
            bytes = &bytes[(self.deflate.total_in() - before) as usize..];
            written += self.buffer.len() as u64;
            let buffer = std::mem::take(&mut self.buffer);
            let put = self.put(&buffer);
            self.buffer = buffer;
            put?;
            let is_done = match flush {
                FlushCompress::Finish => status == Status::StreamEnd,
                _ => bytes.is_empty(),
            };
            if is_done {
                return Ok(written);
            }
        }
    }
}

impl Archive for ZipWriter<'_> {
    fn entry(&mut self, name: &[u8], node: &Node) -> io::Result<()> {
        let entry = Entry::of(name, node, self.offset)?;
        self.crc.reset();
        self.put(&entry.local_header())?;
        self.entry = Some(entry);
        if node.kind == NodeKind::Symlink {
            self.content(&node.link_target)?;
        }
        Ok(())
    }

    fn content(&mut self, bytes: &[u8]) -> io::Result<()> {
        let Some(mut entry) = self.entry.take() else { return Ok(()) };
        self.crc.update(bytes);
        entry.bytes += bytes.len() as u64;
        entry.compressed_bytes += if entry.method == DEFLATED {
            self.deflate(bytes, FlushCompress::None)?
        } else {
            self.put(bytes)?;
            bytes.len() as u64
        };
        self.entry = Some(entry);
        Ok(())
    }

    fn end_entry(&mut self) -> io::Result<()> {
        let Some(mut entry) = self.entry.take() else { return Ok(()) };
        entry.crc = self.crc.sum();
        if entry.method == DEFLATED {
            entry.compressed_bytes += self.deflate(&[], FlushCompress::Finish)?;
            self.deflate.reset();
        }
        if entry.flags & HAS_DESCRIPTOR != 0 {
            self.put(&entry.descriptor())?;
        }
        self.directory.extend(entry.directory_header());
        self.entries += 1;
        Ok(())
    }

    fn end(&mut self) -> io::Result<()> {
        let start = self.offset;
        let directory = std::mem::take(&mut self.directory);
        self.put(&directory)?;
        let end = directory_end(self.entries, directory.len() as u64, start);
        self.put(&end)?;
        self.out.flush()
    }
}

impl Entry {
    fn of(name: &[u8], node: &Node, offset: u64) -> io::Result<Self> {
        if u16::try_from(name.len()).is_err() {
            let text = "a name is too long for a zip archive; tar has no such bound";
            return Err(io::Error::new(io::ErrorKind::InvalidInput, text));
        }
        let is_folder = node.kind == NodeKind::Folder;
        let mut entry = Self {
            name: name.to_vec(),
            flags: if is_folder { 0 } else { HAS_DESCRIPTOR },
            method: if node.kind == NodeKind::File { DEFLATED } else { STORED },
            attributes: attributes(node),
            offset,
            ..Self::default()
        };
        if is_said_to_be_unicode(name) {
            entry.flags |= IS_UNICODE;
        }
        if !node.modified.same_moment(&Time::UNSET) {
            (entry.dos_date, entry.dos_time) = dos(&node.modified);
            // Seconds since 1970, of which the format keeps 32 bits.
            let seconds = node.modified.seconds as u32;
            entry.extra.extend(record(&[EXTRA_TIME, 5]));
            entry.extra.push(1);
            entry.extra.extend(seconds.to_le_bytes());
        }
        Ok(entry)
    }

    fn is_large(&self) -> bool {
        self.bytes.max(self.compressed_bytes) >= u64::from(u32::MAX)
    }

    fn local_header(&self) -> Vec<u8> {
        let mut header = LOCAL_HEADER.to_le_bytes().to_vec();
        header.extend(record(&[VERSION, self.flags, self.method, self.dos_time, self.dos_date]));
        // Sum and sizes come behind the content.
        header.extend([0; 12]);
        header.extend(record(&[self.name.len() as u16, self.extra.len() as u16]));
        header.extend_from_slice(&self.name);
        header.extend_from_slice(&self.extra);
        header
    }

    fn descriptor(&self) -> Vec<u8> {
        let mut descriptor = DESCRIPTOR.to_le_bytes().to_vec();
        descriptor.extend(self.crc.to_le_bytes());
        for bytes in [self.compressed_bytes, self.bytes] {
            let length = if self.is_large() { 8 } else { 4 };
            descriptor.extend_from_slice(&bytes.to_le_bytes()[..length]);
        }
        descriptor
    }

    fn directory_header(&self) -> Vec<u8> {
        let is_far = self.offset >= u64::from(u32::MAX);
        let mut extra = self.extra.clone();
        let (mut compressed_bytes, mut bytes) =
            (clamped(self.compressed_bytes), clamped(self.bytes));
        if self.is_large() || is_far {
            (compressed_bytes, bytes) = (u32::MAX, u32::MAX);
            extra.extend(record(&[EXTRA_64, 24]));
            for number in [self.bytes, self.compressed_bytes, self.offset] {
                extra.extend(number.to_le_bytes());
            }
        }
        let version = if self.is_large() { VERSION_64 } else { VERSION };
        let mut header = DIRECTORY_HEADER.to_le_bytes().to_vec();
        header.extend(record(&[MADE_ON_UNIX | VERSION, version, self.flags, self.method]));
        header.extend(record(&[self.dos_time, self.dos_date]));
        for number in [self.crc, compressed_bytes, bytes] {
            header.extend(number.to_le_bytes());
        }
        // No comment, on the first disk, of no type.
        header.extend(record(&[self.name.len() as u16, extra.len() as u16, 0, 0, 0]));
        header.extend(self.attributes.to_le_bytes());
        header.extend(clamped(self.offset).to_le_bytes());
        header.extend_from_slice(&self.name);
        header.extend(extra);
        header
    }
}

/// What stands behind the directory.
fn directory_end(entries: u64, bytes: u64, start: u64) -> Vec<u8> {
    let mut end = Vec::new();
    let is_large = bytes.max(start) >= u64::from(u32::MAX) || entries >= u64::from(u16::MAX);
    if is_large {
        end.extend(DIRECTORY_END_64.to_le_bytes());
        // The length of what follows.
        end.extend(44u64.to_le_bytes());
        end.extend(record(&[VERSION_64, VERSION_64]));
        end.extend([0; 8]);
        for number in [entries, entries, bytes, start] {
            end.extend(number.to_le_bytes());
        }
        end.extend(DIRECTORY_LOCATOR_64.to_le_bytes());
        end.extend(0u32.to_le_bytes());
        end.extend((start + bytes).to_le_bytes());
        end.extend(1u32.to_le_bytes());
    }
    let entries = if is_large { u16::MAX } else { entries as u16 };
    let (bytes, start) =
        if is_large { (u32::MAX, u32::MAX) } else { (clamped(bytes), clamped(start)) };
    end.extend(DIRECTORY_END.to_le_bytes());
    end.extend(record(&[0, 0, entries, entries]));
    end.extend(bytes.to_le_bytes());
    end.extend(start.to_le_bytes());
    end.extend(record(&[0]));
    end
}

fn record(numbers: &[u16]) -> impl Iterator<Item = u8> {
    numbers.iter().flat_map(|number| number.to_le_bytes())
}

fn clamped(number: u64) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

/// The mode as Unix has it, and above it what DOS has of it.
fn attributes(node: &Node) -> u32 {
    const READ_ONLY: u32 = 0x01;
    const FOLDER: u32 = 0x10;
    let special = [(mode::SETUID, 0o4000), (mode::SETGID, 0o2000), (mode::STICKY, 0o1000)];
    let special = special.iter().filter(|(bit, _)| node.mode & bit != 0).map(|(_, bits)| bits);
    let kind = match node.kind {
        NodeKind::Folder => 0o040_000,
        NodeKind::Symlink => 0o120_000,
        _ => 0o100_000,
    };
    let unix = kind | node.mode & mode::PERMISSIONS | special.sum::<u32>();
    let read_only = if node.mode & 0o200 == 0 { READ_ONLY } else { 0 };
    let folder = if node.kind == NodeKind::Folder { FOLDER } else { 0 };
    unix << 16 | read_only | folder
}

/// Date and time of the clock that the file was modified by, in steps of two seconds.
fn dos(time: &Time) -> (u16, u16) {
    let (year, month, day, hour) = time.local_date_and_hour();
    let (minute, second) = time.local_minute_and_second();
    let date = i64::from(day) + (i64::from(month) << 5) + ((year - 1980) << 9);
    (date as u16, (second / 2 + (minute << 5) + (hour << 11)) as u16)
}

/// True if readers have to be told that the name is Unicode: it is, and has more than what all the
/// old ways of writing have in common.
fn is_said_to_be_unicode(name: &[u8]) -> bool {
    let is_common = |byte: &u8| (0x20..=0x7d).contains(byte) && *byte != b'\\';
    std::str::from_utf8(name).is_ok() && !name.iter().all(is_common)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(bytes: u64, compressed_bytes: u64, offset: u64) -> Entry {
        let node = Node { name: b"a".to_vec(), kind: NodeKind::File, ..Node::default() };
        let entry = Entry::of(b"a", &node, offset).expect("a short name");
        Entry { bytes, compressed_bytes, ..entry }
    }

    fn numbers_64(header: &[u8]) -> Option<[u64; 3]> {
        let at = header.windows(4).position(|four| four == [1, 0, 24, 0])?;
        let number = |nth: usize| {
            let from = at + 4 + 8 * nth;
            u64::from_le_bytes(header[from..from + 8].try_into().expect("of eight"))
        };
        Some([number(0), number(1), number(2)])
    }

    #[test]
    fn what_is_too_large_for_the_old_form_is_told_in_fields_of_64_bits() {
        let small = entry(5, 7, 9);
        assert_eq!(numbers_64(&small.directory_header()), None);
        assert_eq!(small.descriptor().len(), 16);

        let large = entry(5 << 32, 7, 9);
        assert_eq!(numbers_64(&large.directory_header()), Some([5 << 32, 7, 9]));
        assert_eq!(large.descriptor().len(), 24);

        let far = entry(5, 7, 6 << 32);
        let header = far.directory_header();
        assert_eq!(numbers_64(&header), Some([5, 7, 6 << 32]));
        assert_eq!(far.descriptor().len(), 16);
        assert_eq!(header[42..46], [0xff; 4]);
    }

    #[test]
    fn an_archive_of_very_many_entries_has_an_end_of_64_bits() {
        assert_eq!(directory_end(65_534, 100, 200).len(), 22);
        let end = directory_end(65_535, 100, 200);
        assert_eq!(end.len(), 56 + 20 + 22);
        assert_eq!(end[24..32], 65_535u64.to_le_bytes());
        assert_eq!(end[64..72], 300u64.to_le_bytes());
        assert_eq!(directory_end(1, 100, 5 << 32).len(), 98);
    }

    #[test]
    fn names_are_said_to_be_unicode_if_they_are_and_it_matters() {
        for (name, expected) in [
            (&b"plain name"[..], false),
            ("caf\u{e9}".as_bytes(), true),
            (b"caf\xe9", false),
            (b"a~", true),
        ] {
            assert_eq!(is_said_to_be_unicode(name), expected, "{name:?}");
        }
    }

    #[test]
    fn a_name_that_no_entry_can_have_is_an_error() {
        let node = Node { kind: NodeKind::File, ..Node::default() };
        assert!(Entry::of(&[b'a'; 65_536], &node, 0).is_err());
    }

    #[test]
    fn content_that_cannot_be_compressed_and_much_of_it_comes_out_as_it_went_in() {
        let mut random = 1u32;
        let noise: Vec<u8> = std::iter::repeat_with(|| {
            random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (random >> 24) as u8
        })
        .take(1 << 20)
        .collect();
        let content = [noise, vec![0; 3 << 20]].concat();
        let mut out = Vec::new();
        let mut archive = ZipWriter::new(&mut out);
        let node = Node { kind: NodeKind::File, ..Node::default() };
        for name in [&b"one"[..], b"two"] {
            archive.entry(name, &node).expect("memory");
            content.chunks(300_000).try_for_each(|part| archive.content(part)).expect("memory");
            archive.end_entry().expect("memory");
        }
        archive.end().expect("memory");
        let mut back = Vec::new();
        // The header, the name, the time.
        let start = 30 + 3 + 9;
        let mut reader = flate2::read::DeflateDecoder::new(&out[start..]);
        io::Read::read_to_end(&mut reader, &mut back).expect("deflated");
        assert!(back == content);
        let descriptor = start + reader.total_in() as usize;
        assert_eq!(out[descriptor..descriptor + 4], DESCRIPTOR.to_le_bytes());
        let mut crc = Crc::new();
        crc.update(&content);
        assert_eq!(out[descriptor + 4..descriptor + 8], crc.sum().to_le_bytes());
    }
}
