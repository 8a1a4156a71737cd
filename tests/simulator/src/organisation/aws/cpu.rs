//! How busy an instance was.
//!
//! CloudWatch stamps a point with the start of its five minutes, and a point comes late. So that no choice of the hour's
//! edges changes the answer, a machine keeps its habit for longer than the hour, and no mean is near the threshold.

use crate::organisation::time::MINUTE;
use crate::organisation::time::plus;
use fastrand::Rng;
use jiff::Timestamp;

const PERIOD: i64 = 5 * MINUTE;
/// Before this the habit was the opposite one.
const CHANGE: i64 = 75 * MINUTE;

/// The points of the two hours before `now`, of an instance that was launched then.
pub fn points(rng: &mut Rng, launched: Timestamp, now: Timestamp) -> Vec<(Timestamp, f64)> {
    // Which points there are, as seconds before `now`.
    let (oldest, newest) = match rng.u8(..12) {
        // None at all: monitoring that failed, or an instance that has never reported.
        0 => return Vec::new(),
        // None within the hour.
        1 => (CHANGE + 40 * MINUTE, CHANGE),
        // A few, well within the hour.
        2 => (50 * MINUTE, 30 * MINUTE),
        // The newest is still to come.
        3..=7 => (120 * MINUTE, 10 * MINUTE),
        _ => (120 * MINUTE, 0),
    };
    let is_idle = rng.u8(..5) < 2;
    // Some points lie on the other side of the default threshold of 5 %, their mean does not.
    let pattern: [f64; 4] = match (is_idle, rng.u8(..4)) {
        (true, 0) => [0.0, 0.0, 0.0, 0.0],
        (true, 1) => [0.4, 6.5, 0.6, 0.9],
        (true, _) => [1.5, 2.25, 1.0, 3.0],
        (false, 0) => [100.0, 100.0, 99.5, 100.0],
        (false, 1) => [4.0, 30.0, 2.5, 25.0],
        (false, _) => [40.0, 62.5, 35.0, 50.25],
    };
    let start = plus(now, -oldest).max(launched).as_second();
    let first = start + (PERIOD - start.rem_euclid(PERIOD)) % PERIOD;
    let end = plus(now, -newest).as_second();
    let change = plus(now, -CHANGE).as_second();
    let mut out = Vec::new();
    let mut second = first;
    while second <= end {
        let usual = pattern[(second / PERIOD).rem_euclid(4) as usize];
        let value = match (second < change, is_idle) {
            (false, _) => usual,
            (true, true) => 95.0,
            (true, false) => 0.5,
        };
        out.extend(Timestamp::from_second(second).map(|at| (at, value)));
        second += PERIOD;
    }
    out
}
