//! Pods as the API server writes them: with much that nobody here asks for.

use super::listing::Object;
use super::listing::RESOURCE_VERSION;
use super::objects::condition;
use super::objects::uid;
use super::quantity::cpu;
use super::quantity::memory;
use crate::organisation::kubernetes::Amounts;
use crate::organisation::kubernetes::Condition;
use crate::organisation::kubernetes::Container;
use crate::organisation::kubernetes::Kubernetes;
use crate::organisation::kubernetes::Pod;
use crate::organisation::kubernetes::State;
use crate::organisation::kubernetes::Terminated;
use serde_json::Map;
use serde_json::Value;
use serde_json::json;

pub fn objects<'a>(cluster: &'a Kubernetes, inside: &dyn Fn(&str) -> bool) -> Vec<Object<'a>> {
    let node = |pod: &'a Pod| pod.node.map_or("", |index| cluster.nodes[index].name.as_str());
    let pods = cluster.pods.iter().enumerate().filter(|(_, pod)| inside(&pod.namespace));
    pods.map(|(index, pod)| {
        let node = node(pod);
        let fields = vec![
            ("metadata.name", pod.name.as_str()),
            ("metadata.namespace", pod.namespace.as_str()),
            ("spec.nodeName", node),
            ("status.phase", pod.phase),
        ];
        Object { fields, write: Box::new(move || written(pod, node, index)) }
    })
    .collect()
}

fn written(pod: &Pod, node: &str, variant: usize) -> Value {
    let mut metadata = json!({
        "name": pod.name,
        "namespace": pod.namespace,
        "uid": uid(&format!("{}/{}", pod.namespace, pod.name)),
        "resourceVersion": RESOURCE_VERSION,
        "creationTimestamp": pod.created.to_string(),
        "labels": { "app": pod.name, "pod-template-hash": "5eed5eed5", "app.kubernetes.io/managed-by": "Helm" },
        "annotations": { "checksum/config": "5eed".repeat(16), "prometheus.io/scrape": "true" },
        "ownerReferences": [{ "apiVersion": "apps/v1", "kind": "ReplicaSet", "name": pod.name, "uid": uid(&pod.name), "controller": true }],
        "managedFields": managed_fields(),
    });
    if let Some(at) = pod.deleting {
        metadata["deletionTimestamp"] = at.to_string().into();
        metadata["deletionGracePeriodSeconds"] = 30.into();
    }
    let list = |all: &[Container]| all.iter().map(|one| container(one, variant)).collect::<Vec<Value>>();
    let mut spec = json!({
        "containers": list(&pod.containers),
        "restartPolicy": "Always",
        "terminationGracePeriodSeconds": 30,
        "dnsPolicy": "ClusterFirst",
        "serviceAccountName": "default",
        "schedulerName": "default-scheduler",
        "priority": 0,
        "enableServiceLinks": true,
        "preemptionPolicy": "PreemptLowerPriority",
        "securityContext": {},
        "tolerations": [
            { "key": "node.kubernetes.io/not-ready", "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 300 },
            { "key": "node.kubernetes.io/unreachable", "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 300 },
        ],
        "volumes": [{ "name": "token", "projected": { "defaultMode": 420, "sources": [{ "serviceAccountToken": { "path": "token", "expirationSeconds": 3607 } }] } }],
    });
    if !pod.init.is_empty() {
        spec["initContainers"] = list(&pod.init).into();
    }
    if !node.is_empty() {
        spec["nodeName"] = node.into();
    }
    if pod.overhead != Amounts::default() {
        spec["overhead"] = amounts(&pod.overhead, variant).into();
    }
    json!({ "metadata": metadata, "spec": spec, "status": status(pod) })
}

fn status(pod: &Pod) -> Value {
    let ready = if pod.phase == "Running" { Condition::True } else { Condition::False };
    let mut conditions = vec![condition("Ready", ready, ""), condition("ContainersReady", ready, "")];
    conditions.push(match pod.unscheduled {
        Some(reason) => condition("PodScheduled", Condition::False, reason),
        None => condition("PodScheduled", Condition::True, ""),
    });
    let mut status = json!({ "phase": pod.phase, "conditions": conditions, "qosClass": "Burstable" });
    if let Some(at) = pod.started {
        status["startTime"] = at.to_string().into();
        status["hostIP"] = "10.0.0.7".into();
    }
    if let Some(reason) = pod.reason {
        status["reason"] = reason.into();
        status["message"] = format!("The node was low on resource: {reason}.").into();
    }
    for (name, all) in [("containerStatuses", &pod.containers), ("initContainerStatuses", &pod.init)] {
        let told: Vec<Value> = all.iter().filter_map(container_status).collect();
        if !told.is_empty() {
            status[name] = told.into();
        }
    }
    status
}

fn container(one: &Container, variant: usize) -> Value {
    let requests = amounts(&one.requests, variant);
    let mut resources = json!({});
    if let Some(gpus) = requests.get("nvidia.com/gpu") {
        // Of extended resources the request is the limit. Nothing else may have a limit alone: the API server would
        // make it the request as well.
        resources["limits"] = json!({ "nvidia.com/gpu": gpus });
    }
    if !requests.is_empty() {
        resources["requests"] = requests.into();
    }
    let mut written = json!({
        "name": one.name,
        "image": format!("registry.example/team/{}:v1.2.3", one.name),
        "imagePullPolicy": "IfNotPresent",
        "command": ["/bin/sh", "-c", "exec python -m main --config /etc/app/config.yaml --log json"],
        "env": [
            { "name": "POD_NAME", "valueFrom": { "fieldRef": { "apiVersion": "v1", "fieldPath": "metadata.name" } } },
            { "name": "DATABASE_PASSWORD", "value": "s1mulat3d-s3cret-of-a-pod" },
        ],
        "ports": [{ "containerPort": 8080, "protocol": "TCP" }],
        "resources": resources,
        "terminationMessagePath": "/dev/termination-log",
        "terminationMessagePolicy": "File",
        "volumeMounts": [{ "name": "token", "readOnly": true, "mountPath": "/var/run/secrets/kubernetes.io/serviceaccount" }],
    });
    if one.is_sidecar {
        written["restartPolicy"] = "Always".into();
    }
    written
}

fn amounts(amounts: &Amounts, variant: usize) -> Map<String, Value> {
    let mut all = Map::new();
    all.extend(amounts.cpu_milli.map(|milli| ("cpu".to_owned(), cpu(milli).into())));
    all.extend(amounts.memory.map(|bytes| ("memory".to_owned(), memory(bytes, variant).into())));
    all.extend(amounts.gpus.map(|gpus| ("nvidia.com/gpu".to_owned(), gpus.to_string().into())));
    all
}

fn container_status(one: &Container) -> Option<Value> {
    let status = one.status.as_ref()?;
    let state = match &status.state {
        State::Waiting(reason) => json!({ "waiting": { "reason": reason, "message": "back-off 5m0s" } }),
        State::Running(at) => json!({ "running": { "startedAt": at.to_string() } }),
        State::Terminated(end) => json!({ "terminated": terminated(end) }),
    };
    let last = status.last.as_ref().map_or_else(|| json!({}), |end| json!({ "terminated": terminated(end) }));
    let runs = matches!(status.state, State::Running(_));
    Some(json!({
        "name": one.name,
        "ready": runs,
        "started": runs,
        "restartCount": status.restarts,
        "image": format!("registry.example/team/{}:v1.2.3", one.name),
        "imageID": format!("registry.example/team/{}@sha256:{}", one.name, "5eed".repeat(16)),
        "containerID": format!("containerd://{}", "5eed".repeat(16)),
        "state": state,
        "lastState": last,
    }))
}

fn terminated(end: &Terminated) -> Value {
    json!({
        "exitCode": end.exit_code,
        "reason": end.reason,
        "startedAt": end.finished.map(|at| at.to_string()),
        "finishedAt": end.finished.map(|at| at.to_string()),
        "containerID": format!("containerd://{}", "5eed".repeat(16)),
    })
}

/// Who set which field: of a real pod the longest part.
fn managed_fields() -> Value {
    let fields = json!({
        "f:metadata": { "f:annotations": { ".": {}, "f:checksum/config": {} }, "f:labels": { ".": {}, "f:app": {}, "f:pod-template-hash": {} } },
        "f:spec": {
            "f:containers": { "k:{\"name\":\"main\"}": { ".": {}, "f:command": {}, "f:env": {}, "f:image": {}, "f:name": {}, "f:resources": {} } },
            "f:dnsPolicy": {}, "f:restartPolicy": {}, "f:schedulerName": {}, "f:securityContext": {},
        },
    });
    json!([
        { "manager": "kube-controller-manager", "operation": "Update", "apiVersion": "v1", "time": "2026-01-01T00:00:00Z", "fieldsType": "FieldsV1", "fieldsV1": fields },
        { "manager": "kubelet", "operation": "Update", "apiVersion": "v1", "subresource": "status", "time": "2026-01-01T00:00:00Z", "fieldsType": "FieldsV1", "fieldsV1": fields },
    ])
}
