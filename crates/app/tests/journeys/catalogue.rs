//! What the catalogue is for: looking into many snapshots at once, without waiting.

use std::fs;
use std::path::PathBuf;

use holdfast_app::api::{
    EntryChange, EntryKind, PauseFor, Schedule, SearchPage, SearchQuery, VersionView,
};
use holdfast_testkit::World;

use crate::restore::{in_snapshot, newest};

fn world() -> World {
    let world = World::with_plan("2026-03-27 09:00", Schedule::Manual);
    world.write("photos/beach.jpg", "sun");
    world.back_up();
    world
}

fn search(world: &World, text: &str) -> SearchPage {
    let query = SearchQuery {
        text: text.to_owned(),
        repository: world.repository().id,
        ..SearchQuery::default()
    };
    world.ask(world.app().search(query)).expect("it is searched")
}

fn names(page: &SearchPage) -> Vec<&str> {
    page.hits.iter().map(|hit| hit.name.as_str()).collect()
}

fn versions(world: &World, name: &str) -> Vec<VersionView> {
    let path = format!("{}/{name}", in_snapshot(&world.documents()));
    let asked = world.app().file_versions(world.repository().id, path, Some(newest(world)));
    world.ask(asked).expect("versions")
}

/// The files of the catalogue.
fn files(world: &World) -> Vec<PathBuf> {
    let folder = fs::read_dir(world.path("state/catalogue")).expect("it is there");
    folder.map(|file| file.expect("a file").path()).collect()
}

/// From now on, nothing can be read of the repository but what snapshots there are.
fn lose_the_trees(world: &World) {
    fs::rename(world.location().join("data"), world.path("data")).expect("it is moved");
}

#[test]
fn a_name_is_found_in_all_snapshots_with_the_newest_that_has_it() {
    let world = world();
    let first = newest(&world);
    fs::remove_file(world.documents().join("photos/beach.jpg")).expect("it is removed");
    world.write("photos/Beach at night.jpg", "stars");
    world.back_up();
    let page = search(&world, "beach");
    assert_eq!(names(&page), ["beach.jpg", "Beach at night.jpg"]);
    assert_eq!((page.searched, page.snapshots, page.has_more), (2, 2, false));
    assert_eq!((page.hits[0].snapshot.clone(), page.hits[0].is_in_newest), (first, false));
    assert_eq!((page.hits[1].snapshot.clone(), page.hits[1].is_in_newest), (newest(&world), true));
    assert_eq!(names(&search(&world, "night BEACH")), ["Beach at night.jpg"]);
    assert_eq!(names(&search(&world, "mountain")), [""; 0]);
}

#[test]
fn a_search_can_be_for_folders_alone() {
    let world = world();
    let query = SearchQuery {
        text: "o".to_owned(),
        repository: world.repository().id,
        plan: Some(world.plan().id),
        kind: Some(EntryKind::Folder),
        ..SearchQuery::default()
    };
    let page = world.ask(world.app().search(query)).expect("it is searched");
    assert!(names(&page).contains(&"photos"));
    assert!(page.hits.iter().all(|hit| hit.kind == EntryKind::Folder));
}

#[test]
fn all_versions_of_a_file_are_one_list() {
    let world = world();
    world.back_up();
    world.write("letter.txt", "Dear Anna and Ben");
    world.back_up();
    let found = versions(&world, "letter.txt");
    let seen: Vec<_> = found.iter().map(|one| (one.size, one.snapshots)).collect();
    assert_eq!(seen, [(17, 1), (9, 2)]);
    assert_eq!(found[0].snapshot, newest(&world));
    assert!(found[1].first_seen < found[1].last_seen && found[1].last_seen < found[0].first_seen);
    assert_eq!(versions(&world, "never.txt"), []);
}

#[test]
fn two_snapshots_are_compared_entry_by_entry() {
    let world = world();
    let before = newest(&world);
    world.write("letter.txt", "Dear Anna and Ben");
    world.write("new/file", "content");
    fs::remove_file(world.documents().join("photos/beach.jpg")).expect("it is removed");
    world.back_up();
    let asked = world.app().difference(world.repository().id, before, newest(&world));
    let found = world.ask(asked).expect("a difference");
    let documents = in_snapshot(&world.documents());
    let told: Vec<_> = found
        .entries
        .iter()
        .filter(|entry| entry.kind == EntryKind::File)
        .map(|entry| (entry.path.strip_prefix(&*documents).expect("below"), entry.change))
        .collect();
    let expected = [
        ("/letter.txt", EntryChange::Changed),
        ("/new/file", EntryChange::Added),
        ("/photos/beach.jpg", EntryChange::Removed),
    ];
    assert_eq!(told, expected);
    assert_eq!((found.added, found.removed, found.changed), (2, 1, 1));
}

#[test]
fn what_was_backed_up_is_shown_without_reading_it_from_the_repository() {
    let world = world();
    lose_the_trees(&world);
    let path = format!("{}/photos", in_snapshot(&world.documents()));
    let asked = world.app().snapshot_entries(world.repository().id, newest(&world), path);
    let entries = world.ask(asked).expect("entries");
    assert_eq!((entries[0].name.as_str(), entries[0].size), ("beach.jpg", 3));
    assert_eq!(versions(&world, "letter.txt").len(), 1);
}

#[test]
fn a_repository_that_is_adopted_is_searched_soon_after() {
    let mut world = world();
    let (id, plan) = (world.repository().id, world.plan().id);
    world.ask(world.app().remove_plan(plan)).expect("it is removed");
    world.ask(world.app().remove_repository(id)).expect("it is removed");
    assert!(files(&world).is_empty());
    let draft = world.repository_draft(false, true);
    world.ask(world.app().add_repository(draft)).expect("it is adopted");
    world.ask(world.app().settled());
    assert_eq!(names(&search(&world, "beach")), ["beach.jpg"]);
    // It is there at the next start, too.
    world.start();
    assert_eq!(search(&world, "beach").searched, 1);
}

#[test]
fn a_damaged_catalogue_is_noticed_by_nobody() {
    let world = world();
    world.write("photos/forest.jpg", "green");
    world.back_up();
    let [file] = files(&world).try_into().expect("one file");
    let length = fs::metadata(&file).expect("it is there").len() as usize;
    for damaged in [Vec::new(), vec![7; length], b"redb".to_vec()] {
        fs::write(&file, damaged).expect("it is damaged");
        let path = format!("{}/photos", in_snapshot(&world.documents()));
        let asked = world.app().snapshot_entries(world.repository().id, newest(&world), path);
        assert_eq!(world.ask(asked).expect("entries").len(), 2);
        let asked = world.app().refresh_repository(world.repository().id);
        world.ask(asked).expect("it is looked at");
        world.ask(world.app().settled());
        world.ask(world.app().leave_snapshot(newest(&world))).expect("it is left");
        assert_eq!(names(&search(&world, "forest")), ["forest.jpg"]);
        assert!(world.ask(world.app().overview()).expect("an overview").problems.is_empty());
        // So that the file is closed when it is damaged next.
        world.ask(world.app().leave_snapshot(newest(&world))).expect("it is left");
    }
}

#[test]
fn without_a_place_for_the_catalogue_snapshots_are_shown_all_the_same() {
    let world = World::at("2026-03-27 09:00");
    fs::create_dir_all(world.path("state")).expect("a folder");
    fs::write(world.path("state/catalogue"), "no folder").expect("a file");
    let repository = world.add_repository();
    world.add_plan(&repository, Schedule::Manual);
    world.back_up();
    assert_eq!(versions(&world, "letter.txt").len(), 1);
    let page = search(&world, "letter");
    assert_eq!((page.hits.len(), page.searched, page.snapshots), (0, 0, 1));
}

#[test]
fn what_a_pause_holds_back_is_filled_after_it() {
    let world = world();
    world.ask(world.app().pause(PauseFor::Hour)).expect("it pauses");
    world.write("photos/forest.jpg", "green");
    world.back_up();
    assert_eq!(search(&world, "forest").searched, 1);
    world.ask(world.app().resume()).expect("it goes on");
    world.ask(world.app().settled());
    assert_eq!(search(&world, "forest").searched, 2);
}
