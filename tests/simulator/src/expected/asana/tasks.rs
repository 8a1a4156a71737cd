//! T: "distinct tasks (by gid) of the workspace's non-archived projects, or of the configured ones; open tasks and those
//! completed in 30d".

use super::Case;
use super::Gauges;
use super::count;
use super::hours;
use super::mean;
use super::percentile;
use super::share;
use crate::organisation::asana::ProjectId;
use crate::organisation::asana::Task;
use jiff::civil::Date;
use std::collections::BTreeSet;

pub fn gauges(case: &Case) -> Gauges {
    let Some(projects) = projects(case) else {
        return NAMES.iter().map(|name| (*name, None)).collect();
    };
    let tasks = case.tasks_of(&projects);
    let open: Vec<&Task> = tasks.iter().copied().filter(|t| case.is_open(t)).collect();
    let week: Vec<&Task> = tasks.iter().copied().filter(|t| case.completed_in(t, 7)).collect();
    let month: Vec<&Task> = tasks.iter().copied().filter(|t| case.completed_in(t, 30)).collect();
    let today = case.now.to_zoned(case.settings.timezone.clone()).date();
    let due: Vec<i64> = open.iter().filter_map(|t| due(case, t)).map(|day| days_between(today, day)).collect();
    let due_in = |fits: &dyn Fn(i64) -> bool| count(due.iter().filter(|days| fits(**days)).count());
    let assigned = open.iter().filter(|t| t.assignee.is_some()).count();
    let assignees: BTreeSet<usize> = week.iter().filter_map(|t| t.assignee).collect();
    let took = |t: &&Task| t.completed_at.map(|at| hours(t.created_at, at));
    let took: Vec<f64> = month.iter().filter_map(took).collect();
    let values = [
        count(open.len() + month.len()),
        count(open.len()),
        count(week.len()),
        count(month.len()),
        due_in(&|days| days < 0),
        due_in(&|days| days == 0),
        // "[today, today + 7 days)"
        due_in(&|days| (0..7).contains(&days)),
        count(open.len() - due.len()),
        count(open.len() - assigned),
        count(assigned),
        Some(week.len() as f64 / 7.0),
        share(week.len(), week.len() + open.len()),
        mean(&took),
        percentile(&took, 50.0),
        percentile(&took, 90.0),
        count(assignees.len()),
    ];
    NAMES.into_iter().zip(values).collect()
}

const NAMES: [&str; 16] = [
    "asana.tasks.total",
    "asana.tasks.open",
    "asana.tasks.completed_7d",
    "asana.tasks.completed_30d",
    "asana.tasks.overdue",
    "asana.tasks.due_today",
    "asana.tasks.due_this_week",
    "asana.tasks.no_due_date",
    "asana.tasks.unassigned",
    "asana.tasks.assigned",
    "asana.velocity.completed_per_day_7d",
    "asana.velocity.completion_rate_pct",
    "asana.cycle_time.avg_hours",
    "asana.cycle_time.p50_hours",
    "asana.cycle_time.p90_hours",
    "asana.users.active_7d",
];

/// The projects whose tasks count; none when one of them cannot be read.
fn projects(case: &Case) -> Option<Vec<ProjectId>> {
    match &case.settings.projects {
        None => case.workspace_projects(),
        Some(gids) => gids.iter().map(|gid| case.readable(gid)).collect(),
    }
}

/// "a due_at counts by its date there", and "due_at wins over due_on".
fn due(case: &Case, task: &Task) -> Option<Date> {
    match task.due_at {
        Some(at) => Some(at.to_zoned(case.settings.timezone.clone()).date()),
        None => task.due_on,
    }
}

fn days_between(from: Date, to: Date) -> i64 {
    let seconds = to.duration_since(from).as_secs();
    seconds / 86_400
}
