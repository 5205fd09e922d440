//! Reads JSON forward through a slice of bytes, for trees, where most of the time goes.
//!
//! Values of known keys are read in place; everything else goes through `serde_json`, which does
//! not recurse when it skips, so depth costs no stack.

use serde_json::value::RawValue;

use super::TreeError;
use crate::id::RawId;

/// A place in the bytes of a tree.
pub(super) struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

/// What stands between the quotes of a JSON string.
#[derive(Clone, Copy)]
pub(super) struct RawText<'a> {
    bytes: &'a [u8],
    is_escaped: bool,
}

impl<'a> Reader<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self::starting_at(bytes, 0)
    }

    /// A reader that goes on at this place.
    pub(super) fn starting_at(bytes: &'a [u8], at: usize) -> Self {
        Self { bytes, at }
    }

    /// Which place it is.
    pub(super) fn position(&self) -> usize {
        self.at
    }

    pub(super) fn refused<T>(&self, expected: &'static str) -> Result<T, TreeError> {
        Err(TreeError::Malformed { expected, at: self.at })
    }

    /// The next byte that is not white space.
    #[inline]
    pub(super) fn peek(&mut self) -> Option<u8> {
        match self.bytes.get(self.at) {
            Some(byte) if *byte > b' ' => Some(*byte),
            _ => self.peek_behind_space(),
        }
    }

    #[cold]
    fn peek_behind_space(&mut self) -> Option<u8> {
        while let Some(b' ' | b'\n' | b'\r' | b'\t') = self.bytes.get(self.at) {
            self.at += 1;
        }
        self.bytes.get(self.at).copied()
    }

    /// Steps over `byte` if it is next.
    #[inline]
    pub(super) fn take(&mut self, byte: u8) -> bool {
        let is_next = self.peek() == Some(byte);
        self.at += usize::from(is_next);
        is_next
    }

    #[inline]
    pub(super) fn expect(&mut self, byte: u8, expected: &'static str) -> Result<(), TreeError> {
        if self.take(byte) { Ok(()) } else { self.refused(expected) }
    }

    /// Steps over `null` if it is next. Like Go, readers take it for a value that is not there.
    pub(super) fn take_null(&mut self) -> bool {
        let is_null = self.peek() == Some(b'n') && self.bytes[self.at..].starts_with(b"null");
        self.at += if is_null { 4 } else { 0 };
        is_null
    }

    /// The next key of an object and the colon after it; `None` at the end of the object.
    /// `is_first` begins true.
    pub(super) fn key(&mut self, is_first: &mut bool) -> Result<Option<RawText<'a>>, TreeError> {
        if self.take(b'}') {
            return Ok(None);
        }
        if !std::mem::take(is_first) {
            self.expect(b',', "a comma or the end of an object")?;
        }
        let key = self.text("a key")?;
        self.expect(b':', "a colon")?;
        Ok(Some(key))
    }

    /// Steps to the next element of a list; false at its end. `is_first` begins true.
    pub(super) fn element(&mut self, is_first: &mut bool) -> Result<bool, TreeError> {
        if self.take(b']') {
            return Ok(false);
        }
        if !std::mem::take(is_first) {
            self.expect(b',', "a comma or the end of a list")?;
        }
        Ok(true)
    }

    /// A string, still escaped.
    pub(super) fn text(&mut self, expected: &'static str) -> Result<RawText<'a>, TreeError> {
        self.expect(b'"', expected)?;
        let start = self.at;
        let mut is_escaped = false;
        loop {
            self.skip_run();
            match self.bytes.get(self.at) {
                Some(b'"') => break,
                Some(b'\\') => {
                    is_escaped = true;
                    self.at += 2;
                }
                _ => return self.refused("the end of a string"),
            }
        }
        let bytes = &self.bytes[start..self.at];
        self.at += 1;
        Ok(RawText { bytes, is_escaped })
    }

    /// Steps over bytes that mean nothing in a string: eight at a time, then the rest.
    #[inline]
    fn skip_run(&mut self) {
        while let Some(word) = self.bytes.get(self.at..).and_then(|rest| rest.first_chunk()) {
            let ends = ends_in(u64::from_le_bytes(*word));
            if ends != 0 {
                self.at += ends.trailing_zeros() as usize / 8;
                return;
            }
            self.at += 8;
        }
        while self.bytes.get(self.at).is_some_and(|byte| !matches!(byte, 0..0x20 | b'"' | b'\\')) {
            self.at += 1;
        }
    }

    /// A whole number that is not negative.
    pub(super) fn number(&mut self) -> Result<u64, TreeError> {
        const EXPECTED: &str = "a whole number that fits";
        let _ = self.peek();
        let start = self.at;
        let mut value: u64 = 0;
        while let Some(digit @ b'0'..=b'9') = self.bytes.get(self.at) {
            let wider = value.checked_mul(10);
            match wider.and_then(|wider| wider.checked_add(u64::from(digit - b'0'))) {
                Some(wider) => value = wider,
                None => return self.refused(EXPECTED),
            }
            self.at += 1;
        }
        let has_leading_zero = self.at - start > 1 && self.bytes[start] == b'0';
        let goes_on = matches!(self.bytes.get(self.at), Some(b'.' | b'e' | b'E'));
        if self.at == start || has_leading_zero || goes_on {
            return self.refused(EXPECTED);
        }
        Ok(value)
    }

    /// An id.
    pub(super) fn id(&mut self) -> Result<RawId, TreeError> {
        const EXPECTED: &str = "an id of 64 digits";
        self.expect(b'"', EXPECTED)?;
        let text = self.bytes.get(self.at..self.at + 65).and_then(|text| text.split_last_chunk());
        let Some((digits, b"\"")) = text else { return self.refused(EXPECTED) };
        let mut bytes = [0u8; 32];
        let mut wrong = 0;
        for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
            let high = HEX_VALUES[usize::from(pair[0])];
            let low = HEX_VALUES[usize::from(pair[1])];
            wrong |= (high | low) & 0xf0;
            *byte = high << 4 | low & 15;
        }
        if wrong != 0 {
            return self.refused(EXPECTED);
        }
        self.at += 65;
        Ok(RawId::from_bytes(bytes))
    }

    /// Any value, as it stands.
    pub(super) fn any(&mut self) -> Result<&'a RawValue, TreeError> {
        let rest = &self.bytes[self.at..];
        let mut values = serde_json::Deserializer::from_slice(rest).into_iter::<&RawValue>();
        match values.next() {
            Some(Ok(value)) => {
                self.at += values.byte_offset();
                Ok(value)
            }
            _ => self.refused("a value"),
        }
    }
}

impl<'a> RawText<'a> {
    /// The bytes, if the string holds no escape.
    pub(super) fn plain(self) -> Option<&'a [u8]> {
        if self.is_escaped { None } else { Some(self.bytes) }
    }

    /// The string. Go reads bytes that are not UTF-8 as U+FFFD, so they are no error.
    pub(super) fn unescape(self) -> Option<String> {
        let text = String::from_utf8_lossy(self.bytes);
        if !self.is_escaped {
            return Some(text.into_owned());
        }
        if let Ok(text) = serde_json::from_str(&format!("\"{text}\"")) {
            return Some(text);
        }
        unescape_lone_surrogates(&text)
    }
}

/// Like Go, reads an escaped half of a surrogate pair as U+FFFD.
fn unescape_lone_surrogates(text: &str) -> Option<String> {
    let mut repaired = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('\\') {
        let (before, escape) = rest.split_at(at);
        repaired.push_str(before);
        let length = if escape[1..].starts_with('u') { 6 } else { 2 };
        let (escape, after) = escape.split_at_checked(length)?;
        let pair = after.get(..6).map(|next| format!("{escape}{next}"));
        let means_something = |text: &str| serde_json::from_str::<String>(&format!("\"{text}\""));
        if means_something(escape).is_ok() {
            repaired.push_str(escape);
            rest = after;
        } else if let Some(pair) = pair.filter(|pair| means_something(pair).is_ok()) {
            repaired.push_str(&pair);
            rest = &after[6..];
        } else if length == 6 && u16::from_str_radix(&escape[2..], 16).is_ok() {
            repaired.push('\u{fffd}');
            rest = after;
        } else {
            return None;
        }
    }
    repaired.push_str(rest);
    serde_json::from_str(&format!("\"{repaired}\"")).ok()
}

/// The high bits of the bytes of `word` at which a run of plain bytes in a string ends: quotes,
/// backslashes, controls. Bytes behind the first of them may be marked without reason.
#[inline]
fn ends_in(word: u64) -> u64 {
    const ONES: u64 = u64::MAX / 255;
    const HIGH: u64 = ONES * 0x80;
    let is_zero = |word: u64| word.wrapping_sub(ONES) & !word;
    let controls = word.wrapping_sub(ONES * 0x20) & !word;
    let quotes = is_zero(word ^ (ONES * u64::from(b'"')));
    let backslashes = is_zero(word ^ (ONES * u64::from(b'\\')));
    (controls | quotes | backslashes) & HIGH
}

/// What each hexadecimal digit in lower case stands for; 0xff for everything else.
static HEX_VALUES: [u8; 256] = {
    let mut values = [0xff; 256];
    let mut value = 0;
    while value < 16 {
        values[b"0123456789abcdef"[value as usize] as usize] = value;
        value += 1;
    }
    values
};
