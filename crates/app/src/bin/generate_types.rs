//! Writes what is made from the sources to where it is kept: the TypeScript of the wire types, and
//! the table of notices.

use std::path::Path;

use holdfast_app::api::typescript::{PATH_FROM_CRATE, generated};
use holdfast_app::notices::written_down;

fn main() -> std::io::Result<()> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(PATH_FROM_CRATE);
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    std::fs::write(path, generated())?;
    let notices = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/notices.md");
    std::fs::write(notices, written_down())
}
