//! What metrics-server tells of pods and nodes.

use super::listing::Object;
use super::quantity::used_cpu;
use super::quantity::used_memory;
use crate::organisation::kubernetes::Kubernetes;
use crate::organisation::kubernetes::Node;
use crate::organisation::kubernetes::Usage;
use jiff::Timestamp;
use serde_json::Value;
use serde_json::json;

/// Pods that were measured, and one that has been deleted since.
pub fn pods<'a>(cluster: &'a Kubernetes, inside: &dyn Fn(&str) -> bool, now: Timestamp) -> Vec<Object<'a>> {
    let measured = cluster.pods.iter().enumerate();
    let measured = measured.filter_map(|(index, pod)| Some((index, pod, pod.usage.as_ref()?)));
    let mut all: Vec<Object<'a>> = measured
        .filter(|(_, pod, _)| inside(&pod.namespace))
        .map(|(index, pod, usage)| Object {
            fields: Vec::new(),
            write: Box::new(move || written(&pod.namespace, &pod.name, usage, index, now)),
        })
        .collect();
    if let Some(namespace) = cluster.namespaces.first().filter(|namespace| inside(namespace)) {
        let gone = || vec![Usage { container: "main".to_owned(), cpu_nano: 1, memory: 4_096 }];
        all.push(Object {
            fields: Vec::new(),
            write: Box::new(move || written(namespace, "deleted-just-now", &gone(), 0, now)),
        });
    }
    all
}

pub fn nodes(cluster: &Kubernetes, now: Timestamp) -> Vec<Object<'_>> {
    let object = move |node: &Node| {
        json!({
            "metadata": { "name": node.name, "creationTimestamp": now.to_string() },
            "timestamp": now.to_string(),
            "window": "20.03s",
            "usage": { "cpu": used_cpu(node.cpu_milli * 300_000, 2), "memory": used_memory(node.memory / 2, 0) },
        })
    };
    cluster.nodes.iter().map(|node| Object { fields: Vec::new(), write: Box::new(move || object(node)) }).collect()
}

fn written(namespace: &str, name: &str, usage: &[Usage], variant: usize, now: Timestamp) -> Value {
    let containers: Vec<Value> = usage
        .iter()
        .map(|one| {
            let usage = json!({ "cpu": used_cpu(one.cpu_nano, variant), "memory": used_memory(one.memory, variant) });
            json!({ "name": one.container, "usage": usage })
        })
        .collect();
    json!({
        "metadata": {
            "name": name,
            "namespace": namespace,
            "creationTimestamp": now.to_string(),
            "labels": { "app": name.split('-').next() },
        },
        "timestamp": now.to_string(),
        "window": "15.32s",
        "containers": containers,
    })
}
