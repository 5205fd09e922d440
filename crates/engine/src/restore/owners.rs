//! Owners by name: whose files are, on a computer that numbers its users in another way.

use std::cell::RefCell;
use std::collections::HashMap;

use crate::tree::Node;

/// The numbers of users and groups on this computer, each asked for once.
#[derive(Debug, Default)]
pub(super) struct Owners {
    users: RefCell<HashMap<String, Option<u32>>>,
    groups: RefCell<HashMap<String, Option<u32>>>,
}

impl Owners {
    /// Gives the entry to whoever has its owner's name here. A name that nobody has leaves the
    /// number as it is; restic 0.19 gives such a file to the superuser.
    pub(super) fn adapt(&self, node: &mut Node) {
        node.uid = number(&self.users, &node.user, user).unwrap_or(node.uid);
        node.gid = number(&self.groups, &node.group, group).unwrap_or(node.gid);
    }
}

fn number(
    known: &RefCell<HashMap<String, Option<u32>>>,
    name: &str,
    ask: impl Fn(&str) -> Option<u32>,
) -> Option<u32> {
    if name.is_empty() {
        return None;
    }
    if let Some(number) = known.borrow().get(name) {
        return *number;
    }
    let number = ask(name);
    known.borrow_mut().insert(name.to_owned(), number);
    number
}

#[cfg(unix)]
fn user(name: &str) -> Option<u32> {
    nix::unistd::User::from_name(name).ok().flatten().map(|user| user.uid.as_raw())
}

#[cfg(unix)]
fn group(name: &str) -> Option<u32> {
    nix::unistd::Group::from_name(name).ok().flatten().map(|group| group.gid.as_raw())
}

/// Windows restores no owners by number, and so none by name.
#[cfg(not(unix))]
fn user(_: &str) -> Option<u32> {
    None
}

#[cfg(not(unix))]
fn group(_: &str) -> Option<u32> {
    None
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn names_count_if_they_are_known_here_and_numbers_otherwise() {
        let owners = Owners::default();
        let mut node = Node { uid: 4711, gid: 4712, ..Node::default() };
        (node.user, node.group) = ("root".into(), "nobody-has-this-name".into());
        owners.adapt(&mut node);
        assert_eq!((node.uid, node.gid), (0, 4712));
        (node.user, node.uid) = ("".into(), 4711);
        owners.adapt(&mut node);
        assert_eq!(node.uid, 4711);
    }
}
