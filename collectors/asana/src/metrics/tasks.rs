//! Tasks: how many are open, late, assigned, and how fast they are completed.

use std::collections::BTreeSet;

use collector::Batch;
use collector::Tags;
use collector::Window;
use collector::stats;
use jiff::Timestamp;
use jiff::ToSpan;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::all_told;
use super::completed;
use super::completion_told;
use super::distinct;
use super::hours;
use super::open;
use crate::catalog;
use crate::records::Due;
use crate::records::Field;
use crate::records::Task;

/// Gauges of the tasks of all projects that count; one that is in several of them may be there several times.
pub(crate) fn compute(tasks: &[&Task], now: Timestamp, zone: &TimeZone, tags: &Tags) -> Batch {
    let tasks = distinct(tasks);
    let open = open(&tasks, now);
    let mut batch = Batch::new();
    batch.gauge(&catalog::TASKS_OPEN, open.len() as f64, tags);
    due(&open, now, zone, tags, &mut batch);
    assignees(&open, tags, &mut batch);
    completions(&tasks, open.len(), now, tags, &mut batch);
    batch
}

fn due(open: &[&Task], now: Timestamp, zone: &TimeZone, tags: &Tags, batch: &mut Batch) {
    let date = |at: Timestamp| at.to_zoned(zone.clone()).date();
    let today = date(now);
    let week_end = today.saturating_add(7.days());
    let dates: Vec<Option<Date>> = open
        .iter()
        .filter_map(|task| match task.due {
            Due::Never => Some(None),
            Due::On(date) => Some(Some(date)),
            Due::At(at) => Some(Some(date(at))),
            Due::Unreadable => None,
        })
        .collect();
    let odd = open.iter().copied().filter(|task| task.due == Due::Unreadable);
    let told = all_told(odd, "the due date", batch);
    let count = |is: &dyn Fn(Option<Date>) -> bool| told.then(|| dates.iter().filter(|date| is(**date)).count() as f64);
    let on = |is: &dyn Fn(Date) -> bool| count(&|date| date.is_some_and(is));
    batch.gauge_or_absent(&catalog::TASKS_OVERDUE, on(&|date| date < today), tags);
    batch.gauge_or_absent(&catalog::TASKS_DUE_TODAY, on(&|date| date == today), tags);
    batch.gauge_or_absent(&catalog::TASKS_DUE_THIS_WEEK, on(&|date| (today..week_end).contains(&date)), tags);
    batch.gauge_or_absent(&catalog::TASKS_NO_DUE_DATE, count(&|date| date.is_none()), tags);
}

fn assignees(open: &[&Task], tags: &Tags, batch: &mut Batch) {
    let odd = open.iter().copied().filter(|task| task.assignee == Field::Unreadable);
    let told = all_told(odd, "the assignee", batch);
    let nobody = open.iter().filter(|task| task.assignee == Field::Empty).count();
    batch.gauge_or_absent(&catalog::TASKS_UNASSIGNED, told.then_some(nobody as f64), tags);
    batch.gauge_or_absent(&catalog::TASKS_ASSIGNED, told.then_some((open.len() - nobody) as f64), tags);
}

/// With one completed task of unknown time, nothing that counts by it is right.
fn completions(tasks: &[&Task], open: usize, now: Timestamp, tags: &Tags, batch: &mut Batch) {
    let told = completion_told(tasks, batch);
    let (in_7d, in_30d) = (completed(tasks, Window::days(now, 7)), completed(tasks, Window::days(now, 30)));
    let (open, week, month) = (open as f64, in_7d.len() as f64, in_30d.len() as f64);
    for (def, count) in [
        (&catalog::TASKS_TOTAL, open + month),
        (&catalog::TASKS_COMPLETED_7D, week),
        (&catalog::TASKS_COMPLETED_30D, month),
        (&catalog::COMPLETED_PER_DAY, week / 7.0),
    ] {
        batch.gauge_or_absent(def, told.then_some(count), tags);
    }
    let rate = stats::percent(week, week + open).filter(|_| told);
    batch.gauge_or_absent(&catalog::COMPLETION_RATE, rate, tags);

    let times: Vec<f64> = in_30d.iter().map(|(task, at)| hours(task.created_at, *at)).collect();
    batch.gauge_or_absent(&catalog::CYCLE_TIME_AVG, stats::mean(&times).filter(|_| told), tags);
    for (def, p) in [(&catalog::CYCLE_TIME_P50, 50.0), (&catalog::CYCLE_TIME_P90, 90.0)] {
        batch.gauge_or_absent(def, stats::percentile(&times, p).filter(|_| told), tags);
    }
    let backwards = times.iter().filter(|time| **time < 0.0).count();
    if backwards > 0 {
        batch.warn(format!(
            "{backwards} tasks were completed before they were created, by Asana's times; the cycle times count them so"
        ));
    }

    let odd = in_7d.iter().map(|(task, _)| *task).filter(|task| task.assignee == Field::Unreadable);
    let users_told = all_told(odd, "the assignee", batch) && told;
    let users: BTreeSet<&str> = in_7d.iter().filter_map(|(task, _)| task.assignee.value()).map(|gid| &**gid).collect();
    batch.gauge_or_absent(&catalog::USERS_ACTIVE, users_told.then_some(users.len() as f64), tags);
}

#[cfg(test)]
#[path = "tasks_tests.rs"]
mod tests;
