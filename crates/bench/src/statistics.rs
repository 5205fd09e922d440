//! The arithmetic: medians, ratios of rounds, the serial share.

/// The middle of the values, or the mean of the two in the middle; `None` of none.
#[must_use]
pub fn median(values: &[f64]) -> Option<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    match sorted.len() {
        0 => None,
        count if count % 2 == 1 => Some(sorted[middle]),
        _ => Some(f64::midpoint(sorted[middle - 1], sorted[middle])),
    }
}

/// How many times as long theirs took as ours: the median of the rounds' ratios. What disturbed one
/// round disturbed both sides of its ratio. Rounds that one side does not have are left out.
#[must_use]
pub fn median_ratio(theirs: &[f64], ours: &[f64]) -> Option<f64> {
    let ratios: Vec<f64> = theirs
        .iter()
        .zip(ours)
        .filter(|(_, ours)| **ours > 0.0)
        .map(|(theirs, ours)| theirs / ours)
        .collect();
    median(&ratios)
}

/// The share of the work that does not spread over cores, by Amdahl's law, from the time on one core
/// and on `cores` of them. 0 is perfect, 1 gains nothing, more than 1 loses.
///
/// ```
/// use holdfast_bench::statistics::serial_share;
///
/// assert_eq!(serial_share(10.0, 5.0, 2), Some(0.0));
/// assert_eq!(serial_share(10.0, 10.0, 2), Some(1.0));
/// assert_eq!(serial_share(10.0, 6.0, 2), Some(0.2));
/// ```
#[must_use]
pub fn serial_share(one_core_seconds: f64, seconds: f64, cores: u32) -> Option<f64> {
    if cores < 2 || one_core_seconds <= 0.0 {
        return None;
    }
    let cores = f64::from(cores);
    // T(n) / T(1) = s + (1 - s) / n, solved for s.
    let share = (seconds / one_core_seconds * cores - 1.0) / (cores - 1.0);
    Some((share * 1e9).round() / 1e9)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_median_is_the_middle_whatever_the_order() {
        let cases: [(&[f64], Option<f64>); 5] = [
            (&[], None),
            (&[4.0], Some(4.0)),
            (&[9.0, 1.0, 2.0], Some(2.0)),
            (&[4.0, 1.0, 100.0, 2.0], Some(3.0)),
            (&[1.0, 1.0, 1.0, 50.0, 50.0], Some(1.0)),
        ];
        for (values, middle) in cases {
            assert_eq!(median(values), middle, "{values:?}");
        }
    }

    #[test]
    fn a_ratio_is_taken_round_by_round() {
        // The second round was disturbed for both: the ratio is as in the others.
        assert_eq!(median_ratio(&[6.0, 30.0, 6.0], &[2.0, 10.0, 2.0]), Some(3.0));
        assert_eq!(median_ratio(&[8.0, 6.0, 4.0], &[1.0, 2.0, 4.0]), Some(3.0));
    }

    #[test]
    fn a_round_that_one_side_lacks_says_nothing() {
        assert_eq!(median_ratio(&[4.0, 100.0], &[2.0]), Some(2.0));
        assert_eq!(median_ratio(&[], &[2.0]), None);
        assert_eq!(median_ratio(&[1.0], &[0.0]), None);
    }

    #[test]
    fn what_is_slower_on_more_cores_has_a_serial_share_above_one() {
        assert_eq!(serial_share(10.0, 11.0, 2), Some(1.2));
        assert_eq!(serial_share(10.0, 4.0, 4), Some(0.2));
        assert_eq!(serial_share(10.0, 10.0, 1), None);
    }
}
