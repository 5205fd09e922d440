//! Which names of a snapshot may become names of files.
//!
//! A repository can be written by anybody who has its password, so a name in it is not trusted:
//! one that would lead out of its folder, or mean something else to this system, is refused.

use std::ffi::OsString;

use crate::backup::source::os_name;
use crate::tree::is_device_of_windows;

/// The file name for these bytes, or why there is none.
pub(super) fn safe_name(bytes: &[u8]) -> Result<OsString, &'static str> {
    if bytes.is_empty() {
        return Err("the name is empty");
    }
    if matches!(bytes, b"." | b"..") {
        return Err("the name would lead to another folder");
    }
    if bytes.contains(&b'/') {
        return Err("the name is a path");
    }
    if bytes.contains(&0) {
        return Err("the name holds a zero byte");
    }
    if cfg!(windows) {
        refuse_for_windows(bytes)?;
    }
    os_name(bytes).ok_or("the name cannot be written on this system")
}

/// What Windows would take for a path, a stream or a device.
fn refuse_for_windows(bytes: &[u8]) -> Result<(), &'static str> {
    if bytes.iter().any(|byte| *byte < 0x20 || b"\\:*?\"<>|".contains(byte)) {
        return Err("the name holds a character that Windows does not allow");
    }
    if bytes.ends_with(b".") || bytes.ends_with(b" ") {
        return Err("the name ends in a way that Windows does not allow");
    }
    if std::str::from_utf8(bytes).is_ok_and(is_device_of_windows) {
        return Err("the name is a device of Windows");
    }
    Ok(())
}

/// The `number`th name to try for a file that is restored beside one of the same name:
/// `report (restored).pdf`, `report (restored 2).pdf`.
pub(super) fn name_beside(name: &[u8], number: u32) -> Vec<u8> {
    // A dot at the very start begins a hidden file's name, not an ending.
    let dot = name.iter().rposition(|byte| *byte == b'.').filter(|at| *at > 0);
    let (stem, ending) = name.split_at(dot.unwrap_or(name.len()));
    let mark = match number {
        0 | 1 => b" (restored)".to_vec(),
        _ => format!(" (restored {number})").into_bytes(),
    };
    let room = 255_usize.saturating_sub(mark.len() + ending.len());
    let mut kept = stem.len().min(room);
    if kept < stem.len() {
        // Not inside of a character.
        while kept > 0 && stem[kept] & 0xc0 == 0x80 {
            kept -= 1;
        }
    }
    [&stem[..kept], &mark, ending].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_lead_elsewhere_are_refused() {
        for name in [&b""[..], b".", b"..", b"/", b"a/b", b"../x", b"a\0b"] {
            assert!(safe_name(name).is_err(), "{name:?}");
        }
        for name in [&b".a"[..], b"a b", b"-rf", b"\xc3\xa9", b"..a"] {
            assert!(safe_name(name).is_ok(), "{name:?}");
        }
    }

    #[test]
    fn names_that_windows_takes_for_something_else_are_refused_there() {
        for name in ["C:", "a:stream", "a\\b", "con", "NUL.txt", "Com1", "lpt9.x", "COM¹", "lpt³.x"]
        {
            assert!(refuse_for_windows(name.as_bytes()).is_err(), "{name}");
        }
        for name in ["a.", "a ", "a. ", "a\u{1}"] {
            assert!(refuse_for_windows(name.as_bytes()).is_err(), "{name}");
        }
        for name in ["console", "com", "COM10", "a.b", ".git", "nul_"] {
            assert!(refuse_for_windows(name.as_bytes()).is_ok(), "{name}");
        }
    }

    #[test]
    fn a_name_beside_keeps_its_ending_and_fits() {
        for (name, number, expected) in [
            ("report.pdf", 1, "report (restored).pdf"),
            ("report.pdf", 3, "report (restored 3).pdf"),
            (".bashrc", 1, ".bashrc (restored)"),
            ("Makefile", 2, "Makefile (restored 2)"),
        ] {
            assert_eq!(name_beside(name.as_bytes(), number), expected.as_bytes());
        }
        let long = name_beside("é".repeat(127).as_bytes(), 1);
        assert!(long.len() <= 255 && std::str::from_utf8(&long).is_ok());
    }
}
