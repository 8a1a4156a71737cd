//! A push: the intake stores what the output shows, at the run's instant, with its tags.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::support::World;
use crate::support::tags;

#[tokio::test(flavor = "multi_thread")]
async fn what_is_shown_is_what_datadog_stores() {
    let world =
        World::small().await.with("DD_ENV", "Staging").with("DD_SERVICE", "orgpulse").with("DD_VERSION", "1.2.3");
    let (ran, document) = world.collect(&["--push"]).await;
    assert_eq!(ran.code, 0, "{}{}", ran.stderr, ran.stdout);
    let shown: BTreeMap<(String, Vec<String>), f64> = document["gauges"]
        .as_array()
        .unwrap()
        .iter()
        .map(|gauge| {
            let mut tags: Vec<String> = tags(gauge).iter().map(|tag| tag.to_lowercase()).collect();
            tags.sort();
            ((gauge["name"].as_str().unwrap().to_owned(), tags), gauge["value"].as_f64().unwrap())
        })
        .collect();
    let stored: BTreeMap<(String, Vec<String>), f64> = world
        .simulator
        .datadog()
        .stored()
        .into_iter()
        .map(|series| {
            assert_eq!(series.points.keys().copied().collect::<Vec<_>>(), [world.now.as_second()], "{}", series.metric);
            let mut tags = series.tags;
            tags.sort();
            ((series.metric, tags), *series.points.values().next().unwrap())
        })
        .collect();
    assert_eq!(stored, shown);
    for (_, tags) in stored.keys() {
        for tag in ["env:staging", "service:orgpulse", "version:1.2.3"] {
            assert!(tags.contains(&tag.to_owned()), "{tags:?}");
        }
    }
    assert!(world.simulator.datadog().violations().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_run_tells_of_itself() {
    let world = World::small().await;
    let (_, document) = world.collect(&["--push"]).await;
    let value = |name: &str| {
        let gauges = document["gauges"].as_array().unwrap();
        gauges.iter().find(|gauge| gauge["name"] == name).and_then(|gauge| gauge["value"].as_f64())
    };
    let github = world.simulator.requests().iter().filter(|request| request.service == "github").count() as f64;
    let collected = document["collectors"][0]["gauges"].as_f64();
    assert_eq!(value("orgpulse.collector.up"), Some(1.0));
    assert_eq!(value("orgpulse.collector.errors"), Some(0.0));
    assert_eq!(value("orgpulse.collector.api_requests"), Some(github));
    assert_eq!(value("orgpulse.collector.metrics"), collected);
    assert_eq!(value("orgpulse.submit.points"), collected);
    assert_eq!(value("orgpulse.spool.queued"), Some(0.0));
    assert_eq!(value("orgpulse.spool.dropped"), Some(0.0));
    for name in [
        "orgpulse.collector.duration_seconds",
        "orgpulse.collector.api_latency_ms.p90",
        "orgpulse.collector.rate_limit_remaining_pct",
        "orgpulse.run.duration_seconds",
    ] {
        assert!(value(name).is_some(), "{name}");
    }
    let (_, dry) = world.collect(&[]).await;
    let names: Vec<&Value> = dry["gauges"].as_array().unwrap().iter().map(|gauge| &gauge["name"]).collect();
    assert!(!names.iter().any(|name| **name == "orgpulse.submit.points"), "nothing was submitted");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_compression_arrives() {
    for compression in ["gzip", "zstd", "none"] {
        let world = World::small().await.with("ORGPULSE_DATADOG_COMPRESSION", compression);
        let (ran, document) = world.collect(&["--push"]).await;
        assert_eq!(ran.code, 0, "{compression}: {}", ran.stderr);
        let shown = document["gauges"].as_array().unwrap().len();
        assert_eq!(world.simulator.datadog().stored().len(), shown, "{compression}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_push_at_an_instant_that_datadog_drops_is_refused() {
    let world = World::small().await;
    for now in ["2020-01-01T00:00:00Z", "2999-01-01T00:00:00Z"] {
        let ran = world.run(&["collect", "github", "--push", "--now", now]).await;
        assert_eq!(ran.code, 2, "{}", ran.stderr);
        assert!(ran.stderr.contains("--now: Datadog drops points"), "{}", ran.stderr);
    }
    assert!(world.simulator.requests().is_empty());
}
