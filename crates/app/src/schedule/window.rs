//! The hours in which something may begin.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::calendar;
use crate::api::Window;

/// A stretch of time in which something may begin: from here to there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Opening {
    pub(super) from: Timestamp,
    pub(super) to: Timestamp,
}

/// The rest of the window if it is open at a moment, else its next opening.
///
/// None if there is no opening within the next days: a window without days.
pub(super) fn next_opening(window: &Window, at: Timestamp, zone: &TimeZone) -> Option<Opening> {
    // One that opened yesterday may still be open, and one day of the week comes within eight; the
    // ninth is for a day on which the clocks leave nothing of it.
    let yesterday = zone.to_datetime(at).date().yesterday().ok()?;
    let days = std::iter::successors(Some(yesterday), |day| day.tomorrow().ok()).take(10);
    let openings = days.filter(|day| window.days.contains(&calendar::weekday(*day)));
    let openings = openings.filter_map(|day| {
        let closes_on = if window.to > window.from { day } else { day.tomorrow().ok()? };
        let from = calendar::moment(day, calendar::time(window.from)?, zone)?;
        let to = calendar::moment(closes_on, calendar::time(window.to)?, zone)?;
        (at < to && from < to).then_some(Opening { from: from.max(at), to })
    });
    openings.into_iter().next()
}
