//! Text in files that people write with the editor of their system.
//!
//! Notepad and PowerShell put a byte order mark in front and write UTF-16; restic reads that, so
//! patterns, lists, locations and passwords are read so here.

/// The text's bytes without a byte order mark, in UTF-8 if the mark says that it was UTF-16. What
/// has no mark stays as it is, Unicode or not.
///
/// ```
/// use holdfast_engine::text_file::decoded;
///
/// assert_eq!(decoded(b"\xff\xfeh\0i\0"), b"hi");
/// assert_eq!(decoded(b"caf\xe9"), b"caf\xe9");
/// ```
#[must_use]
pub fn decoded(bytes: &[u8]) -> Vec<u8> {
    match bytes {
        [0xef, 0xbb, 0xbf, rest @ ..] => rest.to_vec(),
        [0xff, 0xfe, rest @ ..] => from_utf16(rest, u16::from_le_bytes),
        [0xfe, 0xff, rest @ ..] => from_utf16(rest, u16::from_be_bytes),
        _ => bytes.to_vec(),
    }
}

fn from_utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> Vec<u8> {
    let units = bytes.chunks_exact(2).map(|pair| unit([pair[0], pair[1]]));
    // Two bytes become three at most. Growing would leave copies of a password in memory.
    let mut text = String::with_capacity(bytes.len() / 2 * 3);
    text.extend(char::decode_utf16(units).map(|unit| unit.unwrap_or(char::REPLACEMENT_CHARACTER)));
    text.into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn byte_order_marks_tell_the_encoding() {
        let cases: [(&[u8], &str); 6] = [
            (b"", ""),
            (b"a\nb", "a\nb"),
            (b"\xef\xbb\xbfa\nb", "a\nb"),
            (b"\xff\xfea\0\n\0\xe4\0", "a\nä"),
            (b"\xfe\xff\0a\0\n\0\xe4", "a\nä"),
            (b"\xfe\xff\xd8\x3d\xde\x00\xd8\x3d", "😀\u{fffd}"),
        ];
        for (bytes, text) in cases {
            assert_eq!(decoded(bytes), text.as_bytes(), "{bytes:x?}");
        }
    }
}
