#![no_main]
//! Whatever somebody writes for a period, a count, a size or a part is read or refused.

use holdfast_engine::check::DataSubset;
use holdfast_engine::forget::{KeepCount, Period};
use holdfast_engine::prune::MaxUnused;
use holdfast_engine::stats::StatsMode;
use holdfast_engine::time::Time;
use jiff::tz::TimeZone;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    if let Ok(period) = text.parse::<Period>() {
        assert_eq!(period.to_string().parse::<Period>().as_ref(), Ok(&period), "{text}");
        let _ = period.before(Time::default(), &TimeZone::UTC);
    }
    let _ = (text.parse::<KeepCount>(), text.parse::<DataSubset>());
    let _ = (text.parse::<MaxUnused>(), text.parse::<StatsMode>());
});
