//! Gauges of the runs with a heartbeat in the last 7 days.

use collector::Batch;
use collector::Window;
use collector::stats;
use jiff::Timestamp;

use super::ended_in;
use super::gpus;
use super::groups;
use super::is_in;
use super::learning;
use super::tags;
use super::warn_of_states;
use crate::catalog;
use crate::config::Config;
use crate::config::Project;
use crate::records::Numbers;
use crate::records::Run;

/// The gauges of `runs`: every run with a heartbeat after the last 7 days began, and any others.
pub(crate) fn compute(runs: &[Run], config: &Config, project: &Project, now: Timestamp) -> Batch {
    let mut batch = Batch::new();
    let tags = tags(project);
    let week = Window::days(now, 7);
    let ended = |states: &[&str]| runs.iter().filter(|run| is_in(run, states) && ended_in(run, week)).count() as f64;
    batch.gauge(&catalog::RUNS_COMPLETED, ended(&["finished"]), &tags);
    batch.gauge(&catalog::RUNS_FAILED, ended(&["failed", "crashed"]), &tags);
    let completed = runs.iter().filter(|run| is_in(run, &["finished"]) && ended_in(run, week));
    batch.gauge_or_absent(&catalog::DURATION, mean_hours(completed), &tags);
    learning::compute(runs, config, week, &tags, &mut batch);
    gpus::compute(runs, &config.gpu_hourly_usd, week, &tags, &mut batch);
    groups::compute(runs, config, now, &tags, &mut batch);
    warn(runs, week, project, &mut batch);
    batch
}

/// Mean compute time of runs, in hours.
pub(super) fn mean_hours<'a>(runs: impl Iterator<Item = &'a Run>) -> Option<f64> {
    let hours: Vec<f64> = runs.filter_map(|run| run.compute_seconds).map(|seconds| seconds / 3600.0).collect();
    stats::mean(&hours)
}

/// What was left out of the numbers, and is not absent by their definition.
fn warn(runs: &[Run], week: Window, project: &Project, batch: &mut Batch) {
    let recent = || runs.iter().filter(|run| run.heartbeat_at.is_some_and(|at| at > week.start()));
    let unreadable = recent().filter(|run| run.summary == Numbers::Unreadable).count();
    if unreadable > 0 {
        batch.warn(format!("{project}: the summaries of {unreadable} runs are not JSON; they count as empty"));
    }
    let untimed = runs.iter().filter(|run| is_in(run, &["finished"]) && ended_in(run, week));
    let untimed = untimed.filter(|run| run.compute_seconds.is_none()).count();
    if untimed > 0 {
        batch.warn(format!(
            "{project}: the compute time of {untimed} finished runs is no number of seconds; they are left out of the mean"
        ));
    }
    warn_of_states(recent(), project, batch);
}

#[cfg(test)]
#[path = "recent_tests.rs"]
mod tests;
