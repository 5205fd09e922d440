//! Reads settings files of earlier versions.
//!
//! A file is brought forward one version at a time, as JSON, before anything of it is understood.
//! What an earlier version could not say is as that version behaved.

use serde_json::{Value, json};

/// Brings a file forward to the version of this app.
pub(super) fn migrated(mut file: Value, version: u64) -> Value {
    if version < 2 {
        for plan in file.get_mut("plans").and_then(Value::as_array_mut).into_iter().flatten() {
            timing_in_place_of_schedule(plan);
        }
    }
    file
}

/// Version 1 knew hours and one time a day, under `schedule`.
fn timing_in_place_of_schedule(plan: &mut Value) {
    let Some(plan) = plan.as_object_mut() else { return };
    let Some(schedule) = plan.remove("schedule") else { return };
    let part = |key: &str| schedule.get(key).cloned().unwrap_or_default();
    let schedule = match schedule.get("type").and_then(Value::as_str) {
        Some("everyHours") => json!({ "type": "every", "count": part("hours"), "unit": "hours" }),
        Some("dailyAt") => json!({
            "type": "weekly",
            "days": crate::api::Weekday::ALL,
            "times": [{ "hour": part("hour"), "minute": part("minute") }],
        }),
        // What is not understood is damage, and said to be.
        _ => schedule,
    };
    plan.insert("timing".to_owned(), json!({ "schedule": schedule }));
}
