use super::*;
use crate::id::TreeId;

fn at(time: &str) -> (SnapshotId, Snapshot) {
    let time = time.parse().expect("a time");
    let snapshot = Snapshot::new(time, TreeId::of(b""), vec!["/home".to_owned()]);
    (SnapshotId::of(&snapshot.to_json()), snapshot)
}

/// What the policy keeps and why, newest first: `day of month and hour: reasons`.
fn kept(policy: &RetentionPolicy, times: &[&str]) -> Vec<String> {
    let snapshots: Vec<_> = times.iter().map(|time| at(time)).collect();
    let group: Vec<_> = snapshots.iter().collect();
    let now = "2024-12-31T00:00:00Z".parse().expect("a moment");
    let decision = apply(policy, &group, now, &TimeZone::UTC);
    assert_eq!(decision.kept.len() + decision.removed.len(), times.len());
    let text = |kept: &Kept<'_>| {
        let reasons: Vec<String> = kept.reasons.iter().map(ToString::to_string).collect();
        format!("{}: {}", &kept.snapshot.1.time.to_string()[8..13], reasons.join(", "))
    };
    decision.kept.iter().map(text).collect()
}

const DAYS: [&str; 6] = [
    "2024-03-01T09:00:00Z",
    "2024-03-01T21:00:00Z",
    "2024-03-02T09:00:00Z",
    "2024-03-04T09:00:00Z",
    "2024-03-04T10:00:00Z",
    "2024-03-05T09:00:00Z",
];

#[test]
fn the_newest_of_each_day_stays_and_days_without_snapshots_do_not_count() {
    let mut policy = RetentionPolicy::default();
    policy.newest_of.daily = KeepCount::UpTo(3);
    let expected = ["05T09: daily snapshot", "04T10: daily snapshot", "02T09: daily snapshot"];
    assert_eq!(kept(&policy, &DAYS), expected);
}

#[test]
fn the_oldest_stays_while_more_may_be_kept() {
    let mut policy = RetentionPolicy::default();
    policy.newest_of.monthly = KeepCount::UpTo(2);
    let expected = ["05T09: monthly snapshot", "01T09: oldest monthly snapshot"];
    assert_eq!(kept(&policy, &DAYS), expected);
    policy.newest_of.monthly = KeepCount::UpTo(1);
    assert_eq!(kept(&policy, &DAYS), ["05T09: monthly snapshot"]);
}

#[test]
fn young_is_counted_from_the_newest_that_is_not_of_the_future() {
    let policy = RetentionPolicy { within: "1d".parse().expect("a period"), ..Default::default() };
    // A day before exactly is no longer within it.
    assert_eq!(kept(&policy, &DAYS), ["05T09: within 1d", "04T10: within 1d"]);
    let with_future = [&DAYS[..], &["2031-01-09T00:00:00Z"]].concat();
    let expected = ["09T00: within 1d", "05T09: within 1d", "04T10: within 1d"];
    assert_eq!(kept(&policy, &with_future), expected);
    assert_eq!(kept(&policy, &["2031-01-01T00:00:00Z", "2032-01-01T00:00:00Z"]).len(), 2);
}

#[test]
fn every_reason_is_told_in_the_order_of_restic() {
    let mut policy = RetentionPolicy {
        last: KeepCount::UpTo(1),
        within: "2h".parse().expect("a period"),
        ..Default::default()
    };
    policy.newest_of.weekly = KeepCount::Unlimited;
    policy.newest_within.yearly = "1y".parse().expect("a period");
    let expected = [
        "05T09: within 2h, last snapshot, weekly snapshot, yearly within 1y",
        "02T09: weekly snapshot",
        "01T09: oldest weekly snapshot, oldest yearly within 1y",
    ];
    assert_eq!(kept(&policy, &DAYS), expected);
}

#[test]
fn tags_keep_without_being_counted() {
    let mut tagged = at(DAYS[0]);
    tagged.1.tags = vec!["a".to_owned(), "b".to_owned()];
    let other = at(DAYS[5]);
    let tags = |list: &[&str]| list.iter().map(ToString::to_string).collect::<Vec<_>>();
    let policy = RetentionPolicy {
        last: KeepCount::UpTo(1),
        tags: vec![tags(&["b", "a"]), tags(&["a", "c"])],
        ..Default::default()
    };
    let decision = apply(&policy, &[&tagged, &other], Timestamp::UNIX_EPOCH, &TimeZone::UTC);
    let reasons: Vec<_> = decision.kept.iter().map(|kept| kept.reasons.clone()).collect();
    assert_eq!(reasons, [vec![KeepReason::Last], vec![KeepReason::Tags(tags(&["b", "a"]))]]);
}

#[test]
fn the_day_is_the_one_that_the_writer_saw() {
    let mut policy = RetentionPolicy::default();
    policy.newest_of.daily = KeepCount::UpTo(9);
    let times = ["2024-03-01T23:30:00+02:00", "2024-03-02T00:30:00+02:00"];
    assert_eq!(kept(&policy, &times).len(), 2);
    let times = ["2024-03-01T20:00:00Z", "2024-03-01T21:30:00Z", "2024-03-01T22:30:00Z"];
    let expected = ["01T22: daily snapshot", "01T20: oldest daily snapshot"];
    assert_eq!(kept(&policy, &times), expected);
}
