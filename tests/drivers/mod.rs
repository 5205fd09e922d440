//! Programs that drive restic, taken unchanged from a package registry, drive Holdfast.
//!
//! Each does the same work once with the real restic and once with `holdfast` in its place. What it
//! made of the answers must be the same: resticpy reads JSON, runrestic reads restic's words.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

use holdfast_tests::tools;
use tempfile::TempDir;

/// A folder in which a program that is called restic works for a driver.
struct Desk {
    folder: TempDir,
}

impl Desk {
    fn with(restic: &Path) -> Self {
        let desk = Self { folder: tempfile::tempdir().expect("a folder") };
        fs::create_dir(desk.path("bin")).expect("made");
        symlink(restic, desk.path("bin/restic")).expect("linked");
        desk
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A driver that finds our program, or the real one, where it looks for restic.
    fn driver(&self, name: &str) -> Command {
        let mut command = Command::new(tools::driver(name));
        let inherited = std::env::var_os("PATH").unwrap_or_default();
        let folders = std::iter::once(self.path("bin")).chain(std::env::split_paths(&inherited));
        command.env("PATH", std::env::join_paths(folders).expect("no colon in it"));
        command.env("HOME", self.folder.path()).env("XDG_STATE_HOME", self.path("state"));
        command.env_remove("RESTIC_REPOSITORY").env_remove("RESTIC_PASSWORD");
        command.current_dir(self.folder.path());
        command
    }
}

fn output_of(command: &mut Command) -> String {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let err = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?} ended with {}\n{err}", output.status);
    String::from_utf8(output.stdout).expect("text")
}

/// What resticpy's functions returned, call by call.
fn answers_in_resticpy(restic: &Path) -> Vec<serde_json::Value> {
    let desk = Desk::with(restic);
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("drivers/with_resticpy.py");
    let work = desk.path("work");
    fs::create_dir(&work).expect("made");
    let out = output_of(desk.driver("python").arg(script).arg("restic").arg(work));
    serde_json::from_str(&out).expect("a list of answers")
}

#[test]
fn resticpy_gets_the_same_answers_from_holdfast_as_from_restic() {
    let ours = answers_in_resticpy(&tools::holdfast());
    let theirs = answers_in_resticpy(&tools::restic_new());
    assert!(theirs.len() > 40, "only {} answers", theirs.len());
    for (ours, theirs) in ours.iter().zip(&theirs) {
        assert_eq!(ours, theirs);
    }
    assert_eq!(ours.len(), theirs.len());
}

/// What runrestic tells a monitoring system after each of some runs: figures by name.
fn figures_of_runrestic(restic: &Path) -> Vec<BTreeMap<String, f64>> {
    let desk = Desk::with(restic);
    fs::create_dir(desk.path("source")).expect("made");
    for number in 0..30 {
        let text = format!("{number}\n").repeat(500);
        fs::write(desk.path(&format!("source/file {number}")), text).expect("written");
    }
    let config = serde_json::json!({
        "name": "desk",
        "repositories": [desk.path("repository")],
        "environment": {"RESTIC_PASSWORD": tools::PASSWORD},
        "backup": {"sources": ["source"], "exclude_patterns": ["file 7"]},
        "prune": {"keep-last": 1, "group-by": "host"},
        "check": {"checks": ["check-unused", "read-data"]},
        "metrics": {"prometheus": {"path": desk.path("figures")}},
    });
    let path = desk.path("runrestic.json");
    fs::write(&path, config.to_string()).expect("written");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).expect("ours");
    let run = |actions: &[&str]| {
        output_of(desk.driver("runrestic").arg("--config").arg(&path).args(actions));
        let text = fs::read_to_string(desk.path("figures")).expect("runrestic wrote it");
        let lines = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
        let figures = lines.map(|line| {
            let (name, value) = line.rsplit_once(' ').expect("a name and a figure");
            let name = name.split(',').next().unwrap_or(name).to_owned();
            (name, value.parse().unwrap_or(f64::NAN))
        });
        figures.collect()
    };
    let mut figures = vec![run(&["init"]), run(&["backup"])];
    (10..20).for_each(|number| {
        fs::remove_file(desk.path(&format!("source/file {number}"))).expect("removed");
    });
    fs::write(desk.path("source/new"), "new\n").expect("written");
    figures.push(run(&["backup", "prune", "check", "stats"]));
    figures.push(run(&["unlock", "stats"]));
    figures
}

#[test]
fn runrestic_reads_the_same_figures_from_what_holdfast_says_as_from_restic() {
    let ours = figures_of_runrestic(&tools::holdfast());
    let theirs = figures_of_runrestic(&tools::restic_new());
    let mut compared = 0;
    for (ours, theirs) in ours.iter().zip(&theirs) {
        assert!(ours.keys().eq(theirs.keys()), "{ours:?}\n{theirs:?}");
        for ((name, our), their) in ours.iter().zip(theirs.values()) {
            if name.contains("duration") || name.contains("last_run") {
                continue;
            }
            compared += 1;
            // Two compressors agree on sizes only nearly.
            let tolerance =
                if name.contains("bytes") || name.contains("added") { 0.1 } else { 0.0 };
            let is_near = (our - their).abs() <= their.abs() * tolerance;
            assert!(is_near, "{name}: {our}, restic's: {their}");
        }
    }
    assert!(compared > 40, "only {compared} figures");
    let last = theirs.last().expect("four runs");
    assert!(last.iter().any(|(name, files)| name.contains("total_file_count") && *files > 10.0));
}
