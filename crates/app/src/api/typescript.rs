//! Writes the wire types down as TypeScript, in one file.

use std::collections::BTreeMap;

use ts_rs::{Config, TS, TypeVisitor};

use super::{
    AppEvent, DifferenceView, EntryView, ExcludePreset, FolderSize, FolderSuggestion,
    OperationDetail, OperationsQuery, PauseFor, PlanDraft, RecoverySheet, RepositoryDraft,
    RepositoryPatch, RepositoryProbe, RestorePreview, RestoreRequest, RunStarted, SearchPage,
    SearchQuery, SettingsPatch, SnapshotView, VerifyScope, VersionView,
};
use super::{DoctorReport, FixAction, HookDraft, HookOutcome, HookPreview, HookView};

const HEADING: &str = "\
// Made from crates/app/src/api by `cargo run -p holdfast-app --bin generate-types`.
// Never edited by hand.
";

/// Where the file lies, seen from this crate's folder.
pub const PATH_FROM_CRATE: &str = "../../ui/src/api/generated.ts";

/// The whole file.
#[must_use]
pub fn generated() -> String {
    let mut types =
        Types { config: Config::new().with_large_int("number"), found: BTreeMap::new() };
    types.visit::<AppEvent>();
    types.visit::<PlanDraft>();
    types.visit::<ExcludePreset>();
    types.visit::<FolderSuggestion>();
    types.visit::<FolderSize>();
    types.visit::<RepositoryDraft>();
    types.visit::<RepositoryPatch>();
    types.visit::<RepositoryProbe>();
    types.visit::<RecoverySheet>();
    types.visit::<VerifyScope>();
    types.visit::<SnapshotView>();
    types.visit::<EntryView>();
    types.visit::<SearchQuery>();
    types.visit::<SearchPage>();
    types.visit::<VersionView>();
    types.visit::<DifferenceView>();
    types.visit::<RestoreRequest>();
    types.visit::<RestorePreview>();
    types.visit::<OperationsQuery>();
    types.visit::<OperationDetail>();
    types.visit::<RunStarted>();
    types.visit::<SettingsPatch>();
    types.visit::<PauseFor>();
    types.visit::<DoctorReport>();
    types.visit::<FixAction>();
    types.visit::<HookDraft>();
    types.visit::<HookView>();
    types.visit::<HookPreview>();
    types.visit::<HookOutcome>();
    let mut text = HEADING.to_owned();
    for declaration in types.found.into_values() {
        text.push('\n');
        text.push_str(&declaration);
    }
    text
}

/// Collects the declarations of types and of what they are made of, by name.
struct Types {
    config: Config,
    found: BTreeMap<String, String>,
}

impl TypeVisitor for Types {
    fn visit<T: TS + 'static + ?Sized>(&mut self) {
        // Only types of this crate have a place of their own; `string` and the like have none.
        if T::output_path().is_none() {
            return;
        }
        let name = T::ident(&self.config);
        if self.found.contains_key(&name) {
            return;
        }
        let docs = T::docs().unwrap_or_default();
        let declaration = format!("{docs}export {}\n", T::decl(&self.config));
        self.found.insert(name, declaration);
        T::visit_dependencies(self);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_typescript_in_the_repository_is_fresh() {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(PATH_FROM_CRATE);
        let stored = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(
            stored == generated(),
            "{} is not fresh: run `cargo run -p holdfast-app --bin generate-types`",
            path.display()
        );
    }
}
