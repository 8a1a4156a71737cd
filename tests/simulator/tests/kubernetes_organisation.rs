//! What a described cluster is made of, and what the referee makes of it.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by a panic; clippy.toml does not reach helper functions"
)]

use simulator::Scale;
use simulator::expected;
use simulator::expected::Expected;
use simulator::expected::kubernetes::Settings;
use simulator::organisation::Organisation;
use simulator::organisation::kubernetes::KubernetesScale;
use simulator::organisation::kubernetes::State;
use std::collections::BTreeSet;

const NOW: &str = "2026-11-20T12:00:00Z";

fn organisation(seed: u64, kubernetes: KubernetesScale) -> Organisation {
    Organisation::generate(seed, Scale { kubernetes, ..Scale::small() }, NOW.parse().unwrap())
}

fn gauges(organisation: &Organisation) -> Vec<Expected> {
    expected::kubernetes::gauges(organisation, &Settings::of(organisation))
}

#[test]
fn the_same_seed_describes_the_same_cluster() {
    let cluster = |seed| organisation(seed, KubernetesScale::small()).kubernetes;
    assert!(cluster(7) == cluster(7));
    assert!(cluster(7) != cluster(8));
}

#[test]
fn the_reference_scale_is_as_stated() {
    let organisation = organisation(7, KubernetesScale::reference());
    let value = |metric: &str| gauges(&organisation).iter().find(|gauge| gauge.metric == metric).unwrap().value;
    assert_eq!(value("k8s.pods.total"), Some(10_000.0));
    assert_eq!(value("k8s.deployments.total"), Some(1_200.0));
    assert_eq!(organisation.kubernetes.nodes.len(), 300);
}

#[test]
fn every_rule_has_something_to_decide() {
    for seed in 0..10 {
        let organisation = organisation(seed, KubernetesScale { nodes: 30, pods: 300, ..KubernetesScale::small() });
        for gauge in gauges(&organisation) {
            assert!(gauge.value.is_some_and(|value| value > 0.0), "seed {seed}: {} is {:?}", gauge.metric, gauge.value);
        }
    }
}

#[test]
fn a_cluster_hangs_together() {
    let now = NOW.parse().unwrap();
    for seed in 0..40 {
        let cluster = organisation(seed, KubernetesScale::random(seed)).kubernetes;
        let names: BTreeSet<_> = cluster.pods.iter().map(|pod| (&pod.namespace, &pod.name)).collect();
        assert_eq!(names.len(), cluster.pods.len(), "two pods have one name");
        let names: BTreeSet<_> = cluster.deployments.iter().map(|one| (&one.namespace, &one.name)).collect();
        assert_eq!(names.len(), cluster.deployments.len(), "two deployments have one name");
        for node in &cluster.nodes {
            assert!(node.allocatable_gpus <= node.gpus.unwrap_or(0));
        }
        for pod in &cluster.pods {
            assert!(cluster.namespaces.contains(&pod.namespace));
            assert!(pod.node.is_none_or(|node| node < cluster.nodes.len()));
            assert_eq!(pod.unscheduled.is_some(), pod.node.is_none(), "{pod:?}");
            assert!(pod.phase == "Pending" || pod.started.is_some());
            assert!(pod.created <= now && pod.started.is_none_or(|at| pod.created <= at && at <= now));
            for status in pod.all_containers().filter_map(|container| container.status.as_ref()) {
                assert!(pod.started.is_some(), "a node tells of containers that it was never given");
                assert!(status.last.is_none() || status.restarts > 0, "an instance before the first");
                let runs = matches!(status.state, State::Running(_));
                assert!(!runs || !pod.has_ended(), "{pod:?}");
            }
        }
    }
}
