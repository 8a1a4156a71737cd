//! The subtle rules, on clusters made by hand.

use super::*;
use crate::organisation::Scale;
use crate::organisation::kubernetes::Amounts;
use crate::organisation::kubernetes::Container;
use crate::organisation::kubernetes::KubernetesScale;
use crate::organisation::kubernetes::Node;
use crate::organisation::kubernetes::Usage;
use jiff::SignedDuration;

const DAY: i64 = 86_400;
const MIB: u64 = 1 << 20;

fn now() -> Timestamp {
    "2026-11-20T12:00:00Z".parse().unwrap()
}

fn ago(seconds: i64) -> Timestamp {
    now().checked_sub(SignedDuration::from_secs(seconds)).unwrap()
}

fn ended(reason: &'static str, seconds_ago: i64) -> Terminated {
    Terminated { reason, exit_code: 137, finished: Some(ago(seconds_ago)) }
}

fn status(restarts: u32, last: Option<Terminated>) -> Option<Status> {
    Some(Status { restarts, state: State::Running(ago(5)), last })
}

fn waiting(reason: &'static str) -> Option<Status> {
    Some(Status { restarts: 0, state: State::Waiting(reason), last: None })
}

fn container(cpu_milli: u64, memory: u64, status: Option<Status>) -> Container {
    let requests = Amounts { cpu_milli: Some(cpu_milli), memory: Some(memory), gpus: None };
    Container { name: "main".into(), is_sidecar: false, requests, status }
}

fn sidecar(cpu_milli: u64) -> Container {
    Container { is_sidecar: true, ..container(cpu_milli, 0, None) }
}

/// A running pod of this age.
fn pod(seconds: i64, containers: Vec<Container>) -> Pod {
    Pod {
        namespace: "default".into(),
        name: "p".into(),
        node: Some(0),
        phase: "Running",
        created: ago(seconds),
        started: Some(ago(seconds)),
        deleting: None,
        unscheduled: None,
        reason: None,
        overhead: Amounts::default(),
        init: Vec::new(),
        containers,
        usage: None,
    }
}

fn using(cpu_nano: u64, memory: u64, of: Pod) -> Pod {
    Pod { usage: Some(vec![Usage { container: "main".into(), cpu_nano, memory }]), ..of }
}

fn node(ready: Option<Condition>, gpus: Option<u64>, allocatable_gpus: u64) -> Node {
    Node {
        name: "n".into(),
        instance_type: "m6i.large".into(),
        ready,
        is_unschedulable: false,
        cpu_milli: 2_000,
        memory: 8 << 30,
        gpus,
        allocatable_gpus,
    }
}

fn organisation(pods: Vec<Pod>, nodes: Vec<Node>) -> Organisation {
    let kubernetes = KubernetesScale { nodes: 0, namespaces: 2, deployments: 0, pods: 0, has_metrics: true };
    let mut organisation = Organisation::generate(1, Scale { kubernetes, ..Scale::small() }, now());
    organisation.kubernetes.pods = pods;
    organisation.kubernetes.nodes = nodes;
    organisation
}

fn find(organisation: &Organisation, metric: &str) -> Option<f64> {
    let all = super::gauges(organisation, &Settings::of(organisation));
    all.iter().find(|e| e.metric == metric).unwrap_or_else(|| panic!("no {metric}")).value
}

fn value(pods: Vec<Pod>, metric: &str) -> Option<f64> {
    find(&organisation(pods, Vec::new()), metric)
}

#[test]
fn an_empty_cluster_counts_nothing_and_divides_nothing() {
    let organisation = organisation(Vec::new(), Vec::new());
    for gauge in super::gauges(&organisation, &Settings::of(&organisation)) {
        let ratio = gauge.metric.ends_with("_pct");
        assert_eq!(gauge.value, (!ratio).then_some(0.0), "{}", gauge.metric);
        assert_eq!(gauge.tags, [("cluster", "training-1".to_owned())]);
    }
}

#[test]
fn without_metrics_what_is_used_is_not_known() {
    let mut organisation = organisation(vec![using(5, 5, pod(1, vec![container(1, 1, None)]))], Vec::new());
    organisation.kubernetes.has_metrics = false;
    for gauge in super::gauges(&organisation, &Settings::of(&organisation)) {
        let known = !gauge.metric.contains("resources") && !gauge.metric.contains("idle");
        assert_eq!(gauge.value.is_some(), known, "{}", gauge.metric);
    }
}

#[test]
fn pods_that_nobody_has_measured_yet_are_neither_idle_nor_thrifty() {
    let runs = || pod(5, vec![container(1_000, 1_024 * MIB, None)]);
    let metric = "k8s.resources.cpu_request_waste_cores";
    assert_eq!(value(vec![runs()], metric), None);
    assert_eq!(value(vec![runs(), using(0, 0, runs())], metric), Some(1.0));
    assert_eq!(value(vec![Pod { phase: "Pending", ..runs() }], metric), Some(0.0));
}

#[test]
fn restarts_of_young_pods_count_whole_and_of_older_ones_by_their_last_end() {
    let week = 7 * DAY;
    let pods = vec![
        pod(week - 1, vec![container(1, 1, status(40, None))]),
        pod(week, vec![container(1, 1, status(40, Some(ended("Error", week - 1))))]),
        pod(week, vec![container(1, 1, status(40, Some(ended("Error", week))))]),
        pod(week, vec![container(1, 1, status(3, Some(ended("Error", -1))))]),
        pod(week, vec![container(1, 1, status(3, None))]),
    ];
    assert_eq!(value(pods.clone(), "k8s.restarts_total"), Some(126.0));
    assert_eq!(value(pods.clone(), "k8s.restarts_7d"), Some(41.0));
    assert_eq!(value(pods, "k8s.pods.high_restarts"), Some(3.0));
}

#[test]
fn a_container_is_killed_for_memory_once_and_by_its_reason() {
    let twice =
        Status { restarts: 1, state: State::Terminated(ended("OOMKilled", 5)), last: Some(ended("OOMKilled", 50)) };
    let unknown = Terminated { finished: None, ..ended("OOMKilled", 0) };
    let pods = vec![
        pod(DAY, vec![container(1, 1, Some(twice)), container(1, 1, status(1, Some(ended("OOMKilled", 5))))]),
        pod(DAY, vec![container(1, 1, status(1, Some(ended("Error", 5))))]),
        pod(DAY, vec![container(1, 1, status(1, Some(unknown)))]),
        pod(30 * DAY, vec![container(1, 1, status(1, Some(ended("OOMKilled", 7 * DAY))))]),
    ];
    assert_eq!(value(pods, "k8s.oomkilled_7d"), Some(2.0));
}

#[test]
fn a_pod_waits_once_whatever_number_of_its_containers_do() {
    let init = |reason| Pod { init: vec![container(1, 1, waiting(reason))], phase: "Pending", ..pod(5, Vec::new()) };
    let pods = vec![
        pod(5, vec![container(1, 1, waiting("CrashLoopBackOff")), container(1, 1, waiting("CrashLoopBackOff"))]),
        init("CrashLoopBackOff"),
        init("InvalidImageName"),
        pod(5, vec![container(1, 1, waiting("CreateContainerConfigError"))]),
    ];
    assert_eq!(value(pods.clone(), "k8s.pods.crash_looping"), Some(2.0));
    assert_eq!(value(pods, "k8s.pods.image_pull_errors"), Some(1.0));
}

#[test]
fn unschedulable_is_not_every_pod_without_a_node() {
    let waits = |why| Pod { phase: "Pending", node: None, unscheduled: Some(why), ..pod(5, Vec::new()) };
    let pods = vec![waits("Unschedulable"), waits("SchedulingGated"), Pod { phase: "Pending", ..pod(5, Vec::new()) }];
    assert_eq!(value(pods.clone(), "k8s.pods.unschedulable"), Some(1.0));
    assert_eq!(value(pods, "k8s.pods.pending"), Some(3.0));
}

#[test]
fn a_request_is_that_of_the_scheduler() {
    let pod = |init: Vec<Container>| Pod { init, ..pod(5, vec![container(100, 5, None), container(200, 0, None)]) };
    let cpu = |pod: &Pod| requests::of(pod, |amounts| amounts.cpu_milli);
    assert_eq!(cpu(&pod(vec![])), Some(300));
    assert_eq!(cpu(&pod(vec![container(250, 0, None), container(250, 0, None)])), Some(300));
    assert_eq!(cpu(&pod(vec![container(1_000, 0, None), sidecar(50)])), Some(1_000));
    assert_eq!(cpu(&pod(vec![sidecar(50), container(1_000, 0, None)])), Some(1_050));
    assert_eq!(cpu(&pod(vec![sidecar(50)])), Some(350));
    let overhead = Amounts { cpu_milli: Some(7), ..Amounts::default() };
    assert_eq!(cpu(&Pod { overhead, ..pod(vec![container(1_000, 0, None)]) }), Some(1_007));
    assert_eq!(requests::of(&pod(vec![]), |amounts| amounts.gpus), None);
}

#[test]
fn use_is_that_of_running_pods_that_were_measured() {
    let one = || pod(5, vec![container(1_000, 1_024 * MIB, None)]);
    let pods = vec![
        using(250_000_000, 2_048 * MIB, one()),
        // Exactly a fifth is not less.
        using(200_000_000, 1_024 * MIB, one()),
        using(199_999_999, 1_024 * MIB, one()),
        one(),
        Pod { phase: "Succeeded", ..using(0, 0, one()) },
        using(999_999, 10 * MIB - 1, pod(5, Vec::new())),
        using(1_000_000, 0, pod(5, Vec::new())),
    ];
    assert_eq!(value(pods.clone(), "k8s.pods.idle_count"), Some(1.0));
    assert_eq!(value(pods.clone(), "k8s.resources.overallocated_pods"), Some(1.0));
    assert_eq!(value(pods.clone(), "k8s.resources.cpu_request_waste_cores"), Some(2.350_000_001));
    assert_eq!(value(pods.clone(), "k8s.resources.memory_request_waste_gb"), Some(0.0));
    assert_eq!(value(pods.clone(), "k8s.resources.memory_efficiency_pct"), Some(400.0 / 3.0));
    assert_eq!(value(pods, "k8s.resources.cpu_efficiency_pct"), Some(64_999_999.9 / 3_000_000.0));
}

#[test]
fn gpus_are_of_ready_nodes_and_of_pods_that_hold_them() {
    let asks = |gpus, of: Pod| {
        let requests = Amounts { gpus: Some(gpus), ..Amounts::default() };
        Pod { containers: vec![Container { requests, ..container(0, 0, None) }], ..of }
    };
    let pods = || {
        vec![
            asks(3, pod(5, Vec::new())),
            asks(1, Pod { phase: "Pending", ..pod(5, Vec::new()) }),
            asks(8, Pod { phase: "Pending", node: None, ..pod(5, Vec::new()) }),
            asks(8, Pod { phase: "Failed", ..pod(5, Vec::new()) }),
            asks(8, Pod { phase: "Succeeded", ..pod(5, Vec::new()) }),
        ]
    };
    let metric = "k8s.resources.gpu_allocation_efficiency_pct";
    let ready = Some(Condition::True);
    let nodes = vec![node(ready, Some(8), 7), node(ready, Some(1), 1), node(ready, None, 0)];
    assert_eq!(find(&organisation(pods(), nodes), metric), Some(50.0));
    let nodes = vec![node(Some(Condition::Unknown), Some(8), 8), node(None, Some(8), 8), node(ready, Some(0), 0)];
    let organisation = organisation(pods(), nodes);
    assert_eq!(find(&organisation, metric), None);
    assert_eq!(find(&organisation, "k8s.nodes.ready"), Some(1.0));
    assert_eq!(find(&organisation, "k8s.nodes.not_ready"), Some(2.0));
}

#[test]
fn deployments_are_available_when_their_condition_says_so() {
    let deployment = |replicas, available| Deployment {
        namespace: "default".into(),
        name: "d".into(),
        replicas,
        ready_replicas: 0,
        available,
        is_stuck: false,
        created: now(),
    };
    let mut organisation = organisation(Vec::new(), Vec::new());
    organisation.kubernetes.deployments = vec![
        deployment(Some(0), Some(Condition::True)),
        deployment(None, Some(Condition::False)),
        deployment(Some(2), Some(Condition::Unknown)),
        deployment(Some(2), None),
    ];
    for (metric, expected) in [("total", 4.0), ("available", 1.0), ("unavailable", 3.0), ("zero_replicas", 1.0)] {
        assert_eq!(find(&organisation, &format!("k8s.deployments.{metric}")), Some(expected), "{metric}");
    }
}

#[test]
fn namespaces_that_are_not_listed_do_not_count() {
    let other = Pod { namespace: "team-7".into(), ..pod(5, vec![container(1, 1, None)]) };
    let nodes = vec![node(Some(Condition::True), Some(8), 8)];
    let organisation = organisation(vec![pod(5, Vec::new()), other], nodes);
    let settings = Settings { namespaces: Some(vec!["team-7".into()]), ..Settings::of(&organisation) };
    let gauges = super::gauges(&organisation, &settings);
    let value = |metric: &str| gauges.iter().find(|gauge| gauge.metric == metric).unwrap().value;
    assert_eq!(value("k8s.pods.total"), Some(1.0));
    assert_eq!(value("k8s.nodes.ready"), Some(1.0));
    assert_eq!(value("k8s.resources.gpu_allocation_efficiency_pct"), None, "other namespaces' pods hold some");
}
