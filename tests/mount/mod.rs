//! Real mounts: through the kernel every file is what was backed up, and what restic shows as well.
//!
//! The file system's own logic is proven without a kernel, in the engine. These tests need `/dev/fuse`
//! and fail where there is none, unless `HOLDFAST_WITHOUT_FUSE` says that this is known.

use std::collections::BTreeSet;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use holdfast_testkit::compare::differences;
use holdfast_testkit::random_tree;
use holdfast_tests::peers::{Peer, Worker};
use holdfast_tests::process::until;
use holdfast_tests::repository::TestRepository;
use holdfast_tests::tools::tool;
use holdfast_tests::trees::{noise, odd_tree};
use rustix::process::{Pid, Signal, kill_process};

/// True if mounting can be tried here.
fn can_mount() -> bool {
    if Path::new("/dev/fuse").exists() {
        let _ = tool("fusermount3", "fuse3");
        return true;
    }
    let is_known = std::env::var_os("HOLDFAST_WITHOUT_FUSE").is_some();
    assert!(
        is_known,
        "/dev/fuse is missing, so nothing can be mounted here: load the kernel's module `fuse` or \
         give the container the device, or set HOLDFAST_WITHOUT_FUSE=1 to go without these tests"
    );
    let text = b"/dev/fuse is missing and that is known: mounting was not tried\n";
    std::io::stderr().write_all(text).expect("somebody listens");
    false
}

/// A repository that a program has mounted; taken away when dropped.
struct Mount {
    process: Child,
    folder: PathBuf,
}

impl Mount {
    fn of(repository: &TestRepository, peer: Peer, flags: &[&str]) -> Self {
        let folder = repository.beside(&format!("mounted by {peer:?}"));
        fs::create_dir_all(&folder).expect("made");
        let place = folder.to_str().expect("a plain path").to_owned();
        let line = [&["mount", &place], flags].concat();
        let worker = Worker::new(peer, repository.path(), "UTC");
        let process =
            worker.command(&line).stdout(Stdio::null()).spawn().expect("the program starts");
        let mut mount = Self { process, folder };
        until("it is mounted", || {
            assert!(mount.process.try_wait().expect("a state").is_none(), "it gave up");
            mount.is_there()
        });
        mount
    }

    fn is_there(&self) -> bool {
        let table = fs::read_to_string("/proc/self/mounts").expect("a table");
        let place = self.folder.to_string_lossy().replace(' ', "\\040");
        table.lines().any(|line| line.split(' ').nth(1) == Some(&place))
    }

    fn latest(&self) -> PathBuf {
        self.folder.join("snapshots/latest")
    }

    /// Waits until the process ends, and returns its exit code.
    fn code(&mut self) -> Option<i32> {
        let mut code = None;
        until("it ends", || {
            code = self.process.try_wait().expect("a state");
            code.is_some()
        });
        code.and_then(|status| status.code())
    }
}

impl Drop for Mount {
    fn drop(&mut self) {
        if self.is_there() {
            let _ = Command::new("fusermount3").args(["-u", "-z"]).arg(&self.folder).status();
        }
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// A source with everything that is hard, backed up by both programs with changes in between.
fn backed_up() -> (TestRepository, PathBuf) {
    let repository = TestRepository::new();
    let source = repository.beside("source");
    odd_tree(&source);
    random_tree::make(&source.join("random"), 11, random_tree::TreeOptions::default())
        .expect("made");
    fs::write(source.join("large"), noise(7, 5 << 20)).expect("written");
    let tag = ["--tag", "one,o/ther"];
    Worker::new(Peer::ResticNew, repository.path(), "UTC").backup(&source, &tag);
    fs::write(source.join("later"), b"later").expect("written");
    let host = ["--host", "elsewhere"];
    Worker::new(Peer::Holdfast, repository.path(), "UTC").backup(&source, &host);
    (repository, source)
}

fn names(folder: &Path) -> BTreeSet<String> {
    let entries = fs::read_dir(folder).expect("a folder");
    entries.map(|entry| entry.expect("an entry").file_name().to_string_lossy().into()).collect()
}

#[test]
fn what_is_mounted_is_what_was_backed_up_with_all_its_metadata() {
    if !can_mount() {
        return;
    }
    let (repository, source) = backed_up();
    let mount = Mount::of(&repository, Peer::Holdfast, &[]);
    let found = differences(&source, &mount.latest()).expect("both can be read");
    assert!(found.is_empty(), "{found:#?}");
    // Several read at once, from anywhere.
    let expected = noise(7, 5 << 20);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                assert!(fs::read(mount.latest().join("large")).expect("readable") == expected);
            });
        }
    });
    let refused = fs::write(mount.latest().join("new"), b"").expect_err("it is read-only");
    assert_eq!(refused.kind(), std::io::ErrorKind::ReadOnlyFilesystem);
    assert!(fs::metadata(mount.folder.join("nothing")).is_err());
}

#[test]
fn what_is_mounted_is_what_restic_mounts() {
    if !can_mount() {
        return;
    }
    let (repository, _) = backed_up();
    for flags in [
        &[][..],
        &["--tag", "one", "--owner-root"],
        &["--path-template", "%h/%I", "--path-template", "t/%T", "--time-template", "06_1_2 15.04"],
    ] {
        let ours = Mount::of(&repository, Peer::Holdfast, flags);
        let theirs = Mount::of(&repository, Peer::ResticNew, flags);
        assert_eq!(names(&ours.folder), names(&theirs.folder), "{flags:?}");
        for name in names(&theirs.folder) {
            let [one, other] = [&theirs, &ours].map(|mount| names(&mount.folder.join(&name)));
            assert_eq!(one, other, "{flags:?} {name}");
        }
        let snapshots = if flags.contains(&"%h/%I") { "elsewhere" } else { "ids" };
        let snapshots = if flags.contains(&"one") { "tags/one" } else { snapshots };
        let [theirs, ours] = [&theirs, &ours].map(|mount| mount.folder.join(snapshots));
        assert_eq!(names(&theirs), names(&ours));
        // One by one: for restic, files of several snapshots can be hard links of each other.
        for name in names(&theirs) {
            let [theirs, ours] = [&theirs, &ours].map(|folder| folder.join(&name));
            let mut found = differences(&theirs, &ours).expect("both can be read");
            // restic shows no numbers of devices, and times before 1970 wrongly. The test above sees
            // that ours are those of the source.
            let is_theirs = |text: &String| {
                text.contains(" has the device ") || text.contains(" has the time -")
            };
            found.retain(|text| !is_theirs(text));
            assert!(found.is_empty(), "{flags:?} {name}: {found:#?}");
        }
    }
}

#[test]
fn it_ends_well_whether_it_is_told_to_or_taken_away() {
    if !can_mount() {
        return;
    }
    let (repository, _) = backed_up();
    let mut mount = Mount::of(&repository, Peer::Holdfast, &[]);
    assert_eq!(repository.locks().len(), 1);
    let pid = Pid::from_child(&mount.process);
    kill_process(pid, Signal::INT).expect("permitted");
    assert_eq!(mount.code(), Some(0));
    assert!(!mount.is_there() && repository.locks().is_empty());

    let mut mount = Mount::of(&repository, Peer::Holdfast, &["--no-lock"]);
    assert!(repository.locks().is_empty());
    let taken = Command::new("fusermount3").arg("-u").arg(&mount.folder).status();
    assert!(taken.expect("fusermount3 is installed").success());
    assert_eq!(mount.code(), Some(0));
}
