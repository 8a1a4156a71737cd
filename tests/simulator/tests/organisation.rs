//! What a described organisation is made of.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by a panic; clippy.toml does not reach helper functions"
)]

use jiff::Timestamp;
use simulator::Scale;
use simulator::expected;
use simulator::expected::github::Settings;
use simulator::organisation::Organisation;
use std::collections::BTreeSet;

const NOW: &str = "2026-11-20T12:00:00Z";

fn generate(seed: u64, scale: Scale) -> Organisation {
    Organisation::generate(seed, scale, NOW.parse::<Timestamp>().unwrap())
}

#[test]
fn the_same_seed_describes_the_same_organisation() {
    let scale = Scale::small().with_repositories(10);
    assert!(generate(7, scale) == generate(7, scale));
    assert!(generate(7, scale) != generate(8, scale));
}

#[test]
fn the_reference_scale_is_as_stated() {
    for seed in 0..3 {
        let organisation = generate(seed, Scale::reference());
        let gauges = expected::github::gauges(&organisation, &Settings::default());
        let value = |metric: &str| gauges.iter().find(|g| g.metric == metric).unwrap().value;
        assert_eq!(value("github.branches.total"), Some(1_199.0), "with the default one 1,200");
        assert_eq!(value("github.prs.open"), Some(50.0));
        assert_eq!(value("github.prs.merged_7d"), Some(200.0));
        assert_eq!(value("github.prs.closed_without_merge_7d"), Some(30.0));
        assert_eq!(value("github.commits.total_7d"), Some(300.0), "seed {seed}");
        assert_eq!(value("github.ci.workflow_runs_7d"), Some(2_000.0));
        let repository = &organisation.repositories[0];
        let start = organisation.now.as_second() - 7 * 86_400;
        let reached = repository.ancestry(repository.head());
        let week = repository.commits.iter().zip(reached).filter(|(c, on_main)| {
            *on_main && c.committed_at <= organisation.now && c.committed_at.as_second() > start
        });
        assert_eq!(week.filter(|(c, _)| c.pulls.is_empty()).count(), 20);
    }
}

#[test]
fn parents_come_before_children_and_instants_in_order() {
    for seed in 0..20 {
        let organisation = generate(seed, Scale::random(seed));
        for repository in &organisation.repositories {
            for (id, commit) in repository.commits.iter().enumerate() {
                assert!(commit.parents.iter().all(|p| *p < id));
                assert!(commit.authored_at <= commit.committed_at);
            }
            let oids: BTreeSet<&str> = repository.commits.iter().map(|c| c.oid.as_str()).collect();
            assert_eq!(oids.len(), repository.commits.len());
            assert!(repository.runs.is_sorted_by_key(|r| (r.created_at, r.id)));
            assert!(
                repository.runs.iter().all(|r| r.run_started_at >= r.created_at && r.updated_at >= r.run_started_at)
            );
            assert!(
                repository.runs.iter().all(|r| r.updated_at <= organisation.now || r.created_at > organisation.now)
            );
            assert!(repository.pulls.is_sorted_by_key(|p| p.number));
            assert!(repository.pulls.is_sorted_by_key(|p| p.created_at));
            for pull in &repository.pulls {
                assert!(pull.closed_at.is_none_or(|at| pull.created_at <= at && at <= pull.updated_at));
                assert_eq!(pull.merged_at.is_some(), pull.merge_commit.is_some());
            }
        }
    }
}

/// A referee that never says "absent", or never anything else, would be none.
#[test]
fn every_gauge_is_there_in_some_organisation() {
    let gauges: Vec<_> = (0..30)
        .flat_map(|seed| expected::github::gauges(&generate(seed, Scale::random(seed)), &Settings::default()))
        .collect();
    let names: BTreeSet<&str> = gauges.iter().map(|g| g.metric).collect();
    for name in names {
        let values: BTreeSet<String> =
            gauges.iter().filter(|g| g.metric == name).map(|g| format!("{:?}", g.value)).collect();
        assert!(values.len() > 1, "{name} is always {values:?}");
        assert!(
            gauges.iter().any(|g| g.metric == name && g.value.is_some_and(|v| v > 0.0)),
            "{name} is never above zero"
        );
    }
    let values = gauges.iter().filter_map(|g| g.value);
    assert!(values.into_iter().all(|v| v.is_finite() && v >= 0.0));
}

#[test]
fn the_referee_names_the_metrics_of_the_specification() {
    let beside = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/spec");
    let path = std::env::var_os("ORGPULSE_SPEC").map_or(beside, Into::into).join("metrics.yaml");
    let Ok(text) = std::fs::read_to_string(&path) else {
        assert!(std::env::var_os("CI").is_none(), "{} is missing", path.display());
        return;
    };
    let names = text.lines().filter_map(|l| l.trim().strip_prefix("- {name: github.")?.split(',').next());
    let specified: BTreeSet<String> = names.map(|n| format!("github.{n}")).collect();
    let gauges = expected::github::gauges(&generate(1, Scale::small()), &Settings::default());
    let known: BTreeSet<String> = gauges.iter().map(|g| g.metric.to_owned()).collect();
    assert_eq!(known, specified);
}
