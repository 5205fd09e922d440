//! Keys, beside restic's.

use serde_json::Value;

use crate::world::World;

/// The ids of the keys, and which is in use.
fn listed(world: &World) -> Vec<(String, bool)> {
    let text = world.run("key list --json").success();
    let keys: Vec<Value> = serde_json::from_str(&text).expect("JSON");
    let id = |key: &Value| key["id"].as_str().expect("an id").to_owned();
    keys.iter().map(|key| (id(key), key["current"] == true)).collect()
}

#[test]
fn a_password_is_added_listed_used_and_removed() {
    let world = World::new();
    world.write("new", b"another password\n");
    let added = world.run("key add --new-password-file new --user anna --host laptop").success();
    let id = added.trim().strip_prefix("saved new key with ID ").expect(&added).to_owned();
    for line in ["key list", "-p new key list", "key list --json"] {
        let (ours, theirs) = (world.run(line), world.run_restic(line));
        let sorted = |text: &str| {
            let mut lines: Vec<_> = text.lines().map(str::to_owned).collect();
            lines.sort();
            lines
        };
        if line.ends_with("--json") {
            let count = |text: &str| text.matches("\"userName\"").count();
            assert_eq!(count(&ours.out), count(&theirs.out));
            continue;
        }
        assert_eq!(sorted(&ours.out), sorted(&theirs.out), "{line}\n{}", ours.err);
        assert!(ours.out.contains("anna  laptop"), "{}", ours.out);
    }
    assert_eq!(listed(&world).len(), 2);
    world.run_restic("-p new snapshots").success();
    let in_use = listed(&world).into_iter().find(|(_, current)| *current).expect("one is in use").0;
    for line in [format!("key remove {in_use}"), "key remove".to_owned(), "key list x".to_owned()] {
        let (ours, theirs) = (world.run(&line), world.run_restic(&line));
        assert_eq!((ours.code, theirs.code), (1, 1), "{line}");
        let first = theirs.err.lines().next().expect("it says why");
        let start = first.split(" - ").next().expect("a first part");
        assert!(ours.err.contains(start), "{line}\n{}\n{}", ours.err, theirs.err);
    }
    let removed = world.run(&format!("key remove {}", &id[..8])).success();
    assert_eq!(removed, format!("removed key {id}\n"));
    world.run("-p new snapshots").failure(12, "Fatal: wrong password");
    world.run("snapshots").success();
}

#[test]
fn a_changed_password_opens_for_both_and_the_old_one_does_not() {
    let world = World::new();
    world.write("new", b"changed password");
    world.run("key passwd --new-password-file new").success();
    assert_eq!(world.files("keys").len(), 1);
    world.run("snapshots").failure(12, "Fatal: wrong password");
    world.run("-p new snapshots").success();
    world.run_restic("-p new check").success();
    world.write("empty", b"");
    world
        .run("-p new key passwd --new-password-file empty")
        .failure(1, "Fatal: an empty password is not allowed by default");
    world.run("-p new snapshots").success();
}
