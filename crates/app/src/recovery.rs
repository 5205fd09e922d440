//! The sheet with everything that is needed to restore without this computer.

use crate::api::{RecoverySheet, RepositoryId, Secret};
use crate::error::AppError;
use crate::state::State;

impl State {
    /// Location, password and three steps with plain restic.
    pub(crate) fn recovery_sheet(&self, id: &RepositoryId) -> Result<RecoverySheet, AppError> {
        let entry = self.repository(id)?;
        let password = self.secrets.password(&entry)?;
        let location = entry.path().display().to_string();
        let quoted = quoted(&location);
        let steps = vec![
            "Get restic 0.14 or newer from restic.net, on any computer that can reach the \
             location."
                .to_owned(),
            format!("Run: restic -r {quoted} snapshots - and enter the password when asked."),
            format!(
                "Run: restic -r {quoted} restore ID --target /path/for/your/files - with the ID \
                 at the start of a line of that list, once for each set of folders that you want."
            ),
        ];
        Ok(RecoverySheet { location, password: Secret(password), steps })
    }
}

/// The location as one word of a command line, whatever characters it has.
fn quoted(location: &str) -> String {
    if cfg!(windows) {
        // A path on Windows cannot have this character itself.
        return format!("\"{location}\"");
    }
    format!("'{}'", location.replace('\'', r"'\''"))
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn a_location_is_one_word_for_a_shell() {
        assert_eq!(quoted("/mnt/blue disk/$HOME"), "'/mnt/blue disk/$HOME'");
        assert_eq!(quoted("/mnt/anna's"), r"'/mnt/anna'\''s'");
    }
}
