use serde_json::Value;
use serde_json::json;

use super::*;
use crate::metrics::sample::*;

const PROJECT: &str = "99";

fn batch(tasks: &[Task]) -> Batch {
    compute(&tasks.iter().collect::<Vec<_>>(), PROJECT, now(), &tags())
}

fn short(batch: &Batch, name: &str) -> Option<f64> {
    value(batch, &format!("asana.projects.bugs.{name}"))
}

fn in_section(gid: &str, name: &str) -> Task {
    task(gid, json!({"memberships": [membership(PROJECT, name)]}))
}

fn counts(batch: &Batch) -> [Option<f64>; 4] {
    ["triage_count", "active_count", "backlog_count", "other_count"].map(|name| short(batch, name))
}

#[test]
fn sections_are_told_by_whole_words_and_the_stronger_one_wins() {
    for (name, place) in [
        ("Triage", 0),
        ("Re-triage", 0),
        ("NEEDS TRIAGE!", 0),
        ("Active triage", 0),
        ("backlog, active, triage", 0),
        ("Active", 1),
        ("Active backlog", 1),
        ("in-active", 1),
        ("(active)", 1),
        ("Backlog", 2),
        ("Old/backlog", 2),
        ("Inactive", 3),
        ("Proactive", 3),
        ("Activé", 3),
        ("Active\u{301}", 3),
        ("e\u{301} active", 1),
        ("Триаж/Triage", 0),
        ("Active中", 3),
        ("🔥Active🔥", 1),
        ("1\u{fe0f}\u{20e3}Backlog", 2),
        ("\u{200b}BACKLOG\u{200b}", 2),
        ("active_2", 3),
        ("2active", 3),
        ("Triaged", 3),
        ("Backlogs", 3),
        ("back log", 3),
        ("Untitled section", 3),
        ("", 3),
    ] {
        let counts = counts(&batch(&[in_section("1", name)])).map(Option::unwrap);
        let mut expected = [0.0; 4];
        expected[place] = 1.0;
        assert_eq!(counts, expected, "{name:?}");
    }
}

#[test]
fn the_section_is_the_one_in_this_project() {
    let with = |memberships: Value| task("1", json!({"memberships": memberships}));
    let elsewhere = membership("7", "Triage");
    let here = membership(PROJECT, "Active");
    for memberships in [json!([elsewhere, here]), json!([here, elsewhere])] {
        assert_eq!(counts(&batch(&[with(memberships)])), [Some(0.0), Some(1.0), Some(0.0), Some(0.0)]);
    }
    for none in [
        json!([]),
        json!([elsewhere]),
        json!([{"project": {"gid": PROJECT}, "section": null}]),
        json!([{"project": null, "section": {"name": "Triage"}}]),
    ] {
        assert_eq!(counts(&batch(&[with(none.clone())]))[3], Some(1.0), "{none}");
    }
}

#[test]
fn a_section_that_is_not_told_makes_no_smaller_number() {
    for odd in [
        json!(null),
        json!([{"project": {"gid": PROJECT}}]),
        json!([{"project": {"gid": PROJECT}, "section": {"gid": "7"}}]),
        json!([{"project": {}, "section": {"name": "Triage"}}]),
        json!([{}]),
    ] {
        let batch = batch(&[in_section("1", "Triage"), task("2", json!({"memberships": odd.clone()}))]);
        assert_eq!(counts(&batch), [None; 4], "{odd}");
        assert_eq!(short(&batch, "total_open"), Some(2.0));
        assert!(batch.warnings()[0].contains("the section of 1 tasks (2)"), "{batch:?}");
    }
}

#[test]
fn windows_ages_and_what_comes_after_now() {
    let created = |gid: &str, seconds: i64| task(gid, json!({"created_at": ago(seconds)}));
    let tasks = [
        created("1", 0),
        created("2", 7 * DAY - 1),
        created("3", 7 * DAY),
        created("4", 20 * DAY),
        created("5", -1),
        // Created and completed in 7 days.
        done("6", DAY),
        // Created in 7 days, completed after now.
        task("7", json!({"completed": true, "completed_at": ago(-1)})),
        done("8", 7 * DAY),
        done("9", 30 * DAY),
    ];
    let batch = batch(&tasks);
    assert_eq!(short(&batch, "total_open"), Some(4.0));
    assert_eq!(short(&batch, "created_7d"), Some(3.0));
    assert_eq!(short(&batch, "completed_7d"), Some(1.0));
    assert_eq!(short(&batch, "completed_30d"), Some(2.0));
    let average = (0.0 + (7 * DAY - 1) as f64 + (7 * DAY) as f64 + (20 * DAY) as f64) / 4.0 / DAY as f64;
    assert!((short(&batch, "avg_age_days").unwrap() - average).abs() < 1e-9);
    assert_eq!(short(&batch, "oldest_bug_days"), Some(20.0));
}

#[test]
fn a_completion_that_is_not_told_takes_along_what_counts_by_it() {
    let batch = batch(&[in_section("1", "Active"), task("2", json!({"completed": true}))]);
    for name in ["completed_7d", "completed_30d", "created_7d"] {
        assert_eq!(short(&batch, name), None, "{name}");
    }
    assert_eq!(short(&batch, "active_count"), Some(1.0));
    assert_eq!(short(&batch, "avg_age_days"), Some(1.0));
}

#[test]
fn no_open_bug_gives_zeros_and_no_ages() {
    let batch = batch(&[done("1", DAY)]);
    assert_eq!(counts(&batch), [Some(0.0); 4]);
    assert_eq!(short(&batch, "total_open"), Some(0.0));
    assert_eq!((short(&batch, "avg_age_days"), short(&batch, "oldest_bug_days")), (None, None));
}

#[test]
fn without_a_project_of_bugs_every_metric_of_them_is_absent_for_one_reason() {
    let batch = not_configured(&tags());
    assert!(batch.gauges().is_empty() && batch.failures().is_empty() && batch.warnings().is_empty());
    assert_eq!(batch.absences().len(), 10);
    assert!(batch.absences().iter().all(|absence| absence.why == "asana.bugs_project is not set"));
}
