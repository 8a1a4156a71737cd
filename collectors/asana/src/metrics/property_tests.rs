//! What holds for any tasks: bounds, sums that agree, and that neither order nor repetition matters.

use collector::Batch;
use jiff::tz::TimeZone;
use proptest::prelude::*;
use serde_json::Value;
use serde_json::json;

use super::sample::*;
use super::*;

const ZONES: [&str; 4] = ["UTC", "America/Los_Angeles", "Asia/Kolkata", "Pacific/Tongatapu"];

/// Any task that Asana could tell; so many of a hundred with something odd about it.
fn any_task(odd: u32) -> impl Strategy<Value = Task> {
    let seconds = || -2 * DAY..40 * DAY;
    let date = prop::option::of((1..31i32).prop_map(|day| format!("2026-03-{day:02}")));
    let due_at = prop::option::weighted(0.2, seconds().prop_map(ago));
    let assignee = prop::option::of((0..4i32).prop_map(|who| json!({"gid": who.to_string()})));
    let sections = vec!["Triage", "Active", "Backlog", "Inactive", "Done"];
    let section = prop::option::weighted(0.9, prop::sample::select(sections));
    let oddities = vec![
        json!({"completed": true, "completed_at": null}),
        json!({"completed": true, "completed_at": "x"}),
        json!({"due_on": "x"}),
        json!({"due_at": 7}),
        json!({"assignee": {}}),
        json!({"memberships": null}),
        json!({"memberships": [{}]}),
    ];
    let oddity = (0..100u32, prop::sample::select(oddities)).prop_map(move |(at, oddity)| (at < odd).then_some(oddity));
    let whole = (0..60i32, any::<bool>(), seconds(), seconds(), date, due_at, assignee, section, oddity);
    whole.prop_map(|(gid, completed, created, lasted, due_on, due_at, assignee, section, oddity)| {
        let mut with: Value = json!({
            "completed": completed, "created_at": ago(created), "due_on": due_on, "due_at": due_at, "assignee": assignee,
            "completed_at": completed.then(|| ago(created - lasted)),
            "memberships": section.map(|name| membership("99", name)).as_slice(),
        });
        for (key, value) in oddity.iter().flat_map(|odd| odd.as_object().unwrap()) {
            with[key] = value.clone();
        }
        task(&gid.to_string(), with)
    })
}

fn any_tasks() -> impl Strategy<Value = Vec<Task>> {
    prop_oneof![
        3 => prop::collection::vec(any_task(0), 0..40),
        1 => prop::collection::vec(any_task(5), 0..40),
    ]
}

fn both(tasks: &[&Task], zone: &str) -> (Batch, Batch) {
    let zone = TimeZone::get(zone).unwrap();
    (super::tasks::compute(tasks, now(), &zone, &tags()), super::bugs::compute(tasks, "99", now(), &tags()))
}

proptest! {
    #[test]
    fn order_and_repetition_change_nothing(
        tasks in any_tasks(), turn in 0..40usize, zone in prop::sample::select(ZONES.to_vec()),
    ) {
        let mut refs: Vec<&Task> = tasks.iter().collect();
        let before = both(&refs, zone);
        refs.extend(tasks.iter().take(turn));
        refs.reverse();
        let middle = turn.min(refs.len());
        refs.rotate_left(middle);
        let after = both(&refs, zone);
        prop_assert_eq!(format!("{before:?}"), format!("{after:?}"));
    }

    #[test]
    fn sums_agree(tasks in any_tasks(), zone in prop::sample::select(ZONES.to_vec())) {
        let (tasks, bugs) = both(&tasks.iter().collect::<Vec<_>>(), zone);
        let of = |name: &str| tasks.gauges().iter().find(|g| g.def().name == format!("asana.{name}")).map(|g| g.value());
        let open = of("tasks.open").unwrap();
        if let Some(total) = of("tasks.total") {
            prop_assert_eq!(Some(total - open), of("tasks.completed_30d"));
            prop_assert!(of("tasks.completed_7d") <= of("tasks.completed_30d"));
            prop_assert_eq!(of("velocity.completed_per_day_7d"), of("tasks.completed_7d").map(|week| week / 7.0));
            prop_assert!(of("users.active_7d") <= of("tasks.completed_7d"));
        }
        if let (Some(assigned), Some(unassigned)) = (of("tasks.assigned"), of("tasks.unassigned")) {
            prop_assert_eq!(assigned + unassigned, open);
        }
        if let (Some(overdue), Some(week), Some(none)) =
            (of("tasks.overdue"), of("tasks.due_this_week"), of("tasks.no_due_date"))
        {
            prop_assert!(overdue + week + none <= open);
            prop_assert!(of("tasks.due_today") <= Some(week));
        }
        let of = |name: &str| {
            bugs.gauges().iter().find(|g| g.def().name == format!("asana.projects.bugs.{name}")).map(|g| g.value())
        };
        let sections: Option<f64> =
            ["triage_count", "active_count", "backlog_count", "other_count"].iter().map(|name| of(name)).sum();
        prop_assert!(sections.is_none() || sections == of("total_open"));
        prop_assert_eq!(of("total_open").unwrap(), open);
        prop_assert!(of("avg_age_days").is_none_or(|average| average <= of("oldest_bug_days").unwrap() + 1e-9));
        // A value outside its bounds would be one that is left out with these words; a mean of cycle times may be.
        let left_out = |batch: &Batch| batch.warnings().iter().filter(|w| w.contains("is not sent: its value")).count();
        let backwards = tasks.warnings().iter().any(|warning| warning.contains("before they were created"));
        prop_assert!(backwards || left_out(&tasks) == 0);
        prop_assert_eq!(left_out(&bugs), 0);
    }
}
