//! What holds for any cluster: bounds, sums that agree, and that order does not matter.

use collector::Batch;
use proptest::prelude::*;
use serde_json::Value;
use serde_json::json;

use super::sample::*;
use crate::records::Node;
use crate::records::Pod;
use crate::records::PodUsage;

const PHASES: [&str; 6] = ["Pending", "Running", "Running", "Succeeded", "Failed", "Unknown"];
const REASONS: [&str; 6] = [
    "CrashLoopBackOff",
    "ErrImagePull",
    "ImagePullBackOff",
    "InvalidImageName",
    "ContainerCreating",
    "PodInitializing",
];

fn any_state() -> impl Strategy<Value = Value> {
    let end = (prop::sample::select(vec!["OOMKilled", "Error", "Completed"]), prop::option::of(-HOUR..20 * DAY));
    prop_oneof![
        Just(json!({})),
        Just(json!({"running": {}})),
        prop::sample::select(REASONS.to_vec()).prop_map(|reason| json!({"waiting": {"reason": reason}})),
        end.prop_map(|(reason, at)| json!({"terminated": {"reason": reason, "finishedAt": at.map(ago)}})),
    ]
}

fn any_statuses() -> impl Strategy<Value = Value> {
    let one = (0..12u64, any_state(), any_state());
    let one = one.prop_map(|(count, now, last)| json!({"restartCount": count, "state": now, "lastState": last}));
    prop::option::of(prop::collection::vec(one, 0..3)).prop_map(|statuses| json!(statuses))
}

fn any_containers() -> impl Strategy<Value = Value> {
    let sizes = || prop::option::of(prop::sample::select(vec!["0", "1m", "100m", "2", "1.5", "12e3", "3Ki"]));
    let one = (sizes(), sizes(), prop::option::weighted(0.2, 0..9u8), any::<bool>());
    let one = one.prop_map(|(cpu, memory, gpus, always)| {
        let mut requests = json!({});
        for (name, text) in [("cpu", cpu), ("memory", memory)] {
            if let Some(text) = text {
                requests[name] = json!(text);
            }
        }
        if let Some(gpus) = gpus {
            requests["nvidia.com/gpu"] = json!(gpus.to_string());
        }
        let policy = always.then_some("Always");
        json!({"resources": {"requests": requests}, "restartPolicy": policy})
    });
    prop::collection::vec(one, 0..4).prop_map(|containers| json!(containers))
}

fn any_pod() -> impl Strategy<Value = Value> {
    let times = (-HOUR..20 * DAY, prop::option::of(-HOUR..20 * DAY));
    let whole = (prop::sample::select(PHASES.to_vec()), times, any::<bool>(), any::<bool>());
    (whole, any_statuses(), any_statuses(), any_containers(), any_containers()).prop_map(
        |((phase, (created, started), scheduled, refused), statuses, init_statuses, containers, init)| {
            let condition = json!({"type": "PodScheduled", "status": "False", "reason": "Unschedulable"});
            json!({
                "metadata": {"name": "", "namespace": "default", "creationTimestamp": ago(created)},
                "spec": {"nodeName": scheduled.then_some("n1"), "containers": containers, "initContainers": init},
                "status": {
                    "phase": phase, "startTime": started.map(ago), "containerStatuses": statuses,
                    "initContainerStatuses": init_statuses, "conditions": refused.then_some([condition]),
                },
            })
        },
    )
}

/// Pods of different names, and what was measured of them.
fn any_pods() -> impl Strategy<Value = (Vec<Pod>, Vec<PodUsage>)> {
    let used = prop::option::of((-10..10 * MINUTE, 0..3_000_000_000u64, 0..20_000u64));
    prop::collection::vec((any_pod(), used), 0..20).prop_map(|all| {
        let (mut pods, mut measured) = (Vec::new(), Vec::new());
        for (number, (mut raw, used)) in all.into_iter().enumerate() {
            let name = number.to_string();
            raw["metadata"]["name"] = json!(name);
            pods.push(serde_json::from_value(raw).unwrap());
            if let Some((seconds, cpu, memory)) = used {
                measured.push(usage(&name, seconds, &format!("{cpu}n"), &format!("{memory}Ki")));
            }
        }
        (pods, measured)
    })
}

fn any_nodes() -> impl Strategy<Value = Vec<Node>> {
    let one = (prop::sample::select(vec!["True", "False", "Unknown"]), prop::option::of(0..9u8));
    prop::collection::vec(one, 0..5).prop_map(|all| {
        let one = |(at, (ready, gpus)): (usize, (&str, Option<u8>))| {
            node(&at.to_string(), ready, gpus.map(|gpus| gpus.to_string()).as_deref())
        };
        all.into_iter().enumerate().map(one).collect()
    })
}

fn all(pods: &[Pod], measured: &[PodUsage], nodes: &[Node]) -> Batch {
    let mut batch = super::pods::compute(pods, now(), &tags());
    batch.append(super::usage::compute(pods, measured, now(), &tags()));
    batch.append(super::nodes::compute(nodes, now(), &tags()));
    batch.append(super::gpu::compute(pods, nodes, now(), &tags()));
    batch
}

proptest! {
    #[test]
    fn order_changes_nothing((pods, measured) in any_pods(), nodes in any_nodes(), turn in 0..20usize) {
        let before = all(&pods, &measured, &nodes);
        let (mut pods, mut measured, mut nodes) = (pods, measured, nodes);
        pods.reverse();
        let middle = turn.min(pods.len());
        pods.rotate_left(middle);
        measured.reverse();
        nodes.reverse();
        let after = all(&pods, &measured, &nodes);
        prop_assert_eq!(format!("{before:?}"), format!("{after:?}"));
    }

    #[test]
    fn sums_agree((pods, measured) in any_pods(), nodes in any_nodes()) {
        let batch = all(&pods, &measured, &nodes);
        let of = |name: &str| batch.gauges().iter().find(|g| g.def().name == format!("k8s.{name}")).map(|g| g.value());
        let told = |name: &str| of(name).unwrap();
        let total = told("pods.total");
        prop_assert!(total <= pods.len() as f64);
        prop_assert!(told("pods.running") + told("pods.pending") + told("pods.failed") <= total);
        prop_assert!(told("pods.unschedulable") <= told("pods.pending"));
        for name in ["pods.crash_looping", "pods.image_pull_errors", "pods.high_restarts"] {
            prop_assert!(told(name) <= total, "{}", name);
        }
        prop_assert!(told("restarts_7d") <= told("restarts_total"));
        prop_assert_eq!(told("nodes.ready") + told("nodes.not_ready"), nodes.len() as f64);
        for name in ["pods.idle_count", "resources.overallocated_pods"] {
            prop_assert!(of(name).is_none_or(|count| count <= told("pods.running")), "{}", name);
        }
        // Each is a gauge, absent, or failed with its group; none is outside its bounds.
        let failed = batch.failures().len();
        prop_assert_eq!(batch.gauges().len() + batch.absences().len() + 6 * failed, 11 + 6 + 2 + 1);
        prop_assert!(batch.warnings().iter().all(|warning| !warning.contains("is not sent")));
    }

    #[test]
    fn a_pods_request_is_no_less_than_any_of_its_containers(raw in any_pod()) {
        let mut raw = raw;
        raw["metadata"]["name"] = json!("a");
        let whole: Pod = serde_json::from_value(raw.clone()).unwrap();
        for list in ["containers", "initContainers"] {
            for one in raw["spec"][list].as_array().unwrap() {
                let mut alone = raw.clone();
                alone["spec"] = json!({"containers": [one]});
                let alone: Pod = serde_json::from_value(alone).unwrap();
                prop_assert!(whole.request.cpu >= alone.request.cpu);
                prop_assert!(whole.request.memory >= alone.request.memory);
                prop_assert!(whole.request.gpus >= alone.request.gpus);
            }
        }
    }
}
