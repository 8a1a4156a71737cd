//! What a described Asana is made of, and what the referee makes of it.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by a panic; clippy.toml does not reach helper functions"
)]

use jiff::Timestamp;
use simulator::Scale;
use simulator::expected;
use simulator::expected::asana::Settings;
use simulator::organisation::Organisation;
use simulator::organisation::asana;
use simulator::organisation::asana::Asana;
use simulator::organisation::asana::AsanaScale;
use std::collections::BTreeSet;

const NOW: &str = "2026-11-20T12:00:00Z";
const DAY: i64 = 86_400_000;

fn generate(seed: u64, scale: AsanaScale) -> Asana {
    asana::generate(seed, scale, NOW.parse().unwrap())
}

/// An organisation of which only the Asana is of that seed and scale.
fn organisation(seed: u64, scale: AsanaScale) -> Organisation {
    let scale = Scale { asana: scale, ..Scale::small() };
    Organisation::generate(seed, scale, NOW.parse::<Timestamp>().unwrap())
}

/// How many of a project's tasks a listing since 30 days ago shows.
fn listed(asana: &Asana, project: usize) -> usize {
    let start = NOW.parse::<Timestamp>().unwrap().as_millisecond() - 30 * DAY;
    let shown = |t: &&asana::Task| t.completed_at.is_none_or(|at| at.as_millisecond() >= start);
    asana.tasks.iter().filter(|t| t.membership(project).is_some()).filter(shown).count()
}

#[test]
fn the_same_seed_describes_the_same_asana() {
    assert!(generate(7, AsanaScale::small()) == generate(7, AsanaScale::small()));
    assert!(generate(7, AsanaScale::small()) != generate(8, AsanaScale::small()));
}

#[test]
fn the_reference_scale_is_as_stated_and_can_be_read_by_seventy_requests() {
    for seed in 0..5 {
        let organisation = organisation(seed, AsanaScale::reference());
        let gauges = expected::asana::gauges(&organisation, &Settings::of(&organisation));
        let value = |metric: &str| gauges.iter().find(|g| g.metric == metric).unwrap().value;
        assert_eq!(value("asana.tasks.total"), Some(4_000.0));
        assert_eq!(value("asana.tasks.open"), Some(2_400.0));
        assert_eq!(value("asana.projects.active"), Some(40.0));
        let sizes: Vec<usize> = (0..40).map(|project| listed(&organisation.asana, project)).collect();
        let pages: usize = sizes.iter().map(|n| n.div_ceil(100).max(1)).sum();
        // One more for the projects; the rest is for whatever a collector asks besides.
        assert!(pages < 68, "{pages} pages: {sizes:?}");
        assert_eq!((sizes[2], sizes[3]), (200, 100), "pages end exactly where the listing does");
        assert!(organisation.asana.tasks.len() > 13_000, "without completed_since there is far more to read");
    }
}

#[test]
fn an_asana_hangs_together() {
    let now = NOW.parse::<Timestamp>().unwrap();
    for seed in 0..40 {
        let asana = generate(seed, AsanaScale::random(seed));
        let mut gids = BTreeSet::new();
        let sections = asana.projects.iter().flat_map(|p| p.sections.iter().map(|s| &s.gid));
        let statuses = asana.projects.iter().flat_map(|p| p.statuses.iter().map(|s| &s.gid));
        let tasks = asana.tasks.iter().map(|t| &t.gid);
        let others = asana.projects.iter().map(|p| &p.gid).chain(asana.users.iter().map(|u| &u.gid));
        for gid in sections.chain(statuses).chain(tasks).chain(others).chain(asana.workspaces.iter().map(|w| &w.gid)) {
            assert!(gids.insert(gid), "{gid} twice");
        }
        for (id, task) in asana.tasks.iter().enumerate() {
            assert!(task.completed_at.is_none_or(|at| task.created_at < at));
            assert!(task.created_at <= task.modified_at);
            assert!(task.due_at.is_none() || task.due_on.is_some());
            assert!(task.created_at <= now || !task.memberships.is_empty());
            assert!(task.parent.is_none_or(|parent| parent < id && asana.tasks[parent].workspace == task.workspace));
            assert!(task.parent.is_some() || !task.memberships.is_empty());
            let projects: BTreeSet<usize> = task.memberships.iter().map(|m| m.project).collect();
            assert_eq!(projects.len(), task.memberships.len());
            for place in &task.memberships {
                let project = &asana.projects[place.project];
                assert_eq!(project.workspace, task.workspace);
                assert!(place.section.is_none_or(|section| section < project.sections.len()));
            }
        }
    }
}

/// What a rule of the section is about occurs somewhere.
#[test]
fn the_odd_things_occur() {
    let now = NOW.parse::<Timestamp>().unwrap();
    let asana = generate(3, AsanaScale { tasks: 600, ..AsanaScale::small() });
    let (bugs, some) = (asana.bugs.unwrap(), |fits: &dyn Fn(&asana::Task) -> bool| {
        assert!(asana.tasks.iter().filter(|t| fits(t)).count() > 0);
    });
    let age = |at: Timestamp| now.as_millisecond() - at.as_millisecond();
    for back in [0, 7 * DAY, 7 * DAY - 1, 30 * DAY, 30 * DAY - 1, -1] {
        some(&|t| t.completed_at.is_some_and(|at| age(at) == back));
    }
    for back in [0, 7 * DAY, 7 * DAY - 1, -1] {
        some(&|t| t.completed_at.is_none() && age(t.created_at) == back);
    }
    some(&|t| t.parent.is_some() && t.membership(bugs).is_some());
    some(&|t| t.parent.is_some() && t.memberships.is_empty());
    some(&|t| t.is_separator);
    some(&|t| t.memberships.len() > 1 && t.membership(bugs).is_some_and(|m| m.section.is_some()));
    some(&|t| t.memberships.iter().any(|m| !asana.projects[m.project].is_visible) && t.memberships.len() > 1);
    some(&|t| t.memberships.iter().any(|m| asana.projects[m.project].archived));
    some(&|t| t.membership(bugs).is_some_and(|m| m.section.is_none()));
    some(&|t| t.due_at.is_some_and(|at| at.strftime("%Y-%m-%d").to_string() != t.due_on.unwrap().to_string()));
    for subtype in ["default_task", "milestone", "approval", "custom"] {
        some(&|t| t.subtype == subtype);
    }
    some(&|t| t.workspace == 1);
    some(&|t| t.workspace == 2);
    let mut kinds = BTreeSet::new();
    for seed in 0..20 {
        kinds.extend(
            generate(seed, AsanaScale::small())
                .projects
                .iter()
                .map(|p| p.current_status().map(|s| s.status_type.clone())),
        );
    }
    assert_eq!(kinds.len(), 7, "every kind of status, and none: {kinds:?}");
}

/// A referee that never says "absent", or never anything else, would be none.
#[test]
fn every_gauge_takes_several_values_and_is_absent_where_it_may_be() {
    let gauges: Vec<_> = (0..60)
        .flat_map(|seed| {
            let organisation = organisation(seed, AsanaScale::random(seed));
            expected::asana::gauges(&organisation, &Settings::of(&organisation))
        })
        .collect();
    let names: BTreeSet<&str> = gauges.iter().map(|g| g.metric).collect();
    for name in names {
        let values: BTreeSet<String> =
            gauges.iter().filter(|g| g.metric == name).map(|g| format!("{:?}", g.value)).collect();
        assert!(values.len() > 4, "{name} is always one of {values:?}");
        let may_be_absent = ["bugs.", "cycle_time.", "completion_rate_pct"].iter().any(|part| name.contains(part));
        assert_eq!(values.contains("None"), may_be_absent, "{name}");
    }
    assert!(gauges.iter().filter_map(|g| g.value).all(|v| v.is_finite() && v >= 0.0));
}

#[test]
fn the_zone_and_the_list_of_projects_matter() {
    let mut differing = [0, 0];
    for seed in 0..20 {
        let organisation = organisation(seed, AsanaScale::random(seed));
        let plain = Settings::of(&organisation);
        let tokyo = jiff::tz::TimeZone::get("Asia/Tokyo").unwrap();
        let few = organisation.asana.projects.iter().filter(|p| p.is_visible && p.workspace == 0).take(2);
        let few = Some(few.map(|p| p.gid.clone()).collect());
        let others = [Settings { timezone: tokyo, ..plain.clone() }, Settings { projects: few, ..plain.clone() }];
        let expected = expected::asana::gauges(&organisation, &plain);
        for (other, differing) in others.iter().zip(&mut differing) {
            *differing += usize::from(expected::asana::gauges(&organisation, other) != expected);
        }
    }
    assert!(differing.iter().all(|n| *n > 4), "{differing:?} of 20");
}

#[test]
fn the_referee_names_the_metrics_of_the_specification() {
    let beside = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/spec");
    let path = std::env::var_os("ORGPULSE_SPEC").map_or(beside, Into::into).join("metrics.yaml");
    let Ok(text) = std::fs::read_to_string(&path) else {
        assert!(std::env::var_os("CI").is_none(), "{} is missing", path.display());
        return;
    };
    let names = text.lines().filter_map(|l| l.trim().strip_prefix("- {name: asana.")?.split(',').next());
    let specified: BTreeSet<String> = names.map(|n| format!("asana.{n}")).collect();
    let organisation = organisation(1, AsanaScale::small());
    let gauges = expected::asana::gauges(&organisation, &Settings::of(&organisation));
    let known: BTreeSet<String> = gauges.iter().map(|g| g.metric.to_owned()).collect();
    assert_eq!(known, specified);
    assert_eq!(gauges.len(), known.len());
}
