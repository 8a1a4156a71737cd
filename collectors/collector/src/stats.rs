//! Mean and percentile, as the metric specification defines them.

/// Arithmetic mean; none of an empty sample.
pub fn mean(sample: &[f64]) -> Option<f64> {
    match sample.len() {
        0 => None,
        n => Some(sample.iter().sum::<f64>() / n as f64),
    }
}

/// Percentile by linear interpolation between closest ranks: rank = p/100 * (n - 1) on the sorted sample (Hyndman and
/// Fan's type 7, "inclusive"). `p` is 0 to 100. None of an empty sample.
pub fn percentile(sample: &[f64], p: f64) -> Option<f64> {
    let mut sorted = sample.to_vec();
    sorted.sort_by(f64::total_cmp);
    let last = sorted.len().checked_sub(1)?;
    let rank = p / 100.0 * last as f64;
    let below = (rank.floor() as usize).min(last);
    let above = (below + 1).min(last);
    let (low, high) = (sorted[below], sorted[above]);
    Some(low + (high - low) * (rank - below as f64))
}

/// `part` of `whole` in percent; none when `whole` is 0.
pub fn percent(part: f64, whole: f64) -> Option<f64> {
    (whole != 0.0).then(|| part / whole * 100.0)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn percentiles_by_hand() {
        assert_eq!(percentile(&[], 50.0), None);
        assert_eq!(percentile(&[7.0], 99.0), Some(7.0));
        assert_eq!(percentile(&[3.0, 1.0], 50.0), Some(2.0));
        assert_eq!(percentile(&[4.0, 1.0, 3.0, 2.0], 50.0), Some(2.5));
        assert_eq!(percentile(&[1.0, 2.0, 3.0, 4.0, 5.0], 90.0), Some(4.6));
        assert_eq!(percentile(&[1.0, 2.0], 100.0), Some(2.0));
    }

    #[test]
    fn nothing_has_no_mean_and_no_share() {
        assert_eq!(mean(&[]), None);
        assert_eq!(mean(&[1.0, 2.0]), Some(1.5));
        assert_eq!(percent(1.0, 0.0), None);
        assert_eq!(percent(1.0, 4.0), Some(25.0));
    }

    proptest! {
        #[test]
        fn percentile_lies_within_the_sample_and_ignores_order(
            mut sample in prop::collection::vec(-1e6..1e6f64, 1..50), p in 0.0..=100.0f64,
        ) {
            let value = percentile(&sample, p).unwrap_or(f64::NAN);
            let low = sample.iter().copied().fold(f64::INFINITY, f64::min);
            let high = sample.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            prop_assert!(low - 1e-9 <= value && value <= high + 1e-9);
            sample.reverse();
            prop_assert_eq!(percentile(&sample, p), Some(value));
        }
    }
}
