//! Puts the projects together.

use super::History;
use super::Project;
use super::Sweep;
use super::User;
use super::Wandb;
use super::WandbScale;
use super::runs;
use crate::organisation::time::DAY;
use crate::organisation::time::WEEK;
use crate::organisation::time::plus;
use crate::organisation::time::whole;
use fastrand::Rng;
use jiff::Timestamp;

/// What is odd about a project.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Ordinary,
    Empty,
    /// The key has no right to it.
    Private,
    /// Nothing was alive in the window.
    Asleep,
}

/// The order in which projects after the first take turns.
const KINDS: [Kind; 5] = [Kind::Empty, Kind::Ordinary, Kind::Private, Kind::Asleep, Kind::Ordinary];

const PROJECTS: [(&str, &str); 6] = [
    ("acme", "vision"),
    ("acme", "scratch"),
    ("acme-research", "language"),
    ("acme-research", "secret"),
    ("acme", "retired"),
    ("acme-research", "robots.v2"),
];

const USERS: [(&str, &str); 6] = [
    ("Ada Byron", "ada"),
    ("Grace Hopper", "ghopper"),
    ("Alan Turing", "turing"),
    ("Mary Jackson", "mjackson"),
    ("Ci Runner", "acme-ci"),
    // Two people may have one name.
    ("Ada Byron", "ada-2"),
];

/// Describes it; the same arguments always describe the same.
pub fn wandb(seed: u64, scale: &WandbScale, now: Timestamp) -> Wandb {
    let mut rng = Rng::with_seed(seed ^ 0x7761_6e64);
    let now = whole(now);
    let projects = (0..scale.projects).map(|index| {
        let kind = if index == 0 { Kind::Ordinary } else { KINDS[(index - 1) % KINDS.len()] };
        let mut rng = rng.fork();
        project(&mut rng, scale, now, index, kind)
    });
    let projects = projects.collect();
    let users = USERS.iter().map(|(name, username)| User { name: (*name).into(), username: (*username).into() });
    Wandb { entity: "acme".into(), users: users.collect(), projects }
}

fn project(rng: &mut Rng, scale: &WandbScale, now: Timestamp, index: usize, kind: Kind) -> Project {
    let (entity, name) = PROJECTS[index % PROJECTS.len()];
    let round = index / PROJECTS.len();
    let sweeps: Vec<Sweep> = ["k3q7zz1a", "p0w8yy2b"].into_iter().map(|name| sweep(name, now)).collect();
    let seed = rng.u64(..);
    let mut project = Project {
        entity: entity.into(),
        name: if round == 0 { name.into() } else { format!("{name}-{}", round + 1) },
        created_at: plus(now, -900 * DAY),
        is_private: kind == Kind::Private,
        runs: Vec::new(),
        history: History { seed, runs: 0, before: plus(now, -WEEK - DAY) },
        sweeps: Vec::new(),
    };
    if kind == Kind::Empty {
        return project;
    }
    project.history.runs = scale.history;
    project.sweeps = sweeps;
    if kind != Kind::Asleep {
        project.runs = runs::runs(rng, seed, scale, now, USERS.len());
    }
    project
}

fn sweep(name: &str, now: Timestamp) -> Sweep {
    Sweep {
        name: name.into(),
        display_name: Some(format!("sweep {name}")),
        created_at: plus(now, -20 * DAY),
        state: "RUNNING".into(),
    }
}
