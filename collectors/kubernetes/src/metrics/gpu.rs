//! How many of the GPUs that the cluster offers are requested.

use collector::Batch;
use collector::Tags;
use jiff::Timestamp;

use super::was_there;
use crate::catalog;
use crate::quantity::Quantity;
use crate::records::Node;
use crate::records::Pod;

/// The share of these nodes' GPUs that these pods, which are all of the cluster, request.
pub(crate) fn compute(pods: &[Pod], nodes: &[Node], now: Timestamp, tags: &Tags) -> Batch {
    let holds = |pod: &&Pod| was_there(pod.created, now) && pod.scheduled && !pod.is_finished();
    let requested = pods.iter().filter(holds).map(|pod| pod.request.gpus).fold(Quantity::ZERO, Quantity::plus);
    let offers = |node: &&Node| was_there(node.created, now) && node.ready;
    let offered = nodes.iter().filter(offers).map(|node| node.gpus).fold(Quantity::ZERO, Quantity::plus);
    let mut batch = Batch::new();
    batch.gauge_or_absent(&catalog::GPU_EFFICIENCY, requested.percent_of(offered), tags);
    batch
}

/// What is said where the pods are not all of the cluster: their share would be told too small.
pub(crate) fn of_some_namespaces(tags: &Tags) -> Batch {
    let mut batch = Batch::new();
    batch.absent(
        &catalog::GPU_EFFICIENCY,
        "kubernetes.namespaces is set: GPUs of other namespaces' pods are not seen",
        tags,
    );
    batch
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::metrics::sample::*;

    const NAME: &str = "k8s.resources.gpu_allocation_efficiency_pct";

    fn with_gpus(name: &str, phase: &str, node: Option<&str>, gpus: &str) -> Pod {
        let containers = json!([{"name": "main", "resources": {"limits": {"nvidia.com/gpu": gpus, "cpu": "8"}}}]);
        pod(name, json!({"spec": {"nodeName": node, "containers": containers}, "status": {"phase": phase}}))
    }

    #[test]
    fn pods_with_a_node_that_have_not_finished_hold_gpus_of_ready_nodes() {
        let pods = [
            with_gpus("a", "Running", Some("n1"), "4"),
            with_gpus("b", "Pending", Some("n1"), "2"),
            with_gpus("c", "Unknown", Some("gone"), "1"),
            with_gpus("d", "Pending", None, "8"),
            with_gpus("e", "Succeeded", Some("n1"), "8"),
            with_gpus("f", "Failed", Some("n2"), "8"),
            pod("g", json!({"status": {"phase": "Running"}})),
        ];
        let nodes = [node("n1", "True", Some("8")), node("n2", "True", Some("2")), node("n3", "False", Some("8"))];
        let batch = compute(&pods, &nodes, now(), &tags());
        assert_eq!(value(&batch, NAME), Some(70.0));
        // Held by pods of a node that is lost, they are more than there are.
        let batch = compute(&pods, &nodes[1..], now(), &tags());
        assert_eq!(value(&batch, NAME), Some(350.0));
    }

    #[test]
    fn without_a_gpu_on_a_ready_node_there_is_no_share() {
        let held = [with_gpus("a", "Running", Some("n1"), "4")];
        for nodes in [
            vec![],
            vec![node("n1", "False", Some("8"))],
            vec![node("n1", "True", None)],
            vec![node("n1", "True", Some("0"))],
        ] {
            assert_eq!(value(&compute(&held, &nodes, now(), &tags()), NAME), None);
        }
        let idle = compute(&[], &[node("n1", "True", Some("8"))], now(), &tags());
        assert_eq!(value(&idle, NAME), Some(0.0));
        assert_eq!(value(&of_some_namespaces(&tags()), NAME), None);
    }
}
