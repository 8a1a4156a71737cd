//! Projects: names, sections, statuses.

use super::Project;
use super::Section;
use super::StatusUpdate;
use super::WorkspaceId;
use super::generate::Gids;
use crate::organisation::time::DAY;
use crate::organisation::time::between;
use crate::organisation::time::plus;
use fastrand::Rng;
use jiff::Timestamp;
use jiff::tz::TimeZone;

const NAMES: [&str; 12] = [
    "Website",
    "Bugs",
    "Platform",
    "Onboarding",
    "Hiring",
    "Launch",
    "Research",
    "Support",
    "Budget",
    "Migration",
    "Security",
    "Events",
];
const STATUSES: [&str; 6] = ["on_track", "at_risk", "off_track", "on_hold", "complete", "dropped"];
/// Ordinary projects have sections of the names that mean something in the project of bugs alone.
const SECTIONS: [&str; 6] = ["To do", "Doing", "Triage", "Active", "Backlog", "Done"];
/// Names that a rule by whole words is about, and names that only look so.
const BUG_SECTIONS: [&str; 14] = [
    "Triage",
    "Re-triage",
    "ACTIVE work",
    "Backlog",
    "Active / Triage",
    "Inactive",
    "backlog_old",
    "triage/backlog",
    "backlog: active",
    "Prétriage",
    "Triage2",
    "Proactive, backlogged",
    "Waiting for the reporter",
    "Untitled section",
];

/// What is odd about a project.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Ordinary,
    Bugs,
    Archived,
    /// Not to be seen by the token's user.
    Private,
}

pub fn project(
    rng: &mut Rng,
    gids: &mut Gids,
    people: usize,
    now: Timestamp,
    index: usize,
    workspace: WorkspaceId,
    kind: Kind,
) -> Project {
    let round = index / NAMES.len();
    let name = match (kind, round) {
        (Kind::Bugs, _) => "Bugs".to_owned(),
        (Kind::Archived, _) => format!("{} (2024)", NAMES[index % NAMES.len()]),
        (_, 0) => NAMES[index].to_owned(),
        _ => format!("{} {}", NAMES[index % NAMES.len()], round + 1),
    };
    let created_at = plus(now, -between(rng, 40 * DAY, 900 * DAY));
    let sections: &[&str] = if kind == Kind::Bugs { &BUG_SECTIONS } else { &SECTIONS[..rng.usize(1..=6)] };
    let section = |gids: &mut Gids, name: &&str| Section { gid: gids.next(), name: (*name).to_owned() };
    let statuses = statuses(rng, gids, people, now);
    // Completed and yet not archived: Asana keeps the two apart.
    let is_complete = statuses.last().is_some_and(|s| s.status_type == "complete") && rng.bool();
    let due_at = rng.bool().then(|| plus(now, between(rng, -30 * DAY, 90 * DAY)));
    Project {
        gid: gids.next(),
        name,
        workspace,
        archived: kind == Kind::Archived,
        completed_at: is_complete.then(|| plus(now, -DAY)),
        is_visible: kind != Kind::Private,
        created_at,
        due_on: due_at.map(|at| at.to_zoned(TimeZone::UTC).date()),
        owner: (rng.u8(..6) != 0).then(|| rng.usize(..people)),
        sections: sections.iter().map(|name| section(gids, name)).collect(),
        statuses,
    }
}

/// None, or some of any kind: what counts is the last one alone.
fn statuses(rng: &mut Rng, gids: &mut Gids, people: usize, now: Timestamp) -> Vec<StatusUpdate> {
    let count = if rng.u8(..5) == 0 { 0 } else { rng.usize(1..=3) };
    let mut statuses = Vec::new();
    for i in 0..count {
        // The first three are the common ones.
        let kind = if rng.u8(..4) == 0 { rng.usize(..STATUSES.len()) } else { rng.usize(..3) };
        statuses.push(StatusUpdate {
            gid: gids.next(),
            status_type: STATUSES[kind].to_owned(),
            title: format!("Week {}", i + 1),
            author: rng.usize(..people),
            created_at: plus(now, -((count - i) as i64) * 7 * DAY + between(rng, 0, DAY)),
        });
    }
    statuses
}
