//! Names of users and groups.
//!
//! restic's own builds on Linux are static and read `/etc/passwd` and `/etc/group`, nothing else;
//! so do we, because names are part of a tree's id. Accounts from a directory service therefore
//! have numbers only. Elsewhere the system is asked, and the answers are kept.

use std::sync::Arc;

use names::Source;
pub(super) use names::Source as Names;

impl Source {
    /// The user's name, empty if there is none.
    pub(super) fn user(&self, uid: u32) -> Arc<str> {
        self.user_or_empty(uid)
    }

    /// The group's name, empty if there is none.
    pub(super) fn group(&self, gid: u32) -> Arc<str> {
        self.group_or_empty(gid)
    }
}

/// The first name that each id has in a file of the form of `/etc/passwd` or `/etc/group`, by
/// the rules of Go's `os/user`: lines with too few fields, an empty name, or one that begins with
/// `+` or `-` (entries for a directory service) do not count.
#[cfg(any(test, not(target_os = "macos")))]
fn parse(text: &[u8], colons_min: usize) -> std::collections::HashMap<u32, Arc<str>> {
    let mut names = std::collections::HashMap::new();
    for line in text.split(|byte| *byte == b'\n') {
        let line = line.trim_ascii();
        if line.starts_with(b"#") || line.iter().filter(|byte| **byte == b':').count() < colons_min
        {
            continue;
        }
        let mut fields = line.split(|byte| *byte == b':');
        let (Some(name), Some(id)) = (fields.next(), fields.nth(1)) else { continue };
        if name.is_empty() || name.starts_with(b"+") || name.starts_with(b"-") {
            continue;
        }
        let id = std::str::from_utf8(id).ok().and_then(|id| id.parse().ok());
        if let (Some(id), Ok(name)) = (id, std::str::from_utf8(name)) {
            names.entry(id).or_insert_with(|| name.into());
        }
    }
    names
}

#[cfg(not(target_os = "macos"))]
mod names {
    use std::collections::HashMap;
    use std::sync::Arc;

    /// Names from the two files, read once.
    #[derive(Debug)]
    pub(in super::super) struct Source {
        users: HashMap<u32, Arc<str>>,
        groups: HashMap<u32, Arc<str>>,
        empty: Arc<str>,
    }

    impl Source {
        /// Reads the files. One that cannot be read has no names, as for restic.
        pub(in super::super) fn of_this_system() -> Self {
            let read = |path| std::fs::read(path).unwrap_or_default();
            Self {
                users: super::parse(&read("/etc/passwd"), 6),
                groups: super::parse(&read("/etc/group"), 3),
                empty: "".into(),
            }
        }

        pub(super) fn user_or_empty(&self, uid: u32) -> Arc<str> {
            self.users.get(&uid).unwrap_or(&self.empty).clone()
        }

        pub(super) fn group_or_empty(&self, gid: u32) -> Arc<str> {
            self.groups.get(&gid).unwrap_or(&self.empty).clone()
        }
    }
}

#[cfg(target_os = "macos")]
mod names {
    use std::collections::HashMap;
    use std::sync::Arc;

    use nix::unistd::{Gid, Group, Uid, User};
    use parking_lot::RwLock;

    /// Names from the system's directory, each asked for once.
    #[derive(Debug, Default)]
    pub(in super::super) struct Source {
        users: RwLock<HashMap<u32, Arc<str>>>,
        groups: RwLock<HashMap<u32, Arc<str>>>,
    }

    impl Source {
        /// No names known yet.
        pub(in super::super) fn of_this_system() -> Self {
            Self::default()
        }

        pub(super) fn user_or_empty(&self, uid: u32) -> Arc<str> {
            kept(&self.users, uid, |uid| {
                User::from_uid(Uid::from_raw(uid)).ok().flatten().map(|user| user.name)
            })
        }

        pub(super) fn group_or_empty(&self, gid: u32) -> Arc<str> {
            kept(&self.groups, gid, |gid| {
                Group::from_gid(Gid::from_raw(gid)).ok().flatten().map(|group| group.name)
            })
        }
    }

    fn kept(
        known: &RwLock<HashMap<u32, Arc<str>>>,
        id: u32,
        ask: impl Fn(u32) -> Option<String>,
    ) -> Arc<str> {
        if let Some(name) = known.read().get(&id) {
            return name.clone();
        }
        let name: Arc<str> = ask(id).unwrap_or_default().into();
        known.write().entry(id).or_insert(name).clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_follow_the_rules_of_gos_os_user() {
        let text = b"root:x:0:0:root:/root:/bin/bash\ntoor:x:0:0::/root:/bin/sh\n\
            # bob:x:5:5:::\n+nis:x:6:6:::\nshort:x:7\n:x:8:8:::\n  anna:x:9:9:::\nodd:x:-1:1:::\n";
        let names = parse(text, 6);
        let name = |id| names.get(&id).map(AsRef::as_ref);
        assert_eq!(name(0), Some("root"));
        assert_eq!(name(9), Some("anna"));
        assert_eq!(names.len(), 2);
    }
}
