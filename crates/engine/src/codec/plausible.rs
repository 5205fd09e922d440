//! JSON that is too long to be taken into memory before it is looked at.

use std::io::{self, Read};

/// The longest string, or the longest run of spaces.
const RUN_BYTES_MAX: usize = 16 << 20;

/// The most lists and objects in each other.
const DEPTH_MAX: usize = 64;

/// Passes JSON on, and fails at what only somebody writes who means harm: strings of gigabytes, or
/// lists in lists without end. So whoever parses it piece by piece needs no more memory than the
/// values are worth.
pub(super) struct Plausible<R> {
    inner: R,
    run_bytes: usize,
    depth: usize,
    is_in_string: bool,
    is_escaped: bool,
}

impl<R: Read> Plausible<R> {
    pub(super) fn new(inner: R) -> Self {
        Self { inner, run_bytes: 0, depth: 0, is_in_string: false, is_escaped: false }
    }

    fn pass(&mut self, byte: u8) -> bool {
        self.run_bytes += 1;
        if self.is_in_string {
            let ends = byte == b'"' && !self.is_escaped;
            self.is_escaped = byte == b'\\' && !self.is_escaped;
            if ends {
                (self.is_in_string, self.run_bytes) = (false, 0);
            }
        } else {
            match byte {
                b'"' => self.is_in_string = true,
                b'{' | b'[' => self.depth += 1,
                b'}' | b']' => self.depth = self.depth.saturating_sub(1),
                b',' | b':' => {}
                _ => return self.run_bytes <= RUN_BYTES_MAX,
            }
            self.run_bytes = 0;
        }
        self.run_bytes <= RUN_BYTES_MAX && self.depth <= DEPTH_MAX
    }
}

impl<R: Read> Read for Plausible<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(out)?;
        if out[..read].iter().all(|byte| self.pass(*byte)) {
            return Ok(read);
        }
        Err(io::Error::new(io::ErrorKind::InvalidData, "no program writes such JSON"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_passed(json: &[u8]) -> bool {
        io::copy(&mut Plausible::new(json), &mut io::sink()).is_ok()
    }

    #[test]
    fn only_what_nobody_writes_is_stopped() {
        let long = |byte: u8| vec![byte; RUN_BYTES_MAX + 1];
        let quoted = |inner: &[u8]| [b"{\"a\":[\"", inner, b"\"]}"].concat();
        assert!(is_passed(&quoted(&long(b'a')[..RUN_BYTES_MAX - 1])));
        assert!(is_passed(&quoted(b"\\\"[[[[").repeat(1_000_000)));
        assert!(!is_passed(&quoted(&long(b'a'))));
        assert!(!is_passed(&quoted(&br#"\""#.repeat(RUN_BYTES_MAX))));
        assert!(!is_passed(&long(b' ')));
        assert!(!is_passed(&long(b'0')));
        assert!(is_passed(&b"[".repeat(DEPTH_MAX)) && !is_passed(&b"[".repeat(DEPTH_MAX + 1)));
        assert!(is_passed(&b"[]".repeat(DEPTH_MAX * 9)));
    }
}
