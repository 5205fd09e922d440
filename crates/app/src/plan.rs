//! Plans: what to back up, where to and when.

use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::api::{ExcludePreset, Excludes, PlanDraft, PlanId, RepositoryId, Timing};
use crate::error::AppError;
use crate::schedule;

/// A plan, as the settings file keeps it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Plan {
    pub(crate) id: PlanId,
    pub(crate) name: String,
    pub(crate) repository: RepositoryId,
    pub(crate) sources: Vec<PathBuf>,
    #[serde(default)]
    pub(crate) excludes: Excludes,
    pub(crate) timing: Timing,
    pub(crate) made_at: Timestamp,
    /// When the timing or the repository was last changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) changed_at: Option<Timestamp>,
}

const NAME_CHARS_MAX: usize = 80;

impl Plan {
    /// What a person edits of it.
    pub(crate) fn draft(&self) -> PlanDraft {
        PlanDraft {
            name: self.name.clone(),
            repository: self.repository.clone(),
            sources: self.sources.iter().map(|path| path.display().to_string()).collect(),
            excludes: self.excludes.clone(),
            timing: self.timing.clone(),
        }
    }

    /// A new plan.
    pub(crate) fn new(id: PlanId, made_at: Timestamp, draft: PlanDraft) -> Self {
        Self {
            id,
            name: draft.name.trim().to_owned(),
            repository: draft.repository,
            sources: draft.sources.into_iter().map(PathBuf::from).collect(),
            excludes: draft.excludes,
            timing: draft.timing,
            made_at,
            changed_at: None,
        }
    }

    /// The plan with what a person edited.
    pub(crate) fn edited(&self, now: Timestamp, draft: PlanDraft) -> Self {
        let edited = Self::new(self.id.clone(), self.made_at, draft);
        let is_same = edited.timing == self.timing && edited.repository == self.repository;
        let changed_at = if is_same { self.changed_at } else { Some(now) };
        Self { changed_at, ..edited }
    }

    /// Since when it has had its schedule and its repository.
    pub(crate) fn since(&self) -> Timestamp {
        self.changed_at.map_or(self.made_at, |changed| changed.max(self.made_at))
    }

    /// The tag that its snapshots carry in the repository.
    pub(crate) fn tag(&self) -> String {
        tag(&self.id)
    }
}

const TAG_BEGIN: &str = "plan:";

/// The tag that snapshots of a plan carry in the repository.
pub(crate) fn tag(id: &PlanId) -> String {
    format!("{TAG_BEGIN}{id}")
}

/// The plan that a tag names, if it is such a tag.
pub(crate) fn plan_of_tag(tag: &str) -> Option<PlanId> {
    tag.strip_prefix(TAG_BEGIN).map(PlanId::from)
}

/// Refuses names that are empty, too long or taken by one of `others`.
pub(crate) fn check_name<'a>(
    name: &str,
    mut others: impl Iterator<Item = &'a str>,
) -> Result<(), AppError> {
    let name = name.trim();
    if name.is_empty() || name.chars().count() > NAME_CHARS_MAX {
        return Err(AppError::NameInvalid { name: name.to_owned(), taken: false });
    }
    if others.any(|other| other.to_lowercase() == name.to_lowercase()) {
        return Err(AppError::NameInvalid { name: name.to_owned(), taken: true });
    }
    Ok(())
}

/// Refuses what can be seen to be wrong without looking at any file.
pub(crate) fn check_draft(draft: &PlanDraft) -> Result<(), AppError> {
    if draft.sources.is_empty() {
        return Err(AppError::SourcesInvalid { path: None });
    }
    if let Some(path) = draft.sources.iter().find(|path| !Path::new(path).is_absolute()) {
        return Err(AppError::SourcesInvalid { path: Some(path.clone()) });
    }
    if !schedule::is_possible(&draft.timing) {
        return Err(AppError::ScheduleInvalid);
    }
    Ok(())
}

/// All patterns that a plan leaves out: its own and those of its presets.
pub(crate) fn patterns(excludes: &Excludes) -> Vec<String> {
    let presets = presets().into_iter().filter(|preset| excludes.presets.contains(&preset.id));
    let mut patterns = excludes.patterns.clone();
    patterns.extend(presets.flat_map(|preset| preset.patterns));
    patterns
}

/// The pattern that excludes one path and nothing else.
pub(crate) fn pattern_of(path: &Path) -> String {
    let path = path.display().to_string();
    // On Windows the escape is what stands between the names of a path.
    if cfg!(windows) {
        return path;
    }
    let special = |one: char| matches!(one, '*' | '?' | '[' | '\\');
    path.chars().flat_map(|one| special(one).then_some('\\').into_iter().chain([one])).collect()
}

/// The presets that come with the app.
pub(crate) fn presets() -> Vec<ExcludePreset> {
    let preset = |id: &str, title: &str, patterns: &[&str]| ExcludePreset {
        id: id.into(),
        title: title.to_owned(),
        patterns: patterns.iter().map(|pattern| (*pattern).to_owned()).collect(),
    };
    vec![
        preset(
            "caches",
            "Caches and temporary files",
            &[
                ".cache",
                ".thumbnails",
                "Library/Caches",
                "AppData/Local/Temp",
                "AppData/Local/Microsoft/Windows/INetCache",
                "*.tmp",
                "~$*",
                ".~lock.*#",
            ],
        ),
        preset("trash", "Trash", &[".local/share/Trash", ".Trash", ".Trash-*", "$RECYCLE.BIN"]),
        preset(
            "buildOutput",
            "Build output and downloaded packages",
            &[
                "node_modules",
                "__pycache__",
                ".gradle",
                ".cargo/registry",
                "target/debug",
                "target/release",
                "*.o",
                "*.pyc",
            ],
        ),
        preset(
            "virtualMachines",
            "Virtual machines and their disks",
            &["*.vdi", "*.vmdk", "*.vhd", "*.vhdx", "*.qcow2", "VirtualBox VMs"],
        ),
    ]
}

/// A name for programs, made from a name for people and four random digits.
pub(crate) fn slug(name: &str, random: [u8; 2]) -> String {
    let words: String = name
        .to_lowercase()
        .chars()
        .map(|character| if character.is_ascii_alphanumeric() { character } else { '-' })
        .collect();
    let words: Vec<&str> = words.split('-').filter(|word| !word.is_empty()).collect();
    let mut text: String = words.join("-").chars().take(24).collect();
    if !text.is_empty() {
        text.push('-');
    }
    format!("{text}{:02x}{:02x}", random[0], random[1])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::Schedule;

    fn draft(sources: &[&str]) -> PlanDraft {
        PlanDraft {
            name: "Documents".into(),
            repository: "blue".into(),
            sources: sources.iter().map(|path| (*path).to_owned()).collect(),
            excludes: Excludes::default(),
            timing: Schedule::Manual.into(),
        }
    }

    #[test]
    fn a_plan_without_folders_or_with_a_relative_one_is_refused() {
        assert!(check_draft(&draft(&[])).is_err());
        assert!(check_draft(&draft(&["Documents"])).is_err());
    }

    #[test]
    fn a_name_is_taken_whatever_its_case() {
        assert!(check_name("documents ", ["Documents"].into_iter()).is_err());
        assert!(check_name("  ", [].into_iter()).is_err());
        assert!(check_name("Photos", ["Documents"].into_iter()).is_ok());
    }

    #[test]
    fn a_slug_has_only_letters_that_are_safe_everywhere() {
        assert_eq!(slug("My Photos & Films", [0xab, 0x01]), "my-photos-films-ab01");
        assert_eq!(slug("照片", [0, 1]), "0001");
    }

    #[test]
    fn presets_add_their_patterns_to_those_of_the_plan() {
        let excludes = Excludes {
            patterns: vec!["*.iso".into()],
            presets: vec!["trash".into()],
            ..Excludes::default()
        };
        let patterns = patterns(&excludes);
        assert!(patterns.contains(&"*.iso".to_owned()) && patterns.contains(&".Trash".to_owned()));
        assert!(!patterns.contains(&"node_modules".to_owned()));
    }
}
