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
        let quoted = format!("\"{location}\"");
        let steps = vec![
            "Get restic 0.14 or newer from restic.net, on any computer that can reach the \
             location."
                .to_owned(),
            format!("Run: restic -r {quoted} snapshots - and enter the password when asked."),
            format!("Run: restic -r {quoted} restore latest --target /path/for/your/files"),
        ];
        Ok(RecoverySheet { location, password: Secret(password), steps })
    }
}
