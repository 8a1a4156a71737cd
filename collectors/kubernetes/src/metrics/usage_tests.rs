use serde_json::Value;
use serde_json::json;

use super::*;
use crate::metrics::sample::*;

const GIBI: f64 = 1.0;

fn requesting(name: &str, cpu: &str, memory: &str) -> Pod {
    let mut requests = json!({});
    for (resource, text) in [("cpu", cpu), ("memory", memory)] {
        if !text.is_empty() {
            requests[resource] = json!(text);
        }
    }
    pod(name, json!({"spec": {"nodeName": "n1", "containers": [{"resources": {"requests": requests}}]}}))
}

fn of(pods: &[Pod], usage: &[PodUsage]) -> Batch {
    compute(pods, usage, now(), &tags())
}

#[track_caller]
fn assert_values(batch: &Batch, expected: &[(&str, Option<f64>)]) {
    assert!(batch.failures().is_empty(), "{:?}", batch.failures());
    assert_eq!(batch.gauges().len() + batch.absences().len(), 6);
    for (name, expected) in expected {
        let found = value(batch, &format!("k8s.{name}"));
        let near = match (found, *expected) {
            (Some(found), Some(expected)) => (found - expected).abs() < 1e-12,
            (found, expected) => found == expected,
        };
        assert!(near, "{name}: {found:?}, not {expected:?}");
    }
}

#[test]
fn what_one_pod_uses_beyond_its_request_makes_up_for_no_other() {
    let pods = [requesting("a", "2", "4Gi"), requesting("b", "500m", "1Gi"), requesting("c", "", "")];
    let usage = [usage("a", 30, "500m", "1Gi"), usage("b", 30, "1500m", "2Gi"), usage("c", 30, "250m", "512Mi")];
    assert_values(
        &of(&pods, &usage),
        &[
            ("resources.cpu_request_waste_cores", Some(1.5)),
            ("resources.memory_request_waste_gb", Some(3.0 * GIBI)),
            // c requests nothing, and is in neither sum.
            ("resources.cpu_efficiency_pct", Some(80.0)),
            ("resources.memory_efficiency_pct", Some(60.0)),
            ("resources.overallocated_pods", Some(0.0)),
            ("pods.idle_count", Some(0.0)),
        ],
    );
}

#[test]
fn a_pod_that_requests_one_resource_counts_for_that_one() {
    let pods = [requesting("a", "1", ""), requesting("b", "", "")];
    let usage = [usage("a", 0, "100m", "1Gi"), usage("b", 0, "1", "1Gi")];
    assert_values(
        &of(&pods, &usage),
        &[
            ("resources.cpu_efficiency_pct", Some(10.0)),
            ("resources.memory_efficiency_pct", None),
            ("resources.overallocated_pods", Some(1.0)),
            ("resources.memory_request_waste_gb", Some(0.0)),
        ],
    );
}

#[test]
fn limits_are_open() {
    let pods: Vec<Pod> = ["a", "b", "c", "d"].iter().map(|name| requesting(name, "100m", "100Mi")).collect();
    let used = |cpu: [&str; 4], memory: [&str; 4]| -> Vec<PodUsage> {
        let one = |at: usize| usage(["a", "b", "c", "d"][at], 0, cpu[at], memory[at]);
        (0..4).map(one).collect()
    };
    // Idle: less than 1m and less than 10Mi.
    let idle = used(["1m", "999999n", "0", "999999n"], ["1Mi", "10Mi", "0", "10239Ki"]);
    assert_values(&of(&pods, &idle), &[("pods.idle_count", Some(2.0))]);
    // Over-allocated: less than 20 % of either.
    let over = used(["20m", "19999999n", "100m", "19m"], ["20Mi", "100Mi", "20479Ki", "1Mi"]);
    assert_values(&of(&pods, &over), &[("resources.overallocated_pods", Some(3.0))]);
}

#[test]
fn only_running_pods_that_were_measured_count() {
    let elsewhere = json!({"metadata": {"name": "a", "namespace": "other"}});
    let pods = [
        requesting("a", "1", "1Gi"),
        pod("a", elsewhere),
        requesting("unmeasured", "64", "64Gi"),
        pod("done", json!({"status": {"phase": "Succeeded"}})),
        pod("later", json!({"metadata": {"name": "later", "namespace": "default", "creationTimestamp": ago(-5)}})),
    ];
    let empty: PodUsage =
        serde_json::from_value(with(raw_usage("unmeasured", 0, "1", "1"), json!({"containers": []}))).unwrap();
    let usage = [
        usage("a", 0, "500m", "512Mi"),
        empty,
        usage("done", 0, "1", "1Gi"),
        usage("later", 0, "1", "1Gi"),
        usage("gone", 0, "1", "1Gi"),
    ];
    let batch = of(&pods, &usage);
    assert_values(
        &batch,
        &[("resources.cpu_request_waste_cores", Some(0.5)), ("resources.memory_request_waste_gb", Some(0.5))],
    );
    assert!(batch.warnings().is_empty());
}

#[test]
fn a_measurement_of_a_former_pod_of_the_same_name_is_none_of_this_one() {
    let spec = json!({"nodeName": "n1", "containers": [{"resources": {"requests": {"cpu": "1"}}}]});
    let young = pod("web-0", json!({"spec": spec, "status": {"phase": "Running", "startTime": ago(20)}}));
    for (seconds, expected) in [(21, None), (20, Some(0.75)), (0, Some(0.75)), (-3, Some(0.75))] {
        let batch = of(std::slice::from_ref(&young), &[usage("web-0", seconds, "250m", "1Mi")]);
        assert_values(&batch, &[("resources.cpu_request_waste_cores", expected)]);
    }
}

#[test]
fn nothing_measured_is_no_zero_and_nothing_running_is() {
    let batch = of(&[requesting("a", "1", "1Gi")], &[]);
    assert_values(&batch, &[("pods.idle_count", None), ("resources.cpu_request_waste_cores", None)]);
    assert!(batch.absences().iter().all(|absence| absence.why.contains("measured yet")));
    assert_eq!(batch.absences().len(), 6);
    let batch = of(&[], &[]);
    assert_values(&batch, &[("pods.idle_count", Some(0.0)), ("resources.cpu_request_waste_cores", Some(0.0))]);
    assert_eq!(value(&batch, "k8s.resources.cpu_efficiency_pct"), None);
    let batch = not_served(&tags());
    assert_eq!((batch.absences().len(), batch.failures().len()), (6, 0));
}

#[test]
fn measurements_that_are_out_of_date_make_no_number() {
    let pods = [requesting("a", "1", "1Gi"), requesting("b", "1", "1Gi")];
    let old = 5 * MINUTE + 1;
    let batch = of(&pods, &[usage("a", old, "1", "1Gi"), usage("b", HOUR, "1", "1Gi")]);
    let [failed] = batch.failures() else { panic!("{batch:?}") };
    assert_eq!((failed.group, failed.failure.reason), ("usage", Reason::BadReply));
    assert!(failed.failure.why.contains("5 minutes before the run"), "{}", failed.failure);
    assert!(batch.gauges().is_empty() && batch.absences().is_empty());
    // Those of a lost node beside good ones are left out, and told.
    let batch = of(&pods, &[usage("a", 5 * MINUTE, "500m", "1Gi"), usage("b", old, "1", "1Gi")]);
    assert_values(&batch, &[("resources.cpu_request_waste_cores", Some(0.5))]);
    assert!(batch.warnings()[0].contains("usage of 1 of 2 running pods"), "{:?}", batch.warnings());
}

/// What the scheduler counts for these containers, in cores and bytes.
fn request(spec: Value) -> (f64, f64) {
    let request = pod("a", json!({"spec": spec})).request;
    (request.cpu.number(), request.memory.number())
}

fn container(cpu: &str) -> Value {
    json!({"resources": {"requests": {"cpu": cpu, "memory": "100", "ephemeral-storage": "1Gi"}}})
}

fn sidecar(cpu: &str) -> Value {
    with(container(cpu), json!({"restartPolicy": "Always"}))
}

#[test]
fn requests_are_those_that_the_scheduler_counts() {
    let of = |containers: Value, init: Value| request(json!({"containers": containers, "initContainers": init}));
    for (containers, init, expected) in [
        (json!([]), json!([]), (0.0, 0.0)),
        (json!([{"name": "none"}]), json!(null), (0.0, 0.0)),
        (json!([container("1"), container("500m")]), json!([]), (1.5, 200.0)),
        // Init containers run before the others, one after another.
        (json!([container("1")]), json!([container("2"), container("1")]), (2.0, 100.0)),
        (json!([container("3")]), json!([container("2")]), (3.0, 100.0)),
        // Sidecars run beside all that comes after them.
        (json!([container("1")]), json!([sidecar("500m")]), (1.5, 200.0)),
        (json!([container("1")]), json!([sidecar("1"), container("4")]), (5.0, 200.0)),
        (json!([container("1")]), json!([container("4"), sidecar("1")]), (4.0, 200.0)),
        (json!([container("1")]), json!([sidecar("1"), container("1"), sidecar("2"), container("3")]), (6.0, 300.0)),
    ] {
        assert_eq!(of(containers.clone(), init.clone()), expected, "{containers} {init}");
    }
    // By resource: the largest of one may be another's smallest.
    let memory = json!({"resources": {"requests": {"memory": "1000"}}});
    assert_eq!(of(json!([container("2")]), json!([memory])), (2.0, 1000.0));
}

#[test]
fn overhead_comes_on_top_and_a_request_of_the_whole_pod_in_its_place() {
    let containers = json!([container("1")]);
    let overhead = json!({"cpu": "250m", "memory": "50"});
    assert_eq!(request(json!({"containers": containers, "overhead": overhead})), (1.25, 150.0));
    let whole = json!({"requests": {"cpu": "3"}, "limits": {"memory": "900"}});
    let spec = json!({"containers": containers, "resources": whole, "overhead": overhead});
    assert_eq!(request(spec), (3.25, 150.0));
    let limits = json!([{"resources": {"limits": {"cpu": "2", "memory": "10"}, "requests": {"cpu": "1"}}}]);
    assert_eq!(request(json!({"containers": limits})), (1.0, 10.0));
}
