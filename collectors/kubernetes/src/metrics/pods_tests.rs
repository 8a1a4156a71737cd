use serde_json::Value;
use serde_json::json;

use super::*;
use crate::metrics::sample::*;

#[track_caller]
fn assert_values(pods: &[Pod], expected: &[(&str, f64)]) {
    let batch = compute(pods, now(), &tags());
    assert_eq!((batch.gauges().len(), batch.warnings().len()), (11, 0));
    for (name, expected) in expected {
        assert_eq!(value(&batch, &format!("k8s.{name}")), Some(*expected), "{name}");
    }
}

fn waiting(reason: &str) -> Value {
    json!([{"restartCount": 0, "state": {"waiting": {"reason": reason, "message": "..."}}}])
}

#[test]
fn no_pod_is_a_zero_for_each_metric() {
    let batch = compute(&[], now(), &tags());
    assert_eq!(batch.gauges().len(), 11);
    assert!(batch.gauges().iter().all(|gauge| gauge.value() == 0.0));
}

#[test]
fn pods_count_by_their_phase_whatever_becomes_of_them() {
    let deleted = json!({"metadata": {"name": "x", "namespace": "b", "deletionTimestamp": ago(5)}});
    let pods = [
        pod("a", json!({})),
        pod("b", deleted),
        pod("c", json!({"status": {"phase": "Pending"}})),
        pod("d", json!({"status": {"phase": "Failed", "reason": "Evicted"}})),
        pod("e", json!({"status": {"phase": "Succeeded"}})),
        pod("f", json!({"status": {"phase": "Unknown"}})),
        pod("g", json!({"status": {}})),
        pod("h", json!({"status": null})),
        pod("later", json!({"metadata": {"name": "later", "creationTimestamp": ago(-1)}})),
    ];
    assert_values(&pods, &[("pods.total", 8.0), ("pods.running", 2.0), ("pods.pending", 1.0), ("pods.failed", 1.0)]);
}

#[test]
fn only_pending_pods_without_a_node_for_them_are_unschedulable() {
    let condition = |phase: &str, status: &str, reason: &str| {
        let condition = json!([{"type": "PodScheduled", "status": status, "reason": reason}]);
        pod(&format!("{phase}{status}{reason}"), json!({"status": {"phase": phase, "conditions": condition}}))
    };
    let pods = [
        condition("Pending", "False", "Unschedulable"),
        condition("Pending", "False", "SchedulingGated"),
        condition("Pending", "True", "Unschedulable"),
        condition("Failed", "False", "Unschedulable"),
    ];
    assert_values(&pods, &[("pods.unschedulable", 1.0), ("pods.pending", 3.0)]);
}

#[test]
fn a_pod_with_several_containers_that_wait_counts_once() {
    let init = |reason: &str| json!({"status": {"phase": "Pending", "initContainerStatuses": waiting(reason)}});
    let ephemeral = json!({"status": {"phase": "Running", "ephemeralContainerStatuses": waiting("ErrImagePull")}});
    let both = json!([waiting("CrashLoopBackOff")[0], waiting("CrashLoopBackOff")[0], waiting("ErrImagePull")[0]]);
    let pods = [
        pod_with("a", "Running", DAY, waiting("CrashLoopBackOff")),
        pod_with("b", "Running", DAY, both),
        pod("c", init("CrashLoopBackOff")),
        pod("d", init("ImagePullBackOff")),
        pod_with("e", "Pending", DAY, waiting("InvalidImageName")),
        pod_with("f", "Pending", DAY, waiting("ContainerCreating")),
        pod("g", ephemeral),
    ];
    assert_values(&pods, &[("pods.crash_looping", 3.0), ("pods.image_pull_errors", 3.0)]);
}

#[test]
fn more_restarts_than_kubernetes_counts_are_no_pod() {
    let status = json!({"phase": "Running", "containerStatuses": [{"restartCount": u64::MAX}]});
    assert!(serde_json::from_value::<Pod>(raw_pod("a", json!({"status": status}))).is_err());
}

#[test]
fn more_than_five_restarts_of_one_container_are_many() {
    let restarted = |name: &str, counts: &[u64]| {
        let statuses: Vec<Value> = counts.iter().map(|count| json!({"restartCount": count})).collect();
        pod_with(name, "Running", 30 * DAY, json!(statuses))
    };
    let init = json!({"status": {"phase": "Running", "initContainerStatuses": [{"restartCount": 9}]}});
    let pods = [restarted("a", &[5, 5]), restarted("b", &[6]), restarted("c", &[0, 7, 8]), pod("d", init)];
    assert_values(&pods, &[("pods.high_restarts", 3.0), ("restarts_total", 40.0), ("restarts_7d", 0.0)]);
}

/// A container that was restarted so often; its last instance ended so many seconds ago.
fn ended(restarts: u64, seconds: i64) -> Value {
    json!({
        "restartCount": restarts, "state": {"running": {"startedAt": ago(seconds)}},
        "lastState": {"terminated": {"reason": "Error", "exitCode": 1, "finishedAt": ago(seconds)}},
    })
}

#[test]
fn restarts_are_known_to_lie_in_the_week_by_the_pods_start_or_by_the_last_end() {
    let week = 7 * DAY;
    for (started, statuses, expected) in [
        // Started in the week: all of them.
        (week - 1, json!([ended(4, HOUR), {"restartCount": 3}]), 7.0),
        (0, json!([ended(2, 0)]), 2.0),
        // Older: one for each container whose last instance ended in it.
        (week, json!([ended(4, HOUR), ended(9, week - 1), ended(9, week), {"restartCount": 3}]), 2.0),
        (30 * DAY, json!([ended(4, 8 * DAY)]), 0.0),
        // What ended after now has not, yet.
        (30 * DAY, json!([ended(4, -1)]), 0.0),
        (-1, json!([ended(4, -1)]), 0.0),
        // An end that no restart followed.
        (30 * DAY, json!([ended(0, HOUR)]), 0.0),
        (
            30 * DAY,
            json!([{"restartCount": 1, "state": {"terminated": {"reason": "Completed", "finishedAt": ago(HOUR)}}}]),
            0.0,
        ),
        (
            30 * DAY,
            json!([{"restartCount": 2, "lastState": {"terminated": {"reason": "Error", "finishedAt": null}}}]),
            0.0,
        ),
    ] {
        let pod = pod_with("a", "Running", started, statuses.clone());
        assert_values(&[pod], &[("restarts_7d", expected)]);
    }
    // No node has taken it up: its creation is its start.
    let status = json!({"phase": "Pending", "containerStatuses": [{"restartCount": 2}]});
    assert_values(&[pod("a", json!({"status": status}))], &[("restarts_7d", 0.0)]);
    let meta = json!({"name": "b", "creationTimestamp": ago(DAY)});
    assert_values(&[pod("b", json!({"status": status, "metadata": meta}))], &[("restarts_7d", 2.0)]);
}

#[test]
fn a_container_killed_for_want_of_memory_counts_once() {
    let killed =
        |seconds: i64| json!({"terminated": {"reason": "OOMKilled", "exitCode": 137, "finishedAt": ago(seconds)}});
    let other = json!({"terminated": {"reason": "Error", "exitCode": 137, "finishedAt": ago(HOUR)}});
    let init = json!({"phase": "Pending", "initContainerStatuses": [{"restartCount": 1, "lastState": killed(HOUR)}]});
    let pods = [
        pod_with(
            "both",
            "Running",
            30 * DAY,
            json!([{"restartCount": 1, "state": killed(HOUR), "lastState": killed(DAY)}]),
        ),
        pod_with("now", "Failed", 30 * DAY, json!([{"restartCount": 0, "state": killed(HOUR)}])),
        pod_with("old", "Running", 30 * DAY, json!([{"restartCount": 1, "lastState": killed(7 * DAY)}])),
        pod_with("edge", "Running", 30 * DAY, json!([{"restartCount": 1, "lastState": killed(7 * DAY - 1)}])),
        pod_with("later", "Running", 30 * DAY, json!([{"restartCount": 1, "lastState": killed(-1)}])),
        pod_with("killed otherwise", "Running", 30 * DAY, json!([{"restartCount": 1, "lastState": other}])),
        pod_with("two", "Running", 30 * DAY, json!([{"lastState": killed(HOUR)}, {"lastState": killed(HOUR)}])),
        pod("init", json!({"status": init})),
    ];
    assert_values(&pods, &[("oomkilled_7d", 6.0)]);
}
