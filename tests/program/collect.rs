//! A dry run: every gauge equals what the simulator's own code expects, and nothing is sent.

use std::collections::BTreeMap;

use serde_json::Value;
use simulator::organisation::Scale;

use crate::support::World;
use crate::support::assert_same;
use crate::support::expected;
use crate::support::gauges;

/// How many seeded organisations are tried; `make soak` asks for 200.
pub fn organisations() -> u64 {
    std::env::var("ORGPULSE_ORGANISATIONS").map_or(8, |number| number.parse().expect("ORGPULSE_ORGANISATIONS"))
}

#[tokio::test(flavor = "multi_thread")]
async fn seeded_organisations_of_many_sizes_yield_the_expected_gauges() {
    for seed in 0..organisations() {
        let world = World::new(seed, Scale::random(seed)).await;
        let (ran, document) = world.collect(&[]).await;
        assert_same(&gauges(&document, "github"), &expected(&world), &format!("seed {seed}\n{}", ran.stderr));
        assert_eq!(ran.code, 0, "seed {seed}: {}", ran.stderr);
        assert_eq!(document["collectors"][0]["outcome"], "complete", "seed {seed}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_reference_organisation_takes_at_most_a_hundred_requests() {
    let world = World::new(7, Scale::reference()).await;
    let (ran, document) = world.collect(&[]).await;
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert_same(&gauges(&document, "github"), &expected(&world), "reference");
    let sent = world.simulator.requests().len();
    assert!(sent <= 100, "{sent} requests: {:#?}", kinds(&world));
    assert_eq!(document["collectors"][0]["api_requests"], sent as u64);
}

#[tokio::test(flavor = "multi_thread")]
async fn at_most_six_requests_are_in_flight() {
    let world = World::new(3, Scale::random(3)).await;
    world.collect(&[]).await;
    let most = world.simulator.requests().iter().map(|request| request.in_flight).max();
    assert!(most.is_some_and(|most| most <= 6), "{most:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dry_run_sends_nothing_and_leaves_nothing_behind() {
    let world = World::small().await;
    let ran = world.run(&["collect", "github"]).await;
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert!(ran.stdout.contains("github.prs.open"), "{}", ran.stdout);
    assert!(ran.stdout.contains("dry run at "), "{}", ran.stdout);
    assert!(world.simulator.datadog().stored().is_empty());
    assert!(world.simulator.requests().iter().all(|request| request.service != "datadog"));
    assert_eq!(std::fs::read_dir(world.home()).unwrap().count(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_forms_of_output_show_the_same_gauges() {
    let world = World::small().await;
    let (_, document) = world.collect(&[]).await;
    let now = world.now.to_string();
    let lines = world.run(&["collect", "github", "--output", "ndjson", "--now", &now]).await;
    let lines: Vec<Value> = lines.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let github = |gauges: &[Value]| gauges.iter().filter(|gauge| from_github(gauge)).cloned().collect::<Vec<_>>();
    let in_document = github(document["gauges"].as_array().unwrap());
    assert!(in_document.len() > 30);
    assert_eq!(github(&lines), in_document);
    for gauge in &in_document {
        assert_eq!(gauge["timestamp"], world.now.as_second());
        let keys: Vec<_> = gauge.as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(keys.len(), 5, "{keys:?}");
    }
    let table = world.run(&["collect", "github", "--now", &now]).await.stdout;
    for gauge in &in_document {
        assert!(table.contains(gauge["name"].as_str().unwrap()), "{gauge}\n{table}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn beside_one_gauge_a_line_what_has_no_value_is_said() {
    let world = World::small().await;
    let (_, document) = world.collect_from("all", &[]).await;
    let missing = document["collectors"].as_array().unwrap().iter();
    let missing: Vec<&Value> = missing.flat_map(|collector| collector["missing"].as_array().unwrap()).collect();
    assert!(missing.iter().any(|missing| missing["reason"].is_null()), "{document}");
    let now = world.now.to_string();
    let said = world.run(&["collect", "all", "--output", "ndjson", "--now", &now]).await.stderr;
    for missing in missing {
        let (metric, why) = (missing["metric"].as_str().unwrap(), missing["why"].as_str().unwrap());
        assert!(said.contains(metric) && said.contains(why), "{metric}: {why}\nis not said in\n{said}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn series_that_datadog_would_take_for_one_are_told_in_a_dry_run_and_not_sent_in_a_push() {
    let world = World::small().await.with("WANDB_GROUPS", "all runs=name:*,all_runs=name:[a-m]*,Other=name:*");
    let is_twin = |tag: &String| ["group:all runs", "group:all_runs"].contains(&tag.as_str());
    for arguments in [&[][..], &["--push"]] {
        let (ran, document) = world.collect_from("wandb", arguments).await;
        assert_eq!(ran.code, 3, "{}", ran.stderr);
        let warnings = document["run"]["warnings"].as_array().unwrap();
        assert_eq!(warnings.len(), 1, "{warnings:?}");
        for words in ["group:all runs", "group:all_runs"] {
            assert!(warnings[0].as_str().unwrap().contains(words), "{warnings:?}");
        }
        let gauges = document["gauges"].as_array().unwrap();
        assert!(!gauges.iter().any(|gauge| crate::support::tags(gauge).iter().any(is_twin)));
        assert!(gauges.iter().any(|gauge| crate::support::tags(gauge).contains(&"group:Other".to_owned())));
    }
    let stored = world.simulator.datadog().stored();
    assert!(stored.iter().any(|series| series.tags.contains(&"group:other".to_owned())));
    assert!(!stored.iter().any(|series| series.tags.contains(&"group:all_runs".to_owned())));
    let table = world.run(&["collect", "wandb"]).await;
    assert!(table.stdout.contains("points are not sent: Datadog cannot tell them apart"), "{}", table.stdout);
}

fn from_github(gauge: &Value) -> bool {
    crate::support::tags(gauge).contains(&"source:github".to_owned())
}

/// How many requests asked for what: by GraphQL operation, or by path without numbers and ids.
fn kinds(world: &World) -> BTreeMap<String, usize> {
    let mut kinds = BTreeMap::new();
    for request in world.simulator.requests() {
        let body = String::from_utf8_lossy(&request.body);
        let kind = match body.split_once("query ").filter(|_| request.path.ends_with("/graphql")) {
            Some((_, rest)) => rest.split(['(', ' ']).next().unwrap_or_default().to_owned(),
            None => request.path.replace(|c: char| c.is_ascii_hexdigit(), ""),
        };
        *kinds.entry(kind).or_default() += 1;
    }
    kinds
}
