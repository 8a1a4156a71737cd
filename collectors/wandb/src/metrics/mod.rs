//! Records to gauges: pure functions, time is an argument, and the order of the records never matters.

pub(crate) mod created;
mod gpus;
mod groups;
mod learning;
pub(crate) mod recent;
pub(crate) mod running;
#[cfg(test)]
pub(crate) mod sample;

use std::collections::BTreeMap;

use collector::Batch;
use collector::Tags;
use collector::Window;
use jiff::Timestamp;

use crate::config::Project;
use crate::records::Run;

/// The tags of a project's gauges.
pub(crate) fn tags(project: &Project) -> Tags {
    Tags::new().with("entity", &project.entity).with("project", &project.name)
}

/// The states of a run that has ended, by the vendor's client; in the others, known or not, it has not.
const ENDED: [&str; 5] = ["finished", "failed", "crashed", "killed", "preempted"];
/// The states of a run that has not ended.
const ALIVE: [&str; 3] = ["running", "pending", "preempting"];

fn is_in(run: &Run, states: &[&str]) -> bool {
    run.state.as_deref().is_some_and(|state| states.contains(&state))
}

/// Tells of runs in no state, or one that orgpulse does not know.
fn warn_of_states<'a>(runs: impl Iterator<Item = &'a Run>, project: &Project, batch: &mut Batch) {
    let mut others: BTreeMap<&str, u32> = BTreeMap::new();
    for run in runs.filter(|run| !is_in(run, &ENDED) && !is_in(run, &ALIVE)) {
        *others.entry(run.state.as_deref().unwrap_or("none")).or_default() += 1;
    }
    if !others.is_empty() {
        let list: Vec<String> = others.iter().map(|(state, count)| format!("{count} {state:.40?}")).collect();
        let list = list.join(", ");
        batch.warn(format!(
            "{project}: runs in a state that orgpulse does not know: {list}; they count as neither running nor ended"
        ));
    }
}

/// Whether a run ended in the window: its last heartbeat is its end.
fn ended_in(run: &Run, window: Window) -> bool {
    is_in(run, &ENDED) && run.heartbeat_at.is_some_and(|end| window.contains(end))
}

/// Of the runs with a heartbeat in the window, the number that `of` finds in the one with the newest. A run that was
/// there at the window's end and has gone on since, while it was being read, is in the window: a live run's heartbeat is
/// nearly always later than the instant of the collection.
fn newest<'a>(
    runs: impl IntoIterator<Item = &'a Run>,
    window: Window,
    of: impl Fn(&Run) -> Option<f64>,
) -> Option<f64> {
    let lately = |run: &&Run| run.created_at <= window.end() && run.heartbeat_at.is_some_and(|at| at > window.start());
    let known = runs.into_iter().filter(lately).filter_map(|run| of(run).map(|number| (age(run), number)));
    known.max_by(|(a, _), (b, _)| a.cmp(b)).map(|(_, number)| number)
}

/// By heartbeat, and among equal ones by creation and id, so that the order of the records does not matter.
fn age(run: &Run) -> (Option<Timestamp>, Timestamp, &str) {
    (run.heartbeat_at, run.created_at, &run.id)
}
