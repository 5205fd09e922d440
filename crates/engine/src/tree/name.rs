//! Names as trees hold them: quoted as Go's `strconv.Quote` does, without the outer quotes.
//!
//! Names of files are bytes, JSON is text; quoting is how restic stores the one in the other.

use std::borrow::Cow;

use super::printable::is_printable;
use crate::json;

/// Appends a name as a JSON string: first quoted, then written as JSON.
pub(super) fn write_name(name: &[u8], out: &mut Vec<u8>) {
    out.push(b'"');
    if name.iter().all(|byte| IS_PLAIN[usize::from(*byte)]) {
        out.extend_from_slice(name);
    } else {
        let mut quoted = Vec::with_capacity(name.len() * 2);
        quote(name, &mut quoted);
        json::write_string_part(
            std::str::from_utf8(&quoted).expect("quoting leaves only valid UTF-8"),
            out,
        );
    }
    out.push(b'"');
}

/// A name or path as restic shows it to people: as it is if every character of it can be seen, else
/// in quotes, so that none moves the cursor or ends the line.
#[must_use]
pub fn shown(name: &[u8]) -> Cow<'_, str> {
    let can_be_seen = |c: char| is_printable(c) && c != char::REPLACEMENT_CHARACTER;
    match std::str::from_utf8(name) {
        Ok(text) if text.chars().all(can_be_seen) => Cow::Borrowed(text),
        _ => {
            let mut quoted = vec![b'"'];
            quote(name, &mut quoted);
            quoted.push(b'"');
            Cow::Owned(String::from_utf8(quoted).expect("quoting leaves only valid UTF-8"))
        }
    }
}

/// The name that `quoted` stands for; `None` if an escape is wrong.
pub(super) fn unquote(quoted: &[u8]) -> Option<Vec<u8>> {
    let mut name = Vec::with_capacity(quoted.len());
    let mut rest = quoted;
    while let Some((byte, after)) = rest.split_first() {
        rest = after;
        match byte {
            b'\\' => rest = unescape(rest, &mut name)?,
            // Go refuses these two as well: they can only come from something that cannot quote.
            b'"' | b'\n' => return None,
            _ => name.push(*byte),
        }
    }
    Some(name)
}

fn quote(name: &[u8], quoted: &mut Vec<u8>) {
    for chunk in name.utf8_chunks() {
        for character in chunk.valid().chars() {
            quote_character(character, quoted);
        }
        for byte in chunk.invalid() {
            push_escape(br"\x", u32::from(*byte), 2, quoted);
        }
    }
}

fn quote_character(character: char, quoted: &mut Vec<u8>) {
    let code = u32::from(character);
    match character {
        '"' => quoted.extend_from_slice(br#"\""#),
        '\\' => quoted.extend_from_slice(br"\\"),
        _ if is_printable(character) => {
            quoted.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
        }
        '\x07' => quoted.extend_from_slice(br"\a"),
        '\x08' => quoted.extend_from_slice(br"\b"),
        '\x0c' => quoted.extend_from_slice(br"\f"),
        '\n' => quoted.extend_from_slice(br"\n"),
        '\r' => quoted.extend_from_slice(br"\r"),
        '\t' => quoted.extend_from_slice(br"\t"),
        '\x0b' => quoted.extend_from_slice(br"\v"),
        '\0'..=' ' | '\x7f' => push_escape(br"\x", code, 2, quoted),
        ..='\u{ffff}' => push_escape(br"\u", code, 4, quoted),
        _ => push_escape(br"\U", code, 8, quoted),
    }
}

fn push_escape(prefix: &[u8], code: u32, digits: usize, quoted: &mut Vec<u8>) {
    quoted.extend_from_slice(prefix);
    for place in (0..digits).rev() {
        let digit = (code >> (4 * place)) & 15;
        quoted.push(b"0123456789abcdef"[digit as usize]);
    }
}

/// Takes what follows a backslash from `rest`, and gives back what follows that.
fn unescape<'a>(rest: &'a [u8], name: &mut Vec<u8>) -> Option<&'a [u8]> {
    let (letter, rest) = rest.split_first()?;
    let byte = match letter {
        b'a' => 0x07,
        b'b' => 0x08,
        b'f' => 0x0c,
        b'n' => b'\n',
        b'r' => b'\r',
        b't' => b'\t',
        b'v' => 0x0b,
        b'\\' => b'\\',
        b'"' => b'"',
        b'x' => {
            let (value, rest) = number(rest, 2, 16)?;
            name.push(u8::try_from(value).ok()?);
            return Some(rest);
        }
        b'0'..=b'7' => {
            let (low, rest) = number(rest, 2, 8)?;
            name.push(u8::try_from(u32::from(letter - b'0') * 64 + low).ok()?);
            return Some(rest);
        }
        b'u' | b'U' => {
            let (value, rest) = number(rest, if *letter == b'u' { 4 } else { 8 }, 16)?;
            let character = char::from_u32(value)?;
            name.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
            return Some(rest);
        }
        _ => return None,
    };
    name.push(byte);
    Some(rest)
}

fn number(text: &[u8], digits: usize, radix: u32) -> Option<(u32, &[u8])> {
    let (digits, rest) = text.split_at_checked(digits)?;
    let mut value: u32 = 0;
    for digit in digits {
        value = value.checked_mul(radix)?.checked_add(char::from(*digit).to_digit(radix)?)?;
    }
    Some((value, rest))
}

/// Bytes that stand for themselves both in a quoted name and in JSON.
static IS_PLAIN: [bool; 256] = {
    let mut plain = [false; 256];
    let mut byte = 0x20;
    while byte < 0x7f {
        plain[byte] = !matches!(byte as u8, b'"' | b'\\' | b'<' | b'>' | b'&');
        byte += 1;
    }
    plain
};

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn written(name: &[u8]) -> String {
        let mut out = Vec::new();
        write_name(name, &mut out);
        String::from_utf8(out).expect("JSON is UTF-8")
    }

    #[test]
    fn names_are_quoted_and_then_written_as_json() {
        let check = |name: &[u8], expected: &str| assert_eq!(written(name), expected);
        check(b"plain name-1.txt", r#""plain name-1.txt""#);
        check(b"a\"b", r#""a\\\"b""#);
        check(br"a\b", r#""a\\\\b""#);
        check(b"a'b", r#""a'b""#);
        check(b"<&>", r#""\u003c\u0026\u003e""#);
        check(b"\x07\x08\x0c\n\r\t\x0b\x00\x1f\x7f", r#""\\a\\b\\f\\n\\r\\t\\v\\x00\\x1f\\x7f""#);
        check(b"a\xff\xed\xa0\x80", r#""a\\xff\\xed\\xa0\\x80""#);
        check("é語😀".as_bytes(), r#""é語😀""#);
        check(
            "\u{a0}\u{200d}\u{2028}\u{feff}\u{10ffff}".as_bytes(),
            r#""\\u00a0\\u200d\\u2028\\ufeff\\U0010ffff""#,
        );
    }

    #[test]
    fn wrong_escapes_are_refused() {
        for quoted in [
            r"\",
            r"\x",
            r"\x1",
            r"\xg1",
            r"\'",
            r"\z",
            r"\u12",
            r"\ud800",
            r"\U00110000",
            r"\400",
            r"\08",
            "a\"b",
            "a\nb",
        ] {
            assert_eq!(unquote(quoted.as_bytes()), None, "{quoted}");
        }
    }

    #[test]
    fn every_escape_that_go_reads_is_read() {
        let name = unquote(br#"\a\b\f\n\r\t\v\\\"\x41\101\u00e9\U0001F600"#);
        assert_eq!(name.as_deref(), Some("\x07\x08\x0c\n\r\t\x0b\\\"AAé😀".as_bytes()));
    }

    proptest! {
        #[test]
        fn any_name_comes_back(name in prop::collection::vec(any::<u8>(), 0..40)) {
            let text: String = serde_json::from_str(&written(&name)).expect("JSON");
            prop_assert_eq!(unquote(text.as_bytes()), Some(name));
        }

        #[test]
        fn unquoting_never_panics(quoted in prop::collection::vec(any::<u8>(), 0..40)) {
            let _ = unquote(&quoted);
        }
    }
}
