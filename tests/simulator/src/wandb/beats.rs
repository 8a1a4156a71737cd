//! Runs that go on while pages of them are read.

use super::controls::Manner;
use crate::organisation::Organisation;
use crate::organisation::wandb::Run;
use jiff::SignedDuration;
use jiff::Timestamp;

/// How long after its last heartbeat a run is still taken for alive, and beats on.
const ALIVE: SignedDuration = SignedDuration::from_mins(30);

/// The heartbeats since the first page.
pub struct Beats {
    /// The instant that the organisation is described for.
    now: Timestamp,
    /// The service's clock at the first page: later than any heartbeat that is described.
    start: Timestamp,
    /// What a page takes.
    by: SignedDuration,
    /// Every so many pages a living run beats; which ones do so together is a matter of their numbers.
    turns: i32,
    /// How many pages there were.
    pages: i32,
}

impl Beats {
    pub fn of(organisation: &Organisation, manner: Manner, pages: i32) -> Beats {
        let runs = organisation.wandb.projects.iter().flat_map(|project| &project.runs);
        let newest = runs.filter_map(|run| run.heartbeat_at).max().unwrap_or(organisation.now);
        let (by, turns) = (manner.beat, i32::from(manner.one_in));
        Beats { now: organisation.now, start: newest.max(organisation.now), by, turns, pages }
    }

    /// The last heartbeat of the run of that number; none when it has not beaten since.
    pub fn last(&self, at: usize, run: &Run) -> Option<Timestamp> {
        let described = run.heartbeat_at?;
        let is_alive = run.state == "running" && self.now.duration_since(described) <= ALIVE;
        let turn = i32::try_from(at).unwrap_or(0) % self.turns;
        let page = self.pages - (self.pages + turn) % self.turns;
        // The microseconds keep any two heartbeats apart.
        let apart = SignedDuration::from_micros(i64::try_from(at).unwrap_or(0));
        let since = (is_alive && page > 0).then(|| self.by * page + apart)?;
        self.start.checked_add(since).ok()
    }
}
