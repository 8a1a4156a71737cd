//! Intervals of creation time, cut so small that GitHub lists each whole.

use collector::Failure;
use collector::Reason;
use jiff::Timestamp;

use crate::records::Run;

/// Runs that GitHub lists of any filtered listing at most. A total of just so many may be a total cut short.
pub(super) const CAP: usize = 1000;

/// Runs that are believed, of a week or waiting: GitHub's largest quota, 15,000 requests an hour, could just about list
/// them.
pub(super) const MOST: usize = 1_000_000;

/// Runs that a cut slice is meant to have: some way below the cap, because runs are not spread evenly.
pub(super) const AIM: usize = 700;

/// How many runs the parts of a slice of `total` may hold together: a little more, for those that were not yet in GitHub's
/// index, or any number, where the total may be cut short.
pub(super) fn allowed(total: usize) -> usize {
    if total == CAP { MOST } else { total + total / 10 }
}

/// A closed interval of whole seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Slice {
    pub first: i64,
    pub last: i64,
}

impl Slice {
    /// Equal parts for `total` runs; none when it is one second, which cannot be cut.
    pub fn cut(self, total: usize) -> Option<Vec<Slice>> {
        let seconds = self.last - self.first + 1;
        let parts = i64::try_from(total.div_ceil(AIM)).ok()?.max(2).min(seconds);
        let start = |part: i64| self.first + (seconds as i128 * part as i128 / parts.max(1) as i128) as i64;
        (seconds > 1).then(|| (0..parts).map(|part| Slice { first: start(part), last: start(part + 1) - 1 }).collect())
    }

    /// Whether a run was created in it.
    pub fn holds(self, run: &Run) -> bool {
        (self.first..=self.last).contains(&run.created_at.as_second())
    }

    /// The value of the `created` parameter.
    pub fn created(self) -> Result<String, Failure> {
        let time = |second: i64| Timestamp::from_second(second).map(|at| at.to_string().replace(':', "%3A"));
        match (time(self.first), time(self.last)) {
            (Ok(first), Ok(last)) => Ok(format!("{first}..{last}")),
            _ => Err(Failure::new(Reason::Other, "read workflow runs", "the window lies outside of time")),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn one_second_cannot_be_cut() {
        assert_eq!(Slice { first: 5, last: 5 }.cut(2000), None);
        let halves = Slice { first: 5, last: 6 }.cut(20_000).unwrap();
        assert_eq!(halves, [Slice { first: 5, last: 5 }, Slice { first: 6, last: 6 }]);
    }

    #[test]
    fn is_written_encoded() {
        let created = Slice { first: 0, last: 59 }.created().unwrap();
        assert_eq!(created, "1970-01-01T00%3A00%3A00Z..1970-01-01T00%3A00%3A59Z");
    }

    proptest! {
        #[test]
        fn parts_cover_the_whole_once(first in -10_000i64..10_000, seconds in 2i64..700_000, total in 1001usize..50_000) {
            let whole = Slice { first, last: first + seconds - 1 };
            let parts = whole.cut(total).unwrap();
            prop_assert!(parts.len() >= 2);
            prop_assert_eq!(parts[0].first, whole.first);
            prop_assert_eq!(parts[parts.len() - 1].last, whole.last);
            for pair in parts.windows(2) {
                prop_assert_eq!(pair[0].last + 1, pair[1].first);
            }
            prop_assert!(parts.iter().all(|part| part.first <= part.last));
        }
    }
}
