//! The table, as Markdown.

use std::fmt::Write;

use super::figures::{self, NONE, bytes, seconds};
use crate::inputs::Input;
use crate::results::{Results, RowResult};
use crate::rows::{Kind, ROWS, Row};
use crate::statistics;
use crate::tools::Tool;

/// How busy others may keep a machine before a row says so.
const BUSY_SHARE: f64 = 0.1;

/// The whole report. `scale` is the share of the inputs' full size.
#[must_use]
pub fn table(results: &Results, scale: f64) -> String {
    let rows: Vec<(&Row, &RowResult)> =
        ROWS.iter().filter_map(|row| Some((row, results.rows.get(row.name)?))).collect();
    let measured: Vec<(&Row, &RowResult)> =
        rows.iter().copied().filter(|(_, result)| result.left_out.is_none()).collect();
    let mut out = String::from("# Benchmarks\n\n");
    out += &extents(&rows, scale);
    out += &summary(&measured);
    out += "\n![How many times as long as Holdfast the others take](chart.svg)\n";
    out += &times(&measured);
    out += &costs(&measured);
    out += &cores(results);
    out += &remarks(&rows);
    out += &surroundings(results, &measured);
    out
}

fn extents(rows: &[(&Row, &RowResult)], scale: f64) -> String {
    let mut out = String::new();
    if scale < 1.0 {
        let _ = writeln!(
            out,
            "**A quick look, not the benchmark: every input has {scale} of its full size.** Times \
             that do not grow with the input, as the derivation of the key, weigh more here.\n"
        );
    }
    if rows.len() < ROWS.len() {
        let (there, all) = (rows.len(), ROWS.len());
        let _ = writeln!(out, "**Partial: {there} of {all} rows were measured.**\n");
    }
    out +=
        "Made by `make bench`; the figures of every run stand in [results.json](results.json).\n\n";
    out
}

fn summary(measured: &[(&Row, &RowResult)]) -> String {
    let asked: Vec<bool> =
        measured.iter().filter_map(|(row, result)| figures::is_met(row, result)).collect();
    let met = asked.iter().filter(|met| **met).count();
    format!("Of {} rows that ask for something, {met} reach all of it.\n", asked.len())
}

fn times(measured: &[(&Row, &RowResult)]) -> String {
    let rounds = rounds(measured);
    let mut out = format!(
        "\n## Time\n\nMedians of whole processes over {rounds}, and the medians of the rounds' \
         ratios: how many times as long the others took. What is to be reached stands in \
         brackets.\n\n\
         | work | Holdfast | restic | rustic | restic ÷ ours | rustic ÷ ours | also |\n\
         | --- | ---: | ---: | ---: | ---: | ---: | --- |\n",
    );
    for (row, result) in measured {
        let walls = Tool::ALL.map(|tool| {
            let wall = result.tools.get(&tool).and_then(|runs| runs.wall_seconds());
            wall.map_or(NONE.to_owned(), seconds)
        });
        let also: Vec<String> = row
            .bounds
            .iter()
            .filter_map(|bound| figures::bound(*bound, result))
            .map(|(kept, said)| format!("{} {said}", figures::sign(kept)))
            .collect();
        let _ = writeln!(
            out,
            "| {} | {} | {} | {} | {} |",
            row.title,
            walls.join(" | "),
            figures::ratio(result.ratio_to(Tool::Restic), row.restic_floor),
            figures::ratio(result.ratio_to(Tool::Rustic), row.rustic_floor),
            also.join("; "),
        );
    }
    out
}

/// Over how many rounds the medians are; rows may differ.
fn rounds(measured: &[(&Row, &RowResult)]) -> String {
    let counts = measured.iter().flat_map(|(_, result)| result.tools.values());
    let counts: Vec<usize> =
        counts.filter(|runs| runs.failure.is_none()).map(|runs| runs.runs.len()).collect();
    match (counts.iter().min(), counts.iter().max()) {
        (Some(1), Some(1)) => "one round".to_owned(),
        (Some(least), Some(most)) if least < most => format!("{least} to {most} rounds"),
        (Some(count), _) => format!("{count} rounds"),
        _ => "no rounds".to_owned(),
    }
}

fn costs(measured: &[(&Row, &RowResult)]) -> String {
    let mut out = String::from(
        "\n## Processor, memory, repository\n\nEach of Holdfast / restic / rustic: the time of all \
         cores (median), the most memory held in any round, the size of the repository.\n\n\
         | work | processor | memory | repository |\n| --- | ---: | ---: | ---: |\n",
    );
    for (row, result) in measured {
        let of_each = |figure: &dyn Fn(Tool) -> Option<String>| {
            Tool::ALL.map(|tool| figure(tool).unwrap_or_else(|| NONE.to_owned())).join(" / ")
        };
        let runs = |tool: Tool| result.tools.get(&tool);
        let _ = writeln!(
            out,
            "| {} | {} | {} | {} |",
            row.title,
            of_each(&|tool| runs(tool)?.cpu_seconds().map(seconds)),
            of_each(&|tool| runs(tool)?.peak_bytes().map(bytes)),
            of_each(&|tool| runs(tool)?.repository_bytes.map(bytes)),
        );
    }
    out
}

fn cores(results: &Results) -> String {
    let mut lines = String::new();
    let several = ROWS.iter().filter_map(|row| match row.kind {
        Kind::OnCores(cores) if cores > 1 => Some((row, cores)),
        _ => None,
    });
    for (row, cores) in several {
        let is_one = |one: &&Row| one.kind == Kind::OnCores(1) && one.input == row.input;
        let Some(one) = ROWS.iter().find(is_one) else { continue };
        for tool in Tool::ALL {
            let walls = |row: &Row| results.rows.get(row.name)?.tools.get(&tool)?.wall_seconds();
            let (Some(single), Some(wall)) = (walls(one), walls(row)) else { continue };
            let share = statistics::serial_share(single, wall, cores);
            let _ = writeln!(
                lines,
                "| {}, {} | {} | {} | {:.2} | {} |",
                row.title.split(", on").next().unwrap_or(row.title),
                tool.name(),
                seconds(single),
                seconds(wall),
                single / wall,
                share.map_or(NONE.to_owned(), |share| format!("{:.0} %", share * 100.0)),
            );
        }
    }
    if lines.is_empty() {
        return lines;
    }
    format!(
        "\n## Cores\n\nThe serial share is what by Amdahl's law does not spread over cores; with it \
         no number of cores makes the work faster than its inverse.\n\n\
         | work | 1 core | 2 cores | gain | serial share |\n\
         | --- | ---: | ---: | ---: | ---: |\n{lines}"
    )
}

/// What did not go as it should: rows left out, tools that failed, a machine that was not quiet.
fn remarks(rows: &[(&Row, &RowResult)]) -> String {
    let mut lines = String::new();
    for (row, result) in rows {
        if let Some(reason) = &result.left_out {
            let _ = writeln!(lines, "* Left out, {}: {reason}.", row.title);
        }
        for (tool, runs) in &result.tools {
            if let Some(failure) = &runs.failure {
                let _ = writeln!(lines, "* {} failed, {}: {failure}.", tool.name(), row.title);
            }
        }
    }
    lines += &disturbed(rows);
    if lines.is_empty() { lines } else { format!("\n## To be known\n\n{lines}") }
}

fn disturbed(rows: &[(&Row, &RowResult)]) -> String {
    let busy: Vec<_> = rows.iter().filter(|(_, row)| row.busy_share > BUSY_SHARE).collect();
    if busy.is_empty() {
        return String::new();
    }
    let most = busy.iter().map(|(_, row)| row.busy_share).fold(0.0, f64::max) * 100.0;
    let which = if busy.len() == rows.len() {
        "all rows".to_owned()
    } else {
        busy.iter().map(|(row, _)| row.title).collect::<Vec<_>>().join("; ")
    };
    format!("* Others kept up to {most:.0} % of the machine busy, so these are noise: {which}.\n")
}

fn surroundings(results: &Results, measured: &[(&Row, &RowResult)]) -> String {
    let machine = &results.machine;
    let memory = machine.memory_bytes as f64 / f64::from(1 << 30);
    let storage = if machine.storage == "tmpfs" { "in memory (tmpfs)" } else { "on a disk" };
    let mut out = format!(
        "\n## Machine and inputs\n\n* {}, {} cores, {memory:.0} GiB of memory; Linux {}; \
         inputs and repositories {storage}.\n",
        machine.cpu, machine.cores, machine.kernel,
    );
    for said in versions(measured) {
        let _ = writeln!(out, "* {said}.");
    }
    for input in Input::ALL {
        let amount = measured
            .iter()
            .find_map(|(row, result)| result.input.filter(|_| row.input == Some(input)));
        if let Some(amount) = amount {
            let (what, files) = (input.description(), amount.files);
            let _ = writeln!(
                out,
                "* `{}`: {what}; {files} file{}, {}.",
                input.name(),
                if files == 1 { "" } else { "s" },
                bytes(amount.bytes)
            );
        }
    }
    out += "\nEvery tool gets a copy of the same empty repository, so all cut files in the same \
            places and derive the same key. \"Unchanged\" and \"1 % changed\" are measured on the \
            tool's own repository. Restores and checks read one repository, which restic made; a \
            restore over an equal tree compares its content. The large index names packs that are \
            not there, and is opened by a backup of one small file.\n";
    out
}

/// The versions with the days on which they were measured.
fn versions(measured: &[(&Row, &RowResult)]) -> std::collections::BTreeSet<String> {
    measured
        .iter()
        .map(|(_, result)| {
            let of = |tool: &Tool, version: &String| format!("{} {version}", tool.name());
            let tools: Vec<String> =
                result.versions.iter().map(|(tool, version)| of(tool, version)).collect();
            format!("{}: {}", result.day, tools.join(", "))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::results::{Run, Runs};

    fn results(names: &[&str]) -> Results {
        let runs = |wall_seconds| Runs {
            runs: vec![Run { wall_seconds, cpu_seconds: 2.0, peak_bytes: 20_000_000 }],
            ..Runs::default()
        };
        let row = |seconds| RowResult {
            scale: 1.0,
            tools: [(Tool::Holdfast, runs(seconds)), (Tool::Restic, runs(12.0))].into(),
            ..RowResult::default()
        };
        let rows = names.iter().zip([2.0, 1.2]).map(|(name, wall)| ((*name).to_owned(), row(wall)));
        Results { rows: rows.collect(), ..Results::default() }
    }

    #[test]
    fn a_row_shows_figures_ratio_floor_and_bound() {
        let text = table(&results(&["backup-random"]), 1.0);
        let row = "| backup, 2 GB of random bytes | 2.00 s | 12.0 s | – | ✓ 6.00 (≥ 3.5) | \
                   – (≥ 2.5) | ✓ memory 20 MB (≤ 256 MB) |";
        assert!(text.contains(row), "{text}");
    }

    #[test]
    fn a_report_says_that_it_is_partial_or_of_small_inputs() {
        let partial = table(&results(&["list"]), 1.0);
        assert!(partial.contains("**Partial: 1 of"), "{partial}");
        assert!(!partial.contains("quick look"));
        let small = table(&results(&["list"]), 0.1);
        assert!(small.contains("A quick look, not the benchmark"), "{small}");
    }

    #[test]
    fn two_rows_of_cores_give_the_serial_share() {
        let text = table(&results(&["cores-1-random", "cores-2-random"]), 1.0);
        assert!(
            text.contains("| backup, random bytes, holdfast | 2.00 s | 1.20 s | 1.67 | 20 % |")
        );
    }

    #[test]
    fn what_was_left_out_or_failed_or_disturbed_is_told() {
        let mut results = results(&["list", "prune"]);
        results.rows.get_mut("list").expect("there").left_out = Some("no room".to_owned());
        let prune = results.rows.get_mut("prune").expect("there");
        prune.busy_share = 0.34;
        prune.tools.entry(Tool::Rustic).or_default().failure = Some("it said no".to_owned());
        let text = table(&results, 1.0);
        assert!(text.contains("* Left out, list 5,000 snapshots: no room."), "{text}");
        assert!(text.contains("* rustic failed, forget and prune, a fifth to repack: it said no."));
        assert!(
            text.contains("Others kept up to 34 % of the machine busy, so these are noise: forget")
        );
    }
}
