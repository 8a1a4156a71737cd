//! The Kubernetes collector in the whole program, against the simulated API server and the referee.

use std::collections::BTreeSet;

use serde_json::Value;
use simulator::expected::kubernetes::Settings;
use simulator::fault::Fault;
use simulator::kubernetes::Resource;
use simulator::kubernetes::TOKEN;
use simulator::organisation::Scale;
use simulator::organisation::kubernetes::KubernetesScale;

use crate::collect::organisations;
use crate::support::Gauges;
use crate::support::Ran;
use crate::support::World;
use crate::support::assert_same;
use crate::support::gauges;
use crate::support::present;

/// Metrics that take metrics.k8s.io.
const USAGE: [&str; 6] = [
    "k8s.pods.idle_count",
    "k8s.resources.cpu_request_waste_cores",
    "k8s.resources.memory_request_waste_gb",
    "k8s.resources.cpu_efficiency_pct",
    "k8s.resources.memory_efficiency_pct",
    "k8s.resources.overallocated_pods",
];
const GPUS: &str = "k8s.resources.gpu_allocation_efficiency_pct";

async fn world(seed: u64, kubernetes: KubernetesScale) -> World {
    World::new(seed, Scale { kubernetes, ..Scale::small() }).await
}

async fn small() -> World {
    world(1, KubernetesScale::small()).await
}

async fn collect(world: &World) -> (Ran, Gauges, Value) {
    let (ran, document) = world.collect_from("kubernetes", &[]).await;
    (ran, gauges(&document, "kubernetes"), document["collectors"][0].clone())
}

fn expected(world: &World, settings: &Settings) -> Gauges {
    present(simulator::expected::kubernetes::gauges(world.simulator.organisation(), settings))
}

fn usual(world: &World) -> Gauges {
    expected(world, &Settings::of(world.simulator.organisation()))
}

#[track_caller]
fn assert_whole(ran: &Ran, found: &Gauges, collector: &Value, expected: &Gauges, about: &str) {
    assert_same(found, expected, &format!("{about}\n{}", ran.stderr));
    assert_eq!((ran.code, &collector["outcome"]), (0, &"complete".into()), "{about}: {}", ran.stderr);
}

/// The reasons of everything that failed: of groups, or of the source as a whole.
fn reasons(collector: &Value) -> BTreeSet<String> {
    let failures = collector["failures"].as_array().cloned().unwrap_or_default();
    let of_groups = failures.iter().filter_map(|failure| failure["reason"].as_str().map(str::to_owned));
    of_groups.chain(collector["reason"].as_str().map(str::to_owned)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn seeded_clusters_of_many_sizes_yield_the_expected_gauges() {
    for seed in 0..organisations() {
        let world = world(seed, KubernetesScale::random(seed)).await;
        let (ran, found, collector) = collect(&world).await;
        assert_whole(&ran, &found, &collector, &usual(&world), &format!("seed {seed}"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn namespaces_may_be_chosen() {
    for seed in 0..3 {
        let world = world(seed, KubernetesScale { pods: 400, ..KubernetesScale::small() }).await;
        let world = world.with("K8S_NAMESPACES", "kube-system,team-2,not-there");
        let namespaces = Some(["kube-system", "team-2", "not-there"].map(str::to_owned).to_vec());
        let settings = Settings { namespaces, ..Settings::of(world.simulator.organisation()) };
        let (ran, found, collector) = collect(&world).await;
        assert_whole(&ran, &found, &collector, &expected(&world, &settings), &format!("seed {seed}"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_thousand_pods_cost_thirty_requests() {
    let world = world(7, KubernetesScale::reference()).await;
    let (ran, found, collector) = collect(&world).await;
    assert_whole(&ran, &found, &collector, &usual(&world), "reference");
    let requests = world.simulator.requests();
    assert!(requests.len() <= 30, "{} requests", requests.len());
    assert_eq!(collector["api_requests"], requests.len());
    for request in requests {
        assert_eq!(request.method, "GET");
        assert!(request.query.contains("limit=500"), "{}?{}", request.path, request.query);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_is_too_old_restarts_its_list_once() {
    let scale = KubernetesScale { pods: 1_300, ..KubernetesScale::small() };
    for (times, whole) in [(1, true), (usize::MAX, false)] {
        let world = world(5, scale).await;
        world.simulator.kubernetes().expire_tokens(times);
        let (ran, found, collector) = collect(&world).await;
        if whole {
            assert_whole(&ran, &found, &collector, &usual(&world), "once");
            continue;
        }
        // What takes no pods is there; no count is made of the pages that came.
        let mut right = usual(&world);
        right.retain(|(metric, _), _| ["k8s.nodes", "k8s.deployments"].iter().any(|start| metric.starts_with(start)));
        assert_same(&found, &right, "for ever");
        assert_eq!(ran.code, 3, "{}", ran.stderr);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_right_that_is_missing_breaks_what_needs_it_and_no_more() {
    type Needs = fn(&str) -> bool;
    let cases: [(Resource, &str, Needs); 4] = [
        (Resource::Pods, "pods", |m| !m.starts_with("k8s.nodes") && !m.starts_with("k8s.deployments")),
        (Resource::Nodes, "nodes", |metric| metric.starts_with("k8s.nodes") || metric == GPUS),
        (Resource::Deployments, "deployments", |metric| metric.starts_with("k8s.deployments")),
        (Resource::PodMetrics, "metrics.k8s.io", |metric| USAGE.contains(&metric)),
    ];
    for (resource, words, needs) in cases {
        let world = small().await;
        world.simulator.kubernetes().forbid(resource);
        let (ran, found, collector) = collect(&world).await;
        let mut right = usual(&world);
        right.retain(|(metric, _), _| !needs(metric));
        assert_same(&found, &right, &format!("without {words}\n{}", ran.stderr));
        assert_eq!((ran.code, reasons(&collector)), (3, ["forbidden".to_owned()].into()), "{collector:#}");
        assert!(collector["failures"].to_string().contains(words), "{collector:#}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_metrics_server_that_does_not_answer_is_a_failure_and_not_an_absence() {
    let world = small().await;
    world.simulator.kubernetes().take_metrics_down();
    let (ran, found, collector) = collect(&world).await;
    let mut right = usual(&world);
    right.retain(|(metric, _), _| !USAGE.contains(&metric.as_str()));
    assert_same(&found, &right, &ran.stderr);
    assert_eq!((ran.code, &collector["outcome"]), (3, &"partial".into()), "{}", ran.stderr);
}

#[tokio::test(flavor = "multi_thread")]
async fn faults_that_pass_are_outlived() {
    for (about, fault) in [
        ("500", Fault::server_error(500).times(1)),
        ("502 of a proxy", Fault::bad_gateway_html().after(1).times(1)),
        ("reset", Fault::reset().times(1)),
        ("cut", Fault::cut_body().after(2).times(1)),
    ] {
        let world = world(3, KubernetesScale { pods: 700, ..KubernetesScale::small() }).await;
        let injected = world.simulator.faults().inject(fault.of("kubernetes"));
        let (ran, found, collector) = collect(&world).await;
        assert_eq!(injected.befallen(), 1, "{about}");
        assert_whole(&ran, &found, &collector, &usual(&world), about);
    }
    let world = small().await;
    world.simulator.kubernetes().throttle(2, 1);
    let (ran, found, collector) = collect(&world).await;
    assert_whole(&ran, &found, &collector, &usual(&world), "429");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_is_revoked_midway_leaves_only_right_values() {
    let scale = KubernetesScale { pods: 600, ..KubernetesScale::small() };
    let whole = world(4, scale).await;
    collect(&whole).await;
    let all = whole.simulator.kubernetes().request_count();
    assert!(all > 3);
    for after in 0..all {
        let world = world(4, scale).await;
        world.simulator.kubernetes().revoke_after(after);
        let (ran, found, collector) = collect(&world).await;
        let mut right = usual(&world);
        assert!(found.len() < right.len(), "after {after} of {all}: nothing is missing");
        right.retain(|key, _| found.contains_key(key));
        assert_same(&found, &right, &format!("after {after} of {all}"));
        assert_eq!(ran.code, if found.is_empty() { 1 } else { 3 }, "after {after}: {}", ran.stderr);
        assert!(reasons(&collector).contains("unauthorized"), "after {after}: {collector:#}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn neither_the_token_nor_what_pods_hold_is_shown() {
    let world = small().await.with("ORGPULSE_LOG", "trace");
    let (ran, found, collector) = collect(&world).await;
    assert_whole(&ran, &found, &collector, &usual(&world), "trace");
    world.simulator.kubernetes().revoke_after(0);
    let (refused, ..) = collect(&world).await;
    for secret in [TOKEN, "s1mulat3d-s3cret"] {
        for ran in [&ran, &refused] {
            assert!(!ran.stdout.contains(secret) && !ran.stderr.contains(secret), "{secret} is shown");
        }
    }
}
