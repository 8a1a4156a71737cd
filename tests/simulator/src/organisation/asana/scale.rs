//! How large the described Asana is.

/// Sizes of the workspace that is to be configured. Other workspaces, archived and private projects, and subtasks that
/// are in no project come on top.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AsanaScale {
    /// Projects that are neither archived nor hidden from the token. The second is the one of bugs.
    pub projects: usize,
    /// Tasks in those projects that are open or were completed within 30 days. None without a project.
    pub tasks: usize,
    /// How many of a hundred of those are open.
    pub open_pct: usize,
    /// Tasks in those projects that were completed before.
    pub completed_before: usize,
    /// People that tasks are assigned to.
    pub people: usize,
}

impl AsanaScale {
    /// The size that limits on requests, time and memory are stated for.
    pub fn reference() -> AsanaScale {
        AsanaScale { projects: 40, tasks: 4_000, open_pct: 60, completed_before: 9_000, people: 24 }
    }

    /// Some of everything.
    pub fn small() -> AsanaScale {
        AsanaScale { projects: 8, tasks: 130, open_pct: 60, completed_before: 60, people: 9 }
    }

    /// One of many, with any number down to zero, and tasks that are all open or all completed.
    pub fn random(seed: u64) -> AsanaScale {
        let mut rng = fastrand::Rng::with_seed(seed ^ 0x0a5a_4a5c_a1e5);
        let mut upto = |n: usize| if rng.u8(..8) == 0 { 0 } else { rng.usize(..=n) };
        AsanaScale {
            projects: upto(14),
            tasks: upto(700),
            open_pct: [upto(100), 60, 0, 100][upto(3)],
            completed_before: upto(500),
            people: 1 + upto(20),
        }
    }

    /// The same number of projects and people, with so many times the tasks.
    pub fn times(self, n: usize) -> AsanaScale {
        AsanaScale { tasks: self.tasks * n, completed_before: self.completed_before * n, ..self }
    }
}
