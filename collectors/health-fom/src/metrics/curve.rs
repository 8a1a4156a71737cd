//! Curves: from a value to a score between 0 and 1.

use std::fmt;

/// How a value becomes a score. Its numbers are finite and make sense together: the declaration was checked.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Curve {
    /// `clamp((x - worst) / (best - worst), 0, 1)`; worst may exceed best.
    Ramp {
        /// The value that scores 0.
        worst: f64,
        /// The value that scores 1.
        best: f64,
    },
    /// 1 when the value is 1 or more, else 0: a share of a state that did not always hold is no good state.
    Flag,
    /// A constant below `from`, 1 from `from` to `to`, above it a ramp down to 0 at `worst`.
    Band {
        /// The score below the band.
        below: f64,
        /// Where the band begins.
        from: f64,
        /// Where it ends.
        to: f64,
        /// The value above the band that scores 0.
        worst: f64,
    },
}

/// Which values score at least so much.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Reach {
    /// This or more.
    AtLeast(f64),
    /// This or less.
    AtMost(f64),
    /// From the first to the second.
    Between(f64, f64),
}

impl Curve {
    /// The score of a value, 0 to 1.
    pub fn at(self, x: f64) -> f64 {
        match self {
            Curve::Ramp { worst, best } => ((x - worst) / (best - worst)).clamp(0.0, 1.0),
            Curve::Flag => f64::from(x >= 1.0),
            Curve::Band { below, from, .. } if x < from => below,
            Curve::Band { to, .. } if x <= to => 1.0,
            Curve::Band { to, worst, .. } => Curve::Ramp { worst, best: to }.at(x),
        }
    }

    /// The values that score at least `score`, which is above 0 and at most 1. Of a band whose lower part scores enough
    /// too, that which ends at the same value.
    pub fn reach(self, score: f64) -> Reach {
        match self {
            Curve::Ramp { worst, best } if worst < best => Reach::AtLeast(worst + (best - worst) * score),
            Curve::Ramp { worst, best } => Reach::AtMost(worst + (best - worst) * score),
            Curve::Flag => Reach::AtLeast(1.0),
            Curve::Band { below, from, to, worst } => {
                let end = worst + (to - worst) * score;
                if below >= score { Reach::AtMost(end) } else { Reach::Between(from, end) }
            }
        }
    }
}

impl fmt::Display for Curve {
    /// As it is read in a catalog: `50 scores 0, 95 scores 1`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Curve::Ramp { worst, best } => write!(f, "{worst} scores 0, {best} scores 1"),
            Curve::Flag => write!(f, "1 scores 1, less scores 0"),
            Curve::Band { below, from, to, worst } => {
                write!(f, "below {from} scores {below}, {from} to {to} scores 1, {worst} scores 0")
            }
        }
    }
}

impl fmt::Display for Reach {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Reach::AtLeast(value) => write!(f, "at least {}", short(*value)),
            Reach::AtMost(value) => write!(f, "at most {}", short(*value)),
            Reach::Between(from, to) => write!(f, "from {} to {}", short(*from), short(*to)),
        }
    }
}

/// A number without the noise of its last digits.
pub fn short(value: f64) -> String {
    let text = format!("{value:.3}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    // What rounds to nothing is not nothing.
    if value != 0.0 && text.trim_start_matches('-') == "0" { format!("{value:.1e}") } else { text.to_owned() }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn ramps_rise_and_fall_between_their_points() {
        let rising = Curve::Ramp { worst: 50.0, best: 95.0 };
        let falling = Curve::Ramp { worst: 10.0, best: 3.0 };
        for (curve, x, score) in [
            (rising, 0.0, 0.0),
            (rising, 50.0, 0.0),
            (rising, 72.5, 0.5),
            (rising, 95.0, 1.0),
            (rising, 100.0, 1.0),
            (falling, 11.0, 0.0),
            (falling, 10.0, 0.0),
            (falling, 6.5, 0.5),
            (falling, 3.0, 1.0),
            (falling, 0.0, 1.0),
            (Curve::Flag, 0.0, 0.0),
            (Curve::Flag, 0.999, 0.0),
            (Curve::Flag, 1.0, 1.0),
        ] {
            assert_eq!(curve.at(x), score, "{curve:?} at {x}");
        }
    }

    #[test]
    fn a_band_is_flat_below_whole_inside_and_falls_above() {
        let band = Curve::Band { below: 0.3, from: 1.0, to: 8.0, worst: 16.0 };
        for (x, score) in [(0.0, 0.3), (0.999, 0.3), (1.0, 1.0), (8.0, 1.0), (12.0, 0.5), (16.0, 0.0), (99.0, 0.0)] {
            assert_eq!(band.at(x), score, "{x}");
        }
    }

    fn any_curve() -> impl Strategy<Value = Curve> {
        let number = || -1e6..1e6;
        prop_oneof![
            (number(), number())
                .prop_filter("a ramp has two ends", |(worst, best)| worst != best)
                .prop_map(|(worst, best)| Curve::Ramp { worst, best }),
            Just(Curve::Flag),
            (0.0..=1.0, number(), 0.0..1e6, 1e-3..1e6).prop_map(|(below, from, wide, fall)| Curve::Band {
                below,
                from,
                to: from + wide,
                worst: from + wide + fall,
            }),
        ]
    }

    proptest! {
        #[test]
        fn every_score_lies_between_0_and_1(curve in any_curve(), x in -1e9..1e9) {
            prop_assert!((0.0..=1.0).contains(&curve.at(x)));
        }

        #[test]
        fn ramps_and_flags_are_monotone_and_a_band_on_each_side(curve in any_curve(), x in -1e7..1e7, more in 0.0..1e7) {
            let (one, other) = (curve.at(x), curve.at(x + more));
            match curve {
                Curve::Ramp { worst, best } if worst > best => prop_assert!(one >= other),
                Curve::Ramp { .. } | Curve::Flag => prop_assert!(one <= other),
                Curve::Band { to, .. } if x + more <= to => prop_assert!(one <= other),
                Curve::Band { from, .. } if x >= from => prop_assert!(one >= other),
                Curve::Band { .. } => {}
            }
        }

        #[test]
        fn what_is_said_to_reach_a_score_does(curve in any_curve(), score in 0.01..1.0) {
            // The last digits of a value are lost on the way to the score and back.
            let near = |x: f64| curve.at(x) >= score - 1e-6;
            let step = |x: f64| 1e-9 * x.abs().max(1.0);
            match curve.reach(score) {
                Reach::AtLeast(x) => prop_assert!(near(x + step(x))),
                Reach::AtMost(x) => prop_assert!(near(x - step(x))),
                Reach::Between(from, to) => prop_assert!(near(from) && near((to - step(to)).max(from))),
            }
        }
    }

    #[test]
    fn numbers_are_short_and_never_nothing() {
        for (value, text) in [(0.0, "0"), (3.5, "3.5"), (72.0, "72"), (1.0 / 3.0, "0.333"), (0.0001, "1.0e-4")] {
            assert_eq!(short(value), text);
        }
    }
}
