//! `dump --archive zip`, beside restic: equal but for the compressed bytes.

use std::collections::BTreeMap;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use crate::world::{World, files_below};

fn world() -> World {
    let world = World::new();
    world.write("source/text", "words and words\n".repeat(100_000).as_bytes());
    world.write("source/empty", b"");
    world.write("source/deep/er/caf\u{e9}", b"unicode");
    world.write("source/back\\slash", b"odd");
    let latin = std::ffi::OsStr::from_bytes(b"caf\xe9");
    std::fs::write(world.path("source").join(latin), b"latin").expect("written");
    std::os::unix::fs::symlink("a.txt", world.path("source/link")).expect("made");
    for (name, mode) in [("a.txt", 0o4755), ("text", 0o400), ("folder", 0o1777)] {
        let mode = std::fs::Permissions::from_mode(mode);
        std::fs::set_permissions(world.path("source").join(name), mode).expect("ours");
    }
    let made = Command::new("mkfifo").arg(world.path("source/deep/er/fifo")).status();
    assert!(made.expect("mkfifo is installed").success());
    for (name, time) in
        [("source/old", "1970-01-02 03:04:05"), ("source/new", "2026-01-02 03:04:07")]
    {
        world.write(name, b"dated");
        let set = Command::new("touch").args(["-d", time]).arg(world.path(name)).status();
        assert!(set.expect("touch is installed").success());
    }
    world.run("backup source").success();
    world
}

/// The directory of an archive: the headers by name, without what depends on the compressor.
fn directory(archive: &[u8]) -> BTreeMap<Vec<u8>, Vec<u8>> {
    let number = |at: usize, bytes: usize| {
        let digits = archive[at..at + bytes].iter().rev();
        digits.fold(0, |number, byte| number << 8 | usize::from(*byte))
    };
    let end = archive.len() - 22;
    assert_eq!(archive[end..end + 4], *b"PK\x05\x06");
    let (entries, mut at) = (number(end + 10, 2), number(end + 16, 4));
    let mut found = BTreeMap::new();
    for _ in 0..entries {
        assert_eq!(archive[at..at + 4], *b"PK\x01\x02");
        let (name, extra) = (number(at + 28, 2), number(at + 30, 2));
        let next = at + 46 + name + extra;
        let mut header = archive[at..next].to_vec();
        // Compressed size, and where the entry begins.
        header[20..24].fill(0);
        header[42..46].fill(0);
        let earlier = found.insert(archive[at + 46..at + 46 + name].to_vec(), header);
        assert!(earlier.is_none(), "an entry is there twice");
        at = next;
    }
    assert_eq!(at, end);
    found
}

/// What `unzip` makes of an archive: contents and modes by path.
fn unpacked(world: &World, name: &str) -> BTreeMap<std::path::PathBuf, (u32, Vec<u8>)> {
    let target = world.path(&format!("{name} unpacked"));
    let unzip =
        Command::new("unzip").arg("-q").arg(world.path(name)).arg("-d").arg(&target).output();
    let unzip = unzip.expect("unzip is installed");
    assert!(unzip.status.success(), "{}", String::from_utf8_lossy(&unzip.stderr));
    let of = |path: std::path::PathBuf| {
        let mode = std::fs::symlink_metadata(&path).expect("there").permissions().mode();
        let content = std::fs::read(&path).expect("readable");
        (path.strip_prefix(&target).expect("below").to_owned(), (mode, content))
    };
    files_below(&target).into_iter().map(of).collect()
}

#[test]
fn a_zip_archive_has_the_entries_of_restic_with_all_that_is_told_of_them() {
    let world = world();
    for (number, what) in ["/", "/source", "/source/deep"].iter().enumerate() {
        let line = format!("dump latest {what} --archive zip");
        let words: Vec<&str> = line.split(' ').collect();
        let dumped = |mut command: Command| {
            let output = command.output().expect("it starts");
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
            output.stdout
        };
        let (ours, theirs) = (dumped(world.holdfast(&words)), dumped(world.restic(&words)));
        assert_eq!(directory(&ours), directory(&theirs), "{what}");
        assert!(directory(&ours).len() > 1);
        let (ours_name, theirs_name) = (format!("ours{number}.zip"), format!("theirs{number}.zip"));
        world.write(&ours_name, &ours);
        world.write(&theirs_name, &theirs);
        let (ours, theirs) = (unpacked(&world, &ours_name), unpacked(&world, &theirs_name));
        assert!(ours == theirs, "{what}: {:?} and {:?}", ours.keys(), theirs.keys());
    }
}

#[test]
fn a_single_file_is_written_as_it_is_whatever_the_archive() {
    let world = world();
    let line = "dump latest /source/deep/er/caf\u{e9} --archive zip";
    assert_eq!(world.run(line).success(), "unicode");
    world.run("dump latest /source --archive zip --target out.zip").success();
    assert!(std::fs::read(world.path("out.zip")).expect("written").starts_with(b"PK"));
}
