//! Where the app keeps its own files, and where people keep theirs.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// The folders of the app. None of them is made here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Folders {
    /// Settings: small, readable, worth a backup.
    pub config: PathBuf,
    /// Operation log and journals: must outlive a restart, means nothing on another computer.
    pub state: PathBuf,
    /// Safe to delete.
    pub cache: PathBuf,
}

/// There is neither a home folder nor variables that stand in for one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no home folder is known; set HOLDFAST_CONFIG_DIR, HOLDFAST_STATE_DIR, HOLDFAST_CACHE_DIR")]
pub struct NoHomeFolder;

impl Folders {
    /// The folders of this user: the standard ones of the operating system, each replaced by
    /// `HOLDFAST_CONFIG_DIR`, `HOLDFAST_STATE_DIR` or `HOLDFAST_CACHE_DIR` where that is set.
    pub fn of_this_user() -> Result<Self, NoHomeFolder> {
        Self::with(&|name| std::env::var_os(name))
    }

    fn with(variable: &dyn Fn(&str) -> Option<OsString>) -> Result<Self, NoHomeFolder> {
        let folder = |name: &str, standard: Option<PathBuf>| {
            let chosen = variable(name).filter(|value| !value.is_empty()).map(PathBuf::from);
            chosen.or(standard).ok_or(NoHomeFolder)
        };
        Ok(Self {
            config: folder("HOLDFAST_CONFIG_DIR", standard::config())?,
            state: folder("HOLDFAST_STATE_DIR", standard::state())?,
            cache: folder("HOLDFAST_CACHE_DIR", standard::cache())?,
        })
    }
}

mod standard {
    use std::path::PathBuf;

    #[cfg(not(any(windows, target_os = "macos")))]
    const NAME: &str = "holdfast";
    #[cfg(any(windows, target_os = "macos"))]
    const NAME: &str = "Holdfast";

    pub(super) fn config() -> Option<PathBuf> {
        Some(dirs::config_dir()?.join(NAME))
    }

    /// Only Linux has a standard folder for state; elsewhere it stands beside other local data.
    pub(super) fn state() -> Option<PathBuf> {
        match dirs::state_dir() {
            Some(folder) => Some(folder.join(NAME)),
            None => Some(dirs::data_local_dir()?.join(NAME).join("State")),
        }
    }

    pub(super) fn cache() -> Option<PathBuf> {
        let folder = dirs::cache_dir()?.join(NAME);
        // Windows has one folder for local data and caches alike.
        Some(if cfg!(windows) { folder.join("Cache") } else { folder })
    }
}

/// A folder in which people keep their files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PersonalFolder {
    /// What it is for.
    pub kind: PersonalFolderKind,
    /// Where it is.
    pub path: PathBuf,
}

/// What a [`PersonalFolder`] is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum PersonalFolderKind {
    /// Documents.
    Documents,
    /// Pictures.
    Pictures,
    /// The desktop.
    Desktop,
    /// Music.
    Music,
    /// Videos.
    Videos,
    /// Downloads.
    Downloads,
    /// The home folder, which may hold all the others.
    Home,
}

/// The folders that this user keeps files in and that exist.
///
/// Where the desktop names none, as after an installation without one, they are looked for under
/// their usual names.
#[must_use]
pub fn personal_folders() -> Vec<PersonalFolder> {
    use PersonalFolderKind::{Desktop, Documents, Downloads, Music, Pictures, Videos};
    let named = [
        (Documents, dirs::document_dir(), "Documents"),
        (Pictures, dirs::picture_dir(), "Pictures"),
        (Desktop, dirs::desktop_dir(), "Desktop"),
        (Music, dirs::audio_dir(), "Music"),
        (Videos, dirs::video_dir(), "Videos"),
        (Downloads, dirs::download_dir(), "Downloads"),
    ];
    existing(named, dirs::home_dir().as_deref())
}

/// What a folder is for, what the desktop calls it, and its usual name in the home folder.
type Named = (PersonalFolderKind, Option<PathBuf>, &'static str);

fn existing(named: impl IntoIterator<Item = Named>, home: Option<&Path>) -> Vec<PersonalFolder> {
    let usual = |name: &str| home.map(|home| home.join(name));
    named
        .into_iter()
        .map(|(kind, path, name)| (kind, path.or_else(|| usual(name))))
        // A desktop that is told to do without a folder names the home folder instead.
        .filter(|(_, path)| path.as_deref() != home)
        .chain([(PersonalFolderKind::Home, home.map(Path::to_owned))])
        .filter_map(|(kind, path)| Some(PersonalFolder { kind, path: path? }))
        .filter(|folder| folder.path.is_dir())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_replace_the_standard_folders_one_by_one() {
        let folders = Folders::with(&|name| match name {
            "HOLDFAST_STATE_DIR" => Some("/srv/state".into()),
            "HOLDFAST_CACHE_DIR" => Some(OsString::new()),
            _ => None,
        });
        let folders = folders.expect("a home folder");
        assert_eq!(folders.state, PathBuf::from("/srv/state"));
        assert_eq!(Some(folders.config), standard::config());
        assert_eq!(Some(folders.cache), standard::cache());
    }

    #[test]
    fn without_names_from_the_desktop_the_usual_folders_that_exist_are_found() {
        use PersonalFolderKind::{Documents, Home, Music, Pictures};
        let home = std::env::temp_dir().join(format!("holdfast-home-{}", std::process::id()));
        for name in ["Documents", "Pictures", "Bilder"] {
            std::fs::create_dir_all(home.join(name)).expect("a folder");
        }
        let named = [
            (Documents, None, "Documents"),
            (Pictures, Some(home.join("Bilder")), "Pictures"),
            (Music, None, "Music"),
        ];
        let found = existing(named, Some(&home));
        let found: Vec<_> = found.into_iter().map(|one| (one.kind, one.path)).collect();
        let expected = [
            (Documents, home.join("Documents")),
            (Pictures, home.join("Bilder")),
            (Home, home.clone()),
        ];
        std::fs::remove_dir_all(&home).expect("it is removed");
        assert_eq!(found, expected);
    }

    #[test]
    fn a_folder_that_the_desktop_does_without_is_not_the_home_folder() {
        let home = std::env::temp_dir();
        let named = [(PersonalFolderKind::Music, Some(home.clone()), "Music")];
        let found = existing(named, Some(&home));
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].kind, PersonalFolderKind::Home);
    }
}
