//! Clusters.

use collector::Batch;
use collector::Tags;

use crate::catalog;
use crate::records::Cluster;

/// The gauges of the clusters.
pub(crate) fn compute(clusters: &[Cluster]) -> Batch {
    let up = || clusters.iter().filter(|cluster| cluster.status.as_deref() == Some("UP"));
    let unwatched = |cluster: &&Cluster| {
        let autostop = cluster.autostop.is_some_and(|minutes| minutes >= 0.0);
        cluster.is_managed != Some(true) && !autostop
    };
    let mut batch = Batch::new();
    batch.gauge(&catalog::CLUSTERS_ACTIVE, up().count() as f64, &Tags::new());
    // Servers before 0.11 list the machines of managed jobs without saying so.
    let told = up().all(|cluster| cluster.is_managed.is_some());
    let count = told.then(|| up().filter(unwatched).count() as f64);
    batch.gauge_or_absent(&catalog::CLUSTERS_NO_AUTOSTOP, count, &Tags::new());
    batch
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::sample::value;
    use super::*;

    #[test]
    fn only_clusters_that_are_up_count() {
        let clusters: Vec<Cluster> = serde_json::from_value(json!([
            {"status": "UP", "autostop": -1, "is_managed": false},
            {"status": "UP", "autostop": 0, "is_managed": false},
            {"status": "UP", "autostop": 30, "is_managed": false},
            {"status": "UP", "is_managed": false},
            {"status": "UP", "autostop": -1, "is_managed": true},
            {"status": "STOPPED", "autostop": -1},
            {"status": "INIT", "autostop": -1},
            {"status": "AUTOSTOPPING", "autostop": -1},
        ]))
        .unwrap();
        let batch = compute(&clusters);
        assert_eq!(value(&batch, "skypilot.clusters.active"), Some(5.0));
        assert_eq!(value(&batch, "skypilot.clusters.without_autostop"), Some(2.0));
        assert_eq!(value(&compute(&[]), "skypilot.clusters.active"), Some(0.0));
        assert_eq!(value(&compute(&[]), "skypilot.clusters.without_autostop"), Some(0.0));
    }
}
