//! The subtle rules, on an Asana made by hand.

use super::bugs::Column;
use super::bugs::column;
use super::*;
use crate::organisation::Scale;
use crate::organisation::asana::Membership;
use crate::organisation::asana::Section;
use crate::organisation::asana::StatusUpdate;
use jiff::SignedDuration;
use jiff::civil::Date;

fn now() -> Timestamp {
    "2026-11-20T03:30:00Z".parse().unwrap()
}

fn ago(hours: i64) -> Timestamp {
    now().checked_sub(SignedDuration::from_hours(hours)).unwrap()
}

fn section(name: &str) -> Section {
    Section { gid: format!("9{name}"), name: name.into() }
}

fn project(gid: &str, workspace: usize) -> Project {
    Project {
        gid: gid.into(),
        name: gid.into(),
        workspace,
        archived: false,
        completed_at: None,
        is_visible: true,
        created_at: ago(10_000),
        due_on: None,
        owner: None,
        sections: vec![section("Triage"), section("Active"), section("Backlog"), section("Later")],
        statuses: Vec::new(),
    }
}

/// Two projects, the second that of bugs; one archived, one hidden, one elsewhere.
fn bare() -> Organisation {
    let mut organisation = Organisation::generate(1, Scale::small().with_repositories(1), now());
    let asana = &mut organisation.asana;
    asana.tasks.clear();
    asana.projects = vec![project("10", 0), project("11", 0), project("12", 0), project("13", 0), project("14", 2)];
    asana.projects[2].archived = true;
    asana.projects[3].is_visible = false;
    asana.bugs = Some(1);
    organisation
}

fn task(projects: &[(usize, Option<usize>)], created_at: Timestamp, completed_at: Option<Timestamp>) -> Task {
    Task {
        gid: format!("5{}", created_at.as_millisecond()),
        name: "t".into(),
        subtype: "default_task".into(),
        is_separator: false,
        workspace: 0,
        assignee: None,
        created_by: 0,
        created_at,
        completed_at,
        modified_at: created_at,
        due_on: None,
        due_at: None,
        parent: None,
        memberships: projects
            .iter()
            .map(|(project, section)| Membership { project: *project, section: *section })
            .collect(),
    }
}

fn with(tasks: Vec<Task>) -> Organisation {
    let mut organisation = bare();
    organisation.asana.tasks = tasks;
    organisation
}

fn value_of(organisation: &Organisation, settings: &Settings, metric: &str) -> Option<f64> {
    let all = super::gauges(organisation, settings);
    all.iter().find(|e| e.metric == metric).unwrap_or_else(|| panic!("no {metric}")).value
}

fn value(organisation: &Organisation, metric: &str) -> Option<f64> {
    value_of(organisation, &Settings::of(organisation), metric)
}

#[test]
fn nothing_counts_as_zero_and_averages_to_nothing() {
    let organisation = bare();
    let absent = [
        "asana.velocity.completion_rate_pct",
        "asana.cycle_time.avg_hours",
        "asana.cycle_time.p50_hours",
        "asana.cycle_time.p90_hours",
        "asana.projects.bugs.avg_age_days",
        "asana.projects.bugs.oldest_bug_days",
    ];
    for gauge in super::gauges(&organisation, &Settings::of(&organisation)) {
        let expected = match gauge.metric {
            "asana.projects.active" => Some(2.0),
            metric if absent.contains(&metric) => None,
            _ => Some(0.0),
        };
        assert_eq!(gauge.value, expected, "{}", gauge.metric);
        assert_eq!(gauge.tags, [("workspace", organisation.asana.workspaces[0].gid.clone())]);
    }
}

#[test]
fn section_names_count_by_whole_words_and_in_order() {
    for name in ["Triage", "Re-triage", "TRIAGE!", "Active / Triage", "backlog, triage", "active:triage"] {
        assert_eq!(column(name), Column::Triage, "{name}");
    }
    for name in ["ACTIVE work", "active", "backlog (active)", "non-active"] {
        assert_eq!(column(name), Column::Active, "{name}");
    }
    for name in ["Backlog", "the backlog.", "proactive backlog"] {
        assert_eq!(column(name), Column::Backlog, "{name}");
    }
    for name in ["Inactive", "backlog_old", "Triage2", "Prétriage", "triaged", "", " / ", "Backlogs"] {
        assert_eq!(column(name), Column::Other, "{name}");
    }
}

#[test]
fn a_bug_counts_by_its_section_in_the_project_of_bugs() {
    let organisation = with(vec![
        // Elsewhere it is to be triaged.
        task(&[(0, Some(0)), (1, Some(1))], ago(1), None),
        task(&[(1, Some(2)), (0, Some(1))], ago(2), None),
        task(&[(1, None)], ago(3), None),
        task(&[(0, Some(0))], ago(4), None),
        task(&[(1, Some(0))], ago(5), Some(ago(1))),
    ]);
    let bugs = |what: &str| value(&organisation, &format!("asana.projects.bugs.{what}"));
    assert_eq!(bugs("triage_count"), Some(0.0));
    assert_eq!(bugs("active_count"), Some(1.0));
    assert_eq!(bugs("backlog_count"), Some(1.0));
    assert_eq!(bugs("other_count"), Some(1.0));
    assert_eq!(bugs("total_open"), Some(3.0));
    assert_eq!(bugs("oldest_bug_days"), Some(0.125));
}

#[test]
fn a_task_counts_once_and_only_where_it_is_looked_for() {
    let organisation = with(vec![
        task(&[(0, None), (1, None), (2, None)], ago(1), None),
        // In no project, in an archived one, in a hidden one, in another workspace.
        task(&[], ago(1), None),
        task(&[(2, None)], ago(1), None),
        task(&[(3, None)], ago(1), None),
        task(&[(4, None)], ago(1), None),
        // Hidden and yet in one that is seen.
        task(&[(3, None), (0, None)], ago(1), None),
    ]);
    assert_eq!(value(&organisation, "asana.tasks.total"), Some(2.0));
    let settings = |gids: &[&str]| {
        let projects = gids.iter().map(|gid| (*gid).to_owned()).collect();
        Settings { projects: Some(projects), ..Settings::of(&organisation) }
    };
    let total = |gids: &[&str]| value_of(&organisation, &settings(gids), "asana.tasks.total");
    assert_eq!(total(&["11"]), Some(1.0));
    // One that is configured counts though it is archived.
    assert_eq!(total(&["11", "12"]), Some(2.0));
    // One that cannot be read leaves nothing, and what is said of the projects as it is.
    for unreadable in ["13", "14", "15"] {
        assert_eq!(total(&["10", unreadable]), None, "{unreadable}");
        assert_eq!(value_of(&organisation, &settings(&["10", unreadable]), "asana.projects.active"), Some(2.0));
    }
}

#[test]
fn without_a_project_of_bugs_or_a_workspace_nothing_is_said() {
    let organisation = with(vec![task(&[(1, None)], ago(1), None)]);
    let all = Settings::of(&organisation);
    for bugs_project in [None, Some("13".to_owned())] {
        let settings = Settings { bugs_project, ..all.clone() };
        assert_eq!(value_of(&organisation, &settings, "asana.projects.bugs.total_open"), None);
        assert_eq!(value_of(&organisation, &settings, "asana.tasks.open"), Some(1.0));
    }
    // Not the user's, and none at all.
    for workspace in [organisation.asana.workspaces[2].gid.clone(), "1".to_owned()] {
        let settings = Settings { workspace, bugs_project: None, ..all.clone() };
        assert!(super::gauges(&organisation, &settings).iter().all(|gauge| gauge.value.is_none()));
    }
}

#[test]
fn windows_hold_their_newer_edge_and_not_the_older() {
    let second = SignedDuration::from_millis(1);
    let after = now().checked_add(second).unwrap();
    let week = ago(7 * 24);
    let month = ago(30 * 24);
    let completed = |at: Timestamp| task(&[(1, None)], ago(2_000), Some(at));
    let organisation = with(vec![
        completed(now()),
        completed(after),
        completed(week),
        completed(week.checked_add(second).unwrap()),
        completed(month),
        completed(month.checked_add(second).unwrap()),
    ]);
    for section in ["asana.tasks", "asana.projects.bugs"] {
        assert_eq!(value(&organisation, &format!("{section}.completed_7d")), Some(2.0));
        assert_eq!(value(&organisation, &format!("{section}.completed_30d")), Some(4.0));
    }
    assert_eq!(value(&organisation, "asana.tasks.total"), Some(4.0), "completed after now: not open, in no window");
    assert_eq!(value(&organisation, "asana.velocity.completed_per_day_7d"), Some(2.0 / 7.0));
    assert_eq!(value(&organisation, "asana.velocity.completion_rate_pct"), Some(100.0));
}

#[test]
fn what_was_made_after_now_is_not_open_and_a_bug_is_made_when_it_is_open_or_done_by_now() {
    let after = ago(-1);
    let organisation = with(vec![
        task(&[(1, None)], after, None),
        task(&[(1, None)], ago(24), Some(after)),
        task(&[(1, None)], ago(24), Some(now())),
        task(&[(1, None)], now(), None),
        task(&[(1, None)], ago(7 * 24), None),
    ]);
    assert_eq!(value(&organisation, "asana.tasks.open"), Some(2.0));
    assert_eq!(value(&organisation, "asana.projects.bugs.created_7d"), Some(2.0));
    assert_eq!(value(&organisation, "asana.projects.bugs.avg_age_days"), Some(3.5));
}

#[test]
fn due_dates_are_told_in_the_configured_zone() {
    let at = |text: &str| text.parse::<Timestamp>().unwrap();
    let day = |text: &str| text.parse::<Date>().unwrap();
    let due = |due_on: &str, due_at: Option<&str>| Task {
        due_on: Some(day(due_on)),
        due_at: due_at.map(at),
        ..task(&[(0, None)], ago(1), None)
    };
    // It is 03:30 in UTC, still the evening of the 19th in New York, and noon on the 20th in Tokyo.
    let organisation = with(vec![
        due("2026-11-19", None),
        due("2026-11-20", None),
        due("2026-11-26", None),
        due("2026-11-27", None),
        // The instant goes before the day.
        due("2026-11-19", Some("2026-11-20T00:00:00Z")),
        due("2026-11-26", Some("2026-11-27T02:00:00Z")),
        task(&[(0, None)], ago(1), None),
    ]);
    let told = |zone: &str| {
        let settings = Settings { timezone: TimeZone::get(zone).unwrap(), ..Settings::of(&organisation) };
        ["overdue", "due_today", "due_this_week", "no_due_date"]
            .map(|what| value_of(&organisation, &settings, &format!("asana.tasks.{what}")).unwrap())
    };
    assert_eq!(told("UTC"), [1.0, 2.0, 3.0, 1.0]);
    assert_eq!(told("America/New_York"), [0.0, 2.0, 3.0, 1.0]);
    assert_eq!(told("Asia/Tokyo"), [1.0, 2.0, 3.0, 1.0]);
    // Fourteen hours ahead 26 November, 14:00 in UTC, is the 27th.
    let late = with(vec![due("2026-11-26", Some("2026-11-26T14:00:00Z"))]);
    let settings = Settings { timezone: TimeZone::get("Pacific/Kiritimati").unwrap(), ..Settings::of(&late) };
    assert_eq!(value_of(&late, &settings, "asana.tasks.due_this_week"), Some(0.0));
    assert_eq!(value(&late, "asana.tasks.due_this_week"), Some(1.0));
}

#[test]
fn only_open_tasks_are_due_or_assigned_and_only_completed_ones_make_somebody_active() {
    let mut done = task(&[(0, None)], ago(48), Some(ago(24)));
    done.due_on = Some("2020-01-01".parse().unwrap());
    done.assignee = Some(0);
    let mut again = task(&[(0, None)], ago(10), Some(ago(4)));
    again.assignee = Some(0);
    let mut open = task(&[(0, None)], ago(1), None);
    open.assignee = Some(1);
    let organisation = with(vec![done, again, open, task(&[(0, None)], ago(60), Some(ago(48)))]);
    let tasks = |what: &str| value(&organisation, &format!("asana.tasks.{what}")).unwrap();
    assert_eq!(["overdue", "assigned", "unassigned", "no_due_date"].map(tasks), [0.0, 1.0, 0.0, 1.0]);
    assert_eq!(value(&organisation, "asana.users.active_7d"), Some(1.0));
    assert_eq!(value(&organisation, "asana.velocity.completion_rate_pct"), Some(75.0));
    // 24, 6 and 12 hours.
    assert_eq!(value(&organisation, "asana.cycle_time.avg_hours"), Some(14.0));
    assert_eq!(value(&organisation, "asana.cycle_time.p50_hours"), Some(12.0));
    assert_eq!(value(&organisation, "asana.cycle_time.p90_hours"), Some(21.6));
}

#[test]
fn a_project_has_the_status_of_its_last_update() {
    let mut organisation = bare();
    let status = |kind: &str| StatusUpdate {
        gid: "1".into(),
        status_type: kind.into(),
        title: "s".into(),
        author: 0,
        created_at: ago(1),
    };
    let projects = &mut organisation.asana.projects;
    projects[0].statuses = vec![status("off_track"), status("on_track")];
    projects[1].statuses = vec![status("on_track"), status("complete")];
    projects[1].completed_at = Some(ago(1));
    projects[2].statuses = vec![status("on_track")];
    let of = |what: &str| value(&organisation, &format!("asana.projects.{what}")).unwrap();
    assert_eq!(["active", "on_track", "at_risk", "off_track"].map(of), [2.0, 1.0, 0.0, 0.0]);
}
