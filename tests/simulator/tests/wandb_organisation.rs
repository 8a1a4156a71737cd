//! What is described of Weights & Biases, and what must come of it.

mod wandb;

use simulator::Scale;
use simulator::expected;
use simulator::expected::Expected;
use simulator::expected::wandb::Settings;
use simulator::organisation::Organisation;
use simulator::organisation::wandb::WandbScale;
use std::collections::BTreeMap;
use std::collections::BTreeSet;
use wandb::generate;

fn priced() -> Settings {
    Settings { gpu_hourly_usd: [("A100".to_owned(), 2.5), ("default".to_owned(), 1.0)].into(), ..Settings::default() }
}

fn in_week(organisation: &Organisation, at: Option<jiff::Timestamp>) -> bool {
    at.is_some_and(|at| at <= organisation.now && organisation.now.duration_since(at).as_hours() < 7 * 24)
}

#[test]
fn the_same_seed_describes_the_same_projects_and_leaves_github_alone() {
    let all = WandbScale { projects: 8, ..WandbScale::small() };
    assert!(generate(7, all) == generate(7, all));
    assert!(generate(7, all).wandb != generate(8, all).wandb);
    assert!(generate(7, all).repositories == generate(7, WandbScale::reference()).repositories);
}

#[test]
fn the_reference_scale_is_as_stated() {
    assert_eq!(Scale::reference().wandb, WandbScale::reference());
    let organisation = generate(1, WandbScale::reference());
    assert_eq!(organisation.wandb.projects.len(), 1);
    let project = &organisation.wandb.projects[0];
    assert_eq!(project.len(), 26_000);
    let alive = project.all().filter(|run| in_week(&organisation, run.heartbeat_at)).count();
    assert_eq!(alive, 400);
    assert!(project.runs.len() < 500, "the others are made up when they are asked for");
}

#[test]
fn runs_have_names_of_their_own_and_instants_in_order() {
    for seed in 0..20 {
        let organisation = generate(seed, WandbScale::random(seed));
        for project in &organisation.wandb.projects {
            let names: BTreeSet<String> = project.all().map(|run| run.name.clone()).collect();
            assert_eq!(names.len(), project.len());
            let beats: Vec<_> = project.runs.iter().filter_map(|run| run.heartbeat_at).collect();
            assert_eq!(
                beats.iter().collect::<BTreeSet<_>>().len(),
                beats.len(),
                "which is the newest is no matter of taste"
            );
            for run in project.all() {
                assert!(run.heartbeat_at.is_none_or(|at| run.created_at <= at), "{run:?}");
                assert!(run.compute_seconds >= 0.0);
            }
            for at in project.runs.len()..project.len() {
                let run = project.run(at);
                assert_eq!(project.instants(at), (run.created_at, run.heartbeat_at));
                assert!(!in_week(&organisation, run.heartbeat_at) && !in_week(&organisation, Some(run.created_at)));
            }
        }
    }
}

#[test]
fn every_oddity_is_there() {
    let organisations: Vec<Organisation> = (0..10).map(|seed| generate(seed, WandbScale::reference())).collect();
    let runs = || organisations.iter().flat_map(|o| o.wandb.projects[0].runs.iter().map(move |run| (o.now, run)));
    for state in
        ["running", "pending", "preempting", "finished", "failed", "crashed", "killed", "preempted", "hibernating"]
    {
        assert!(runs().any(|(_, run)| run.state == state), "{state}");
    }
    let age = |now: jiff::Timestamp, at: jiff::Timestamp| now.duration_since(at).as_secs();
    for edge in [0, 1_800, 1_801, 86_399, 86_400, 7 * 86_400 - 1, 7 * 86_400] {
        assert!(runs().any(|(now, run)| run.heartbeat_at.is_some_and(|at| age(now, at) == edge)), "{edge}");
    }
    assert!(runs().any(|(now, run)| run.heartbeat_at.is_some_and(|at| at > now) && run.state == "running"));
    assert!(runs().any(|(now, run)| run.created_at > now));
    let long = |now, run: &simulator::organisation::wandb::Run| {
        age(now, run.created_at) > 7 * 86_400 && run.heartbeat_at.is_some_and(|at| (0..1_800).contains(&age(now, at)))
    };
    assert!(runs().any(|(now, run)| run.state == "running" && long(now, run)), "begun before the window and alive");
    for (what, found) in [
        ("no user", runs().any(|(_, run)| run.user.is_none())),
        ("no summary", runs().any(|(_, run)| run.summary.is_none())),
        ("no machine", runs().any(|(_, run)| run.info.is_none())),
        ("no name", runs().any(|(_, run)| run.display_name.is_none())),
        ("no heartbeat", runs().any(|(_, run)| run.heartbeat_at.is_none())),
        ("a fraction", runs().any(|(_, run)| run.heartbeat_at.is_some_and(|at| at.subsec_nanosecond() > 0))),
    ] {
        assert!(found, "{what}");
    }
}

/// A referee that never says "absent", or never anything else, would be none.
#[test]
fn every_gauge_takes_several_values_and_is_absent_only_where_it_may_be() {
    let mut values: BTreeMap<&str, Vec<Option<f64>>> = BTreeMap::new();
    for seed in 0..60 {
        let organisation = generate(seed, WandbScale::random(seed));
        let settings = if seed % 4 == 0 { Settings::default() } else { priced() };
        for Expected { metric, value, .. } in expected::wandb::gauges(&organisation, &settings) {
            values.entry(metric).or_default().push(value);
        }
    }
    assert_eq!(values.len(), 16);
    for (metric, values) in values {
        let there: BTreeSet<String> = values.iter().flatten().map(|value| format!("{value:?}")).collect();
        assert!(there.len() > 3, "{metric} is always {there:?}");
        assert!(values.iter().flatten().all(|value| value.is_finite() && *value >= 0.0), "{metric}");
        let is_count = metric.contains(".runs.") || metric.contains("group.runs_") || metric.ends_with("gpu_hours_7d");
        assert_eq!(values.iter().any(Option::is_none), !is_count, "{metric}");
    }
}

#[test]
fn the_referee_names_the_metrics_of_the_specification() {
    let beside = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/spec");
    let path = std::env::var_os("ORGPULSE_SPEC").map_or(beside, Into::into).join("metrics.yaml");
    let Ok(text) = std::fs::read_to_string(&path) else {
        assert!(std::env::var_os("CI").is_none(), "{} is missing", path.display());
        return;
    };
    let lines = text.lines().filter_map(|line| line.trim().strip_prefix("- {name: wandb."));
    let specified: BTreeMap<String, Vec<&str>> = lines
        .map(|line| {
            let own = line.split_once("tags: [").and_then(|(_, rest)| rest.split_once(']')).map(|(tags, _)| tags);
            let tags = ["entity", "project"].into_iter().chain(own.into_iter().flat_map(|tags| tags.split(", ")));
            (format!("wandb.{}", line.split(',').next().unwrap()), tags.collect())
        })
        .collect();
    let gauges = expected::wandb::gauges(&generate(1, WandbScale::small()), &Settings::default());
    let known: BTreeMap<String, Vec<&str>> =
        gauges.iter().map(|g| (g.metric.to_owned(), g.tags.iter().map(|(key, _)| *key).collect())).collect();
    assert_eq!(known, specified);
}
