//! Writes the TypeScript of the wire types to where the window's sources expect it.

use std::path::Path;

use holdfast_app::api::typescript::{PATH_FROM_CRATE, generated};

fn main() -> std::io::Result<()> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(PATH_FROM_CRATE);
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    std::fs::write(path, generated())
}
