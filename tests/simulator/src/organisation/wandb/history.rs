//! Runs that ended long ago, made up from their number when somebody asks: tens of thousands take no memory.

use super::Run;
use super::runs::short_name;
use crate::organisation::time::DAY;
use crate::organisation::time::HOUR;
use crate::organisation::time::between;
use crate::organisation::time::plus;
use fastrand::Rng;
use jiff::Timestamp;

/// From the newest run back to the oldest.
const SPAN: i64 = 500 * DAY;

/// Runs whose last sign of life lies before every window.
#[derive(Debug, Clone, PartialEq)]
pub struct History {
    /// What they are made up from.
    pub seed: u64,
    /// How many there are.
    pub runs: usize,
    /// All were created, and had ended, before this instant.
    pub before: Timestamp,
}

impl History {
    /// When a run was created and when it ended; the greater its number, the older it is.
    pub fn instants(&self, at: usize) -> (Timestamp, Timestamp) {
        let step = (SPAN / self.runs.max(1) as i64).max(1);
        let mut rng = self.rng(at);
        let lasted = between(&mut rng, 60, 20 * HOUR);
        let back = 20 * HOUR + step * at as i64 + between(&mut rng, 1, step);
        let created = plus(self.before, -back);
        (created, plus(created, lasted))
    }

    /// A run.
    pub fn run(&self, at: usize) -> Run {
        let (created, ended) = self.instants(at);
        let mut rng = self.rng(at);
        let state = ["finished", "finished", "finished", "failed", "crashed", "killed"][rng.usize(..6)];
        let seconds = ended.as_second() - created.as_second();
        Run {
            name: short_name(self.seed, 1_000_000 + at),
            display_name: Some(format!("old-run-{at}")),
            state: state.into(),
            group: None,
            job_type: None,
            sweep: None,
            tags: Vec::new(),
            user: Some(0),
            host: None,
            created_at: created,
            heartbeat_at: Some(ended),
            compute_seconds: seconds as f64,
            history_lines: 100,
            config: Vec::new(),
            summary: None,
            system: None,
            info: None,
        }
    }

    fn rng(&self, at: usize) -> Rng {
        Rng::with_seed(self.seed.wrapping_add((at as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15)))
    }
}
