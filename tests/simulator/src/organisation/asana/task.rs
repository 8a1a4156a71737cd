//! Tasks: when they were made and completed, when they are due, whose they are.

use super::Membership;
use super::Task;
use super::WorkspaceId;
use super::generate::Gids;
use crate::organisation::time::DAY;
use crate::organisation::time::HOUR;
use crate::organisation::time::MINUTE;
use crate::organisation::time::WEEK;
use crate::organisation::time::between;
use crate::organisation::time::plus;
use fastrand::Rng;
use jiff::SignedDuration;
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

/// When a task was made and when it was completed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Life {
    pub created_at: Timestamp,
    pub completed_at: Option<Timestamp>,
}

/// `at` moved by so many milliseconds.
pub fn plus_ms(at: Timestamp, milliseconds: i64) -> Timestamp {
    at.saturating_add(SignedDuration::from_millis(milliseconds)).unwrap_or(at)
}

/// Open, and made by now.
pub fn open(rng: &mut Rng, now: Timestamp) -> Life {
    let oldest = [DAY, 2 * WEEK, 90 * DAY, 500 * DAY][rng.usize(..4)];
    let back = between(rng, 1, oldest) * 1_000 + rng.i64(0..1_000);
    Life { created_at: plus_ms(now, -back), completed_at: None }
}

/// Completed within 30 days; two thirds of them within seven.
pub fn completed(rng: &mut Rng, now: Timestamp) -> Life {
    let (newest, oldest) = if rng.u8(..3) == 0 { (WEEK + 1, 30 * DAY - 1) } else { (1, WEEK - 1) };
    let at = plus_ms(now, -(between(rng, newest, oldest) * 1_000 - rng.i64(0..1_000)));
    Life { created_at: before(rng, at), completed_at: Some(at) }
}

/// Completed before those 30 days.
pub fn completed_before(rng: &mut Rng, now: Timestamp) -> Life {
    let at = plus(now, -between(rng, 30 * DAY + 1, 700 * DAY));
    Life { created_at: before(rng, at), completed_at: Some(at) }
}

fn before(rng: &mut Rng, at: Timestamp) -> Timestamp {
    let longest = [3 * HOUR, 5 * DAY, 80 * DAY][rng.usize(..3)];
    plus_ms(at, -(between(rng, MINUTE, longest) * 1_000 + rng.i64(0..1_000)))
}

/// Completed on the edges of the windows, all within 30 days.
pub fn completed_on_edges(now: Timestamp) -> [Life; 4] {
    let at = |back: i64| Life { created_at: plus(now, -40 * DAY), completed_at: Some(plus_ms(now, -back)) };
    [at(0), at(WEEK * 1_000 - 1), at(WEEK * 1_000), at(30 * DAY * 1_000 - 1)]
}

/// Made on the edges of a week, open.
pub fn created_on_edges(now: Timestamp) -> [Life; 3] {
    let at = |back: i64| Life { created_at: plus_ms(now, -back), completed_at: None };
    [at(0), at(WEEK * 1_000 - 1), at(WEEK * 1_000)]
}

/// Listed by Asana, and in no count: made or completed after now, or completed on the excluded edge of 30 days.
pub fn beyond(now: Timestamp) -> [Life; 5] {
    let life = |created: i64, completed: Option<i64>| Life {
        created_at: plus_ms(now, created),
        completed_at: completed.map(|ms| plus_ms(now, ms)),
    };
    let day = DAY * 1_000;
    [
        life(1, None),
        life(HOUR * 1_000, None),
        life(-3 * day, Some(1)),
        life(-20 * day, Some(MINUTE * 1_000)),
        life(-50 * day, Some(-30 * day)),
    ]
}

/// When it is due: the day, and the instant where there is one.
fn due(rng: &mut Rng, now: Timestamp) -> (Option<Date>, Option<Timestamp>) {
    let days = match rng.u8(..4) {
        0 => between(rng, -60, -1),
        1 => between(rng, 1, 40),
        // Today, and the edges of the week that begins with it.
        _ => [-1, 0, 0, 1, 6, 7, 8][rng.usize(..7)],
    };
    let midnight = plus(now, -(now.as_second().rem_euclid(DAY)) + days * DAY);
    match rng.u8(..5) {
        0 => (None, None),
        1 | 2 => {
            // Near midnight of one zone or another, so that the day depends on the zone.
            let zone = [0, -14, -11, -8, -4, 1, 2, 5, 9, 12][rng.usize(..10)] * HOUR;
            let off = [-1, 0, 1, -20 * MINUTE, 20 * MINUTE, 5 * HOUR][rng.usize(..6)];
            let at = plus(midnight, zone + off);
            // Who set it sat eight hours west of Greenwich: the day is another one than elsewhere.
            (Some(day(plus(at, -8 * HOUR))), Some(at))
        }
        _ => (Some(day(midnight)), None),
    }
}

fn day(at: Timestamp) -> Date {
    at.to_zoned(TimeZone::UTC).date()
}

const VERBS: [&str; 6] = ["Fix", "Write", "Review", "Plan", "Remove", "Measure"];
const THINGS: [&str; 6] = ["the login page", "the loader", "the budget", "the quotas", "the guide", "the alerts"];

/// A task that is in these projects.
pub fn task(
    rng: &mut Rng,
    gids: &mut Gids,
    people: usize,
    now: Timestamp,
    workspace: WorkspaceId,
    life: Life,
    memberships: Vec<Membership>,
) -> Task {
    let (due_on, due_at) = due(rng, now);
    let subtype = match rng.u8(..20) {
        0 | 1 => "milestone",
        2 => "approval",
        3 => "custom",
        _ => "default_task",
    };
    // One in six was moved to another section since; the listing shows only where it is now.
    let moved = (rng.u8(..6) == 0).then(|| plus(now, -between(rng, 1, DAY)));
    let modified_at = [Some(life.created_at), life.completed_at, moved].into_iter().flatten().max();
    Task {
        gid: gids.next(),
        name: format!("{} {}", VERBS[rng.usize(..6)], THINGS[rng.usize(..6)]),
        subtype: subtype.to_owned(),
        is_separator: false,
        workspace,
        assignee: (rng.u8(..5) != 0).then(|| rng.usize(..people)),
        created_by: rng.usize(..people),
        created_at: life.created_at,
        completed_at: life.completed_at,
        modified_at: modified_at.unwrap_or(life.created_at),
        due_on,
        due_at,
        parent: None,
        memberships,
    }
}
