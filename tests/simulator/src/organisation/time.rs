//! Instants by whole seconds around the organisation's own.

use fastrand::Rng;
use jiff::SignedDuration;
use jiff::Timestamp;

pub const MINUTE: i64 = 60;
pub const HOUR: i64 = 60 * MINUTE;
pub const DAY: i64 = 24 * HOUR;
pub const WEEK: i64 = 7 * DAY;

/// `at` moved by so many seconds; saturates, which no generated instant comes near.
pub fn plus(at: Timestamp, seconds: i64) -> Timestamp {
    at.saturating_add(SignedDuration::from_secs(seconds)).unwrap_or(at)
}

/// `at` without its fraction of a second.
pub fn whole(at: Timestamp) -> Timestamp {
    Timestamp::from_second(at.as_second()).unwrap_or(at)
}

/// A number of seconds between the two, both included.
pub fn between(rng: &mut Rng, low: i64, high: i64) -> i64 {
    rng.i64(low..=high.max(low))
}

/// Instants for `count` things in the window of a week up to `now`, of which the first two lie on its edges
/// (at `now`, and one second after its start), so that an off-by-one in either shows.
pub fn in_week(rng: &mut Rng, now: Timestamp, count: usize) -> Vec<Timestamp> {
    let mut out = Vec::with_capacity(count);
    for i in 0..count {
        let back = match i {
            0 if count > 2 => 0,
            1 if count > 2 => WEEK - 1,
            _ => between(rng, 1, WEEK - 2),
        };
        out.push(plus(now, -back));
    }
    out
}

/// Instants before that window; the first lies exactly on its excluded edge.
pub fn before_week(rng: &mut Rng, now: Timestamp, count: usize, oldest: i64) -> Vec<Timestamp> {
    let pick = |i: usize, rng: &mut Rng| match i {
        0 => WEEK,
        1 => WEEK + 1,
        _ => between(rng, WEEK + 2, oldest),
    };
    (0..count).map(|i| plus(now, -pick(i, rng))).collect()
}
