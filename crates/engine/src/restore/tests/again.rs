//! Restoring once more, over what is there.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;
use std::time::UNIX_EPOCH;

use super::Target;
use crate::testing::{World, file, folder};
use crate::tree::Node;

/// Waits until the clock of the file system has moved on.
fn a_tick_later(folder: &Path) {
    let now = || {
        let file = tempfile::tempfile_in(folder).expect("a file");
        let now = file.metadata().expect("there");
        (now.ctime(), now.ctime_nsec())
    };
    let before = now();
    while now() == before {}
}

#[test]
fn what_is_as_it_should_be_is_not_touched_and_what_differs_is_mended() {
    let mut world = World::new();
    let (one, two) = (world.data(b"one"), world.data(b"two"));
    let names = ["as it was", "of somebody else", "other mode", "other time"];
    let (me, my_group) = (rustix::process::geteuid(), rustix::process::getegid());
    let mine = |name: &str| Node {
        uid: me.as_raw(),
        gid: my_group.as_raw(),
        ..file(name, 6, &[one, two])
    };
    let mut nodes = names.map(mine);
    // Only the superuser can give it away. It is right as it is for everybody else, too.
    (nodes[1].uid, nodes[1].gid) = (me.as_raw() + 1, my_group.as_raw() + 1);
    let inner = world.tree(nodes.to_vec());
    let tree = world.tree(vec![folder("folder", inner)]);
    let world = world.stored();
    let target = Target::new();
    target.restore(&world, tree).expect("restores");
    assert_eq!(target.found(), []);
    let at = |name: &str| target.path().join("folder").join(name);
    let look = |name: &str| {
        let found = fs::metadata(at(name)).expect("there");
        let times = [found.mtime_nsec(), found.atime_nsec(), found.mtime(), found.atime()];
        ((found.mode(), times), (found.ctime(), found.ctime_nsec()))
    };
    let all = ["", names[0], names[1], names[2], names[3]];
    let before = all.map(look);
    a_tick_later(target.folder.path());
    fs::set_permissions(at(names[2]), fs::Permissions::from_mode(0o640)).expect("set");
    fs::File::open(at(names[3])).expect("open").set_modified(UNIX_EPOCH).expect("set");
    let outcome = target.restore(&world, tree).expect("restores");
    let after = all.map(look);
    assert_eq!((outcome.restored_bytes, target.found()), (0, Vec::new()));
    assert_eq!(before[..3], after[..3], "the folder or a file that was right was touched");
    assert_eq!(before.map(|it| it.0), after.map(|it| it.0));
}
