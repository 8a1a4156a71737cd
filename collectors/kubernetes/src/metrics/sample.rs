//! Sample values of the unit tests.

use collector::Batch;
use collector::Tags;
use jiff::SignedDuration;
use jiff::Timestamp;
use serde_json::Value;
use serde_json::json;

use crate::records::Deployment;
use crate::records::Node;
use crate::records::Pod;
use crate::records::PodUsage;

pub const MINUTE: i64 = 60;
pub const HOUR: i64 = 3600;
pub const DAY: i64 = 24 * HOUR;

pub fn now() -> Timestamp {
    "2026-03-10T12:00:00Z".parse().unwrap()
}

pub fn tags() -> Tags {
    Tags::new().with("cluster", "prod")
}

/// So many seconds before [`now`], as Kubernetes writes times.
pub fn ago(seconds: i64) -> String {
    (now() - SignedDuration::from_secs(seconds)).to_string()
}

/// Lays the entries of one object over those of another, one level deep.
pub fn with(mut base: Value, over: Value) -> Value {
    for (key, value) in over.as_object().unwrap() {
        base[key] = value.clone();
    }
    base
}

/// A pod as the API server tells it: running for 30 days on a node.
pub fn raw_pod(name: &str, over: Value) -> Value {
    let base = json!({
        "metadata": {"name": name, "namespace": "default", "creationTimestamp": ago(30 * DAY), "uid": name},
        "spec": {"nodeName": "n1", "containers": [{"name": "main"}]},
        "status": {"phase": "Running", "startTime": ago(30 * DAY)},
    });
    with(base, over)
}

/// [`raw_pod`] as a record.
pub fn pod(name: &str, over: Value) -> Pod {
    serde_json::from_value(raw_pod(name, over)).unwrap()
}

/// A pod in this phase with these container statuses, started so many seconds ago.
pub fn pod_with(name: &str, phase: &str, started: i64, statuses: Value) -> Pod {
    let status = json!({"phase": phase, "startTime": ago(started), "containerStatuses": statuses});
    pod(name, json!({"status": status}))
}

pub fn deployment(name: &str, over: Value) -> Deployment {
    let base = json!({
        "metadata": {"name": name, "namespace": "default", "creationTimestamp": ago(30 * DAY)},
        "spec": {"replicas": 1},
        "status": {},
    });
    serde_json::from_value(with(base, over)).unwrap()
}

pub fn node(name: &str, ready: &str, gpus: Option<&str>) -> Node {
    let mut allocatable = json!({"cpu": "7910m", "memory": "31Gi", "pods": "110"});
    if let Some(gpus) = gpus {
        allocatable["nvidia.com/gpu"] = json!(gpus);
    }
    serde_json::from_value(json!({
        "metadata": {"name": name, "creationTimestamp": ago(30 * DAY)},
        "status": {
            "allocatable": allocatable,
            "conditions": [{"type": "MemoryPressure", "status": "False"}, {"type": "Ready", "status": ready}],
        },
    }))
    .unwrap()
}

/// What a pod's one container used so many seconds ago.
pub fn usage(name: &str, seconds: i64, cpu: &str, memory: &str) -> PodUsage {
    serde_json::from_value(raw_usage(name, seconds, cpu, memory)).unwrap()
}

pub fn raw_usage(name: &str, seconds: i64, cpu: &str, memory: &str) -> Value {
    json!({
        "metadata": {"name": name, "namespace": "default"}, "timestamp": ago(seconds), "window": "15s",
        "containers": [{"name": "main", "usage": {"cpu": cpu, "memory": memory}}],
    })
}

/// The value of a metric; none when the batch says that it is absent.
#[track_caller]
pub fn value(batch: &Batch, name: &str) -> Option<f64> {
    let found = batch.gauges().iter().find(|gauge| gauge.def().name == name).map(|gauge| gauge.value());
    let absent = batch.absences().iter().any(|absence| absence.def.name == name);
    assert!(found.is_some() != absent, "{name} is neither or both: {:?}", batch.warnings());
    found
}
