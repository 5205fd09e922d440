//! A tar archive, entry by entry.

use std::io::{self, Write};

use super::header::{BLOCK_BYTES, Header};
use crate::tree::Node;

/// Writes an archive.
pub(super) struct TarWriter<'a> {
    out: &'a mut dyn Write,
}

impl<'a> TarWriter<'a> {
    pub(super) fn new(out: &'a mut dyn Write) -> Self {
        Self { out }
    }

    /// Begins an entry; its content comes next.
    pub(super) fn entry(&mut self, name: &[u8], node: &Node) -> io::Result<()> {
        self.out.write_all(&Header::of(name, node).blocks())
    }

    /// A part of the content of the entry.
    pub(super) fn content(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.out.write_all(bytes)
    }

    /// Ends the entry, whose content had so many bytes.
    pub(super) fn end_entry(&mut self, bytes: u64) -> io::Result<()> {
        let over = (bytes % BLOCK_BYTES as u64) as usize;
        let missing = if over == 0 { 0 } else { BLOCK_BYTES - over };
        self.out.write_all(&[0; BLOCK_BYTES][..missing])
    }

    /// Ends the archive.
    pub(super) fn end(self) -> io::Result<()> {
        self.out.write_all(&[0; 2 * BLOCK_BYTES])?;
        self.out.flush()
    }
}
