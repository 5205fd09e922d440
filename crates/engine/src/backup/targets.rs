//! From the paths that a person names to the top of the snapshot's tree.
//!
//! An absolute path appears below all the folders that lead to it. A relative one appears under its
//! own name. A path of dots only stands for what is in that folder. Two relative paths of one name
//! are told apart by a number, as restic does it.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::path::{Component, Path, PathBuf};

/// The top of a snapshot's tree: down to the targets, and not further.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Top {
    /// What is in it, by name.
    pub(super) children: BTreeMap<OsString, Child>,
}

/// An entry of the top.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Child {
    /// A target: it is stored with all that is in it, whatever the rules say.
    Target(PathBuf),
    /// An entry of a folder that was named by dots only: rules apply to it as to any entry.
    Entry(PathBuf),
    /// A folder on the way to targets.
    Way {
        /// Where its metadata is read.
        path: PathBuf,
        /// What is on the way below it.
        top: Top,
    },
}

/// What reads the names in a folder, for targets of dots only.
pub(super) type Names<'a> = &'a dyn Fn(&Path) -> std::io::Result<Vec<OsString>>;

impl Top {
    /// The top for these targets, of which relative ones lie in `working_folder`; and the targets
    /// whose names could not be read.
    pub(super) fn new(
        targets: &[PathBuf],
        working_folder: &Path,
        names: Names<'_>,
    ) -> (Self, Vec<(PathBuf, std::io::Error)>) {
        let mut top = Self::default();
        let mut unread = Vec::new();
        for target in targets {
            let cleaned = clean(target);
            let path = clean(&working_folder.join(&cleaned));
            if is_dots(&cleaned) {
                match names(&path) {
                    Ok(names) => {
                        for name in names {
                            let path = path.join(&name);
                            top.add(&[(name, path.clone())], Child::Entry(path));
                        }
                    }
                    Err(error) => unread.push((path, error)),
                }
            } else {
                let mut way = way_to(&cleaned);
                way.iter_mut().for_each(|(_, at)| *at = clean(&working_folder.join(&at)));
                top.add(&way, Child::Target(path));
            }
        }
        (top, unread)
    }

    fn add(&mut self, way: &[(OsString, PathBuf)], target: Child) {
        let Some(((name, path), below)) = way.split_first() else { return };
        let name = self.free_name(name, path);
        if below.is_empty() {
            // Everything below it that was named before is part of it. What was named itself stays
            // so.
            let is_named = matches!(self.children.get(&name), Some(Child::Target(_)));
            if !is_named {
                self.children.insert(name, target);
            }
            return;
        }
        let child = self
            .children
            .entry(name)
            .or_insert_with(|| Child::Way { path: path.clone(), top: Self::default() });
        match child {
            Child::Way { top, .. } => top.add(below, target),
            // A target that was named before holds it already.
            Child::Target(_) => {}
            // It may be excluded where it was found, but not what was named of it.
            Child::Entry(_) => {
                let mut top = Self::default();
                top.add(below, target);
                *child = Child::Way { path: path.clone(), top };
            }
        }
    }

    /// `name`, with a number if something else of that name is there.
    fn free_name(&self, name: &OsStr, path: &Path) -> OsString {
        let is_taken = |name: &OsString| match self.children.get(name) {
            None => false,
            Some(Child::Target(other) | Child::Entry(other) | Child::Way { path: other, .. }) => {
                other != path
            }
        };
        let mut free = name.to_owned();
        let mut number = 0;
        while is_taken(&free) {
            number += 1;
            free = name.to_owned();
            free.push(format!("-{number}"));
        }
        free
    }
}

/// The names from the snapshot's root to the target, each with the path of its folder.
fn way_to(target: &Path) -> Vec<(OsString, PathBuf)> {
    let mut way = Vec::new();
    let mut path = PathBuf::new();
    for component in target.components() {
        path.push(component);
        match component {
            Component::Normal(name) => way.push((name.to_owned(), path.clone())),
            // `C:\x` is stored as `/C/x`.
            Component::Prefix(prefix) => {
                let text = prefix.as_os_str().to_string_lossy();
                let name: String = text.chars().filter(|c| !r"\/:?".contains(*c)).collect();
                way.push((name.into(), PathBuf::from(format!(r"{text}\"))));
            }
            // Names outside the working folder appear without the dots that lead to them.
            Component::RootDir | Component::CurDir | Component::ParentDir => {}
        }
    }
    way
}

fn is_dots(path: &Path) -> bool {
    path.components().all(|c| !matches!(c, Component::Normal(_)))
}

/// The path without `.`, doubled separators and names that a following `..` takes back.
pub(super) fn clean(path: &Path) -> PathBuf {
    let mut cleaned = PathBuf::new();
    for component in path.components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir => match cleaned.components().next_back() {
                Some(Component::Normal(_)) => {
                    cleaned.pop();
                }
                Some(Component::RootDir) => {}
                _ => cleaned.push(".."),
            },
            other => cleaned.push(other),
        }
    }
    if cleaned.as_os_str().is_empty() { PathBuf::from(".") } else { cleaned }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(unix)]
    fn leaves(top: &Top, above: &str, out: &mut Vec<String>) {
        for (name, child) in &top.children {
            let path = format!("{above}/{}", name.to_string_lossy());
            match child {
                Child::Target(target) => out.push(format!("{path} = {}", target.display())),
                Child::Entry(entry) => out.push(format!("{path} in {}", entry.display())),
                Child::Way { top, .. } => leaves(top, &path, out),
            }
        }
    }

    #[cfg(unix)]
    fn check(targets: &[&str], expected: &[&str]) {
        let targets: Vec<PathBuf> = targets.iter().map(PathBuf::from).collect();
        let names = |_: &Path| Ok(vec!["a".into(), "b".into()]);
        let (top, unread) = Top::new(&targets, Path::new("/home/anna"), &names);
        assert!(unread.is_empty());
        let mut found = Vec::new();
        leaves(&top, "", &mut found);
        assert_eq!(found, expected);
    }

    #[test]
    #[cfg(unix)]
    fn targets_appear_where_restic_puts_them() {
        check(&["/usr/lib"], &["/usr/lib = /usr/lib"]);
        check(&["/usr//./lib/", "/etc"], &["/etc = /etc", "/usr/lib = /usr/lib"]);
        check(&["src"], &["/src = /home/anna/src"]);
        check(&["./src/../lib"], &["/lib = /home/anna/lib"]);
        check(&["x/src"], &["/x/src = /home/anna/x/src"]);
        check(&["../src"], &["/src = /home/src"]);
        check(&["."], &["/a in /home/anna/a", "/b in /home/anna/b"]);
        check(&[".."], &["/a in /home/a", "/b in /home/b"]);
        check(&[".", "a"], &["/a = /home/anna/a", "/b in /home/anna/b"]);
        check(&["a", "."], &["/a = /home/anna/a", "/b in /home/anna/b"]);
        check(&["../src", "src"], &["/src = /home/src", "/src-1 = /home/anna/src"]);
        check(&["/home", "/home/user"], &["/home = /home"]);
        check(&["/home/user", "/home"], &["/home = /home"]);
    }

    #[test]
    fn paths_are_cleaned_without_asking_the_file_system() {
        for (path, cleaned) in [("a/./b", "a/b"), ("a/../b", "b"), ("..", ".."), ("a/..", ".")] {
            assert_eq!(clean(Path::new(path)), Path::new(cleaned));
        }
        assert_eq!(clean(Path::new("/../a")), Path::new("/a"));
    }
}
