//! The SkyPilot collector in the whole program, against the simulated API server and the referee.

use std::time::Duration;

use serde_json::Value;
use simulator::expected::skypilot::Settings;
use simulator::organisation::Scale;
use simulator::organisation::skypilot::SkyPilotScale;
use simulator::skypilot::Release;
use simulator::skypilot::TOKEN;

use crate::collect::organisations;
use crate::support::Gauges;
use crate::support::Ran;
use crate::support::World;
use crate::support::assert_same;
use crate::support::gauges;
use crate::support::present;

async fn world(seed: u64, skypilot: SkyPilotScale) -> World {
    World::new(seed, Scale { skypilot, ..Scale::small() }).await
}

async fn collect(world: &World) -> (Ran, Gauges, Value) {
    let (ran, document) = world.collect_from("skypilot", &[]).await;
    (ran, gauges(&document, "skypilot"), document["collectors"][0].clone())
}

fn expected(world: &World, settings: &Settings) -> Gauges {
    present(simulator::expected::skypilot::gauges(world.simulator.organisation(), settings))
}

fn usual(world: &World) -> Gauges {
    expected(world, &Settings::default())
}

#[track_caller]
fn assert_whole(ran: &Ran, found: &Gauges, collector: &Value, expected: &Gauges, about: &str) {
    assert_same(found, expected, &format!("{about}\n{}", ran.stderr));
    assert_eq!((ran.code, &collector["outcome"]), (0, &"complete".into()), "{about}: {}", ran.stderr);
}

/// The gauges of clusters, which are read beside those of jobs.
fn of_clusters(mut gauges: Gauges) -> Gauges {
    gauges.retain(|(metric, _), _| metric.starts_with("skypilot.clusters."));
    gauges
}

#[tokio::test(flavor = "multi_thread")]
async fn seeded_servers_of_many_sizes_yield_the_expected_gauges_whatever_their_release() {
    for seed in 0..organisations() {
        let is_old = seed % 4 == 3;
        let world = world(seed, SkyPilotScale { has_pools: !is_old, ..SkyPilotScale::random(seed) }).await;
        if is_old {
            world.simulator.skypilot().set_release(Release::Old);
        }
        let settings = Settings { tells_regions: !is_old };
        let (ran, found, collector) = collect(&world).await;
        assert_whole(&ran, &found, &collector, &expected(&world, &settings), &format!("seed {seed}"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn thousands_of_jobs_cost_five_requests() {
    let world = world(7, SkyPilotScale::reference()).await;
    let (ran, found, collector) = collect(&world).await;
    assert_whole(&ran, &found, &collector, &usual(&world), "reference");
    assert_eq!((world.simulator.requests().len(), &collector["api_requests"]), (5, &5.into()));
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_controller_the_run_is_complete_and_knows_no_history() {
    let world = world(1, SkyPilotScale { controller_is_up: false, ..SkyPilotScale::small() }).await;
    let (ran, found, collector) = collect(&world).await;
    assert_whole(&ran, &found, &collector, &usual(&world), "controller down");
    let has = |metric: &str| found.contains_key(&(metric.to_owned(), String::new()));
    assert!(has("skypilot.jobs.running") && has("skypilot.clusters.active") && !has("skypilot.jobs.failed"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_asks_for_nothing_needs_no_token() {
    let world = world(1, SkyPilotScale::small()).await.without("SKYPILOT_API_TOKEN");
    world.simulator.skypilot().open();
    let (ran, found, collector) = collect(&world).await;
    assert_whole(&ran, &found, &collector, &usual(&world), "open");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_queue_that_lacks_rows_is_read_again_or_not_sent() {
    for (times, whole) in [(1, true), (usize::MAX, false)] {
        let world = world(2, SkyPilotScale::small()).await;
        world.simulator.skypilot().lose_rows(2, times);
        let (ran, found, collector) = collect(&world).await;
        if whole {
            assert_whole(&ran, &found, &collector, &usual(&world), "lost once");
        } else {
            assert_same(&found, &of_clusters(usual(&world)), "lost for ever");
            assert_eq!(ran.code, 3, "{}", ran.stderr);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operation_that_fails_leaves_the_other_whole() {
    for (path, cluster_gauges) in [("/jobs/queue/v2", true), ("/status", false)] {
        let world = world(3, SkyPilotScale::small()).await;
        world.simulator.skypilot().fail_operation(path, "RuntimeError", "the database is gone", usize::MAX);
        let (ran, found, collector) = collect(&world).await;
        let mut others = usual(&world);
        others.retain(|(metric, _), _| metric.starts_with("skypilot.clusters.") == cluster_gauges);
        assert_same(&found, &others, path);
        assert_eq!((ran.code, &collector["outcome"]), (3, &"partial".into()), "{path}: {}", ran.stderr);
        assert!(collector["failures"].to_string().contains("the database is gone"), "{collector:#}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operation_that_a_restart_interrupted_is_posted_again() {
    let world = world(3, SkyPilotScale::small()).await;
    let interrupted = "the server was restarted";
    world.simulator.skypilot().fail_operation("/jobs/queue/v2", "RequestInterruptedError", interrupted, 1);
    let (ran, found, collector) = collect(&world).await;
    assert_whole(&ran, &found, &collector, &usual(&world), "interrupted");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_is_revoked_midway_leaves_only_right_values() {
    let whole = world(4, SkyPilotScale::small()).await;
    collect(&whole).await;
    let all = whole.simulator.skypilot().request_count();
    assert!(all > 2);
    for after in 0..all {
        let world = world(4, SkyPilotScale::small()).await;
        world.simulator.skypilot().revoke_after(after);
        let (ran, found, collector) = collect(&world).await;
        let mut right = usual(&world);
        assert!(found.len() < right.len(), "after {after} of {all}: nothing is missing");
        right.retain(|key, _| found.contains_key(key));
        assert_same(&found, &right, &format!("after {after} of {all}"));
        assert_eq!(ran.code, if found.is_empty() { 1 } else { 3 }, "after {after}: {}", ran.stderr);
        assert!(collector.to_string().contains("unauthorized"), "after {after}: {collector:#}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_result_that_takes_its_time_is_waited_for_and_no_secret_is_shown() {
    let world = world(5, SkyPilotScale::small()).await.with("ORGPULSE_LOG", "trace");
    world.simulator.skypilot().result_after(Duration::from_millis(700));
    let (ran, found, collector) = collect(&world).await;
    assert_whole(&ran, &found, &collector, &usual(&world), "slow");
    for secret in [TOKEN, "PRIVATE KEY", "gASV"] {
        assert!(!ran.stdout.contains(secret) && !ran.stderr.contains(secret), "{secret} is shown");
    }
}
