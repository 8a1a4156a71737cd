//! Puts the cluster together.

use super::Condition;
use super::Deployment;
use super::Kubernetes;
use super::KubernetesScale;
use super::nodes;
use super::pods;
use crate::organisation::time::DAY;
use crate::organisation::time::between;
use crate::organisation::time::plus;
use crate::organisation::time::whole;
use fastrand::Rng;
use jiff::Timestamp;

const NAMES: [&str; 8] = ["api", "web", "worker", "trainer", "ingest", "search", "billing", "cache"];

/// Has its own generator: how large the rest of the organisation is changes nothing here.
pub fn generate(seed: u64, scale: &KubernetesScale, now: Timestamp) -> Kubernetes {
    let mut rng = Rng::with_seed(seed ^ 0xcb_3e7e5);
    let now = whole(now);
    let namespaces: Vec<String> = (0..scale.namespaces).map(namespace).collect();
    let nodes = nodes::nodes(&mut rng.fork(), scale.nodes);
    let mut deployments = deployments(&mut rng.fork(), scale.deployments, &namespaces, now);
    let mut pods = pods::pods(&mut rng.fork(), scale.pods, &namespaces, &nodes, now);
    // The order in which an API server lists.
    deployments.sort_by(|a, b| (&a.namespace, &a.name).cmp(&(&b.namespace, &b.name)));
    pods.sort_by(|a, b| (&a.namespace, &a.name).cmp(&(&b.namespace, &b.name)));
    Kubernetes { name: "training-1".to_owned(), namespaces, nodes, deployments, pods, has_metrics: scale.has_metrics }
}

fn namespace(index: usize) -> String {
    match index {
        0 => "default".to_owned(),
        1 => "kube-system".to_owned(),
        _ => format!("team-{index}"),
    }
}

/// Namespaces that have something in them: all but the last, if there are others.
pub fn used(namespaces: &[String]) -> &[String] {
    namespaces.split_last().map_or(namespaces, |(_, others)| if others.is_empty() { namespaces } else { others })
}

fn deployments(rng: &mut Rng, count: usize, namespaces: &[String], now: Timestamp) -> Vec<Deployment> {
    let used = used(namespaces);
    let deployment = |index: usize| {
        let replicas = match rng.u8(..8) {
            0 => Some(0),
            1 => None,
            _ => Some(rng.u32(1..9)),
        };
        let wanted = replicas.unwrap_or(1);
        let available = match rng.u8(..12) {
            0 => None,
            1 => Some(Condition::Unknown),
            2 | 3 => Some(Condition::False),
            _ => Some(Condition::True),
        };
        Deployment {
            namespace: used[index % used.len()].clone(),
            // The same name in several namespaces.
            name: format!("{}-{}", NAMES[index / used.len() % NAMES.len()], index / used.len() / NAMES.len()),
            replicas,
            ready_replicas: if available == Some(Condition::True) { wanted } else { wanted / 2 },
            available,
            is_stuck: available == Some(Condition::False) && rng.bool(),
            created: plus(now, -between(rng, 60, 400 * DAY)),
        }
    };
    (0..count).map(deployment).collect()
}
