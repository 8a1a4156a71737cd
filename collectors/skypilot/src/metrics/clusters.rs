//! Clusters.

use std::collections::BTreeMap;

use collector::Batch;
use collector::Tags;

use crate::catalog;
use crate::records::Cluster;

/// Every status of a cluster that SkyPilot has.
const KNOWN: [&str; 5] = ["INIT", "UP", "STOPPED", "AUTOSTOPPING", "PENDING"];

/// The gauges of the clusters.
pub(crate) fn compute(clusters: &[Cluster]) -> Batch {
    let up = || clusters.iter().filter(|cluster| cluster.status.as_deref() == Some("UP"));
    let unwatched = |cluster: &&Cluster| {
        let autostop = cluster.autostop.is_some_and(|minutes| minutes >= 0.0);
        cluster.is_managed != Some(true) && !autostop
    };
    let mut batch = Batch::new();
    let mut others: BTreeMap<&str, u32> = BTreeMap::new();
    for status in clusters.iter().filter_map(|cluster| cluster.status.as_deref()) {
        if !KNOWN.contains(&status) {
            *others.entry(status).or_default() += 1;
        }
    }
    if !others.is_empty() {
        let list: Vec<String> = others.iter().map(|(status, count)| format!("{count} {status:.40?}")).collect();
        let list = list.join(", ");
        batch.warn(format!("clusters with a status that orgpulse does not know: {list}; they count as not up"));
    }
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
            {"status": "PENDING"},
        ]))
        .unwrap();
        let batch = compute(&clusters);
        assert_eq!(value(&batch, "skypilot.clusters.active"), Some(5.0));
        assert_eq!(value(&batch, "skypilot.clusters.without_autostop"), Some(2.0));
        assert!(batch.warnings().is_empty());
        assert_eq!(value(&compute(&[]), "skypilot.clusters.active"), Some(0.0));
        assert_eq!(value(&compute(&[]), "skypilot.clusters.without_autostop"), Some(0.0));
    }

    #[test]
    fn an_unknown_status_is_told_and_counts_as_not_up() {
        let clusters: Vec<Cluster> = serde_json::from_value(json!([{"status": "up"}, {"status": "up"}])).unwrap();
        let batch = compute(&clusters);
        assert_eq!(value(&batch, "skypilot.clusters.active"), Some(0.0));
        let [warning] = batch.warnings() else { panic!("{:?}", batch.warnings()) };
        assert!(warning.contains("2 \"up\""), "{warning}");
    }
}
