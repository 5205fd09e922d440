//! Values on the command line, in the notations that restic understands.
//!
//! Durations as Go writes them (`5m`, `1h30m`), sizes (`500k`, `2G`), lists of tags, moments in
//! local time. Every parser says in its error what it expected.

use std::ffi::OsString;
use std::str::FromStr;
use std::time::Duration;

use jiff::civil::DateTime;
use jiff::tz::TimeZone;

/// A list of tags from one use of a flag: all of them together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TagList(pub(crate) Vec<String>);

/// A whole number, whose error says that one is expected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct WholeNumber<T>(pub(crate) T);

impl<T: FromStr> FromStr for WholeNumber<T> {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse().map(Self).map_err(|_| "a whole number is expected")
    }
}

/// How many at most; a number below 0 means no limit, as 0 does.
pub(crate) fn count_max(text: &str) -> Result<usize, String> {
    let WholeNumber(count) = text.parse::<WholeNumber<i64>>()?;
    Ok(usize::try_from(count).unwrap_or(0))
}

/// A duration such as `300ms`, `5m` or `1h30m`.
pub(crate) fn duration(text: &str) -> Result<Duration, String> {
    let wrong = || format!("{text:?} is not a duration; write it like 90s, 5m or 1h30m");
    if text == "0" {
        return Ok(Duration::ZERO);
    }
    let mut seconds = 0.0;
    let mut rest = text;
    while !rest.is_empty() {
        let number_end = rest.find(|c: char| !c.is_ascii_digit() && c != '.').ok_or_else(wrong)?;
        let number: f64 = rest[..number_end].parse().map_err(|_| wrong())?;
        rest = &rest[number_end..];
        let unit_end = rest.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or(rest.len());
        seconds += number
            * match &rest[..unit_end] {
                "ns" => 1e-9,
                "us" | "µs" | "μs" => 1e-6,
                "ms" => 1e-3,
                "s" => 1.0,
                "m" => 60.0,
                "h" => 3600.0,
                _ => return Err(wrong()),
            };
        rest = &rest[unit_end..];
    }
    if text.is_empty() {
        return Err(wrong());
    }
    Duration::try_from_secs_f64(seconds).map_err(|_| wrong())
}

/// A number of bytes such as `1048576`, `500k`, `2M` or `1G`.
pub(crate) fn bytes(text: &str) -> Result<u64, String> {
    let wrong = || format!("{text:?} is not a size; write it like 500k, 20M or 1G");
    let (digits, factor) = match text.as_bytes().last() {
        Some(b'b' | b'B') => (&text[..text.len() - 1], 1),
        Some(b'k' | b'K') => (&text[..text.len() - 1], 1 << 10),
        Some(b'm' | b'M') => (&text[..text.len() - 1], 1 << 20),
        Some(b'g' | b'G') => (&text[..text.len() - 1], 1 << 30),
        Some(b't' | b'T') => (&text[..text.len() - 1], 1_u64 << 40),
        _ => (text, 1),
    };
    let number: u64 = digits.parse().map_err(|_| wrong())?;
    number.checked_mul(factor).ok_or_else(wrong)
}

/// Tags separated by commas.
#[expect(clippy::unnecessary_wraps, reason = "the signature of a value parser")]
pub(crate) fn tag_list(text: &str) -> Result<TagList, String> {
    Ok(TagList(text.split(',').map(|tag| tag.trim().to_owned()).collect()))
}

/// A moment such as `2012-11-01 22:08:41`, in the given zone.
pub(crate) fn moment(text: &str, zone: &TimeZone) -> Result<jiff::Zoned, String> {
    let wrong = || format!("{text:?} is not a time; write it like \"2012-11-01 22:08:41\"");
    let local = DateTime::strptime("%Y-%m-%d %H:%M:%S", text).map_err(|_| wrong())?;
    local.to_zoned(zone.clone()).map_err(|_| wrong())
}

/// A moment in one of the notations that `find` takes: a day, or a day and a time of day, the year
/// first or last, perhaps with an offset such as `-0700`; in the given zone without one.
pub(crate) fn any_moment(text: &str, zone: &TimeZone) -> Option<jiff::Zoned> {
    ["%Y-%m-%d", "%d.%m.%Y"].into_iter().find_map(|day| {
        let of = |format: &str| jiff::fmt::strtime::parse(format!("{day}{format}"), text).ok();
        if let Some(read) = of(" %H:%M:%S %z") {
            return read.to_zoned().ok();
        }
        let read = of("").or_else(|| of(" %H:%M")).or_else(|| of(" %H:%M:%S"))?;
        let time = read.to_time().unwrap_or(jiff::civil::Time::midnight());
        read.to_date().ok()?.to_datetime(time).to_zoned(zone.clone()).ok()
    })
}

/// The tags of all uses of a flag as one list, without the empty ones.
pub(crate) fn flat_tags(lists: &[TagList]) -> Vec<String> {
    lists.iter().flat_map(|list| &list.0).filter(|tag| !tag.is_empty()).cloned().collect()
}

/// Bytes of a file as the operating system would have them in a name.
#[cfg(unix)]
pub(crate) fn os_string(bytes: &[u8]) -> OsString {
    use std::os::unix::ffi::OsStrExt;
    std::ffi::OsStr::from_bytes(bytes).to_owned()
}

/// Bytes of a file as the operating system would have them in a name.
#[cfg(not(unix))]
pub(crate) fn os_string(bytes: &[u8]) -> OsString {
    String::from_utf8_lossy(bytes).into_owned().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_written_as_in_go() {
        let cases = [
            ("0", 0),
            ("300ms", 300),
            ("90s", 90_000),
            ("5m", 300_000),
            ("1h30m", 5_400_000),
            ("1.5h", 5_400_000),
        ];
        for (text, millis) in cases {
            assert_eq!(duration(text), Ok(Duration::from_millis(millis)), "{text}");
        }
        for text in ["", "5", "m", "zz", "5 m", "-5m", "1d"] {
            assert!(duration(text).is_err(), "{text}");
        }
    }

    #[test]
    fn sizes_have_binary_suffixes() {
        let cases = [("0", 0), ("7", 7), ("7b", 7), ("2k", 2048), ("3M", 3 << 20), ("1G", 1 << 30)];
        for (text, size) in cases {
            assert_eq!(bytes(text), Ok(size), "{text}");
        }
        for text in ["", "k", "-1", "1.5G", "99999999T", "5x"] {
            assert!(bytes(text).is_err(), "{text}");
        }
    }

    #[test]
    fn tags_are_separated_by_commas_and_trimmed() {
        assert_eq!(tag_list("a, b").map(|list| list.0), Ok(vec!["a".into(), "b".into()]));
        let lists = [TagList(vec!["a".into(), String::new()]), TagList(vec!["b".into()])];
        assert_eq!(flat_tags(&lists), ["a", "b"]);
    }

    #[test]
    fn moments_to_search_by_have_several_notations() {
        let zone = TimeZone::fixed(jiff::tz::offset(2));
        let cases = [
            ("2012-11-01", "2012-10-31T22:00:00Z"),
            ("2012-11-01 22:08", "2012-11-01T20:08:00Z"),
            ("01.11.2012 22:08:41", "2012-11-01T20:08:41Z"),
            ("2012-11-01 22:08:41 -0700", "2012-11-02T05:08:41Z"),
        ];
        for (text, expected) in cases {
            let moment = any_moment(text, &zone).expect(text);
            assert_eq!(moment.timestamp().to_string(), expected, "{text}");
        }
        for text in ["", "zz", "2012-13-01", "2012-11-01 25:00", "2012-11-01x"] {
            assert!(any_moment(text, &zone).is_none(), "{text}");
        }
    }

    #[test]
    fn a_time_is_local() {
        let zone = TimeZone::fixed(jiff::tz::offset(2));
        let moment = moment("2012-11-01 22:08:41", &zone).expect("a valid time");
        assert_eq!(moment.timestamp().to_string(), "2012-11-01T20:08:41Z");
        assert!(super::moment("yesterday", &zone).is_err());
    }
}
