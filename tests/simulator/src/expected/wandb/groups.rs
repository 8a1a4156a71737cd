//! The gauges of groups of runs.

use super::Case;
use super::Gauge;
use super::Run;
use super::count;
use super::first;
use super::mean;
use super::newest;
use super::settings::Group;
use super::share;

pub fn gauges(case: &Case) -> Vec<Gauge> {
    let mut out = Vec::new();
    for group in &case.settings.groups {
        // "completed: finished, ended in 24h"; "failed or crashed, ended in 24h"
        let of = |states| case.ended(states, 1).into_iter().filter(|run| has(group, run)).collect::<Vec<&Run>>();
        let (completed, failed) = (of(&["finished"]), of(&["failed", "crashed"]));
        let compute: Vec<f64> = completed.iter().map(|run| run.compute_seconds / 3600.0).collect();
        let values = [
            ("wandb.group.runs_completed_24h", count(completed.len())),
            ("wandb.group.runs_failed_24h", count(failed.len())),
            ("wandb.group.success_rate_pct", share(completed.len(), completed.len() + failed.len())),
            ("wandb.group.avg_duration_hours", mean(&compute)),
        ];
        let tag = ("group", group.name.clone());
        out.extend(values.into_iter().map(|(metric, value)| (metric, vec![tag.clone()], value)));
        for key in &case.settings.group_keys {
            // "value of each configured summary key in the group's run with the newest heartbeat in 7d that has it"
            let own = case.all().filter(|run| has(group, run));
            let value = newest(case, own, |run| first(run, std::slice::from_ref(key)));
            let tags = vec![tag.clone(), ("key", key.clone())];
            out.push(("wandb.group.steps_per_second", tags, value));
        }
    }
    out
}

/// "patterns on displayName (case-sensitive) or tags; a run may be in several"
fn has(group: &Group, run: &Run) -> bool {
    let name = run.display_name.as_deref();
    let starts = |start: &String| name.is_some_and(|name| name.starts_with(start.as_str()));
    let contains = |part: &String| name.is_some_and(|name| name.contains(part.as_str()));
    group.name_starts.iter().any(starts)
        || group.name_has.iter().any(contains)
        || group.tags.iter().any(|tag| run.tags.contains(tag))
        || (group.sweeps && run.sweep.is_some())
}
