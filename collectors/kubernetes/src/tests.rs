//! Whole collections against a server on a socket.

use std::time::Duration;

use collector::Reason;
use loopback::Seen;
use loopback::answer;
use serde_json::Value;
use serde_json::json;

use super::*;
use crate::metrics::sample::*;
use crate::testing::*;

async fn run(config: Config) -> Result<Batch, Failure> {
    Kubernetes::new(config).collect_at(&context(), QUICK).await
}

async fn collect(cluster: &Cluster) -> Batch {
    run(cluster.config()).await.unwrap()
}

fn raw_node(name: &str, gpus: &str) -> Value {
    json!({
        "metadata": {"name": name, "creationTimestamp": ago(DAY)},
        "status": {"allocatable": {"nvidia.com/gpu": gpus}, "conditions": [{"type": "Ready", "status": "True"}]},
    })
}

fn raw_deployment(name: &str, namespace: &str) -> Value {
    json!({
        "metadata": {"name": name, "namespace": namespace, "creationTimestamp": ago(DAY)},
        "spec": {"replicas": 2}, "status": {"conditions": [{"type": "Available", "status": "True"}]},
    })
}

fn requesting(name: &str, cpu: &str) -> Value {
    let resources = json!({"requests": {"cpu": cpu, "memory": "1Gi", "nvidia.com/gpu": "2"}});
    raw_pod(name, json!({"spec": {"nodeName": "n1", "containers": [{"name": "main", "resources": resources}]}}))
}

/// A cluster with something in each list.
fn some() -> World {
    World::empty()
        .with(
            PODS,
            vec![requesting("a", "2"), requesting("b", "1"), raw_pod("c", json!({"status": {"phase": "Failed"}}))],
        )
        .with(DEPLOYMENTS, vec![raw_deployment("web", "default")])
        .with(NODES, vec![raw_node("n1", "8"), raw_node("n2", "0")])
        .with(USAGE, vec![raw_usage("a", 20, "500m", "512Mi"), raw_usage("b", 20, "500m", "512Mi")])
}

/// The groups that failed, and why. No other metric is missing, and none of theirs is sent.
#[track_caller]
fn failed(batch: &Batch) -> Vec<(&'static str, Reason)> {
    let failed: Vec<_> = batch.failures().iter().map(|one| (one.group, one.failure.reason)).collect();
    assert!(batch.failures().iter().all(|one| one.tags.to_string() == "cluster:prod"));
    for def in METRICS {
        let is_there = batch.gauges().iter().any(|gauge| gauge.def() == def)
            || batch.absences().iter().any(|absence| absence.def == def);
        assert_eq!(is_there, failed.iter().all(|(group, _)| *group != def.group), "{}", def.name);
    }
    failed
}

#[tokio::test]
async fn one_request_for_each_list_reads_everything() {
    let cluster = some().up().await;
    let context = context();
    let batch = Kubernetes::new(cluster.config()).collect_at(&context, QUICK).await.unwrap();
    assert!(failed(&batch).is_empty() && batch.warnings().is_empty(), "{batch:?}");
    assert_eq!((batch.gauges().len(), batch.absences().len()), (METRICS.len(), 0));
    assert_eq!(context.meter().read().requests, 4);
    assert_eq!(cluster.paths(), [NODES, PODS, DEPLOYMENTS, USAGE]);
    for (name, expected) in [
        ("pods.total", 3.0),
        ("pods.running", 2.0),
        ("pods.failed", 1.0),
        ("deployments.total", 1.0),
        ("nodes.ready", 2.0),
        ("resources.cpu_request_waste_cores", 2.0),
        ("resources.memory_request_waste_gb", 1.0),
        ("resources.gpu_allocation_efficiency_pct", 50.0),
    ] {
        assert_eq!(value(&batch, &format!("k8s.{name}")), Some(expected), "{name}");
    }
    assert!(batch.gauges().iter().all(|gauge| gauge.tags().to_string() == "cluster:prod"));
}

#[tokio::test]
async fn an_empty_cluster_gives_zeros() {
    let batch = collect(&World::empty().up().await).await;
    assert!(failed(&batch).is_empty());
    assert!(batch.gauges().iter().all(|gauge| gauge.value() == 0.0));
    let absent: Vec<&str> = batch.absences().iter().map(|absence| absence.def.name).collect();
    let expected = ["cpu_efficiency_pct", "memory_efficiency_pct", "gpu_allocation_efficiency_pct"];
    assert_eq!(absent, expected.map(|name| format!("k8s.resources.{name}")));
}

#[tokio::test]
async fn without_a_metrics_api_usage_is_absent_and_the_run_complete() {
    let batch = collect(&some().without(USAGE).up().await).await;
    assert!(failed(&batch).is_empty(), "{:?}", batch.failures());
    assert_eq!(batch.absences().len(), 6);
    assert!(batch.absences().iter().all(|absence| absence.why.contains("no metrics.k8s.io API")));
}

#[tokio::test]
async fn a_list_that_fails_takes_its_groups_along_and_no_others() {
    use Reason::*;
    type Groups = &'static [(&'static str, Reason)];
    let cases: [(&'static str, u16, Groups); 7] = [
        (PODS, 403, &[("pods", Forbidden), ("usage", Forbidden), ("gpu", Forbidden)]),
        (PODS, 500, &[("pods", Unreachable), ("usage", Unreachable), ("gpu", Unreachable)]),
        (DEPLOYMENTS, 403, &[("deployments", Forbidden)]),
        (NODES, 403, &[("nodes", Forbidden), ("gpu", Forbidden)]),
        (USAGE, 403, &[("usage", Forbidden)]),
        (USAGE, 503, &[("usage", Unreachable)]),
        (USAGE, 429, &[("usage", RateLimited)]),
    ];
    for (path, code, groups) in cases {
        let cluster = some().serve(move |seen| (parts(seen).0 == path).then(|| status(code, "", "no"))).await;
        let batch = collect(&cluster).await;
        assert_eq!(failed(&batch), groups, "{path} {code}");
        assert_eq!(value_or_none(&batch, "k8s.pods.total"), (path != PODS).then_some(3.0));
    }
}

fn value_or_none(batch: &Batch, name: &str) -> Option<f64> {
    batch.gauges().iter().find(|gauge| gauge.def().name == name).map(|gauge| gauge.value())
}

#[tokio::test]
async fn a_metrics_api_that_never_answers_fails_its_group_alone() {
    let cluster = some().serve(|seen: &Seen| (parts(seen).0 == USAGE).then_some(loopback::Answer::Never)).await;
    let context = loopback::context(now(), Duration::from_secs(5));
    let batch = Kubernetes::new(cluster.config()).collect_at(&context, QUICK).await.unwrap();
    assert_eq!(failed(&batch), [("usage", Reason::Deadline)]);
}

#[tokio::test]
async fn a_wrong_token_fails_everything() {
    let cluster = some().up().await;
    let batch = run(cluster.config_as(&json!({"token": "other.S3CRET.token"}))).await.unwrap();
    assert!(batch.gauges().is_empty());
    assert_eq!(failed(&batch).len(), 5);
    assert!(batch.failures().iter().all(|one| one.failure.reason == Reason::Unauthorized));
    assert_eq!(cluster.server.seen().len(), 4);
}

#[tokio::test]
async fn namespaces_are_read_one_by_one_and_say_nothing_of_gpus() {
    let in_ml = with(requesting("a", "1")["metadata"].clone(), json!({"namespace": "ml"}));
    let other = with(requesting("a", "1"), json!({"metadata": in_ml}));
    let world = some().with(PODS, vec![requesting("a", "2"), other]);
    let cluster =
        world.with(DEPLOYMENTS, vec![raw_deployment("web", "default"), raw_deployment("x", "else")]).up().await;
    let namespaces = ["default", "ml", "mispelt"].map(str::to_owned).to_vec();
    let batch = run(Config { namespaces, ..cluster.config() }).await.unwrap();
    assert!(failed(&batch).is_empty());
    assert_eq!(value(&batch, "k8s.pods.total"), Some(2.0));
    assert_eq!(value(&batch, "k8s.deployments.total"), Some(1.0));
    assert_eq!(value(&batch, "k8s.nodes.ready"), Some(2.0));
    assert_eq!(value(&batch, "k8s.resources.cpu_request_waste_cores"), Some(1.5));
    assert_eq!(value(&batch, "k8s.resources.gpu_allocation_efficiency_pct"), None);
    assert_eq!(batch.warnings().len(), 1);
    assert!(batch.warnings()[0].contains("namespace mispelt"), "{:?}", batch.warnings());
    let paths = cluster.paths();
    assert_eq!(paths.len(), 3 * 3 + 1);
    assert!(paths.iter().all(|path| path.contains("/namespaces/") || path == NODES), "{paths:?}");

    // One that is refused would be a part.
    let cluster = some()
        .serve(|seen: &Seen| seen.path.starts_with("/api/v1/namespaces/ml/").then(|| status(403, "Forbidden", "no")))
        .await;
    let namespaces = ["default", "ml"].map(str::to_owned).to_vec();
    let batch = run(Config { namespaces, ..cluster.config() }).await.unwrap();
    assert_eq!(failed(&batch), [("pods", Reason::Forbidden), ("usage", Reason::Forbidden)]);
}

#[tokio::test]
async fn ten_thousand_pods_take_thirty_requests_or_fewer() {
    let usage = (0..10_000).map(|number| raw_usage(&format!("p{number:05}"), 9, "5m", "50Mi")).collect();
    let cluster = World::empty().with(PODS, pods(10_000)).with(USAGE, usage).up().await;
    let patient = Pace { max_body: PACE.max_body, ..QUICK };
    let batch = Kubernetes::new(cluster.config()).collect_at(&context(), patient).await.unwrap();
    assert!(failed(&batch).is_empty(), "{:?}", batch.failures());
    assert_eq!(value(&batch, "k8s.pods.total"), Some(10_000.0));
    assert_eq!(cluster.server.seen().len(), 20 + 3);
}

#[tokio::test]
async fn the_doctor_tries_each_right_with_one_object() {
    let cluster = some().up().await;
    let collector = Kubernetes::boxed(cluster.config());
    let told = |findings: Vec<Finding>| -> Vec<(String, Result<String, String>)> {
        findings.into_iter().map(|one| (one.what, one.outcome.map_err(|failure| failure.to_string()))).collect()
    };
    let findings = told(collector.check(&context()).await);
    assert_eq!(findings.len(), 4);
    assert!(findings.iter().all(|(_, outcome)| outcome.as_ref().is_ok_and(|good| good.contains("127.0.0.1"))));
    assert!(cluster.server.seen().iter().all(|seen| parts(seen).1["limit"] == "1"));
    assert_eq!(cluster.paths().len(), 4);

    let refusal =
        || answer(403, &[], &json!({"message": "nodes is forbidden: User \"x\" cannot list", "reason": "Forbidden"}));
    let world = some().without(USAGE);
    let cluster = world.serve(move |seen: &Seen| (parts(seen).0 == NODES).then(refusal)).await;
    let config = Config { namespaces: vec!["a".to_owned(), "b".to_owned()], ..cluster.config() };
    let findings = told(Kubernetes::boxed(config).check(&context()).await);
    let whats: Vec<&str> = findings.iter().map(|(what, _)| what.as_str()).collect();
    let expected = [
        "list pods of namespace a",
        "list pods of namespace b",
        "list deployments of namespace a",
        "list deployments of namespace b",
        "list nodes",
        "list metrics of pods of namespace a",
        "list metrics of pods of namespace b",
    ];
    assert_eq!(whats, expected);
    let outcomes: Vec<_> = findings.into_iter().map(|(_, outcome)| outcome).collect();
    let refused = outcomes[4].as_ref().unwrap_err();
    assert!(refused.contains("cannot list") && refused.contains("Allow the verb list on nodes"), "{refused}");
    assert!(outcomes[5].as_ref().is_ok_and(|words| words.contains("no metrics.k8s.io API")), "{:?}", outcomes[5]);

    let nowhere =
        Config { access: Access::Kubeconfig { paths: vec!["missing".into()], context: None }, ..cluster.config() };
    let findings = told(Kubernetes::boxed(nowhere).check(&context()).await);
    assert!(findings[0].1.as_ref().unwrap_err().contains("missing"), "{findings:?}");
}
