//! A tar archive, entry by entry.

use std::io::{self, Write};

use super::Archive;
use super::header::{BLOCK_BYTES, Header};
use crate::tree::Node;

/// Writes an archive.
pub(super) struct TarWriter<'a> {
    out: &'a mut dyn Write,
    /// How many bytes of content the entry has.
    bytes: u64,
}

impl<'a> TarWriter<'a> {
    pub(super) fn new(out: &'a mut dyn Write) -> Self {
        Self { out, bytes: 0 }
    }
}

impl Archive for TarWriter<'_> {
    fn entry(&mut self, name: &[u8], node: &Node) -> io::Result<()> {
        self.bytes = 0;
        self.out.write_all(&Header::of(name, node).blocks())
    }

    fn content(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.bytes += bytes.len() as u64;
        self.out.write_all(bytes)
    }

    fn end_entry(&mut self) -> io::Result<()> {
        let over = (self.bytes % BLOCK_BYTES as u64) as usize;
        let missing = if over == 0 { 0 } else { BLOCK_BYTES - over };
        self.out.write_all(&[0; BLOCK_BYTES][..missing])
    }

    fn end(&mut self) -> io::Result<()> {
        self.out.write_all(&[0; 2 * BLOCK_BYTES])?;
        self.out.flush()
    }
}
