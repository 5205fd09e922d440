//! Where a repository is, as restic writes it.
//!
//! A path, or `local:` and a path. What looks like another kind of storage is refused by name,
//! never taken for a folder.

use std::ffi::{OsStr, OsString};
use std::path::PathBuf;

use crate::exit::Failure;

/// The schemes of restic that this version does not know yet.
const LATER: [&str; 9] = ["sftp", "rest", "s3", "b2", "azure", "gs", "swift", "rclone", "webdav"];

/// The location of a repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Location {
    /// A folder.
    Local(PathBuf),
}

impl Location {
    /// Reads a location as given to `--repo`.
    pub(crate) fn parse(text: &OsStr) -> Result<Self, Failure> {
        let shown = text.to_string_lossy();
        if let Some(path) = strip_prefix(text, "local:") {
            return Ok(Self::Local(path.into()));
        }
        let Some((scheme, _)) = shown.split_once(':') else {
            return Ok(Self::Local(text.into()));
        };
        // `C:\backup` is a path, and so is every name with a separator before its colon.
        if scheme.len() == 1 || scheme.contains(['/', '\\']) || scheme.is_empty() {
            return Ok(Self::Local(text.into()));
        }
        if LATER.contains(&scheme) {
            return Err(Failure::fatal(format!(
                "storage of type {scheme:?} is not supported by this version of holdfast"
            ))
            .meaning("Nothing was read or written.")
            .advice("Use a repository in a local folder or on a mounted drive."));
        }
        Err(Failure::fatal("parsing repository location failed: invalid backend")
            .advice("If the repository is in a local directory, you need to add a `local:` prefix"))
    }
}

fn strip_prefix(text: &OsStr, prefix: &str) -> Option<OsString> {
    let rest = text.as_encoded_bytes().strip_prefix(prefix.as_bytes())?;
    // Splitting after an ASCII prefix keeps the rest whole on every platform; going through
    // `to_str` would lose paths that are not Unicode, which only unix can have here.
    #[cfg(unix)]
    {
        use std::os::unix::ffi::OsStrExt;
        Some(OsStr::from_bytes(rest).to_owned())
    }
    #[cfg(not(unix))]
    Some(OsString::from(String::from_utf8_lossy(rest).into_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_a_folder() {
        let paths = ["/srv/backup", "backup", "./a:b", "C:\\backup", "D:/x", "/a/sftp:b", ":x"];
        for path in paths {
            let location = Location::parse(OsStr::new(path)).expect(path);
            assert_eq!(location, Location::Local(path.into()));
        }
    }

    #[test]
    fn a_local_prefix_is_taken_off() {
        let location = Location::parse(OsStr::new("local:sftp:x")).expect("a local path");
        assert_eq!(location, Location::Local("sftp:x".into()));
    }

    #[test]
    fn other_storages_are_refused_by_name() {
        for text in ["sftp:host:/x", "rest:http://h/", "s3:s3.amazonaws.com/b", "rclone:a:b"] {
            let message = Location::parse(OsStr::new(text)).expect_err(text).message();
            assert!(message.contains("is not supported by this version"), "{message}");
        }
        let message = Location::parse(OsStr::new("foo:/x")).expect_err("unknown").message();
        assert!(message.contains("invalid backend"), "{message}");
    }
}
