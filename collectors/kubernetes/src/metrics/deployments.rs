//! Deployments.

use collector::Batch;
use collector::Tags;
use jiff::Timestamp;

use super::was_there;
use crate::catalog;
use crate::records::Deployment;

/// Gauges of these deployments.
pub(crate) fn compute(deployments: &[Deployment], now: Timestamp, tags: &Tags) -> Batch {
    let there: Vec<&Deployment> = deployments.iter().filter(|one| was_there(one.created, now)).collect();
    let available = there.iter().filter(|one| one.available).count();
    let mut batch = Batch::new();
    batch.gauge(&catalog::DEPLOYMENTS_TOTAL, there.len() as f64, tags);
    batch.gauge(&catalog::DEPLOYMENTS_AVAILABLE, available as f64, tags);
    batch.gauge(&catalog::DEPLOYMENTS_UNAVAILABLE, (there.len() - available) as f64, tags);
    let zero = there.iter().filter(|one| one.replicas == 0).count();
    batch.gauge(&catalog::DEPLOYMENTS_ZERO_REPLICAS, zero as f64, tags);
    batch
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::metrics::sample::*;

    #[test]
    fn each_counts_by_its_condition_and_its_replicas() {
        let condition = |status: &str| json!({"status": {"conditions": [{"type": "Available", "status": status}]}});
        let deployments = [
            deployment("a", condition("True")),
            deployment("b", condition("False")),
            deployment("c", condition("Unknown")),
            deployment("d", json!({"status": {}})),
            deployment("e", json!({"spec": {"replicas": 0}, "status": condition("True")["status"]})),
            deployment("f", json!({"spec": {}, "status": null})),
            deployment("g", json!({"status": {"conditions": [{"type": "Progressing", "status": "True"}]}})),
            deployment("later", json!({"metadata": {"name": "later", "creationTimestamp": ago(-1)}})),
        ];
        let batch = compute(&deployments, now(), &tags());
        for (name, expected) in [("total", 7.0), ("available", 2.0), ("unavailable", 5.0), ("zero_replicas", 1.0)] {
            assert_eq!(value(&batch, &format!("k8s.deployments.{name}")), Some(expected), "{name}");
        }
    }

    #[test]
    fn none_are_zeros() {
        let batch = compute(&[], now(), &tags());
        assert_eq!(batch.gauges().len(), 4);
        assert!(batch.gauges().iter().all(|gauge| gauge.value() == 0.0));
    }
}
