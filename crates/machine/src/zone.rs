//! The local time zone, looked up as Go programs do.
//!
//! A tree records the zone's offset in every time, so two tools store the same bytes for the same
//! folder only if they agree on the zone. restic is written in Go; therefore `TZ` is a name or a
//! path and nothing else, without `TZ` the zone is `/etc/localtime`, and whatever cannot be read
//! is UTC.
//!
//! On Windows the two agree on times of these years and differ on older ones: Go knows only the
//! rule that Windows has for the present year and takes it for every year, while here the rule is
//! that of the time itself; and Go passes over `TZ`, which is heeded here. Where a zone has changed
//! its rules (the United States in 2007), a file from before then gets another offset, for the same
//! moment, in a snapshot of one program than of the other: its folder's tree is stored anew after
//! each change of program, and nothing else follows from it.

use jiff::tz::TimeZone;

/// The time zone of this process.
#[must_use]
pub fn local_zone() -> TimeZone {
    #[cfg(unix)]
    let zone = unix::zone(std::env::var_os("TZ").as_deref());
    #[cfg(not(unix))]
    let zone = TimeZone::try_system().unwrap_or(TimeZone::UTC);
    zone
}

#[cfg(unix)]
mod unix {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;
    use std::path::Path;

    use jiff::tz::TimeZone;

    /// Where Go looks for a zone by its name, in its order.
    const DATABASES: [&str; 4] =
        ["/usr/share/zoneinfo", "/usr/share/lib/zoneinfo", "/usr/lib/locale/TZ", "/etc/zoneinfo"];

    pub(super) fn zone(variable: Option<&OsStr>) -> TimeZone {
        let found = match variable {
            None => read(Path::new("/etc/localtime")),
            Some(value) => named(value),
        };
        found.unwrap_or(TimeZone::UTC)
    }

    fn named(value: &OsStr) -> Option<TimeZone> {
        let bytes = value.as_bytes();
        let name = bytes.strip_prefix(b":").unwrap_or(bytes);
        let path = Path::new(OsStr::from_bytes(name));
        if path.is_absolute() {
            return read(path);
        }
        let leaves = path.components().any(|part| part.as_os_str() == "..");
        if name.is_empty() || name == b"UTC" || leaves {
            return None;
        }
        DATABASES.iter().find_map(|folder| read(&Path::new(folder).join(path)))
    }

    fn read(path: &Path) -> Option<TimeZone> {
        let bytes = std::fs::read(path).ok()?;
        TimeZone::tzif(&path.to_string_lossy(), &bytes).ok()
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[track_caller]
        fn check(variable: &str, hours_in_july: i8) {
            let summer: jiff::Timestamp = "2026-07-01T00:00:00Z".parse().expect("a time");
            let offset = zone(Some(OsStr::new(variable))).to_offset(summer);
            assert_eq!(offset, jiff::tz::offset(hours_in_july), "{variable}");
        }

        #[test]
        fn a_zone_is_a_name_or_a_path() {
            check("Europe/Berlin", 2);
            check(":Asia/Shanghai", 8);
            check("/usr/share/zoneinfo/America/New_York", -4);
        }

        #[test]
        fn what_cannot_be_read_is_utc() {
            for variable in ["", ":", "UTC", "CET-1CEST", "Nowhere/Land", "/etc/passwd", "../../x"]
            {
                check(variable, 0);
            }
        }
    }
}
