//! The section skypilot.

mod machines;
#[cfg(test)]
mod tests;

use super::Expected;
use super::count;
use super::in_days;
use super::mean;
use super::percentile;
use crate::organisation::Organisation;
use crate::organisation::skypilot::Cluster;
use crate::organisation::skypilot::Job;
use crate::organisation::skypilot::Task;
use jiff::Timestamp;
use std::collections::BTreeSet;

/// What the server's version tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settings {
    /// Whether rows have a region; older servers' have none.
    pub tells_regions: bool,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings { tells_regions: true }
    }
}

type Gauges = Vec<(&'static str, Option<f64>)>;

/// Every gauge.
pub fn gauges(organisation: &Organisation, settings: &Settings) -> Vec<Expected> {
    let sky = &organisation.skypilot;
    let case = Case { jobs: &sky.jobs, is_up: sky.controller_is_up, now: organisation.now };
    let mut gauges = counts(&case);
    gauges.extend(run_times(&case));
    gauges.extend(recoveries(&case));
    gauges.extend(machines::gauges(&case, settings));
    gauges.extend(clusters(&sky.clusters));
    gauges.into_iter().map(|(metric, value)| Expected { metric, tags: Vec::new(), value }).collect()
}

/// All jobs, and how they are looked at.
struct Case<'a> {
    jobs: &'a [Job],
    is_up: bool,
    now: Timestamp,
}

impl<'a> Case<'a> {
    /// The jobs as far as the server can tell: none without a controller, whose "live counts" are then 0.
    fn all(&self) -> &'a [Job] {
        if self.is_up { self.jobs } else { &[] }
    }

    /// Those in one of these statuses that were there at now.
    fn there(&self, statuses: &[&str]) -> Vec<&'a Job> {
        let fits = |job: &&Job| statuses.contains(&current(job).status.as_str()) && self.is_there(job);
        self.all().iter().filter(fits).collect()
    }

    /// "what lies after now is [...] not open or running either"
    fn is_there(&self, job: &Job) -> bool {
        job.tasks[0].submitted_at.is_none_or(|at| at <= self.now)
    }

    fn running(&self) -> Vec<&'a Job> {
        self.there(&["RUNNING", "RECOVERING"])
    }

    /// "Controller down: [...] failed, failed_7d, succeeded, cancelled and queue_wait absent"
    fn history(&self, value: Option<f64>) -> Option<f64> {
        value.filter(|_| self.is_up)
    }
}

/// "Its current task is the first one, by task_id, that is not SUCCEEDED", the last one where all are.
fn current(job: &Job) -> &Task {
    job.tasks.iter().find(|task| task.status != "SUCCEEDED").unwrap_or(&job.tasks[job.tasks.len() - 1])
}

fn counts(case: &Case) -> Gauges {
    let has = |fits: &dyn Fn(&str) -> bool| case.all().iter().filter(|job| fits(&current(job).status)).count();
    let failed: Vec<&Job> = case.all().iter().filter(|job| current(job).status.starts_with("FAILED")).collect();
    let last_end = |job: &Job| job.tasks.iter().filter_map(|task| task.ended_at).max();
    let failed_7d = failed.iter().filter(|job| last_end(job).is_some_and(|at| in_days(case.now, at, 7))).count();
    let waits: Vec<f64> = case
        .all()
        .iter()
        .filter_map(|job| {
            let (start, submitted) = (job.tasks[0].started_at?, job.tasks[0].submitted_at?);
            in_days(case.now, start, 1).then(|| start.duration_since(submitted).as_secs_f64())
        })
        .collect();
    let open = case.all().iter().filter(|job| !current(job).has_ended() && case.is_there(job));
    let users: BTreeSet<usize> = open.filter_map(|job| job.user).collect();
    vec![
        ("skypilot.jobs.queued", count(case.there(&["PENDING", "SUBMITTED", "STARTING"]).len())),
        ("skypilot.jobs.running", count(case.running().len())),
        ("skypilot.jobs.failed", case.history(count(failed.len()))),
        ("skypilot.jobs.failed_7d", case.history(count(failed_7d))),
        ("skypilot.jobs.succeeded", case.history(count(has(&|status| status == "SUCCEEDED")))),
        ("skypilot.jobs.cancelled", case.history(count(has(&|status| matches!(status, "CANCELLED" | "CANCELLING"))))),
        ("skypilot.jobs.recovering", count(case.there(&["RECOVERING"]).len())),
        ("skypilot.jobs.queue_wait_seconds.p90", case.history(percentile(&waits, 90.0))),
        ("skypilot.users.active_count", count(users.len())),
    ]
}

fn run_times(case: &Case) -> Gauges {
    // "a job whose current task has a null duration is left out, 0 counts"
    let known = case.running().into_iter().filter(|job| current(job).duration.is_some());
    let times: Vec<f64> = known.map(|job| job.tasks.iter().filter_map(|task| task.duration).sum()).collect();
    let hours = |from: f64, to: f64| count(times.iter().filter(|t| (from * 3600.0..to * 3600.0).contains(*t)).count());
    vec![
        ("skypilot.jobs.runtime_seconds.min", times.iter().copied().reduce(f64::min)),
        ("skypilot.jobs.runtime_seconds.max", times.iter().copied().reduce(f64::max)),
        ("skypilot.jobs.runtime_seconds.avg", mean(&times)),
        ("skypilot.jobs.runtime_seconds.p50", percentile(&times, 50.0)),
        ("skypilot.jobs.runtime_seconds.p90", percentile(&times, 90.0)),
        ("skypilot.jobs.runtime_seconds.p99", percentile(&times, 99.0)),
        ("skypilot.jobs.runtime_buckets.0_1h", hours(0.0, 1.0)),
        ("skypilot.jobs.runtime_buckets.1_4h", hours(1.0, 4.0)),
        ("skypilot.jobs.runtime_buckets.4_24h", hours(4.0, 24.0)),
        ("skypilot.jobs.runtime_buckets.over_24h", hours(24.0, f64::INFINITY)),
    ]
}

fn recoveries(case: &Case) -> Gauges {
    let of = |job: &&Job| job.tasks.iter().map(|task| f64::from(task.recoveries)).sum::<f64>();
    let counts: Vec<f64> = case.running().iter().map(of).filter(|recoveries| *recoveries > 0.0).collect();
    vec![
        ("skypilot.jobs.with_recoveries", count(counts.len())),
        ("skypilot.jobs.recovery_count.avg", mean(&counts)),
        ("skypilot.jobs.recovery_count.max", counts.iter().copied().reduce(f64::max)),
    ]
}

fn clusters(clusters: &[Cluster]) -> Gauges {
    let up: Vec<&Cluster> = clusters.iter().filter(|cluster| cluster.status == "UP").collect();
    let without = up.iter().filter(|cluster| !cluster.is_managed && cluster.autostop.is_none());
    vec![("skypilot.clusters.active", count(up.len())), ("skypilot.clusters.without_autostop", count(without.count()))]
}
