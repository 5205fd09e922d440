//! What the app is given at its start.

use std::sync::Arc;

use holdfast_app::api::FolderKind;
use holdfast_app::ports::{Ports, Surroundings};
use holdfast_machine::{Folders, NoHomeFolder, PersonalFolderKind, SystemClock, SystemProbe};

use crate::{DesktopNotifier, DesktopVolumes, LoginItem, SystemKeychain};

/// The services of this computer and of the person who is logged in.
#[must_use]
pub fn ports(login_item: LoginItem) -> Ports {
    Ports {
        clock: Arc::new(SystemClock),
        secrets: Arc::new(SystemKeychain::default()),
        notifier: Arc::new(DesktopNotifier::default()),
        autostart: Arc::new(login_item),
        volumes: Arc::new(DesktopVolumes),
        probe: Arc::new(SystemProbe),
    }
}

/// What this computer, this person and this process are. `program` is the program's name with its
/// version, as snapshots and locks have it.
pub fn surroundings(program: &str) -> Result<Surroundings, NoHomeFolder> {
    let folders = Folders::of_this_user()?;
    Ok(Surroundings {
        identity: holdfast_machine::identity(program),
        zone: Arc::new(holdfast_machine::local_zone),
        config_folder: folders.config,
        state_folder: folders.state,
        step_aside: Arc::new(holdfast_machine::step_aside),
        personal_folders: holdfast_machine::personal_folders()
            .into_iter()
            .map(|folder| (kind_of(folder.kind), folder.path))
            .collect(),
    })
}

fn kind_of(kind: PersonalFolderKind) -> FolderKind {
    match kind {
        PersonalFolderKind::Documents => FolderKind::Documents,
        PersonalFolderKind::Pictures => FolderKind::Pictures,
        PersonalFolderKind::Desktop => FolderKind::Desktop,
        PersonalFolderKind::Music => FolderKind::Music,
        PersonalFolderKind::Videos => FolderKind::Videos,
        PersonalFolderKind::Downloads => FolderKind::Downloads,
        PersonalFolderKind::Home => FolderKind::Home,
        _ => FolderKind::Other,
    }
}
