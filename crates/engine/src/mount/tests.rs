//! A mounted repository without a kernel: every question is asked directly.

use std::sync::atomic::{AtomicU64, Ordering};

use super::*;
use crate::id::BlobId;
use crate::snapshot::{Snapshot, load_all};
use crate::testing::{World, file, folder};

/// A clock that goes by hand.
#[derive(Default)]
struct Hand(AtomicU64);

impl Clock for Hand {
    fn now(&self) -> jiff::Timestamp {
        jiff::Timestamp::UNIX_EPOCH
    }
    fn awake(&self) -> Duration {
        Duration::from_secs(self.0.load(Ordering::Relaxed))
    }
    fn elapsed(&self) -> Duration {
        self.awake()
    }
    fn sleep(&self, _: Duration) {}
}

struct Mount {
    files: SnapshotFiles,
    clock: Arc<Hand>,
    backend: Arc<crate::backend::MemoryBackend>,
}

impl Mount {
    fn of(world: World) -> Self {
        Self::with(world, MountOptions::default())
    }

    fn with(world: World, options: MountOptions) -> Self {
        let clock = Arc::new(Hand::default());
        let (backend, repository) = (world.backend, Arc::new(world.repository));
        let cancel = Cancellation::default();
        let files = SnapshotFiles::new(repository, options, clock.clone(), &Unwatched, &cancel);
        let files = files.expect("readable");
        Self { files, clock, backend }
    }

    /// Looks a path up, name by name.
    fn find(&self, path: &str) -> Result<Attributes, MountError> {
        let mut found = self.files.attributes(ROOT)?;
        for name in path.split('/').filter(|name| !name.is_empty()) {
            found = self.files.lookup(found.number, name.as_bytes())?;
        }
        Ok(found)
    }

    fn names(&self, path: &str) -> Vec<String> {
        let entries = self.files.entries(self.find(path).expect(path).number).expect("a folder");
        for entry in &entries {
            let found = self.files.lookup(self.find(path).expect(path).number, &entry.name);
            let found = found.expect("what is listed is found");
            assert_eq!((found.number, found.kind), (entry.number, entry.kind));
        }
        entries.iter().map(|entry| String::from_utf8_lossy(&entry.name).into_owned()).collect()
    }

    /// A file's content, read in pieces of this size.
    fn content(&self, path: &str, piece: usize) -> Vec<u8> {
        let handle = self.files.open(self.find(path).expect(path).number).expect("a file");
        let mut content = Vec::new();
        loop {
            let read = self.files.read(handle, content.len() as u64, piece).expect("readable");
            if read.is_empty() {
                break;
            }
            content.extend(read);
        }
        self.files.close(handle);
        content
    }
}

/// Three parts of 100, 0 and 57 bytes, and the first again.
fn parts() -> [Vec<u8>; 4] {
    let first: Vec<u8> = (0..100).collect();
    [first.clone(), Vec::new(), vec![9; 57], first]
}

fn world() -> (World, SnapshotId) {
    let mut world = World::new();
    let blobs: Vec<BlobId> = parts().iter().map(|part| world.data(part)).collect();
    let linked = |name: &str| Node { links: 2, inode: 7, ..file(name, 57, &blobs[2..3]) };
    let attributed = Node {
        extended_attributes: vec![ExtendedAttribute {
            name: "user.colour".to_owned(),
            value: b"red".to_vec(),
        }],
        mode: mode::SETUID | 0o751,
        uid: 1001,
        gid: 1002,
        modified: Time { seconds: 5, ..Time::default() },
        ..file("attributed", 257, &blobs)
    };
    let link = Node {
        kind: NodeKind::Symlink,
        link_target: b"../elsewhere".to_vec(),
        ..file("link", 0, &[])
    };
    let inner = world.tree(vec![linked("also"), file("empty", 0, &[])]);
    let hostile = [file("..", 0, &[]), file("a/b", 0, &[])];
    let sound = vec![attributed, folder("deep", inner), link, linked("linked")];
    let nodes = [hostile.into(), sound];
    let tree = world.tree(nodes.concat());
    let world = world.stored();
    let id = world.snapshot(tree);
    (world, id)
}

#[test]
fn what_a_snapshot_holds_is_found_below_every_path_that_leads_to_it() {
    let (world, id) = world();
    let mount = Mount::of(world);
    assert_eq!(mount.names("/"), ["hosts", "ids", "snapshots"]);
    assert_eq!(mount.names("snapshots"), ["1970-01-01T00:00:00Z", "latest"]);
    let latest = mount.find("snapshots/latest").expect("a link");
    let target = mount.files.link_target(latest.number).expect("a link");
    assert_eq!(target, b"1970-01-01T00:00:00Z");
    assert_eq!(latest.size, target.len() as u64);
    for path in ["snapshots/1970-01-01T00:00:00Z".to_owned(), format!("ids/{}", id.short())] {
        assert_eq!(mount.names(&path), ["attributed", "deep", "link", "linked"]);
        assert_eq!(mount.names(&format!("{path}/deep")), ["also", "empty"]);
        let expected = parts().concat();
        for piece in [1, 7, 100, 4096] {
            assert_eq!(mount.content(&format!("{path}/attributed"), piece), expected, "{piece}");
        }
        assert_eq!(mount.content(&format!("{path}/deep/empty"), 10), b"");
    }
}

#[test]
fn a_file_is_read_from_anywhere_and_not_past_its_end() {
    let (world, id) = world();
    let mount = Mount::of(world);
    let number = mount.find(&format!("ids/{}/attributed", id.short())).expect("there").number;
    let handle = mount.files.open(number).expect("a file");
    let whole = parts().concat();
    for offset in [0, 1, 99, 100, 101, 156, 157, 256, 257, 1000] {
        for length in [0, 1, 58, 1000] {
            let read = mount.files.read(handle, offset, length).expect("readable");
            let from = whole.len().min(offset as usize);
            let to = whole.len().min(from + length);
            assert_eq!(read, whole[from..to], "{length} from {offset}");
        }
    }
    mount.files.close(handle);
    assert!(matches!(mount.files.read(handle, 0, 1), Err(MountError::NotFound)));
}

#[test]
fn what_is_told_of_an_entry_is_what_the_snapshot_says() {
    let (world, id) = world();
    let mount = Mount::of(world);
    let path = |name: &str| format!("ids/{}/{name}", id.short());
    let found = mount.find(&path("attributed")).expect("there");
    assert_eq!((found.uid, found.gid, found.permissions, found.size), (1001, 1002, 0o4751, 257));
    assert_eq!((found.kind, found.modified.seconds, found.links), (NodeKind::File, 5, 1));
    let attributes = mount.files.extended_attributes(found.number).expect("there");
    assert_eq!(attributes[0].value, b"red");
    let link = mount.find(&path("link")).expect("there");
    assert_eq!(mount.files.link_target(link.number).expect("a link"), b"../elsewhere");
    assert!(matches!(mount.files.open(link.number), Err(MountError::NotFile)));
    assert!(matches!(mount.files.entries(link.number), Err(MountError::NotFolder)));
    let [one, other] = ["linked", "deep/also"].map(|name| mount.find(&path(name)).expect("there"));
    assert_eq!((one.number, one.links), (other.number, 2));
    for name in ["..", "a/b", ".", "", "nothing"] {
        let parent = mount.find(&path("")).expect("there").number;
        let found = mount.files.lookup(parent, name.as_bytes());
        assert!(matches!(found, Err(MountError::NotFound)), "{name}");
    }
}

#[test]
fn everything_belongs_to_whom_it_is_said_to() {
    let (world, id) = world();
    let options = MountOptions { owner: Some((0, 0)), mounter: (5, 6), ..Default::default() };
    let mount = Mount::with(world, options);
    let found = mount.find(&format!("ids/{}/attributed", id.short())).expect("there");
    assert_eq!((found.uid, found.gid), (0, 0));
}

#[test]
fn a_new_snapshot_appears_after_a_minute_and_a_removed_one_goes() {
    let (world, _) = world();
    let mount = Mount::of(world);
    assert_eq!(mount.names("ids").len(), 1);
    let tree = {
        let all = load_all(&mount.files.repository, &Unwatched).expect("memory");
        all[0].1.tree
    };
    let time = Time { seconds: 3600, ..Time::default() };
    let new = Snapshot::new(time, tree, vec!["/".to_owned()]);
    new.store(&mount.files.repository).expect("memory");
    mount.clock.0.store(59, Ordering::Relaxed);
    assert_eq!(mount.names("ids").len(), 1);
    mount.clock.0.store(61, Ordering::Relaxed);
    assert_eq!(mount.names("ids").len(), 2);
    assert_eq!(mount.content("snapshots/1970-01-01T01:00:00Z/deep/also", 100).len(), 57);
    for listed in
        crate::backend::Backend::list(&*mount.backend, FileKind::Snapshot).expect("memory")
    {
        let name = crate::backend::FileName::new(FileKind::Snapshot, listed.id);
        crate::backend::Backend::remove(&*mount.backend, name).expect("memory");
    }
    mount.clock.0.store(200, Ordering::Relaxed);
    assert_eq!(mount.names("/"), Vec::<String>::new());
}

#[test]
fn numbers_are_forgotten_when_nobody_needs_them() {
    let (world, id) = world();
    let mount = Mount::of(world);
    let path = format!("ids/{}/attributed", id.short());
    let number = mount.find(&path).expect("there").number;
    mount.find(&path).expect("there");
    mount.files.forget(number, 1);
    assert!(mount.files.attributes(number).is_ok());
    mount.files.forget(number, 1);
    assert!(matches!(mount.files.attributes(number), Err(MountError::NotFound)));
    mount.files.forget(ROOT, 1000);
    assert!(mount.files.attributes(ROOT).is_ok());
    assert_eq!(mount.files.known.lock().len(), 3);
}

#[test]
fn what_is_lost_in_the_repository_is_an_error_and_the_rest_is_readable() {
    let mut world = World::new();
    let whole = world.data(b"whole");
    let lost_tree = folder("lost", TreeId::of(b"lost"));
    let lost_file = file("holed", 9, &[BlobId::of(b"lost")]);
    let tree = world.tree(vec![lost_file, lost_tree, file("whole", 5, &[whole])]);
    let world = world.stored();
    let id = world.snapshot(tree);
    let mount = Mount::of(world);
    let path = |name: &str| format!("ids/{}/{name}", id.short());
    let lost = mount.find(&path("lost")).expect("its parent tells of it");
    assert!(matches!(mount.files.entries(lost.number), Err(MountError::Read(_))));
    let holed = mount.find(&path("holed")).expect("its parent tells of it");
    assert!(matches!(mount.files.open(holed.number), Err(MountError::Read(_))));
    assert_eq!(mount.content(&path("whole"), 3), b"whole");
}

#[test]
fn two_files_that_a_snapshot_takes_for_one_have_each_their_own_content() {
    let mut world = World::new();
    let linked = |name, size, blob| Node {
        links: 2,
        inode: 7,
        ..file(name, size, std::slice::from_ref(blob))
    };
    let [one, other] = [b"one".as_slice(), b"other"].map(|content| world.data(content));
    let tree = world.tree(vec![linked("one", 3, &one), linked("other", 5, &other)]);
    let world = world.stored();
    let id = world.snapshot(tree);
    let mount = Mount::of(world);
    let path = |name: &str| format!("ids/{}/{name}", id.short());
    for _ in 0..2 {
        assert_eq!(mount.content(&path("one"), 100), b"one");
        assert_eq!(mount.content(&path("other"), 100), b"other");
    }
}

/// Keeps what it is told.
#[derive(Default)]
struct Told(Mutex<Vec<String>>);

impl Monitor for Told {
    fn event(&self, event: crate::monitor::Event<'_>) {
        if let crate::monitor::Event::Finding(finding) = event {
            self.0.lock().push(finding.message.clone());
        }
    }
}

#[test]
fn a_damaged_snapshot_is_told_of_and_the_others_are_shown() {
    let (world, _) = world();
    let damaged = world.snapshot(TreeId::of(b"another"));
    let name = crate::backend::FileName::new(FileKind::Snapshot, damaged.0);
    world.damage(name, |bytes| bytes[20] ^= 1);
    let (told, clock, cancel) =
        (Told::default(), Arc::new(Hand::default()), Cancellation::default());
    let repository = Arc::new(world.repository);
    let options = MountOptions::default();
    let files = SnapshotFiles::new(repository.clone(), options, clock.clone(), &told, &cancel);
    let files = files.expect("the other is readable");
    let shown = files.lookup(ROOT, b"ids").and_then(|ids| files.entries(ids.number));
    assert_eq!(shown.expect("a folder").len(), 1);
    assert!(told.0.lock().join("").contains(&damaged.short()), "{:?}", told.0.lock());

    cancel.cancel();
    let options = MountOptions::default();
    let stopped = SnapshotFiles::new(repository, options, clock, &Unwatched, &cancel);
    assert!(matches!(stopped, Err(ReadError::Cancelled)), "whoever asks to stop is heard");
}
