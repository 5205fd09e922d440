//! Times as Go's layouts write them: a layout is how the moment `Mon Jan 2 15:04:05 -0700 MST 2006`
//! would be written.

use jiff::tz::{Offset, TimeZone};

use crate::time::Time;

/// What stands for what, but for offsets and fractions. Of those that fit, the first counts.
const PARTS: [(&str, &str); 23] = [
    ("January", "%B"),
    ("Jan", "%b"),
    ("Monday", "%A"),
    ("Mon", "%a"),
    ("2006", "%Y"),
    ("_2006", "_%Y"),
    ("__2", "%_3j"),
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
    ("1", "%-m"),
    ("2", "%-d"),
    ("3", "%-I"),
    ("4", "%-M"),
    ("5", "%-S"),
];

/// What stands for the offset from UTC. Of those that fit, the first counts.
const OFFSETS: [&str; 11] = [
    "MST",
    "-070000",
    "-07:00:00",
    "-0700",
    "-07:00",
    "-07",
    "Z070000",
    "Z07:00:00",
    "Z0700",
    "Z07:00",
    "Z07",
];

/// The time as a layout writes it, as the clock of whoever made the snapshot showed it.
pub(super) fn format(time: &Time, layout: &str) -> String {
    let offset = Offset::from_seconds(time.offset_seconds).unwrap_or(Offset::UTC);
    let moment = time.timestamp().to_zoned(TimeZone::fixed(offset));
    let mut text = String::new();
    let mut rest = layout;
    while let Some(first) = rest.chars().next() {
        let length = if let Some((part, directive)) = PARTS.iter().find(|it| fits(it.0, rest)) {
            text.push_str(&moment.strftime(directive).to_string());
            part.len()
        } else if let Some(part) = OFFSETS.iter().find(|part| rest.starts_with(**part)) {
            text.push_str(&offset_as(part, time.offset_seconds));
            part.len()
        } else if let Some(fraction) = fraction_of(rest) {
            text.push_str(&fraction_as(fraction, time.nanoseconds));
            fraction.len()
        } else {
            text.push(first);
            first.len_utf8()
        };
        rest = &rest[length..];
    }
    text
}

/// True if the layout begins with the part. The beginning of another word, as of `Monsoon`, is none.
fn fits(part: &str, layout: &str) -> bool {
    let is_short_name = matches!(part, "Jan" | "Mon");
    layout.strip_prefix(part).is_some_and(|after| {
        !(is_short_name && after.starts_with(|c: char| c.is_ascii_lowercase()))
    })
}

fn offset_as(part: &str, offset_seconds: i32) -> String {
    match (part, offset_seconds) {
        ("MST", 0) => return "UTC".to_owned(),
        // An offset alone tells no zone's name, and so stands for it.
        ("MST", _) => return offset_as("-0700", offset_seconds),
        (part, 0) if part.starts_with('Z') => return "Z".to_owned(),
        _ => {}
    }
    let sign = if offset_seconds <= -60 { '-' } else { '+' };
    let seconds = offset_seconds.unsigned_abs();
    let numbers = [seconds / 3600, seconds / 60 % 60, seconds % 60];
    let count = part.bytes().filter(u8::is_ascii_digit).count() / 2;
    let between = if part.contains(':') { ":" } else { "" };
    let numbers = numbers[..count].iter().map(|number| format!("{number:02}"));
    format!("{sign}{}", numbers.collect::<Vec<_>>().join(between))
}

/// A point or comma and nothing but zeros or nothing but nines up to the last digit, if the layout
/// begins so.
fn fraction_of(layout: &str) -> Option<&str> {
    let digits = layout.strip_prefix(['.', ','])?;
    let digit = digits.chars().next().filter(|digit| matches!(digit, '0' | '9'))?;
    let after = digits.trim_start_matches(digit);
    let is_whole = !after.starts_with(|c: char| c.is_ascii_digit());
    is_whole.then(|| &layout[..layout.len() - after.len()])
}

/// Nines leave zeros at the end out, and the point if nothing is left.
fn fraction_as(fraction: &str, nanoseconds: u32) -> String {
    let nine_digits = format!("{nanoseconds:09}");
    let shown = &nine_digits[..(fraction.len() - 1).min(9)];
    let shown = if fraction.ends_with('9') { shown.trim_end_matches('0') } else { shown };
    if shown.is_empty() { String::new() } else { format!("{}{shown}", &fraction[..1]) }
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
            (
                "snap_2006-01-02_15.04.05.999",
                "snap_2026-01-02_03.04.07.12",
                "snap_2026-01-02_08.34.07.12",
            ),
            ("05,000 05,99 05.9", "07,120 07,12 07.1", "07,120 07,12 07.1"),
            ("__2 002 _2 .001 .09", "  2 002  2 .001 .09", "  2 002  2 .001 .09"),
            (
                "January Janus Jan1 Mondays Monsoon Monk Mon_",
                "January Janus Jan1 Fridays Monsoon Monk Fri_",
                "January Janus Jan1 Fridays Monsoon Monk Fri_",
            ),
            (
                "Z070000 -07:00:00 -07 Z07 MST",
                "Z +00:00:00 +00 Z UTC",
                "+053000 +05:30:00 +05 +05 +0530",
            ),
            ("5s 4m pm", "7s 4m am", "7s 34m am"),
        ];
        for (layout, utc, elsewhere) in cases {
            assert_eq!(format(&time, layout), utc, "{layout}");
            assert_eq!(format(&there, layout), elsewhere, "{layout}");
        }
    }
}
