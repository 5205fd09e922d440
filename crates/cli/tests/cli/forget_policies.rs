//! `forget` with random policies on random histories, given to restic and to holdfast.

use std::collections::HashSet;

use holdfast_engine::id::TreeId;
use holdfast_engine::repository::Repository;
use holdfast_engine::snapshot::Snapshot;
use holdfast_engine::time::Time;
use holdfast_testkit::random::Random;
use jiff::tz::TimeZone;
use serde_json::Value;

use crate::world::{Ran, World};

/// How many cases there are, unless `HOLDFAST_POLICY_CASES` says otherwise.
const CASES: u64 = 60;

/// 2024-03-20, between the beginnings of summer time in America and in Europe.
const MIDDLE: i64 = 1_710_900_000;

const ZONES: [&str; 4] = ["UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata"];

const PATHS: [&[&str]; 3] = [&["/a"], &["/b", "/a"], &["/a", "/b"]];

const TAGS: [&[&str]; 5] = [&[], &[], &["x"], &["y", "x"], &["z"]];

/// Stores so many snapshots, no two of the same moment: which of those stays is left to chance.
fn store_random_snapshots(
    repository: &Repository,
    random: &mut Random,
    zone: &TimeZone,
    count: u64,
) {
    let mut taken = HashSet::new();
    for _ in 0..count {
        let mut seconds = random_moment(random);
        while !taken.insert(seconds) {
            seconds += 1;
        }
        store_random_snapshot(repository, random, zone, seconds);
    }
}

fn random_moment(random: &mut Random) -> i64 {
    let spans = [3 * 3600, 3 * 86_400, 40 * 86_400, 400 * 86_400, 2000 * 86_400];
    let span = *random.pick(&spans);
    let mut seconds = MIDDLE + random.below(2 * span) as i64 - span as i64;
    if random.chance(1, 30) {
        // In the future.
        seconds += 4_000 * 86_400;
    }
    if random.chance(1, 4) {
        // On the border of an hour, and often of a day.
        seconds -= seconds.rem_euclid(*random.pick(&[3600, 86_400]));
    }
    seconds
}

fn store_random_snapshot(
    repository: &Repository,
    random: &mut Random,
    zone: &TimeZone,
    seconds: i64,
) {
    let other = TimeZone::fixed(jiff::tz::offset(random.below(20) as i8 - 10));
    let zone = if random.chance(1, 5) { &other } else { zone };
    let paths = random.pick(&PATHS);
    let paths = paths.iter().map(ToString::to_string).collect();
    let mut snapshot = Snapshot::new(Time::at(seconds, 0, zone), TreeId::of(b"tree"), paths);
    snapshot.hostname = (*random.pick(&["h1", "h1", "<h2>"])).to_owned();
    let tags = random.pick(&TAGS);
    snapshot.tags = tags.iter().map(ToString::to_string).collect();
    snapshot.store(repository).expect("stored");
}

fn random_policy(random: &mut Random) -> Vec<String> {
    let mut words = Vec::new();
    for unit in ["last", "hourly", "daily", "weekly", "monthly", "yearly"] {
        if random.chance(1, 4) {
            let count = *random.pick(&["1", "2", "3", "5", "12", "unlimited"]);
            words.extend([format!("--keep-{unit}"), count.to_owned()]);
        }
    }
    for unit in ["", "-hourly", "-daily", "-weekly", "-monthly", "-yearly"] {
        if random.chance(1, 6) {
            let periods = ["1h", "1d", "3d", "1m", "13m", "1y", "1y2m3d4h", "100d"];
            words.extend([format!("--keep-within{unit}"), (*random.pick(&periods)).to_owned()]);
        }
    }
    for tags in ["x", "x,y", "z"] {
        if random.chance(1, 12) {
            words.extend(["--keep-tag".to_owned(), tags.to_owned()]);
        }
    }
    if random.chance(1, 3) {
        let by = *random.pick(&["host", "tags", "paths", "host,tags", "host,paths,tags", ""]);
        words.extend(["--group-by".to_owned(), by.to_owned()]);
    }
    if random.chance(1, 6) {
        words.push("--unsafe-allow-remove-all".to_owned());
    }
    if random.chance(1, 6) {
        words.extend(["--host".to_owned(), "h1".to_owned()]);
    }
    words
}

/// What the program says; groups come in any order from restic.
fn said(ran: &Ran) -> (i32, Vec<String>) {
    let groups: Option<Value> = serde_json::from_str(&ran.out).ok();
    let groups = groups.and_then(|groups| groups.as_array().cloned()).unwrap_or_default();
    let mut groups: Vec<String> = groups.iter().map(ToString::to_string).collect();
    groups.sort();
    (ran.code, groups)
}

#[test]
fn the_same_snapshots_stay_for_the_same_reasons() {
    let cases = std::env::var("HOLDFAST_POLICY_CASES");
    let cases = cases.ok().and_then(|cases| cases.parse().ok()).unwrap_or(CASES);
    let world = World::without_repository();
    let repository = world.create_repository();
    for case in 0..cases {
        let mut random = Random::new(case);
        let name = *random.pick(&ZONES);
        let zone = jiff::tz::db().get(name).expect("a known zone");
        for file in world.files("snapshots") {
            std::fs::remove_file(file).expect("removed");
        }
        let count = random.below(24);
        store_random_snapshots(&repository, &mut random, &zone, count);
        let policy = random_policy(&mut random);
        let words: Vec<&str> = ["forget", "--dry-run", "--json", "--no-lock"]
            .into_iter()
            .chain(policy.iter().map(String::as_str))
            .collect();
        let ours = world.holdfast(&words).env("TZ", name).output().expect("starts");
        let theirs = world.restic(&words).env("TZ", name).output().expect("starts");
        let (ours, theirs) = (Ran::of(&ours), Ran::of(&theirs));
        let context = format!("case {case}: TZ={name} {words:?}\n{}\n{}", theirs.err, ours.err);
        let ((code, ours), (their_code, theirs)) = (said(&ours), said(&theirs));
        let only = |one: &[String], other: &[String]| -> Vec<String> {
            one.iter().filter(|group| !other.contains(group)).cloned().collect()
        };
        let difference = (only(&ours, &theirs), only(&theirs, &ours));
        assert_eq!((code, difference), (their_code, Default::default()), "{context}");
    }
}

#[test]
fn a_policy_is_shown_as_restic_shows_it_and_removes_the_same() {
    let zone = TimeZone::UTC;
    let lines = [
        "forget --keep-last 2 --group-by host --host h1",
        "forget --keep-daily 3 --keep-within 1m --group-by  --verbose",
        "forget --keep-tag x --keep-weekly 2 --host <h2> --compact --group-by host",
        "forget --keep-last 1 --quiet --group-by host --host h1",
        "forget --keep-last 1 --json --group-by ",
        "forget --keep-last 1 --host nobody",
        "forget --unsafe-allow-remove-all --host <h2> --group-by host",
        "forget --unsafe-allow-remove-all",
        "forget --keep-tag nothing --host h1 --group-by host",
        "forget --json",
    ];
    for line in lines {
        let outcome = |theirs: bool, dry_run: bool| {
            let world = World::without_repository();
            let (repository, mut random) = (world.create_repository(), Random::new(7));
            store_random_snapshots(&repository, &mut random, &zone, 20);
            let mut words: Vec<&str> = line.split(' ').collect();
            words.extend(dry_run.then_some("--dry-run"));
            let mut command = if theirs { world.restic(&words) } else { world.holdfast(&words) };
            let ran = Ran::of(&command.output().expect("starts"));
            // Ids differ from one repository to the next, so they are blotted out.
            let out = blotted(&ran.out);
            (ran.code, out, world.files("snapshots").len())
        };
        for dry_run in [true, false] {
            assert_eq!(outcome(false, dry_run), outcome(true, dry_run), "{line} {dry_run}");
        }
    }
}

fn blotted(text: &str) -> String {
    let is_id =
        |word: &str| matches!(word.len(), 8 | 64) && word.chars().all(|c| c.is_ascii_hexdigit());
    let blot = |word: &str| if is_id(word) { "ID".to_owned() } else { word.to_owned() };
    let separators = |c: char| matches!(c, ' ' | '"' | '{' | '}' | '\n');
    text.split_inclusive(separators)
        .map(|word| {
            let (word, end) = word.split_at(word.trim_end_matches(separators).len());
            blot(word) + end
        })
        .collect()
}

#[test]
fn tags_are_changed_and_told_as_restic_does() {
    let lines = [
        "tag --add a,b --host h1",
        "tag --add x --remove z --json",
        "tag --set n,m,n -v --host h1",
        "tag --set  --tag x",
        "tag --remove nothing",
        "tag",
        "tag --set a --add b",
        "tag --set a nope",
        "tag --add q --quiet --path /b",
    ];
    for line in lines {
        let outcome = |theirs: bool| {
            let world = World::without_repository();
            let (repository, mut random) = (world.create_repository(), Random::new(3));
            store_random_snapshots(&repository, &mut random, &TimeZone::UTC, 9);
            let before = world.files("snapshots");
            let words: Vec<&str> = line.split(' ').collect();
            let mut command = if theirs { world.restic(&words) } else { world.holdfast(&words) };
            let ran = Ran::of(&command.output().expect("starts"));
            let after = world.run("snapshots --json").success();
            let mut after: Vec<Value> = serde_json::from_str(&after).expect("JSON");
            for snapshot in &mut after {
                let fields = snapshot.as_object_mut().expect("an object");
                let original = fields.get("original").and_then(Value::as_str);
                let is_first = original.map(|id| before.iter().any(|file| file.ends_with(id)));
                let (new, id) = (Value::from(is_first), fields["id"].clone());
                let is_new = !before.iter().any(|file| file.ends_with(id.as_str().expect("id")));
                fields.extend([("original".to_owned(), new), ("id".to_owned(), is_new.into())]);
                fields.remove("short_id");
            }
            (ran.code, blotted(&ran.out), after)
        };
        assert_eq!(outcome(false), outcome(true), "{line}");
    }
}
