//! Which entries of a snapshot are listed.

use crate::exit::Failure;

/// Folders to list; everything if there are none.
#[derive(Debug)]
pub(super) struct FolderFilter {
    folders: Vec<Vec<u8>>,
    recursive: bool,
}

impl FolderFilter {
    /// Lists these folders, and with `recursive` what is in folders in them.
    pub(super) fn new(folders: &[String], recursive: bool) -> Result<Self, Failure> {
        if folders.iter().any(|folder| !folder.starts_with('/')) {
            return Err(Failure::fatal(
                "All path filters must be absolute, starting with a forward slash '/'",
            ));
        }
        let cleaned = |folder: &String| match folder.trim_end_matches('/') {
            "" => b"/".to_vec(),
            folder => folder.as_bytes().to_vec(),
        };
        Ok(Self { folders: folders.iter().map(cleaned).collect(), recursive })
    }

    /// The folders, for a person.
    pub(super) fn shown(&self) -> String {
        let folders: Vec<_> = self.folders.iter().map(|f| String::from_utf8_lossy(f)).collect();
        folders.join(" ")
    }

    /// True if the entry is listed.
    pub(super) fn shows(&self, path: &[u8]) -> bool {
        let parent = match path.iter().rposition(|byte| *byte == b'/') {
            Some(0) | None => b"/",
            Some(slash) => &path[..slash],
        };
        self.folders.is_empty()
            || self.folders.iter().any(|folder| {
                folder == path || folder == parent || self.recursive && is_below(path, folder)
            })
    }

    /// True if something in the folder may be listed.
    pub(super) fn enters(&self, path: &[u8]) -> bool {
        self.folders.is_empty()
            || self.folders.iter().any(|folder| {
                folder == path || is_below(folder, path) || self.recursive && is_below(path, folder)
            })
    }
}

fn is_below(path: &[u8], folder: &[u8]) -> bool {
    let folder = folder.strip_suffix(b"/").unwrap_or(folder);
    path.strip_prefix(folder).is_some_and(|rest| rest.first() == Some(&b'/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filter(folders: &[&str], recursive: bool) -> FolderFilter {
        let folders: Vec<String> = folders.iter().map(|folder| (*folder).to_owned()).collect();
        FolderFilter::new(&folders, recursive).expect("absolute")
    }

    #[test]
    fn a_folder_is_listed_with_what_is_directly_in_it() {
        let filter = filter(&["/src/d/"], false);
        let shown = |path: &str| filter.shows(path.as_bytes());
        assert!(shown("/src/d") && shown("/src/d/big") && shown("/src/d/sub"));
        assert!(!shown("/src") && !shown("/src/d/sub/x") && !shown("/src/dd"));
        assert!(filter.enters(b"/src") && filter.enters(b"/src/d"));
        assert!(!filter.enters(b"/src/d/sub") && !filter.enters(b"/other"));
    }

    #[test]
    fn recursively_everything_below_is_listed() {
        let filter = filter(&["/src/d"], true);
        assert!(filter.shows(b"/src/d/sub/x") && filter.enters(b"/src/d/sub"));
        assert!(!filter.shows(b"/src/a"));
    }

    #[test]
    fn the_root_lists_the_topmost_entries() {
        let filter = filter(&["/"], false);
        assert!(filter.shows(b"/src") && !filter.shows(b"/src/a") && !filter.enters(b"/src"));
    }

    #[test]
    fn relative_folders_are_refused() {
        assert!(FolderFilter::new(&["d".to_owned()], false).is_err());
    }
}
