//! What of a snapshot is restored.

use crate::backup::exclude::PatternList;

/// What of a snapshot is restored. Paths begin with `/`, which is the snapshot's root.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub enum Selection {
    /// Everything.
    #[default]
    All,
    /// These entries with all that is in them.
    Paths(Vec<Vec<u8>>),
    /// What matches any of these lists, with all that is in it.
    Include(Vec<PatternList>),
    /// Everything but what matches any of these lists.
    Exclude(Vec<PatternList>),
}

/// Which extended attributes are restored. The others stay as they are at the target.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub enum AttributeSelection {
    /// All of them.
    #[default]
    All,
    /// Those whose names match.
    Include(PatternList),
    /// Those whose names do not match.
    Exclude(PatternList),
}

impl AttributeSelection {
    /// True if the attribute of this name is restored.
    pub(super) fn selects(&self, name: &[u8]) -> bool {
        match self {
            Self::All => true,
            Self::Include(patterns) => patterns.matches(name),
            Self::Exclude(patterns) => !patterns.matches(name),
        }
    }
}

/// What a selection says of one entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Selected {
    /// The entry itself is restored.
    pub itself: bool,
    /// It is a folder and something in it may be.
    pub inside: bool,
}

impl Selection {
    pub(super) fn of(&self, path: &[u8], is_folder: bool) -> Selected {
        let (itself, inside) = match self {
            Self::All => (true, true),
            Self::Paths(paths) => {
                let is_within = paths.iter().any(|wanted| is_at_or_below(path, wanted));
                (is_within, is_within || paths.iter().any(|wanted| is_at_or_below(wanted, path)))
            }
            Self::Include(lists) => {
                let found: Vec<_> =
                    lists.iter().map(|list| list.match_with_children(path)).collect();
                (found.iter().any(|it| it.matched), found.iter().any(|it| it.children_may_match))
            }
            Self::Exclude(lists) => {
                let is_kept = !lists.iter().any(|list| list.matches(path));
                (is_kept, is_kept)
            }
        };
        Selected { itself, inside: inside && is_folder }
    }

    /// True if entries may be left out.
    pub(super) fn is_partial(&self) -> bool {
        !matches!(self, Self::All)
    }
}

/// True if `path` is `folder` or lies in it.
fn is_at_or_below(path: &[u8], folder: &[u8]) -> bool {
    let folder = folder.strip_suffix(b"/").unwrap_or(folder);
    path.strip_prefix(folder).is_some_and(|rest| rest.is_empty() || rest[0] == b'/')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(selection: &Selection, path: &str, itself: bool, inside: bool) {
        assert_eq!(selection.of(path.as_bytes(), true), Selected { itself, inside }, "{path}");
    }

    #[test]
    fn paths_select_themselves_what_is_in_them_and_the_way_there() {
        let selection = Selection::Paths(vec![b"/home/anna/doc".to_vec(), b"/etc/".to_vec()]);
        check(&selection, "/home", false, true);
        check(&selection, "/home/anna/doc", true, true);
        check(&selection, "/home/anna/doc/x", true, true);
        check(&selection, "/home/anna/document", false, false);
        check(&selection, "/etc/passwd", true, true);
        check(&selection, "/", false, true);
    }

    #[test]
    fn what_is_excluded_is_not_entered() {
        let list = PatternList::compile(["*.tmp", "cache"], false).expect("patterns");
        let selection = Selection::Exclude(vec![list]);
        check(&selection, "/a/cache", false, false);
        check(&selection, "/a/b", true, true);
    }
}
