//! The subtle rules, on jobs made by hand.

use super::*;
use crate::organisation::Scale;
use crate::organisation::skypilot::Accelerator;
use crate::organisation::skypilot::Place;
use crate::organisation::skypilot::SkyPilotScale;
use crate::organisation::skypilot::Worker;
use jiff::SignedDuration;

const HOUR: i64 = 3_600;
const DAY: i64 = 24 * HOUR;

fn now() -> Timestamp {
    "2026-11-20T12:00:00Z".parse().unwrap()
}

fn ago(seconds: i64) -> Option<Timestamp> {
    Some(now().checked_sub(SignedDuration::from_secs(seconds)).unwrap())
}

/// A task that has run for so many hours.
fn task(status: &str, hours: f64) -> Task {
    Task {
        status: status.into(),
        submitted_at: ago(9 * DAY),
        started_at: ago(9 * DAY - 60),
        ended_at: None,
        duration: Some(hours * 3_600.0),
        recoveries: 0,
        nodes: 1,
        accelerator: None,
        is_spot: false,
        is_alive: false,
        place: None,
    }
}

fn on(name: &str, count: f64, nodes: u32, of: Task) -> Task {
    Task { accelerator: Some(Accelerator { name: name.into(), count }), nodes, ..of }
}

fn ended(status: &str, seconds_ago: i64) -> Task {
    Task { ended_at: ago(seconds_ago), ..task(status, 1.0) }
}

fn job(tasks: Vec<Task>) -> Job {
    Job { id: 1, name: "j".into(), user: Some(0), tasks, worker: None }
}

fn one(of: Task) -> Job {
    job(vec![of])
}

fn organisation(jobs: Vec<Job>, controller_is_up: bool) -> Organisation {
    let skypilot =
        SkyPilotScale { finished: 0, running: 0, waiting: 0, clusters: 0, has_pools: false, controller_is_up };
    let mut organisation = Organisation::generate(1, Scale { skypilot, ..Scale::small() }, now());
    organisation.skypilot.jobs = jobs;
    organisation
}

fn value(jobs: Vec<Job>, metric: &str) -> Option<f64> {
    of(&super::gauges(&organisation(jobs, true), &Settings::default()), metric)
}

fn of(gauges: &[Expected], metric: &str) -> Option<f64> {
    gauges.iter().find(|e| e.metric == metric).unwrap_or_else(|| panic!("no {metric}")).value
}

#[test]
fn without_jobs_counts_are_nothing_and_averages_absent() {
    for gauge in super::gauges(&organisation(Vec::new(), true), &Settings::default()) {
        let averages = gauge.metric.contains("runtime_seconds")
            || gauge.metric.contains("recovery_count")
            || gauge.metric.contains("queue_wait");
        assert_eq!(gauge.value, (!averages).then_some(0.0), "{}", gauge.metric);
    }
}

#[test]
fn without_a_controller_live_counts_are_nothing_and_history_is_absent() {
    let jobs = vec![one(task("RUNNING", 1.0)), one(ended("FAILED", 5)), one(task("PENDING", 0.0))];
    let old = Settings { tells_regions: false };
    let gauges = super::gauges(&organisation(jobs, false), &old);
    for metric in ["failed", "failed_7d", "succeeded", "cancelled", "queue_wait_seconds.p90", "runtime_seconds.avg"] {
        assert_eq!(of(&gauges, &format!("skypilot.jobs.{metric}")), None, "{metric}");
    }
    for metric in ["jobs.running", "jobs.queued", "jobs.recovering", "regions.other", "users.active_count"] {
        assert_eq!(of(&gauges, &format!("skypilot.{metric}")), Some(0.0), "{metric}");
    }
}

#[test]
fn a_job_stands_where_its_first_task_stands_that_has_not_succeeded() {
    let done = || ended("SUCCEEDED", 100);
    let jobs = || {
        vec![
            job(vec![done(), task("RUNNING", 2.0), task("PENDING", 0.0)]),
            job(vec![done(), task("PENDING", 0.0)]),
            job(vec![ended("FAILED", 50), ended("CANCELLED", 20)]),
            job(vec![done(), done()]),
            job(vec![done(), task("CANCELLING", 1.0)]),
            one(task("WINDING_DOWN", 1.0)),
            one(task("ODD", 1.0)),
        ]
    };
    for (metric, expected) in
        [("running", 1.0), ("queued", 1.0), ("failed", 1.0), ("failed_7d", 1.0), ("succeeded", 1.0), ("cancelled", 1.0)]
    {
        assert_eq!(value(jobs(), &format!("skypilot.jobs.{metric}")), Some(expected), "{metric}");
    }
    assert_eq!(value(jobs(), "skypilot.jobs.runtime_seconds.max"), Some(3.0 * 3_600.0));
}

#[test]
fn an_end_is_that_of_the_last_task_and_the_week_is_half_open() {
    let failed = |seconds| one(ended("FAILED_SETUP", seconds));
    let jobs = vec![failed(0), failed(7 * DAY - 1), failed(7 * DAY), failed(-1), one(task("FAILED", 1.0))];
    assert_eq!(value(jobs.clone(), "skypilot.jobs.failed_7d"), Some(2.0));
    assert_eq!(value(jobs, "skypilot.jobs.failed"), Some(5.0));
    let late = job(vec![ended("FAILED", 8 * DAY), ended("CANCELLED", 6 * DAY)]);
    assert_eq!(value(vec![late], "skypilot.jobs.failed_7d"), Some(1.0));
}

#[test]
fn run_times_fall_into_half_open_buckets_and_unknown_ones_into_none() {
    let times = [0.0, 0.999, 1.0, 3.999, 4.0, 23.999, 24.0, 100.0];
    let mut jobs: Vec<Job> = times.iter().map(|hours| one(task("RUNNING", *hours))).collect();
    let unknown = Task { duration: None, ..task("RUNNING", 0.0) };
    jobs.push(job(vec![ended("SUCCEEDED", 5), unknown]));
    for bucket in ["0_1h", "1_4h", "4_24h", "over_24h"] {
        assert_eq!(value(jobs.clone(), &format!("skypilot.jobs.runtime_buckets.{bucket}")), Some(2.0), "{bucket}");
    }
    assert_eq!(value(jobs, "skypilot.jobs.running"), Some(9.0));
}

#[test]
fn gpus_go_by_their_whole_name_and_by_node() {
    let jobs = vec![
        one(on("L4", 4.0, 2, task("RUNNING", 1.0))),
        one(on("L4", 0.5, 1, task("RECOVERING", 1.0))),
        one(on("L40S", 8.0, 1, task("RUNNING", 1.0))),
        one(on("H100-80GB", 8.0, 1, task("RUNNING", 1.0))),
        one(on("H200", 8.0, 1, task("RUNNING", 1.0))),
        one(on("tpu-v4-8", 1.0, 1, task("RUNNING", 1.0))),
        one(on("Trainium", 16.0, 1, task("RUNNING", 1.0))),
        one(on("H100", 8.0, 1, task("PENDING", 0.0))),
        job(vec![on("A10G", 1.0, 1, ended("SUCCEEDED", 9)), on("A10G", 2.0, 1, task("RUNNING", 1.0))]),
        job(vec![on("A10G", 1.0, 1, task("RUNNING", 1.0)), on("A10G", 1.0, 1, task("RUNNING", 1.0))]),
    ];
    for (name, expected) in [("l4", 8.5), ("a10g", 4.0), ("h100", 8.0), ("total", 36.5)] {
        assert_eq!(value(jobs.clone(), &format!("skypilot.resources.gpus.{name}_count")), Some(expected), "{name}");
    }
}

#[test]
fn a_shared_worker_is_held_once() {
    let accelerator = Some(Accelerator { name: "H100".into(), count: 8.0 });
    let part = |worker: &str| {
        let worker = Some(Worker { name: worker.into(), accelerator: accelerator.clone() });
        Job { worker, ..one(on("H100", 1.0, 1, task("RUNNING", 1.0))) }
    };
    let jobs = vec![part("a"), part("a"), part("b")];
    assert_eq!(value(jobs, "skypilot.resources.gpus.total_count"), Some(16.0));
}

#[test]
fn places_are_those_of_what_runs() {
    let at = |region: &str, of: Task| Task { place: Some(Place { region: region.into(), zone: None }), ..of };
    let jobs = vec![
        one(at("us-east-1", task("RUNNING", 1.0))),
        job(vec![at("us-east-1", ended("SUCCEEDED", 5)), at("eu-west-1", task("RUNNING", 1.0))]),
        one(at("us-east-1", ended("FAILED", 5))),
        one(task("RECOVERING", 1.0)),
    ];
    for (region, expected) in [("us_east_1", 1.0), ("us_west_2", 0.0), ("other", 1.0)] {
        assert_eq!(value(jobs.clone(), &format!("skypilot.regions.{region}")), Some(expected), "{region}");
    }
    let gauges = super::gauges(&organisation(jobs, true), &Settings { tells_regions: false });
    assert_eq!(of(&gauges, "skypilot.regions.other"), None);
}

#[test]
fn recoveries_are_those_of_all_tasks() {
    let with = |recoveries, of: Task| Task { recoveries, ..of };
    let jobs = vec![
        job(vec![with(2, ended("SUCCEEDED", 5)), with(1, task("RUNNING", 1.0))]),
        one(with(1, task("RUNNING", 1.0))),
        one(task("RUNNING", 1.0)),
        one(with(9, ended("FAILED", 5))),
    ];
    assert_eq!(value(jobs.clone(), "skypilot.jobs.with_recoveries"), Some(2.0));
    assert_eq!(value(jobs.clone(), "skypilot.jobs.recovery_count.avg"), Some(2.0));
    assert_eq!(value(jobs, "skypilot.jobs.recovery_count.max"), Some(3.0));
}

#[test]
fn users_are_those_of_jobs_that_have_not_ended() {
    let by = |user: Option<usize>, of: Task| Job { user, ..one(of) };
    let jobs = vec![
        by(Some(0), task("CANCELLING", 1.0)),
        by(Some(0), task("PENDING", 0.0)),
        by(Some(1), task("ODD", 1.0)),
        by(Some(2), ended("CANCELLED", 5)),
        by(None, task("RUNNING", 1.0)),
        // Submitted after now.
        by(Some(3), Task { submitted_at: ago(-5), started_at: None, ..task("STARTING", 0.0) }),
    ];
    assert_eq!(value(jobs.clone(), "skypilot.users.active_count"), Some(2.0));
    assert_eq!(value(jobs, "skypilot.jobs.queued"), Some(1.0));
}

#[test]
fn the_wait_is_that_of_the_first_task_when_it_started_in_a_day() {
    let started = |seconds: i64, wait: i64| Task {
        started_at: ago(seconds),
        submitted_at: ago(seconds + wait),
        ..task("RUNNING", 1.0)
    };
    let jobs = vec![
        one(started(0, 10)),
        one(started(DAY, 1_000)),
        job(vec![started(2 * DAY, 1_000), started(5, 1_000)]),
        one(Task { started_at: None, ..task("STARTING", 0.0) }),
    ];
    assert_eq!(value(jobs, "skypilot.jobs.queue_wait_seconds.p90"), Some(10.0));
}

#[test]
fn clusters_without_autostop_are_up_and_nobody_elses() {
    let cluster = |status: &str, autostop: Option<u32>, is_managed: bool| Cluster {
        name: "c".into(),
        status: status.into(),
        user: 0,
        autostop,
        to_down: false,
        is_managed,
    };
    let mut organisation = organisation(Vec::new(), true);
    organisation.skypilot.clusters = vec![
        cluster("UP", None, false),
        cluster("UP", Some(0), false),
        cluster("UP", None, true),
        cluster("STOPPED", None, false),
    ];
    let gauges = super::gauges(&organisation, &Settings::default());
    assert_eq!(of(&gauges, "skypilot.clusters.active"), Some(3.0));
    assert_eq!(of(&gauges, "skypilot.clusters.without_autostop"), Some(1.0));
}
