//! The person's own folders, and how much they hold.

use std::path::Path;

use holdfast_engine::backup::exclude::Rules;
use holdfast_engine::backup::source::{Directory, Reader, SourceOptions, name_bytes};
use holdfast_engine::monitor::Cancellation;
use holdfast_engine::tree::NodeKind;
use jiff::tz::TimeZone;

use crate::api::{FolderKind, FolderSize, FolderSuggestion};
use crate::error::AppError;
use crate::state::State;

/// More entries than this are not counted: somebody waits for the figure.
const ENTRIES_MAX: u64 = 300_000;

impl State {
    /// The folders that a first plan may hold; those people would miss most are ticked.
    pub(crate) fn suggest_sources(&self) -> Vec<FolderSuggestion> {
        use FolderKind::{Desktop, Documents, Music, Pictures, Videos};
        let folders = self.surroundings.personal_folders.iter();
        folders
            .filter(|(_, path)| path.is_dir())
            .map(|(kind, path)| FolderSuggestion {
                path: path.display().to_string(),
                kind: *kind,
                selected: matches!(kind, Documents | Pictures | Desktop | Music | Videos),
            })
            .collect()
    }

    /// How much a folder holds. Links are not followed; what cannot be read is left out.
    pub(crate) fn measure_folder(&self, path: &str) -> Result<FolderSize, AppError> {
        measure(Path::new(path), &Rules::default(), &self.zone(), &Cancellation::default())
    }
}

/// How much a folder holds, without what is excluded by name.
pub(crate) fn measure(
    path: &Path,
    rules: &Rules,
    zone: &TimeZone,
    cancel: &Cancellation,
) -> Result<FolderSize, AppError> {
    let text = path.display().to_string();
    let root = Directory::open(path).map_err(|_| AppError::FolderUnknown { path: text.clone() })?;
    let reader = Reader::new(SourceOptions::new(zone.clone()));
    let mut size = FolderSize { path: text, files: 0, bytes: 0, complete: true };
    let (mut waiting, mut entries) = (vec![root], 0);
    while let Some(folder) = waiting.pop() {
        let Ok(names) = folder.names() else {
            size.complete = false;
            continue;
        };
        entries += names.len() as u64;
        if entries > ENTRIES_MAX || cancel.is_cancelled() {
            size.complete = false;
            break;
        }
        for name in names {
            if rules.excludes_path(name_bytes(folder.path().join(&name).as_os_str())) {
                continue;
            }
            match folder.node(&reader, &name) {
                Ok(node) if node.kind == NodeKind::File => {
                    size.files += 1;
                    size.bytes += node.size;
                }
                Ok(node) if node.kind == NodeKind::Folder => match folder.open_child(&name) {
                    Ok(child) => waiting.push(child),
                    Err(_) => size.complete = false,
                },
                Ok(_) => {}
                Err(_) => size.complete = false,
            }
        }
    }
    Ok(size)
}
