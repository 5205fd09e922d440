//! Files of patterns: one a line, with comments and variables.

use std::ffi::{OsStr, OsString};

use crate::text_file::decoded;

/// The patterns in a file's text. Lines are trimmed, empty ones and those that begin with `#` are
/// left out, and variables are replaced by what `variable` says of them (nothing, if it says
/// none). A byte order mark tells UTF-16 from everything else.
pub(super) fn patterns(text: &[u8], variable: &dyn Fn(&OsStr) -> Option<OsString>) -> Vec<Vec<u8>> {
    decoded(text)
        .split(|byte| *byte == b'\n')
        .map(trimmed)
        .filter(|line| !line.is_empty() && !line.starts_with(b"#"))
        .map(|line| expanded(line, variable))
        .collect()
}

/// Without white space at both ends, as Unicode has it.
fn trimmed(line: &[u8]) -> &[u8] {
    match std::str::from_utf8(line) {
        Ok(text) => text.trim().as_bytes(),
        Err(_) => line.trim_ascii(),
    }
}

/// Replaces `$name` and `${name}`; `$$` is a dollar sign.
fn expanded(line: &[u8], variable: &dyn Fn(&OsStr) -> Option<OsString>) -> Vec<u8> {
    let mut out = Vec::with_capacity(line.len());
    let mut rest = line;
    while let Some(at) = rest.iter().position(|byte| *byte == b'$') {
        out.extend_from_slice(&rest[..at]);
        let behind = &rest[at + 1..];
        let (name, length) = variable_name(behind);
        match (name, length) {
            // A dollar sign that no name follows.
            (b"", 0) => out.push(b'$'),
            // Bad syntax, such as `${}`, is dropped.
            (b"", _) => {}
            (b"$", _) => out.push(b'$'),
            (name, _) => {
                let name = String::from_utf8_lossy(name);
                if let Some(value) = variable(OsStr::new(name.as_ref())) {
                    out.extend_from_slice(value.as_encoded_bytes());
                }
            }
        }
        rest = &behind[length..];
    }
    out.extend_from_slice(rest);
    out
}

/// A variable's name behind a dollar sign, and how many bytes it takes there.
fn variable_name(text: &[u8]) -> (&[u8], usize) {
    let is_special = |byte: &u8| b"*#$@!?-0123456789".contains(byte);
    match text {
        [b'{', special, b'}', ..] if is_special(special) => (&text[1..2], 3),
        [b'{', inner @ ..] => match inner.iter().position(|byte| *byte == b'}') {
            Some(end) => (&inner[..end], end + 2),
            None => (b"", 1),
        },
        [special, ..] if is_special(special) => (&text[..1], 1),
        _ => {
            let is_name = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_';
            let length = text.iter().take_while(|byte| is_name(byte)).count();
            (&text[..length], length)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &[u8]) -> Vec<String> {
        let variable = |name: &OsStr| (name == "HOME").then(|| OsString::from("/home/anna"));
        let patterns = patterns(text, &variable);
        patterns.into_iter().map(|it| String::from_utf8(it).expect("text")).collect()
    }

    #[test]
    fn lines_are_trimmed_commented_and_expanded() {
        let text =
            b"\n  *.tmp \r\n# comment\n  # too\n$HOME/x\n${HOME}y\na$$b\nc$\n${}d\n${e\n$9f\n";
        let expected = ["*.tmp", "/home/anna/x", "/home/annay", "a$b", "c$", "d", "e", "f"];
        assert_eq!(read(text), expected);
    }

    #[test]
    fn byte_order_marks_tell_the_encoding() {
        assert_eq!(read(b"\xef\xbb\xbfa\nb"), ["a", "b"]);
        assert_eq!(read(b"\xff\xfea\0\n\0\xe4\0"), ["a", "ä"]);
        assert_eq!(read(b"\xfe\xff\0a\0\n\0\xe4"), ["a", "ä"]);
    }
}
