//! Adding a repository: looked at, tested, and only then saved.

use std::fs;
use std::io;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use holdfast_engine::backend::{FileKind, FileName};
use holdfast_engine::repository::{CreateOptions, Repository};
use holdfast_engine::secret::Password;

use super::open_with;
use crate::api::{
    AutoUnlock, Location, ProbeState, RepositoryDraft, RepositoryProbe, RepositoryView,
};
use crate::engine_work::{self, Named};
use crate::error::AppError;
use crate::plan;
use crate::settings::{RepositoryEntry, default_lock_wait_minutes};
use crate::state::State;

impl State {
    /// What stands at a location, and what keeps the draft from being saved.
    pub(crate) fn probe_repository(&self, draft: &RepositoryDraft) -> RepositoryProbe {
        let mut probe = nothing_known();
        if let Err(error) = self.look_at(draft, &mut probe) {
            probe.problem = Some(error.problem());
        }
        probe
    }

    fn look_at(
        &self,
        draft: &RepositoryDraft,
        probe: &mut RepositoryProbe,
    ) -> Result<(), AppError> {
        let path = draft_path(draft)?;
        probe.state = standing_at(path)?;
        if let Ok(volume) = self.ports.volumes.of(path) {
            probe.free_space = Some(volume.free_bytes);
            probe.writable = Some(!volume.read_only && can_be_written(path));
        }
        let name = shown_name(draft);
        match probe.state {
            ProbeState::Repository => self.look_inside(draft, path, probe)?,
            ProbeState::Occupied if draft.create => {
                return Err(AppError::LocationOccupied { location: path.display().to_string() });
            }
            _ if draft.create => {}
            _ => return Err(AppError::NoRepository { location: path.display().to_string() }),
        }
        if probe.writable == Some(false) {
            return Err(AppError::DestinationReadOnly { name, location: path.to_owned() });
        }
        Ok(())
    }

    fn look_inside(
        &self,
        draft: &RepositoryDraft,
        path: &Path,
        probe: &mut RepositoryProbe,
    ) -> Result<(), AppError> {
        let password = &draft.password.0;
        if !password.is_empty() {
            let opened = open_with(engine_work::storage(path), password, &draft_named(draft, path));
            probe.opens = match &opened {
                Ok(_) => Some(true),
                Err(AppError::WrongPassword { .. }) => Some(false),
                Err(_) => None,
            };
            let repository = opened?;
            probe.format_version = Some(repository.config().version);
            let snapshots = repository.list(FileKind::Snapshot);
            probe.snapshot_count = snapshots.ok().map(|snapshots| snapshots.len() as u64);
            self.check_unknown(&repository)?;
        }
        if draft.create {
            return Err(AppError::RepositoryExists { location: path.display().to_string() });
        }
        Ok(())
    }

    fn check_unknown(&self, repository: &Repository) -> Result<(), AppError> {
        let id = repository.config().id.to_string();
        let known = self.file().repositories;
        match known.into_iter().find(|entry| entry.config_id.as_ref() == Some(&id)) {
            Some(entry) => Err(AppError::RepositoryKnown { name: entry.name }),
            None => Ok(()),
        }
    }

    /// Creates or adopts a repository. What fails on the way leaves no entry.
    pub(crate) fn add_repository(
        &self,
        draft: &RepositoryDraft,
    ) -> Result<RepositoryView, AppError> {
        let password = &draft.password.0;
        if password.is_empty() {
            return Err(AppError::PasswordEmpty);
        }
        let known = self.file().repositories;
        plan::check_name(&draft.name, known.iter().map(|entry| entry.name.as_str()))?;
        let path = draft_path(draft)?;
        self.look_at(draft, &mut nothing_known())?;
        let named = draft_named(draft, path);
        let repository = if draft.create {
            self.create(path, password, &named)?
        } else {
            open_with(engine_work::storage(path), password, &named)?
        };
        let entry = self.new_entry(draft, path, &repository)?;
        let config = repository.backend().read(FileName::CONFIG);
        let config = config.map_err(|error| named.storage(error))?;
        self.edit(|file| {
            file.repositories.push(entry.clone());
            Ok(())
        })?;
        self.keep_opened(&entry, repository, config)?;
        self.take_password(&entry, password.clone(), draft.remember)?;
        self.look(&entry.id);
        self.repository_view(&entry.id)
    }

    fn create(
        &self,
        path: &Path,
        password: &Password,
        named: &Named,
    ) -> Result<Arc<Repository>, AppError> {
        let created = Repository::create(
            engine_work::storage(path),
            password,
            &CreateOptions::default(),
            &self.surroundings.identity,
            self.ports.clock.as_ref(),
            &self.zone(),
        );
        created.map(Arc::new).map_err(|error| named.create(error))
    }

    fn new_entry(
        &self,
        draft: &RepositoryDraft,
        path: &Path,
        repository: &Repository,
    ) -> Result<RepositoryEntry, AppError> {
        let mut random = [0u8; 2];
        getrandom::fill(&mut random)
            .map_err(|error| AppError::unexpected("there are no random numbers", error))?;
        Ok(RepositoryEntry {
            id: plan::slug(&draft.name, random).as_str().into(),
            name: draft.name.trim().to_owned(),
            location: draft.location.clone(),
            config_id: Some(repository.config().id.to_string()),
            format_version: Some(repository.config().version),
            mounted_at: self.ports.volumes.of(path).ok().map(|volume| volume.mounted_at),
            password_in_keychain: false,
            auto_unlock: AutoUnlock::default(),
            lock_wait_minutes: default_lock_wait_minutes(),
            limits: Default::default(),
        })
    }
}

fn nothing_known() -> RepositoryProbe {
    RepositoryProbe {
        state: ProbeState::Unreachable,
        format_version: None,
        opens: None,
        free_space: None,
        writable: None,
        snapshot_count: None,
        problem: None,
    }
}

fn draft_path(draft: &RepositoryDraft) -> Result<&Path, AppError> {
    let Location::Local { path: text } = &draft.location;
    let path = Path::new(text);
    if path.is_absolute() && (path.file_name().is_some() || is_drive(path)) {
        Ok(path)
    } else {
        Err(AppError::LocationInvalid { location: text.clone() })
    }
}

/// True for the root of a drive that has a letter or a name of its own, as on Windows. The one root
/// of other systems is no place for a repository.
fn is_drive(path: &Path) -> bool {
    matches!(path.components().next(), Some(Component::Prefix(_)))
}

fn shown_name(draft: &RepositoryDraft) -> String {
    let name = draft.name.trim();
    if name.is_empty() { "The backup location".to_owned() } else { name.to_owned() }
}

fn draft_named(draft: &RepositoryDraft, path: &Path) -> Named {
    Named { name: shown_name(draft), location: path.display().to_string() }
}

fn standing_at(path: &Path) -> Result<ProbeState, AppError> {
    let location = || path.display().to_string();
    let mut entries = match fs::read_dir(path) {
        Ok(entries) => entries,
        Err(error) => {
            let source = Box::new(error);
            return match source.kind() {
                io::ErrorKind::NotFound => Ok(ProbeState::Absent),
                io::ErrorKind::NotADirectory => {
                    Err(AppError::LocationInvalid { location: location() })
                }
                io::ErrorKind::PermissionDenied => {
                    Err(AppError::StorageDenied { location: location(), source })
                }
                _ => Err(AppError::StorageOffline { location: location(), source }),
            };
        }
    };
    if path.join("config").is_file() {
        return Ok(ProbeState::Repository);
    }
    // What operating systems put into every folder or drive does not make it occupied.
    let is_noise = |name: &str| {
        [".DS_Store", "lost+found", "System Volume Information", "desktop.ini"].contains(&name)
            || name.eq_ignore_ascii_case("$RECYCLE.BIN")
            || name.starts_with(".Trash")
            || name.starts_with(".fseventsd")
            || name.starts_with(".Spotlight")
    };
    let occupied = entries
        .any(|entry| entry.is_ok_and(|entry| !is_noise(&entry.file_name().to_string_lossy())));
    Ok(if occupied { ProbeState::Occupied } else { ProbeState::Empty })
}

/// Tries it: permissions alone do not tell.
fn can_be_written(path: &Path) -> bool {
    let existing = path.ancestors().find(|folder| folder.is_dir()).map(PathBuf::from);
    existing.is_some_and(|folder| {
        tempfile::Builder::new().prefix(".holdfast-test-").tempfile_in(folder).is_ok()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::Secret;

    fn place_of(path: &str) -> Option<PathBuf> {
        let draft = RepositoryDraft {
            name: "Blue".to_owned(),
            location: Location::Local { path: path.to_owned() },
            password: Secret(Password::new("")),
            create: true,
            remember: false,
        };
        draft_path(&draft).ok().map(Path::to_owned)
    }

    #[test]
    fn a_place_is_a_full_path_and_not_the_root_of_the_system() {
        assert_eq!(place_of("Blue"), None);
        assert_eq!(place_of("/"), None);
        let full = if cfg!(windows) { "E:\\Blue" } else { "/media/blue" };
        assert_eq!(place_of(full), Some(full.into()));
    }

    #[cfg(windows)]
    #[test]
    fn the_root_of_a_drive_is_a_place() {
        assert_eq!(place_of("E:\\"), Some("E:\\".into()));
        assert_eq!(place_of("E:"), None);
    }

    #[test]
    fn what_windows_puts_on_every_drive_does_not_make_it_occupied() {
        let drive = tempfile::tempdir().expect("a folder");
        for name in ["$RECYCLE.BIN", "System Volume Information"] {
            fs::create_dir(drive.path().join(name)).expect("a folder");
        }
        assert!(matches!(standing_at(drive.path()), Ok(ProbeState::Empty)));
    }
}
