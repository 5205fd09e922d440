//! Embeds the window's files and the capability.

fn main() {
    // A checkout whose window has not been built yet must still compile; `make run` and
    // `make test` build the window first.
    if let Err(error) = std::fs::create_dir_all("ui/dist") {
        println!("cargo:warning=could not create ui/dist: {error}");
    }
    println!("cargo:rerun-if-changed=ui/dist");
    tauri_build::build();
}
