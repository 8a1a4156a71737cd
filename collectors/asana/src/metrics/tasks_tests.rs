use serde_json::Value;
use serde_json::json;

use super::*;
use crate::metrics::sample::*;

fn compute_in(zone: &str, tasks: &[Task]) -> Batch {
    compute(&tasks.iter().collect::<Vec<_>>(), now(), &TimeZone::get(zone).unwrap(), &tags())
}

fn batch(tasks: &[Task]) -> Batch {
    compute_in("UTC", tasks)
}

fn short(batch: &Batch, name: &str) -> Option<f64> {
    value(batch, &format!("asana.{name}"))
}

#[test]
fn windows_are_half_open_and_what_comes_after_now_is_in_none() {
    let tasks = [
        done("1", 0),
        done("2", 7 * DAY - 1),
        done("3", 7 * DAY),
        done("4", 30 * DAY - 1),
        done("5", 30 * DAY),
        // Completed after now: neither open nor completed.
        done("6", -1),
        // Created at now, and after it.
        task("7", json!({"created_at": ago(0)})),
        task("8", json!({"created_at": ago(-1)})),
    ];
    let batch = batch(&tasks);
    assert_eq!(short(&batch, "tasks.completed_7d"), Some(2.0));
    assert_eq!(short(&batch, "tasks.completed_30d"), Some(4.0));
    assert_eq!(short(&batch, "tasks.open"), Some(1.0));
    assert_eq!(short(&batch, "tasks.total"), Some(5.0));
    assert_eq!(short(&batch, "velocity.completed_per_day_7d"), Some(2.0 / 7.0));
    assert_eq!(short(&batch, "velocity.completion_rate_pct"), Some(2.0 / 3.0 * 100.0));
    assert!(batch.warnings().is_empty());
}

#[test]
fn milliseconds_decide_at_the_edge_of_a_window() {
    let at = |text: &str| task(text, json!({"completed": true, "completed_at": text}));
    let batch = batch(&[at("2026-03-03T12:00:00.000Z"), at("2026-03-03T12:00:00.001Z")]);
    assert_eq!(short(&batch, "tasks.completed_7d"), Some(1.0));
    assert_eq!(short(&batch, "tasks.completed_30d"), Some(2.0));
}

#[test]
fn a_task_in_several_projects_counts_once_also_when_it_changed_meanwhile() {
    let tasks = [task("1", json!({})), task("1", json!({})), done("2", DAY), task("2", json!({})), done("2", DAY)];
    let batch = batch(&tasks);
    assert_eq!(short(&batch, "tasks.open"), Some(1.0));
    assert_eq!(short(&batch, "tasks.completed_7d"), Some(1.0));
    assert_eq!(short(&batch, "tasks.total"), Some(2.0));
}

#[test]
fn milestones_approvals_and_subtasks_of_a_project_count() {
    let kinds = ["default_task", "milestone", "approval", "custom"];
    let mut tasks: Vec<Task> = kinds.iter().map(|kind| task(kind, json!({"resource_subtype": kind}))).collect();
    tasks.push(task("sub", json!({"parent": {"gid": "milestone"}})));
    assert_eq!(short(&batch(&tasks), "tasks.open"), Some(5.0));
}

fn due_on(date: &str) -> Value {
    json!({"due_on": date})
}

#[test]
fn due_dates_fall_before_today_today_or_into_its_week() {
    let dates = ["2026-03-09", "2026-03-10", "2026-03-11", "2026-03-16", "2026-03-17", "2020-01-01"];
    let mut tasks: Vec<Task> = dates.iter().map(|date| task(date, due_on(date))).collect();
    tasks.push(task("none", json!({})));
    // Completed ones are not late.
    let mut late = raw("late", json!({"completed": true, "completed_at": ago(DAY), "due_on": "2026-03-01"}));
    late["created_at"] = json!(ago(2 * DAY));
    tasks.push(serde_json::from_value(late).unwrap());
    let batch = batch(&tasks);
    assert_eq!(short(&batch, "tasks.overdue"), Some(2.0));
    assert_eq!(short(&batch, "tasks.due_today"), Some(1.0));
    assert_eq!(short(&batch, "tasks.due_this_week"), Some(3.0));
    assert_eq!(short(&batch, "tasks.no_due_date"), Some(1.0));
}

#[test]
fn a_due_time_counts_by_its_date_in_the_configured_zone_and_wins_over_the_date() {
    // Now is noon in UTC: the same day in Los Angeles, the next one (01:00) on Tongatapu.
    let at = |at: &str| task("1", json!({"due_at": at, "due_on": "2020-01-01"}));
    for (zone, due, overdue, today) in [
        // It has passed, and its day has not.
        ("UTC", at("2026-03-10T08:00:00Z"), 0.0, 1.0),
        ("UTC", at("2026-03-09T23:59:59.999Z"), 1.0, 0.0),
        ("UTC", at("2026-03-11T00:00:00Z"), 0.0, 0.0),
        ("America/Los_Angeles", at("2026-03-11T06:59:59Z"), 0.0, 1.0),
        ("America/Los_Angeles", at("2026-03-10T06:59:59Z"), 1.0, 0.0),
        ("Pacific/Tongatapu", at("2026-03-10T10:59:59Z"), 1.0, 0.0),
        ("Pacific/Tongatapu", at("2026-03-10T11:00:00Z"), 0.0, 1.0),
        // A date without a zone is that date wherever "today" is.
        ("Pacific/Tongatapu", task("1", due_on("2026-03-10")), 1.0, 0.0),
        ("America/Los_Angeles", task("1", due_on("2026-03-10")), 0.0, 1.0),
    ] {
        let batch = compute_in(zone, std::slice::from_ref(&due));
        let found = (short(&batch, "tasks.overdue"), short(&batch, "tasks.due_today"));
        assert_eq!(found, (Some(overdue), Some(today)), "{zone} {:?}", due.due);
    }
}

#[test]
fn the_week_has_seven_days_when_clocks_change() {
    // In Berlin clocks go forward on 2026-03-29.
    let now: Timestamp = "2026-03-27T23:30:00Z".parse().unwrap();
    let zone = TimeZone::get("Europe/Berlin").unwrap();
    let tasks = ["2026-03-28", "2026-04-03", "2026-04-04"].map(|date| task(date, due_on(date)));
    let batch = compute(&tasks.iter().collect::<Vec<_>>(), now, &zone, &tags());
    assert_eq!(short(&batch, "tasks.due_today"), Some(1.0));
    assert_eq!(short(&batch, "tasks.due_this_week"), Some(2.0));
}

#[test]
fn assignees_of_open_tasks_and_of_completed_ones() {
    let of = |gid: &str| json!({"gid": gid, "resource_type": "user"});
    let mut tasks = vec![
        task("1", json!({"assignee": of("ann")})),
        task("2", json!({"assignee": of("bob")})),
        task("3", json!({})),
    ];
    for (gid, who, days) in [("4", "ann", 1), ("5", "ann", 2), ("6", "cem", 6), ("7", "dan", 8)] {
        let with = json!({"completed": true, "completed_at": ago(days * DAY), "assignee": of(who)});
        tasks.push(task(gid, with));
    }
    tasks.push(done("8", DAY));
    let batch = batch(&tasks);
    assert_eq!(short(&batch, "tasks.assigned"), Some(2.0));
    assert_eq!(short(&batch, "tasks.unassigned"), Some(1.0));
    assert_eq!(short(&batch, "users.active_7d"), Some(2.0));
}

#[test]
fn cycle_times_are_of_30_days() {
    let after = |gid: &str, hours: i64, days: i64| {
        let with =
            json!({"completed": true, "completed_at": ago(days * DAY), "created_at": ago(days * DAY + hours * HOUR)});
        task(gid, with)
    };
    let batch = batch(&[after("1", 2, 1), after("2", 4, 10), after("3", 12, 29), after("4", 1000, 31)]);
    assert_eq!(short(&batch, "cycle_time.avg_hours"), Some(6.0));
    assert_eq!(short(&batch, "cycle_time.p50_hours"), Some(4.0));
    assert_eq!(short(&batch, "cycle_time.p90_hours"), Some(4.0 + 0.8 * 8.0));
}

#[test]
fn nothing_gives_zeros_and_no_averages() {
    let batch = batch(&[]);
    for name in ["tasks.total", "tasks.open", "tasks.overdue", "tasks.assigned", "users.active_7d"] {
        assert_eq!(short(&batch, name), Some(0.0), "{name}");
    }
    assert_eq!(short(&batch, "velocity.completed_per_day_7d"), Some(0.0));
    for name in ["velocity.completion_rate_pct", "cycle_time.avg_hours", "cycle_time.p50_hours", "cycle_time.p90_hours"]
    {
        assert_eq!(short(&batch, name), None, "{name}");
    }
}

fn with_age(mut with: Value) -> Value {
    with["created_at"] = json!(ago(20 * DAY));
    with
}

#[test]
fn one_odd_task_takes_along_what_depends_on_it_and_nothing_else() {
    let completed = ["tasks.total", "tasks.completed_7d", "tasks.completed_30d", "velocity.completed_per_day_7d"];
    let more = ["velocity.completion_rate_pct", "cycle_time.avg_hours", "cycle_time.p90_hours", "users.active_7d"];
    let dues = ["tasks.overdue", "tasks.due_today", "tasks.due_this_week", "tasks.no_due_date"];
    for (odd, absent, words) in [
        (json!({"completed": true}), [completed, more].concat(), "the time of completion"),
        (json!({"completed": true, "completed_at": "x"}), [completed, more].concat(), "the time of completion"),
        (json!({"due_on": "x"}), dues.to_vec(), "the due date"),
        (json!({"due_at": 7}), dues.to_vec(), "the due date"),
        (json!({"assignee": {}}), vec!["tasks.unassigned", "tasks.assigned"], "the assignee"),
        (json!({"assignee": {}, "completed": true, "completed_at": ago(DAY)}), vec!["users.active_7d"], "the assignee"),
        // Too long ago to matter.
        (json!({"assignee": {}, "completed": true, "completed_at": ago(9 * DAY)}), vec![], ""),
        (json!({"due_on": "x", "completed": true, "completed_at": ago(9 * DAY)}), vec![], ""),
    ] {
        let batch = batch(&[task("1", json!({})), done("2", DAY), task("3", with_age(odd.clone()))]);
        for def in catalog::METRICS.iter().filter(|def| def.group == catalog::group::TASKS) {
            let is_absent = absent.iter().any(|name| def.name == format!("asana.{name}"));
            let is_absent = is_absent || (absent.contains(&"cycle_time.avg_hours") && def.name.contains("cycle_time"));
            assert_eq!(value(&batch, def.name).is_none(), is_absent, "{odd}: {}", def.name);
        }
        assert_eq!(batch.warnings().len(), usize::from(!words.is_empty()), "{odd}: {batch:?}");
        assert!(batch.warnings().iter().all(|warning| warning.contains(words) && warning.contains("1 tasks (3)")));
    }
}

#[test]
fn a_completion_before_the_creation_is_told() {
    let backwards = task("1", json!({"completed": true, "completed_at": ago(DAY), "created_at": ago(0)}));
    let batch = batch(&[backwards]);
    assert!(batch.gauges().iter().all(|gauge| !gauge.def().name.contains("cycle_time")));
    assert!(batch.warnings().iter().any(|warning| warning.contains("before they were created")), "{batch:?}");
}
