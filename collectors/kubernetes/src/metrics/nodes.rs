//! Nodes.

use collector::Batch;
use collector::Tags;
use jiff::Timestamp;

use super::was_there;
use crate::catalog;
use crate::records::Node;

/// Gauges of these nodes.
pub(crate) fn compute(nodes: &[Node], now: Timestamp, tags: &Tags) -> Batch {
    let there: Vec<&Node> = nodes.iter().filter(|node| was_there(node.created, now)).collect();
    let ready = there.iter().filter(|node| node.ready).count();
    let mut batch = Batch::new();
    batch.gauge(&catalog::NODES_READY, ready as f64, tags);
    batch.gauge(&catalog::NODES_NOT_READY, (there.len() - ready) as f64, tags);
    batch
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::metrics::sample::*;

    #[test]
    fn whatever_is_not_true_is_not_ready() {
        let nodes = [
            node("a", "True", None),
            node("b", "False", None),
            node("c", "Unknown", None),
            serde_json::from_value(json!({"metadata": {"name": "new"}})).unwrap(),
            serde_json::from_value(json!({"metadata": {"name": "later", "creationTimestamp": ago(-1)}})).unwrap(),
        ];
        let batch = compute(&nodes, now(), &tags());
        assert_eq!(value(&batch, "k8s.nodes.ready"), Some(1.0));
        assert_eq!(value(&batch, "k8s.nodes.not_ready"), Some(3.0));
    }
}
