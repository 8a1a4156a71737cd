//! The gauges of a whole project.

use super::BTreeSet;
use super::Case;
use super::Direction;
use super::Gauge;
use super::Run;
use super::count;
use super::first;
use super::gpus;
use super::in_days;
use super::mean;
use super::newest;
use jiff::SignedDuration;

pub fn gauges(case: &Case) -> Vec<Gauge> {
    let (active, stale) = running(case);
    let completed = case.ended(&["finished"], 7);
    let failed = case.ended(&["failed", "crashed"], 7);
    let compute: Vec<f64> = completed.iter().map(|run| run.compute_seconds / 3600.0).collect();
    let values = [
        ("wandb.runs.active", count(active.len())),
        ("wandb.runs.stale", count(stale)),
        ("wandb.runs.completed_7d", count(completed.len())),
        ("wandb.runs.failed_7d", count(failed.len())),
        ("wandb.metrics.best_accuracy", best_accuracy(case)),
        ("wandb.metrics.latest_loss", latest_loss(case)),
        ("wandb.training.duration_hours", mean(&compute)),
        ("wandb.training.gpu_utilization_pct", gpus::utilisation(&active)),
        ("wandb.training.gpu_hours_7d", Some(gpus::hours_in_week(case))),
        ("wandb.training.cost_estimate_usd", gpus::cost(case)),
        ("wandb.training.runs_per_user", runs_per_user(case)),
    ];
    values.into_iter().map(|(metric, value)| (metric, Vec::new(), value)).collect()
}

/// "state running, and now - heartbeatAt <= wandb.heartbeat_minutes": those, and how many are "older than that; a run
/// with no heartbeat is neither". "What lies after now is not running": a run created after now; one created before is
/// alive also when its heartbeat is so fresh that it came after now.
fn running<'a>(case: &Case<'a>) -> (Vec<&'a Run>, usize) {
    let limit = SignedDuration::from_mins(case.settings.heartbeat_minutes);
    let running = case.all().filter(|run| run.state == "running" && run.created_at <= case.now);
    let (mut active, mut stale) = (Vec::new(), 0);
    for run in running {
        match run.heartbeat_at.map(|at| case.now.duration_since(at)) {
            Some(age) if age <= limit => active.push(run),
            Some(_) => stale += 1,
            None => {}
        }
    }
    (active, stale)
}

/// "over runs in state finished, failed, crashed, killed or preempted with heartbeat in 7d: each run's first key with a
/// finite number; their maximum (minimum where wandb.accuracy_direction is min)"
fn best_accuracy(case: &Case) -> Option<f64> {
    let ended = case.ended(&["finished", "failed", "crashed", "killed", "preempted"], 7);
    let told = ended.iter().filter_map(|run| first(run, &case.settings.accuracy_keys));
    let best = match case.settings.accuracy_direction {
        Direction::Max => told.reduce(f64::max),
        Direction::Min => told.reduce(f64::min),
    };
    best.map(|value| value * case.settings.accuracy_scale)
}

/// "over runs in any state with heartbeat in 7d: the first key with a finite number, in the run with the newest
/// heartbeat that has one"
fn latest_loss(case: &Case) -> Option<f64> {
    newest(case, case.all(), |run| first(run, &case.settings.loss_keys)).map(|value| value * case.settings.loss_scale)
}

/// "all runs created in 7d / their distinct known users; absent with none"
fn runs_per_user(case: &Case) -> Option<f64> {
    let created: Vec<&Run> = case.all().filter(|run| in_days(case.now, run.created_at, 7)).collect();
    let users: BTreeSet<usize> = created.iter().filter_map(|run| run.user).collect();
    (!users.is_empty()).then(|| created.len() as f64 / users.len() as f64)
}
