//! Drives and what is mounted where.

use std::io;
use std::path::Path;

use holdfast_app::ports::{Volume, Volumes};

/// The volumes of this computer.
pub struct DesktopVolumes;

impl Volumes for DesktopVolumes {
    fn of(&self, path: &Path) -> Result<Volume, io::Error> {
        let mount = holdfast_machine::mount_of(path)?;
        Ok(Volume {
            mounted_at: mount.mounted_at,
            free_bytes: mount.free_bytes,
            read_only: mount.read_only,
        })
    }

    fn spins(&self, path: &Path) -> bool {
        holdfast_machine::spins(path)
    }
}
