//! Numbers, times and modes as restic writes them.

use std::path::Path;

use holdfast_engine::time::Time;
use holdfast_engine::tree::{self, mode};
use jiff::tz::TimeZone;

/// A path in a snapshot: with slashes on every operating system.
pub(crate) fn snapshot_path(path: &Path) -> String {
    let text = path.display().to_string();
    if cfg!(windows) { text.replace('\\', "/") } else { text }
}

/// Text of bytes that should be Unicode: each that is not becomes the sign for it, as in Go.
pub(crate) fn text(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        text.extend(chunk.invalid().iter().map(|_| char::REPLACEMENT_CHARACTER));
    }
    text
}

/// A path in a snapshot, for people: quoted where a character of it could not be seen.
pub(crate) fn shown_path(path: &Path, is_folder: bool) -> String {
    let mut bytes = if cfg!(windows) {
        snapshot_path(path).into_bytes()
    } else {
        path.as_os_str().as_encoded_bytes().to_vec()
    };
    if is_folder && !bytes.ends_with(b"/") {
        bytes.push(b'/');
    }
    tree::shown(&bytes).into_owned()
}

/// `532 B`, `1.567 KiB`, `2.861 MiB`
pub(crate) fn bytes(count: u64) -> String {
    const UNITS: [&str; 4] = ["KiB", "MiB", "GiB", "TiB"];
    if count < 1024 {
        return format!("{count} B");
    }
    let mut amount = count as f64 / 1024.0;
    let mut unit = 0;
    while amount >= 1024.0 && unit + 1 < UNITS.len() {
        amount /= 1024.0;
        unit += 1;
    }
    format!("{amount:.3} {}", UNITS[unit])
}

/// `0:07`, `12:30`, `1:00:05`
pub(crate) fn seconds(seconds: u64) -> String {
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    if hours > 0 {
        format!("{hours}:{minutes:02}:{seconds:02}")
    } else {
        format!("{minutes}:{seconds:02}")
    }
}

/// `37.50%`; never more than all.
pub(crate) fn percent(part: u64, whole: u64) -> String {
    if whole == 0 {
        return String::new();
    }
    format!("{:.2}%", 100.0 * part.min(whole) as f64 / whole as f64)
}

/// `2026-11-21 09:04:47`, as a clock in `zone` showed it.
pub(crate) fn local_time(time: &Time, zone: &TimeZone) -> String {
    let local = time.timestamp().to_zoned(zone.clone());
    local.strftime("%Y-%m-%d %H:%M:%S").to_string()
}

/// `2026-11-21 09:04:48.343767121 +0000 UTC`: what Go makes of a time that it prints.
pub(crate) fn go_time(time: &Time, zone: &TimeZone) -> String {
    let local = time.timestamp().to_zoned(zone.clone());
    let mut fraction = String::new();
    if time.nanoseconds > 0 {
        let digits = format!("{:09}", time.nanoseconds);
        fraction = format!(".{}", digits.trim_end_matches('0'));
    }
    format!("{}{fraction} {}", local.strftime("%Y-%m-%d %H:%M:%S"), local.strftime("%z %Z"))
}

/// `-rwxr-xr-x`: Go's text for a mode.
pub(crate) fn permissions(bits: u32) -> String {
    // Go writes a letter for each of its type bits, highest first, in this order.
    const LETTERS: &[u8] = b"dalTLDpSugct?";
    let mut text: String = LETTERS
        .iter()
        .enumerate()
        .filter(|(position, _)| bits & (1 << (31 - position)) != 0)
        .map(|(_, letter)| char::from(*letter))
        .collect();
    if text.is_empty() {
        text.push('-');
    }
    for (position, letter) in "rwxrwxrwx".chars().enumerate() {
        let set = bits & mode::PERMISSIONS & (1 << (8 - position)) != 0;
        text.push(if set { letter } else { '-' });
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_have_three_decimals() {
        let cases = [
            (0, "0 B"),
            (1023, "1023 B"),
            (1024, "1.000 KiB"),
            (1605, "1.567 KiB"),
            (3_000_006, "2.861 MiB"),
            (1_250_011_371, "1.164 GiB"),
            (5 << 50, "5120.000 TiB"),
        ];
        for (count, text) in cases {
            assert_eq!(bytes(count), text);
        }
    }

    #[test]
    fn durations_and_shares_are_short() {
        assert_eq!([seconds(7), seconds(750), seconds(3605)], ["0:07", "12:30", "1:00:05"]);
        assert_eq!([percent(3, 8), percent(9, 8), percent(1, 0)], ["37.50%", "100.00%", ""]);
    }

    #[test]
    fn modes_are_written_as_in_go() {
        let cases = [
            (0o644, "-rw-r--r--"),
            (mode::FOLDER | 0o755, "drwxr-xr-x"),
            (mode::SYMLINK | 0o777, "Lrwxrwxrwx"),
            (mode::FIFO | 0o600, "prw-------"),
            (mode::DEVICE | mode::CHAR_DEVICE | 0o666, "Dcrw-rw-rw-"),
            (mode::SETUID | 0o755, "urwxr-xr-x"),
            (mode::FOLDER | mode::STICKY | 0o777, "dtrwxrwxrwx"),
            (mode::SOCKET | 0o755, "Srwxr-xr-x"),
        ];
        for (bits, text) in cases {
            assert_eq!(permissions(bits), text);
        }
    }

    #[test]
    fn times_are_shown_in_the_local_zone() {
        let time = Time { seconds: 0, nanoseconds: 120_000_000, offset_seconds: 0 };
        assert_eq!(local_time(&time, &TimeZone::UTC), "1970-01-01 00:00:00");
        assert_eq!(go_time(&time, &TimeZone::UTC), "1970-01-01 00:00:00.12 +0000 UTC");
    }
}
