//! Times as Go's layouts write them: a layout is how the moment `Mon Jan 2 15:04:05 -0700 MST 2006`
//! would be written.

use jiff::tz::{Offset, TimeZone};

use crate::time::Time;

/// What stands for what. Of those that fit, the first counts.
const PARTS: [(&str, &str); 34] = [
    ("January", "%B"),
    ("Jan", "%b"),
    ("Monday", "%A"),
    ("Mon", "%a"),
    ("MST", "%Z"),
    ("2006", "%Y"),
    ("_2", "%e"),
    ("002", "%j"),
    ("01", "%m"),
    ("02", "%d"),
    ("03", "%I"),
    ("04", "%M"),
    ("05", "%S"),
    ("06", "%y"),
    ("15", "%H"),
    ("PM", "%p"),
    ("pm", "%P"),
    ("-07:00:00", "%::z"),
    ("-07:00", "%:z"),
    ("-0700", "%z"),
    ("-07", "%:::z"),
    ("Z07:00:00", "Z%::z"),
    ("Z07:00", "Z%:z"),
    ("Z0700", "Z%z"),
    ("Z07", "Z%:::z"),
    (".000000000", "%.9f"),
    (".000000", "%.6f"),
    (".000", "%.3f"),
    (".00", "%.2f"),
    (".0", "%.1f"),
    ("1", "%-m"),
    ("2", "%-d"),
    ("3", "%-I"),
    ("4", "%-M"),
];

/// The time as a layout writes it, as the clock of whoever made the snapshot showed it.
pub(super) fn format(time: &Time, layout: &str) -> String {
    let offset = Offset::from_seconds(time.offset_seconds).unwrap_or(Offset::UTC);
    let moment = time.timestamp().to_zoned(TimeZone::fixed(offset));
    let mut text = String::new();
    let mut rest = layout;
    while let Some(first) = rest.chars().next() {
        // A point before a digit that is not of a fraction is a point.
        let fits = |part: &str| {
            let after = rest.strip_prefix(part);
            after.is_some_and(|after| {
                !part.starts_with('.') || !after.starts_with(|c: char| c.is_ascii_digit())
            })
        };
        let part = PARTS.iter().find(|(part, _)| fits(part));
        let Some((part, directive)) = part else {
            text.push(first);
            rest = &rest[first.len_utf8()..];
            continue;
        };
        rest = &rest[part.len()..];
        match directive.strip_prefix('Z') {
            Some(_) if time.offset_seconds == 0 => text.push('Z'),
            without_z => {
                text.push_str(&moment.strftime(without_z.unwrap_or(directive)).to_string());
            }
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn layouts_are_written_as_in_go() {
        let time = Time { seconds: 1_767_323_047, nanoseconds: 120_000_000, offset_seconds: 0 };
        let there = Time { offset_seconds: 5 * 3600 + 1800, ..time };
        let cases = [
            ("2006-01-02T15:04:05Z07:00", "2026-01-02T03:04:07Z", "2026-01-02T08:34:07+05:30"),
            ("2006-01-02_15-04-05", "2026-01-02_03-04-07", "2026-01-02_08-34-07"),
            ("Mon Jan _2 15:04:05 2006", "Fri Jan  2 03:04:07 2026", "Fri Jan  2 08:34:07 2026"),
            ("06/1/2 3:04PM -0700", "26/1/2 3:04AM +0000", "26/1/2 8:34AM +0530"),
            ("15.04.05.000 x", "03.04.07.120 x", "08.34.07.120 x"),
        ];
        for (layout, utc, elsewhere) in cases {
            assert_eq!(format(&time, layout), utc, "{layout}");
            assert_eq!(format(&there, layout), elsewhere, "{layout}");
        }
    }
}
