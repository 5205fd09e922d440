use super::group::HOST_AND_PATHS;
use super::*;
use crate::time::Time;

/// Snapshots as restic stored them: 0.19.1 with a parent, tags and excludes, and Debian's 0.14.
const RESTIC_NEW: &str = include_str!("restic-0.19.1.snapshot.json");
const RESTIC_OLD: &str = include_str!("restic-0.14.0.snapshot.json");

fn read(json: &str) -> Snapshot {
    Snapshot::from_json(json.as_bytes()).expect("a snapshot")
}

fn written(snapshot: &Snapshot) -> String {
    String::from_utf8(snapshot.to_json()).expect("JSON is UTF-8")
}

#[test]
fn snapshots_of_restic_are_written_again_byte_for_byte() {
    for json in [RESTIC_NEW, RESTIC_OLD] {
        assert_eq!(written(&read(json)), json);
    }
    let snapshot = read(RESTIC_NEW);
    assert_eq!(snapshot.excludes, ["<x> & \"y\""]);
    assert_eq!(snapshot.summary.map(|summary| summary.files_unmodified), Some(19));
}

#[test]
fn keys_of_other_programs_are_kept() {
    let tree = "ac08ce34ba4f8123618661bef2425f7028ffb9ac740578a3ee88684d2523fee8";
    let json = format!(
        "{{\"time\":\"2024-01-01T00:00:00Z\",\"tree\":\"{tree}\",\"paths\":[\"/x\"],\
         \"summary\":{},\"label\":\"a\",\"delete\":{{\"after\":[1.50]}},\"description\":null}}",
        String::from_utf8_lossy(&SnapshotSummary::default().to_json())
            .replace('}', ",\"command\":\"rustic backup\"}")
    );
    assert_eq!(written(&read(&json)), json);
}

#[test]
fn what_is_no_snapshot_is_refused() {
    let tree = "ac08ce34ba4f8123618661bef2425f7028ffb9ac740578a3ee88684d2523fee8";
    for json in [
        String::new(),
        "{}".to_owned(),
        "[]".to_owned(),
        "{\"time\":\"2024-01-01T00:00:00Z\"}".to_owned(),
        format!("{{\"tree\":\"{tree}\"}}"),
        format!("{{\"time\":\"x\",\"tree\":\"{tree}\"}}"),
        format!("{{\"time\":\"2024-01-01T00:00:00Z\",\"tree\":\"{tree}\",\"paths\":1}}"),
        format!("{{\"time\":\"2024-01-01T00:00:00Z\",\"tree\":\"{tree}\"}}x"),
    ] {
        assert!(Snapshot::from_json(json.as_bytes()).is_err(), "{json}");
    }
}

fn texts(list: &str) -> Vec<String> {
    list.split(' ').filter(|text| !text.is_empty()).map(str::to_owned).collect()
}

fn snapshot(hour: i64, host: &str, paths: &str, tags: &str) -> (SnapshotId, Snapshot) {
    let time = Time { seconds: hour * 3600, ..Time::default() };
    let mut snapshot = Snapshot::new(time, TreeId::of(b""), texts(paths));
    host.clone_into(&mut snapshot.hostname);
    snapshot.tags = texts(tags);
    (SnapshotId::of(&snapshot.to_json()), snapshot)
}

fn world() -> Vec<(SnapshotId, Snapshot)> {
    vec![
        snapshot(1, "a", "/x /y", ""),
        snapshot(2, "a", "/y /x", "red"),
        snapshot(3, "a", "/x", "red blue"),
        snapshot(4, "b", "/x /y", "blue"),
    ]
}

fn hours<'a>(chosen: impl IntoIterator<Item = &'a (SnapshotId, Snapshot)>) -> Vec<i64> {
    chosen.into_iter().map(|(_, snapshot)| snapshot.time.seconds / 3600).collect()
}

#[test]
fn tags_in_a_list_must_all_be_there_and_one_list_is_enough() {
    let check = |lists: &[&[&str]], expected: &[i64]| {
        let tags = lists.iter().map(|list| list.iter().map(ToString::to_string).collect());
        let filter = SnapshotFilter { tags: tags.collect(), ..Default::default() };
        assert_eq!(hours(filter.apply(&world())), expected, "{lists:?}");
    };
    check(&[], &[1, 2, 3, 4]);
    check(&[&["red"]], &[2, 3]);
    check(&[&["red", "blue"]], &[3]);
    check(&[&["red"], &["blue"]], &[2, 3, 4]);
    check(&[&[""]], &[1]);
    check(&[&[""], &["blue"]], &[1, 3, 4]);
}

#[test]
fn hosts_and_paths_narrow_the_choice() {
    let filter =
        SnapshotFilter { hosts: texts("a c"), paths: texts("/x /y"), ..SnapshotFilter::default() };
    assert_eq!(hours(filter.apply(&world())), [1, 2]);
    assert_eq!(hours(filter.latest(&world())), [2]);
}

#[test]
fn a_text_selects_by_the_beginning_of_an_id_or_the_latest_and_a_folder() {
    let world = world();
    let filter = SnapshotFilter { hosts: texts("a"), ..Default::default() };
    let all = Snapshots { readable: world.clone(), unreadable: Vec::new() };
    let select = |text: &'static str| {
        select(&all, text, &filter)
            .map(|found| (found.snapshot.time.seconds / 3600, found.subfolder))
    };
    assert_eq!(select("latest"), Ok((3, None)));
    assert_eq!(select("latest:/home/me"), Ok((3, Some("/home/me"))));
    let prefix: &'static str = world[3].0.to_string()[..12].to_owned().leak();
    assert_eq!(select(prefix), Ok((4, None)));
    assert_eq!(select("zz"), Err(SelectError::Unknown { prefix: "zz".to_owned() }));
    assert_eq!(select(""), Err(SelectError::Ambiguous { prefix: String::new() }));
}

#[test]
fn a_snapshot_that_cannot_be_read_may_be_the_one_that_is_asked_for() {
    let mut readable = world();
    let (id, _) = readable.remove(2);
    let all = Snapshots { readable, unreadable: vec![id] };
    let select = |text: &str| select(&all, text, &SnapshotFilter::default()).map(|found| found.id);
    assert_eq!(select("latest"), Err(SelectError::LatestUnknown { id }));
    assert_eq!(select(&id.to_string()), Err(SelectError::Unreadable { id }));
    assert_eq!(select(""), Err(SelectError::Ambiguous { prefix: String::new() }));
    let other = all.readable[0].0;
    assert_eq!(select(&other.to_string()), Ok(other));
}

#[test]
fn groups_do_not_depend_on_the_order_of_paths() {
    let world = world();
    let groups = group_by(&world, HOST_AND_PATHS);
    let found: Vec<_> = groups.into_iter().map(|group| hours(group.snapshots)).collect();
    assert_eq!(found, [vec![3], vec![1, 2], vec![4]]);
    let all: Vec<_> = world.iter().collect();
    assert_eq!(hours(latest_of_each_group(&all, HOST_AND_PATHS, 1)), [2, 3, 4]);
    assert_eq!(hours(latest_of_each_group(&all, GroupBy::default(), 2)), [3, 4]);
    assert_eq!("host,paths".parse(), Ok(HOST_AND_PATHS));
    assert_eq!("".parse(), Ok(GroupBy::default()));
    assert!("hosts,nonsense".parse::<GroupBy>().is_err());
}

#[test]
fn the_parent_is_the_newest_of_the_same_host_with_all_the_paths_and_not_from_the_future() {
    let check = |new: (SnapshotId, Snapshot), by: GroupBy, expected: &[i64]| {
        assert_eq!(hours(find_parent(&world(), &new.1, by)), expected);
    };
    check(snapshot(9, "a", "/x", ""), HOST_AND_PATHS, &[3]);
    check(snapshot(9, "a", "/x /y", ""), HOST_AND_PATHS, &[2]);
    check(snapshot(1, "a", "/x /y", ""), HOST_AND_PATHS, &[1]);
    check(snapshot(9, "c", "/x", ""), HOST_AND_PATHS, &[]);
    check(snapshot(9, "c", "/x", ""), GroupBy::default(), &[4]);
    check(snapshot(0, "a", "/x", ""), HOST_AND_PATHS, &[]);
}
