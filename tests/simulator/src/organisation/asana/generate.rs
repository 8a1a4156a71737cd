//! Puts an Asana together.

use super::Asana;
use super::AsanaScale;
use super::Membership;
use super::Project;
use super::ProjectId;
use super::Task;
use super::User;
use super::Workspace;
use super::WorkspaceId;
use super::project;
use super::project::Kind;
use super::task;
use super::task::Life;
use fastrand::Rng;
use jiff::Timestamp;

const PEOPLE: [&str; 24] = [
    "Ada", "Bjarne", "Chen", "Dagny", "Emeka", "Farid", "Greta", "Hiro", "Ines", "Jonas", "Kavya", "Lars", "Mina",
    "Noor", "Olek", "Priya", "Quentin", "Rosa", "Sven", "Tala", "Umut", "Vera", "Wanda", "Yusuf",
];

/// Ids in the order in which things are made, as long as Asana's.
pub struct Gids(u64);

impl Gids {
    pub fn next(&mut self) -> String {
        self.0 += 1_009;
        self.0.to_string()
    }
}

/// Describes an Asana; the same arguments always describe the same one.
pub fn generate(seed: u64, scale: AsanaScale, now: Timestamp) -> Asana {
    // Its own generator: what a seed makes of the other services stays as it is.
    let mut rng = Rng::with_seed(seed ^ 0x0a5a_4a00);
    // Asana states milliseconds; every instant here is some of them away from this one.
    let now = Timestamp::from_millisecond(now.as_millisecond()).unwrap_or(now);
    let mut gids = Gids(1_200_400_000_000_000 + rng.u64(..1_000) * 1_000_000);
    let workspace = |(name, is_member): (&str, bool)| (name.to_owned(), is_member);
    let workspaces = [("Acme", true), ("Acme Lab", true), ("Elsewhere", false), ("Empty", true)].map(workspace);
    let workspaces =
        workspaces.map(|(name, is_member)| Workspace { gid: gids.next(), name, is_member }).into_iter().collect();
    let people = scale.people.clamp(1, PEOPLE.len());
    let user = |name: &&str| User {
        gid: gids.next(),
        name: (*name).to_owned(),
        email: format!("{}@acme.example", name.to_lowercase()),
    };
    let users = PEOPLE[..people].iter().map(user).collect();
    let asana = Asana { workspaces, users, projects: Vec::new(), tasks: Vec::new(), bugs: None };
    let mut maker = Maker { rng, gids, people, now, asana };
    maker.projects(&scale);
    maker.listed(&scale);
    maker.unlisted(&scale);
    maker.subtasks();
    maker.asana
}

struct Maker {
    rng: Rng,
    gids: Gids,
    people: usize,
    now: Timestamp,
    asana: Asana,
}

impl Maker {
    /// The visible ones of the first workspace come first, then those of all other kinds.
    fn projects(&mut self, scale: &AsanaScale) {
        for index in 0..scale.projects {
            let kind = if index == 1 { Kind::Bugs } else { Kind::Ordinary };
            self.project(index, 0, kind);
        }
        self.asana.bugs = (scale.projects > 1).then_some(1);
        for index in 0..=scale.projects / 8 {
            self.project(index, 0, Kind::Archived);
        }
        self.project(scale.projects, 0, Kind::Private);
        for index in 0..2 {
            self.project(index, 1, Kind::Ordinary);
        }
        self.project(0, 2, Kind::Private);
    }

    fn project(&mut self, index: usize, workspace: WorkspaceId, kind: Kind) {
        let Maker { rng, gids, people, now, .. } = self;
        let project = project::project(rng, gids, *people, *now, index, workspace, kind);
        self.asana.projects.push(project);
    }

    /// The tasks that the scale speaks of, spread over the visible projects: many in the first, few in the last.
    fn listed(&mut self, scale: &AsanaScale) {
        let quotas = quotas(scale);
        let open = scale.tasks * scale.open_pct.min(100) / 100;
        let completed = scale.tasks - open;
        let mut lives = Vec::with_capacity(scale.tasks);
        if open >= 6 {
            lives.extend(task::created_on_edges(self.now));
        }
        if completed >= 8 {
            lives.extend(task::completed_on_edges(self.now));
        }
        let made = |lives: &[Life], open: bool| lives.iter().filter(|l| l.completed_at.is_none() == open).count();
        for _ in made(&lives, true)..open {
            lives.push(task::open(&mut self.rng, self.now));
        }
        for _ in made(&lives, false)..completed {
            lives.push(task::completed(&mut self.rng, self.now));
        }
        let mut homes: Vec<ProjectId> =
            quotas.iter().enumerate().flat_map(|(project, n)| std::iter::repeat_n(project, *n)).collect();
        self.rng.shuffle(&mut homes);
        if let Some(bugs) = self.asana.bugs {
            // The edges belong to the project of bugs, where the windows of both sections meet.
            homes.sort_by_key(|home| *home != bugs);
            let edges = lives.len().min(7);
            self.rng.shuffle(&mut homes[edges..]);
        }
        for (life, home) in lives.into_iter().zip(homes) {
            let mut memberships = vec![self.place(home)];
            if self.rng.u8(..16) == 0 {
                let further = self.rng.usize(1..=2);
                for _ in 0..further {
                    memberships.extend(self.further(&quotas, &memberships));
                }
                self.rng.shuffle(&mut memberships);
            }
            self.task(0, life, memberships);
        }
    }

    /// A further project of a task: any of its workspace but those whose pages are to end exactly where they do.
    fn further(&mut self, quotas: &[usize], taken: &[Membership]) -> Option<Membership> {
        let here: Vec<ProjectId> =
            (0..self.asana.projects.len()).filter(|p| self.asana.projects[*p].workspace == 0).collect();
        let project = here[self.rng.usize(..here.len())];
        let is_exact = quotas.get(project).is_some_and(|n| *n > 0 && n.is_multiple_of(100));
        let fits = !is_exact && taken.iter().all(|m| m.project != project);
        fits.then(|| self.place(project))
    }

    /// Everything that is in no count: beyond the windows, in projects that are archived, hidden or elsewhere.
    fn unlisted(&mut self, scale: &AsanaScale) {
        if scale.projects > 0 && scale.tasks > 0 {
            for life in task::beyond(self.now) {
                let home = self.asana.bugs.filter(|_| self.rng.u8(..3) != 0).unwrap_or(0);
                let memberships = vec![self.place(home)];
                self.task(0, life, memberships);
            }
        }
        for _ in 0..if scale.projects > 0 { scale.completed_before } else { 0 } {
            let life = task::completed_before(&mut self.rng, self.now);
            let home = self.rng.usize(..scale.projects);
            let memberships = vec![self.place(home)];
            self.task(0, life, memberships);
        }
        for project in scale.projects..self.asana.projects.len() {
            let count = self.rng.usize(1..=4 + scale.tasks / 50);
            for _ in 0..count {
                let life = match self.rng.u8(..2) {
                    0 => task::open(&mut self.rng, self.now),
                    _ => task::completed(&mut self.rng, self.now),
                };
                let memberships = vec![self.place(project)];
                self.task(self.asana.projects[project].workspace, life, memberships);
            }
        }
    }

    /// Some tasks are subtasks and yet in a project; others are in none, and listings of projects do not know them.
    fn subtasks(&mut self) {
        let parents = self.asana.tasks.len();
        for id in 1..parents {
            if self.rng.u8(..12) == 0 {
                let parent = self.rng.usize(..id);
                let same = self.asana.tasks[parent].workspace == self.asana.tasks[id].workspace;
                self.asana.tasks[id].parent = same.then_some(parent);
            }
        }
        for _ in 0..parents / 8 {
            let parent = self.rng.usize(..parents);
            let life = match self.rng.u8(..2) {
                0 => task::open(&mut self.rng, self.now),
                _ => task::completed(&mut self.rng, self.now),
            };
            self.task(self.asana.tasks[parent].workspace, life, Vec::new());
            let is_separator = self.rng.u8(..6) == 0;
            if let Some(subtask) = self.asana.tasks.last_mut() {
                subtask.parent = Some(parent);
                subtask.is_separator = is_separator && subtask.subtype == "default_task";
            }
        }
    }

    fn task(&mut self, workspace: WorkspaceId, life: Life, memberships: Vec<Membership>) {
        let Maker { rng, gids, people, now, .. } = self;
        let task: Task = task::task(rng, gids, *people, *now, workspace, life, memberships);
        self.asana.tasks.push(task);
    }

    /// Somewhere in a project, mostly in one of its first sections; one in twenty lies in no section.
    fn place(&mut self, project: ProjectId) -> Membership {
        let Project { sections, .. } = &self.asana.projects[project];
        let shown = if self.rng.bool() { sections.len().min(4) } else { sections.len() };
        let section = (self.rng.u8(..20) != 0).then(|| self.rng.usize(..shown));
        Membership { project, section }
    }
}

/// How many tasks each visible project is home to. Where there is room the third has 200 and the fourth 100, so that a
/// page of a hundred ends exactly where they do.
fn quotas(scale: &AsanaScale) -> Vec<usize> {
    let mut quotas = vec![0; scale.projects];
    let mut left = if scale.projects == 0 { 0 } else { scale.tasks };
    let exact: &[(ProjectId, usize)] = if scale.projects >= 5 && left >= 400 { &[(2, 200), (3, 100)] } else { &[] };
    for (project, tasks) in exact {
        quotas[*project] = *tasks;
        left -= tasks;
    }
    let others: Vec<ProjectId> = (0..scale.projects).filter(|p| quotas[*p] == 0).collect();
    let weight = |rank: usize| 1.0 / (rank as f64 + 2.0);
    let whole: f64 = (0..others.len()).map(weight).sum();
    let shared = left;
    for (rank, project) in others.iter().enumerate() {
        let share = ((shared as f64 * weight(rank) / whole) as usize).min(left);
        quotas[*project] = share;
        left -= share;
    }
    if let Some(first) = quotas.first_mut() {
        *first += left;
    }
    quotas
}
