//! How much of Weights & Biases there is.

/// Sizes; those of runs are for each project that has such runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WandbScale {
    /// Projects; the first is an ordinary one, the others take turns through the odd kinds.
    pub projects: usize,
    /// Runs with a sign of life in the window of seven days.
    pub runs_7d: usize,
    /// Odd runs without one: on the window's edge, after the present, never begun, forgotten while running.
    pub odd: usize,
    /// Runs that ended before the window.
    pub history: usize,
}

impl WandbScale {
    /// One busy project of 26,000 runs.
    pub fn reference() -> WandbScale {
        WandbScale { projects: 1, runs_7d: 400, odd: 36, history: 25_564 }
    }

    /// A few quiet projects.
    pub fn small() -> WandbScale {
        WandbScale { projects: 3, runs_7d: 40, odd: 10, history: 60 }
    }

    /// Any number down to zero, of runs; there is always a project.
    pub fn random(seed: u64) -> WandbScale {
        // A generator of its own: GitHub's part of a seed stays as it is.
        let mut rng = fastrand::Rng::with_seed(seed ^ 0x0077_616e_6462);
        let mut upto = |n: usize| if rng.u8(..6) == 0 { 0 } else { rng.usize(..=n) };
        WandbScale { projects: 1 + upto(5), runs_7d: upto(160), odd: upto(30), history: upto(400) }
    }

    /// The same number of projects, each so many times as large.
    pub fn times(self, n: usize) -> WandbScale {
        WandbScale { projects: self.projects, runs_7d: self.runs_7d * n, odd: self.odd * n, history: self.history * n }
    }
}
