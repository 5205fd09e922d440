//! Paths in a snapshot as text that the window can hand back.
//!
//! Names in a snapshot are bytes. Bytes that are no text, and `%` itself, are written as `%` and
//! two hexadecimal digits, so that every name can be asked for.

/// The text of a path.
pub(crate) fn text(path: &[u8]) -> String {
    let mut text = String::with_capacity(path.len());
    for chunk in path.utf8_chunks() {
        for character in chunk.valid().chars() {
            if character == '%' {
                text.push_str("%25");
            } else {
                text.push(character);
            }
        }
        for byte in chunk.invalid() {
            text.push_str(&format!("%{byte:02x}"));
        }
    }
    text
}

/// The path of a text. What follows a `%` and is no number stands for itself.
pub(crate) fn bytes(text: &str) -> Vec<u8> {
    let mut path = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        let code = after.get(..2).and_then(|digits| std::str::from_utf8(digits).ok());
        let code = code.and_then(|digits| u8::from_str_radix(digits, 16).ok());
        match code {
            Some(code) if byte == b'%' => {
                path.push(code);
                rest = &after[2..];
            }
            _ => {
                path.push(byte);
                rest = after;
            }
        }
    }
    path
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_path_comes_back_from_its_text() {
        let paths: [&[u8]; 5] =
            [b"/", b"/a b/\xc3\xa9", b"/\xff\xfe%41", b"/100%", b"/line\nbreak"];
        for path in paths {
            assert_eq!(bytes(&text(path)), path, "{}", text(path));
        }
    }
}
