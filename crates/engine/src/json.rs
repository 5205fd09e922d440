//! JSON text as Go's `encoding/json` writes it.
//!
//! Ids are sums of such text, so every byte counts: `<`, `>` and `&` are escaped, and so are the
//! two line separators that JavaScript minds.

/// Appends `text` as a JSON string with its quotes.
pub(crate) fn write_string(text: &str, out: &mut Vec<u8>) {
    out.push(b'"');
    write_string_part(text, out);
    out.push(b'"');
}

/// Appends bytes that should be UTF-8 as a JSON string; each byte that is not becomes `\ufffd`.
pub(crate) fn write_lossy_string(bytes: &[u8], out: &mut Vec<u8>) {
    out.push(b'"');
    for chunk in bytes.utf8_chunks() {
        write_string_part(chunk.valid(), out);
        for _ in chunk.invalid() {
            out.extend_from_slice(br"\ufffd");
        }
    }
    out.push(b'"');
}

/// Appends `text` as it stands inside the quotes of a JSON string.
pub(crate) fn write_string_part(text: &str, out: &mut Vec<u8>) {
    let bytes = text.as_bytes();
    let mut written = 0;
    for (at, byte) in bytes.iter().enumerate() {
        if !NEEDS_CARE[usize::from(*byte)] {
            continue;
        }
        let (escape, length): (&[u8], usize) = match byte {
            b'"' => (br#"\""#, 1),
            b'\\' => (br"\\", 1),
            b'\n' => (br"\n", 1),
            b'\r' => (br"\r", 1),
            b'\t' => (br"\t", 1),
            0x08 => (br"\b", 1),
            0x0c => (br"\f", 1),
            b'<' => (br"\u003c", 1),
            b'>' => (br"\u003e", 1),
            b'&' => (br"\u0026", 1),
            0xe2 if bytes[at..].starts_with("\u{2028}".as_bytes()) => (br"\u2028", 3),
            0xe2 if bytes[at..].starts_with("\u{2029}".as_bytes()) => (br"\u2029", 3),
            0xe2 => continue,
            control => {
                let digits = [HEX[usize::from(control >> 4)], HEX[usize::from(control & 15)]];
                out.extend_from_slice(&bytes[written..at]);
                out.extend_from_slice(br"\u00");
                out.extend_from_slice(&digits);
                written = at + 1;
                continue;
            }
        };
        out.extend_from_slice(&bytes[written..at]);
        out.extend_from_slice(escape);
        written = at + length;
    }
    out.extend_from_slice(&bytes[written..]);
}

/// Appends a number in decimal digits.
pub(crate) fn write_number(mut value: u64, out: &mut Vec<u8>) {
    let mut digits = [0u8; 20];
    let mut first = digits.len();
    loop {
        first -= 1;
        digits[first] = b'0' + (value % 10) as u8;
        value /= 10;
        if value == 0 {
            break;
        }
    }
    out.extend_from_slice(&digits[first..]);
}

/// Appends bytes as hexadecimal digits in lower case.
pub(crate) fn write_hex(bytes: &[u8], out: &mut Vec<u8>) {
    for byte in bytes {
        out.extend_from_slice(&[HEX[usize::from(byte >> 4)], HEX[usize::from(byte & 15)]]);
    }
}

const HEX: &[u8; 16] = b"0123456789abcdef";

/// Bytes that begin something that may have to be escaped.
static NEEDS_CARE: [bool; 256] = {
    let mut needs_care = [false; 256];
    let mut byte = 0;
    while byte < 0x20 {
        needs_care[byte] = true;
        byte += 1;
    }
    let others = [b'"', b'\\', b'<', b'>', b'&', 0xe2];
    let mut at = 0;
    while at < others.len() {
        needs_care[others[at] as usize] = true;
        at += 1;
    }
    needs_care
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_are_escaped_as_go_escapes_them() {
        let check = |text: &[u8], expected: &str| {
            let mut out = Vec::new();
            write_lossy_string(text, &mut out);
            assert_eq!(String::from_utf8_lossy(&out), expected);
        };
        check(b"", r#""""#);
        check(b"a\"b\\c/d", r#""a\"b\\c/d""#);
        check(b"<a&b>", r#""\u003ca\u0026b\u003e""#);
        check(b"\x00\x08\x0c\n\r\t\x1f\x7f", "\"\\u0000\\b\\f\\n\\r\\t\\u001f\u{7f}\"");
        check(
            "é\u{2027}\u{2028}\u{2029}\u{202a}".as_bytes(),
            "\"é\u{2027}\\u2028\\u2029\u{202a}\"",
        );
        check(b"a\xff\xe2\x80", r#""a\ufffd\ufffd\ufffd""#);
    }

    #[test]
    fn numbers_are_written_in_full() {
        for value in [0, 7, 10, 2_147_484_141, u64::MAX] {
            let mut out = Vec::new();
            write_number(value, &mut out);
            assert_eq!(out, value.to_string().as_bytes());
        }
    }
}
