//! The chart: a bar for each ratio, a tick for each floor. Plain SVG that suits light and dark pages.

use std::fmt::Write;

use crate::results::{Results, RowResult};
use crate::rows::{Kind, ROWS, Row};
use crate::tools::Tool;

const WIDTH: f64 = 860.0;
const TITLES_WIDTH: f64 = 290.0;
const RIGHT: f64 = 60.0;
const BAR: f64 = 9.0;
const ROW: f64 = 30.0;
const TOP: f64 = 50.0;

/// The chart of all ratios that there are.
#[must_use]
pub fn chart(results: &Results) -> String {
    let rows: Vec<(&Row, &RowResult)> = ROWS
        .iter()
        .filter(|row| !matches!(row.kind, Kind::OnCores(_)))
        .filter_map(|row| Some((row, results.rows.get(row.name)?)))
        .filter(|(_, result)| result.ratio_to(Tool::Restic).is_some())
        .collect();
    let most = rows.iter().flat_map(|(row, result)| values(row, result)).fold(2.0, f64::max);
    let scale = Scale { most };
    #[allow(clippy::cast_precision_loss, reason = "some dozens")]
    let height = TOP + ROW * rows.len() as f64 + 20.0;
    let mut out = opening(height);
    for value in scale.marks() {
        let x = scale.x(value);
        let bottom = height - 20.0;
        let _ = writeln!(
            out,
            "<path class=\"grid\" d=\"M{x:.1} {TOP}V{bottom:.1}\"/>\
             <text class=\"small\" x=\"{x:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{value}</text>",
            height - 6.0
        );
    }
    for (number, (row, result)) in rows.iter().enumerate() {
        #[allow(clippy::cast_precision_loss, reason = "some dozens")]
        let y = TOP + ROW * number as f64 + 4.0;
        let _ = writeln!(
            out,
            "<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{}</text>",
            TITLES_WIDTH - 10.0,
            y + BAR + 4.0,
            escaped(row.title)
        );
        bar(&mut out, scale, y, "restic", result.ratio_to(Tool::Restic), row.restic_floor);
        let below = y + BAR + 2.0;
        bar(&mut out, scale, below, "rustic", result.ratio_to(Tool::Rustic), row.rustic_floor);
    }
    out + "</svg>\n"
}

#[derive(Clone, Copy)]
struct Scale {
    most: f64,
}

impl Scale {
    fn x(self, value: f64) -> f64 {
        TITLES_WIDTH + value / self.most * (WIDTH - TITLES_WIDTH - RIGHT)
    }

    /// Round values, at most ten.
    fn marks(self) -> Vec<f64> {
        let step = [1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0];
        let step = step.into_iter().find(|step| self.most / step <= 10.0).unwrap_or(500.0);
        let mut marks = Vec::new();
        let mut value = 0.0;
        while value <= self.most {
            marks.push(value);
            value += step;
        }
        marks
    }
}

fn values(row: &Row, result: &RowResult) -> Vec<f64> {
    let ratios = [result.ratio_to(Tool::Restic), result.ratio_to(Tool::Rustic)];
    ratios.into_iter().chain([row.restic_floor, row.rustic_floor]).flatten().collect()
}

fn opening(height: f64) -> String {
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" \
         font-family=\"system-ui, sans-serif\" font-size=\"13\">\n\
         <title>How many times as long as Holdfast the others take</title>\n\
         <style>\n\
         text {{ fill: #24292f }} .small {{ font-size: 11px }}\n\
         .restic {{ fill: #2f6f9f }} .rustic {{ fill: #c27c2c }}\n\
         .grid {{ stroke: #8884; fill: none }}\n\
         .floor {{ stroke: #24292f; stroke-width: 2 }}\n\
         @media (prefers-color-scheme: dark) {{\n\
         text {{ fill: #d5dbe1 }} .floor {{ stroke: #d5dbe1 }}\n\
         }}\n</style>\n\
         <text x=\"10\" y=\"20\" font-size=\"15\">Time of the others by Holdfast's</text>\n\
         <rect class=\"restic\" x=\"{TITLES_WIDTH}\" y=\"10\" width=\"12\" height=\"12\"/>\
         <text x=\"{:.0}\" y=\"20\">restic</text>\
         <rect class=\"rustic\" x=\"{:.0}\" y=\"10\" width=\"12\" height=\"12\"/>\
         <text x=\"{:.0}\" y=\"20\">rustic</text>\
         <path class=\"floor\" d=\"M{:.0} 9v14\"/>\
         <text x=\"{:.0}\" y=\"20\">to be reached</text>\n",
        TITLES_WIDTH + 18.0,
        TITLES_WIDTH + 80.0,
        TITLES_WIDTH + 98.0,
        TITLES_WIDTH + 162.0,
        TITLES_WIDTH + 170.0,
    )
}

fn bar(
    out: &mut String,
    scale: Scale,
    y: f64,
    class: &str,
    ratio: Option<f64>,
    floor: Option<f64>,
) {
    if let Some(ratio) = ratio {
        let end = scale.x(ratio);
        // A tick just behind the bar's end stands between it and its figure.
        let tick =
            floor.map(|floor| scale.x(floor)).filter(|x| (end - 2.0..end + 30.0).contains(x));
        let _ = writeln!(
            out,
            "<rect class=\"{class}\" x=\"{TITLES_WIDTH}\" y=\"{y:.1}\" width=\"{:.1}\" \
             height=\"{BAR}\"/><text class=\"small\" x=\"{:.1}\" y=\"{:.1}\">{ratio:.1}</text>",
            end - TITLES_WIDTH,
            tick.unwrap_or(end) + 6.0,
            y + BAR - 0.5,
        );
    }
    if let Some(floor) = floor {
        let x = scale.x(floor);
        let _ =
            writeln!(out, "<path class=\"floor\" d=\"M{x:.1} {:.1}v{:.1}\"/>", y - 1.0, BAR + 2.0);
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::results::{Run, Runs};

    fn chart_of(ours: f64, restic: f64) -> String {
        let runs = |wall_seconds| Runs {
            runs: vec![Run { wall_seconds, cpu_seconds: 1.0, peak_bytes: 1 }],
            ..Runs::default()
        };
        let tools = [(Tool::Holdfast, runs(ours)), (Tool::Restic, runs(restic))].into();
        let result = RowResult { scale: 1.0, tools, ..RowResult::default() };
        let rows = [("backup-random".to_owned(), result)].into();
        chart(&Results { rows, ..Results::default() })
    }

    #[test]
    fn a_bar_is_as_long_as_its_ratio() {
        let width = |chart: &str| -> f64 {
            let bar = chart
                .lines()
                .find(|line| line.starts_with("<rect class=\"restic\" x=\"290\" y=\"54"));
            let bar = bar.expect("a bar").split("width=\"").nth(1).expect("a width");
            bar.split('"').next().expect("a number").parse().expect("a number")
        };
        let (four, eight) = (width(&chart_of(1.0, 4.0)), width(&chart_of(1.0, 8.0)));
        // The longest bar fills the chart; of 4, the longest is the bar itself, too.
        assert!((four - eight).abs() < 0.2, "{four} {eight}");
        // Of 1.75 it is half as long as its floor, 3.5.
        let half = width(&chart_of(1.0, 1.75));
        assert!((half * 2.0 - four).abs() < 0.3, "{half} {four}");
    }

    #[test]
    fn a_row_without_a_ratio_has_no_bar() {
        let empty = chart(&Results::default());
        assert!(!empty.contains("backup"));
        assert!(chart_of(1.0, 4.0).contains("backup, 2 GB of random bytes"));
    }
}
