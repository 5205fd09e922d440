//! Files of text that editors of other systems wrote, and text that is not Unicode.

use crate::world::{Ran, World};

/// The text as Notepad and PowerShell write it, and as everybody else does.
fn encodings(text: &str) -> Vec<(&'static str, Vec<u8>)> {
    let utf16 = |mark: [u8; 2], bytes: fn(u16) -> [u8; 2]| {
        mark.into_iter().chain(text.encode_utf16().flat_map(bytes)).collect()
    };
    vec![
        ("plain", text.into()),
        ("UTF-8 with a mark", [b"\xef\xbb\xbf", text.as_bytes()].concat()),
        ("UTF-16, little end first", utf16([0xff, 0xfe], u16::to_le_bytes)),
        ("UTF-16, big end first", utf16([0xfe, 0xff], u16::to_be_bytes)),
    ]
}

#[test]
fn a_password_file_is_read_whatever_editor_wrote_it() {
    let world = World::without_repository();
    let password = "p\u{e4}ss w\u{f6}rd \u{20ac}";
    let mut init = world.holdfast(&["init"]);
    Ran::of(&init.env("RESTIC_PASSWORD", password).output().expect("starts")).success();
    for (name, content) in encodings(&format!("  {password}\r\n")) {
        world.write("password", &content);
        let line = "snapshots --password-file password";
        world.run_restic(line).success();
        let ran = world.run(line);
        assert_eq!(ran.code, 0, "{name}: {}", ran.err);
    }
}

#[test]
fn a_repository_file_is_read_whatever_editor_wrote_it() {
    let world = World::new();
    std::fs::rename(world.path("repository"), world.path("d\u{e9}p\u{f4}t")).expect("renamed");
    for (name, content) in encodings("d\u{e9}p\u{f4}t\r\n") {
        world.write("location", &content);
        let mut command = world.holdfast(&["snapshots", "--repository-file", "location"]);
        let ran = Ran::of(&command.env_remove("RESTIC_REPOSITORY").output().expect("starts"));
        assert_eq!(ran.code, 0, "{name}: {}", ran.err);
    }
}

#[test]
fn lists_of_sources_are_read_whatever_editor_wrote_them() {
    let world = World::new();
    world.write("source/\u{e4}.txt", b"x");
    for flag in ["--files-from", "--files-from-verbatim"] {
        for (name, content) in encodings("source/\u{e4}.txt\r\nsource/folder\r\n") {
            world.write("list", &content);
            let files = |ran: Ran| {
                let out = ran.success();
                let summary = out.lines().last().expect("a summary").to_owned();
                let summary: serde_json::Value = serde_json::from_str(&summary).expect("JSON");
                summary["total_files_processed"].as_u64()
            };
            let line = format!("backup --json --dry-run {flag} list");
            let expected = files(world.run_restic(&line));
            assert_eq!(expected, Some(2));
            assert_eq!(files(world.run(&line)), expected, "{flag} {name}");
        }
    }
}

#[test]
fn a_password_need_not_be_unicode() {
    use std::os::unix::ffi::OsStrExt;
    let world = World::without_repository();
    let password = b"caf\xe9";
    let variable = std::ffi::OsStr::from_bytes(password);
    let mut init = world.holdfast(&["init"]);
    Ran::of(&init.env("RESTIC_PASSWORD", variable).output().expect("starts")).success();
    world.write("password", password);
    world.run_restic("snapshots --password-file password").success();
    world.run("snapshots --password-file password").success();
    let mut command = world.holdfast(&["snapshots", "--password-command", "cat password"]);
    Ran::of(&command.output().expect("starts")).success();
    // What is like it and is not it does not open it.
    let mut command = world.holdfast(&["snapshots"]);
    let ran = command.env("RESTIC_PASSWORD", "caf\u{fffd}").output().expect("starts");
    Ran::of(&ran).failure(12, "Fatal: wrong password");
}
