//! What would make a backup fail, found before it begins.
//!
//! Cheap: it lists the source folders themselves and asks for the room that is left. Each refusal
//! is an error that says what, why it matters and what to do.

use std::io;
use std::path::{Path, PathBuf};

use holdfast_engine::backup::exclude::Rules;
use holdfast_engine::backup::source::{Directory, name_bytes};
use holdfast_engine::monitor::Cancellation;
use jiff::tz::TimeZone;

use crate::api::{Bytes, Excludes};
use crate::error::AppError;
use crate::folders::measure;
use crate::operation::Operation;
use crate::plan::{self, Plan};
use crate::plans::lies_in;
use crate::ports::Volumes;
use crate::settings::RepositoryEntry;

/// With less room than this no backup is begun: an index and a pack need as much.
const ROOM_MIN: Bytes = 64 * 1024 * 1024;

/// Sources hardly ever shrink to less than this share of their size. A first backup that would need
/// even more room than that is not begun.
const FIRST_SHARE: (u64, u64) = (2, 5);

/// How many earlier backups the estimate looks at.
const BACKUPS_COUNTED: usize = 5;

/// The exclude rules of a plan, compiled.
pub(crate) fn rules(excludes: &Excludes) -> Result<Rules, AppError> {
    let mut builder = Rules::builder();
    let mut all = Vec::new();
    for pattern in plan::patterns(excludes) {
        builder.pattern(&pattern);
        all.push(pattern);
    }
    for marker in &excludes.if_present {
        builder.if_present(marker);
        all.push(marker.clone());
    }
    if excludes.caches {
        builder.caches();
    }
    if let Some(bytes) = excludes.larger_than {
        builder.larger_than(bytes);
    }
    if excludes.one_file_system {
        builder.one_file_system();
    }
    builder.build().map_err(|error| {
        let said = error.to_string();
        let rule = all.into_iter().find(|rule| said.contains(rule.as_str()));
        AppError::ExcludeInvalid { rule: rule.unwrap_or_default(), source: Box::new(error) }
    })
}

/// What is wrong with the sources of a plan.
pub(crate) fn of_sources(plan: &Plan, repository: &RepositoryEntry) -> Vec<AppError> {
    let mut errors = Vec::new();
    for source in &plan.sources {
        errors.extend(source_entries(source).err());
    }
    if let Some(folder) = repository_inside(plan, repository) {
        let repository = repository.path().to_owned();
        errors.push(AppError::RepositoryInsideSource { folder, repository });
    }
    errors
}

/// The source in which the repository lies, unless the plan excludes it.
pub(crate) fn repository_inside(plan: &Plan, repository: &RepositoryEntry) -> Option<PathBuf> {
    let is_around = |source: &&PathBuf| {
        lies_in(repository.path(), source) && !is_excluded(plan, source, repository.path())
    };
    plan.sources.iter().find(is_around).cloned()
}

/// Sources that are folders with nothing in them.
pub(crate) fn empty_sources(plan: &Plan) -> impl Iterator<Item = &Path> {
    let is_empty = |path: &&Path| source_entries(path).is_ok_and(|count| count == Some(0));
    plan.sources.iter().map(std::path::PathBuf::as_path).filter(is_empty)
}

/// What is wrong with the destination, given how much is about to be stored.
pub(crate) fn of_destination(
    repository: &RepositoryEntry,
    volumes: &dyn Volumes,
    estimate: Option<Bytes>,
) -> Option<AppError> {
    let name = repository.name.clone();
    let volume = volumes.of(repository.path()).ok()?;
    if volume.read_only {
        let location = repository.path().to_owned();
        return Some(AppError::DestinationReadOnly { name, location });
    }
    let needed = estimate.unwrap_or(0).max(ROOM_MIN);
    (volume.free_bytes < needed).then(|| AppError::DestinationFull {
        name,
        free: Some(volume.free_bytes),
        needed: Some(needed),
    })
}

/// How much the next backup of a plan is going to store: what the largest of the last ones that
/// had an earlier one to build on did, and half as much again. `None` before the second backup.
pub(crate) fn estimate(backups: &[Operation]) -> Option<Bytes> {
    let good: Vec<&Operation> = backups.iter().filter(|backup| backup.is_good_backup()).collect();
    let later = good.iter().skip(1).rev().take(BACKUPS_COUNTED);
    let stored = later.filter_map(|backup| Some(backup.summary.as_ref()?.stored_bytes)).max()?;
    Some(stored.saturating_add(stored / 2))
}

/// How much the first backup of a plan is going to store at the least.
pub(crate) fn first_estimate(plan: &Plan, zone: &TimeZone, cancel: &Cancellation) -> Bytes {
    let Ok(rules) = rules(&plan.excludes) else { return 0 };
    let sizes = plan.sources.iter().filter_map(|source| measure(source, &rules, zone, cancel).ok());
    let whole: Bytes = sizes.map(|size| size.bytes).sum();
    whole / FIRST_SHARE.1 * FIRST_SHARE.0
}

/// How many entries a source has; `None` if it is no folder.
pub(crate) fn source_entries(path: &Path) -> Result<Option<usize>, AppError> {
    let unreadable = |error: io::Error| match error.kind() {
        io::ErrorKind::NotFound => AppError::SourceMissing { path: path.to_owned() },
        _ => AppError::SourceUnreadable { path: path.to_owned(), source: Box::new(error) },
    };
    match Directory::open(path).and_then(|folder| folder.names()) {
        Ok(names) => Ok(Some(names.len())),
        Err(error) if error.kind() == io::ErrorKind::NotADirectory => Ok(None),
        Err(error) => Err(unreadable(error)),
    }
}

/// True if the rules of the plan keep the repository, or a folder above it, out of the source.
fn is_excluded(plan: &Plan, source: &Path, repository: &Path) -> bool {
    let Ok(rules) = rules(&plan.excludes) else { return false };
    repository
        .ancestors()
        .take_while(|folder| *folder != source && folder.starts_with(source))
        .any(|folder| rules.excludes_path(name_bytes(folder.as_os_str())))
}
