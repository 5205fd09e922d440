//! The settings file: what the person chose, one versioned file that a person can read and edit.
//!
//! It is written atomically, with a second copy beside it. A file that was edited into something
//! else, or edited at all while the app runs, is set aside and never overwritten; of the former, as
//! much as can be understood is kept. A file of a newer version is left as it is; one of an older is
//! kept beside the new one. Passwords are not in it; an entry only says that the keychain holds one.

mod migration;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use parking_lot::Mutex;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::api::{AutoUnlock, Limits, Location, RepositoryId, Schedule, Settings};
use crate::durable;
use crate::error::AppError;
use crate::hooks::Hook;
use crate::plan::Plan;
use crate::schedule;

/// Everything in the file.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SettingsFile {
    version: u64,
    pub(crate) settings: Settings,
    pub(crate) repositories: Vec<RepositoryEntry>,
    pub(crate) plans: Vec<Plan>,
    pub(crate) hooks: Vec<Hook>,
}

/// A repository that the person added.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RepositoryEntry {
    pub(crate) id: RepositoryId,
    pub(crate) name: String,
    pub(crate) location: Location,
    /// The id in the repository's config, so that another one at the same place is noticed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) config_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) format_version: Option<u32>,
    /// Where the volume was mounted when the repository was added, so that a drive that is not
    /// connected is told from a folder that is gone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) mounted_at: Option<PathBuf>,
    /// True if the keychain holds the password.
    #[serde(default)]
    pub(crate) password_in_keychain: bool,
    #[serde(default)]
    pub(crate) auto_unlock: AutoUnlock,
    #[serde(default = "default_lock_wait_minutes")]
    pub(crate) lock_wait_minutes: u32,
    #[serde(default)]
    pub(crate) limits: Limits,
}

impl RepositoryEntry {
    /// The name of its password in the keychain.
    pub(crate) fn keychain_name(&self) -> String {
        format!("repository {}", self.id)
    }

    /// The folder it lies in.
    pub(crate) fn path(&self) -> &Path {
        match &self.location {
            Location::Local { path } => Path::new(path),
        }
    }
}

/// How long an operation waits for somebody else's lock, unless told otherwise.
pub(crate) fn default_lock_wait_minutes() -> u32 {
    30
}

/// The least age that Auto Unlock may take for a sign of death.
pub(crate) const AUTO_UNLOCK_MINUTES_MIN: u32 = 30;

/// The longest that an operation may wait for a lock: a week.
pub(crate) const LOCK_WAIT_MINUTES_MAX: u32 = 7 * 24 * 60;

const VERSION: u64 = 2;

impl Default for SettingsFile {
    fn default() -> Self {
        Self {
            version: VERSION,
            settings: Settings::default(),
            repositories: Vec::new(),
            plans: Vec::new(),
            hooks: Vec::new(),
        }
    }
}

/// Where the file lies.
#[derive(Debug)]
pub(crate) struct SettingsStore {
    folder: PathBuf,
    /// The file as this app read or wrote it last, so that somebody else's changes are noticed.
    known: Mutex<Option<Vec<u8>>>,
}

impl SettingsStore {
    /// The store in a folder, which is made when it is first written to.
    pub(crate) fn new(folder: PathBuf) -> Self {
        Self { folder, known: Mutex::default() }
    }

    /// The file itself.
    pub(crate) fn path(&self) -> PathBuf {
        self.folder.join("settings.json")
    }

    fn copy_path(&self) -> PathBuf {
        self.folder.join("settings.copy.json")
    }

    /// Reads the file. The error beside it says what had to be set aside; an error instead of it
    /// says that the app cannot start without harming the file.
    pub(crate) fn load(
        &self,
        now: Timestamp,
    ) -> Result<(SettingsFile, Option<AppError>), AppError> {
        let text = match fs::read(self.path()) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return self.load_copy().map(|copy| (copy.unwrap_or_default(), None));
            }
            Err(error) => return Err(self.unwritable(error)),
        };
        let (file, cause) = match self.read(&text)? {
            Reading::Whole(file) => {
                *self.known.lock() = Some(text);
                return Ok((file, None));
            }
            Reading::Older(file) => {
                *self.known.lock() = Some(text);
                self.save(&file, now)?;
                return Ok((file, None));
            }
            Reading::Partly(file, cause) => (Some(file), cause),
            Reading::Nothing(cause) => (self.load_copy()?, cause),
        };
        let kept_as = self.set_aside("damaged", now)?;
        let recovered = file.is_some();
        let file = file.unwrap_or_default();
        self.save(&file, now)?;
        let problem = AppError::SettingsDamaged { kept_as, recovered, source: Box::new(cause) };
        Ok((file, Some(problem)))
    }

    /// Stores the file and its copy; both are on the disk when this returns. The answer says if
    /// somebody edited the file meanwhile, and where their version is kept.
    pub(crate) fn save(
        &self,
        file: &SettingsFile,
        now: Timestamp,
    ) -> Result<Option<AppError>, AppError> {
        let mut text = serde_json::to_vec_pretty(file)
            .map_err(|error| self.unwritable(io::Error::from(error)))?;
        text.push(b'\n');
        let mut known = self.known.lock();
        let there = match fs::read(self.path()) {
            Ok(there) => Some(there),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(self.unwritable(error)),
        };
        let is_edited = there.is_some() && there != *known;
        let kept_as = if is_edited { Some(self.set_aside("edited", now)?) } else { None };
        durable::make_folder(&self.folder)
            .and_then(|()| durable::write_file(&self.path(), &text))
            .map_err(|error| self.unwritable(error))?;
        durable::write_file(&self.copy_path(), &text).map_err(|error| self.unwritable(error))?;
        *known = Some(text);
        Ok(kept_as.map(|kept_as| AppError::SettingsEdited { kept_as }))
    }

    fn load_copy(&self) -> Result<Option<SettingsFile>, AppError> {
        let Ok(text) = fs::read(self.copy_path()) else { return Ok(None) };
        Ok(match self.read(&text)? {
            Reading::Whole(file) | Reading::Older(file) | Reading::Partly(file, _) => Some(file),
            Reading::Nothing(_) => None,
        })
    }

    fn read(&self, text: &[u8]) -> Result<Reading, AppError> {
        let value: Value = match serde_json::from_slice(text) {
            Ok(value) => value,
            Err(error) => return Ok(Reading::Nothing(Damage::NoJson(error))),
        };
        let Some(version) = value.get("version").and_then(Value::as_u64) else {
            return Ok(Reading::Nothing(Damage::NoVersion));
        };
        if version > VERSION {
            return Err(AppError::SettingsNewer { version, path: self.path() });
        }
        if version == VERSION {
            return Ok(understood(&value));
        }
        self.keep_old(version, text)?;
        Ok(match understood(&migration::migrated(value, version)) {
            Reading::Whole(file) => Reading::Older(file),
            partly => partly,
        })
    }

    /// Keeps a file of an older version beside the one that takes its place, for an older app.
    fn keep_old(&self, version: u64, text: &[u8]) -> Result<(), AppError> {
        let name = format!("settings.v{version}");
        if fs::read(self.folder.join(format!("{name}.json"))).is_ok_and(|kept| kept == text) {
            return Ok(());
        }
        let kept_as = durable::free_path(&self.folder, &name, ".json");
        durable::write_file(&kept_as, text).map_err(|error| self.unwritable(error))
    }

    /// Gives the file a name that no other has, with what it is and when in it.
    fn set_aside(&self, what: &str, now: Timestamp) -> Result<PathBuf, AppError> {
        let name = format!("settings.{what}-{}", now.strftime("%Y%m%d-%H%M%S"));
        let kept_as = durable::free_path(&self.folder, &name, ".json");
        fs::rename(self.path(), &kept_as).map_err(|error| self.unwritable(error))?;
        Ok(kept_as)
    }

    fn unwritable(&self, error: io::Error) -> AppError {
        AppError::SettingsUnwritable { path: self.path(), source: Box::new(error) }
    }
}

enum Reading {
    Whole(SettingsFile),
    /// Whole, of an earlier version, which is kept.
    Older(SettingsFile),
    Partly(SettingsFile, Damage),
    Nothing(Damage),
}

/// Why a file could not be understood.
#[derive(Debug, thiserror::Error)]
enum Damage {
    #[error("the file is no JSON")]
    NoJson(#[source] serde_json::Error),
    #[error("the file has no version")]
    NoVersion,
    #[error("{what} is not what it should be")]
    Part { what: String, source: serde_json::Error },
    #[error("{what} is missing")]
    Missing { what: &'static str },
    #[error("{what} cannot be right")]
    Value { what: String },
}

/// What can be understood of the file, part by part.
fn understood(value: &Value) -> Reading {
    let mut damage = Vec::new();
    let settings = match value.get("settings") {
        Some(settings) => settings_of(settings, &mut damage),
        None => {
            damage.push(Damage::Missing { what: "settings" });
            Settings::default()
        }
    };
    let mut repositories: Vec<RepositoryEntry> = entries(value, "repositories", &mut damage);
    for repository in &mut repositories {
        correct_repository(repository, &mut damage);
    }
    let mut plans: Vec<Plan> = entries(value, "plans", &mut damage);
    for plan in &mut plans {
        if !schedule::is_possible(&plan.timing) {
            damage.push(Damage::Value { what: format!("the schedule of {}", plan.name) });
            plan.timing = Schedule::daily_at(12, 0).into();
        }
    }
    // Files of before there were hooks have none.
    let hooks = match value.get("hooks") {
        Some(_) => entries(value, "hooks", &mut damage),
        None => Vec::new(),
    };
    let file = SettingsFile { version: VERSION, settings, repositories, plans, hooks };
    match damage.into_iter().next() {
        None => Reading::Whole(file),
        Some(first) => Reading::Partly(file, first),
    }
}

/// The settings with each key that can be understood; the rest as they are at first.
fn settings_of(value: &Value, damage: &mut Vec<Damage>) -> Settings {
    match serde_json::from_value(value.clone()) {
        Ok(settings) => return settings,
        Err(source) => damage.push(Damage::Part { what: "settings".to_owned(), source }),
    }
    let mut kept = serde_json::Map::new();
    for (key, value) in value.as_object().into_iter().flatten() {
        let mut tried = kept.clone();
        tried.insert(key.clone(), value.clone());
        if serde_json::from_value::<Settings>(Value::Object(tried.clone())).is_ok() {
            kept = tried;
        }
    }
    serde_json::from_value(Value::Object(kept)).unwrap_or_default()
}

fn entries<T: DeserializeOwned>(
    value: &Value,
    key: &'static str,
    damage: &mut Vec<Damage>,
) -> Vec<T> {
    let Some(list) = value.get(key).and_then(Value::as_array) else {
        damage.push(Damage::Missing { what: key });
        return Vec::new();
    };
    let mut kept = Vec::new();
    for (position, entry) in list.iter().enumerate() {
        match serde_json::from_value(entry.clone()) {
            Ok(entry) => kept.push(entry),
            Err(source) => {
                let what = format!("entry {} of {key}", position + 1);
                damage.push(Damage::Part { what, source });
            }
        }
    }
    kept
}

fn correct_repository(repository: &mut RepositoryEntry, damage: &mut Vec<Damage>) {
    if let AutoUnlock::All { minutes } = &mut repository.auto_unlock
        && *minutes < AUTO_UNLOCK_MINUTES_MIN
    {
        *minutes = AUTO_UNLOCK_MINUTES_MIN;
        damage.push(Damage::Value { what: format!("autoUnlock of {}", repository.name) });
    }
    if repository.lock_wait_minutes > LOCK_WAIT_MINUTES_MAX {
        repository.lock_wait_minutes = LOCK_WAIT_MINUTES_MAX;
        damage.push(Damage::Value { what: format!("lockWaitMinutes of {}", repository.name) });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::{Code, Excludes, Theme};

    const NOW: Timestamp = Timestamp::UNIX_EPOCH;

    fn example() -> SettingsFile {
        let repository = RepositoryEntry {
            id: "blue".into(),
            name: "Blue".into(),
            location: Location::Local { path: "/media/blue/backup".into() },
            config_id: None,
            format_version: Some(2),
            mounted_at: Some("/media/blue".into()),
            password_in_keychain: true,
            auto_unlock: AutoUnlock::All { minutes: 45 },
            lock_wait_minutes: 10,
            limits: Limits::default(),
        };
        let plan = Plan {
            id: "documents".into(),
            name: "Documents".into(),
            repository: "blue".into(),
            sources: vec!["/home/anna/Documents".into()],
            excludes: Excludes::default(),
            timing: Schedule::every_hours(4).into(),
            made_at: NOW,
            changed_at: None,
        };
        SettingsFile {
            settings: Settings { theme: Theme::Dark, ..Settings::default() },
            repositories: vec![repository],
            plans: vec![plan],
            ..SettingsFile::default()
        }
    }

    fn stored() -> (tempfile::TempDir, SettingsStore) {
        let folder = tempfile::tempdir().expect("a folder");
        let store = SettingsStore::new(folder.path().to_owned());
        store.save(&example(), NOW).expect("it is saved");
        (folder, store)
    }

    fn edit(store: &SettingsStore, change: impl Fn(&str) -> String) {
        let text = fs::read_to_string(store.path()).expect("it can be read");
        fs::write(store.path(), change(&text)).expect("it can be written");
    }

    #[test]
    fn what_is_saved_is_loaded_again() {
        let (_folder, store) = stored();
        let (file, problem) = store.load(NOW).expect("it loads");
        assert_eq!(file, example());
        assert!(problem.is_none());
    }

    #[test]
    fn a_file_edited_into_nonsense_is_set_aside_and_its_copy_is_used() {
        let (folder, store) = stored();
        edit(&store, |_| "{ \"version\": 2, \"plans\": [ oops".to_owned());
        let (file, problem) = store.load(NOW).expect("it loads");
        assert_eq!(file, example());
        assert_eq!(problem.map(|error| error.code()), Some(Code::SettingsDamaged));
        let aside = folder.path().join("settings.damaged-19700101-000000.json");
        assert!(fs::read_to_string(aside).expect("it is kept").contains("oops"));
    }

    #[test]
    fn of_a_file_with_one_bad_entry_everything_else_is_kept() {
        let (_folder, store) = stored();
        edit(&store, |text| text.replace("\"every\"", "\"sometimes\""));
        let (file, problem) = store.load(NOW).expect("it loads");
        assert_eq!(file.repositories, example().repositories);
        assert!(file.plans.is_empty());
        assert!(problem.is_some());
    }

    #[test]
    fn of_settings_with_one_bad_key_the_other_keys_are_kept() {
        let (_folder, store) = stored();
        edit(&store, |text| text.replace("\"closeToTray\": true", "\"closeToTray\": \"maybe\""));
        let (file, _) = store.load(NOW).expect("it loads");
        assert_eq!(file.settings.theme, Theme::Dark);
    }

    #[test]
    fn an_auto_unlock_that_is_too_eager_is_corrected() {
        let (_folder, store) = stored();
        edit(&store, |text| text.replace("45", "1"));
        let (file, problem) = store.load(NOW).expect("it loads");
        assert_eq!(file.repositories[0].auto_unlock, AutoUnlock::All { minutes: 30 });
        assert!(problem.is_some());
    }

    #[test]
    fn a_newer_file_is_refused_and_left_as_it_is() {
        let (_folder, store) = stored();
        edit(&store, |text| text.replace("\"version\": 2", "\"version\": 7"));
        let before = fs::read(store.path()).expect("it can be read");
        let refusal = store.load(NOW).expect_err("it is refused");
        assert_eq!(refusal.code(), Code::SettingsNewer);
        assert_eq!(fs::read(store.path()).expect("it is there"), before);
    }

    #[test]
    fn a_deleted_file_comes_back_from_its_copy() {
        let (_folder, store) = stored();
        fs::remove_file(store.path()).expect("it is removed");
        assert_eq!(store.load(NOW).expect("it loads").0, example());
    }

    #[test]
    fn without_any_file_the_app_starts_empty() {
        let folder = tempfile::tempdir().expect("a folder");
        let store = SettingsStore::new(folder.path().join("new"));
        assert_eq!(store.load(NOW).expect("it loads").0, SettingsFile::default());
    }

    /// A file as version 1 wrote it.
    const OF_VERSION_1: &str = r#"{
      "version": 1,
      "settings": { "theme": "dark" },
      "repositories": [],
      "plans": [
        {
          "id": "photos", "name": "Photos", "repository": "blue", "sources": ["/home/anna/Photos"],
          "schedule": { "type": "dailyAt", "hour": 7, "minute": 5 },
          "madeAt": "2026-03-01T09:00:00Z"
        },
        {
          "id": "letters", "name": "Letters", "repository": "blue", "sources": ["/home/anna/Letters"],
          "schedule": { "type": "everyHours", "hours": 4 },
          "madeAt": "2026-03-01T09:00:00Z"
        }
      ]
    }"#;

    #[test]
    fn a_file_of_version_1_is_brought_forward_and_kept_beside() {
        let folder = tempfile::tempdir().expect("a folder");
        let store = SettingsStore::new(folder.path().to_owned());
        fs::write(store.path(), OF_VERSION_1).expect("it is written");
        let (file, problem) = store.load(NOW).expect("it loads");
        assert!(problem.is_none(), "{problem:?}");
        let timings: Vec<_> = file.plans.iter().map(|plan| plan.timing.clone()).collect();
        let expected = [Schedule::daily_at(7, 5), Schedule::every_hours(4)];
        assert_eq!(timings, expected.map(crate::api::Timing::from));
        let kept = fs::read_to_string(folder.path().join("settings.v1.json"));
        assert_eq!(kept.expect("it is kept"), OF_VERSION_1);
        let again = store.load(NOW).expect("it loads again");
        assert_eq!((again.0, again.1.is_none()), (file, true));
        assert_eq!(fs::read_dir(folder.path()).expect("a folder").count(), 3);
    }

    #[test]
    fn of_a_damaged_file_of_version_1_what_is_understood_is_brought_forward() {
        let folder = tempfile::tempdir().expect("a folder");
        let store = SettingsStore::new(folder.path().to_owned());
        let damaged = OF_VERSION_1.replace("dailyAt", "sometimes");
        fs::write(store.path(), damaged).expect("it is written");
        let (file, problem) = store.load(NOW).expect("it loads");
        assert_eq!(problem.map(|error| error.code()), Some(Code::SettingsDamaged));
        let names: Vec<_> = file.plans.iter().map(|plan| plan.name.as_str()).collect();
        assert_eq!(names, ["Letters"]);
    }
}
