//! How figures are written, and whether a row reaches what it is to reach.

use crate::results::RowResult;
use crate::rows::{Bound, Row};
use crate::tools::Tool;

/// What stands where there is no figure.
pub(super) const NONE: &str = "–";

/// A time.
pub(super) fn seconds(seconds: f64) -> String {
    match seconds {
        long if long >= 100.0 => format!("{long:.0} s"),
        middle if middle >= 10.0 => format!("{middle:.1} s"),
        short => format!("{short:.2} s"),
    }
}

/// An amount of memory or storage.
#[allow(clippy::cast_precision_loss, reason = "three digits are shown")]
pub(super) fn bytes(bytes: u64) -> String {
    match bytes as f64 {
        gigabytes if gigabytes >= 1e9 => format!("{:.2} GB", gigabytes / 1e9),
        megabytes if megabytes >= 1e7 => format!("{:.0} MB", megabytes / 1e6),
        megabytes if megabytes >= 1e5 => format!("{:.1} MB", megabytes / 1e6),
        few => format!("{few} B"),
    }
}

/// A ratio beside its floor, with a sign that says whether it is reached.
pub(super) fn ratio(ratio: Option<f64>, floor: Option<f64>) -> String {
    match (ratio, floor) {
        (None, None) => NONE.to_owned(),
        (None, Some(floor)) => format!("{NONE} (≥ {floor})"),
        (Some(ratio), None) => format!("{ratio:.2}"),
        (Some(ratio), Some(floor)) => format!("{} {ratio:.2} (≥ {floor})", sign(ratio >= floor)),
    }
}

/// What a bound came to; `None` without a figure.
#[allow(clippy::cast_precision_loss, reason = "three digits are shown")]
pub(super) fn bound(bound: Bound, result: &RowResult) -> Option<(bool, String)> {
    let ours = result.tools.get(&Tool::Holdfast)?;
    Some(match bound {
        Bound::PeakBytes(most) => {
            let peak = ours.peak_bytes()?;
            (peak <= most, format!("memory {} (≤ {})", bytes(peak), bytes(most)))
        }
        Bound::RepositoryByRestics(most) => {
            let theirs = result.tools.get(&Tool::Restic)?.repository_bytes?;
            let share = ours.repository_bytes? as f64 / theirs as f64;
            (share <= most, format!("repository {share:.3} of restic's (≤ {most})"))
        }
        Bound::Seconds(most) => {
            let taken = ours.wall_seconds()?;
            (taken <= most, format!("{} (≤ {most} s)", seconds(taken)))
        }
        Bound::PeakBytesPerBlob(most) => {
            let each = ours.peak_bytes()? as f64 / (10e6 * result.scale);
            (each <= most, format!("{each:.0} bytes of memory a blob (≤ {most})"))
        }
    })
}

/// True if everything is reached that the row asks for; `None` if it asks for nothing, or a figure
/// is missing.
pub(super) fn is_met(row: &Row, result: &RowResult) -> Option<bool> {
    let floors = [(Tool::Restic, row.restic_floor), (Tool::Rustic, row.rustic_floor)];
    let floors = floors.into_iter().filter_map(|(tool, floor)| Some((tool, floor?)));
    let met = floors.map(|(tool, floor)| result.ratio_to(tool).map(|ratio| ratio >= floor));
    let kept = row.bounds.iter().map(|one| bound(*one, result).map(|(kept, _)| kept));
    let all: Vec<bool> = met.chain(kept).collect::<Option<_>>()?;
    if all.is_empty() { None } else { Some(all.into_iter().all(|met| met)) }
}

/// Reached, or not.
pub(super) const fn sign(is_met: bool) -> &'static str {
    if is_met { "✓" } else { "✗" }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::results::{Run, Runs};
    use crate::rows;

    /// A row's result in which ours took one second and 100 MB, and restic and rustic so long.
    pub(crate) fn result(restic: f64, rustic: f64) -> RowResult {
        let runs = |wall_seconds| Runs {
            runs: vec![Run { wall_seconds, cpu_seconds: 1.0, peak_bytes: 100_000_000 }],
            repository_bytes: Some(1000),
            failure: None,
        };
        RowResult {
            scale: 1.0,
            tools: [
                (Tool::Holdfast, runs(1.0)),
                (Tool::Restic, runs(restic)),
                (Tool::Rustic, runs(rustic)),
            ]
            .into(),
            ..RowResult::default()
        }
    }

    #[test]
    fn a_floor_is_reached_from_its_value_on() {
        assert_eq!(ratio(Some(3.5), Some(3.5)), "✓ 3.50 (≥ 3.5)");
        assert_eq!(ratio(Some(3.49), Some(3.5)), "✗ 3.49 (≥ 3.5)");
        assert_eq!(ratio(Some(2.0), None), "2.00");
        assert_eq!(ratio(None, Some(3.5)), "– (≥ 3.5)");
    }

    #[test]
    fn a_row_is_met_only_if_each_of_its_floors_and_bounds_is() {
        let row = rows::named("backup-random").expect("a row");
        assert_eq!(is_met(row, &result(3.5, 2.5)), Some(true));
        assert_eq!(is_met(row, &result(3.4, 2.5)), Some(false));
        assert_eq!(is_met(row, &result(3.5, 2.4)), Some(false));
        let mut much = result(9.0, 9.0);
        much.tools.get_mut(&Tool::Holdfast).expect("there").runs[0].peak_bytes = 300_000_000;
        assert_eq!(is_met(row, &much), Some(false));
        let mut without = result(9.0, 9.0);
        without.tools.remove(&Tool::Rustic);
        assert_eq!(is_met(row, &without), None);
        assert_eq!(is_met(rows::named("backup-image").expect("a row"), &without), None);
    }

    #[test]
    fn memory_a_blob_counts_the_blobs_that_there_were() {
        let mut small = result(1.0, 1.0);
        small.scale = 0.1;
        let (kept, said) = bound(Bound::PeakBytesPerBlob(40.0), &small).expect("figures");
        assert!(!kept && said.starts_with("100 bytes"), "{said}");
    }

    #[test]
    fn figures_have_about_three_digits() {
        assert_eq!([seconds(0.123), seconds(12.34), seconds(123.4)], ["0.12 s", "12.3 s", "123 s"]);
        assert_eq!([bytes(2_345_000_000), bytes(256_000_000)], ["2.35 GB", "256 MB"]);
        assert_eq!([bytes(1_234_567), bytes(12)], ["1.2 MB", "12 B"]);
    }
}
