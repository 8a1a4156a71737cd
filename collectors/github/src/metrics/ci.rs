//! GitHub Actions: workflow runs, what they say about the default branch, and how long jobs wait.

use std::collections::BTreeMap;

use collector::Batch;
use collector::Tags;
use collector::Window;
use collector::stats;
use globset::GlobBuilder;
use globset::GlobSet;
use globset::GlobSetBuilder;
use jiff::Timestamp;

use super::minutes;
use crate::catalog;
use crate::config::Config;
use crate::records::Conclusion;
use crate::records::Job;
use crate::records::Run;

/// Which workflows test, which are benchmarks, and what counts as a time-out.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    tests: Option<GlobSet>,
    benchmarks: GlobSet,
    timeout_minutes: f64,
}

impl Settings {
    /// # Errors
    /// The key of the setting, and the words of the mistake, when a pattern is no glob.
    pub fn new(config: &Config) -> Result<Self, (&'static str, String)> {
        let tests = match config.test_workflows.as_slice() {
            [] => None,
            globs => Some(set(globs, false).map_err(|why| ("github.ci.test_workflows", why))?),
        };
        let benchmarks =
            set(&config.benchmark_workflows, true).map_err(|why| ("github.ci.benchmark_workflows", why))?;
        Ok(Settings { tests, benchmarks, timeout_minutes: f64::from(config.timeout_minutes) })
    }
}

/// The gauges of the workflow runs.
pub(crate) fn runs(runs: &[Run], now: Timestamp, settings: &Settings, tags: &Tags) -> Batch {
    let runs: Vec<&Run> = in_window(runs, now).collect();
    let count = |is: &dyn Fn(&Run) -> bool| runs.iter().filter(|run| is(run)).count() as f64;
    let ended = |conclusion: Conclusion| count(&|run| run.conclusion == conclusion);
    let failed = ended(Conclusion::Failure) + ended(Conclusion::StartupFailure);
    let success = ended(Conclusion::Success);
    let rate = stats::percent(success, success + failed + ended(Conclusion::TimedOut));

    let mut batch = Batch::new();
    batch.gauge(&catalog::RUNS_TOTAL, runs.len() as f64, tags);
    batch.gauge(&catalog::RUNS_FAILED, failed, tags);
    batch.gauge_or_absent(&catalog::RUNS_SUCCESS_PCT, rate, tags);
    batch.gauge(&catalog::RUNS_TIMED_OUT, count(&|run| is_timeout(run, settings.timeout_minutes)), tags);
    let flaky = count(&|run| run.attempt > 1 && run.conclusion == Conclusion::Success);
    batch.gauge(&catalog::RUNS_FLAKY, flaky, tags);

    let mut durations: Vec<f64> = runs.iter().filter_map(|run| duration(run)).collect();
    durations.sort_by(f64::total_cmp);
    batch.gauge_or_absent(&catalog::DURATION_AVG, stats::mean(&durations), tags);
    batch.gauge_or_absent(&catalog::DURATION_P50, stats::percentile(&durations, 50.0), tags);
    batch.gauge_or_absent(&catalog::DURATION_P90, stats::percentile(&durations, 90.0), tags);
    batch.gauge_or_absent(&catalog::DURATION_P99, stats::percentile(&durations, 99.0), tags);

    on_default_branch(&runs, settings, tags, &mut batch);
    batch
}

/// The gauge of the runs that have not started.
pub(crate) fn queue(queued: usize, tags: &Tags) -> Batch {
    let mut batch = Batch::new();
    batch.gauge(&catalog::RUNS_QUEUED, queued as f64, tags);
    batch
}

/// The gauges of the waits of `jobs`.
pub(crate) fn jobs(jobs: &[Job], tags: &Tags) -> Batch {
    let waits: Vec<f64> =
        jobs.iter().filter(|job| job.conclusion.as_deref() != Some("skipped")).filter_map(wait).collect();
    let mut batch = Batch::new();
    batch.gauge_or_absent(&catalog::QUEUE_TIME_P50, stats::percentile(&waits, 50.0), tags);
    batch.gauge_or_absent(&catalog::QUEUE_TIME_P90, stats::percentile(&waits, 90.0), tags);
    batch
}

/// The runs created in 7 days.
pub(crate) fn in_window(runs: &[Run], now: Timestamp) -> impl Iterator<Item = &Run> {
    let window = Window::days(now, 7);
    runs.iter().filter(move |run| window.contains(run.created_at))
}

/// The newest `limit` completed runs of 7 days; their jobs are asked for.
pub(crate) fn newest_completed(runs: &[Run], now: Timestamp, limit: usize) -> Vec<&Run> {
    let mut completed: Vec<&Run> = in_window(runs, now).filter(|run| run.completed).collect();
    completed.sort_by_key(|run| std::cmp::Reverse((run.created_at, run.id)));
    completed.truncate(limit);
    completed
}

/// One workflow's latest runs on the default branch.
struct Workflow<'a> {
    /// Its name is that of its latest run: a workflow can be renamed.
    latest: &'a Run,
    decided: Option<&'a Run>,
    pushed: bool,
}

fn on_default_branch(runs: &[&Run], settings: &Settings, tags: &Tags, batch: &mut Batch) {
    let mut workflows: BTreeMap<u64, Workflow<'_>> = BTreeMap::new();
    for run in runs.iter().copied().filter(|run| run.on_default_branch) {
        let workflow = workflows.entry(run.workflow).or_insert(Workflow { latest: run, decided: None, pushed: false });
        workflow.pushed |= run.on_push;
        if rank(run) > rank(workflow.latest) {
            workflow.latest = run;
        }
        if is_decided(run) && workflow.decided.is_none_or(|decided| rank(run) > rank(decided)) {
            workflow.decided = Some(run);
        }
    }
    let is_benchmark = |workflow: &Workflow<'_>| settings.benchmarks.is_match(&*workflow.latest.name);
    let is_test = |workflow: &Workflow<'_>| match &settings.tests {
        Some(globs) => globs.is_match(&*workflow.latest.name),
        None => workflow.pushed && !is_benchmark(workflow),
    };
    let passed = |run: &&Run| run.conclusion == Conclusion::Success;
    let all_pass = |is: &dyn Fn(&Workflow<'_>) -> bool| -> Option<f64> {
        let decided: Vec<&Run> = workflows.values().filter(|w| is(w)).filter_map(|w| w.decided).collect();
        (!decided.is_empty()).then(|| f64::from(u8::from(decided.iter().all(passed))))
    };
    batch.gauge_or_absent(&catalog::TESTS_PASSING, all_pass(&is_test), tags);
    batch.gauge_or_absent(&catalog::BENCHMARKS_PASSING, all_pass(&is_benchmark), tags);
    let failing = workflows
        .values()
        .filter(|workflow| !is_test(workflow) && !is_benchmark(workflow))
        .filter_map(|workflow| workflow.decided)
        .filter(|run| !passed(run))
        .count();
    batch.gauge(&catalog::WORKFLOWS_FAILING, failing as f64, tags);
}

/// The latest run has the greatest creation time, ties by id; a re-run keeps its place.
fn rank(run: &Run) -> (Timestamp, u64) {
    (run.created_at, run.id)
}

fn is_decided(run: &Run) -> bool {
    let decides = [Conclusion::Success, Conclusion::Failure, Conclusion::TimedOut, Conclusion::StartupFailure];
    run.completed && decides.contains(&run.conclusion)
}

fn is_timeout(run: &Run, timeout_minutes: f64) -> bool {
    let ran = || run.started_at.is_some_and(|start| minutes(start, run.updated_at) >= timeout_minutes);
    run.conclusion == Conclusion::TimedOut || (run.conclusion == Conclusion::Cancelled && ran())
}

fn duration(run: &Run) -> Option<f64> {
    let ends = [Conclusion::Success, Conclusion::Failure, Conclusion::TimedOut];
    (run.completed && ends.contains(&run.conclusion)).then(|| Some(minutes(run.started_at?, run.updated_at))).flatten()
}

/// Minutes that a job waited for a runner. A re-run of failed jobs lists those that had passed again, created anew with
/// the times of the attempt that they ran in: one that ended before it was created was not waiting. One that started
/// a moment before it was created did not wait either, by two clocks.
fn wait(job: &Job) -> Option<f64> {
    let (created, started) = (job.created_at, job.started_at?);
    let taken_over = started < created && job.completed_at.is_some_and(|completed| completed <= created);
    (!taken_over).then(|| minutes(created, started).max(0.0))
}

fn set(globs: &[String], any_case: bool) -> Result<GlobSet, String> {
    let mut builder = GlobSetBuilder::new();
    for glob in globs {
        let glob = GlobBuilder::new(glob)
            .case_insensitive(any_case)
            .build()
            .map_err(|error| format!("{glob:?} is not a pattern: {}", error.kind()))?;
        builder.add(glob);
    }
    builder.build().map_err(|error| error.to_string())
}

#[cfg(test)]
#[path = "ci_tests.rs"]
mod tests;
