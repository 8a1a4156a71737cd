//! Managed jobs: mostly ordinary ones, and one of each kind that a rule of the specification is about.

use super::Accelerator;
use super::Job;
use super::Place;
use super::SkyPilotScale;
use super::Task;
use super::Worker;
use super::generate::USERS;
use crate::organisation::time::DAY;
use crate::organisation::time::HOUR;
use crate::organisation::time::MINUTE;
use crate::organisation::time::WEEK;
use crate::organisation::time::between;
use crate::organisation::time::plus;
use fastrand::Rng;
use jiff::SignedDuration;
use jiff::Timestamp;

/// Name and count of one machine's accelerators. Some names only look like another's.
const ACCELERATORS: [(&str, f64); 16] = [
    ("L4", 1.0),
    ("L4", 4.0),
    ("L4", 0.5),
    ("L40S", 8.0),
    ("A10G", 1.0),
    ("A10", 2.0),
    ("A10G", 0.25),
    ("H100", 8.0),
    ("H100-80GB", 4.0),
    ("H100-SXM", 8.0),
    ("H200", 8.0),
    ("A100-80GB", 8.0),
    ("tpu-v4-8", 1.0),
    ("Trainium", 16.0),
    ("Inferentia2", 6.0),
    ("T4", 1.0),
];

const REGIONS: [&str; 6] = ["us-east-1", "us-east-1", "us-west-2", "us-west-2", "eu-central-1", "us-east-2"];

/// Run times in seconds between which a job changes its bucket.
const EDGES: [i64; 8] = [0, HOUR - 1, HOUR, 4 * HOUR - 1, 4 * HOUR, DAY - 1, DAY, DAY + 1];

/// How long ago, in seconds, something ended or started on either side of a window.
const ENDS: [i64; 6] = [0, 1, WEEK - 1, WEEK, WEEK + 1, -40];
const STARTS: [i64; 4] = [0, DAY - 1, DAY, DAY + 1];

/// Jobs that run or recover.
pub fn running(rng: &mut Rng, scale: &SkyPilotScale, now: Timestamp) -> Vec<Job> {
    let mut jobs: Vec<Job> = Vec::with_capacity(scale.running);
    for index in 0..scale.running {
        let seconds = EDGES.get(index).copied().unwrap_or_else(|| between(rng, MINUTE, 3 * DAY));
        let mut current = live(rng, seconds, now);
        if index % 17 == 9 {
            current.duration = None;
        }
        let mut job = job(rng, vec![current]);
        match index % 9 {
            3 => pipeline(rng, &mut job, now),
            5 => group(rng, &mut job),
            7 if scale.has_pools => pooled(rng, &mut job, index),
            _ => {}
        }
        jobs.push(job);
    }
    jobs
}

/// Jobs that have neither ended nor run at this instant.
pub fn waiting(rng: &mut Rng, count: usize, now: Timestamp) -> Vec<Job> {
    let statuses =
        ["PENDING", "STARTING", "SUBMITTED", "WINDING_DOWN", "CANCELLING", "DREAMING", "PENDING", "STARTING"];
    let mut jobs = Vec::with_capacity(count);
    for index in 0..count {
        let mut task = task(rng, statuses[index % statuses.len()]);
        let submitted = plus(now, -between(rng, MINUTE, DAY));
        match task.status.as_str() {
            "PENDING" => task.submitted_at = None,
            "STARTING" | "SUBMITTED" => task.submitted_at = Some(submitted),
            _ => {
                task.submitted_at = Some(submitted);
                task.started_at = Some(plus(submitted, between(rng, 1, MINUTE)).min(now));
                task.duration = Some(between(rng, 1, HOUR) as f64);
            }
        }
        let mut job = job(rng, vec![task]);
        if index % 8 == 6 {
            // Between two tasks of a pipeline: the first has run, the second waits.
            let ago = between(rng, 10, DAY);
            job.tasks.insert(0, ended(rng, "SUCCEEDED", plus(now, -ago)));
        }
        if index % 16 == 7 {
            // Submitted between the run's instant and the reply, by somebody who has nothing else.
            job.tasks[0].submitted_at = Some(plus(now, between(rng, 1, MINUTE)));
            job.user = None;
        }
        jobs.push(job);
    }
    jobs
}

/// Jobs that have ended.
pub fn finished(rng: &mut Rng, count: usize, now: Timestamp) -> Vec<Job> {
    let statuses = [
        "SUCCEEDED",
        "FAILED",
        "SUCCEEDED",
        "CANCELLED",
        "FAILED_SETUP",
        "SUCCEEDED",
        "FAILED_NO_RESOURCE",
        "FAILED_CONTROLLER",
        "SUCCEEDED",
        "FAILED_PRECHECKS",
        "SUCCEEDED",
    ];
    let mut jobs = Vec::with_capacity(count);
    for index in 0..count {
        let (status, ago) = match ENDS.get(index) {
            Some(ago) => ("FAILED", *ago),
            None => (statuses[rng.usize(..statuses.len())], between(rng, 2, 60 * DAY)),
        };
        let mut last = ended(rng, status, plus(now, -ago));
        if let Some(ago) = index.checked_sub(ENDS.len()).and_then(|index| STARTS.get(index)) {
            // Waits far longer than all others, so that one too many or too few moves the percentile.
            let started = plus(now, -ago);
            last.started_at = Some(started);
            last.submitted_at = Some(plus(started, -10 * DAY - ago));
            last.ended_at = Some(now.max(started));
        }
        let mut job = job(rng, vec![last]);
        match index % 13 {
            4 => {
                // What came before it in a pipeline went well.
                let before = plus(now, -ago - HOUR);
                job.tasks.insert(0, ended(rng, "SUCCEEDED", before));
            }
            8 if job.tasks[0].status.starts_with("FAILED") => {
                // The rest was cancelled later, which is when the job ended.
                let ended_at = job.tasks[0].ended_at.map(|at| plus(at, between(rng, 1, 2 * DAY)).min(now.max(at)));
                let cancelled = Task { submitted_at: None, ended_at, ..task(rng, "CANCELLED") };
                job.tasks.push(cancelled);
            }
            _ => {}
        }
        jobs.push(job);
    }
    jobs
}

fn job(rng: &mut Rng, tasks: Vec<Task>) -> Job {
    let active = tasks.iter().any(|task| !task.has_ended());
    // The last user has nothing but ended jobs.
    let users = if active { USERS.len() - 1 } else { USERS.len() };
    let user = (rng.u8(..12) > 0).then(|| rng.usize(..users));
    Job { id: 0, name: String::new(), user, tasks, worker: None }
}

/// A task with nothing of it told yet but what was asked for.
fn task(rng: &mut Rng, status: &str) -> Task {
    let accelerator = (rng.u8(..8) > 0).then(|| {
        let (name, count) = ACCELERATORS[rng.usize(..ACCELERATORS.len())];
        Accelerator { name: name.to_owned(), count }
    });
    Task {
        status: status.to_owned(),
        submitted_at: None,
        started_at: None,
        ended_at: None,
        duration: Some(0.0),
        recoveries: 0,
        nodes: [1, 1, 1, 2, 4][rng.usize(..5)],
        accelerator,
        is_spot: rng.u8(..5) < 2,
        is_alive: false,
        place: None,
    }
}

fn place(rng: &mut Rng) -> Option<Place> {
    let region = REGIONS[rng.usize(..REGIONS.len())];
    let zone = ["a", "b", "c"][rng.usize(..3)];
    Some(Place { region: region.to_owned(), zone: rng.bool().then(|| format!("{region}{zone}")) })
}

/// A task on machines, that has run for so long.
fn live(rng: &mut Rng, seconds: i64, now: Timestamp) -> Task {
    let recovers = rng.u8(..6) == 0;
    let mut task = task(rng, if recovers { "RECOVERING" } else { "RUNNING" });
    // Time spent on recoveries is no run time.
    let lost = if recovers || rng.u8(..5) == 0 { between(rng, 1, 5 * HOUR) } else { 0 };
    let started = plus(now, -seconds - lost);
    task.started_at = Some(started);
    let waited = between(rng, 1, 2 * HOUR);
    task.submitted_at = Some(quarter(rng, plus(started, -waited)));
    task.duration = Some(seconds as f64);
    task.recoveries = if recovers { 1 + rng.u32(..9) } else { [0, 0, 0, 0, 1, 3][rng.usize(..6)] };
    // While it recovers it has no machines.
    task.is_alive = !recovers && rng.u8(..3) > 0;
    task.place = if recovers || rng.u8(..10) == 0 { None } else { place(rng) };
    task
}

fn ended(rng: &mut Rng, status: &str, at: Timestamp) -> Task {
    let mut task = task(rng, status);
    task.ended_at = Some(at);
    task.recoveries = [0, 0, 0, 2][rng.usize(..4)];
    let ran = between(rng, 1, 2 * DAY);
    let waited = between(rng, 1, 2 * HOUR);
    task.submitted_at = Some(quarter(rng, plus(at, -ran - waited)));
    // Without machines, or before they were ready, it never started.
    if !matches!(status, "FAILED_NO_RESOURCE" | "FAILED_PRECHECKS") {
        task.started_at = Some(plus(at, -ran));
        task.duration = Some(ran as f64);
        task.place = place(rng);
    }
    task
}

/// A quarter of a second earlier now and then: a fraction that a binary number holds exactly.
fn quarter(rng: &mut Rng, at: Timestamp) -> Timestamp {
    at.saturating_sub(SignedDuration::from_millis(250 * rng.i64(0..4))).unwrap_or(at)
}

/// Tasks before and after the one that runs; those before held other machines.
fn pipeline(rng: &mut Rng, job: &mut Job, now: Timestamp) {
    for _ in 0..1 + rng.u8(..2) {
        let ago = between(rng, 4 * DAY, 6 * DAY);
        job.tasks.insert(0, ended(rng, "SUCCEEDED", plus(now, -ago)));
    }
    job.tasks.push(task(rng, "PENDING"));
}

/// Another task beside the one that runs, in the same place and bought in the same way.
fn group(rng: &mut Rng, job: &mut Job) {
    let first = job.tasks[0].clone();
    let mut second = Task { accelerator: task(rng, "RUNNING").accelerator, nodes: 1, ..first };
    second.recoveries = rng.u32(..3);
    job.tasks.push(second);
}

/// A part of a pool's worker, of which the server tells each job the whole.
fn pooled(rng: &mut Rng, job: &mut Job, index: usize) {
    // Two workers that jobs take turns on, and now and then one for itself.
    let number = [0, 1, index][index / 9 % 3];
    let accelerator = Accelerator { name: "H100".to_owned(), count: 8.0 };
    job.worker = Some(Worker { name: format!("pool-worker-{number}"), accelerator: Some(accelerator) });
    let task = &mut job.tasks[0];
    task.status = "RUNNING".to_owned();
    task.is_alive = true;
    task.is_spot = false;
    task.nodes = 1;
    task.accelerator = Some(Accelerator { name: "H100".to_owned(), count: [0.5, 1.0][rng.usize(..2)] });
    task.place = Some(Place { region: "us-east-1".to_owned(), zone: Some("us-east-1a".to_owned()) });
}
