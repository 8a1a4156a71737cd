//! Managed jobs.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use collector::Batch;
use collector::MetricDef;
use collector::Tags;
use collector::Window;
use collector::stats;
use jiff::Timestamp;

use super::job::Job;
use super::job::State;
use super::resources::Held;
use super::resources::is_family;
use crate::catalog;
use crate::records::Task;

const AN_HOUR: f64 = 3600.0;

/// Upper end of each bucket of run times, in seconds; it is not in the bucket.
const BUCKETS: [(&MetricDef, f64, f64); 4] = [
    (&catalog::BUCKET_0_1H, 0.0, AN_HOUR),
    (&catalog::BUCKET_1_4H, AN_HOUR, 4.0 * AN_HOUR),
    (&catalog::BUCKET_4_24H, 4.0 * AN_HOUR, 24.0 * AN_HOUR),
    (&catalog::BUCKET_OVER_24H, 24.0 * AN_HOUR, f64::INFINITY),
];

/// The gauges of the managed jobs that these rows are of.
pub(crate) fn compute(tasks: &[Task], now: Timestamp) -> Batch {
    let jobs = Job::group(tasks);
    let mut batch = Batch::new();
    clock(&jobs, now, &mut batch);
    live(&jobs, tasks, now, &mut batch);
    history(&jobs, now, &mut batch);
    batch
}

/// The gauges when the jobs controller is down: then no job is in progress, and the history is not known.
pub(crate) fn controller_down() -> Batch {
    let mut batch = Batch::new();
    live(&[], &[], Timestamp::UNIX_EPOCH, &mut batch);
    for def in [
        &catalog::JOBS_FAILED,
        &catalog::JOBS_FAILED_7D,
        &catalog::JOBS_SUCCEEDED,
        &catalog::JOBS_CANCELLED,
        &catalog::QUEUE_WAIT_P90,
    ] {
        batch.gauge_or_absent(def, None, &Tags::new());
    }
    batch
}

fn history(jobs: &[Job], now: Timestamp, batch: &mut Batch) {
    let count = |is: &dyn Fn(&Job) -> bool| jobs.iter().filter(|job| is(job)).count() as f64;
    let week = Window::days(now, 7);
    let tags = Tags::new();
    batch.gauge(&catalog::JOBS_FAILED, count(&|job| job.state() == State::Failed), &tags);
    let failed = || jobs.iter().filter(|job| job.state() == State::Failed);
    let lately = failed().filter(|job| job.end().is_some_and(|end| week.contains(end))).count();
    batch.gauge(&catalog::JOBS_FAILED_7D, lately as f64, &tags);
    let endless = failed().filter(|job| job.end().is_none()).count();
    if endless > 0 {
        batch.warn(format!(
            "the server does not tell when {endless} failed managed jobs ended; they are in failed, and not in failed_7d"
        ));
    }
    batch.gauge(&catalog::JOBS_SUCCEEDED, count(&|job| job.state() == State::Succeeded), &tags);
    let cancelled = count(&|job| matches!(job.state(), State::Cancelled | State::Cancelling));
    batch.gauge(&catalog::JOBS_CANCELLED, cancelled, &tags);
    let waits: Vec<f64> = jobs.iter().filter_map(|job| job.queue_wait(Window::hours(now, 24))).collect();
    let possible: Vec<f64> = waits.iter().copied().filter(|wait| *wait >= 0.0).collect();
    if possible.len() < waits.len() {
        let odd = waits.len() - possible.len();
        batch.warn(format!(
            "{odd} managed jobs started before they were submitted, by the server's clocks; {}",
            LEFT_OUT
        ));
    }
    batch.gauge_or_absent(&catalog::QUEUE_WAIT_P90, stats::percentile(&possible, 90.0), &tags);
}

const LEFT_OUT: &str = "they are left out of the times";

/// What a server whose clock is ahead has dated after `now` is in no window: that deserves a word.
fn clock(jobs: &[Job], now: Timestamp, batch: &mut Batch) {
    let ahead = jobs.iter().flat_map(Job::times).max().map_or(0, |latest| latest.as_second() - now.as_second());
    if ahead > TOLERATED_SKEW {
        batch.warn(format!(
            "the server's clock is {ahead} s ahead of this machine's, or a time that it tells is wrong; what is later than \
             now is in no window"
        ));
    }
}

/// Seconds. A run takes some between its beginning, which is `now`, and the server's reply.
const TOLERATED_SKEW: i64 = 300;

fn live(jobs: &[Job], tasks: &[Task], now: Timestamp, batch: &mut Batch) {
    let tags = Tags::new();
    let jobs: Vec<&Job> = jobs.iter().filter(|job| !job.is_after(now)).collect();
    let running: Vec<&Job> = jobs.iter().copied().filter(|job| job.state().runs()).collect();
    let count = |state: State| jobs.iter().filter(|job| job.state() == state).count() as f64;
    batch.gauge(&catalog::JOBS_QUEUED, count(State::Queued), &tags);
    batch.gauge(&catalog::JOBS_RUNNING, running.len() as f64, &tags);
    batch.gauge(&catalog::JOBS_RECOVERING, count(State::Recovering), &tags);
    runtimes(&running, now, batch);
    recoveries(&running, batch);
    gpus(&running, batch);
    spot(&running, batch);
    regions(&running, tasks, batch);
    users(&jobs, tasks, batch);
    let mut others: BTreeMap<&str, u32> = BTreeMap::new();
    for status in jobs.iter().flat_map(|job| job.unknown_statuses()) {
        *others.entry(status).or_default() += 1;
    }
    if !others.is_empty() {
        let list: Vec<String> = others.iter().map(|(status, count)| format!("{count} {status:.40?}")).collect();
        let list = list.join(", ");
        batch.warn(format!("managed jobs with a status that orgpulse does not know: {list}; {COUNTED_AS}"));
    }
}

const COUNTED_AS: &str = "a task with it counts as neither queued, running nor ended";

fn runtimes(running: &[&Job], now: Timestamp, batch: &mut Batch) {
    let tags = Tags::new();
    let told: Vec<f64> = running.iter().filter_map(|job| job.duration()).collect();
    if told.is_empty() && !running.is_empty() {
        batch.warn("the server tells the run time of no running job; they are in none of the buckets");
    }
    // Nothing has run since before the epoch.
    let possible = 0.0..=now.as_second() as f64;
    let durations: Vec<f64> = told.iter().copied().filter(|duration| possible.contains(duration)).collect();
    if durations.len() < told.len() {
        let odd = told.len() - durations.len();
        batch.warn(format!("{odd} managed jobs have run times that cannot be, by the server's clocks; {LEFT_OUT}"));
    }
    for (def, from, to) in BUCKETS {
        let inside = durations.iter().filter(|duration| (from..to).contains(*duration)).count();
        batch.gauge(def, inside as f64, &tags);
    }
    batch.gauge_or_absent(&catalog::RUNTIME_MIN, durations.iter().copied().reduce(f64::min), &tags);
    batch.gauge_or_absent(&catalog::RUNTIME_MAX, durations.iter().copied().reduce(f64::max), &tags);
    batch.gauge_or_absent(&catalog::RUNTIME_AVG, stats::mean(&durations), &tags);
    for (def, p) in [(&catalog::RUNTIME_P50, 50.0), (&catalog::RUNTIME_P90, 90.0), (&catalog::RUNTIME_P99, 99.0)] {
        batch.gauge_or_absent(def, stats::percentile(&durations, p), &tags);
    }
}

fn recoveries(running: &[&Job], batch: &mut Batch) {
    let tags = Tags::new();
    let told: Vec<f64> = running.iter().filter_map(|job| job.recoveries()).collect();
    let unknown = running.len() - told.len();
    if unknown > 0 {
        batch.warn(format!("the server does not tell the recoveries of {unknown} running jobs; none are sent"));
    }
    let counts: Vec<f64> = told.into_iter().filter(|count| *count > 0.0 && unknown == 0).collect();
    batch.gauge_or_absent(&catalog::WITH_RECOVERIES, (unknown == 0).then_some(counts.len() as f64), &tags);
    batch.gauge_or_absent(&catalog::RECOVERIES_AVG, stats::mean(&counts), &tags);
    batch.gauge_or_absent(&catalog::RECOVERIES_MAX, counts.iter().copied().reduce(f64::max), &tags);
}

/// A sum that leaves a job out would be wrong: with one whose GPUs are not known, there is none. Of each of the jobs on a
/// worker of a pool the server tells all GPUs of the worker: they count once.
fn gpus(running: &[&Job], batch: &mut Batch) {
    let mut workers = BTreeSet::new();
    let mut first = |held: &Held| held.worker.clone().is_none_or(|worker| workers.insert(worker));
    let held: Vec<Option<BTreeMap<String, f64>>> =
        running.iter().flat_map(|job| job.held()).filter(|held| first(held)).map(|held| held.gpus).collect();
    let unknown = held.iter().filter(|gpus| gpus.is_none()).count();
    if unknown > 0 {
        batch.warn(format!("the server does not tell the GPUs of {unknown} running tasks; no GPUs are sent"));
    }
    let sum = |is: &dyn Fn(&str) -> bool| {
        let all = held.iter().flatten().flatten();
        (unknown == 0).then(|| all.filter(|(name, _)| is(name)).map(|(_, count)| count).sum())
    };
    let families = [(&catalog::GPUS_L4, "L4"), (&catalog::GPUS_A10G, "A10G"), (&catalog::GPUS_H100, "H100")];
    for (def, family) in families {
        batch.gauge_or_absent(def, sum(&|name| is_family(name, family)), &Tags::new());
    }
    batch.gauge_or_absent(&catalog::GPUS_TOTAL, sum(&|_| true), &Tags::new());
}

/// A job is on spot when a task of it is.
fn spot(running: &[&Job], batch: &mut Batch) {
    let on_spot = |job: &&Job| {
        let tasks: Vec<Option<bool>> = job.held().into_iter().map(|held| held.spot).collect();
        match tasks.contains(&Some(true)) {
            true => Some(true),
            false => (!tasks.contains(&None)).then_some(false),
        }
    };
    let known: Vec<bool> = running.iter().filter_map(on_spot).collect();
    let unknown = running.len() - known.len();
    if unknown > 0 {
        batch.warn(format!(
            "the server does not tell whether {unknown} running jobs are on spot; neither spot nor on-demand is sent"
        ));
    }
    let count = |spot: bool| (unknown == 0).then(|| known.iter().filter(|known| **known == spot).count() as f64);
    batch.gauge_or_absent(&catalog::SPOT_JOBS, count(true), &Tags::new());
    batch.gauge_or_absent(&catalog::ONDEMAND_JOBS, count(false), &Tags::new());
}

fn regions(running: &[&Job], tasks: &[Task], batch: &mut Batch) {
    let told = tasks.is_empty() || tasks.iter().any(|task| task.region.is_some());
    let named = ["us-east-1", "us-west-2"];
    let count = |is: &dyn Fn(&str) -> bool| {
        let inside = running.iter().filter(|job| job.regions().iter().any(|region| is(region)));
        told.then(|| inside.count() as f64)
    };
    let [east, west] = named.map(|name| count(&|region| is_in(region, name)));
    batch.gauge_or_absent(&catalog::REGION_US_EAST_1, east, &Tags::new());
    batch.gauge_or_absent(&catalog::REGION_US_WEST_2, west, &Tags::new());
    let other = count(&|region| !named.iter().any(|name| is_in(region, name)));
    batch.gauge_or_absent(&catalog::REGION_OTHER, other, &Tags::new());
    let unknown = running.iter().filter(|job| job.has_unknown_region()).count();
    if told && unknown > 0 {
        batch.warn(format!(
            "the server does not tell the region of {unknown} running jobs; what is not known is in none of the regions"
        ));
    }
}

/// Whether a text is the region, or one of its zones: `us-east-1a`, `us-west-2-lax-1a`.
fn is_in(text: &str, region: &str) -> bool {
    text.strip_prefix(region).is_some_and(|zone| {
        let letter = |part: &str| part.len() == 1 && part.chars().all(|c| c.is_ascii_lowercase());
        let place = |part: &str| part.len() == 3 && part.chars().all(|c| c.is_ascii_lowercase());
        let number = |part: &str| {
            let digits = part.trim_end_matches(|c: char| c.is_ascii_lowercase());
            !digits.is_empty() && part.len() - digits.len() <= 1 && digits.chars().all(|c| c.is_ascii_digit())
        };
        match zone.split('-').collect::<Vec<_>>()[..] {
            [part] => part.is_empty() || letter(part),
            // A local zone, and one of a carrier. A Kubernetes context that begins like a region is none.
            ["", city, at] => place(city) && number(at),
            ["", carrier, city, "wlz", at] => carrier.starts_with("wl") && place(city) && number(at),
            _ => false,
        }
    })
}

fn users(jobs: &[&Job], tasks: &[Task], batch: &mut Batch) {
    let told = tasks.is_empty() || tasks.iter().any(|task| task.user_hash.is_some());
    let users: BTreeSet<&str> =
        jobs.iter().filter(|job| !job.state().has_ended()).filter_map(|job| job.user()).collect();
    batch.gauge_or_absent(&catalog::USERS_ACTIVE, told.then_some(users.len() as f64), &Tags::new());
}

#[cfg(test)]
#[path = "jobs_tests.rs"]
mod tests;
