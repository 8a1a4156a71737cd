//! GitHub Actions.

use super::Case;
use super::Gauges;
use super::count;
use super::mean;
use super::minutes;
use super::percentile;
use super::share;
use super::text;
use crate::organisation::HeadRepository;
use crate::organisation::Job;
use crate::organisation::Run;
use std::collections::BTreeMap;
use std::collections::BTreeSet;

pub fn gauges(case: &Case) -> Gauges {
    let week = week(case);
    let with =
        |names: &[&str]| week.iter().filter(|r| r.conclusion.as_deref().is_some_and(|c| names.contains(&c))).count();
    let decided = with(&["success", "failure", "startup_failure", "timed_out"]);
    let flaky = week.iter().filter(|r| r.attempt > 1 && r.conclusion.as_deref() == Some("success")).count();
    let timed = ["success", "failure", "timed_out"];
    let durations: Vec<f64> = week
        .iter()
        .filter(|r| r.status == "completed" && r.conclusion.as_deref().is_some_and(|c| timed.contains(&c)))
        .map(|r| minutes(r.run_started_at, r.updated_at))
        .collect();
    // "runs with status queued, waiting or pending now, of any age", those after now left out
    let waiting = |r: &&Run| ["queued", "waiting", "pending"].contains(&r.status.as_str()) && r.created_at <= case.now;
    let queue = queue_times(case, &week);
    let verdicts = verdicts(case, &week);
    vec![
        ("github.ci.workflow_runs_7d", count(week.len())),
        ("github.ci.failed_workflows_7d", count(with(&["failure", "startup_failure"]))),
        ("github.ci.workflow_success_rate_pct", share(with(&["success"]), decided)),
        ("github.ci.timeout_cancellations_7d", count(week.iter().filter(|r| timed_out(case, r)).count())),
        ("github.ci.flaky_checks_7d", count(flaky)),
        ("github.ci.avg_workflow_duration_minutes", mean(&durations)),
        ("github.ci.duration_p50_minutes", percentile(&durations, 50.0)),
        ("github.ci.duration_p90_minutes", percentile(&durations, 90.0)),
        ("github.ci.duration_p99_minutes", percentile(&durations, 99.0)),
        ("github.ci.tests_passing_on_main", verdicts.tests),
        ("github.ci.benchmarks_passing", verdicts.benchmarks),
        ("github.ci.workflows_failing_on_main", count(verdicts.others_failing)),
        ("github.ci.queue_time_minutes.p50", percentile(&queue, 50.0)),
        ("github.ci.queue_time_minutes.p90", percentile(&queue, 90.0)),
        ("github.ci.runs_queued", count(case.repository.runs.iter().filter(waiting).count())),
    ]
}

/// "C = runs with created_at in 7d", newest first: "the latest run has the greatest created_at, ties by id".
pub fn week<'a>(case: &Case<'a>) -> Vec<&'a Run> {
    let mut runs: Vec<_> = case.repository.runs.iter().filter(|r| case.in_week(r.created_at)).collect();
    runs.sort_by_key(|r| std::cmp::Reverse((r.created_at, r.id)));
    runs
}

/// "conclusion timed_out, or cancelled after running at least ci.timeout_minutes: updated_at - run_started_at"
fn timed_out(case: &Case, run: &Run) -> bool {
    match run.conclusion.as_deref() {
        Some("timed_out") => true,
        Some("cancelled") => minutes(run.run_started_at, run.updated_at) >= case.settings.timeout_minutes as f64,
        _ => false,
    }
}

struct Verdicts {
    tests: Option<f64>,
    benchmarks: Option<f64>,
    others_failing: usize,
}

/// The latest decided run on the default branch of each workflow, sorted into tests, benchmarks and others.
fn verdicts(case: &Case, newest_first: &[&Run]) -> Verdicts {
    // "head_branch is its name and head_repository is this repository"
    let on_default = |r: &&&Run| {
        r.head_branch.as_ref() == Some(&case.repository.default_branch) && r.head_repository == HeadRepository::This
    };
    // "completed with conclusion success, failure, timed_out or startup_failure"; the others are passed over
    let decided = |r: &Run| {
        let conclusion = r.conclusion.as_deref().unwrap_or_default();
        r.status == "completed" && ["success", "failure", "timed_out", "startup_failure"].contains(&conclusion)
    };
    let mut latest: BTreeMap<usize, bool> = BTreeMap::new();
    let mut pushed: BTreeSet<usize> = BTreeSet::new();
    for run in newest_first.iter().filter(on_default) {
        if run.event == "push" {
            pushed.insert(run.workflow);
        }
        if decided(run) {
            latest.entry(run.workflow).or_insert(run.conclusion.as_deref() == Some("success"));
        }
    }
    let name = |w: usize| case.repository.workflows[w].name.as_str();
    let matches = |globs: &[String], w: usize, any_case| globs.iter().any(|g| text::glob(g, name(w), any_case));
    // "default *benchmark* (any case; the workflow's name)", which is not said of the tests
    let is_benchmark = |w: usize| matches(&case.settings.benchmark_workflows, w, true);
    // "by default every workflow with a push run on the default branch in 7d, benchmark workflows left out"
    let is_test = |w: usize| match &case.settings.test_workflows {
        Some(globs) => matches(globs, w, false),
        None => pushed.contains(&w) && !is_benchmark(w),
    };
    // "absent with no decided run"
    let all = |which: &dyn Fn(usize) -> bool| {
        let mut of: Vec<bool> = latest.iter().filter(|(w, _)| which(**w)).map(|(_, ok)| *ok).collect();
        of.sort();
        of.first().map(|worst| f64::from(u8::from(*worst)))
    };
    let others_failing = latest.iter().filter(|(w, ok)| !**ok && !is_test(**w) && !is_benchmark(**w)).count();
    Verdicts { tests: all(&is_test), benchmarks: all(&is_benchmark), others_failing }
}

/// "started_at - created_at over the jobs (last attempt) of the newest completed runs in C, ci.max_job_lookups of
/// them, skipped jobs left out"
fn queue_times(case: &Case, newest_first: &[&Run]) -> Vec<f64> {
    let completed = newest_first.iter().filter(|r| r.status == "completed").take(case.settings.max_job_lookups);
    let jobs = completed.flat_map(|r| case.repository.jobs(r, r.attempt));
    // A job that ended before it was created ran in an earlier attempt than the last; and nothing waits for less than 0.
    let ran_in_it = |j: &Job| j.started_at >= j.created_at || j.completed_at.is_none_or(|end| end > j.created_at);
    let own = jobs.filter(|j| j.conclusion.as_deref() != Some("skipped")).filter(ran_in_it);
    own.map(|j| minutes(j.created_at, j.started_at).max(0.0)).collect()
}
