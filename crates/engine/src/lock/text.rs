//! How times and holders read.

use std::time::Duration;

use jiff::Timestamp;

use super::LockFile;
use crate::id::LockId;

/// A length of time for people, in one unit: `40 s`, `12 min`, `3 h`, `2 days`.
pub(crate) fn duration(duration: Duration) -> String {
    let seconds = duration.as_secs();
    match seconds {
        0..120 => format!("{seconds} s"),
        120..7_200 => format!("{} min", seconds / 60),
        7_200..172_800 => format!("{} h", seconds / 3600),
        _ => format!("{} days", seconds / 86_400),
    }
}

/// What restic prints about locks that it cannot read.
pub(crate) const RESTIC_INVALID_LOCK: &str = "invalid lock file\n\nthe `unlock --remove-all` command \
     can be used to remove invalid locks. Make sure that no other restic process is accessing the \
     repository when running the command";

/// What restic prints when a repository is locked.
pub(crate) fn restic_already_locked(id: LockId, lock: &LockFile, now: Timestamp) -> String {
    let exclusively = if lock.exclusive { "exclusively " } else { "" };
    let LockFile { pid, hostname, username, uid, gid, time, .. } = lock;
    let text = time.to_string();
    let (date, clock) = (text.get(..10).unwrap_or(""), text.get(11..19).unwrap_or(""));
    let age = now.duration_since(time.timestamp());
    let sign = if age.is_negative() { "-" } else { "" };
    format!(
        "unable to create lock in backend: repository is already locked {exclusively}by PID {pid} \
         on {hostname} by {username} (UID {uid}, GID {gid})\nlock was created at {date} {clock} \
         ({sign}{} ago)\nstorage ID {}\nthe `unlock` command can be used to remove stale locks",
        go_duration(age.unsigned_abs()),
        id.short()
    )
}

/// A length of time as Go prints it: `57.69s`, `1h2m3.5s`, `250ms`.
fn go_duration(duration: Duration) -> String {
    let nanoseconds = duration.as_nanos();
    match nanoseconds {
        0 => "0s".to_owned(),
        1..1_000 => format!("{nanoseconds}ns"),
        1_000..1_000_000 => fraction(nanoseconds, 1_000, "µs"),
        1_000_000..1_000_000_000 => fraction(nanoseconds, 1_000_000, "ms"),
        _ => {
            let minutes = duration.as_secs() / 60;
            let rest = nanoseconds - u128::from(minutes) * 60_000_000_000;
            let seconds = fraction(rest, 1_000_000_000, "s");
            match (minutes / 60, minutes % 60) {
                (0, 0) => seconds,
                (0, minutes) => format!("{minutes}m{seconds}"),
                (hours, minutes) => format!("{hours}h{minutes}m{seconds}"),
            }
        }
    }
}

fn fraction(nanoseconds: u128, unit: u128, name: &str) -> String {
    let digits = unit.to_string().len() - 1;
    let (whole, part) = (nanoseconds / unit, nanoseconds % unit);
    let part = format!("{part:0digits$}");
    match part.trim_end_matches('0') {
        "" => format!("{whole}{name}"),
        part => format!("{whole}.{part}{name}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_read_as_in_go() {
        let check = |nanoseconds, text| {
            assert_eq!(go_duration(Duration::from_nanos(nanoseconds)), text);
        };
        check(0, "0s");
        check(999, "999ns");
        check(1_500, "1.5µs");
        check(250_000_000, "250ms");
        check(57_690_000_000, "57.69s");
        check(60_000_000_000, "1m0s");
        check(3_723_500_000_000, "1h2m3.5s");
    }

    #[test]
    fn durations_for_people_have_one_unit() {
        let check = |seconds, text| assert_eq!(duration(Duration::from_secs(seconds)), text);
        check(40, "40 s");
        check(119, "119 s");
        check(120, "2 min");
        check(7_199, "119 min");
        check(7_200, "2 h");
        check(172_800, "2 days");
    }

    #[test]
    fn a_locked_repository_is_reported_in_restics_words() {
        let json = r#"{"time":"2026-11-21T05:18:00Z","exclusive":true,"hostname":"vm","username":"root","pid":2300}"#;
        let lock: LockFile = serde_json::from_str(json).expect("a lock");
        let now = "2026-11-21T05:18:57.69Z".parse().expect("a time");
        let text = restic_already_locked(LockId::from_bytes([0x38; 32]), &lock, now);
        assert_eq!(
            text,
            "unable to create lock in backend: repository is already locked exclusively by PID \
             2300 on vm by root (UID 0, GID 0)\nlock was created at 2026-11-21 05:18:00 (57.69s \
             ago)\nstorage ID 38383838\nthe `unlock` command can be used to remove stale locks"
        );
    }
}
