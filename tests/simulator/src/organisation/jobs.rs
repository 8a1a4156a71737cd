//! A run's jobs: made up from the run's id when asked for, since nobody asks for all of them.

use super::Run;
use super::time::MINUTE;
use super::time::between;
use super::time::plus;
use fastrand::Rng;
use jiff::Timestamp;

/// One job of one attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Job {
    /// GitHub's numeric id.
    pub id: u64,
    /// The attempt it belongs to.
    pub attempt: u64,
    /// Its name.
    pub name: String,
    /// As of a run.
    pub status: String,
    /// As of a run.
    pub conclusion: Option<String>,
    /// When it was queued.
    pub created_at: Timestamp,
    /// When a runner took it, before it was created where a later attempt took it over; for one that was skipped GitHub states an instant that means nothing.
    pub started_at: Timestamp,
    /// When it ended.
    pub completed_at: Option<Timestamp>,
}

pub fn of(run: &Run, attempt: u64) -> Vec<Job> {
    let mut rng = Rng::with_seed(run.id.wrapping_mul(31).wrapping_add(attempt));
    let count = match rng.u8(..100) {
        _ if run.conclusion.as_deref() == Some("startup_failure") => 0,
        // A build matrix: more than one page.
        0 => rng.usize(101..=120),
        1..=9 => rng.usize(31..=40),
        _ => rng.usize(1..=6),
    };
    let latest = attempt == run.attempt;
    let start = if latest { run.run_started_at } else { run.created_at };
    // Of its own: what is odd about one job leaves the others as they are.
    let mut odd = Rng::with_seed(run.id.wrapping_mul(37).wrapping_add(attempt));
    let mut oddly = |job: Job| match odd.u8(..24) {
        0..=5 if attempt > 1 && latest && completed(run, attempt) => taken_over(&mut odd, run, job),
        // The runner's clock is a moment behind.
        6 => Job { started_at: plus(job.created_at, -1), ..job },
        _ => job,
    };
    (0..count)
        .map(|i| {
            let created_at = plus(start, between(&mut rng, 0, 20));
            let waited = if rng.u8(..5) == 0 { between(&mut rng, 0, 40 * MINUTE) } else { between(&mut rng, 0, 90) };
            let started_at = plus(created_at, waited);
            let took = between(&mut rng, 5, 20 * MINUTE);
            let skipped = run.conclusion.as_deref() == Some("skipped") || rng.u8(..9) == 0;
            let completed = completed(run, attempt);
            let conclusion = if skipped {
                "skipped"
            } else {
                run.conclusion.as_deref().filter(|c| *c != "stale").unwrap_or("success")
            };
            let job = Job {
                id: run.id * 1_000 + attempt * 200 + i as u64,
                attempt,
                name: format!("job {i}"),
                status: if completed { "completed".into() } else { run.status.clone() },
                conclusion: completed.then(|| conclusion.to_owned()),
                created_at,
                started_at: if skipped && completed {
                    plus(created_at, -between(&mut rng, 1, 400))
                } else {
                    started_at
                },
                completed_at: completed.then(|| plus(started_at, took)),
            };
            if skipped { job } else { oddly(job) }
        })
        .collect()
}

fn completed(run: &Run, attempt: u64) -> bool {
    attempt != run.attempt || run.status == "completed"
}

/// A job that had passed when the failed ones were run again: GitHub lists it in the new attempt as created with it, and
/// with the instants at which it ran.
fn taken_over(rng: &mut Rng, run: &Run, job: Job) -> Job {
    let started_at = plus(run.created_at, between(rng, 0, 20));
    Job {
        conclusion: Some("success".into()),
        started_at,
        completed_at: Some(plus(started_at, between(rng, 1, 30))),
        ..job
    }
}
