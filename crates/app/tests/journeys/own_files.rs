//! The app's own files: settings and history, beside somebody else who uses them.

use std::fs;

use holdfast_app::api::{Code, Schedule, SettingsPatch};
use holdfast_testkit::World;

fn world() -> World {
    World::with_plan("2026-03-27 09:00", Schedule::Manual)
}

fn success_is_told(world: &World, notify_on_success: bool) {
    let notify_on_success = Some(notify_on_success);
    let patch = SettingsPatch { notify_on_success, ..SettingsPatch::default() };
    world.ask(world.app().change_settings(patch)).expect("it is changed");
}

#[test]
fn a_second_app_with_the_same_files_refuses_to_start_and_changes_none_of_them() {
    let world = world();
    let settings = world.path("config/settings.json");
    fs::write(&settings, b"{ an editor is just writing this").expect("it is written");
    let refused = world.start_another().err().expect("it refuses");
    assert_eq!(refused.code, Code::AlreadyRunning);
    let kept = fs::read(&settings).expect("it is there");
    assert_eq!(kept, b"{ an editor is just writing this");
}

#[test]
fn settings_edited_by_hand_while_the_app_runs_are_kept_aside_and_told() {
    let world = world();
    let settings = world.path("config/settings.json");
    let edited = fs::read_to_string(&settings).expect("text").replace("Documents", "Letters");
    fs::write(&settings, &edited).expect("it is written");
    success_is_told(&world, true);

    let problems = world.ask(world.app().overview()).expect("an overview").problems;
    assert_eq!(problems.iter().map(|one| one.code).collect::<Vec<_>>(), [Code::SettingsEdited]);
    let aside = world.path("config/settings.edited-20260327-080000.json");
    assert_eq!(fs::read_to_string(aside).expect("it is kept"), edited);
    let stored = fs::read_to_string(&settings).expect("text");
    assert!(stored.contains("\"notifyOnSuccess\": true") && !stored.contains("Letters"));
}

#[test]
fn settings_edited_twice_are_kept_twice() {
    let world = world();
    for wish in [true, false] {
        fs::write(world.path("config/settings.json"), format!("{{ {wish}")).expect("it is written");
        success_is_told(&world, wish);
    }
    let names = fs::read_dir(world.path("config")).expect("a folder").flatten();
    let aside = names.filter(|one| one.file_name().to_string_lossy().contains("edited"));
    assert_eq!(aside.count(), 2);
}

#[test]
fn settings_that_nobody_else_touched_are_just_stored() {
    let mut world = world();
    success_is_told(&world, true);
    world.start();
    success_is_told(&world, false);
    assert_eq!(world.ask(world.app().overview()).expect("an overview").problems, []);
}

#[cfg(unix)]
#[test]
fn nobody_else_on_the_computer_can_read_settings_and_history() {
    use std::os::unix::fs::PermissionsExt as _;

    let world = world();
    world.back_up();
    let mode = |name: &str| {
        let found = fs::metadata(world.path(name)).expect("it is there");
        found.permissions().mode() & 0o7777
    };
    for folder in ["config", "state", "state/history", "state/locks"] {
        assert_eq!(mode(folder), 0o700, "{folder}");
    }
    for file in ["config/settings.json", "config/settings.copy.json", "state/history.lock"] {
        assert_eq!(mode(file), 0o600, "{file}");
    }
}
