//! Nodes, namespaces and deployments as the API server writes them.

use super::listing::Object;
use super::listing::RESOURCE_VERSION;
use super::quantity::cpu;
use crate::organisation::kubernetes::Condition;
use crate::organisation::kubernetes::Deployment;
use crate::organisation::kubernetes::Kubernetes;
use crate::organisation::kubernetes::Node;
use serde_json::Value;
use serde_json::json;

pub fn nodes(cluster: &Kubernetes) -> Vec<Object<'_>> {
    cluster
        .nodes
        .iter()
        .map(|one| Object {
            fields: vec![
                ("metadata.name", one.name.as_str()),
                ("spec.unschedulable", if one.is_unschedulable { "true" } else { "false" }),
            ],
            write: Box::new(move || node(one)),
        })
        .collect()
}

pub fn namespaces(cluster: &Kubernetes) -> Vec<Object<'_>> {
    let written = |name: &str| {
        json!({
            "metadata": { "name": name, "uid": uid(name), "resourceVersion": RESOURCE_VERSION },
            "spec": { "finalizers": ["kubernetes"] },
            "status": { "phase": "Active" },
        })
    };
    cluster
        .namespaces
        .iter()
        .map(|name| Object { fields: vec![("metadata.name", name.as_str())], write: Box::new(move || written(name)) })
        .collect()
}

pub fn deployments<'a>(cluster: &'a Kubernetes, inside: &dyn Fn(&str) -> bool) -> Vec<Object<'a>> {
    cluster
        .deployments
        .iter()
        .filter(|one| inside(&one.namespace))
        .map(|one| Object {
            fields: vec![("metadata.name", one.name.as_str()), ("metadata.namespace", one.namespace.as_str())],
            write: Box::new(move || deployment(one)),
        })
        .collect()
}

fn node(node: &Node) -> Value {
    let resources = |gpus: Option<u64>| {
        let memory = format!("{}Ki", node.memory / 1_024);
        let mut all = json!({
            "cpu": cpu(node.cpu_milli), "memory": memory, "pods": "110", "ephemeral-storage": "83873772Ki",
            "hugepages-1Gi": "0", "hugepages-2Mi": "0",
        });
        if let Some(gpus) = gpus {
            all["nvidia.com/gpu"] = gpus.to_string().into();
        }
        all
    };
    let pressure = |name: &str, reason: &str| condition(name, Condition::False, reason);
    let mut conditions = vec![
        pressure("MemoryPressure", "KubeletHasSufficientMemory"),
        pressure("DiskPressure", "KubeletHasNoDiskPressure"),
        pressure("PIDPressure", "KubeletHasSufficientPID"),
    ];
    conditions.extend(node.ready.map(|ready| {
        let reason = if ready == Condition::Unknown { "NodeStatusUnknown" } else { "KubeletReady" };
        condition("Ready", ready, reason)
    }));
    let mut spec = json!({ "providerID": format!("aws:///us-east-1a/i-{}", uid(&node.name)) });
    if node.is_unschedulable {
        spec["unschedulable"] = true.into();
    }
    json!({
        "metadata": {
            "name": node.name,
            "uid": uid(&node.name),
            "resourceVersion": RESOURCE_VERSION,
            "labels": {
                "kubernetes.io/hostname": node.name,
                "node.kubernetes.io/instance-type": node.instance_type,
                "topology.kubernetes.io/zone": "us-east-1a",
                "eks.amazonaws.com/capacityType": "ON_DEMAND",
            },
        },
        "spec": spec,
        "status": {
            "capacity": resources(node.gpus),
            "allocatable": resources(node.gpus.map(|_| node.allocatable_gpus)),
            "conditions": conditions,
            "nodeInfo": { "kubeletVersion": "v1.34.2", "operatingSystem": "linux", "architecture": "amd64" },
            // The longest part of a real one: images by all their names.
            "images": (0..20).map(|n| json!({ "names": [format!("registry.example/team/image-{n}@sha256:{}", "5eed".repeat(16))], "sizeBytes": 1_000_000 * n })).collect::<Vec<Value>>(),
        },
    })
}

fn deployment(one: &Deployment) -> Value {
    let labels = json!({ "app": one.name });
    let mut spec = json!({
        "selector": { "matchLabels": labels },
        "strategy": { "type": "RollingUpdate", "rollingUpdate": { "maxSurge": "25%", "maxUnavailable": "25%" } },
        "revisionHistoryLimit": 10,
        "progressDeadlineSeconds": 600,
        "template": {
            "metadata": { "labels": labels },
            "spec": { "containers": [{ "name": "main", "image": "registry.example/main:1", "resources": {} }] },
        },
    });
    if let Some(replicas) = one.replicas {
        spec["replicas"] = replicas.into();
    }
    let wanted = one.replicas.unwrap_or(1);
    let mut status = json!({ "observedGeneration": 3 });
    // What is 0 is left out.
    for (name, count) in [
        ("replicas", wanted),
        ("updatedReplicas", wanted),
        ("readyReplicas", one.ready_replicas),
        ("availableReplicas", one.ready_replicas),
        ("unavailableReplicas", wanted - one.ready_replicas.min(wanted)),
    ] {
        if count > 0 {
            status[name] = count.into();
        }
    }
    let mut conditions = vec![match one.is_stuck {
        true => condition("Progressing", Condition::False, "ProgressDeadlineExceeded"),
        false => condition("Progressing", Condition::True, "NewReplicaSetAvailable"),
    }];
    conditions.extend(one.available.map(|available| condition("Available", available, "MinimumReplicasAvailable")));
    if one.available.is_some() {
        status["conditions"] = conditions.into();
    }
    json!({
        "metadata": {
            "name": one.name,
            "namespace": one.namespace,
            "uid": uid(&format!("{}/{}", one.namespace, one.name)),
            "resourceVersion": RESOURCE_VERSION,
            "generation": 3,
            "creationTimestamp": one.created.to_string(),
            "labels": labels,
        },
        "spec": spec,
        "status": status,
    })
}

/// A condition of a node, a pod or a deployment.
pub fn condition(name: &str, status: Condition, reason: &str) -> Value {
    let status = match status {
        Condition::True => "True",
        Condition::False => "False",
        Condition::Unknown => "Unknown",
    };
    json!({ "type": name, "status": status, "reason": reason, "lastTransitionTime": "2026-01-01T00:00:00Z" })
}

/// Made of the name: the same at every reading.
pub fn uid(name: &str) -> String {
    let hash = name
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3));
    format!("{:08x}-{:04x}-4{:03x}-8000-{:012x}", hash as u32, (hash >> 32) as u16, (hash >> 48) & 0xfff, hash >> 16)
}
