//! Browsing, restoring and removing snapshots.

use std::fs;

use holdfast_app::api::{
    Code, EntryKind, OnConflict, OperationState, OperationView, RestoreAction, RestoreDestination,
    RestorePreview, RestoreRequest, Schedule,
};
use holdfast_testkit::World;

fn world() -> World {
    let world = World::with_plan("2026-03-27 09:00", Schedule::Manual);
    world.write("photos/beach.jpg", "sun");
    world.back_up();
    world
}

pub(crate) fn newest(world: &World) -> String {
    let found = world.ask(world.app().snapshots(world.repository().id, Some(world.plan().id)));
    found.expect("snapshots")[0].id.clone()
}

/// A folder's place in a snapshot: `/C/Users` for `C:\Users`.
pub(crate) fn in_snapshot(folder: &std::path::Path) -> String {
    let folder = folder.display().to_string();
    if cfg!(windows) {
        format!("/{}", folder.replace(":\\", "/").replace('\\', "/"))
    } else {
        folder
    }
}

fn request(world: &World, items: &[&str], on_conflict: OnConflict) -> RestoreRequest {
    let documents = in_snapshot(&world.documents());
    RestoreRequest {
        repository: world.repository().id,
        snapshot: newest(world),
        items: items.iter().map(|item| format!("{documents}/{item}")).collect(),
        destination: RestoreDestination::Original,
        on_conflict,
        verify: true,
    }
}

fn preview(world: &World, request: RestoreRequest) -> RestorePreview {
    world.ask(world.app().preview_restore(request)).expect("a preview")
}

fn restore(world: &World, preview: &RestorePreview) -> OperationView {
    let started = world.ask(world.app().start_restore(preview.id.clone())).expect("it is queued");
    world.ended(&started.operation)
}

#[test]
fn a_restore_waits_for_no_other_program() {
    let world = world();
    fs::remove_file(world.documents().join("letter.txt")).expect("it is removed");
    let before = world.stepped_aside.lock().expect("no panic").clone();
    let preview = preview(&world, request(&world, &["letter.txt"], OnConflict::Replace));
    assert_eq!(restore(&world, &preview).state, OperationState::Succeeded);
    assert_eq!(*world.stepped_aside.lock().expect("no panic"), before);
}

#[test]
fn a_snapshot_is_browsed_folder_by_folder() {
    let world = world();
    let path = in_snapshot(&world.documents());
    let asked = world.app().snapshot_entries(world.repository().id, newest(&world), path);
    let entries = world.ask(asked).expect("entries");
    let seen: Vec<_> = entries.iter().map(|one| (one.name.as_str(), one.kind)).collect();
    assert_eq!(seen, [("photos", EntryKind::Folder), ("letter.txt", EntryKind::File)]);
}

#[test]
fn a_deleted_file_comes_back_to_its_place() {
    let world = world();
    fs::remove_dir_all(world.documents().join("photos")).expect("it is removed");
    let preview = preview(&world, request(&world, &["photos"], OnConflict::Skip));
    let restored = restore(&world, &preview);
    assert_eq!(restored.state, OperationState::Succeeded, "{restored:?}");
    let beach = fs::read_to_string(world.documents().join("photos/beach.jpg"));
    assert_eq!(beach.expect("it is back"), "sun");
}

#[test]
fn the_preview_says_what_is_overwritten_and_exactly_that_happens() {
    let world = world();
    world.write("letter.txt", "Dear Bob, this is longer");
    let preview = preview(&world, request(&world, &["letter.txt"], OnConflict::Replace));
    assert_eq!((preview.overwrite, preview.create), (1, 0));
    assert_eq!(preview.entries[0].action, RestoreAction::Overwrite);
    assert_eq!(preview.entries[0].existing_size, Some(24));
    restore(&world, &preview);
    let letter = fs::read_to_string(world.documents().join("letter.txt"));
    assert_eq!(letter.expect("it is there"), "Dear Anna");
}

#[test]
fn a_preview_that_no_longer_holds_is_refused_and_nothing_is_written() {
    let world = world();
    world.write("letter.txt", "Dear Bob, this is longer");
    let preview = preview(&world, request(&world, &["letter.txt"], OnConflict::Replace));
    world.write("letter.txt", "Dear Carol, I changed my mind since");
    let refused = restore(&world, &preview);
    assert_eq!(refused.problem.expect("a reason").code, Code::PreviewOutdated);
    let letter = fs::read_to_string(world.documents().join("letter.txt"));
    assert!(letter.expect("it is there").starts_with("Dear Carol"));
}

#[test]
fn a_preview_is_applied_once() {
    let world = world();
    let preview = preview(&world, request(&world, &["letter.txt"], OnConflict::Skip));
    restore(&world, &preview);
    let again = world.ask(world.app().start_restore(preview.id)).expect_err("it is refused");
    assert_eq!(again.code, Code::PreviewOutdated);
}

#[test]
fn items_are_restored_into_another_folder_under_their_own_names() {
    let world = world();
    let elsewhere = world.path("elsewhere");
    let mut request = request(&world, &["photos"], OnConflict::KeepBoth);
    request.destination = RestoreDestination::Folder { path: elsewhere.display().to_string() };
    let preview = preview(&world, request);
    let restored = restore(&world, &preview);
    assert_eq!(restored.state, OperationState::Succeeded, "{restored:?}");
    assert_eq!(fs::read_to_string(elsewhere.join("photos/beach.jpg")).expect("a file"), "sun");
}

#[test]
fn a_removed_snapshot_is_gone_and_the_others_stay() {
    let world = world();
    let first = newest(&world);
    world.write("letter.txt", "Dear Anna, a second time");
    world.back_up();
    let app = world.app();
    let asked = app.forget_snapshots(world.repository().id, vec![first.clone()]);
    let started = world.ask(asked).expect("it is queued");
    assert_eq!(world.ended(&started.operation).state, OperationState::Succeeded);
    let left = world.ask(app.snapshots(world.repository().id, None)).expect("snapshots");
    assert!(left.len() == 1 && left[0].id != first);
}

#[test]
fn what_a_restore_replaces_is_kept_aside_and_the_result_says_where() {
    let world = world();
    world.write("letter.txt", "Dear Bob, this is longer");
    let preview = preview(&world, request(&world, &["letter.txt", "photos"], OnConflict::Replace));
    let summary = restore(&world, &preview).summary.expect("figures");
    let kept = std::path::PathBuf::from(summary.kept.expect("a folder"));
    let letter = in_snapshot(&world.documents().join("letter.txt"));
    let letter = kept.join(letter.trim_start_matches('/'));
    assert_eq!(fs::read_to_string(letter).expect("it is kept"), "Dear Bob, this is longer");
    let photos = in_snapshot(&world.documents().join("photos"));
    assert!(!kept.join(photos.trim_start_matches('/')).exists(), "it was as it should be");
    let now = fs::read_to_string(world.documents().join("letter.txt"));
    assert_eq!(now.expect("it is there"), "Dear Anna");
}

#[test]
fn two_restores_keep_what_they_replaced_apart() {
    let world = world();
    let replaced = |content: &str| {
        world.write("letter.txt", content);
        let preview = preview(&world, request(&world, &["letter.txt"], OnConflict::Replace));
        restore(&world, &preview).summary.expect("figures").kept.expect("a folder")
    };
    assert_ne!(replaced("Dear Bob, this is longer"), replaced("Dear Carol, this is long as well"));
}

#[test]
fn a_restore_that_replaces_nothing_keeps_no_folder() {
    let world = world();
    fs::remove_dir_all(world.documents().join("photos")).expect("it is removed");
    let preview = preview(&world, request(&world, &["photos"], OnConflict::Replace));
    assert_eq!(restore(&world, &preview).summary.expect("figures").kept, None);
    assert!(!world.path("state/replaced").exists());
}

#[test]
fn a_snapshot_whose_restore_waits_is_not_removed() {
    let world = world();
    let preview = preview(&world, request(&world, &["letter.txt"], OnConflict::Skip));
    let snapshot = newest(&world);
    world.unplug_drive();
    let started = world.ask(world.app().start_restore(preview.id)).expect("it is queued");
    let forget = || world.app().forget_snapshots(world.repository().id, vec![snapshot.clone()]);
    let refused = world.ask(forget()).expect_err("it is refused");
    assert_eq!(refused.code, Code::SnapshotInUse);
    assert_eq!(refused.title, "The snapshot is being restored.");
    world.ask(world.app().cancel_operation(started.operation)).expect("it is cancelled");
    world.connect_drive();
    let removed = world.ask(forget()).expect("it is queued");
    assert_eq!(world.ended(&removed.operation).state, OperationState::Succeeded);
}

#[test]
fn a_snapshot_that_is_open_in_the_window_is_not_removed_until_it_is_closed() {
    let world = world();
    let (repository, snapshot) = (world.repository().id, newest(&world));
    let browse = || {
        let app = world.app();
        let asked = app.snapshot_entries(repository.clone(), snapshot.clone(), "/".to_owned());
        world.ask(asked).expect("entries");
    };
    let forget = || world.app().forget_snapshots(repository.clone(), vec![snapshot.clone()]);
    browse();
    let refused = world.ask(forget()).expect_err("it is refused");
    assert_eq!(refused.code, Code::SnapshotInUse);
    assert_eq!(refused.title, "The snapshot is open in the window.");
    world.ask(world.app().leave_snapshot(snapshot.clone())).expect("it is closed");
    world.ask(forget()).expect("it is queued");
}

#[test]
fn a_window_that_ended_with_a_snapshot_open_keeps_it_for_a_while_only() {
    let world = world();
    let (repository, snapshot) = (world.repository().id, newest(&world));
    let app = world.app();
    let asked = app.snapshot_entries(repository.clone(), snapshot.clone(), "/".to_owned());
    world.ask(asked).expect("entries");
    world.clock.advance(std::time::Duration::from_secs(61 * 60));
    world.ask(app.forget_snapshots(repository, vec![snapshot])).expect("it is queued");
}

#[test]
fn the_preview_counts_what_cannot_be_restored() {
    let world = world();
    let packs = || {
        let folders = fs::read_dir(world.location().join("data")).expect("folders").flatten();
        folders
            .flat_map(|folder| fs::read_dir(folder.path()).into_iter().flatten().flatten())
            .map(|pack| pack.path())
            .collect::<Vec<_>>()
    };
    let with_photos = packs();
    world.write("letter.txt", "Dear Anna, a second time");
    world.back_up();
    for pack in with_photos {
        fs::remove_file(pack).expect("it is removed");
    }
    fs::remove_dir_all(world.documents()).expect("it is removed");
    let wanted = ["letter.txt", "photos"];
    let preview = preview(&world, request(&world, &wanted, OnConflict::Skip));
    assert_eq!((preview.lost, preview.create > 0), (1, true), "{preview:?}");
}
