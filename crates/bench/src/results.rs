//! What was measured, as it is kept in `results.json`.

use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::error::BenchError;
use crate::machine::Machine;
use crate::statistics;
use crate::tools::Tool;

/// One run of one process.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Run {
    /// From its start to its end.
    pub wall_seconds: f64,
    /// What all cores did for it, user and system.
    pub cpu_seconds: f64,
    /// The most memory that it held at once (its resident set).
    pub peak_bytes: u64,
}

/// A tool's runs of one row, in the order of the rounds.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Runs {
    /// The runs.
    pub runs: Vec<Run>,
    /// What its repository came to, if the row makes one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub repository_bytes: Option<u64>,
    /// Why there are no runs, or no more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<String>,
}

/// How much an input holds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Amount {
    /// Regular files.
    pub files: u64,
    /// Their bytes, holes among them.
    pub bytes: u64,
}

/// What came of a row.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct RowResult {
    /// The day it was measured.
    pub day: String,
    /// The version of each tool.
    pub versions: BTreeMap<Tool, String>,
    /// The share of the input's full size that it was measured on.
    pub scale: f64,
    /// The input.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub input: Option<Amount>,
    /// The share of the processor's time that others took just before.
    pub busy_share: f64,
    /// What was measured.
    pub tools: BTreeMap<Tool, Runs>,
    /// Why nothing was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub left_out: Option<String>,
}

/// All rows that were measured, and where.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Results {
    /// The machine.
    pub machine: Machine,
    /// By the row's name.
    pub rows: BTreeMap<String, RowResult>,
}

impl Runs {
    fn of(&self, figure: impl Fn(&Run) -> f64) -> Vec<f64> {
        self.runs.iter().map(figure).collect()
    }

    /// The time of each run.
    #[must_use]
    pub fn walls(&self) -> Vec<f64> {
        self.of(|run| run.wall_seconds)
    }

    /// The median of the times.
    #[must_use]
    pub fn wall_seconds(&self) -> Option<f64> {
        statistics::median(&self.walls())
    }

    /// The median of the processor's times.
    #[must_use]
    pub fn cpu_seconds(&self) -> Option<f64> {
        statistics::median(&self.of(|run| run.cpu_seconds))
    }

    /// The most memory of any run: a bound holds always or not at all.
    #[must_use]
    pub fn peak_bytes(&self) -> Option<u64> {
        self.runs.iter().map(|run| run.peak_bytes).max()
    }
}

impl RowResult {
    /// How many times as long as ours this tool took.
    #[must_use]
    pub fn ratio_to(&self, tool: Tool) -> Option<f64> {
        let ours = self.tools.get(&Tool::Holdfast)?;
        statistics::median_ratio(&self.tools.get(&tool)?.walls(), &ours.walls())
    }
}

impl Results {
    /// What an earlier run wrote, or nothing.
    ///
    /// # Errors
    /// When it is there and does not read.
    pub fn read(file: &Path) -> Result<Option<Self>, BenchError> {
        let bytes = match std::fs::read(file) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            read => read.map_err(BenchError::io("read", file))?,
        };
        let parsed = serde_json::from_slice(&bytes);
        parsed.map(Some).map_err(|source| BenchError::Results { path: file.to_owned(), source })
    }

    /// Takes over what was measured earlier, on the same machine and at the same scale, and not now.
    pub fn keep(&mut self, earlier: Self, scale: f64) {
        if !earlier.machine.is_same_as(&self.machine) {
            return;
        }
        for (name, row) in earlier.rows {
            let fits = row.scale.total_cmp(&scale).is_eq() && row.left_out.is_none();
            let has_none = self.rows.get(&name).is_none_or(|row| row.left_out.is_some());
            if fits && has_none {
                self.rows.insert(name, row);
            }
        }
    }

    /// As JSON that a person can read.
    #[must_use]
    pub fn to_json(&self) -> String {
        let json = serde_json::to_string_pretty(self);
        json.expect("strings and numbers become JSON") + "\n"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(wall_seconds: f64, peak_bytes: u64) -> Run {
        Run { wall_seconds, cpu_seconds: wall_seconds, peak_bytes }
    }

    fn row(scale: f64) -> RowResult {
        let runs = |walls: [f64; 2]| Runs {
            runs: walls.map(|wall| run(wall, wall as u64)).to_vec(),
            ..Runs::default()
        };
        let tools = [(Tool::Holdfast, runs([1.0, 2.0])), (Tool::Restic, runs([3.0, 8.0]))];
        RowResult { scale, tools: tools.into(), ..RowResult::default() }
    }

    #[test]
    fn the_ratio_is_theirs_by_ours() {
        assert_eq!(row(1.0).ratio_to(Tool::Restic), Some(3.5));
        assert_eq!(row(1.0).ratio_to(Tool::Rustic), None);
    }

    #[test]
    fn the_peak_is_the_worst_of_all_rounds() {
        let runs = Runs { runs: vec![run(1.0, 7), run(1.0, 9), run(1.0, 8)], ..Runs::default() };
        assert_eq!(runs.peak_bytes(), Some(9));
    }

    #[test]
    fn results_come_back_from_their_file_as_they_were() {
        let rows = BTreeMap::from([("backup-random".to_owned(), row(0.1))]);
        let results = Results { rows, ..Results::default() };
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("results.json");
        assert_eq!(Results::read(&file).expect("nothing is there"), None);
        std::fs::write(&file, results.to_json()).expect("written");
        assert_eq!(Results::read(&file).expect("our own"), Some(results));
    }

    #[test]
    fn earlier_rows_stay_only_from_the_same_machine_and_scale() {
        let with = |cpu: &str, name: &str, scale| Results {
            machine: Machine { cpu: cpu.to_owned(), ..Machine::default() },
            rows: BTreeMap::from([(name.to_owned(), row(scale))]),
        };
        let kept = |earlier: Results| {
            let mut now = with("a", "new", 1.0);
            now.keep(earlier, 1.0);
            now.rows.into_keys().collect::<Vec<_>>()
        };
        assert_eq!(kept(with("a", "old", 1.0)), ["new", "old"]);
        assert_eq!(kept(with("a", "old", 0.1)), ["new"]);
        assert_eq!(kept(with("b", "old", 1.0)), ["new"]);
    }

    #[test]
    fn what_was_measured_now_replaces_what_was_measured_earlier() {
        let mut now = Results { rows: [("row".to_owned(), row(1.0))].into(), ..Results::default() };
        let mut earlier = now.clone();
        earlier.rows.get_mut("row").expect("it is there").day = "earlier".to_owned();
        now.keep(earlier.clone(), 1.0);
        assert_eq!(now.rows["row"].day, "");
        // A row that could not be measured now does not hide what was.
        now.rows.get_mut("row").expect("it is there").left_out = Some("no room".to_owned());
        now.keep(earlier, 1.0);
        assert_eq!(now.rows["row"].day, "earlier");
    }
}
